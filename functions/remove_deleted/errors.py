"""Why a run ends early. Nothing is lost by it: what was done is written down, and the next run goes on from there.

ConfigurationError   something in the environment or the account has to be changed by a person (runtime/errors.py)
BadMoment            X, BigQuery or Secret Manager did not answer as they should; they may later
"""

from runtime.errors import ExpectedError


class BadMoment(ExpectedError):
    """The next run may succeed."""
