"""What the deciding code may ask of the outside world. `run.py` passes in the real parts, tests/simulation simulated ones.

Every method that waits is a coroutine; a blocking client behind it runs in a thread, with a deadline (threads.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from runtime.bearer_token import Token
from runtime.errors import ExpectedError

from .ledger.model import Event
from .ledger.units import HolderUnits
from .pubsub.envelope import Message
from .x.reception import Ended, Reception

Random = Callable[[], float]  # 0.0 up to 1.0


class Clock(Protocol):
    """Both in seconds. A person or NTP may set `time` forward and back; `monotonic` only goes on, and starts anywhere."""

    def time(self) -> float: ...

    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Header names are in lower case; `body` is None when the content is not a JSON object."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = field(default_factory=dict)


class Http(Protocol):
    async def call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        """Make one request to X's API. Raises Unavailable when no whole answer came in time."""


class Stream(Protocol):
    async def hold(self, token: Token, reception: Reception, connected: Callable[[], None]) -> Ended:
        """Make one connection and return when it has ended. Calls `connected` once X's first byte is here.

        Cancelling it closes the connection. Raises PublishFailed when Pub/Sub has refused for good.
        """

    def close(self, ended: Ended) -> None:
        """End the connection that is held, as having ended so."""


class Publisher(Protocol):
    """Messages on their way to Pub/Sub. `hold` publishes the stream's; the backfill has a publisher of its own."""

    @property
    def published(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def failure(self) -> ExpectedError | None:
        """Return why Pub/Sub refuses for good, if it does."""

    def oldest(self) -> float | None:
        """Return when the oldest message that still waits was taken, by the monotonic clock."""

    def first_id(self) -> int | None:
        """Return the smallest id among the posts that still wait."""

    def taken(self, first: int, last: int) -> set[str]:
        """Return the ids, among the latest posts that Pub/Sub has acknowledged, from first to last."""

    def holds(self, first: int, last: int) -> bool:
        """Return whether a post with such an id still waits."""

    async def publish_all(self, messages: Sequence[Message], seconds: float) -> None:
        """Return when Pub/Sub has them all. Raises PublishFailed after that time."""


class Store(Protocol):
    """The table ingester_events, and the archive. Each method raises NoLedger."""

    async def insert(self, rows: Sequence[tuple[str, Event]]) -> dict[str, str]:
        """Insert rows, each with an id that makes a second try harmless. Returns those refused for good: id and why."""

    async def history(self) -> list[Event]:
        """Return all that a start has to know, in the order of `at`."""

    async def units(self) -> list[HolderUnits]:
        """Return the last row of each holder on each day of this month and of X's period."""

    async def since(self, moment: datetime) -> list[Event]:
        """Return the events from then on, in the order of `at`."""

    async def arrived(self, since: datetime, first: int, last: int) -> dict[str, set[str]]:
        """Return the posts, by id from first to last, received since then: each with the ids of the rules it matched."""


class Secret(Protocol):
    async def read(self) -> Token:
        """Return the latest version. Raises SecretUnavailable, ConfigurationError."""
