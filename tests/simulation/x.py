"""A simulated X: a seeded timeline of posts, the stream, search, counts, rules, connections, usage, and its bill.

`call` answers requests as the real API does; it passes the same contract tests as the local emulator (tests/contract/x). Everything that
can go wrong is a flag or a queue of answers, which tests/simulation/faults.py sets.
"""

import asyncio
import bisect
import itertools
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
from posts.prices import COUNTS, COUNTS_ALL, POST, USER
from runtime.bearer_token import Token

T0 = datetime(2026, 11, 25, 21, tzinfo=UTC).timestamp()  # so that a sequence passes midnight
_EPOCH = 1_288_834_974.657
KEEP_ALIVE = 20.0
SILENCE = 21.0
_UNREAD = 40  # posts in a connection's buffers until X throws the slow reader out
_LATE_SHARE, LATE = 0.2, 7.0  # so many posts reach the stream so many seconds late (seen at X's 99th percentile)
_BURST = 0.2  # share of the posts that follow another within seconds
_HISTORY, _POSTS_BEFORE = 12 * 3_600.0, 400  # seconds, and posts in them
_GHOST = 45.0  # seconds for which X counts a connection that is gone


def id_at(moment: float, sequence: int = 0) -> int:
    """Return a post's id by its time, in seconds since 1970."""
    return (int((moment - _EPOCH) * 1_000) << 22) + sequence


def moment_of(post_id: int) -> float:
    return (post_id >> 22) / 1_000 + _EPOCH


@dataclass(slots=True)
class Post:
    """`rule` is the value of the rule that it matches. `read` says whether the stream has brought it to a living process."""

    id: int
    at: float  # seconds since 1970
    author: int
    retweet: bool
    rule: str
    read: bool = False

    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = {"id": str(self.id), "text": "music", "author_id": str(self.author)}
        if self.retweet:
            found["referenced_tweets"] = [{"type": "retweeted", "id": "1"}]
        return found


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


@dataclass(slots=True)
class Charge:
    """Something that X bills, and the process that got it."""

    at: float
    units: int
    process: Any
    kind: str  # stream | search | counts
    post: int = 0


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
    rules: list[dict[str, str]] = field(default_factory=list)
    topics: tuple[str, ...] = ("music", "dance")  # the values of our rules
    posts: list[Post] = field(default_factory=list)
    connection: Connection | None = None
    others: list[Connection] = field(default_factory=list)  # that X has forgotten, and that it still serves
    forgot: bool = False  # whether it ever lost count
    ghost_until: float = 0.0
    attempts: list[tuple[float, int, Any]] = field(default_factory=list)  # (when, answer, who asked)
    answers: deque[Callable[[], Reply | Disconnect]] = field(default_factory=deque)  # to the next connects
    fatal: dict[str, Any] | None = None  # what X answers each connect while it lasts
    wrong: dict[str, deque[str]] = field(default_factory=dict)  # by endpoint: what happens to the next calls
    charges: list[Charge] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=lambda: {"cap_reset_day": 1, "project_usage": "0"})
    counts_off: float = 0.0  # share by which X's counts are too high
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
    _seen: set[tuple[int, str, int]] = field(default_factory=set)
    _newest: dict[str, float] = field(default_factory=dict)
    _rule_ids: Any = field(default_factory=lambda: itertools.count(1))

    def now(self) -> float:
        return T0 + float(self.loop.now)

    # posts

    def begin(self) -> None:
        """Make posts from now on; those of the hours before can be searched, and nobody has paid for them."""
        moments = sorted(self.rng.uniform(-_HISTORY, 0.0) for _ in range(_POSTS_BEFORE))
        for number, moment in enumerate(moments):
            at = self.now() + moment
            rule = self.topics[number % len(self.topics)]
            self.posts.append(Post(id_at(at, number), at, self.rng.randrange(1_000), self.rng.random() < 0.3, rule))
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
        self.posts.append(post)
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
        if self.answers:
            given = self.answers.popleft()()
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
        if not self.rules:
            problem = {"connection_issue": "RuleConfigurationIssue", "title": "ConnectionException"}
            return Disconnect(DisconnectKind.HTTP, status=409, problem=problem, reason="HTTP 409")
        recent = [at for at, _, _ in self.attempts if at > self.loop.now - 900]
        if len(recent) >= 50:
            return Disconnect(
                DisconnectKind.HTTP,
                status=429,
                problem={"title": "Too Many Requests"},
                reset_in=900.0,
                reason="HTTP 429",
            )
        if self.connection is not None or self.loop.now < self.ghost_until:
            problem = {"connection_issue": "TooManyConnections", "title": "ConnectionException"}
            return Disconnect(DisconnectKind.HTTP, status=429, problem=problem, reason="HTTP 429")
        self.connection = Connection(process)
        self.connection.wrote = self.loop.now
        return self.connection

    def charge_stream(self, post: Post, process: Any) -> None:
        self._charge(post.id, POST, process, "stream", post.id)
        self._charge(post.author, USER, process, "stream", post.id)

    def _charge(self, name: int, units: int, process: Any, kind: str, post: int) -> None:
        key = (int(self.now() // 86_400), "post" if units == POST else "user", name)
        if key not in self._seen:
            self._seen.add(key)
            self.charges.append(Charge(self.now(), units, process, kind, post))

    # everything else

    def call(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Any, *, token: str, process: Any = None
    ) -> Reply:
        """Answer one request."""
        if token not in (self.token, self.coming):
            return self._reply(401, {"title": "Unauthorized", "detail": "Unauthorized"})
        match method, path:
            case "GET", "/2/tweets/search/stream/rules":
                return self._reply(
                    200,
                    {"meta": {"result_count": len(self.rules)}} | ({"data": list(self.rules)} if self.rules else {}),
                )
            case "POST", "/2/tweets/search/stream/rules":
                return self._change_rules(body, dry=str(parameters.get("dry_run", "")).lower() == "true")
            case "GET", "/2/tweets/search/recent" | "/2/tweets/search/all":
                return self._search(parameters, process, most=500 if path.endswith("all") else 100)
            case "GET", "/2/tweets/counts/all":
                return self._count(parameters, process, COUNTS_ALL)
            case "GET", "/2/tweets/counts/recent":
                return self._count(parameters, process)
            case "GET", "/2/usage/tweets":
                return self._reply(200, {"data": self.usage})
            case "GET", "/2/connections":
                held = self.connection is not None or self.loop.now < self.ghost_until
                return self._reply(
                    200, {"meta": {"result_count": int(held)}} | ({"data": [{"id": "1"}]} if held else {})
                )
            case "DELETE", "/2/connections/filtered_stream":
                self.ghost_until = 0.0
                if self.connection is not None and self.connection.reader is not process:
                    holder = self.connection.reader
                    self.thrown_out.append((self.loop.now, holder, process, holder.holds))
                self.drop(self.connection, Disconnect(DisconnectKind.NETWORK, reason="cleared by another"), cut=True)
                return self._reply(200, {"data": {"killed_count": 1}})
        return self._reply(404, {"title": "Not Found"})

    def _reply(self, status: int, body: dict[str, Any], remaining: int = 400, **headers: str) -> Reply:
        named = {"x-rate-limit-remaining": str(remaining), **headers}
        if self.dates and (
            self.skewed or self.rng.random() < 0.1
        ):  # writing and reading it takes as long as all the rest
            named["date"] = formatdate(self.now(), usegmt=True)
        return Reply(status, named, body)

    def _change_rules(self, body: dict[str, Any], *, dry: bool) -> Reply:
        if "delete" in body:
            gone = set(body["delete"].get("ids") or [])
            kept = [rule for rule in self.rules if rule["id"] not in gone]
            if not dry:
                self.rules = kept
            return self._reply(200, {"meta": {"summary": {"deleted": len(self.rules) - len(kept)}}})
        known = {" ".join(rule["value"].split()) for rule in self.rules}
        added, errors = [], []
        for rule in body["add"]:
            if " ".join(rule["value"].split()) in known:
                errors.append({"title": "DuplicateRule", "value": rule["value"]})
            else:
                added.append({"id": str(next(self._rule_ids)), "value": rule["value"], "tag": rule.get("tag", "")})
        if not dry:
            self.rules = [*self.rules, *added]
        found: dict[str, Any] = {"meta": {"summary": {"created": len(added), "not_created": len(errors)}}}
        return self._reply(
            201 if added else 200, found | ({"data": added} if added else {}) | ({"errors": errors} if errors else {})
        )

    def _matching(self, parameters: Mapping[str, Any]) -> list[Post]:
        first, last = int(parameters.get("since_id", 0)), int(parameters.get("until_id", 1 << 63))
        low = bisect.bisect_right(self.posts, first, key=lambda post: post.id)
        high = bisect.bisect_left(self.posts, last, key=lambda post: post.id)
        query = parameters["query"]
        return [post for post in self.posts[low:high] if post.rule == query or f"({post.rule})" in query]

    def indexed(self, what: str, late: float, usual: float) -> float:
        """Return up to when search or counts know all posts. An index that falls behind stands still, and forgets nothing."""
        behind = late if self.loop.now < self.lag_until else usual
        self._newest[what] = max(self._newest.get(what, 0.0), self.now() - behind)
        return self._newest[what]

    def _search(self, parameters: Mapping[str, Any], process: Any, most: int) -> Reply:
        if not 10 <= int(parameters.get("max_results", 10)) <= most:
            return self._reply(400, {"title": "Invalid Request", "detail": f"max_results is between 10 and {most}"})
        newest = self.indexed("search", self.late_search, self.search_lag)
        before = int(parameters.get("next_token") or parameters.get("pagination_token") or 1 << 63)
        found = [
            post for post in self._matching(parameters) if not post.retweet and post.at <= newest and post.id < before
        ]
        found.reverse()
        size = int(parameters.get("max_results", 10))
        page, rest = found[:size], found[size:]
        for post in page:
            self._charge(post.id, POST, process, "search", post.id)
            self._charge(post.author, USER, process, "search", post.id)
        meta: dict[str, Any] = {"result_count": len(page)}
        if rest:
            meta["next_token"] = str(page[-1].id)
        if not page:
            return self._reply(200, {"meta": meta})
        data = [post.data() if post.id not in self.broken else {"text": "no id"} for post in page]
        users = [{"id": str(author)} for author in sorted({post.author for post in page})]
        return self._reply(200, {"data": data, "includes": {"users": users}, "meta": meta})

    def _count(self, parameters: Mapping[str, Any], process: Any, price: int = COUNTS) -> Reply:
        self.charges.append(Charge(self.now(), price, process, "counts"))
        unit = {"minute": 60, "hour": 3_600, "day": 86_400}[parameters.get("granularity", "hour")]
        first, last = moment_of(int(parameters["since_id"]) + 1), moment_of(int(parameters["until_id"]))
        newest = self.indexed("counts", self.late_counts, 0.0)
        found = [post for post in self._matching(parameters) if post.at <= newest]
        data, at, number = [], first, 0
        while at < last:
            end = min((at // unit + 1) * unit, last)
            count = 0
            # ids are exact to the millisecond, so the last post may be made a moment after the last id's time
            while number < len(found) and (found[number].at < end or end == last):
                count, number = count + 1, number + 1
            data.append({"start": _iso(at), "end": _iso(end), "tweet_count": count})
            at = end
        total = round(len(found) * (1 + self.counts_off))
        return self._reply(200, {"data": data, "meta": {"total_tweet_count": total}})


def _as_ended(reply: Reply) -> Disconnect:
    return Disconnect(DisconnectKind.HTTP, status=reply.status, problem=reply.body or {}, reason=f"HTTP {reply.status}")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
            held = x.loop.now - began if self._told else 0.0
            return replace(ended, held=held, posts=consumer.posts_here)
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
                self._x.charges.append(Charge(self._x.now(), POST, self._process, "stream"))
            return bytes(what)
        what.read = True
        if any(what is post for post in self._x.for_two_rules):
            self._x.read_again.append((what.id, self._process))
        self._x.charge_stream(what, self._process)
        rule = next((rule["id"] for rule in self._x.rules if rule["value"] == what.rule), "0")
        users = [{"id": str(what.author)}]
        return orjson.dumps(
            {"data": what.data(), "includes": {"users": users}, "matching_rules": [{"id": rule, "tag": ""}]}
        )

    def close(self, ended: Disconnect) -> None:
        self._closed = ended
        if self._connection is not None:
            self._connection.wake()

    def _compare(self, date: float, asked: float) -> None:
        if self._x.dates and (self._x.skewed or self._x.rng.random() < 0.1):
            self._process.server_clock.compare({"date": formatdate(date, usegmt=True)}, asked)
