"""Deliberate mistakes, at least one for each promise. The simulator must find each within a number of sequences.

(where, what replaces it, within how many sequences it is found, and by which one first). docs/simulation.md has the table.
"""

from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from ingester.backfill import backfill
from ingester.backfill.model import BackfillResult
from ingester.errors import NoLedger, Unavailable
from ingester.ledger.events import GapStatus
from ingester.pubsub.envelope import Line, inspect_line
from ingester.timeouts import Timeouts
from ingester.x.consumer import StreamConsumer
from posts.prices import Resources, resources
from runtime.bearer_token import Token

from .world import TIMES


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


Mistake = tuple[str, str, Any, int, int]
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
    "the gap's row is not written before the reconnect": ("ingester.ledger.gaps", "Gaps.record", _nothing, 300, 2),
    "no edge is searched around a gap": ("tests.simulation.world", "TIMES", WITHOUT_EDGES, 200, 3),
    "posts that Pub/Sub does not have are forgotten": (
        "ingester.watermark",
        "PublishWatermark.at",
        _forgets_the_unpublished,
        300,
        1,
    ),
    "a stall is not noticed": ("ingester.stall", "StallDetector._quiet", _never, 300, 27),
    "keep-alives count as proof that nothing was posted": (
        "ingester.watermark",
        "PublishWatermark.value",
        _heard,
        50,
        1,
    ),
    "a token that X refuses once is a reason to stop": (
        "ingester.connection_loop",
        "ConnectionLoop._note_refusal",
        _always,
        300,
        1,
    ),
    "a secret that is out of reach is a reason to stop": (
        "ingester.connection_loop",
        "ConnectionLoop._has_other_token",
        _gives_up,
        300,
        14,
    ),
    "requests for counts are not billed": ("ingester.budget", "Budget.add_request", _never, 50, 3),
    "a search spends before the ledger has a row": (
        "ingester.ledger.reservations",
        "Reservations._record",
        _unwritten,
        1_000,
        641,
    ),
    "nobody reads what the others have spent": (
        "ingester.ledger.reservations",
        "Reservations.refresh",
        _unwritten,
        300,
        4,
    ),
    "what X has written when the limit is reached is thrown away": (
        "tests.simulation.x",
        "Stream._read_to_the_end",
        _ends_at_once,
        300,
        111,
    ),
    "X's usage of the last period counts": ("ingester.budget", "_PLAUSIBLE_MORE", 10**9, 300, 38),
    "search is asked before it has caught up": ("ingester.backfill.backfill", "check_search", _nothing, 500, 270),
    "counts are believed before they have caught up": ("ingester.backfill.lateness", "_RECOUNTS", 0, 300, 1),
    "another app's rules count as ours": ("ingester.x.rules", "missing", lambda ours, theirs: [], 300, 9),
    "an endless id is taken for one": ("ingester.pubsub.envelope", "parse_id", int, 300, 6),
    "users are not billed": ("ingester.pubsub.envelope", "resources", _posts_only, 10, 1),
    "the lease is ignored": ("ingester.ledger.history", "rival", lambda *a, **k: None, 100, 3),
    "the lease is not looked at after a lapse": ("ingester.ledger.lease", "Lease.keep", _nothing, 300, 208),
    "a stop is not remembered": ("ingester.ledger.history", "stop_in_force", lambda *a, **k: None, 100, 11),
    "connects are not limited": ("ingester.x.rate_limit", "RateLimiter.delay", lambda self, now: 0.0, 300, 16),
    "a search that fails is the end of a gap": (
        "ingester.backfill.backfill",
        "fill",
        _takes_a_failure_for_the_end,
        100,
        1,
    ),
    "what two gaps share is counted twice": ("ingester.backfill.backfill", "fill", _counts_again, 100, 47),
    "each gap is counted by itself": ("ingester.backfill.queue", "GapQueue._neighbours", _first, 100, 3),
    "a paid line that nobody can read costs nothing": (
        "ingester.x.consumer",
        "inspect_line",
        _reads_for_nothing,
        100,
        6,
    ),
    "a post that comes for a second rule is left out": (
        "ingester.x.consumer",
        "StreamConsumer._publish",
        _takes_a_post_once,
        100,
        12,
    ),
    "a number of X's may have any length": ("ingester.x.client", "whole_number", _endless_number, 100, 50),
    "X's date for its spending cap is not read": ("ingester.x.reconnect", "_date", lambda text: None, 100, 11),
    "X is asked each hour while its spending cap is reached": ("ingester.x.reconnect", "_HOURS_A_DAY", 1, 100, 30),
    "a page that X repeats is new": ("ingester.x.client", "_name", _always_new, 300, 178),
}
