"""Errors that a person sees without a traceback, with the exit code that goes with them.

ExpectedError          1   each part has its own kinds of it
  ConfigurationError   2   a person has to change something in the environment, a file or the account
"""


class ExpectedError(Exception):
    """Ends the process with `exit_code`. The text says what happened, why it may have, and what to do now."""

    exit_code = 1


class ConfigurationError(ExpectedError):
    """A person has to change something; the text says what."""

    exit_code = 2
