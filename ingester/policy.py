"""What follows when a connection to X has ended. Pure: an ending in, an action out.

Waits are X's own (https://docs.x.com/x-api/fundamentals/handling-disconnections): network errors 0.25 to 16 s, HTTP errors
5 to 320 s, rate limits 60 to 320 s or until the time that X names. The first reconnect after a good connection is at once.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Ended:
    """How one connection ended.

    `how`: 'closed' (X closed it), 'network' (refused, reset, silent), 'http' (an answer other than 200), 'told' (X
    announced the end in the stream). `held` is in seconds; `reset_in` is the seconds until X's rate limit ends, if it said.
    """

    how: str
    held: float = 0.0
    status: int = 0
    problem: dict[str, Any] = field(default_factory=dict)
    reset_in: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Connect again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class InstallRules:
    """X has no rules for us: install ours, then connect."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Waiting does not help; `message` says what to do."""

    message: str


Action = Wait | InstallRules | Stop

_GOOD = 60.0  # seconds: a connection held that long has earned an immediate reconnect


def decide(ended: Ended, failures: int) -> Action:
    """`failures` counts the endings in a row before this one that were not good."""
    kind = str(ended.problem.get("type") or "").rsplit("/", 1)[-1]  # X's problem types differ in host only
    title = str(ended.problem.get("title") or "")
    if ended.how != "http":
        return Wait(0.0 if ended.held >= _GOOD or failures == 0 else _grow(0.25, failures - 1, 16.0))
    match ended.status:
        case 409:
            return InstallRules()
        case 401 | 403:
            return Stop(
                f"X answers {ended.status} ({title or 'no reason given'}). Is the token right, and may its app use the filtered stream?"
            )
        case 402:
            return Stop(
                "X answers 402: the account has no credits left. Buy credits or raise the spending limit in X's developer console."
            )
        case 400:
            return Stop(
                f"X answers 400: {ended.problem.get('detail') or title}. A parameter is not allowed for this account."
            )
        case 429 if kind == "usage-capped" or title == "UsageCapExceeded":
            return Stop(
                f"X's usage cap is reached ({ended.problem.get('period') or 'period not named'}). Wait for the next one or raise the cap."
            )
        case 429 if ended.problem.get("connection_issue") == "TooManyConnections":
            return Wait(_grow(5.0, failures, 60.0))
        case 429 | 420:
            return Wait(ended.reset_in + 1.0 if ended.reset_in is not None else _grow(60.0, failures, 320.0))
    return Wait(_grow(5.0, failures, 320.0))


def is_good(ended: Ended) -> bool:
    """Whether the connection worked, so that back-off starts anew."""
    return ended.how != "http" and ended.held >= _GOOD


def _grow(first: float, times: int, most: float) -> float:
    return min(most, first * 2.0 ** min(times, 30))
