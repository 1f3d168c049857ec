"""The gap that goes on: what one before us left, or what begins where a connection ended.

It is in the ledger before the stream is held again, and goes to the filler when it is.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from . import events, log
from .events import Event, Gap
from .ledger import Ledger, NoLedger
from .rules import Rule

_ROW_SECONDS = 20.0  # for a row that is to be stored first


@dataclass(slots=True)
class _Open:
    gap: Gap
    told: bool = False  # to the ledger
    ours: bool = True  # its start is by this process's clock, not by that of one before


class Gaps:
    """One gap at most goes on at a time. `rules` are those in force, which a gap that begins is to be filled by."""

    def __init__(self, ledger: Ledger, rules: list[Rule]) -> None:
        self.rules = rules
        self._ledger = ledger
        self._open: _Open | None = None

    @property
    def since(self) -> datetime | None:
        """When the one that goes on began."""
        opened = self._open  # other threads ask as well
        return opened.gap.since if opened is not None else None

    def resume(self, diary: list[Event]) -> list[Gap]:
        """What earlier runs left open, and the time since the stream was last held. Returns the ones that have ended."""
        now = datetime.now(UTC)
        ended = []
        for gap in events.open_gaps(diary):
            if gap.until is None and self._open is None:
                self._open = _Open(gap, told=True, ours=False)  # the oldest goes on
            else:
                ended.append(gap if gap.until is not None else replace(gap, until=now))
        if self._open is None and (held := events.last_held(diary)):
            self._open = _Open(self._new(*held), ours=False)
        return ended

    def begin(self, since: datetime, reason: str) -> None:
        """The stream brought all that there was until `since`."""
        self._open = _Open(self._new(since, reason))

    def tell(self) -> None:
        """Before the stream is held again: whatever happens then, the gap is known."""
        if self._open is None or self._open.told:
            return
        try:
            self._ledger.write_now("gap_opened", _ROW_SECONDS, **_as_opened(self._open.gap))
        except NoLedger as error:
            # the row waits in the queue; should it be lost with us, the last heartbeat that was stored opens a wider one
            log.event("ledger_behind", "WARNING", message=f"The gap is not in the ledger yet: {error}")
        self._open.told = True

    def ended(self, ahead: timedelta) -> Gap | None:
        """Now, in X's time where this process's clock is `ahead` of it: search is asked by the times of X's ids."""
        if self._open is None:
            return None
        gap, until = self._open.gap, datetime.now(UTC)
        if ahead and self._open.ours:
            gap, until = replace(gap, since=min(gap.since, until) - ahead), until - ahead
        log.event(
            "gap", "WARNING", gap_id=gap.id, since=gap.since, until=until, reason=gap.reason,
            message=f"The stream was not held for {(until - gap.since).total_seconds():.1f} s ({gap.reason}); "
            "search is asked for what was posted.",
        )  # fmt: skip
        return replace(gap, until=until)

    def forget(self) -> None:
        """It is the filler's."""
        self._open = None

    def leave(self, since: datetime, until: datetime, reason: str) -> None:
        """One that has ended, and that only the next start can fill."""
        self._ledger.write("gap_opened", **_as_opened(self._new(since, reason)), until=until)

    def rules_as_row(self) -> list[dict[str, str]]:
        """The rules in force, as the ledger has them."""
        return _named(_plain(self.rules))

    def _new(self, since: datetime, reason: str) -> Gap:
        return Gap(f"{since:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}", since, reason, None, _plain(self.rules))


def _as_opened(gap: Gap) -> dict[str, Any]:
    return {"gap_id": gap.id, "since": gap.since, "reason": gap.reason, "rules": _named(gap.rules), "status": "open"}


def _plain(rules: Iterable[Rule]) -> tuple[tuple[str, str, str], ...]:
    return tuple((rule.id, rule.value, rule.tag) for rule in rules)


def _named(rules: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"id": rule_id, "value": value, "tag": tag} for rule_id, value, tag in rules]
