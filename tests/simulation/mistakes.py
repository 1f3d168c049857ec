"""Deliberate mistakes, at least one for each promise. The simulator must find each within a number of sequences.

docs/simulation.md has the table.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any

from ingester import budget
from ingester.backfill import backfill, lateness
from ingester.backfill.model import BackfillResult
from ingester.backfill.queue import GapQueue
from ingester.budget import Budget
from ingester.connection_loop import ConnectionLoop
from ingester.errors import NoLedger, Unavailable
from ingester.ledger import history
from ingester.ledger.events import GapStatus
from ingester.ledger.gaps import Gaps
from ingester.ledger.lease import Lease
from ingester.ledger.reservations import Reservations
from ingester.pubsub import envelope
from ingester.pubsub.envelope import Line, inspect_line
from ingester.stall import StallDetector
from ingester.timeouts import Timeouts
from ingester.watermark import PublishWatermark
from ingester.x import client, consumer, reconnect, rules
from ingester.x.consumer import StreamConsumer
from ingester.x.rate_limit import RateLimiter
from posts import limits, prices
from posts.prices import Resources, resources
from runtime.bearer_token import Token

from . import world
from .world import TIMES
from .x import Stream


async def _nothing(self: Any, *arguments: Any) -> None: ...


def _always(self: Any, *arguments: Any) -> bool:
    return True


async def _gives_up(self: Any, refused: Token) -> bool:
    try:
        return bool(await self._tokens.renew(refused))
    except Exception:  # noqa: BLE001 - the mistake
        return False


_fill = backfill.fill


async def _takes_a_failure_for_the_end(context: Any, gap: Any, accounted: Any, progress: Any) -> BackfillResult:
    try:
        return await _fill(context, gap, accounted, progress)
    except (Unavailable, NoLedger):
        return BackfillResult(GapStatus.FILLED, 0, 0, 0, [])


async def _counts_again(context: Any, gap: Any, accounted: Any, progress: Any) -> BackfillResult:
    return await _fill(context, gap, None, progress)


def _heard(self: Any) -> datetime:
    return self.at(self._consumer.heard)  # type: ignore[no-any-return]


def _forgets_the_unpublished(self: Any, moment: float) -> datetime:
    return self._server_clock.of(moment)  # type: ignore[no-any-return]


def _posts_only(message: Any) -> Resources:
    return Resources(posts=resources(message).posts)


def _ends_at_once(self: Any, ended: Any) -> Any:
    return ended


def _never(self: Any, *arguments: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Mistake:
    """`wrong` takes the place of `right` in its class or module. It is found `within` so many sequences, first by the one of `seed`.

    `right` is the function itself, so that a new name of it reaches this table; a value is given by name.
    """

    owner: Any
    right: Callable[..., Any] | str
    wrong: Any
    within: int
    seed: int

    @contextmanager
    def in_force(self) -> Iterator[None]:
        name = self.right if isinstance(self.right, str) else self.right.__name__
        right = self.owner.__dict__[name]
        setattr(self.owner, name, self.wrong)
        try:
            yield
        finally:
            setattr(self.owner, name, right)


WITHOUT_EDGES: Timeouts = replace(TIMES, edge=0.0)


async def _unwritten(self: Any) -> None:
    """Reserve without a row."""


def _first(self: Any) -> Any:
    return [self._waiting[0]]


def _reads_for_nothing(raw: bytes) -> Line:
    return replace(inspect_line(raw), is_unreadable=False)


_publish = StreamConsumer._publish


def _takes_a_post_once(self: Any, raw: bytes, found: Line) -> None:
    if not found.id or [item.post for item in self.recent].count(int(found.id)) == 1:
        _publish(self, raw, found)


def _endless_number(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, str)) else None


_numbers = count()


def _always_new(item: Any) -> str:
    return str(next(_numbers))


MISTAKES: dict[str, Mistake] = {
    "the gap's row is not written before the reconnect": Mistake(Gaps, Gaps.record, _nothing, 300, 2),
    "no edge is searched around a gap": Mistake(world, "TIMES", WITHOUT_EDGES, 200, 3),
    "posts that Pub/Sub does not have are forgotten": Mistake(
        PublishWatermark, PublishWatermark.at, _forgets_the_unpublished, 300, 1
    ),
    "a stall is not noticed": Mistake(StallDetector, StallDetector._quiet, _never, 300, 27),
    "keep-alives count as proof that nothing was posted": Mistake(
        PublishWatermark, PublishWatermark.value, _heard, 50, 1
    ),
    "a token that X refuses once is a reason to stop": Mistake(
        ConnectionLoop, ConnectionLoop._note_refusal, _always, 300, 1
    ),
    "a secret that is out of reach is a reason to stop": Mistake(
        ConnectionLoop, ConnectionLoop._has_other_token, _gives_up, 300, 14
    ),
    "requests for counts are not billed": Mistake(Budget, Budget.add_request, _never, 50, 3),
    "a search spends before the ledger has a row": Mistake(Reservations, Reservations._record, _unwritten, 1_000, 641),
    "nobody reads what the others have spent": Mistake(Reservations, Reservations.refresh, _unwritten, 300, 4),
    "what X has written when the limit is reached is thrown away": Mistake(
        Stream, Stream._read_to_the_end, _ends_at_once, 300, 111
    ),
    "X's usage of the last period counts": Mistake(budget, "PLAUSIBLE_MORE", 10**9, 300, 38),
    "search is asked before it has caught up": Mistake(backfill, lateness.require_current_search, _nothing, 500, 270),
    "counts are believed before they have caught up": Mistake(lateness, "RECOUNTS", 0, 300, 1),
    "another app's rules count as ours": Mistake(rules, rules.missing, lambda ours, theirs: [], 300, 9),
    "an endless id is taken for one": Mistake(envelope, limits.parse_id, int, 300, 6),
    "users are not billed": Mistake(envelope, prices.resources, _posts_only, 10, 1),
    "the lease is ignored": Mistake(history, history.find_rival, lambda *a, **k: None, 100, 3),
    "the lease is not looked at after a lapse": Mistake(Lease, Lease.watch_for_newer, _nothing, 300, 208),
    "a stop is not remembered": Mistake(history, history.stop_in_force, lambda *a, **k: None, 100, 11),
    "connects are not limited": Mistake(RateLimiter, RateLimiter.delay, lambda self, now: 0.0, 300, 16),
    "a search that fails is the end of a gap": Mistake(backfill, backfill.fill, _takes_a_failure_for_the_end, 100, 1),
    "what two gaps share is counted twice": Mistake(backfill, backfill.fill, _counts_again, 100, 47),
    "each gap is counted by itself": Mistake(GapQueue, GapQueue._neighbours, _first, 100, 3),
    "a paid line that nobody can read costs nothing": Mistake(
        consumer, envelope.inspect_line, _reads_for_nothing, 100, 6
    ),
    "a post that comes for a second rule is left out": Mistake(
        StreamConsumer, StreamConsumer._publish, _takes_a_post_once, 100, 12
    ),
    "a number of X's may have any length": Mistake(client, client.whole_number, _endless_number, 100, 50),
    "X's date for its spending cap is not read": Mistake(reconnect, reconnect._date, lambda text: None, 100, 11),
    "X is asked each hour while its spending cap is reached": Mistake(reconnect, "HOURS_A_DAY", 1, 100, 30),
    "a page that X repeats is new": Mistake(client, client._name, _always_new, 300, 178),
}
