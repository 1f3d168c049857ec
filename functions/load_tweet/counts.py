"""What became of the messages, told in log lines: one a group (which messages ended how), one a second (all so far)."""

import asyncio
import atexit
from collections import Counter

from . import log
from .commit import Entry
from .errors import BadMoment


class Counts:
    """Cumulative since the process began to serve; `failed` and `busy` messages come again and are counted each time."""

    def __init__(self) -> None:
        self._totals: Counter[str] = Counter(loaded=0, filtered=0, rejected=0, failed=0, busy=0)
        self._told = 0
        self._last_failure: BadMoment | None = None
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        atexit.register(self.tell)

    def stored(self, entries: list[Entry]) -> None:
        """Name the messages, so that one that is delivered twice can be counted once."""
        ended: dict[str, list[str]] = {}
        for entry in entries:
            ended.setdefault(entry.result.outcome, []).append(entry.message_id)
        if ended:
            log.event("stored", **ended)
            self._totals.update({outcome: len(ids) for outcome, ids in ended.items()})

    def busy(self) -> None:
        self._totals["busy"] += 1

    def failed(self, error: BadMoment, message_id: str) -> None:
        """A failure is a whole group's: it is told once, not once a message."""
        self._totals["failed"] += 1
        if error is not self._last_failure:
            self._last_failure = error
            log.event("insert_failed", "ERROR", message=str(error)[:2_000], message_id=message_id)

    def tell(self) -> None:
        if self._told != self._totals.total():
            self._told = self._totals.total()
            log.event("totals", **self._totals)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.tell()
