"""Errors that end the command, as one sentence and an exit code."""


class DataflowError(Exception):
    """Something failed that may work later: exit code 1."""

    exit_code = 1


class Unreadable(Exception):
    """A file is of a kind that is not read; the text goes on after its name."""


class Nested(Unreadable):
    """What is in an archive is an archive itself, which nobody would miss in silence."""


class UnreadableFile(DataflowError):
    """A file is of a kind that is not read, and this ends the command."""

    def __init__(self, path: str, why: Unreadable) -> None:
        super().__init__(f"{path} {why}. Nothing was read. What can be read: docs/how-to/import.md")


class UsageError(DataflowError):
    """The person has to change something: exit code 2."""

    exit_code = 2
