"""What can go wrong with one message. Two kinds of failure, named:

  posts.errors.BadMessage        it can never succeed: kept in `rejected` with its reason, then acknowledged
  warehouse.errors.BadMoment     it may succeed later: not acknowledged, so that Pub/Sub delivers it again
    └─ Busy                      this instance holds as much as it may: refused at once, so that Pub/Sub slows down

A mistake of the operator (a setting, the keywords file) is a runtime.errors.ConfigurationError: one sentence at start, no traceback.
"""

from warehouse.errors import BadMoment


class Busy(BadMoment):
    """This instance holds as many messages as its memory allows."""
