"""Counts what became of the messages that were read. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OUTCOMES = ("loaded", "filtered", "rejected", "deletions")  # the last: notices that a post was deleted
_ALWAYS_SAID = 3


@dataclass(slots=True)
class Totals:
    """`read` counts messages: a page of results counts as many as it has posts. `reasons` say why, as {"filtered: language": 3}.

    `unknown` counts fields of X's that the row code does not know, by their paths.
    """

    read: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: str, reason: str = "") -> None:
        self.outcomes[outcome] += 1
        if reason:
            self.reasons[f"{outcome}: {reason}"] += 1

    def reject(self, outcome: str, count: int, reason: str) -> None:
        """Count messages as rejected whose rows BigQuery refused, after all."""
        if count:
            self.outcomes[outcome] -= count
            self.outcomes["rejected"] += count
            self.reasons[f"rejected: {reason}"] += count

    @property
    def balanced(self) -> bool:
        return self.read == sum(self.outcomes[name] for name in OUTCOMES)

    def as_json(self) -> dict[str, Any]:
        return {
            "read": self.read,
            **{name: self.outcomes[name] for name in OUTCOMES},
            "reasons": dict(self.reasons),
            "unknown": dict(self.unknown),
        }


def from_json(record: Mapping[str, Any]) -> Totals:
    """Undo `as_json`."""
    return Totals(
        record["read"],
        Counter({name: record.get(name, 0) for name in OUTCOMES}),
        Counter(record["reasons"]),
        Counter(record["unknown"]),
    )


def total(parts: Iterable[Totals]) -> Totals:
    """Add up the totals of parts."""
    result = Totals()
    for part in parts:
        result.read += part.read
        result.outcomes += part.outcomes
        result.reasons += part.reasons
        result.unknown += part.unknown
    return result


def sentence(totals: Totals) -> str:
    shown = [name for number, name in enumerate(OUTCOMES) if number < _ALWAYS_SAID or totals.outcomes[name]]
    counts = " + ".join(f"{name} {totals.outcomes[name]:,}" for name in shown)
    why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(totals.reasons.items()))
    return f"read {totals.read:,} {'=' if totals.balanced else '≠'} {counts}" + (f" ({why})" if why else "")
