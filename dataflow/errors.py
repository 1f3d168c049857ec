"""Errors that end the command, as one sentence and an exit code."""


class DataflowError(Exception):
    """Something failed that may work later: exit code 1."""

    exit_code = 1


class UsageError(DataflowError):
    """The person has to change something: exit code 2."""

    exit_code = 2
