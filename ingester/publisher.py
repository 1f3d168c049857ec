"""From messages to Pub/Sub. What was taken is published, or the process says that it was not: nothing is dropped.

Messages go out in batches. A batch that Pub/Sub refuses (InvalidArgument) is sent again message by message, so that one
bad message does not take its batch with it; the one still refused goes to the dead topic as X sent it, with the reason.
A failure that may pass is tried again until it does; meanwhile the buffer fills and `publish` blocks, which stops reading.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

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
from google.cloud.pubsub_v1 import PublisherClient
from google.cloud.pubsub_v1.types import BatchSettings, PublisherOptions, PubsubMessage
from google.pubsub_v1 import PublisherClient as PlainClient

from . import log
from .errors import PublishFailed
from .message import Message

UNACKNOWLEDGED = 10_000  # messages held at the most: about 30 MB of posts of 3 kB
_BATCH = BatchSettings(max_messages=500, max_bytes=1_000_000, max_latency=0.05)

# Pub/Sub's own list of what may pass, tried for a minute within one publish, then by us
_TRANSIENT = (Aborted, ServerError, TooManyRequests)
_OPTIONS = PublisherOptions(
    retry=Retry(predicate=if_exception_type(*_TRANSIENT), initial=0.1, maximum=5.0, multiplier=1.5, timeout=60.0),
    timeout=10.0,  # seconds for one request
)
_PERMANENT = (NotFound, Forbidden, Unauthenticated)
_PAUSE = 1.0  # seconds between our own tries of one message


class NoRoom(Exception):
    """A message was not taken: the buffer is full, and there is no time to wait."""


class Publisher:
    """Thread-safe. `published` counts messages that the topic acknowledged, `dead` those that the dead topic took.

    `failed` is called, in a thread of the publisher's, once Pub/Sub has refused for good.
    """

    def __init__(self, topic_path: str, dead_topic_path: str, failed: Callable[[], None] = lambda: None) -> None:
        self._topic = topic_path
        self._dead_topic = dead_topic_path
        self._batches = PublisherClient(batch_settings=_BATCH, publisher_options=_OPTIONS)
        self._singles = PlainClient(transport=self._batches.transport)
        self._renewing = threading.Lock()
        self._room = threading.Semaphore(UNACKNOWLEDGED)
        self._changed = threading.Condition()
        self._open: dict[int, float] = {}  # when each message that waits was taken, oldest first, by the message's id()
        self._on_failure = failed
        self._hurried = False
        self.failure: PublishFailed | None = None
        self._failed: queue.SimpleQueue[tuple[Message, BaseException]] = queue.SimpleQueue()
        self._paused_at = 0.0
        self.accepted = 0
        self.published = 0
        self.dead = 0
        threading.Thread(target=self._settle_all, name="settle", daemon=True).start()

    def publish(self, message: Message) -> None:
        """Blocks while too many messages wait for Pub/Sub. Raises PublishFailed once Pub/Sub has refused for good."""
        self._take_room(message)
        self._submit(message)

    def bury(self, raw: bytes, source: str, reason: str) -> None:
        """To the dead topic, which has no schema: what cannot be a message. Blocks like `publish`."""
        message = Message(b"", raw, source)
        self._take_room(message)
        self._failed.put((message, InvalidArgument(reason)))

    def drain(self, seconds: float) -> int:
        """Wait for the answers and return how many messages are still without one after that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting == 0 or self.failure is not None, seconds)
            return self._waiting

    def hurry(self) -> None:
        """From now on `publish` raises NoRoom where it would wait: somebody wants to end."""
        self._hurried = True

    def oldest(self) -> float | None:
        """When the oldest of the messages that wait for Pub/Sub was taken, in seconds since 1970: all before are published."""
        with self._changed:
            return next(iter(self._open.values()), None)

    @property
    def _waiting(self) -> int:
        return self.accepted - self.published - self.dead

    def _take_room(self, message: Message) -> None:
        since = time.monotonic()
        told = False
        while not self._room.acquire(timeout=1):
            if self._hurried:
                raise NoRoom
            if self.failure is not None:
                raise self.failure
            if not told:
                told = True
                log.event(
                    "blocked",
                    "WARNING",
                    message="Pub/Sub is slow or down; reading from X waits until it answers",
                )
        if self.failure is not None:
            raise self.failure
        if told:
            log.event("unblocked", seconds=round(time.monotonic() - since, 1))
        with self._changed:
            self.accepted += 1
            self._open[id(message)] = time.time()

    def _submit(self, message: Message) -> None:
        """The client's batcher stays on a batch that failed, and refuses whatever comes next: then it is made anew."""
        batches = self._batches
        while True:
            try:
                future: Future[str] = batches.publish(self._topic, message.data, source=message.source, **message.more)
                break
            except AssertionError:
                batches = self._renew(batches)
        future.add_done_callback(lambda done: self._answered(message, done))

    def _renew(self, broken: PublisherClient) -> PublisherClient:
        with self._renewing:
            if self._batches is broken:
                self._batches = PublisherClient(
                    batch_settings=_BATCH, publisher_options=_OPTIONS, transport=broken.transport
                )
            return self._batches

    def _answered(self, message: Message, done: "Future[str]") -> None:
        """Runs in a thread of the client's, so it must not block."""
        error = done.exception()
        if error is None:
            self._acknowledged(message, published=1)
        else:
            self._failed.put((message, error))

    def _acknowledged(self, message: Message, *, published: int = 0, dead: int = 0) -> None:
        self._room.release()
        with self._changed:
            del self._open[id(message)]
            self.published += published
            self.dead += dead
            if self._waiting == 0:
                self._changed.notify_all()

    def _settle_all(self) -> None:
        while True:
            message, error = self._failed.get()
            try:
                self._settle(message, error)
            except PublishFailed as failure:
                self._fail(failure)
            except Exception as unforeseen:  # noqa: BLE001 - a thread that ends would leave the messages to nobody
                self._fail(PublishFailed(f"A message cannot be published: {type(unforeseen).__name__}: {unforeseen}"))

    def _fail(self, failure: PublishFailed) -> None:
        with self._changed:
            self.failure = failure
            self._changed.notify_all()
        self._on_failure()

    def _settle(self, message: Message, error: BaseException) -> None:
        if not isinstance(error, InvalidArgument):
            # one pause for all messages of a failed batch, not one each
            if time.monotonic() - self._paused_at > _PAUSE:
                _may_pass(self._topic, error)
                self._paused_at = time.monotonic()
            return self._submit(message)
        refusal = (
            self._send_alone(self._topic, message.data, source=message.source, **message.more)
            if message.data
            else error
        )
        if refusal is None:
            return self._acknowledged(message, published=1)
        log.event("refused", "ERROR", message=f"Pub/Sub refuses a message: {refusal}"[:500])
        if again := self._send_alone(self._dead_topic, message.raw, source=message.source, reason=str(refusal)[:1_000]):
            raise PublishFailed(
                f"Pub/Sub refuses a message even on {self._dead_topic}: {again}. Has that topic a schema? Remove it."
            )
        return self._acknowledged(message, dead=1)

    def _send_alone(self, topic: str, data: bytes, **attributes: str) -> InvalidArgument | None:
        """As often as it takes. Returns the refusal, if it is one. Raises PublishFailed."""
        wanted = [PubsubMessage(data=data, attributes=attributes)]
        while True:
            try:
                self._singles.publish(topic=topic, messages=wanted, retry=_OPTIONS.retry, timeout=_OPTIONS.timeout)
            except InvalidArgument as refusal:
                return refusal
            except (GoogleAPICallError, RetryError) as error:
                _may_pass(topic, error)
            else:
                return None


def _may_pass(topic: str, error: BaseException) -> None:
    """Wait a little before the next try; raise PublishFailed where no try can help."""
    if isinstance(error, _PERMANENT):
        raise PublishFailed(
            f"Pub/Sub refuses {topic}: {error}. Does the topic exist, and may this account publish there (roles/pubsub.publisher)?"
        )
    log.event("publish_failed", "WARNING", message=f"{type(error).__name__}: {error}"[:500])
    time.sleep(_PAUSE)
