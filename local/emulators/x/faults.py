"""Faults of X that a test can request: `NAME@SECONDS` or `NAME@SECONDSxTIMES`, in seconds after the first connection.

In the stream: close · reset · partial (cuts a line, then closes) · silence · stall (keep-alives only) · disconnect (says so, then
closes) · disconnect-open (says so, and stays open) · duplicates · unknown · slow-reader · rules-gone (somebody deletes all rules).
At the next connects: 400 · 400-fields (an unknown field of posts) ·
401 · 402 · 402-credits · 403 · 409 (the rules are gone) · 429-rate · 429-cap · 429-connections (a ghost
connection, until it is cleared) · 500 · 503 · html · refuse (no answer at all). `rotate`: another token from now on.
At the next searches: search-401 · search-402 · search-429 · search-503 · search-garbled (200, cut off) · search-empty (an empty page
with more behind it). `no-archive`: from now on the app may not search the full archive.
"""

import re
from dataclasses import dataclass
from typing import Any

PROBLEM = "https://api.x.com/2/problems/"

IN_STREAM = (
    "close",
    "reset",
    "partial",
    "silence",
    "stall",
    "disconnect",
    "disconnect-open",
    "slow-reader",
    "duplicates",
    "unknown",
    "rules-gone",
)

# https://docs.x.com/x-api: (status, body, headers)
RESPONSES: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "400": (
        400,
        {
            "title": "Invalid Request",
            "type": f"{PROBLEM}invalid-request",
            "detail": "One or more parameters to your request was invalid.",
        },
        {},
    ),
    "400-fields": (
        400,
        {
            "errors": [
                {
                    "parameters": {"tweet.fields": ["paid_partnership"]},
                    "message": "The `tweet.fields` query parameter value [paid_partnership] is not one of [...]",
                }
            ],
            "title": "Invalid Request",
            "type": f"{PROBLEM}invalid-request",
            "detail": "One or more parameters to your request was invalid.",
        },
        {},
    ),
    "401": (401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, {}),
    "402": (
        402,
        {
            "title": "Payment Required",
            "detail": "credits depleted",
            "status": 402,
            "type": f"{PROBLEM}credits-depleted",
        },
        {},
    ),
    "402-credits": (
        402,
        {
            "title": "CreditsDepleted",
            "type": "https://api.twitter.com/2/problems/credits",
            "detail": "Your enrolled account does not have any credits to fulfill this request.",
        },
        {},
    ),
    "403": (
        403,
        {
            "title": "Client Forbidden",
            "type": "https://api.twitter.com/2/problems/client-forbidden",
            "detail": "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from "
            "a Twitter developer App that is attached to a Project.",
        },
        {},
    ),
    "429-rate": (
        429,
        {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429},
        {"x-rate-limit-remaining": "0", "x-rate-limit-reset": "+2"},
    ),
    "429-cap": (
        429,
        {
            "title": "UsageCapExceeded",
            "period": "Monthly",
            "scope": "Product",
            "detail": "Usage cap exceeded: Monthly product cap",
            "type": f"{PROBLEM}usage-capped",
        },
        {"x-rate-limit-remaining": "39999"},
    ),
    "500": (500, {"title": "Internal Server Error", "type": "about:blank"}, {}),
    "503": (
        503,
        {"title": "Service Unavailable", "detail": "Service Unavailable", "type": "about:blank", "status": 503},
        {},
    ),
}
AT_CONNECT = (*RESPONSES, "409", "429-connections", "html", "refuse", "rotate")
AT_SEARCH = ("search-401", "search-402", "search-429", "search-503", "search-garbled", "search-empty")
NAMES = (*IN_STREAM, *AT_CONNECT, *AT_SEARCH, "no-archive")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: `at` is in seconds after the first connection; `times` is how often it happens, or how many seconds it lasts."""

    name: str
    at: float
    times: int = 1


def parse(text: str) -> Fault:
    """Parse a fault. Raises ValueError, which names the known ones."""
    match = re.fullmatch(r"([a-z0-9-]+)@([0-9.]+)(?:x([0-9]+))?", text)
    if not match or match[1] not in NAMES:
        raise ValueError(f"'{text}' is no fault: NAME@SECONDS[xTIMES], with one of {', '.join(NAMES)}")
    return Fault(match[1], float(match[2]), int(match[3] or 1))


def disconnect() -> dict[str, Any]:
    """Return what X says in the stream before it closes it."""
    return {
        "errors": [
            {
                "title": "operational-disconnect",
                "disconnect_type": "OperationalDisconnect",
                "detail": "This stream has been disconnected for operational reasons.",
                "type": f"{PROBLEM}operational-disconnect",
            }
        ]
    }
