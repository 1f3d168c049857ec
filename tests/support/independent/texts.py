"""What posts say: samples, words, emoji, conversations; and where they are from."""

import hashlib
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from emoji import emoji_list

from reports.params import Params
from reports.reading import Search

Rows = list[dict[str, Any]]
_SAMPLE_OF_WORDS = 20_000


def says(search: Search) -> pl.Expr:
    """Whether a text has one word of each group and none that is excluded; words without * and of one script only."""
    words = pl.col("text").str.to_lowercase().str.extract_all(r"\w+")
    found = pl.all_horizontal(
        pl.any_horizontal(words.list.contains(word) for word in group) for group in search.required
    )
    return found & ~pl.any_horizontal(words.list.contains(word) for word in (*search.excluded, "not a word"))


def sample(posts: pl.DataFrame, asked: Params) -> Rows:
    """Return every total/sample-th post, in the order of strata and hashes."""
    drawn = []
    for row in posts.filter(pl.col("retweet_of").is_null() & pl.col("text").is_not_null()).to_dicts():
        by = {"rule": ", ".join(row["rules"]), "language": row["lang"] or "und"}
        stratum = by.get(asked.by, row["local"].date().isoformat())
        drawn.append((stratum.encode(), _hash(f"{asked.seed}:{row['id']}"), stratum, row))
    drawn.sort(key=lambda one: one[:2])
    total = len(drawn)
    sizes = Counter(stratum for _, _, stratum, _ in drawn)
    so_far: Counter[str] = Counter()
    picked = []
    for place, (_, _, stratum, row) in enumerate(drawn, 1):
        so_far[stratum] += 1
        if asked.strata == "equal":
            is_drawn = so_far[stratum] <= -(-asked.sample // len(sizes))
        else:
            is_drawn = place * asked.sample // total > (place - 1) * asked.sample // total
        if is_drawn:
            picked.append((stratum, row))
    return [
        {
            "stratum": stratum,
            "stratum_posts": sizes[stratum],
            "posted_at": row["local"],
            "user_username": row["user_username"],
            "lang": row["lang"],
            "rules": ", ".join(row["rules"]),
            "sentiment": _three_digits(row["sentiment"]),
            "id": row["id"],
            "text": row["text"],
        }
        for stratum, row in sorted(picked, key=lambda one: (one[0].encode(), one[1]["local"], one[1]["id"]))
    ]


def grouped(posts: pl.DataFrame, asked: Params) -> Rows:
    """Return the sample whose topics are found, in the order of hashes."""
    drawn = posts.filter(pl.col("retweet_of").is_null() & pl.col("text").is_not_null()).to_dicts()
    drawn.sort(key=lambda row: (_hash(f"{asked.seed}:{row['id']}"), row["id"]))
    return [
        {
            "id": row["id"],
            "user_id": row["user_id"],
            "lang": row["lang"] or "und",
            "hour": row["local"].replace(minute=0, second=0),
            "sentiment": row["sentiment"],
            "text": row["text"],
        }
        for row in drawn[:5_000]
    ]


def _hash(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _three_digits(value: float | None) -> float | None:
    if value is None:
        return None
    return (1 if value >= 0 else -1) * int(abs(value) * 1_000 + 0.5 + 1e-9) / 1_000


def read(posts: pl.DataFrame, asked: Params) -> Rows:
    """Return the posts whose words are counted."""
    own = posts.filter(pl.col("retweet_of").is_null() & pl.col("text").is_not_null()).to_dicts()
    own.sort(key=lambda row: _hash(row["id"]))
    return [
        {
            "user_id": row["user_id"],
            "lang": row["lang"] or "und",
            "hour": row["local"].replace(minute=0, second=0),
            "is_this_week": row["created_at"] >= asked.until - timedelta(days=7),
            "rules": row["rules"],
            "parts": row["parts"],
            "text": row["text"],
        }
        for row in own[:_SAMPLE_OF_WORDS]
    ]


def emoji(posts: pl.DataFrame, asked: Params) -> Rows:
    """By a library that knows every sequence that Unicode recommends."""
    ids: dict[str, set[str]] = defaultdict(set)
    authors: dict[str, set[str]] = defaultdict(set)
    written: dict[str, set[str]] = defaultdict(set)
    for post_id, author, text in posts.select("id", "user_id", "text").iter_rows():
        for match in emoji_list(text or ""):
            key = match["emoji"].replace("\ufe0f", "")
            written[key].add(match["emoji"])
            ids[key].add(post_id)
            authors[key] |= {author} - {None}
    rows: Rows = [
        {"emoji": max(written[key]), "posts": len(ids[key]), "authors": len(authors[key])}
        for key in ids
        if len(ids[key]) >= asked.minimum
    ]
    return sorted(rows, key=lambda row: (-row["posts"], -row["authors"], row["emoji"].encode()))[:25]


def conversations(posts: pl.DataFrame, asked: Params) -> Rows:
    talks: dict[str, Rows] = defaultdict(list)
    for row in posts.filter(pl.col("retweet_of").is_null() & pl.col("conversation_id").is_not_null()).to_dicts():
        talks[row["conversation_id"]].append(row)
    rows: Rows = []
    for talk, listed in talks.items():
        times = [row["created_at"] for row in listed]
        rows.append(
            {
                "posts": len(listed),
                "authors": len({row["user_id"] for row in listed} - {None}),
                "replies": sum(row["reply_to"] is not None for row in listed),
                "hours": (max(times) - min(times)).total_seconds() / 3_600,
                "id": talk,
                "text": min(listed, key=lambda row: (row["created_at"], row["id"]))["text"],
            }
        )
    kept = [row for row in rows if row["posts"] >= max(asked.minimum, 2)]
    return sorted(kept, key=lambda row: (-row["posts"], -row["authors"], row["id"]))[:25]


def points(posts: pl.DataFrame) -> Rows:
    found: dict[tuple[float, float], int] = defaultdict(int)
    for latitude, longitude in posts.select("latitude", "longitude").iter_rows():
        if latitude is not None and longitude is not None:
            found[_tenth(latitude), _tenth(longitude)] += 1
    return [
        {"latitude": latitude, "longitude": longitude, "posts": count}
        for (latitude, longitude), count in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]


def _tenth(value: float) -> float:
    return (1 if value >= 0 else -1) * int(abs(value) * 10 + 0.5 + 1e-9) / 10


def hour_or_day(asked: Params, local: datetime) -> datetime:
    hour = local.replace(minute=0, second=0, microsecond=0)
    return hour if asked.until - asked.since <= timedelta(days=3) else hour.replace(hour=0)
