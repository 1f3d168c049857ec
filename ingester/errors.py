"""Why the ingester ends, as an exit code: its interface to Cloud Run, to tests and to people.

  ConfigurationError   2  a person has to change something in the environment, the rules file or the account
  Refused              3  X refuses for a reason that waiting does not cure soon (token, credits, cap, parameters)
  PublishFailed        4  Pub/Sub refuses for such a reason (no topic, no permission), or posts in hand were not published
  LedgerFailed         5  BigQuery does not give the ingester's ledger, without which it could spend or fight blindly

  Done                 0  there is nothing to do: another holds the stream, a stop is in force, the budget is spent

Each text says what happened, why it may have, and what to do now. What may pass is no reason to end:

  Unavailable             X did not answer as it should; Denied is its kind that concerns the token, the credits or a cap,
                          SearchBehind the one where search is to be asked later
  NoLedger                BigQuery did not answer, or did not take a row in time
  SecretUnavailable       Secret Manager did not answer (runtime/bearer_token.py)
"""

from runtime.errors import ExpectedError


class Refused(ExpectedError):
    exit_code = 3


class PublishFailed(ExpectedError):
    exit_code = 4


class LedgerFailed(ExpectedError):
    exit_code = 5


class Done(ExpectedError):
    exit_code = 0


class Unavailable(Exception):
    """X did not answer as it should; it may later. `reset_in` is in seconds, where X said when."""

    def __init__(self, text: str, reset_in: float | None = None) -> None:
        super().__init__(text)
        self.reset_in = reset_in


class Denied(Unavailable):
    """X refuses because of the token, the credits or a cap: not because of what was asked."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class SearchBehind(Unavailable):
    """X's search or counts do not have yet what the stream has delivered: asked now, they would leave posts out."""


class NoLedger(Exception):
    """BigQuery did not answer, or did not take a row in time."""
