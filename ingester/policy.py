"""What follows when a connection to X has ended. Pure: an ending in, an action out.

tweepy's own loop reconnects hot, retries fatal answers for ever and ignores what X says about its limits; here each answer
of X's has its action. The first reconnect after a good connection is at once.
"""

from dataclasses import dataclass, field
from typing import Any

from .times import Times


@dataclass(frozen=True, slots=True)
class Ended:
    """How one connection ended.

    `how`: 'closed' (X closed it), 'network' (refused, reset, cut), 'silent' (no byte), 'stalled' (keep-alives, no posts),
    'unruled' (X has no rules, and so no posts), 'told' (X announced the end in the stream), 'http' (an answer other than 200).
    `held` is in seconds; `reset_in` is the seconds until X's rate limit ends, if it said.
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
class ClearGhost:
    """X counts a connection that nobody holds: have it cleared, then connect after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class InstallRules:
    """X has no rules for us: install ours, then connect after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ReadToken:
    """X does not take the token: it may have been rotated. Read it again; the same one is a reason to stop: `otherwise`."""

    otherwise: "Stop"


@dataclass(frozen=True, slots=True)
class Stop:
    """Waiting does not help, or not soon. `message` says what to do; `reason` is short, for the ledger."""

    reason: str
    message: str
    retry_after: float | None  # seconds; None: not before something has been changed


Action = Wait | ClearGhost | InstallRules | ReadToken | Stop


def decide(ended: Ended, failures: int, times: Times) -> Action:
    """`failures` counts the endings in a row before this one that were not good."""
    if ended.how != "http":
        at_once = ended.held >= times.good or failures == 0
        return Wait(0.0 if at_once else _grow(times.network_first, failures - 1, times.network_most))
    kind = str(ended.problem.get("type") or "").rsplit("/", 1)[-1]  # X's problem types differ in host only
    title = str(ended.problem.get("title") or "")
    said = str(ended.problem.get("detail") or title or "no reason given")[:300]
    match ended.status:
        case 409:
            return InstallRules(0.0 if failures == 0 else _grow(times.http_first / 5, failures, times.reap * 2))
        case 401:
            return ReadToken(
                Stop(
                    "token",
                    f"X does not take the bearer token (401: {said}). Was it revoked or mistyped? Put a good one into the "
                    "secret: a new version is read at the next start.",
                    times.stopped,
                )
            )
        case 403:
            return Stop(
                "forbidden",
                f"X does not let this app use the filtered stream (403: {said}). Attach the app to a project with access to it "
                "in X's developer console, or put another app's token into the secret.",
                times.stopped,
            )
        case 402:
            return Stop(
                "credits",
                f"X's account has no credits left (402: {said}). Buy credits, or raise the spending limit, in X's developer "
                "console. What is posted meanwhile is fetched by search afterwards, up to 7 days back.",
                times.stopped,
            )
        case 400:
            return Stop(
                "parameters",
                f"X does not take a parameter of ours (400: {said}). The account may lack it, or X has changed: use a newer "
                "version of this program.",
                None,
            )
        case 429 if kind == "usage-capped" or title == "UsageCapExceeded":
            return Stop(
                "cap",
                f"X's usage cap is reached ({ended.problem.get('period') or 'period not named'}). Wait for the next period, or "
                "raise the cap in X's developer console.",
                times.stopped,
            )
        case 429 if ended.problem.get("connection_issue") == "TooManyConnections":
            # the old connection often goes by itself within seconds
            return ClearGhost(times.reap) if failures else Wait(times.http_first)
        case 429 | 420:
            return Wait(
                ended.reset_in if ended.reset_in is not None else _grow(times.rate_first, failures, times.rate_most)
            )
    wait = _grow(times.http_first, failures, times.http_most)
    return Wait(max(wait, ended.reset_in or 0.0) if ended.status == 503 else wait)


def is_good(ended: Ended, times: Times) -> bool:
    """Whether the connection worked, so that back-off starts anew."""
    return ended.how != "http" and ended.held >= times.good


def jittered(seconds: float, share: float) -> float:
    """Up to a fifth longer, so that many who were thrown out together do not come back together; `share` is 0 to 1."""
    return seconds * (1.0 + 0.2 * share)


def _grow(first: float, times: int, most: float) -> float:
    return min(most, first * 2.0 ** min(times, 30))
