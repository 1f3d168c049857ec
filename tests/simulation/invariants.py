"""What must hold after a sequence of faults. Each function yields a sentence for each violation."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from ingester.errors import PublishFailed
from ingester.ledger.history import BY_HAND
from ingester.ledger.model import Event
from ingester.ledger.units import by_holder
from local.emulators.x.timeline import id_time
from runtime.errors import ExpectedError

from .world import MOST_UNITS, TIMES, World
from .x import LATE, T0, Post

_EDGE = TIMES.edge
_STOP_SECONDS = 10.0
_CONNECTS = 50
_NOTICED = 9_000.0
_LAST_ROW_SECONDS = 3.0  # from a burst of posts until the row that reserves more is stored
_ROW_SECONDS = 60.0  # until the rows that waited for BigQuery are stored
_AGAIN = 3
_HOUR = 3_600.0
_COUNTS_AN_HOUR = 40
_LAST_PAGE = 10 * MOST_UNITS  # units of the smallest page that X's search has
_STREAM_AHEAD = 60  # units that the stream may spend before it reads what others have spent


def violations(world: World) -> list[str]:
    """Return a sentence for each promise that was broken."""
    found: list[str] = []
    for check in (
        _ended_well,
        _nothing_lost,
        _gaps_cover,
        _counted_once,
        _connects,
        _one_holder,
        _money,
        _limit,
        _limit_is_reached,
        _stops,
        _fatal,
        _lease,
        _noticed,
        _token,
        _counts_are_few,
        _spending_cap,
        _every_rule,
    ):
        found += [f"{check.__name__.strip('_')}: {sentence}" for sentence in check(world)]
    return found


def events(world: World) -> list[Event]:
    return sorted((event for _, event, _ in world.table.rows.values()), key=lambda event: event.at)


def at(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _ended_well(world: World) -> Iterator[str]:
    """A process ends with one of its exit codes, never by an unexpected error."""
    for process in world.processes:
        if process.end is not None and not isinstance(process.end, ExpectedError):
            yield f"{process.name} ended by {type(process.end).__name__}: {process.end}"


def _gaps(world: World) -> list[tuple[datetime, datetime, Event]]:
    """Return each gap of the ledger with its last row: (since, until, row)."""
    newest: dict[str, Event] = {}
    for event in events(world):
        if event.event == "gap_filled" and event.gap_id and event.reason not in BY_HAND:
            newest[event.gap_id] = event
    return [(event.since, event.until, event) for event in newest.values() if event.since and event.until]


def _posts(world: World) -> list[Post]:
    """Return X's posts without the last seconds': what X sends late belongs to the edge of the next start's gap."""
    return [post for post in world.x.posts if post.at < world.x.ended_at - LATE]


def _lost(world: World) -> list[Post]:
    """Return the posts since the first connection that are missing in the topic although a rule in force before their gap matches them."""
    first = min((event.until or event.at for event in events(world) if event.event == "connected"), default=None)
    if first is None:
        return []
    lost = [post for post in _posts(world) if str(post.number) not in world.topic.ids and at(post.at) > first]
    rules = {
        event.gap_id: {rule["value"] for rule in event.rules or []}
        for event in events(world)
        if event.event == "gap_opened"
    }
    edge = timedelta(seconds=_EDGE)
    spans = [(since - edge, until + edge, rules.get(row.gap_id, set())) for since, until, row in _gaps(world)]

    def owed(post: Post) -> bool:
        asked = [values for since, until, values in spans if since <= at(post.at) <= until]
        return not asked or any(post.rule in values for values in asked)

    return [post for post in lost if owed(post)]


def _before_the_first(world: World) -> list[Post]:
    """Return posts from before the first connection that the edge of a counted gap reaches: X counts them, the stream never had them."""
    first = min((event.until or event.at for event in events(world) if event.event == "connected"), default=None)
    edge = timedelta(seconds=_EDGE)
    spans = [(since - edge, until + edge) for since, until, row in _gaps(world) if row.posts_expected is not None]
    return [
        post
        for post in world.x.posts
        if first is not None
        and at(post.at) <= first
        and str(post.number) not in world.topic.ids
        and any(since <= at(post.at) <= until for since, until in spans)
    ]


def _nothing_lost(world: World) -> Iterator[str]:
    """What X delivered, or search could return, is in the topic, or the ledger says that it was left out on purpose."""
    left_out = [
        (since, until) for since, until, row in _gaps(world) if row.status in ("skipped", "unfillable") or _cut(row)
    ]
    edge = timedelta(seconds=_EDGE)
    for post in _lost(world):
        if post.is_retweet or post.number in world.x.broken:
            continue
        if not any(since - edge <= at(post.at) <= until + edge for since, until in left_out):
            read = "was read by a process" if post.read else "was never read"
            yield f"post {post.number}, made at {post.at - T0:.1f} s, is in no topic; it {read}"
            return


def _cut(row: Event) -> bool:
    return "budget ended" in (row.note or "")


def _gaps_cover(world: World) -> Iterator[str]:
    """What the stream did not deliver was posted during a gap of the ledger, edges included."""
    spans = [(since, until) for since, until, _ in _gaps(world)]
    edge = timedelta(seconds=_EDGE)
    first = min((event.until or event.at for event in events(world) if event.event == "connected"), default=None)
    ids = _streamed(world)
    for post in _posts(world):
        if first is None or at(post.at) <= first or str(post.number) in ids:
            continue
        if not any(since - edge <= at(post.at) <= until + edge for since, until in spans):
            yield f"post {post.number}, made at {post.at - T0:.1f} s, did not come by the stream and lies in no gap"
            return


def _streamed(world: World) -> set[str]:
    return {message.id for _, message in world.topic.messages if message.source == "stream"}


def _counted_once(world: World) -> Iterator[str]:
    """The ledger's number of missing posts is right."""
    counted = [row for _, _, row in _gaps(world) if row.posts_expected is not None]
    ours = {rule.value for rule in world.our_rules}
    unknown = [
        row
        for _, _, row in _gaps(world)
        if None in (row.posts_expected, row.posts_recovered) and row.status in ("filled", "partial")
    ]
    told = sum((row.posts_expected or 0) - (row.posts_recovered or 0) for row in counted)
    edge = timedelta(seconds=_EDGE)
    blind = [(since - edge, until + edge) for since, until, row in _gaps(world) if row.posts_expected is None]
    missing = [
        post
        for post in [*_lost(world), *_before_the_first(world)]
        if not any(since <= at(post.at) <= until for since, until in blind)
    ]
    if unknown or world.x.core.counts_factor != 1 or any(post.rule not in ours for post in world.x.posts):
        return
    exactly = not blind and not world.x.forgot
    if told < len(missing) or (exactly and told > len(missing) + _came_after_all(world, counted)):
        yield f"gaps say that {told} posts are missing, and {len(missing)} are"


def _came_after_all(world: World, counted: list[Event]) -> int:
    """Return how many posts a frozen process found in its buffer and published after its successor had counted them as missing."""
    if not any(process.was_frozen for process in world.processes):
        return 0
    edge = timedelta(seconds=_EDGE)
    late = 0
    for received, message in world.topic.messages:
        made = at(id_time(int(message.id))) if message.source == "stream" and message.id.isdigit() else None
        late += made is not None and any(
            row.since and row.until and row.since - edge <= made <= row.until + edge and row.at < at(T0 + received)
            for row in counted
        )
    return late


def _connects(world: World) -> Iterator[str]:
    """X's limit on connects holds at every moment, over all processes."""
    times = [at for at, _, _ in world.x.attempts]
    for number in range(len(times) - _CONNECTS):
        if times[number + _CONNECTS] - times[number] < 900:
            yield f"{_CONNECTS + 1} connects within 15 minutes from {times[number]:.0f} s on"
            return


def _one_holder(world: World) -> Iterator[str]:
    """Two processes hold streams at once for no longer than the lease and the time to notice."""
    if world.held_together > TIMES.fresh + 2 * TIMES.alive:
        yield f"two processes held the stream for {world.held_together:.0f} s"


def _money(world: World) -> Iterator[str]:
    """Day by day, the sum of all holders' last rows is never below X's bill.

    But for what a process spent beyond its reservation and ended before BigQuery had the next row: killed within seconds, or ended in
    any way while BigQuery took no rows.
    """
    counted: dict[object, int] = defaultdict(int)
    for row in by_holder(events(world)):
        counted[row.day] += row.own + row.reserved
    bill: dict[object, int] = defaultdict(int)
    for charge in world.x.charges:
        if charge.caller.dead and charge.caller.ended_at - (charge.at - T0) < _LAST_ROW_SECONDS:
            continue
        if charge.caller.ended_at is not None and any(
            begun - _LAST_ROW_SECONDS <= charge.at - T0 <= ended + _ROW_SECONDS
            and charge.caller.ended_at <= ended + _ROW_SECONDS
            for begun, ended in world.table.outages
        ):
            continue
        bill[at(charge.at).date()] += charge.units
    for day, units in bill.items():
        if counted[day] < units:
            yield f"the guard counted {counted[day]} units on {day}, and X bills {units}"


def _limit(world: World) -> Iterator[str]:
    """Stream and searches together keep the day's limit, but for a page of X's least size each and the stream's overshoot."""
    if not world.limit_of_day:
        return
    lifted = T0 + world.limit_lifted_at
    charged = [charge for charge in world.x.charges if charge.at < lifted]
    for day in {at(charge.at).date() for charge in charged}:
        today = [charge for charge in charged if at(charge.at).date() == day]
        units = sum(charge.units for charge in today)
        programs = {charge.caller for charge in today}
        most = world.limit_of_day + _LAST_PAGE * len(programs) + _STREAM_AHEAD
        if units > most:
            yield f"X bills {units} units on {day}, and the limit is {world.limit_of_day} for {len(programs)} programs"


def _limit_is_reached(world: World) -> Iterator[str]:
    """Nobody stops for a limit that is not reached."""
    for event in events(world):
        if event.event != "stopped" or event.reason != "budget":
            continue
        counted = event.delivered_today or 0
        if not world.limit_of_day or counted < world.limit_of_day:
            yield f"{event.holder} stopped for a limit at {event.at:%T} with {counted} units of {world.limit_of_day}"


def _stops(world: World) -> Iterator[str]:
    """SIGTERM ends a running process within 10 s."""
    for process in world.processes:
        if process.requested_at is None or process.was_frozen or process.dead:
            continue
        if process.ended_at is None or process.ended_at - process.requested_at > _STOP_SECONDS:
            yield f"{process.name} was told to stop at {process.requested_at:.0f} s and ended at {process.ended_at}"


def _fatal(world: World) -> Iterator[str]:
    """After a fatal answer X is asked again at most once an hour."""
    asked = [(at, by) for at, status, by in world.x.attempts if status in (402, 403)]
    for (before, by), (after, _) in pairwise(asked):
        if by.dead:
            continue  # killed before the row was stored that says so
        if after - before < TIMES.stopped - 1 and not world.fatal_changed(before, after):
            yield f"a fatal answer at {before:.0f} s was asked about again at {after:.0f} s"
            return


def _lease(world: World) -> Iterator[str]:
    """A living holder with a fresh heartbeat is never thrown out, nor one again and again before its first byte."""
    thrown = Counter(holder for _, holder, _, _ in world.x.thrown_out)
    for at, holder, by, held in world.x.thrown_out:
        if not held and thrown[holder] < _AGAIN:
            continue  # two that start at once: one of them has to give way
        rows = [
            event.at.timestamp() - T0
            for when, event, who in world.table.rows.values()
            if who is holder and when < at - 5
        ]
        if holder.running_at(at) and rows and at - max(rows) < TIMES.fresh - 10:
            yield f"{by.name} threw out {holder.name} at {at:.0f} s, which had been heard of at {max(rows):.0f} s"
            return


def _token(world: World) -> Iterator[str]:
    """No process stops for its token while the secret has a good one."""
    for process in world.stopped_for_nothing:
        yield f"{process.name} stopped at {process.ended_at:.0f} s, and the secret had a good token"


def _noticed(world: World) -> Iterator[str]:
    """We end a silent connection, however little is known of how often posts come."""
    if world.x.unnoticed > _NOTICED:
        yield f"nobody noticed for {world.x.unnoticed:.0f} s that the stream said nothing"


def _counts_are_few(world: World) -> Iterator[str]:
    """An ingester asks for counts a few times an hour, however often X ends its connections."""
    asked = [c.at - T0 for c in world.x.charges if c.kind == "counts" and c.caller in world.processes]
    for first, last in zip(asked, asked[_COUNTS_AN_HOUR:], strict=False):
        if last - first < _HOUR:
            yield f"{_COUNTS_AN_HOUR + 1} requests for counts within an hour from {first:.0f} s on"
            return


def _spending_cap(world: World) -> Iterator[str]:
    """X is not asked before the date on which the spending cap ends."""
    for (before, by), (after, _) in pairwise(world.x.asked_while_capped):
        if after < world.x.capped_until and not by.dead:
            yield f"X was asked at {after:.0f} s, and had said at {before:.0f} s that its cap ends at {world.x.capped_until:.0f} s"
            return


def _every_rule(world: World) -> Iterator[str]:
    """A second delivery of a post, for another rule, is published as the first one is."""
    published = Counter(message.id for _, message in world.topic.messages if message.source == "stream")
    for post, reader in world.x.read_again:
        if published[str(post)] < 2 and not (reader.dead or isinstance(reader.end, PublishFailed)):
            yield f"post {post} was delivered for two rules, and published {published[str(post)]} times"
            return
