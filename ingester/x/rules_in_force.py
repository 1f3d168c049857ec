"""The rules that are in force at X, as far as they were last seen: a gap is filled by those that were in force before it."""

from .. import log
from ..errors import Unavailable
from ..ports import Clock
from . import rules
from .client import X
from .rules import Plan, Rule


class RulesInForce:
    """`listed` are X's, or the file's until X has been asked."""

    def __init__(self, x: X, ours: list[Rule], clock: Clock) -> None:
        self._x = x
        self._ours = ours
        self._clock = clock
        self._differ: Plan | None = None  # how X's rules and the file did at the last look
        self.listed = ours
        self.values: dict[
            str, str
        ] = {}  # by id, of every rule that was ever seen: X gives a rule that is added again another id
        self.seen_at = 0.0  # monotonic: when X was last known to have rules

    async def look(self) -> bool:
        """Ask X. Returns False when X has none at all: it then goes on with keep-alives, but refuses whoever connects."""
        asked = self._clock.monotonic()
        try:
            found = await rules.there(self._x)
        except Unavailable as error:
            log.event("rules_unknown", "WARNING", message=str(error))
            return True
        if found and found == self.listed:
            self.seen_at = asked
        elif found:
            self.listed, self.seen_at = found, asked
            self.values |= {rule.id: rule.value for rule in found}
            self._say_how_they_differ(found)
        return bool(found)

    async def install(self) -> None:
        """Give X the file's rules. Raises Refused where X does not take one of them."""
        try:
            await rules.install(self._x, self._ours)
        except Unavailable as error:
            log.event("rules_failed", "WARNING", message=str(error))
        else:
            await self.look()

    def _say_how_they_differ(self, found: list[Rule]) -> None:
        plan = rules.compare(self._ours, found)
        if plan != self._differ and (plan.changes or plan.foreign):
            log.event(
                "rules_differ",
                "WARNING",
                message=f"X's rules are not those of the file: {len(plan.add)} to add, {len(plan.remove)} to change, "
                f"{len(plan.foreign)} that the file does not name. python -m ingester rules plan shows them.",
            )
        self._differ = plan
