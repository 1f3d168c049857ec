"""The rules that are in force at X, as far as they were last seen: a gap is filled by those that were in force before it."""

from runtime import log

from ..errors import Unavailable
from ..ports import Clock
from ..waits import RULES_RETRY
from . import rules
from .client import X
from .rules import Plan, Rule

_IN_VAIN = 3  # times in a row that X may take rules and not list them


class RulesInForce:
    """`listed` are X's, or the file's until X has been asked."""

    def __init__(self, x: X, file_rules: list[Rule], clock: Clock) -> None:
        self._x = x
        self._file_rules = file_rules
        self._clock = clock
        self._differ: Plan | None = None  # how X's rules and the file did at the last look
        self.listed = file_rules
        self.values: dict[
            str, str
        ] = {}  # by id, of every rule that was ever seen: X gives a rule that is added again another id
        self._were_complete = False  # whether X was ever seen to have all of them
        self._missing: set[str] = set()  # values that X lacked at the last look
        self._installed: dict[str, str] = {}  # X's ids of our rules, by value: X may list a rule in other words
        self._not_before = 0.0  # monotonic: when rules may be installed again
        self._in_vain = 0  # times in a row that X took them and did not list them
        self._unlisted: set[str] = set()  # values that X takes and never lists
        self.seen_at = clock.monotonic()  # when X was last seen to have all of the file's rules

    async def refresh(self) -> bool:
        """Ask X. Returns False when X lacks one of the file's rules: its posts do not come, though the stream goes on.

        `listed` then stays as it was, because a gap is filled by the rules that were in force before it.
        """
        sent_at = self._clock.monotonic()
        try:
            current = await rules.fetch(self._x)
        except Unavailable as error:
            log.event("rules_unknown", "WARNING", message=str(error))
            return True
        listed = {rule.id for rule in current}
        lacking = {
            rule.value
            for rule in rules.missing(self._file_rules, current)
            if self._installed.get(rule.value) not in listed
        }
        self._unlisted &= lacking
        self._missing = lacking - self._unlisted
        if self._missing and sent_at < self._not_before:
            return True  # X does not take rules now, and the others of ours go on
        if self._missing:
            explanation = (
                "Somebody has taken them away; what was posted meanwhile is fetched. " if self._were_complete else ""
            )
            log.event(
                "rules_missing",
                "ERROR" if self._were_complete else "INFO",
                message=f"X lacks {len(self._missing)} of the file's {len(self._file_rules)} rules. {explanation}They are installed now.",
            )
            return False
        self.seen_at, self._were_complete, self._in_vain = sent_at, True, 0
        if current != self.listed:
            self.listed = current
            self.values |= {rule.id: rule.value for rule in current}
            self._say_how_they_differ(current)
        return True

    async def add_file_rules(self) -> None:
        """Give X the file's rules. Raises Refused where X does not take one of them."""
        try:
            self._installed |= await rules.add(self._x, self._file_rules)
        except Unavailable as error:
            self._not_before = self._clock.monotonic() + max(error.reset_in or 0.0, RULES_RETRY)
            log.event("rules_failed", "WARNING", message=str(error))
            return
        if await self.refresh():
            return
        self._in_vain += 1
        if self._in_vain >= _IN_VAIN:
            # X takes them and does not list them: to end the stream again and again would help nobody
            self._unlisted |= self._missing
            log.event(
                "rules_unlisted",
                "ERROR",
                message=f"X takes the file's rules and does not list {len(self._missing)} of them. The stream goes on; "
                "python -m ingester rules plan shows what X has.",
            )

    def _say_how_they_differ(self, current: list[Rule]) -> None:
        plan = rules.compare(self._file_rules, current)
        if plan != self._differ and (plan.changes or plan.foreign):
            log.event(
                "rules_differ",
                "WARNING",
                message=f"X's rules are not those of the file: {len(plan.add)} to add, {len(plan.remove)} to change, "
                f"{len(plan.foreign)} that the file does not name. python -m ingester rules plan shows them.",
            )
        self._differ = plan
