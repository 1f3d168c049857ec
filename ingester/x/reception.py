"""Receives the stream: passes each line on to Pub/Sub, and records what it shows about the connection.

The stream's thread calls `line` and `keep_alive`; the event loop reads the numbers and decides. They share no lock: each number has
one writer.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from posts.snowflake import time_of

from ..budget import Budget, Spent
from ..pubsub.envelope import Line, Message, NoRoom, NotText, look, wrap

_RATE_OF = 100  # posts over which the rate is taken
_RECENT = 50_000  # posts, 10 MB: more than three minutes at X's top rate, until search can know of a gap
_BLOCKED = 1.0  # if a post waits so many seconds, later ones wait in buffers, or X drops them
_DAY = 86_400.0
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one connection ended.

    `how`: 'closed' (X closed it), 'network' (refused, reset, cut), 'certificate', 'silent' (no byte), 'stalled' (keep-alives, no
    posts), 'unruled' (X lacks some of our rules), 'told' (X announced the end in the stream), 'http' (an answer other than a
    stream), 'spent' (our own limit is reached), 'replaced' (another ingester has taken over). `held` is in seconds; `posts` is
    how many came; `reset_in` is the seconds that X asks to wait.
    """

    how: str
    held: float = 0.0
    status: int = 0
    problem: dict[str, Any] = field(default_factory=dict)
    reset_in: float | None = None
    reason: str = ""
    posts: int = 0


class Delivered(NamedTuple):
    """A post that the stream has brought, and the ids of the rules that it matches."""

    post: int
    rules: tuple[str, ...]
    is_retweet: bool  # which search does not return


class Taker(Protocol):
    def publish(self, message: Message) -> None: ...

    def bury(self, raw: bytes, source: str, reason: str) -> None: ...


class Reception:
    """One for the life of the process. Its moments are of the monotonic clock."""

    def __init__(
        self,
        publisher: Taker,
        time: Callable[[], float],
        monotonic: Callable[[], float],
        silence: float,
        *,
        most_units: int = 1,
        most_posts: int = 0,
    ) -> None:
        """`most_units` is what one post can cost at the most; `most_posts` ends the stream (0: no limit)."""
        self._publisher = publisher
        self._time = time
        self._monotonic = monotonic
        self._silence = silence
        self._behind: float | None = None  # since when we may have been too slow for X, or None
        self._free = 0.0  # when the last post that had to wait was taken
        self.budget: Budget | None = None
        self.spent: Spent | None = (
            None  # the limit that is reached; what comes after it is counted and published all the same
        )
        self.most_posts = most_posts
        self.most_units = most_units
        self.received = 0
        self.posts: deque[float] = deque(maxlen=_RATE_OF)  # when they came, on all connections
        self.recent: deque[Delivered] = deque(maxlen=_RECENT)  # list() makes a copy that no thread changes
        self.began_at: float | None = None  # of the connection that is held, or was last
        self.posts_here = 0  # of the same
        self.last_byte = 0.0  # when a line or a keep-alive came
        self.last_post: float | None = None
        self.newest = 0.0  # X's time of the newest post, by its id, in seconds since 1970

    @property
    def heard(self) -> float:
        """Return until when everything that X sent has been read. A line from a full buffer is older than the moment it is read."""
        return self.last_byte if self._behind is None else min(self._behind, self.last_byte)

    def begin(self) -> None:
        """Note that X has answered with a stream."""
        self.began_at = self.last_byte = self._monotonic()
        self.posts_here = 0
        self._behind = None

    def line(self, raw: bytes) -> Ended | None:
        """Publish one line, or count a keep-alive. Returns how the connection is to end, if it is. Raises PublishFailed."""
        now = self.last_byte = self._monotonic()
        raw = raw.removeprefix(_BOM)
        if not raw or raw.isspace():
            self._note_delay(now)
            return None
        found = look(raw)
        if found.problem is not None:
            # X is about to close; if it does not, we would wait for ever
            return Ended("told", reason=found.problem)
        if found.id:
            self.recent.append(Delivered(int(found.id), found.rules, found.is_retweet))
            self.posts.append(now)
            self.last_post = now
            self.posts_here += 1
            self.newest = max(self.newest, _made_at(found.id, self._time()))
        self.received += 1
        self._take(raw, found)
        if self.budget is not None:
            self.spent = self.budget.add(found.billed, more=self.most_units if found.is_unreadable else 0)
            if self.spent is None and self.received >= self.most_posts > 0:
                self.spent = Spent("run", self.received, self.most_posts, None)
        self._note_delay(now)
        return Ended("spent", reason=f"{self.spent.setting} is reached") if self.spent is not None else None

    def note_pause(self, since: float, now: float) -> None:
        """Note that the process did not run from `since` on, so what it reads now may be old, and posts may be missing."""
        self._behind = since if self._behind is None else min(self._behind, since)
        self._free = now

    def _take(self, raw: bytes, found: Line) -> None:
        try:
            self._publisher.publish(wrap(raw, found.id, int(self._time() * 1_000_000), "stream"))
        except NotText as error:
            self._publisher.bury(raw, "stream", f"not UTF-8: {error}")
        except NoRoom:
            pass  # the process ends; the post lies in the gap that begins with the oldest unpublished one

    def _note_delay(self, came: float) -> None:
        now = self._monotonic()
        if now - came > _BLOCKED:
            self._behind = came if self._behind is None else self._behind
            self._free = now
        elif self._behind is not None and now - self._free > self._silence:
            self._behind = None  # the buffers were read long ago, and X still sends


def _made_at(post_id: str, now: float) -> float:
    """Return when a post was made, by its id; 0 where that lies in the future."""
    made = time_of(int(post_id))
    return made if made < now + _DAY else 0.0
