"""How long each wait is, in seconds. Pure.

Which wait follows a disconnect is x/reconnect.py's table; times that X or Google set are in timeouts.py.
"""

from .errors import Denied, Unavailable
from .timeouts import Timeouts

_MOST_DOUBLINGS = 30
LEDGER_AT_START = 120.0  # how long BigQuery may be unavailable
_LEDGER_READ = 2.0
_LEDGER_INSERT = (0.1, 2.0)  # the first time, and at the most
RULES_AGAIN = 60.0  # after X did not take rules


def grow(first: float, times: int, most: float) -> float:
    """Return `first`, doubled so many times, and no more than `most`."""
    return min(most, first * 2.0 ** min(max(times, 0), _MOST_DOUBLINGS))


def jittered(seconds: float, share: float, *, is_asked: bool = False) -> float:
    """Return up to a fifth more, so that many who were thrown out together do not come back together; `share` is 0 to 1.

    What X asked for is lengthened by a second at the most.
    """
    return seconds + share * min(0.2 * seconds, 1.0 if is_asked else float("inf"))


def after_refused_connects(failures: int, ago: float, times: Timeouts) -> float:
    """Until a start may connect whose predecessors were refused, the last one so many seconds ago."""
    return min(times.http_first * 2.0 ** min(failures, 6) - ago, times.http_most)


def until_token_is_read_again(tries: int, times: Timeouts) -> float:
    return grow(times.http_first, tries, times.http_most)


def until_ledger_is_read_again(times: Timeouts) -> float:
    return min(_LEDGER_READ, times.alive)


def until_rows_are_inserted_again(tries: int) -> float:
    return grow(_LEDGER_INSERT[0], tries, _LEDGER_INSERT[1])


def until_other_is_looked_for(times: Timeouts) -> float:
    """Between two looks for the ingester that seems to be alive."""
    return times.alive / 12


def until_rules_are_listed_again(times: Timeouts) -> float:
    """Until X's rules are asked for once more: one list may be incomplete."""
    return times.http_first


def until_gap_is_tried_again(error: Exception, times: Timeouts) -> float:
    """After a search that failed. The stream may go on with a token, or credits, that search has no more."""
    if isinstance(error, Denied):
        return times.usage
    asked = error.reset_in if isinstance(error, Unavailable) else None
    return max(times.fill_again, asked or 0.0)
