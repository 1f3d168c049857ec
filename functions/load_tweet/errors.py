"""What can go wrong with one message. Two kinds of failure, named:

  BadMessage     it can never succeed: kept in `rejected` with its reason, then acknowledged
  BadMoment      it may succeed later: not acknowledged, so that Pub/Sub delivers it again
    └─ Busy      this instance holds as much as it may: refused at once, so that Pub/Sub slows down

A mistake of the operator (a setting, the keywords file) is a `ConfigurationError`: one sentence at start, no traceback.
"""


class BadMessage(Exception):
    """The message can never become a row.

    `reason` is short and fixed, for counting; the text says which field, what was expected and what came.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class BadMoment(Exception):
    """The message could not be stored now; BigQuery may take it later."""


class Busy(BadMoment):
    """This instance holds as many messages as its memory allows."""


class ConfigurationError(Exception):
    """The operator has to change something; the text says what."""
