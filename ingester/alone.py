"""Being the only one: X gives the stream to one connection, so a second ingester must not fight the first.

Who lives is told by the diary, where each writes a row a minute. Whom X still counts although nobody lives is a ghost.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from . import events, log
from .api import Unavailable, X
from .connects import Bucket
from .errors import Done
from .events import Event
from .ledger import Ledger, NoLedger
from .times import Times

Sleep = Callable[[str, float], None]


def wait_for_others(
    read: Callable[[], list[Event]], me: str, *, environ: Mapping[str, str], times: Times, sleep: Sleep
) -> list[Event]:
    """The diary, once nobody else lives. Raises Done if somebody does."""
    execution = environ.get("CLOUD_RUN_EXECUTION", "")
    seen: datetime | None = None
    diary = read()
    while other := events.rival(diary, me, datetime.now(UTC), times.fresh, execution):
        seen = seen or other.at
        age = (datetime.now(UTC) - other.at).total_seconds()
        # a job's Scheduler comes again in 15 minutes; whoever is started once has to find out now
        if "CLOUD_RUN_JOB" in environ or other.at > seen:
            raise Done(f"{other.holder} holds the stream: it was heard of {age:.0f} s ago. Nothing to do here.")
        sleep(f"{other.holder} was alive {age:.0f} s ago: it may still be", times.alive / 12)
        diary = read()
    return diary


def yield_to_another(ledger: Ledger, times: Times) -> None:
    """Thrown out because another took over? Then it is not for us to fight. Raises Done."""
    try:
        other = events.newer_holder(ledger.read(), ledger.holder, datetime.now(UTC), times.fresh)
    except NoLedger as error:
        log.event("ledger_away", "WARNING", message=str(error))
        return
    if other is not None:
        raise Done(f"{other.holder} has taken over the stream at {other.at:%T} UTC. Nothing to do here.")


class Ghosts:
    """Connections that X counts and nobody holds. X allows 25 clearings in 15 minutes."""

    def __init__(self, x: X, budget: Bucket) -> None:
        self._x = x
        self._budget = budget

    def there(self) -> bool:
        """Whether X counts a connection. What X does not say is taken for no: the stream's own answer will tell."""
        try:
            answer = self._x.connections()
        except Unavailable as error:
            log.event("connections_unknown", "WARNING", message=str(error))
            return False
        return answer.status == 200 and bool(answer.body.get("data"))

    def clear(self) -> None:
        if self._budget.wait(time.time()) > 0:
            log.event("ghost", "WARNING", message="X allows 25 clearings in 15 minutes: not cleared again")
            return
        self._budget.take(time.time())
        log.event("ghost", "WARNING", message="X counts a connection that nobody holds; it is cleared")
        try:
            self._x.clear_connections()
        except Unavailable as error:
            log.event("ghost", "WARNING", message=f"The old connection was not cleared: {error}")
