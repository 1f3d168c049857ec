"""Every time that decides something, in seconds, in one place; tests and local trials shrink them all by one factor."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Sources: X's advice (https://docs.x.com/x-api/fundamentals/handling-disconnections) unless another is named."""

    # back-off; each doubles from the first to the most
    network_first: float = 0.25
    network_most: float = 16.0
    http_first: float = 5.0
    http_most: float = 320.0
    rate_first: float = 60.0
    rate_most: float = 320.0
    min_retry_after: float = 1.0  # of a wait that X asks for
    max_retry_after: float = (
        960.0  # X's windows are 15 minutes; if it asks the stream for a longer wait, the ingester stops for an hour
    )
    good: float = 60.0  # after a connection held so long, reconnect at once
    window: float = 900.0  # of X's connect limit (50 in 15 min) and of its limit on clearing (25)
    reap: float = 10.0  # for X to notice that an old connection is gone (seen to take 5: node-twitter-api-v2 #92)

    # a healthy stream
    silence: float = 21.0  # without a byte; X sends a keep-alive each 20 s
    stall_least: float = 120.0  # without a post, while keep-alives go on
    unknown_rate: float = 600.0  # without a post where the usual rate is unknown: then X is asked for its count

    pace: float = 1.0  # a second between two requests to the full archive: X's limit

    # one holder
    alive: float = 60.0  # between heartbeats
    fresh: float = 90.0  # a younger heartbeat means that its ingester is alive

    # gaps: X's stream is 6-7 s late at its p99, and search finds a post some seconds after it was made
    edge: float = 60.0  # searched on both sides of a gap
    lag: float = 60.0  # waited after that until search is asked, and until `archive` has what was published
    late: float = 600.0  # waited at most, for a whole gap, until Pub/Sub and `archive` have what they are to have
    witness: float = 300.0  # the stream held and silent for so long after a gap: nothing to compare with search
    together: float = 1_800.0  # neighbouring gaps wait at most so long for one request for counts
    backfill_retry: float = 60.0  # after a search that failed

    refresh: float = 3_600.0  # between looks for posts that are to be read again

    # after a stop, the earliest next try
    stopped: float = 3_600.0
    usage: float = 600.0  # between looks at X's own count of what it will bill

    def scaled(self, factor: float) -> "Timeouts":
        """Return all of them shorter or longer."""
        return Timeouts(**{field.name: getattr(self, field.name) * factor for field in fields(self)})
