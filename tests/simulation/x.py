"""A simulated X: a seeded timeline of posts, the stream, search, counts, rules, connections, usage, and its bill.

`call` answers requests as the real API does; it passes the same contract tests as the local emulator (tests/contract/x). Everything that
can go wrong is a flag or a queue of answers, which tests/simulation/faults.py sets.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import orjson

from ingester.errors import Unavailable
from ingester.ports import Reply
from ingester.x.consumer import StreamConsumer
from ingester.x.disconnect import Disconnect, DisconnectKind
from local.emulators.x.bill import Bill, Charge
from local.emulators.x.core import Core
from local.emulators.x.timeline import id_at
from runtime.bearer_token import Token

T0 = datetime(2026, 11, 25, 21, tzinfo=UTC).timestamp()  # so that a sequence passes midnight
KEEP_ALIVE = 20.0
SILENCE = 21.0
_UNREAD = 40  # posts in a connection's buffers until X throws the slow reader out
_LATE_SHARE, LATE = 0.2, 7.0  # so many posts reach the stream so many seconds late (seen at X's 99th percentile)
_BURST = 0.2  # share of the posts that follow another within seconds
_HISTORY, _POSTS_BEFORE = 12 * 3_600.0, 400  # seconds, and posts in them
_GHOST = 45.0  # seconds for which X counts a connection that is gone


@dataclass(slots=True)
class Post:
    """`rule` is the value of the rule that it matches. `read` says whether the stream has brought it to a living process."""

    number: int
    at: float  # seconds since 1970
    author: int
    is_retweet: bool
    rule: str
    read: bool = False

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"id": str(self.number), "text": "music", "author_id": str(self.author)}
        if self.is_retweet:
            data["referenced_tweets"] = [{"type": "retweeted", "id": "1"}]
        return data

    @property
    def includes(self) -> dict[str, list[Any]]:
        return {"users": [{"id": str(self.author)}]}


class PaidLine(bytes):
    """A line that X bills as a post, although nobody can read it."""


class Connection:
    """One stream connection. Its reader belongs to a process, X's side to nobody."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader  # the process
        self.buffer: deque[Post | bytes] = deque()
        self.ended: Disconnect | None = None  # read after the buffer
        self.cut = False  # a reset: what is in the buffer is gone
        self.mute = False
        self.stalled = False
        self.dumb_since: float | None = None  # when it was made mute or stalled
        self.wrote = 0.0
        self._waiter: asyncio.Future[None] | None = None

    def write(self, what: Post | bytes, now: float) -> None:
        self.buffer.append(what)
        self.wrote = now
        self.wake()

    def end(self, ended: Disconnect, *, cut: bool = False) -> None:
        if self.ended is None:
            self.ended, self.cut = ended, cut
            if cut:
                self.buffer.clear()
            self.wake()

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def readable(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Return when there is something to read, or after so many seconds."""
        self._waiter = loop.create_future()
        timer = loop.call_later(seconds, self.wake)
        try:
            await self._waiter
        finally:
            timer.cancel()


@dataclass
class X:
    """One X for all processes of a sequence."""

    loop: Any
    rng: random.Random
    rate: float  # seconds between two posts, on average
    token: str = "t1"
    coming: str = ""  # a token that is made already; the one before goes on for a moment
    token_since: float = 0.0
    search_lag: float = 10.0
    late_search: float = 0.0  # seconds by which search is behind until `lag_until`, and the same of counts
    late_counts: float = 0.0
    lag_until: float = 0.0
    topics: tuple[str, ...] = ("music", "dance")  # the values of our rules
    connection: Connection | None = None
    others: list[Connection] = field(default_factory=list)  # that X has forgotten, and that it still serves
    forgot: bool = False  # whether it ever lost count
    ghost_until: float = 0.0
    attempts: list[tuple[float, int, Any]] = field(default_factory=list)  # (when, answer, who asked)
    connect_faults: deque[Callable[[], Reply | Disconnect]] = field(default_factory=deque)  # to the next connects
    fatal: dict[str, Any] | None = None  # what X answers each connect while it lasts
    wrong: dict[str, deque[str]] = field(default_factory=dict)  # by endpoint: what happens to the next calls
    broken: set[int] = field(default_factory=set)  # ids of posts that search gives without an id
    one_post_until: float = 0.0  # X ends each connection after one post
    capped_until: float = 0.0  # X's date for the end of the spending cap
    asked_while_capped: list[tuple[float, Any]] = field(default_factory=list)  # (when, who asked)
    for_two_rules: list[Post] = field(default_factory=list)  # second deliveries of posts
    read_again: list[tuple[int, Any]] = field(default_factory=list)  # (id, who read it) of those that came
    ended: bool = False
    ended_at: float = float("inf")  # seconds since 1970
    unnoticed: float = 0.0  # seconds, the longest time in which a connection said nothing and nobody did anything
    # (when, whose connection, by whom, whether it was held)
    thrown_out: list[tuple[float, Any, Any, bool]] = field(default_factory=list)
    mended: list[float] = field(default_factory=list)  # when a fatal answer was changed
    dates: bool = True
    skewed: bool = False  # whether some clock is wrong
    _newest: dict[str, float] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    core: Core = field(init=False)

    def __post_init__(self) -> None:
        self.core = Core(self.now, bill=Bill(self.charges.append))
        self.core.is_connected = lambda: self.connection is not None or self.loop.now < self.ghost_until
        self.core.indexed_until = self.indexed
        self.core.as_searched = lambda data: data if int(data["id"]) not in self.broken else {"text": "no id"}

    @property
    def posts(self) -> list[Post]:
        return self.core.timeline.posts

    @property
    def rules(self) -> list[dict[str, str]]:
        return self.core.rules.active

    @rules.setter
    def rules(self, rules: list[dict[str, str]]) -> None:
        self.core.rules.active = rules

    def now(self) -> float:
        return T0 + float(self.loop.now)

    # posts

    def begin(self) -> None:
        """Make posts from now on; those of the hours before can be searched, and nobody has paid for them."""
        moments = sorted(self.rng.uniform(-_HISTORY, 0.0) for _ in range(_POSTS_BEFORE))
        for number, moment in enumerate(moments):
            at = self.now() + moment
            rule = self.topics[number % len(self.topics)]
            self.core.timeline.add(
                Post(id_at(at, number), at, self.rng.randrange(1_000), self.rng.random() < 0.3, rule)
            )
        self.loop.call_later(self.rng.expovariate(1 / self.rate), self._make)

    def _make(self) -> None:
        if self.ended:
            return
        now, rng = self.now(), self.rng
        self.make(now, retweet=rng.random() < 0.3, author=rng.randrange(60))
        self.loop.call_later(
            rng.expovariate(1 / self.rate) if rng.random() > _BURST else rng.uniform(0.1, 4.0), self._make
        )

    def make(self, now: float, *, retweet: bool = False, author: int = 1, late: float | None = None) -> Post:
        """Make one post, and send it to whoever holds the stream."""
        # what people write does not change because somebody takes a rule away
        values = [*self.topics, *(rule["value"] for rule in self.rules if rule["value"] not in self.topics)]
        rule = values[len(self.posts) % len(values)]
        post = Post(id_at(now, len(self.posts) % 4_096), now, author, retweet, rule)
        self.core.timeline.add(post)
        if late is None:
            late = self.rng.uniform(0.5, LATE) if self.rng.random() < _LATE_SHARE else 0.0
        if late:
            self.loop.call_later(late, self._send, post)
        else:
            self._send(post)
        return post

    def make_for_two_rules(self) -> None:
        """Make a post that matches two of our rules, and send it once for each."""
        post = self.make(self.now(), late=0.0)
        other = next(value for value in self.topics if value != post.rule)
        if self.connection is not None and {post.rule, other} <= {rule["value"] for rule in self.rules}:
            again = replace(post, rule=other)
            self.for_two_rules.append(again)
            self._send(again)

    def _send(self, post: Post) -> None:
        for connection in [self.connection, *self.others]:
            if (
                connection is None
                or connection.ended is not None
                or connection.mute
                or connection.stalled
                or not any(rule["value"] == post.rule for rule in self.rules)
            ):
                continue
            connection.write(post, self.loop.now)
            if self.loop.now < self.one_post_until:
                self.loop.call_later(
                    0.5, self.drop, connection, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection")
                )
            if sum(isinstance(one, Post) for one in connection.buffer) > _UNREAD:
                self.drop(connection, Disconnect(DisconnectKind.NETWORK, reason="slow reader"), cut=True)

    def drop(self, connection: Connection | None, ended: Disconnect, *, cut: bool = False) -> None:
        """End a connection from X's side."""
        if connection is None:
            return
        if connection.dumb_since is not None and connection.ended is None and not connection.reader.was_frozen:
            self.unnoticed = max(self.unnoticed, self.loop.now - connection.dumb_since)
        connection.end(ended, cut=cut)
        if self.connection is connection:
            self.connection = None
        elif connection in self.others:
            self.others.remove(connection)

    def gone(self, process: Any, *, ghost: bool = False) -> None:
        """Close a process's sockets after its end; X may notice late."""
        for connection in [self.connection, *self.others]:
            if connection is not None and connection.reader is process:
                self.drop(connection, Disconnect(DisconnectKind.NETWORK, reason="gone"), cut=True)
                if ghost:
                    self.ghost_until = self.loop.now + _GHOST

    def forget(self) -> None:
        """Forget the connection that is held: X then allows another one."""
        if self.connection is not None:
            self.others.append(self.connection)
            self.forgot = True
            self.connection = None

    # the stream

    def connect(self, process: Any, token: Token) -> Connection | Disconnect:
        """Return a connection, or the answer that refuses it."""
        answer = self._connect(process, token)
        self.attempts.append((self.loop.now, 200 if isinstance(answer, Connection) else answer.status, process))
        return answer

    def _connect(self, process: Any, token: Token) -> Connection | Disconnect:
        if self.connect_faults:
            given = self.connect_faults.popleft()()
            return given if isinstance(given, Disconnect) else _as_ended(given)
        if token.value not in (self.token, self.coming):
            return Disconnect(DisconnectKind.HTTP, status=401, problem={"title": "Unauthorized"}, reason="HTTP 401")
        if self.fatal is not None:
            if self.fatal.get("title") == "SpendCapReached":
                self.asked_while_capped.append((self.loop.now, process))
            return Disconnect(
                DisconnectKind.HTTP,
                status=self.fatal["status"],
                problem=self.fatal,
                reason=f"HTTP {self.fatal['status']}",
            )
        if (refused := self.core.refuse_connect()) is not None:
            reset_in = 900.0 if refused.remaining == 0 else None
            return Disconnect(
                DisconnectKind.HTTP,
                status=refused.status,
                problem=refused.body,
                reset_in=reset_in,
                reason=f"HTTP {refused.status}",
            )
        self.connection = Connection(process)
        self.connection.wrote = self.loop.now
        return self.connection

    def charge_stream(self, post: Post, process: Any) -> None:
        self.core.deliver({"data": post.data, "includes": post.includes}, process)

    # everything else

    def call(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any, *, token: str, process: Any = None
    ) -> Reply:
        """Answer one request."""
        if token not in (self.token, self.coming):
            return self._reply(401, {"title": "Unauthorized", "detail": "Unauthorized"})
        if (method, path) == ("DELETE", "/2/connections/filtered_stream"):
            return self._terminate(process)
        answer = self.core.reply(method, path, parameters, body, process)
        return self._reply(answer.status, answer.body)

    def _terminate(self, process: Any) -> Reply:
        self.ghost_until = 0.0
        if self.connection is not None and self.connection.reader is not process:
            holder = self.connection.reader
            self.thrown_out.append((self.loop.now, holder, process, holder.holds))
        self.drop(self.connection, Disconnect(DisconnectKind.NETWORK, reason="cleared by another"), cut=True)
        return self._reply(200, {"data": {"killed_count": 1}})

    def _reply(self, status: int, body: dict[str, Any], remaining: int = 400, **headers: str) -> Reply:
        named = {"x-rate-limit-remaining": str(remaining), **headers}
        if self.dates and (
            self.skewed or self.rng.random() < 0.1
        ):  # writing and reading it takes as long as all the rest
            named["date"] = formatdate(self.now(), usegmt=True)
        return Reply(status, named, body)

    def indexed(self, what: str) -> float:
        """Return up to when search or counts know all posts. An index that falls behind stands still, and forgets nothing."""
        late, usual = (self.late_search, self.search_lag) if what == "search" else (self.late_counts, 0.0)
        behind = late if self.loop.now < self.lag_until else usual
        self._newest[what] = max(self._newest.get(what, 0.0), self.now() - behind)
        return self._newest[what]


def _as_ended(reply: Reply) -> Disconnect:
    return Disconnect(DisconnectKind.HTTP, status=reply.status, problem=reply.body or {}, reason=f"HTTP {reply.status}")


class Http:
    """A process's requests to X, which take time and may fail on the way there or back."""

    def __init__(self, x: X, process: Any) -> None:
        self._x = x
        self._process = process

    async def call(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, token: Token) -> Reply:
        x = self._x
        if path == "/2/usage/credits":
            return Reply(404, {}, None)  # as some accounts get it
        await asyncio.sleep(x.rng.uniform(0.02, 0.3))
        wrong = x.wrong.get(f"{method} {path}")
        what = wrong.popleft() if wrong else ""
        if what == "hang":
            await asyncio.sleep(25.0)
            raise Unavailable(f"{path}: there was no whole answer within 25 s")
        if what in ("400", "402", "403", "429", "500", "503"):
            status = int(what)
            headers = {"x-rate-limit-reset": str(int(x.now()) + 120)} if status == 429 else {}
            return x._reply(status, {"title": "no"}, remaining=0 if status == 429 else 400, **headers)
        reply = x.call(method, path, parameters, body, token=token.value, process=self._process)
        if what == "no_meta":
            reply = Reply(200, reply.headers, {})
        if what == "repeats" and reply.body is not None:
            reply = Reply(200, reply.headers, reply.body | {"meta": reply.body["meta"] | {"next_token": "more"}})
        await asyncio.sleep(x.rng.uniform(0.02, 0.3))
        if what == "lost":
            raise Unavailable(f"{path}: the answer was lost")
        return reply


class Stream:
    """A process's stream: what the thread with tweepy does, without the thread."""

    def __init__(self, x: X, process: Any) -> None:
        self._x = x
        self._process = process
        self._connection: Connection | None = None
        self._closed: Disconnect | None = None
        self._spent: Disconnect | None = None
        self._told = False

    async def hold(self, token: Token, consumer: StreamConsumer, connected: Callable[[], None]) -> Disconnect:
        x = self._x
        self._closed, self._spent, asked = None, None, self._process.monotonic()
        await asyncio.sleep(x.rng.uniform(0.02, 0.3))
        connection, answered = x.connect(self._process, token), x.now()
        await asyncio.sleep(x.rng.uniform(0.02, 0.3))
        self._compare(answered, asked)
        if isinstance(connection, Disconnect):
            return connection
        self._connection, self._told = connection, False
        began = x.loop.now
        consumer.begin()
        try:
            while (ended := await self._step(connection, consumer, connected)) is None:
                pass
            seconds = x.loop.now - began if self._told else 0.0
            return replace(ended, seconds=seconds, posts=consumer.posts_here)
        finally:
            if consumer.limit_reached is not None:
                for post in connection.buffer:
                    if isinstance(post, Post):  # X has written it, and bills it
                        x.charge_stream(post, self._process)
            if not self._process.dead:
                x.drop(connection, Disconnect(DisconnectKind.NETWORK, reason="closed by us"), cut=True)

    async def _step(
        self, connection: Connection, consumer: StreamConsumer, connected: Callable[[], None]
    ) -> Disconnect | None:
        """Read one line, or wait for one. Returns how the connection ended, if it has."""
        x, now = self._x, self._x.loop.now
        if self._closed is not None:
            return self._closed
        if not connection.buffer and connection.ended is None and self._spent is None:
            quiet = now - connection.wrote
            if connection.mute and quiet >= SILENCE:
                return Disconnect(DisconnectKind.SILENT, reason="no byte for 21 s")
            if connection.mute or quiet < KEEP_ALIVE:
                await connection.readable(x.loop, max(0.001, (SILENCE if connection.mute else KEEP_ALIVE) - quiet))
                return None
            connection.write(b"", now)
        if connection.buffer:
            if not self._told:
                self._told = True
                connected()
            if self._process.publisher.has_room():
                ended = consumer.take_line(self._read(connection.buffer.popleft()))
                return (
                    self._read_to_the_end(ended) if ended is not None and ended.kind == DisconnectKind.LIMIT else ended
                )
            await self._process.publisher.room()
            return None
        return self._spent or connection.ended

    def _read_to_the_end(self, ended: Disconnect) -> Disconnect | None:
        """At our own limit, what X has written is read first."""
        self._spent = ended
        return None

    def _read(self, what: Post | bytes) -> bytes:
        if isinstance(what, bytes):
            if isinstance(what, PaidLine):
                self._x.core.bill.unreadable_post(self._x.now(), self._process)
            return bytes(what)
        what.read = True
        if any(what is post for post in self._x.for_two_rules):
            self._x.read_again.append((what.number, self._process))
        self._x.charge_stream(what, self._process)
        rule = next((rule["id"] for rule in self._x.rules if rule["value"] == what.rule), "0")
        return orjson.dumps({"data": what.data, "includes": what.includes, "matching_rules": [{"id": rule, "tag": ""}]})

    def close(self, ended: Disconnect) -> None:
        self._closed = ended
        if self._connection is not None:
            self._connection.wake()

    def _compare(self, date: float, asked: float) -> None:
        if self._x.dates and (self._x.skewed or self._x.rng.random() < 0.1):
            self._process.server_clock.compare({"date": formatdate(date, usegmt=True)}, asked)
