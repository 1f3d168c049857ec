"""Up to when everything that X had is certain to be published: each heartbeat says so, and a gap begins there."""

from datetime import UTC, datetime, timedelta

from posts import snowflake

from .ports import Publisher
from .x.rate_limit import XTime
from .x.reception import Reception

OLD = timedelta(days=1)  # a post is never read later than that; an older one was delivered again


class Published:
    """Reads the times of what the stream has brought and what Pub/Sub has taken."""

    def __init__(self, publisher: Publisher, reception: Reception, x_time: XTime) -> None:
        self._publisher = publisher
        self._reception = reception
        self._x_time = x_time

    def certain_until(self) -> datetime:
        """Return until when X is known to have delivered all, and it is published: the time of the newest post.

        Keep-alives say nothing: a stall that another ending cuts short looks like a quiet hour.
        """
        reception = self._reception
        newest = datetime.fromtimestamp(reception.newest, UTC)
        began = self._x_time.of(reception.began_at) if reception.began_at is not None else newest
        return min(self.until(reception.heard), max(newest, began))

    def until(self, moment: float) -> datetime:
        """Return X's time of a monotonic moment, or of the oldest post before it that Pub/Sub does not have."""
        oldest, until = self._oldest_unpublished(), self._x_time.of(moment)
        return until if oldest is None else min(until, oldest)

    def _oldest_unpublished(self) -> datetime | None:
        """Return since when posts wait for Pub/Sub: the moment at which the first was taken, or made where it was read late."""
        taken, first = self._publisher.oldest(), self._publisher.first_id()
        if taken is None:
            return None
        moment = self._x_time.of(taken)
        if first is None:
            return moment
        made = datetime.fromtimestamp(snowflake.time_of(first), UTC)
        return min(moment, max(made, moment - OLD))
