"""What this costs a month, X and Google apart: python3 infra/deploy/estimate.py --posts-per-day N [--json].

Google's prices are in prices.json, X's in posts/prices.json, each with its source and the day it was read. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python3 -I does not look there
import price_list

_HERE = Path(__file__).resolve()
X: dict[str, dict[str, Any]] = json.loads((_HERE.parents[2] / "posts" / "prices.json").read_text(encoding="utf-8"))
PRICES: dict[str, dict[str, Any]] = json.loads(_HERE.with_name("prices.json").read_text(encoding="utf-8"))
CONDITIONS = sum(
    len(json.loads(file.read_text(encoding="utf-8"))["conditions"])
    for file in (_HERE.parents[1] / "monitoring" / "alerts").glob("*.json")
)
DAYS = 365 / 12
HOURS = DAYS * 24
MESSAGE = 3_000  # bytes of a post in Pub/Sub, request and envelope (docs/benchmarks/function.md)
ROW = 2_500  # bytes of a row in BigQuery
SECONDS_A_MESSAGE = 0.003  # of an instance's time, with SENTIMENT=multilingual and some idling; a fifth of it without
SCANS_A_DAY = 12  # of all messages, as rows and in the archive: two rounds, each a question and two sweeps
LOG_LINE = 700  # bytes; one a group of posts, here taken as one a post
GIB, TIB = 2**30, 2**40


def price(name: str) -> tuple[float, float]:
    """(dollars a unit, units that cost nothing a month)."""
    entry = PRICES[name]
    return entry["dollars"], entry.get("free", 0)


def beyond_free(name: str, units: float) -> float:
    dollars, free = price(name)
    return max(0.0, units - free) * dollars


def google(posts_a_day: float, loader: str = "function") -> dict[str, float]:
    """Dollars a month by what they are for, largest first; the floor is what holding the stream costs without a post."""
    posts = posts_a_day * DAYS
    seconds = HOURS * 3_600
    lines = {
        "ingester, always on (Cloud Run job, 1 vCPU, 512 MiB)": beyond_free("job_vcpu_second", seconds)
        + beyond_free("job_gib_second", seconds / 2),
        "Scheduler's ticks (each a minute of the job)": 4
        * HOURS
        * 60
        * (price("job_vcpu_second")[0] + price("job_gib_second")[0] / 2)
        + beyond_free("scheduler_job", 3),
        "Pub/Sub, in and out three times": beyond_free("pubsub_tib", posts * MESSAGE * 3 / TIB)
        + beyond_free("pubsub_retention_gib_month", posts_a_day * MESSAGE / GIB),
        **_loading(loader, posts),
        "BigQuery, streaming": beyond_free("bigquery_streaming_gib", posts * ROW / GIB),
        "BigQuery, the archive's subscription": beyond_free("pubsub_bigquery_tib", posts * MESSAGE / TIB),
        "BigQuery, storage after a month": beyond_free("bigquery_storage_gib_month", posts * (ROW + MESSAGE) / GIB),
        "BigQuery, looking for what was deleted": beyond_free(
            "bigquery_query_tib", posts * MESSAGE * SCANS_A_DAY * DAYS / TIB
        ),
        "logs": beyond_free("logging_gib", posts * LOG_LINE / GIB),
        "alerts": beyond_free("alert_condition", CONDITIONS),
        "image storage, secret": beyond_free("registry_gib_month", 0.6) + beyond_free("secret_version", 1),
    }
    return {name: round(dollars, 2) for name, dollars in sorted(lines.items(), key=lambda item: -item[1])}


def _loading(loader: str, posts: float) -> dict[str, float]:
    if loader == "dataflow":
        return {"Dataflow, one worker day and night (Streaming Engine comes on top)": streaming_worker()}
    busy = posts * SECONDS_A_MESSAGE
    return {
        "function, requests": beyond_free("function_request", posts),
        "function, CPU and memory": beyond_free("function_vcpu_second", busy)
        + beyond_free("function_gib_second", busy),
    }


def streaming_worker() -> float:
    """Dollars a month of one of Dataflow's workers, e2-standard-2: 2 vCPU and 8 GiB. A job has one, and two where one is not enough."""
    return HOURS * (2 * price("dataflow_vcpu_hour")[0] + 8 * price("dataflow_gib_hour")[0])


def x(posts_a_day: float, *, authors: bool, referenced: bool) -> tuple[float, float]:
    """Return (least, most) dollars a month: posts alone, or each a retweet that brings a new original and two new authors."""
    least = posts_a_day * DAYS * X["post"]["dollars"]
    return round(least, 2), round(posts_a_day * DAYS * most_a_post(authors=authors, referenced=referenced), 2)


def most_a_post(*, authors: bool, referenced: bool) -> float:
    """Return the most dollars that one post can cost with what comes with it (docs/costs.md)."""
    post_dollars: float = X["post"]["dollars"] + (X["user"]["dollars"] if authors else 0.0)
    return post_dollars * (2 if referenced else 1)


def readings_a_day(posts_a_day: float, ages: str, share: float, most: int) -> float:
    """Return how many posts a day are read again: at each age a share of them, in all at most `most` (0: no limit)."""
    readings = posts_a_day * share * len([age for age in ages.split(",") if age])
    return min(readings, most) if most else readings


def readings_dollars(readings: float) -> float:
    """Return what X charges a month for so many readings a day: a post's price each."""
    return round(readings * DAYS * float(X["post"]["dollars"]), 2)


def worst(per_day: int, per_month: int) -> float | None:
    """Dollars a month that the money guard lets X bill, and None without a limit.

    The guard counts everything that X may bill, in units of a post's price.
    """
    limits = [limit for limit in (per_day * 31, per_month) if limit]
    return round(min(limits) * X["post"]["dollars"], 2) if limits else None


def in_short(
    posts_a_day: float, per_day: int, per_month: int, *, authors: bool, referenced: bool, loader: str = "function"
) -> str:
    """Return the sentence that matters: what is paid a month, and after how many posts the limits stop the stream, if they do.

    A post costs from one unit, its own price, to as many as come with it; the limits count units.
    """
    least, most = x(posts_a_day, authors=authors, referenced=referenced)
    limit, bill = worst(per_day, per_month), sum(google(posts_a_day, loader).values())
    if limit is None or limit >= most:
        upto = f" to ${most + bill:,.0f}" if most > least else ""
        why = "no limit is set" if limit is None else "your limits do not stop the stream"
        return f"At {posts_a_day:,.0f} posts a day you pay ${least + bill:,.0f}{upto} a month; {why}."
    units = round(most_a_post(authors=authors, referenced=referenced) / X["post"]["dollars"])
    reached = [
        f"{number // units:,} to {number:,} posts of a {period}" if units > 1 else f"{number:,} posts of a {period}"
        for number, period, posts in ((per_day, "day", posts_a_day), (per_month, "month", posts_a_day * DAYS))
        if number and number < posts * units
    ]
    return (
        f"At {posts_a_day:,.0f} posts a day your limits stop the stream after {', and after '.join(reached)}, by what comes with them; "
        f"you pay at most ${limit + bill:,.0f} a month, ${limit:,.0f} to X and ${bill:,.0f} to Google."
    )


def _format_number(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def compare_with_x() -> None:
    """Say where X's own list differs from ours; that it cannot be read is a note."""
    try:
        differ = list(price_list.differences(price_list.fetch()))
    except price_list.ListUnread as error:
        print(f"Note: {error}, so X's prices above are those of posts/prices.json.")
        return
    if not differ:
        print("X's own price list, read just now, has the same prices.")
    for sentence in differ:
        print(
            f"X's price list differs: {sentence}. Take a newer version of this program; the money guard counts with its own prices."
        )


def show(
    posts_a_day: float,
    per_day: int,
    per_month: int,
    *,
    authors: bool,
    referenced: bool,
    loader: str,
    readings: float = 0.0,
) -> None:
    lines = google(posts_a_day + readings, loader)
    floor = sum(google(0, loader).values())
    least, most = x(posts_a_day, authors=authors, referenced=referenced)
    limit, bill = worst(per_day, per_month), sum(lines.values())
    print(in_short(posts_a_day, per_day, per_month, authors=authors, referenced=referenced, loader=loader))
    print(
        f"Of it about ${floor:,.0f} a month is Google's price for a process that never sleeps, before the first post."
    )
    seconds = HOURS * 3_600
    pool = seconds * (price("worker_pool_vcpu_second")[0] + price("worker_pool_gib_second")[0] / 2)
    print(f"(As a Cloud Run worker pool about ${pool:,.0f}: docs/deploy.md.)\n")
    print(f"At {posts_a_day:,.0f} posts a day, without limits:")
    upto = f" to ${most:>10,.2f}" if most > least else ""
    print(f"  X        ${least:>10,.2f}{upto}")
    print(f"  Google   ${bill:>10,.2f}")
    both = f" to ${most + bill:>10,.2f}" if most > least else ""
    print(f"  together ${least + bill:>10,.2f}{both}")
    if readings:
        print(
            f"Reading posts again comes on top: up to {readings:,.0f} a day, ${readings_dollars(readings):,.2f} a month to X. Each is "
            "stored like a post, which Google's figures include."
        )
    if most > least:
        print("X's second figure is with authors and referenced posts; docs/costs.md says what each setting saves.")
    print("\nGoogle's bill, by what it is for:")
    for name, dollars in lines.items():
        if dollars:
            print(f"  ${dollars:>10,.2f}  {name}")
    if nothing := [name for name, dollars in lines.items() if not dollars]:
        print(f"  nothing for: {'; '.join(nothing)}")
    guard = f"X bills never more than ${limit:,.2f} a month" if limit is not None else "no limit is set"
    print(f"\nThe money guard (MAX_POSTS_PER_DAY={per_day}, MAX_POSTS_PER_MONTH={per_month}): {guard}.")
    free = "; ".join(
        f"{_format_number(entry['free'])} {entry['unit']} of {entry['what']}"
        for entry in PRICES.values()
        if "free" in entry
    )
    print(f"Free tiers are taken off, as if nothing else in the billing account used them: {free}.")
    days = [entry["read"] for entry in [*PRICES.values(), *X.values()]]
    print(f"Prices as of {min(days)} to {max(days)}, list, us-central1: infra/deploy/prices.json, posts/prices.json.")
    compare_with_x()
    unread = [name for name, entry in PRICES.items() if not entry["confirmed"]]
    print(f"Not read on Google's page but remembered, so look before you rely on them: {', '.join(unread)}.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./deploy.sh estimate", description=__doc__.splitlines()[0])
    parser.add_argument("--posts-per-day", type=float, required=True, metavar="N")
    parser.add_argument("--no-authors", dest="authors", action="store_false")
    parser.add_argument("--no-referenced", dest="referenced", action="store_false")
    parser.add_argument(
        "--refresh-after", default="", metavar="AGES", help="as REFRESH_AFTER: posts are read again at these ages"
    )
    parser.add_argument("--refresh-share", type=float, default=1.0, metavar="S")
    parser.add_argument("--refresh-max", type=int, default=100, metavar="N")
    parser.add_argument("--per-day", type=int, default=1_000)
    parser.add_argument("--per-month", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--loader", choices=("function", "dataflow"), default="function")
    parser.add_argument("--streaming", action="store_true", help="only what a streaming job costs, in dollars a month")
    parser.add_argument("--worst", action="store_true", help="only the worst case, in dollars a month")
    arguments = parser.parse_args()
    if arguments.posts_per_day < 0:
        parser.error("--posts-per-day is below 0")
    readings = readings_a_day(
        arguments.posts_per_day, arguments.refresh_after, arguments.refresh_share, arguments.refresh_max
    )
    if arguments.streaming:
        print(f"{streaming_worker():.0f}")
    elif arguments.worst:
        limit = worst(arguments.per_day, arguments.per_month)
        floor = sum(google(0, arguments.loader).values())
        most = most_a_post(authors=arguments.authors, referenced=arguments.referenced)
        print("unlimited" if limit is None else f"{limit:.2f}", f"{floor:.0f}", f"{most:.3f}")
    elif arguments.json:
        least, most = x(arguments.posts_per_day, authors=arguments.authors, referenced=arguments.referenced)
        lines = google(arguments.posts_per_day + readings, arguments.loader)
        print(
            json.dumps(
                {
                    "posts_per_day": arguments.posts_per_day,
                    "floor": round(sum(google(0, arguments.loader).values()), 2),
                    "x": {"least": least, "most": most, "guard": worst(arguments.per_day, arguments.per_month)},
                    "readings": {"per_day": readings, "x": readings_dollars(readings)},
                    "google": {"total": round(sum(lines.values()), 2), "lines": lines},
                    "prices": {**{f"x_{name}": entry for name, entry in X.items()}, **PRICES},
                },
                indent=1,
            )
        )
    else:
        show(
            arguments.posts_per_day,
            arguments.per_day,
            arguments.per_month,
            authors=arguments.authors,
            referenced=arguments.referenced,
            loader=arguments.loader,
            readings=readings,
        )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # piped into head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
