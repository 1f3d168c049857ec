"""What a person is told, with the exit code that goes with it.

ReportError     a query or the service failed (1)
UsageError      the arguments, the environment or a setting is wrong (2)
"""


class ReportError(Exception):
    """The text says what happened, why it may have, and what to do now."""

    exit_code = 1


class UsageError(ReportError):
    """A person's mistake."""

    exit_code = 2
