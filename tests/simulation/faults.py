"""Faults at virtual times: what each does to the simulated world, and how a random sequence is drawn from a seed."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ingester.ports import Reply
from ingester.x.disconnect import Disconnect, DisconnectKind
from runtime.bearer_token import Token

from .world import Process, World
from .x import PaidLine

HOUR = 3_600.0
_COUNTED = 400.0  # seconds: a gap waits ten minutes for what is on its way, and then counts it as missing
LENGTH = 6 * HOUR  # of a sequence, before it is left to calm down
_SEARCH, _COUNTS, _RULES = (
    "GET /2/tweets/search/recent",
    "GET /2/tweets/counts/recent",
    "GET /2/tweets/search/stream/rules",
)
_CALLS = (_SEARCH, _COUNTS, _RULES, "POST /2/tweets/search/stream/rules", "GET /2/connections", "GET /2/usage/tweets")
_PROBLEM = "https://api.x.com/2/problems/"


@dataclass(frozen=True, slots=True)
class Step:
    """One fault; `seconds` is how long it lasts, `number` how often or which one."""

    at: float
    what: str
    seconds: float = 0.0
    number: int = 0


Fault = Callable[[World, Step], None]
FAULTS: dict[str, Fault] = {}
_WEIGHTS: dict[str, int] = {}
_ADDED: list[str] = []  # faults that are drawn after the others, so that a new one changes no other step of a seed
_ADDED_SHARE = 0.1  # of the sequences that have each of these


def fault(weight: int = 2) -> Callable[[Fault], Fault]:
    """Register a fault under its function's name; `weight` is how often random sequences have it."""

    def register(function: Fault) -> Fault:
        name = function.__name__
        FAULTS[name], _WEIGHTS[name] = function, weight
        return function

    return register


def added_fault(function: Fault) -> Fault:
    """Register a fault that one sequence in ten has, once."""
    FAULTS[function.__name__] = function
    _ADDED.append(function.__name__)
    return function


def _end(world: World, ended: Disconnect, *, cut: bool = False) -> None:
    world.x.drop(world.x.connection, ended, cut=cut)


@fault(5)
def close(world: World, step: Step) -> None:
    _end(world, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))


@fault(4)
def reset(world: World, step: Step) -> None:
    """The connection is reset, and what is in the buffers is lost."""
    _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)


@fault()
def reset_amid_late_posts(world: World, step: Step) -> None:
    """A reset after a younger post has come while an older one is still on its way."""
    world.x.make(world.x.now(), late=6.0)
    world.loop.call_later(1.0, lambda: world.x.make(world.x.now(), late=0.0))
    world.loop.call_later(2.0, reset, world, step)


@fault()
def partial(world: World, step: Step) -> None:
    if world.x.connection is not None:
        world.x.connection.write(b'{"data":{"id":"21', world.loop.now)
        _end(world, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))


@fault(3)
def silence(world: World, step: Step) -> None:
    if world.x.connection is not None:
        world.x.connection.mute = True
        world.x.connection.dumb_since = world.loop.now


@fault(3)
def stall(world: World, step: Step) -> None:
    """X sends keep-alives and no posts."""
    if world.x.connection is not None:
        world.x.connection.stalled = True
        world.x.connection.dumb_since = world.loop.now


@fault()
def disconnect(world: World, step: Step) -> None:
    """X says that it will close, and does not."""
    if world.x.connection is not None:
        world.x.connection.write(b'{"errors":[{"disconnect_type":"OperationalDisconnect"}]}', world.loop.now)
        world.x.connection.stalled = True


@fault()
def error_lines(world: World, step: Step) -> None:
    """Errors in the stream that end nothing."""
    line = b'{"errors":[{"title":"CreditsDepleted","type":"https://api.x.com/2/problems/credits"}]}'

    def say() -> None:
        if world.x.connection is not None:
            world.x.connection.write(line, world.loop.now)

    for number in range(5):
        world.loop.call_later(20.0 * number, say)


def _answers(world: World, step: Step, make: Callable[[], Reply | Disconnect]) -> None:
    world.x.connect_faults.extend([make] * max(1, step.number))
    _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)


@fault(3)
def refused_503(world: World, step: Step) -> None:
    _answers(world, step, lambda: Disconnect(DisconnectKind.HTTP, status=503, reason="HTTP 503"))


@fault()
def refused_network(world: World, step: Step) -> None:
    _answers(world, step, lambda: Disconnect(DisconnectKind.NETWORK, reason="refused"))


@fault()
def web_page(world: World, step: Step) -> None:
    _answers(world, step, lambda: Disconnect(DisconnectKind.HTTP, status=502, reason="HTTP 502: a web page"))


@fault()
def rate_limited(world: World, step: Step) -> None:
    wait = (None, 3.0, 40.0, 840.0)[step.number % 4]
    _answers(
        world,
        Step(0, "", number=1),
        lambda: Disconnect(DisconnectKind.HTTP, status=429, reset_in=wait, reason="HTTP 429"),
    )


@fault(1)
def asked_for_a_day(world: World, step: Step) -> None:
    _answers(
        world,
        Step(0, "", number=1),
        lambda: Disconnect(DisconnectKind.HTTP, status=429, reset_in=90_000.0, reason="HTTP 429"),
    )


@fault()
def ghost(world: World, step: Step) -> None:
    """The connection is gone, and X still counts it."""
    _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)
    world.x.ghost_until = world.loop.now + step.seconds


@fault()
def flapping(world: World, step: Step) -> None:
    """A clean close each few seconds, or each 35 s."""
    every = (4.0, 12.0, 35.0)[step.number % 3]
    for number in range(step.number * 20):
        world.loop.call_later(
            every * number, lambda: _end(world, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))
        )


def _until(world: World, seconds: float, undo: Callable[[], None]) -> None:
    world.loop.call_later(seconds, undo)


def _fatal(world: World, step: Step, problem: dict[str, Any]) -> None:
    world.x.fatal = problem
    world.x.mended.append(world.loop.now)
    _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)

    def mend() -> None:
        world.x.fatal = None

    _until(world, step.seconds, mend)


@fault(1)
def no_credits(world: World, step: Step) -> None:
    _fatal(world, step, {"status": 402, "type": f"{_PROBLEM}credits"})


@fault(1)
def cap(world: World, step: Step) -> None:
    _fatal(world, step, {"status": 429, "title": "UsageCapExceeded"})


@fault(1)
def forbidden(world: World, step: Step) -> None:
    _fatal(world, step, {"status": 403, "title": "Client Forbidden"})


@added_fault
def refuse_a_good_token(world: World, step: Step) -> None:
    """X refuses the token, and takes it at the next try."""
    refusal = Disconnect(DisconnectKind.HTTP, status=401, problem={"title": "Unauthorized"}, reason="HTTP 401")
    world.x.connect_faults.append(lambda: refusal)
    _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)


@fault(3)
def rotate(world: World, step: Step) -> None:
    """The token changes at X, and in the secret a moment before or after."""
    value = f"t{world.loop.now}"
    world.x.mended.append(world.loop.now)  # a stop that waits for another token ends

    def at_x() -> None:
        world.x.token, world.x.token_since = world.vault.token.value, world.loop.now
        if step.number % 2:
            _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)

    def in_secret() -> None:
        world.vault.token = Token(value, value)
        world.x.coming = value

    in_secret()
    world.loop.call_later(step.seconds % 5, at_x)


@fault(6)
def rotate_while_a_gap_is_filled(world: World, step: Step) -> None:
    """Search and the stream are refused with the old token at the same time."""
    _end(world, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))
    now = f"t{world.loop.now}"

    def change() -> None:
        world.x.mended.append(world.loop.now)
        world.vault.token = Token(now, now)
        world.x.coming = now
        _end(world, Disconnect(DisconnectKind.NETWORK, reason="cut"), cut=True)
        world.loop.call_later(step.number / 8, at_x)

    def at_x() -> None:
        # the secret's, which somebody may have changed once more
        world.x.token, world.x.token_since = world.vault.token.value, world.loop.now

    world.loop.call_later(120.2 + step.number / 4, change)


@fault()
def rotate_while_the_secret_is_away(world: World, step: Step) -> None:
    secret_away(world, step)
    rotate(world, Step(step.at, "", number=1))


@fault()
def secret_away(world: World, step: Step) -> None:
    world.vault.away_until = world.loop.now + step.seconds


@fault()
def rules_gone(world: World, step: Step) -> None:
    """Somebody deletes all rules; X goes on with keep-alives."""
    world.x.rules = []


@fault()
def rules_replaced(world: World, step: Step) -> None:
    """Somebody takes some or all of our rules away, and another app's are there; X goes on with posts of those."""
    kept = world.x.rules[: step.number % 2]
    world.x.rules = [*kept, {"id": f"8{step.number}", "value": "another app's", "tag": "y"}]


@fault()
def rule_added(world: World, step: Step) -> None:
    """Somebody adds a rule of theirs."""
    if not world.x.rules:
        return  # all were taken away a moment ago, and nobody can know which are missed
    world.x.rules = [*world.x.rules, {"id": f"9{step.number}", "value": f"theirs {step.number}", "tag": "x"}]


def _wrong(*what: str) -> Fault:
    def go_wrong(world: World, step: Step) -> None:
        call = _CALLS[step.number % len(_CALLS)]
        world.x.wrong.setdefault(call, deque()).extend([what[step.number % len(what)]] * (1 + step.number % 3))

    return go_wrong


@fault(4)
def calls_fail(world: World, step: Step) -> None:
    """Rules, search, counts, connections or usage: an error, no answer, or one that is lost on its way."""
    _wrong("503", "hang", "lost", "500", "429")(world, step)


@fault()
def search_fails(world: World, step: Step) -> None:
    world.x.wrong.setdefault(_SEARCH, deque()).extend(["503", "429", "402", "lost"][step.number % 4 :])


@fault(1)
def counts_without_a_number(world: World, step: Step) -> None:
    world.x.wrong.setdefault(_COUNTS, deque()).append("no_meta")


@fault(1)
def counts_refused(world: World, step: Step) -> None:
    """X lets this app search, and not count."""
    world.x.wrong.setdefault(_COUNTS, deque()).extend(["403"] * step.number)


@fault()
def usage_is_wrong(world: World, step: Step) -> None:
    """X's usage still has last month's count on the first day of the next, or is absurd."""
    now = datetime.fromtimestamp(world.x.now(), UTC)
    world.x.core.usage = (
        {"cap_reset_day": now.day, "project_usage": "900000"},
        {"cap_reset_day": "20261125", "project_usage": "900000"},
        {"cap_reset_day": 1, "project_usage": "9" * 5_000},
        {"cap_reset_day": None, "project_usage": {"total": 1}},
    )[step.number % 4]

    def mend() -> None:
        world.x.core.usage = {"cap_reset_day": 1, "project_usage": "0"}

    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    _until(world, min(step.seconds, (midnight - now).total_seconds()), mend)


@fault(4)
def segment_of_posts(world: World, step: Step) -> None:
    """Many posts come in one segment, perhaps while the limit is reached."""
    for _ in range(38):
        world.x.make(world.x.now(), author=step.number, late=0.0)


@fault(1)
def hostile_lines(world: World, step: Step) -> None:
    """Lines that are nested deep, have an endless id, or are no text."""
    for line in (
        b"[" * 5_000,
        b'{"data":{"id":"' + b"9" * 400 + b'"}}',
        b'{"data":{"id":"1"},"x":' + b"[" * 900 + b"]" * 900 + b"}",
        b"\xff{",
    ):
        if world.x.connection is not None:
            world.x.connection.write(line, world.loop.now)


@fault(1)
def malformed_posts(world: World, step: Step) -> None:
    """Search gives some posts of these minutes without an id."""
    world.x.broken |= {post.number for post in world.x.posts[-step.number :]}


@fault(4)
def search_is_late(world: World, step: Step) -> None:
    """Search, counts or both are a minute or seven behind the stream, and a gap is opened."""
    world.x.indexed("search")
    world.x.indexed("counts")
    behind = (60.0, 420.0)[step.number % 2]
    world.x.late_search, world.x.late_counts = ((behind, 0.0), (0.0, behind), (behind, behind))[step.number % 3]
    world.x.lag_until = world.loop.now + step.seconds
    world.loop.call_later(step.seconds / 3, close, world, step)


@fault(3)
def pubsub_away(world: World, step: Step) -> None:
    world.topic.away_until = world.loop.now + min(step.seconds, _COUNTED)


@fault()
def pubsub_away_and_killed(world: World, step: Step) -> None:
    """The process is killed with posts that wait for Pub/Sub, after another heartbeat or two."""
    world.topic.away_until = world.loop.now + 380.0
    world.loop.call_later(60.0 * step.number % 360, kill, world, Step(step.at, "", number=step.number))


@fault()
def pubsub_away_and_stopped(world: World, step: Step) -> None:
    world.topic.away_until = world.loop.now + 380.0
    world.loop.call_later(60.0 * step.number % 360, told_to_stop, world, step)


@fault()
def archive_behind(world: World, step: Step) -> None:
    world.topic.behind_until = world.loop.now + min(step.seconds, _COUNTED)


@fault(3)
def ledger_slow(world: World, step: Step) -> None:
    world.table.slow_until = world.loop.now + step.seconds
    world.table.outages.append((world.loop.now, world.table.slow_until))


@fault(3)
def ledger_away(world: World, step: Step) -> None:
    world.table.away_until = world.loop.now + step.seconds
    world.table.outages.append((world.loop.now, world.table.away_until))


@fault()
def ledger_answers_lost(world: World, step: Step) -> None:
    world.table.lose += step.number
    world.table.outages.append((world.loop.now, world.loop.now + 12.0 * step.number))


def _victim(world: World) -> Process | None:
    return world.holder() or world.current()


@fault(4)
def kill(world: World, step: Step) -> None:
    """The process is killed at any await, some steps later."""
    process = _victim(world)
    if process is not None:
        process.on_last_step = lambda: world.kill(process, ghost=step.seconds > 600)
        process.steps_left = step.number


@fault(3)
def kill_while_it_reconnects(world: World, step: Step) -> None:
    _end(world, Disconnect(DisconnectKind.CLOSED, reason="X closed the connection"))
    kill(world, step)


@fault(3)
def told_to_stop(world: World, step: Step) -> None:
    process = _victim(world)
    if process is not None:
        process.tell()


@fault(4)
def freeze(world: World, step: Step) -> None:
    """The process is stopped (SIGSTOP), or its machine sleeps."""
    process = _victim(world)
    if process is not None and not process.frozen:
        process.frozen = process.was_frozen = True
        _until(world, step.seconds, lambda: world.loop.thaw(process))


@fault()
def forgotten_while_frozen(world: World, step: Step) -> None:
    """X loses count of a frozen holder's connection, so that another execution gets one beside it; the first one then runs again."""
    process = world.holder()
    if process is not None and not process.frozen:
        world.x.forget()
        process.frozen = process.was_frozen = True
        _until(world, 300.0, lambda: world.loop.thaw(process))
        world.start()


@fault()
def clock_set(world: World, step: Step) -> None:
    process = _victim(world)
    if process is not None:
        world.x.skewed = True
        process.skew = (-3_600.0, -45.0, 45.0, 900.0, 3_600.0)[step.number % 5]


@fault(1)
def clock_right(world: World, step: Step) -> None:
    process = _victim(world)
    if process is not None:
        process.skew = 0.0


@fault(1)
def pause(world: World, step: Step) -> None:
    """A person pauses the ingester, and resumes it later."""
    world.pause_by_person()

    def resume() -> None:
        world.paused = False
        if not world.stopping:
            world.start()

    _until(world, step.seconds + 60, resume)


@fault(1)
def second_one(world: World, step: Step) -> None:
    """Another execution starts while the first runs."""
    world.start()


@fault(1)
def limit_raised(world: World, step: Step) -> None:
    world.lift_limit()


@fault(3)
def searches_by_hand(world: World, step: Step) -> None:
    """Up to three people search at once while the stream is held, and one of them may be killed in the middle of a page."""
    for number in range(1 + step.number % 3):
        world.loop.call_later(2.0 * number, world.search, 2.0 + 2.0 * step.number)

    def kill_one() -> None:
        search = next((search for search in world.searches if search.running), None)
        if search is not None:
            search.dead, search.ended_at = True, world.loop.now

    if step.number % 2:
        world.loop.call_later(step.seconds % 30, kill_one)


@added_fault
def spending_cap(world: World, step: Step) -> None:
    """The account's spending cap is reached until a date that X names, some hours ahead."""
    hours = 1.5 + step.number / 4
    world.x.capped_until = world.loop.now + hours * HOUR
    date = datetime.fromtimestamp(world.x.now() + hours * HOUR, UTC).isoformat()
    problem = {"status": 403, "title": "SpendCapReached", "type": f"{_PROBLEM}credits", "reset_date": date}
    _fatal(world, Step(step.at, step.what, hours * HOUR), problem)


@added_fault
def counts_repeat(world: World, step: Step) -> None:
    """X's counts name a next page, which is the first one again, while a gap is filled."""
    world.x.wrong.setdefault(_COUNTS, deque()).extend(["repeats"] * 4)
    segment_of_posts(world, step)  # so that a further page is worth its price
    close(world, step)


@added_fault
def close_after_each_post(world: World, step: Step) -> None:
    """X ends each connection after one post, for an hour or two."""
    world.x.one_post_until = world.loop.now + HOUR * (1 + step.number % 2)


@added_fault
def delivered_for_each_rule(world: World, step: Step) -> None:
    """X delivers posts that match two rules once for each."""
    for number in range(step.number):
        world.loop.call_later(30.0 * number, world.x.make_for_two_rules)


@added_fault
def paid_line_that_is_not_text(world: World, step: Step) -> None:
    """X sends, and bills, posts whose bytes are not UTF-8."""
    if world.x.connection is not None:
        for number in range(6 * step.number):
            world.x.connection.write(PaidLine(b"\xff%d" % number), world.loop.now)


SECOND = "second_one"


def sequence(seed: str) -> list[Step]:
    """Draw eight to sixteen faults within six hours. Some come within seconds of each other, which finds the most mistakes."""
    rng = random.Random(f"faults {seed}")
    names = [name for name in _WEIGHTS if name != SECOND]
    steps: list[Step] = []
    at = 0.0
    for _ in range(rng.randint(8, 16)):
        at = rng.uniform(120.0, LENGTH) if not steps or rng.random() < 0.6 else at + rng.expovariate(1 / 20.0)
        what = rng.choices(names, [_WEIGHTS[name] for name in names])[0]
        seconds = rng.choice((2.0, 20.0, 75.0, 150.0, 400.0, 1_500.0))
        steps.append(
            Step(round(min(at, LENGTH), 3), what, seconds, rng.randint(0, 40) if "kill" in what else rng.randint(1, 6))
        )
    if rng.random() < 0.2:
        steps += [Step(round(rng.uniform(60.0, LENGTH), 3), SECOND) for _ in range(rng.randint(1, 3))]
    for name in _ADDED:
        if rng.random() < _ADDED_SHARE:
            steps.append(Step(round(rng.uniform(60.0, LENGTH), 3), name, number=rng.randint(1, 6)))
    return sorted(steps, key=lambda step: step.at)
