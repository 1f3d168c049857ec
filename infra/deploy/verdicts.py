"""From what doctor.sql found (bq's JSON on standard input) to a line a check: ok or bad, what was found, what to do.

Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

WARN_BELOW_DAYS = 3.0  # less is told
SOME = 20  # posts: a filter that has dropped fewer may be right


def verdicts(account: Mapping[str, Any], environ: Mapping[str, str]) -> Iterator[tuple[bool, str, str]]:
    """(good, what, remedy) each."""

    def number(name: str) -> int | None:
        return int(account[name]) if account.get(name) is not None else None

    holders = number("holders") or 0
    stopped = account.get("stopped") or ""
    last = f" Its last words: {stopped.partition(' ')[2][:200]}" if stopped else ""
    yield (
        holders == 1,
        f"the stream is held by {holders} ingesters",
        (
            f"Scheduler starts one each 15 minutes; ./deploy.sh resume starts one now.{last}"
            if holders == 0
            else "X lets one hold it; the other ends by itself within two minutes. If not: ./deploy.sh pause, then resume."
        ),
    )
    gaps, age = number("open_gaps") or 0, number("gap_seconds") or 0
    yield (
        age <= 900,
        f"{gaps} gaps are open, the oldest for {age:,} s",
        (
            "Search fills them; the ingester's log says what keeps it (fill_failed). After 7 days X forgets: ./deploy.sh run search"
        ),
    )
    limit, today = int(environ["MAX_POSTS_PER_DAY"]), number("today") or 0
    room = f"{today:,} of {limit:,} posts of this UTC day" if limit else f"{today:,} posts of this UTC day, no limit"
    yield (
        not limit or today < limit,
        f"budget: {room}",
        "The stream waits for the next day, or raise MAX_POSTS_PER_DAY and ./deploy.sh up ingester",
    )
    unended = number("unended") or 0
    yield (
        unended == 0,
        f"{unended:,} messages of the last two days arrived and have not become anything",
        (
            "The log of the function or the streaming job, and the alert 'messages wait in Pub/Sub', say why. ./deploy.sh run archive "
            "publishes them again."
        ),
    )
    kept, dropped = number("kept") or 0, number("dropped") or 0
    yield (
        kept > 0 or dropped < SOME,
        f"keywords.txt and LANGUAGES kept {kept:,} of the {kept + dropped:,} posts of the last two days",
        (
            "X has charged for all of them. Empty functions/load_tweet/keywords.txt to keep what your rules bring, or write words that "
            "your posts have: python -m functions.load_tweet.filter --what-if FILE tries them. Then ./deploy.sh up function"
        ),
    )
    rejected = number("rejected") or 0
    yield (
        rejected == 0,
        f"{rejected:,} messages of the last day were rejected or are dead letters",
        (
            f"The table {environ['BIGQUERY_DATASET']}.rejected has the reason of each; after a repair: ./deploy.sh run rejected"
        ),
    )
    asked_hours, since = number("asked_hours"), number("removal_hours")
    if asked_hours is not None:
        what = f"X was asked {asked_hours:,} hours ago which posts were deleted"
    elif since is None:
        what = "X was not asked yet which posts were deleted"
    else:
        what = f"since {since:,} hours X has not said to the end which posts were deleted"
    yield (
        (asked_hours if asked_hours is not None else since or 0) <= 24,
        what,
        "X's policy gives 24 hours. The log of the function remove-deleted says what keeps it: credits, token, the plan",
    )
    yield from _account(account)
    row = number("row_age")
    yield (
        row is not None,
        "no post has come yet" if row is None else f"the last post was stored {row:,} s ago",
        ("Do the rules match anything? ./deploy.sh run rules plan --price counts the last 7 days."),
    )


def _account(account: Mapping[str, Any]) -> Iterator[tuple[bool, str, str]]:
    """What is left at X, as far as X says it."""

    def real(name: str) -> float | None:
        return float(account[name]) if account.get(name) is not None else None

    dollars, days, cap, cap_days = (real(name) for name in ("credit_dollars", "credit_days", "cap_posts", "cap_days"))
    if dollars is not None:
        lasts = f", about {days:,.1f} days at the present rate" if days is not None else ""
        yield (
            dollars > 0 and (days is None or days >= WARN_BELOW_DAYS),
            f"X's credits: ${dollars:,.2f} left{lasts}",
            'Buy credits in X\'s developer console. docs/costs.md, "When the credits run out", says what happens at zero',
        )
    if cap is not None and cap_days is not None:
        yield (
            cap_days >= WARN_BELOW_DAYS,
            f"X's cap of {cap:,.0f} posts is reached in {cap_days:,.1f} days",
            "Then X ends the stream until its next period. Make a rule narrower: ./deploy.sh run rules plan --price",
        )


if __name__ == "__main__":
    for good, what, remedy in verdicts(json.load(sys.stdin)[0], os.environ):
        line = "\t".join(["ok" if good else "bad", what, remedy])
        print("".join(c if c == "\t" or c.isprintable() else " " for c in line))  # a stop's last words are X's
