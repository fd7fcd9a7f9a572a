"""Measurements of the assistant against plain use of the same engines."""
