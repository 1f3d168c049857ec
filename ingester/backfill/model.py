"""What filling a gap needs, how far it has come, and what became of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from posts import prices

from ..budget import Budget
from ..ledger.event_store import EventStore
from ..ledger.events import GapStatus
from ..ledger.model import Gap
from ..ledger.reservations import Reservations
from ..ports import Clock
from ..pubsub.publishing import MessagePublisher
from ..timeouts import Timeouts
from ..x.client import X
from ..x.consumer import Delivered
from ..x.rate_limit import ServerClock
from ..x.search import Counted, SearchedRule, created_at
from ..x.search_endpoints import SearchEndpoint
from .slices import Slice


@dataclass(frozen=True, slots=True)
class ManualSearch:
    """What a person wants of a search: all of it, or about `sample` posts in slices that are spread evenly over the time.

    `counted` is X's count, for which nobody has to pay twice; `total` is the count with which a sample began. `on_slice` is called with
    the progress after each slice. A slice begins only if the budget has room for all of its posts.
    """

    counted: Counted
    sample: int | None = None
    total: int | None = None
    on_slice: Callable[["Progress"], object] = lambda progress: None


@dataclass(frozen=True, slots=True)
class BackfillContext:
    """What the backfill needs. `publisher` is its own, because it waits until all is published; `stream_publisher` is the stream's,
    None in a search by hand.

    From `uncounted` on, the ledger may lack the count of what X delivered, because a process was killed before it wrote it down.
    """

    x: X
    publisher: MessagePublisher
    store: EventStore
    reservations: Reservations
    times: Timeouts
    clock: Clock
    server_clock: ServerClock
    began: datetime  # this process
    authors: bool
    referenced: bool = True
    stream_publisher: MessagePublisher | None = None
    rule_values: Mapping[str, str] = field(default_factory=dict)  # by id, of every rule that was in force at some time
    uncounted: datetime | None = None
    delivered: Callable[[], Sequence[Delivered]] = tuple  # the latest posts of the stream, of earlier connections too
    connected_since: Callable[[], datetime | None] = lambda: None  # None where the stream is not held

    def delivered_between(self, since: datetime, until: datetime) -> int:
        """Return how many posts that were made between two times the stream has delivered lately."""
        return sum(since <= created_at(str(item.post)) < until for item in self.delivered())

    @property
    def budget(self) -> Budget:
        return self.reservations.budget

    @property
    def most(self) -> int:
        """Return the most units that a post can cost."""
        return prices.most(authors=self.authors, referenced=self.referenced)


@dataclass(slots=True)
class Progress:
    """How far a gap is filled: up to `done`. Filling continues from there.

    `slices` are planned by X's counts; None until X has been asked for them. `notes` say what may be missing, in sentences for a person:
    a gap with none is filled, and one with any is partial.
    """

    done: datetime | None = None
    slices: list[Slice] | None = None
    expected: int | None = 0
    recovered: int = 0
    published: int = 0
    cut: bool = False
    no_archive: bool = False  # X does not let this app search the full archive
    late: bool = False  # posts were missing from before X was heard of last: it had stalled
    unreadable: set[bytes] = field(default_factory=set)  # that have been dead-lettered
    recount: bool = False  # X's counts were behind, and all slices are done
    times_behind: int = 0  # how often search or counts were found to be behind
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True, slots=True)
class BackfillResult:
    """What became of a gap; `notes` are sentences for a person."""

    status: GapStatus
    expected: int | None
    recovered: int | None
    published: int
    notes: list[str]
    complete_until_heard: bool = False  # nothing was missing from before X was heard of last: the gap began then


@dataclass(frozen=True, slots=True)
class BackfillJob:
    """One gap; what was posted before `counted_from` has been counted for another.

    By the monotonic clock: until `deadline` late posts are waited for, in all slices together, and until `quiet` for any at all.
    """

    context: BackfillContext
    gap: Gap
    rules: list[tuple[SearchedRule, SearchEndpoint]]
    counted_from: datetime
    progress: Progress
    deadline: float
    quiet: float
    by_hand: ManualSearch | None = None
