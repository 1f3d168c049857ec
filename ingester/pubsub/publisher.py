"""From messages to Pub/Sub. What was taken is published, or the process says that it was not: nothing is dropped.

Messages go out in batches. A batch that Pub/Sub refuses (InvalidArgument) is sent again message by message, so that one
bad message does not take its batch with it; the one still refused goes to the dead topic as X sent it, with the reason.
A failure that may pass is tried again until it does; meanwhile the buffer fills and `publish` blocks, which stops reading.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from google.api_core.exceptions import (
    Aborted,
    Forbidden,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    RetryError,
    ServerError,
    TooManyRequests,
    Unauthenticated,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud.pubsub_v1 import PublisherClient
from google.pubsub_v1 import PublisherClient as PlainClient
from google.pubsub_v1.types import PublishRequest, PubsubMessage

from posts.limits import parse_id
from runtime import log

from ..errors import PublishFailed
from ..threads import in_thread
from .envelope import BufferFull, DeadLetter, OutgoingMessage

_REMEMBERED = 100_000  # ids, 8 MB: longer than a gap's edges, where it matters whether a post is late or missing
UNACKNOWLEDGED = 10_000  # messages held at the most: about 30 MB of posts of 3 kB
_MESSAGES = 500  # of a batch; Pub/Sub takes 1,000
_BYTES = 1_000_000  # of a batch; Pub/Sub takes 10 MB
_LATENCY = 0.05  # seconds that a message waits for others
_IN_FLIGHT = 4  # batches

# Pub/Sub's own list of what may pass, tried for a minute within one publish, then by us
_TRANSIENT = (Aborted, ServerError, TooManyRequests)
_RETRY = Retry(predicate=if_exception_type(*_TRANSIENT), initial=0.1, maximum=5.0, multiplier=1.5, timeout=60.0)
_SECONDS = 10.0  # for one request
_PERMANENT = (NotFound, Forbidden, Unauthenticated)
_PAUSE = 1.0  # seconds between our own tries of one message

# made without the wrapper that proto-plus puts around each message, which would take half of the time
_Request = PublishRequest.pb()
_Message = PubsubMessage.pb()


class Publisher:
    """Thread-safe. `published` counts messages that the topic acknowledged, `dead` those that the dead topic took.

    `on_failure` is called, in a thread of the publisher's, once Pub/Sub has refused for good.
    """

    def __init__(
        self,
        topic_path: str,
        dead_topic_path: str,
        on_failure: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topic = topic_path
        self._dead_topic = dead_topic_path
        self._client = PlainClient(transport=PublisherClient().transport)  # the wrapper honours PUBSUB_EMULATOR_HOST
        self._changed = threading.Condition()
        self._batch: list[OutgoingMessage] = []
        self._bytes = 0
        self._some = threading.Event()  # the batch is not empty
        self._batches: queue.SimpleQueue[list[OutgoingMessage]] = queue.SimpleQueue()
        # of each message that waits, when it was accepted and its post's id; oldest first, by the message's id()
        self._open: dict[int, tuple[float, str]] = {}
        self._on_failure = on_failure
        self._monotonic = monotonic
        self._hurried = False
        self.failure: PublishFailed | None = None
        self._unsettled: queue.SimpleQueue[tuple[OutgoingMessage, BaseException] | DeadLetter] = queue.SimpleQueue()
        self._paused_at = 0.0
        self._acknowledged_ids: deque[str] = deque(
            maxlen=_REMEMBERED
        )  # of the latest posts that Pub/Sub has, the newest last
        self.accepted = 0
        self.published = 0
        self.dead = 0
        for work in (self._tick, self._settle_all, *[self._send_all] * _IN_FLIGHT):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def publish(self, message: OutgoingMessage) -> None:
        """Queue a message. Blocks while too many wait. Raises PublishFailed once Pub/Sub has refused for good."""
        with self._changed:
            self._take_room(message)
            self._add(message)

    def dead_letter(self, letter: DeadLetter) -> None:
        """Send to the dead topic what cannot be a message. Blocks like `publish`."""
        with self._changed:
            self._take_room(letter)
        self._unsettled.put(letter)

    def drain(self, seconds: float) -> int:
        """Wait for the answers and return how many messages are still without one after that time."""
        with self._changed:
            self._hand_over()
            self._changed.wait_for(lambda: self.waiting == 0 or self.failure is not None, seconds)
            return self.waiting

    def shorten_deadlines(self) -> None:
        """Make `publish` raise BufferFull from now on instead of waiting, because the process is ending."""
        self._hurried = True

    def oldest(self) -> float | None:
        """Return when the oldest waiting message was accepted, by the monotonic clock. All before it are published."""
        with self._changed:
            return next((moment for moment, _ in self._open.values()), None)

    def first_id(self) -> int | None:
        """Return the smallest id among the posts that wait for Pub/Sub: after a pause it is older than the moment it was accepted."""
        with self._changed:
            return min(
                (number for _, post_id in self._open.values() if (number := parse_id(post_id)) is not None),
                default=None,
            )

    def acknowledged_ids(self, first: int, last: int) -> set[str]:
        """Return which of the latest acknowledged posts have ids in the range. They will arrive, however late."""
        with self._changed:
            return {post_id for post_id in self._acknowledged_ids if first <= int(post_id) <= last}

    def has_unpublished(self, first: int, last: int) -> bool:
        """Whether a post with such an id still waits for Pub/Sub."""
        with self._changed:
            return any(
                (number := parse_id(post_id)) is not None and first <= number <= last
                for _, post_id in self._open.values()
            )

    async def publish_all(self, messages: Sequence[OutgoingMessage | DeadLetter], seconds: float) -> None:
        """Publish what search gave and return when Pub/Sub has it. Raises PublishFailed after so many seconds."""

        def work() -> int:
            for message in messages:
                if isinstance(message, DeadLetter):
                    self.dead_letter(message)
                else:
                    self.publish(message)
            return self.drain(seconds)

        try:
            unpublished = await in_thread(work, seconds=2 * seconds)
        except TimeoutError:
            unpublished = self.waiting
        if self.failure is not None:
            raise self.failure
        if unpublished:
            raise PublishFailed(f"{unpublished} posts of the search are not published within {seconds:.0f} s")

    @property
    def waiting(self) -> int:
        """Return the number of messages that Pub/Sub has not acknowledged."""
        return self.accepted - self.published - self.dead

    def _take_room(self, message: OutgoingMessage | DeadLetter) -> None:
        """Wait for room in the buffer, then count the message as accepted. The caller holds the lock; waiting releases it."""
        since = time.monotonic()
        warned = False
        while self.waiting >= UNACKNOWLEDGED and self.failure is None:
            if self._hurried:
                raise BufferFull
            if not warned and time.monotonic() - since >= 1.0:
                warned = True
                log.event(
                    "blocked",
                    "WARNING",
                    message="Pub/Sub is slow or down; reading from X waits until it answers",
                )
            self._changed.wait(1.0)
        if self.failure is not None:
            raise self.failure
        if warned:
            log.event("unblocked", seconds=round(time.monotonic() - since, 1))
        self.accepted += 1
        self._open[id(message)] = self._monotonic(), message.id

    def _add(self, message: OutgoingMessage) -> None:
        """Add to the current batch. The caller holds the lock."""
        self._batch.append(message)
        self._bytes += len(message.data)
        if len(self._batch) >= _MESSAGES or self._bytes >= _BYTES:
            self._hand_over()
        elif len(self._batch) == 1:
            self._some.set()

    def _hand_over(self) -> None:
        """Hand the current batch to a sender. The caller holds the lock."""
        if self._batch:
            self._batches.put(self._batch)
            self._batch, self._bytes = [], 0
            self._some.clear()

    def _tick(self) -> None:
        while True:
            self._some.wait()
            time.sleep(_LATENCY)
            with self._changed:
                self._hand_over()

    def _send_all(self) -> None:
        while True:
            batch = self._batches.get()
            try:
                self._send(self._topic, [_raw(message) for message in batch])
            except Exception as error:  # noqa: BLE001 - each message's own affair from here on; the thread goes on
                for message in batch:
                    self._unsettled.put((message, error))
            else:
                self._acknowledged(batch, published=len(batch))

    def _send(self, topic: str, messages: list[Any]) -> None:
        request = PublishRequest.wrap(_Request(topic=topic, messages=messages))
        self._client.publish(request=request, retry=_RETRY, timeout=_SECONDS)

    def _acknowledged(
        self, messages: Sequence[OutgoingMessage | DeadLetter], *, published: int = 0, dead: int = 0
    ) -> None:
        with self._changed:
            for message in messages:
                del self._open[id(message)]
            if published:
                self._acknowledged_ids.extend(message.id for message in messages if parse_id(message.id) is not None)
            self.published += published
            self.dead += dead
            self._changed.notify_all()

    def _settle_all(self) -> None:
        while True:
            item = self._unsettled.get()
            try:
                if isinstance(item, DeadLetter):
                    self._send_dead_letter(item)
                    self._acknowledged([item], dead=1)
                else:
                    self._settle(*item)
            except PublishFailed as failure:
                self._fail(failure)
            except Exception as unforeseen:  # noqa: BLE001 - a thread that ends would leave the messages to nobody
                self._fail(PublishFailed(f"A message cannot be published: {type(unforeseen).__name__}: {unforeseen}"))

    def _fail(self, failure: PublishFailed) -> None:
        with self._changed:
            self.failure = failure
            self._changed.notify_all()
        self._on_failure()

    def _settle(self, message: OutgoingMessage, error: BaseException) -> None:
        if not isinstance(error, InvalidArgument):
            # one pause for all messages of a failed batch, not one each
            if time.monotonic() - self._paused_at > _PAUSE:
                _wait_or_raise(self._topic, error)
                self._paused_at = time.monotonic()
            with self._changed:
                self._add(message)
            return
        refusal = self._send_alone(self._topic, _raw(message))
        if refusal is None:
            self._acknowledged([message], published=1)
            return
        self._send_dead_letter(DeadLetter(message.raw, message.source, str(refusal)))
        self._acknowledged([message], dead=1)

    def _send_dead_letter(self, letter: DeadLetter) -> None:
        log.event("refused", "ERROR", message=f"A message goes to the dead topic: {letter.reason}"[:500])
        buried = _Message(data=letter.raw, attributes={"source": letter.source, "reason": letter.reason[:1_000]})
        if refusal := self._send_alone(self._dead_topic, buried):
            raise PublishFailed(
                f"Pub/Sub refuses a message even on {self._dead_topic}: {refusal}. Has that topic a schema? Remove it."
            )

    def _send_alone(self, topic: str, message: Any) -> InvalidArgument | None:
        """Send one message until it is taken or refused. Returns the refusal, if any. Raises PublishFailed."""
        while True:
            try:
                self._send(topic, [message])
            except InvalidArgument as refusal:
                return refusal
            except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
                _wait_or_raise(topic, error)
            else:
                return None


def _raw(message: OutgoingMessage) -> Any:
    return _Message(data=message.data, attributes={"source": message.source, **message.more})


def _wait_or_raise(topic: str, error: BaseException) -> None:
    """Wait a little before the next try; raise PublishFailed where no try can help."""
    if not isinstance(error, GoogleAPICallError | RetryError | GoogleAuthError):
        raise PublishFailed(f"Messages cannot be sent to {topic}: {type(error).__name__}: {error}")
    if isinstance(error, _PERMANENT):
        raise PublishFailed(
            f"Pub/Sub refuses {topic}: {error}. Does the topic exist, and may this account publish there (roles/pubsub.publisher)?"
        )
    log.event("publish_failed", "WARNING", message=f"{type(error).__name__}: {error}"[:500])
    time.sleep(_PAUSE)
