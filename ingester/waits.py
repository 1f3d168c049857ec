"""How long each wait is, in seconds. Pure.

Which wait follows a disconnect is x/reconnect.py's table; times that X or Google set are in timeouts.py.
"""

from .errors import Denied, Unavailable
from .timeouts import Timeouts

_MOST_DOUBLINGS = 30
LEDGER_AT_START = 120.0  # how long BigQuery may be unavailable
_LEDGER_READ = 2.0
_LEDGER_INSERT = (0.1, 2.0)  # the first time, and at the most
RULES_RETRY = 60.0  # after X did not take rules


def doubled(first: float, times: int, most: float) -> float:
    """Return `first`, doubled so many times, and no more than `most`."""
    return min(most, first * 2.0 ** min(max(times, 0), _MOST_DOUBLINGS))


def jittered(seconds: float, share: float, *, is_required: bool = False) -> float:
    """Return up to a fifth more, so that many who were thrown out together do not come back together; `share` is 0 to 1.

    What X asked for is lengthened by a second at the most.
    """
    return seconds + share * min(0.2 * seconds, 1.0 if is_required else float("inf"))


def refused_connects_delay(failures: int, ago: float, times: Timeouts) -> float:
    """Return the seconds until a start may connect after `failures` refused connects, the last one `ago` seconds ago."""
    return min(times.http_first * 2.0 ** min(failures, 6) - ago, times.http_most)


def token_retry_delay(tries: int, times: Timeouts) -> float:
    return doubled(times.http_first, tries, times.http_most)


def ledger_read_delay(times: Timeouts) -> float:
    return min(_LEDGER_READ, times.alive)


def insert_retry_delay(tries: int) -> float:
    return doubled(_LEDGER_INSERT[0], tries, _LEDGER_INSERT[1])


def lease_check_delay(times: Timeouts) -> float:
    """Return the seconds between two checks on the ingester that seems to be alive."""
    return times.alive / 12


def rules_recheck_delay(times: Timeouts) -> float:
    """Return the seconds until X's rules are requested once more, because one list may be incomplete."""
    return times.http_first


def backfill_retry_delay(error: Exception, times: Timeouts) -> float:
    """Return the seconds to wait after a failed search. The stream may go on although X refuses search its token or credits."""
    if isinstance(error, Denied):
        return times.usage
    reset_in = error.reset_in if isinstance(error, Unavailable) else None
    return max(times.backfill_retry, reset_in or 0.0)
