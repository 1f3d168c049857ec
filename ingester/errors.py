"""Why the ingester ends, as an exit code: its interface to Cloud Run, to tests and to people.

  ConfigurationError   2  something in the environment, the rules file or the account has to be changed by a person
  Refused              3  X refuses for a reason that waiting does not cure soon (token, credits, cap, parameters)
  PublishFailed        4  Pub/Sub refuses for such a reason (no topic, no permission), or posts in hand were not published
  LedgerFailed         5  BigQuery does not give the ingester's diary, without which it could spend or fight blindly

  Done                 0  there is nothing to do: another holds the stream, a stop is in force, the budget is spent

Each text says what happened, why it may have, and what to do now.
"""


class IngesterError(Exception):
    """Ends the process with `exit_code`; shown without a traceback."""

    exit_code = 1


class ConfigurationError(IngesterError):
    exit_code = 2


class Refused(IngesterError):
    exit_code = 3


class PublishFailed(IngesterError):
    exit_code = 4


class LedgerFailed(IngesterError):
    exit_code = 5


class Done(IngesterError):
    exit_code = 0
