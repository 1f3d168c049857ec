"""The current gap: one that an earlier ingester left open, or one that begins where a connection ended.

Its row is written before the stream is held again; then the backfill takes the gap over. Times are X's, because searches use the times
of X's ids.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from runtime import log

from ..errors import NoLedger
from ..x.rate_limit import ServerClock
from ..x.rules import Rule
from ..x.rules_in_force import RulesInForce
from . import history
from .events import GapOpened
from .ledger import Ledger
from .model import Event, Gap

# a connect waits so long for the gap's row; if the row is lost, the last heartbeat opens a wider gap
_ROW_SECONDS = 2.0


@dataclass(slots=True)
class _Open:
    gap: Gap
    is_recorded: bool = False  # in the ledger


class Gaps:
    """Keeps track of the current gap; there is at most one."""

    def __init__(self, ledger: Ledger, rules: RulesInForce, server_clock: ServerClock) -> None:
        self._ledger = ledger
        self._rules = rules
        self._server_clock = server_clock
        self._open: _Open | None = None

    @property
    def since(self) -> datetime | None:
        """Return when the current gap began."""
        return self._open.gap.missing_since if self._open is not None else None

    def resume(self, events: list[Event]) -> list[Gap]:
        """Take what earlier runs left open, and the time since the stream was last held. Returns the gaps that have ended."""
        now = self._server_clock.now()
        ended = []
        for gap in history.open_gaps(events):
            if gap.until is None and self._open is None:
                self._open = _Open(gap, is_recorded=True)  # the oldest goes on
            else:
                ended.append(gap if gap.until is not None else replace(gap, until=now))
        if self._open is None and (coverage := history.last_coverage(events, now)):
            self._open = _Open(self._new(*coverage))
        return ended

    def begin(self, since: datetime, heard: datetime, reason: str) -> None:
        """Begin a gap. The stream certainly brought everything until `since`, and X was heard of until `heard`."""
        self._open = _Open(replace(self._new(since, reason), heard=max(since, heard)))

    async def record(self) -> None:
        """Write the gap's row before the stream is asked for, and give it a moment to be stored."""
        if self._open is None or self._open.is_recorded:
            return
        self._open.is_recorded = True
        gap = self._open.gap
        row = self._ledger.write(GapOpened(gap.id, gap.since, gap.reason, _as_row(gap.rules)))
        try:
            await self._ledger.wait_until_stored(row, _ROW_SECONDS)
        except NoLedger as error:
            log.event("ledger_behind", "WARNING", message=f"The gap is not in the ledger yet: {error}")

    def end(self) -> Gap | None:
        """End the current gap now, return it and forget it: from here on the backfill handles it."""
        if self._open is None:
            return None
        opened, until = self._open.gap, self._server_clock.now()
        heard = min(opened.missing_since, until)
        gap = replace(opened, since=min(opened.since, until), until=until, heard=heard)
        self._open = None
        log.event(
            "gap",
            "WARNING",
            gap_id=gap.id,
            since=heard,
            until=until,
            reason=gap.reason,
            message=f"The stream was not held for {(until - heard).total_seconds():.1f} s ({gap.reason}); "
            "search is asked for what was posted.",
        )
        return gap

    def rules_as_row(self) -> list[dict[str, str]]:
        """Return the rules in force, as the ledger has them."""
        return _as_row(_as_tuples(self._rules.listed))

    def _new(self, since: datetime, reason: str) -> Gap:
        return Gap(f"{since:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}", since, reason, None, _as_tuples(self._rules.listed))


def _as_tuples(rules: Iterable[Rule]) -> tuple[tuple[str, str, str], ...]:
    return tuple((rule.id, rule.value, rule.tag) for rule in rules)


def _as_row(rules: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"id": rule_id, "value": value, "tag": tag} for rule_id, value, tag in rules]
