"""Mistakes a user can mend: one clear line and an exit code, never a traceback."""


class UserError(Exception):
    """Wrong usage, configuration or input; the message says what is wrong and how to mend it."""

    exit_code = 2


class MissingError(UserError):
    """A model or a device that is needed is not there; the message says how to get it."""

    exit_code = 3
