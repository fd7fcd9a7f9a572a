"""Speech recognition, language model and speech synthesis, each in a worker process."""
