"""What the deciding code asks of the outside world: clocks, chance and HTTP. `run.py` passes in the real ones, tests/simulation others.

Larger ports stand beside the code that needs them: MessagePublisher in pubsub/publishing.py, EventStore in ledger/event_store.py, Stream in
connection_loop.py, TokenSource in x/tokens.py. Every method that waits is a coroutine; a blocking client behind it runs in a thread, with a
deadline (threads.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from runtime.bearer_token import Token

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
