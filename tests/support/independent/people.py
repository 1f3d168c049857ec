"""Who writes when, what posts get later, comparisons over time, and networks."""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from reports.params import Params

from .texts import hour_or_day

Rows = list[dict[str, Any]]


def by_day(posts: pl.DataFrame) -> Rows:
    seen: set[str] = set()
    of_day: dict[Any, set[str]] = {}
    for author, local in posts.filter(pl.col("user_id").is_not_null()).select("user_id", "local").iter_rows():
        of_day.setdefault(local.date(), set()).add(author)
    rows = []
    for day, authors in sorted(of_day.items()):
        rows.append({"day": day, "authors": len(authors), "new_authors": len(authors - seen)})
        seen |= authors
    return rows


def over_time(posts: pl.DataFrame, moments: Iterable[datetime], asked: Params, column: str, name: str) -> Rows:
    """`moments` are all quarters of an hour of the period, as the zone's clocks show them."""
    totals: Counter[datetime] = Counter()
    named: Counter[tuple[datetime, str]] = Counter()
    for local, listed in posts.select("local", column).iter_rows():
        since = hour_or_day(asked, local)
        totals[since] += 1
        ones = listed if isinstance(listed, list) else [listed or "und"]
        named.update((since, one) for one in ones if name != "part" or one in asked.parts)
    all_of_them: Counter[str] = Counter()
    for (_, one), count in named.items():
        all_of_them[one] += count
    largest = sorted(all_of_them, key=lambda one: (-all_of_them[one], one.encode()))[:8]
    return [
        {
            "since": since,
            name: one,
            "posts": named[since, one],
            "share": named[since, one] / totals[since] if totals[since] else None,
        }
        for since in sorted({hour_or_day(asked, moment) for moment in moments})
        for one in largest
    ]


def kind() -> pl.Expr:
    return (
        pl.when(pl.col("retweet_of").is_not_null())
        .then(pl.lit("retweet"))
        .when(pl.col("quote_of").is_not_null())
        .then(pl.lit("quote"))
        .when(pl.col("reply_to").is_not_null())
        .then(pl.lit("reply"))
        .otherwise(pl.lit("original"))
    )


def parts(asked: Params) -> pl.Expr:
    """Return the list of the parts that a post belongs to."""
    if asked.compare is None:
        return pl.lit([], dtype=pl.List(pl.String))
    return {
        "language": pl.concat_list(pl.col("lang").fill_null("und")),
        "source": pl.concat_list(pl.col("source")),
        "kind": pl.concat_list(kind()),
        "rule": pl.col("rules"),
        "keyword": pl.col("keywords"),
    }[asked.compare]


def compared(posts: pl.DataFrame, asked: Params) -> Rows:
    rows = []
    for part in asked.parts:
        listed = posts.with_columns(kind=kind()).filter(pl.col("parts").list.contains(part)).to_dicts()
        if not listed:
            continue
        followers: dict[str, list[int]] = {}
        for row in listed:
            if row["user_id"] is not None:
                followers.setdefault(row["user_id"], []).append(
                    -1 if row["user_followers_count"] is None else row["user_followers_count"]
                )
        known = sorted(max(counts) for counts in followers.values() if max(counts) >= 0)
        signed = sum(row["user_id"] is not None for row in listed)
        scored = [row["sentiment"] for row in listed if row["sentiment"] is not None]
        share = {
            one: sum(row["kind"] == one for row in listed) / len(listed)
            for one in ("original", "retweet", "quote", "reply")
        }
        rows.append(
            {
                "part": part,
                "posts": len(listed),
                "authors": len(followers),
                "posts_per_author": signed / len(followers) if followers else None,
                "share_of_originals": share["original"],
                "share_of_retweets": share["retweet"],
                "share_of_quotes": share["quote"],
                "share_of_replies": share["reply"],
                "share_with_a_link": sum(bool(row["urls"]) for row in listed) / len(listed),
                "median_followers": known[(len(known) - 1) // 2] if known else None,
                "scored": len(scored),
                "sentiment": sum(scored) / len(scored) if scored else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["posts"], row["part"]))


Reading = tuple[float, dict[str, Any]]  # how old the post was, in hours, and the row


def _readings(posts: pl.DataFrame, tables: dict[str, Rows], *sources: str) -> dict[str, list[Reading]]:
    """Return the readings of each shown post that is no retweet, the youngest first."""
    shown = set(posts.filter(pl.col("retweet_of").is_null())["id"])
    of_post: dict[str, list[Reading]] = {}
    for row in tables["tweet_versions"]:
        if row["source"] in sources and row["id"] in shown:
            made, read = (
                datetime.fromisoformat(row[name]).replace(tzinfo=UTC) for name in ("created_at", "received_at")
            )
            of_post.setdefault(row["id"], []).append((int((read - made).total_seconds()) / 3_600, row))
    return {post_id: sorted(listed, key=lambda one: one[0]) for post_id, listed in of_post.items()}


def _first(readings: list[Reading], low: float, high: float) -> Reading | None:
    return next((one for one in readings if low <= one[0] <= high), None)


_DAY, _WEEK = (12, 48), (120, 216)


def engagement(posts: pl.DataFrame, tables: dict[str, Rows]) -> Rows:
    """Readings by the kind of their posts, in two windows of age; of several in a window the first."""
    kinds = dict(posts.with_columns(kind=kind()).select("id", "kind").iter_rows())
    groups: dict[tuple[str, str], Rows] = {}
    for post_id, listed in _readings(posts, tables, "refresh").items():
        for age, window in (("after about a day", _DAY), ("after about a week", _WEEK)):
            if found := _first(listed, *window):
                groups.setdefault((kinds[post_id], age), []).append(found[1])
    rows = [
        {
            "kind_and_age": f"{of_kind}, {age}",
            "posts_read": len(listed),
            "likes": _middle([row.get("favorite_count") for row in listed]),
            "likes_mean": _mean([row.get("favorite_count") for row in listed]),
            "reposts": _middle([row.get("retweet_count") for row in listed]),
            "reposts_mean": _mean([row.get("retweet_count") for row in listed]),
            "replies_mean": _mean([row.get("reply_count") for row in listed]),
            "quotes_mean": _mean([row.get("quote_count") for row in listed]),
            "impressions": _middle([_impressions(row) for row in listed]),
            "likes_per_1000_impressions": _rate(listed),
            "order": (age, -len(listed), of_kind),
        }
        for (of_kind, age), listed in groups.items()
    ]
    return [{name: row[name] for name in row if name != "order"} for row in sorted(rows, key=lambda row: row["order"])]


def engagement_by_hour(posts: pl.DataFrame, tables: dict[str, Rows], asked: Params) -> Rows:
    hours: dict[tuple[int, int], Rows] = {}
    for listed in _readings(posts, tables, "refresh").values():
        if found := _first(listed, *_DAY):
            made = (
                datetime.fromisoformat(found[1]["created_at"]).replace(tzinfo=UTC).astimezone(ZoneInfo(asked.timezone))
            )
            hours.setdefault((made.weekday(), made.hour), []).append(found[1])
    return [
        {
            "weekday": weekday,
            "hour": hour,
            "posts_read": len(listed),
            "likes_typical": _geometric([row["favorite_count"] for row in listed if row["favorite_count"] is not None]),
            "likes_mean": _mean([row["favorite_count"] for row in listed]),
            "reposts_mean": _mean([row["retweet_count"] for row in listed]),
            "replies_mean": _mean([row["reply_count"] for row in listed]),
            "quotes_mean": _mean([row["quote_count"] for row in listed]),
        }
        for (weekday, hour), listed in sorted(hours.items())
    ]


def life(posts: pl.DataFrame, tables: dict[str, Rows]) -> Rows:
    shares: dict[str, list[float]] = {}
    windows = {"after about an hour": (0.5, 2), "after about a day": _DAY, "after about a week": _WEEK}
    for all_of_post in _readings(posts, tables, "refresh").values():
        listed = [one for one in all_of_post if one[1]["favorite_count"] is not None]
        if not listed:
            continue
        last_age, last = listed[-1]
        for age, window in windows.items():
            found = _first(listed, *window)
            if found and found[0] < last_age and last["favorite_count"] > 0:
                shares.setdefault(age, []).append(min(found[1]["favorite_count"] / last["favorite_count"], 1.0))
    return [
        {"age": age, "posts_read": len(shares[age]), "share": _middle(shares[age])} for age in windows if age in shares
    ]


def growth(posts: pl.DataFrame, tables: dict[str, Rows]) -> Rows:
    texts, rows = dict(posts.select("id", "text").iter_rows()), []
    for post_id, listed in _readings(posts, tables, "refresh", "stream", "search").items():
        counted = [one for one in listed if one[1].get("favorite_count") is not None]
        if not counted:
            continue
        (_, first), (last_age, last) = counted[0], counted[-1]
        names = ("favorite_count", "retweet_count", "reply_count", "quote_count")
        if any(row[name] is None for row in (first, last) for name in names):
            continue
        gained = sum(last[name] - first[name] for name in names)
        if gained > 0:
            rows.append(
                {
                    "id": post_id,
                    "age_hours": last_age,
                    "likes": last["favorite_count"],
                    "gained": gained,
                    "text": texts[post_id],
                }
            )
    return sorted(rows, key=lambda row: (-row["gained"], row["id"]))[:10]


def _middle(values: list[Any]) -> Any:
    known = sorted(value for value in values if value is not None)
    return known[(len(known) - 1) // 2] if known else None


def _impressions(row: dict[str, Any]) -> int | None:
    found: int | None = (
        json.loads(row.get("payload") or "{}").get("data", {}).get("public_metrics", {}).get("impression_count")
    )
    return found


def _rate(listed: Rows) -> float | None:
    """Likes a thousand impressions, of the readings that have both."""
    both = [
        (row["favorite_count"], shown)
        for row in listed
        if (shown := _impressions(row)) is not None and row["favorite_count"] is not None
    ]
    impressions = sum(shown for _, shown in both)
    return 1_000 * sum(likes for likes, _ in both) / impressions if impressions else None


def _geometric(values: list[int]) -> float | None:
    return math.exp(sum(math.log(value + 1) for value in values) / len(values)) - 1 if values else None


def _mean(values: list[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def network(posts: pl.DataFrame, asked: Params, kind: str) -> Rows:
    weights: Counter[tuple[str, str]] = Counter()
    author_of = {row["id"]: row["user_username"] for row in posts.to_dicts()}
    for row in posts.to_dicts():
        own = row["user_username"]
        if kind == "hashtags":
            tags = sorted(
                {f"#{unicodedata.normalize('NFKC', tag).casefold()}" for tag in row["hashtags"] or []}, key=str.encode
            )
            weights.update(combinations(tags, 2))
        elif own is None:
            continue
        elif kind == "mentions" and row["retweet_of"] is None:
            weights.update({(f"@{own.lower()}", f"@{one.lower()}") for one in row["mentions"] or []})
        elif (
            kind == "retweets"
            and row["retweet_of"] is not None
            and (found := re.match(r"RT @([A-Za-z0-9_]+):", row["text"] or ""))
        ):
            weights[f"@{own.lower()}", f"@{found[1].lower()}"] += 1
        elif kind == "quotes" and (other := author_of.get(row["quote_of"])) is not None:
            weights[f"@{own.lower()}", f"@{other.lower()}"] += 1
    return [
        {"source": one, "target": other, "weight": weight}
        for (one, other), weight in sorted(
            weights.items(), key=lambda pair: (-pair[1], pair[0][0].encode(), pair[0][1].encode())
        )
        if weight >= asked.minimum
    ]
