"""Why a run ends early. Nothing is lost by it: what was done is written down, and the next run goes on from there.

  ConfigurationError   something in the environment or the account has to be changed by a person
  BadMoment            X or BigQuery did not answer as they should; they may later

Each text says what happened, why it may have, and what to do now.
"""


class RemovalError(Exception):
    """Ends a run; shown without a traceback."""


class ConfigurationError(RemovalError):
    """The operator has to change something."""


class BadMoment(RemovalError):
    """The next run may succeed."""
