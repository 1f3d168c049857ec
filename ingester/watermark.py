"""Up to when everything that X had is certain to be published: each heartbeat says so, and a gap begins there."""

from datetime import UTC, datetime, timedelta

from posts import snowflake

from .pubsub.publishing import MessagePublisher
from .x.consumer import StreamConsumer
from .x.rate_limit import ServerClock

OLD = timedelta(days=1)  # a post is never read later than that; an older one was delivered again


class PublishWatermark:
    """Reads the times of what the stream has brought and what Pub/Sub has taken."""

    def __init__(self, publisher: MessagePublisher, consumer: StreamConsumer, server_clock: ServerClock) -> None:
        self._publisher = publisher
        self._consumer = consumer
        self._server_clock = server_clock

    def value(self) -> datetime:
        """Return until when X is known to have delivered all, and it is published: the time of the newest post.

        Keep-alives say nothing: a stall that another ending cuts short looks like a quiet hour.
        """
        consumer = self._consumer
        newest = datetime.fromtimestamp(consumer.newest, UTC)
        began = self._server_clock.at(consumer.began_at) if consumer.began_at is not None else newest
        return min(self.at(consumer.heard), max(newest, began))

    def at(self, moment: float) -> datetime:
        """Return X's time of a monotonic moment, or of the oldest post before it that Pub/Sub does not have."""
        oldest, until = self._oldest_unpublished(), self._server_clock.at(moment)
        return until if oldest is None else min(until, oldest)

    def _oldest_unpublished(self) -> datetime | None:
        """Return since when posts wait for Pub/Sub: the moment at which the first was taken, or made where it was read late."""
        oldest, first = self._publisher.oldest(), self._publisher.first_id()
        if oldest is None:
            return None
        moment = self._server_clock.at(oldest)
        if first is None:
            return moment
        created_at = datetime.fromtimestamp(snowflake.snowflake_time(first), UTC)
        return min(moment, max(created_at, moment - OLD))
