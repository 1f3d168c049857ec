"""What the ingester and its commands write into the ledger: a type for each kind of row of ingester_events.

Each has the columns of its kind; the columns that all rows share (holder, time, units) are added by `Ledger.write`. Rows of all
kinds and versions are read back as `model.Event`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class EventKind(StrEnum):
    """The column `event`."""

    STARTED = "started"
    CONNECTED = "connected"
    ALIVE = "alive"
    DISCONNECTED = "disconnected"
    REFUSED = "refused"  # X did not give the stream
    GAP_OPENED = "gap_opened"
    GAP_FILLED = "gap_filled"
    SEARCHED = "searched"  # up to `until`, by hand
    RESERVED = "reserved"  # units, before they are spent
    SPENT = "spent"  # the last count of a day that has ended
    STOPPED = "stopped"
    REDRIVEN = "redriven"


class GapStatus(StrEnum):
    """The column `status`."""

    OPEN = "open"
    FILLED = "filled"
    PARTIAL = "partial"
    UNFILLABLE = "unfillable"
    SKIPPED = "skipped"


class StopReason(StrEnum):
    """The column `reason` of a stop."""

    SIGNAL = "told"  # by a signal
    PAUSE = "pause"  # by ./deploy.sh pause
    BUDGET = "budget"
    POSTS = "posts"  # --posts
    CREDITS = "credits"
    SPEND_CAP = "spend_cap"
    CAP = "cap"
    TOKEN = "token"  # noqa: S105 - a reason
    FORBIDDEN = "forbidden"
    PARAMETERS = "parameters"
    RULES = "rules"
    LIMITED = "limited"  # X asks for a longer wait than its own windows
    CERTIFICATE = "certificate"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Started:
    kind: ClassVar[EventKind] = EventKind.STARTED


@dataclass(frozen=True, slots=True)
class Connected:
    kind: ClassVar[EventKind] = EventKind.CONNECTED
    rules: Sequence[dict[str, str]]  # in force
    until: datetime  # the end of the gap before


@dataclass(frozen=True, slots=True)
class Alive:
    kind: ClassVar[EventKind] = EventKind.ALIVE
    since: datetime | None  # up to when all is published; None where the stream is not held
    credit_dollars: float | None = None
    credit_days: float | None = None
    cap_posts: int | None = None
    cap_days: float | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    kind: ClassVar[EventKind] = EventKind.DISCONNECTED
    since: datetime  # up to when all is published
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectRefused:
    kind: ClassVar[EventKind] = EventKind.REFUSED
    reason: str


@dataclass(frozen=True, slots=True)
class GapOpened:
    kind: ClassVar[EventKind] = EventKind.GAP_OPENED
    gap_id: str
    since: datetime
    reason: str
    rules: Sequence[dict[str, str]]  # in force when it began
    status: GapStatus = GapStatus.OPEN


@dataclass(frozen=True, slots=True)
class GapFilled:
    kind: ClassVar[EventKind] = EventKind.GAP_FILLED
    gap_id: str | None
    since: datetime | None
    until: datetime | None
    reason: str | None
    status: GapStatus
    posts_expected: int | None
    posts_recovered: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Searched:
    kind: ClassVar[EventKind] = EventKind.SEARCHED
    gap_id: str
    since: datetime
    until: datetime | None
    reason: str
    posts_expected: int | None
    posts_recovered: int


@dataclass(frozen=True, slots=True)
class Reserved:
    kind: ClassVar[EventKind] = EventKind.RESERVED
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DayEnded:
    kind: ClassVar[EventKind] = EventKind.SPENT
    note: str = "the day has ended"


@dataclass(frozen=True, slots=True)
class Stopped:
    kind: ClassVar[EventKind] = EventKind.STOPPED
    reason: str  # a StopReason, or the name of the error that ended the process
    since: datetime | None = None  # up to when all is published
    retry_after: datetime | None = None
    condition: str | None = None  # whose change ends the stop
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Redriven:
    kind: ClassVar[EventKind] = EventKind.REDRIVEN
    since: datetime
    until: datetime
    posts_recovered: int


LedgerEvent = (
    Started
    | Connected
    | Alive
    | Disconnected
    | ConnectRefused
    | GapOpened
    | GapFilled
    | Searched
    | Reserved
    | DayEnded
    | Stopped
    | Redriven
)
