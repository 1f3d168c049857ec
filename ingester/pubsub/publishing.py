"""What the stream and the backfill ask of a publisher. publisher.py has the real one, tests/simulation a simulated one."""

from collections.abc import Sequence
from typing import Protocol

from runtime.errors import ExpectedError

from .envelope import DeadLetter, OutgoingMessage


class PostSink(Protocol):
    """Takes messages without waiting for Pub/Sub."""

    def publish(self, message: OutgoingMessage) -> None:
        """Take a message. Raises BufferFull where there is no room and no time to wait."""

    def dead_letter(self, letter: DeadLetter) -> None:
        """Take bytes that can be no message: they go to the dead topic."""


class MessagePublisher(PostSink, Protocol):
    """Messages on their way to Pub/Sub. The stream has one, and the backfill one of its own."""

    @property
    def published(self) -> int: ...

    @property
    def dead(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def failure(self) -> ExpectedError | None:
        """Return why Pub/Sub refuses for good, if it does."""

    def oldest(self) -> float | None:
        """Return when the oldest message that still waits was accepted, by the monotonic clock."""

    def first_id(self) -> int | None:
        """Return the smallest id among the posts that still wait."""

    def acknowledged_ids(self, first: int, last: int) -> set[str]:
        """Return the ids, among the latest posts that Pub/Sub has acknowledged, from first to last."""

    def has_unpublished(self, first: int, last: int) -> bool:
        """Return whether a post with such an id still waits."""

    def shorten_deadlines(self) -> None:
        """Give up waiting for room: the process is about to end."""

    async def publish_all(self, messages: Sequence[OutgoingMessage | DeadLetter], seconds: float) -> None:
        """Return when Pub/Sub has them all. Raises PublishFailed after that time."""
