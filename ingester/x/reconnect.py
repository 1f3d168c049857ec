"""What follows when a connection to X has ended. Pure: an ending in, an action out.

tweepy's own loop reconnects hot, retries fatal answers for ever and ignores what X says about its limits; here each answer
of X's has its action. The first reconnect after a good connection is at once.
"""

from dataclasses import dataclass
from datetime import datetime

from ..ledger.events import StopReason
from ..options import parse_time
from ..timeouts import Timeouts
from ..waits import doubled
from .disconnect import Disconnect, DisconnectKind


@dataclass(frozen=True, slots=True)
class Wait:
    """Connect again after so many seconds. If `is_required`, X named the wait, so it is lengthened by a second at the most."""

    seconds: float
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class TerminateStale:
    """X counts a connection that nobody holds: have it cleared, then connect after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class InstallRules:
    """X has no rules for us: install ours, then connect after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ReadToken:
    """X does not take the token: it may have been rotated. Read it again.

    The same token is tried once more after `wait`, because X has been seen to refuse a good one. If that fails, `otherwise` applies.
    """

    wait: Wait
    otherwise: "Stop"


@dataclass(frozen=True, slots=True)
class Stop:
    """Waiting does not help, or not soon. `message` says what to do; `reason` is short, for the ledger."""

    reason: StopReason
    message: str
    retry_after: float | None  # seconds; None: not before something has been changed
    until: datetime | None = None  # X's own date for it, if it names one that lies before `retry_after` is over


HOURS_A_DAY = 24
_CERTIFICATES = 5  # tries before a certificate that is not valid stops the ingester

Action = Wait | TerminateStale | InstallRules | ReadToken | Stop


def decide(ended: Disconnect, failures: int, times: Timeouts) -> Action:
    """Return what follows. `failures` counts the endings in a row before this one that were not good (`is_good`)."""
    if ended.kind == DisconnectKind.CERTIFICATE and failures >= _CERTIFICATES:
        return Stop(
            StopReason.CERTIFICATE,
            f"The certificate of X_API_URL is not valid ({ended.reason}). Is a proxy between this machine and X, and is its certificate "
            "authority in REQUESTS_CA_BUNDLE? Is this machine's clock right?",
            times.stopped,
        )
    if ended.kind == DisconnectKind.RULES_LOST:
        return InstallRules(0.0 if failures == 0 else doubled(times.http_first / 5, failures, times.reap * 2))
    if ended.kind != DisconnectKind.HTTP:
        at_once = is_good(ended, times) or failures == 0
        return Wait(0.0 if at_once else doubled(times.network_first, failures - 1, times.network_most))
    kind = str(ended.problem.get("type") or "").rsplit("/", 1)[-1]  # X's problem types differ in host only
    title = str(ended.problem.get("title") or "")
    reason = str(ended.problem.get("detail") or title or "no reason given")[:300]
    match ended.status:
        case 409:
            return InstallRules(0.0 if failures == 0 else doubled(times.http_first / 5, failures, times.reap * 2))
        case 401:
            return ReadToken(
                Wait(times.http_first),
                Stop(
                    StopReason.TOKEN,
                    f"X does not take the bearer token (401: {reason}). Was it revoked or mistyped? Put a good one into the "
                    "secret: a new version is read at the next start.",
                    times.stopped,
                ),
            )
        case 403 if kind == "credits" or title == "SpendCapReached":
            until = str(ended.problem.get("reset_date") or "")[:40]
            return Stop(
                StopReason.SPEND_CAP,
                f"X's account has reached its spending cap (403: {reason}){f', until {until}' if until else ''}. Wait for that date, or "
                "raise the cap in X's developer console: X is asked again then, and once a day. What is posted meanwhile is fetched "
                "by search afterwards.",
                times.stopped * HOURS_A_DAY,
                _date(until),
            )
        case 403:
            return Stop(
                StopReason.FORBIDDEN,
                f"X does not let this app use the filtered stream (403: {reason}). Attach the app to a project with access to it "
                "in X's developer console, or put another app's token into the secret.",
                times.stopped,
            )
        case 402:
            return Stop(
                StopReason.CREDITS,
                f"X's account has no credits left (402: {reason}). Buy credits, or raise the spending limit, in X's developer "
                "console. What is posted meanwhile is fetched by search afterwards.",
                times.stopped,
            )
        case 400:
            return Stop(
                StopReason.PARAMETERS,
                f"X does not take a parameter of ours (400: {reason}). The account may lack it, or X has changed: use a newer "
                "version of this program.",
                None,
            )
        case 429 if kind == "usage-capped" or title == "UsageCapExceeded":
            return Stop(
                StopReason.CAP,
                f"X's usage cap is reached ({ended.problem.get('period') or 'period not named'}). Wait for the next period, or "
                "raise the cap in X's developer console.",
                times.stopped,
            )
        case 429 if ended.problem.get("connection_issue") == "TooManyConnections":
            # the old connection often goes by itself within seconds
            return TerminateStale(times.reap) if failures else Wait(times.http_first)
        case 429 | 420 | 503:
            return _retry_after(ended, failures, times)
    return Wait(doubled(times.http_first, failures, times.http_most))


def _date(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None


def _retry_after(ended: Disconnect, failures: int, times: Timeouts) -> Wait | Stop:
    """Wait as long as X asks, but no less than our own back-off; if X asks for more than its own window, stop for an hour."""
    wish, busy = ended.reset_in, ended.status == 503
    own = (
        doubled(times.http_first, failures, times.http_most)
        if busy
        else doubled(times.rate_first, failures, times.rate_most)
    )
    if wish is None:
        return Wait(own)
    if wish > times.max_retry_after:
        return Stop(
            StopReason.LIMITED,
            f"X asks not to be called for {wish / 3_600:,.1f} hours ({ended.reason}), and its limits last 15 minutes. Is the app "
            "suspended? X's developer console says so. The stream is asked for again in an hour.",
            times.stopped,
        )
    least = own if busy else doubled(times.min_retry_after, failures, times.rate_most)
    return Wait(max(wish, least), is_required=wish >= least)


def is_good(ended: Disconnect, times: Timeouts) -> bool:
    """Whether the connection worked, so that back-off starts anew: it brought a post, or was held for a minute."""
    return ended.kind != DisconnectKind.HTTP and (ended.posts > 0 or ended.seconds >= times.good)
