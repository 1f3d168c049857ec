"""The reports' numbers computed a second time, by polars and plain Python from the raw rows, with none of the SQL.

`answers` has each question's rows by its name, in the report's order. Where a query joins by time, a loop over moments does it here.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import polars as pl

from reports import options
from reports.params import Params

from . import people, texts

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]

QUARTER = timedelta(minutes=15)
WEEK = timedelta(days=7)
_OURS = {"x.com", "twitter.com", "mobile.twitter.com", "pic.x.com", "pic.twitter.com", "t.co"}
_SITE = re.compile(r"(?i)^https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#:@]+)")
_WORDS = {
    "no_keyword": "add the words of keywords.txt to the rule",
    "excluded": "add the words that keywords.txt excludes, each with a minus",
    "retweet": "add -is:retweet",
    "language": "add the languages: (lang:en OR lang:es)",
}
_COLUMNS = (
    "id",
    "user_id",
    "user_username",
    "user_location",
    "user_followers_count",
    "text",
    "lang",
    "retweet_of",
    "quote_of",
    "reply_to",
    "original_retweet_count",
    "original_favorite_count",
    "sentiment",
    "sentiment_model",
    "source",
    "country_code",
    "tweet_location",
    "hashtags",
    "mentions",
    "urls",
    "rules",
    "keywords",
    "latitude",
    "longitude",
    "conversation_id",
)


def answers(tables: Tables, asked: Params) -> dict[str, Callable[[], Rows]]:
    """Return what computes each question's rows."""
    posts = _of(_tweets(tables), asked)
    gaps = _gaps(tables, asked)
    return {
        "totals": lambda: _totals(posts, asked),
        "posts_over_time": lambda: _by(  # of hours, which are added up afterwards
            posts, gaps, asked, "hour", lambda local: local.replace(minute=0, second=0, microsecond=0)
        ),
        "posts_by_day": lambda: _by(posts, gaps, asked, "day", lambda local: local.date()),
        "posts_by_week": lambda: _by(posts, gaps, asked, "week", partial(_week, asked)),
        "trend": lambda: _trend(tables, asked),
        "posts_by_region": lambda: _regions(posts),
        "posts_by_rule": lambda: _rules(posts),
        "languages": lambda: _languages(posts),
        "kinds": lambda: _kinds(posts),
        "dropped": lambda: _dropped(tables, asked),
        "cost_by_day": lambda: _cost(tables, asked),
        "top_authors": lambda: _authors(posts, asked),
        "top_hashtags": lambda: _tops(posts, asked, "hashtags", "hashtag", _hashtag),
        "top_mentions": lambda: _tops(posts, asked, "mentions", "mention", lambda text: "@" + text.lower()),
        "top_links": lambda: _tops(posts, asked, "urls", "site", _site),
        "top_pages": lambda: _tops(posts, asked, "urls", "page", _page),
        "authors_by_activity": lambda: _activity(posts, asked),
        "same_texts": lambda: _same(posts, asked),
        "top_originals": lambda: _originals(posts, asked),
        "sentiment_extremes": lambda: _extremes(posts, asked),
        "sentiment_by_hour": lambda: _moods(posts, asked),
        "sentiment_by_language": lambda: _moods_of_languages(posts),
        "engagement_by_hour_of_week": lambda: _hours_of_week(posts, gaps, asked),
        "engagement_by_age": lambda: people.engagement(posts, tables),
        "engagement_by_hour_posted": lambda: people.engagement_by_hour(posts, tables, asked),
        "engagement_life": lambda: people.life(posts, tables),
        "engagement_growth": lambda: people.growth(posts, tables),
        "receipt": lambda: _receipt(tables, asked),
        "gaps": lambda: _gap_list(tables, asked),
        "topics": lambda: texts.grouped(posts, asked),
        "words": lambda: texts.read(posts, asked),
        "top_emoji": lambda: texts.emoji(posts, asked),
        "conversations": lambda: texts.conversations(posts, asked),
        "posts_to_read": lambda: texts.sample(posts, asked),
        "points": lambda: texts.points(posts),
        "authors_by_day": lambda: people.by_day(posts),
        "rules_over_time": lambda: people.over_time(posts, _clock(asked), asked, "rules", "rule"),
        "keywords_over_time": lambda: people.over_time(posts, _clock(asked), asked, "keywords", "word"),
        "languages_over_time": lambda: people.over_time(posts, _clock(asked), asked, "lang", "lang"),
        "compared_parts": lambda: people.compared(posts, asked),
        "compared_words": lambda: texts.read(posts, asked),
        "compared_over_time": lambda: people.over_time(posts, _clock(asked), asked, "parts", "part"),
        **{f"network_of_{kind}": partial(people.network, posts, asked, kind) for kind in options.NETWORKS},
    }


def _tweets(tables: Tables) -> pl.DataFrame:
    """Return the newest version of each post, without those that an edit replaced."""
    gone = {row["id"] for row in tables.get("superseded", [])}
    rows = [
        {name: row.get(name) for name in _COLUMNS}
        | {name: _moment(row[name]) for name in ("created_at", "received_at", "loaded_at")}
        for row in tables["tweet_versions"]
        if row["id"] not in gone and row["source"] not in ("doctor", "refresh")
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.sort("loaded_at").unique(["created_at", "id"], keep="last", maintain_order=True)


def _of(posts: pl.DataFrame, asked: Params) -> pl.DataFrame:
    found = posts.filter((pl.col("created_at") >= asked.since) & (pl.col("created_at") < asked.until))
    if asked.keyword is not None:
        found = found.filter(pl.col("keywords").list.contains(asked.keyword))
    if asked.rule is not None:
        found = found.filter(pl.col("rules").list.contains(asked.rule))
    if asked.language is not None:
        found = found.filter(pl.col("lang").fill_null("und") == asked.language)
    if asked.source is not None:
        found = found.filter(pl.col("source") == asked.source)
    if asked.kind is not None:
        found = found.filter(people.kind() == asked.kind)
    if asked.search is not None:
        found = found.filter(texts.says(asked.search))
    return found.with_columns(
        local=pl.col("created_at").dt.convert_time_zone(asked.timezone).dt.replace_time_zone(None),
        parts=people.parts(asked),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _local(moment: datetime, asked: Params) -> datetime:
    return moment.astimezone(ZoneInfo(asked.timezone)).replace(tzinfo=None)


def _states(tables: Tables) -> Rows:
    """Return each gap's last row."""
    last: dict[str, dict[str, Any]] = {}
    for row in tables.get("ingester_events", []):
        if row["event"] not in ("gap_opened", "gap_filled"):
            continue
        before = last.get(row["gap_id"])
        rank = (row["event"] == "gap_filled", _moment(row["at"]))
        if before is None or rank > (before["event"] == "gap_filled", _moment(before["at"])):
            last[row["gap_id"]] = row
    return list(last.values())


def _gaps(tables: Tables, asked: Params) -> list[tuple[datetime, datetime, str]]:
    found = [
        (_moment(row["since"]), _moment(row["until"]) if row.get("until") else asked.until, row.get("status") or "open")
        for row in _states(tables)
    ]
    return [
        (max(since, asked.since), min(until, asked.until), status)
        for since, until, status in found
        if since < asked.until and until > asked.since
    ]


def _quarters(since: datetime, until: datetime) -> Iterable[datetime]:
    moment = datetime.fromtimestamp(since.timestamp() // 900 * 900, UTC)
    while moment < until:
        yield moment
        moment += QUARTER


def _week(asked: Params, local: datetime) -> date:
    return local.date() - timedelta(days=(local.weekday() - asked.week_start) % 7)


def _clock(asked: Params) -> list[datetime]:
    return [_local(quarter, asked) for quarter in _quarters(asked.since, asked.until)]


def _away(gaps: list[tuple[datetime, datetime, str]], since: datetime, until: datetime) -> int:
    """Return the seconds of an interval in which the stream was not held. Overlapping gaps count once."""
    seconds, reached = 0.0, since
    for gap in sorted(gaps):
        begin, end = max(gap[0], reached), min(gap[1], until)
        if end > begin:
            seconds, reached = seconds + (end - begin).total_seconds(), end
    return int(seconds)


def _periods(asked: Params, unit: Callable[[datetime], Any]) -> dict[Any, list[datetime]]:
    found: dict[Any, list[datetime]] = defaultdict(list)
    for quarter in _quarters(asked.since, asked.until):
        found[unit(_local(quarter, asked))].append(quarter)
    return found


def _totals(posts: pl.DataFrame, asked: Params) -> Rows:
    return [
        {
            "total_posts": posts.height,
            "unique_posts": posts.height - posts["text"].fill_null("").str.starts_with("RT @").sum(),
            "authors": posts["user_id"].drop_nulls().n_unique(),
            "languages": posts["lang"].drop_nulls().n_unique(),
            "first_post": posts["local"].min() if posts.height else None,
            "last_post": _local(posts["created_at"].max(), asked) if posts.height else None,  # type: ignore[arg-type]
        }
    ]


def _by(
    posts: pl.DataFrame,
    gaps: list[tuple[datetime, datetime, str]],
    asked: Params,
    name: str,
    unit: Callable[[datetime], Any],
) -> Rows:
    counted, again = Counter[Any](), Counter[Any]()
    for local, retweet in posts.select("local", pl.col("retweet_of").is_not_null()).iter_rows():
        counted[unit(local)] += 1
        again[unit(local)] += retweet
    return [
        {
            name: period,
            "posts": counted[period],
            "retweets": again[period],
            "seconds_not_held": sum(_away(gaps, quarter, quarter + QUARTER) for quarter in quarters),
        }
        for period, quarters in sorted(_periods(asked, unit).items())
    ]


def _trend(tables: Tables, asked: Params) -> Rows:
    begin = min(asked.since, asked.until - timedelta(hours=336)).replace(minute=0, second=0, microsecond=0)
    whole = replace(asked, since=begin)
    posts = _of(_tweets(tables), whole)
    gaps = _gaps(tables, whole)
    hour = _hour
    counts = Counter(hour(local) for local in posts["local"])
    first = posts["created_at"].min()
    known: dict[datetime, float | None] = {}
    for local, quarters in _periods(whole, hour).items():
        touched = any(since < quarter + QUARTER and until > quarter for quarter in quarters for since, until, _ in gaps)
        begun = first is not None and quarters[0] >= first  # type: ignore[operator]
        known[local] = counts[local] / max(len(quarters) / 4, 1) if begun and not touched else None
    rows = []
    before = hour(_local(asked.until - timedelta(hours=168, microseconds=1), asked))
    shown = hour(_local(asked.since, asked))
    for local in sorted(known):
        # the seven hours before of the same time of day that are in the calendar
        same = [one for one in sorted(known) if one.hour == local.hour and one < local][-7:]
        earlier = [value for one in same if (value := known[one]) is not None]
        usual = sum(earlier) / len(earlier) if earlier else None
        now = known[local]
        burst = (
            usual is not None
            and now is not None
            and len(earlier) >= 4
            and now >= 10
            and now >= 2 * usual
            and now > usual + 3 * usual**0.5
        )
        if local >= shown or local > before:
            is_compared = local > before and local - WEEK in known
            rows.append(
                {
                    "hour": local,
                    "posts": counts[local],
                    "week_before": counts[local - WEEK] if is_compared else None,
                    "usual": _round(usual, 2),
                    "burst": burst,
                }
            )
    return rows


def _hour(local: datetime) -> datetime:
    return local.replace(minute=0, second=0, microsecond=0)


def _round(value: float | None, digits: int) -> float | None:
    """Round half away from zero, as BigQuery does."""
    if value is None:
        return None
    scaled = int(abs(value) * 10**digits + 0.5 + 1e-9)
    return math.copysign(scaled / 10**digits, value)


def _regions(posts: pl.DataFrame) -> Rows:
    counted: Counter[tuple[str | None, ...]] = Counter()
    for code, place, written in posts.select("country_code", "tweet_location", "user_location").iter_rows():
        own = (written or "").strip() or None
        counted[code, place, own if place is None and code is None else None] += 1
    return [
        {"country_code": code, "tweet_location": place, "user_location": written, "posts": number}
        for (code, place, written), number in sorted(
            counted.items(), key=lambda one: (-one[1], *map(_nulls_first, one[0]))
        )
    ]


def _nulls_first(value: str | None) -> tuple[bool, bytes]:
    return (value is not None, (value or "").encode())


def _rules(posts: pl.DataFrame) -> Rows:
    named = pl.when(pl.col("rules").list.len() == 0).then(pl.lit(["(none)"])).otherwise(pl.col("rules")).alias("rules")
    rows = posts.select(named, "user_id", "source", pl.col("received_at").dt.date().alias("day")).explode("rules")
    found = rows.group_by(pl.col("rules").alias("rule")).agg(
        posts=pl.len(),
        authors=pl.col("user_id").drop_nulls().n_unique(),
        author_days=pl.struct("day", "user_id")
        .filter(pl.col("user_id").is_not_null() & (pl.col("source") != "import"))
        .n_unique(),
        dollars=(pl.col("source") != "import").sum() * 0.005,
    )
    return found.sort("posts", "rule", descending=[True, False]).to_dicts()


def _languages(posts: pl.DataFrame) -> Rows:
    found = posts.group_by(pl.col("lang").fill_null("und")).agg(
        posts=pl.len(), share=pl.len() / posts.height, with_sentiment=pl.col("sentiment").count() / pl.len()
    )
    return found.sort("posts", "lang", descending=[True, False]).head(25).to_dicts()


def _moods_of_languages(posts: pl.DataFrame) -> Rows:
    rows = []
    for (lang,), group in posts.with_columns(pl.col("lang").fill_null("und")).group_by("lang"):
        scores = [score for score in group["sentiment"] if score is not None]
        scored = group.filter(pl.col("sentiment").is_not_null())
        models = sorted({model or "vader" for model in scored["sentiment_model"]})
        counts = [
            sum(score <= -0.05 for score in scores),
            sum(-0.05 < score < 0.05 for score in scores),
            sum(score >= 0.05 for score in scores),
        ]
        negative, neutral, positive = (number / len(scores) if scores else None for number in counts)
        rows.append(
            {
                "lang": lang,
                "model": " and ".join([models[0], models[-1]][: len(models)]) if models else None,
                "posts": group.height,
                "scored": len(scores),
                "share_scored": len(scores) / group.height,
                "share_negative": negative,
                "share_neutral": neutral,
                "share_positive": positive,
                "mean": sum(scores) / len(scores) if scores else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["posts"], row["lang"]))[:25]


def _kinds(posts: pl.DataFrame) -> Rows:
    found = posts.group_by(people.kind().alias("kind")).agg(
        posts=pl.len(),
        share=pl.len() / posts.height,
        n=pl.lit(posts.height),
        in_gaps_filled=(pl.col("source") == "search").sum(),
    )
    return found.sort("posts", "kind", descending=[True, False]).to_dicts()


def _dropped(tables: Tables, asked: Params) -> Rows:
    ids: dict[str, set[str]] = defaultdict(set)
    paid: dict[str, set[str]] = defaultdict(set)
    for row in tables.get("filtered", []):
        if asked.since <= _moment(row["received_at"]) < asked.until:
            ids[row["reason"]].add(row["id"])
            if row.get("source") != "import":
                paid[row["reason"]].add(row["id"])
    return [
        {
            "reason": reason,
            "posts": len(found),
            "dollars": len(paid[reason]) * 0.005,
            "in_the_rule": _WORDS.get(reason, "no operator of X says this"),
        }
        for reason, found in sorted(ids.items(), key=lambda one: (-len(one[1]), one[0]))
    ]


def _cost(tables: Tables, asked: Params) -> Rows:
    """Sum the last row of each program and day, and the largest total of rows that have no number of their own."""
    units: dict[tuple[date, str], tuple[int, int]] = {}
    for row in tables.get("ingester_events", []):
        own, day = row.get("own_units"), _moment(row["at"]).date()
        if own is not None:
            key, entry = (day, row["holder"]), (row.get("sequence") or 0, own + (row.get("reserved_units") or 0))
        elif row.get("delivered_today") is not None:
            key, entry = (day, ""), (row["delivered_today"], row["delivered_today"])
        else:
            continue
        units[key] = max(units.get(key, entry), entry)
    days: Counter[date] = Counter()
    for (day, _), (_, spent) in units.items():
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if begin < asked.until and begin + timedelta(days=1) > asked.since:
            days[day] += spent
    return [{"day": day, "units": spent, "dollars": spent * 0.005} for day, spent in sorted(days.items())]


def _authors(posts: pl.DataFrame, asked: Params) -> Rows:
    found = (
        posts.filter(pl.col("user_id").is_not_null())
        .sort("received_at")
        .group_by("user_id")
        .agg(
            username=pl.col("user_username").last(),
            posts=pl.len(),
            own_posts=pl.col("retweet_of").is_null().sum(),
            followers=pl.col("user_followers_count").last(),
            reach=pl.col("user_followers_count").sum(),
            known=pl.col("user_followers_count").count(),
        )
    )
    kept = found.filter((pl.col("posts") >= asked.minimum) & (pl.col("known") > 0))
    return kept.sort("reach", "user_id", descending=[True, False]).head(25).drop("known").to_dicts()


def _tops(posts: pl.DataFrame, asked: Params, column: str, name: str, key: Callable[[str], str | None]) -> Rows:
    ids: dict[str, set[str]] = defaultdict(set)
    authors: dict[str, set[str]] = defaultdict(set)
    for post_id, author, listed in posts.select("id", "user_id", column).iter_rows():
        for text in listed or []:
            if (found := key(text)) is not None:
                ids[found].add(post_id)
                authors[found] |= {author} - {None}
    rows: Rows = [
        {name: one, "posts": len(ids[one]), "authors": len(authors[one])}
        for one in ids
        if len(ids[one]) >= asked.minimum
    ]
    return sorted(rows, key=lambda row: (-row["posts"], -row["authors"], row[name].encode()))[:25]


def _hashtag(text: str) -> str:
    return f"#{unicodedata.normalize('NFKC', text).casefold()}"


def _site(url: str) -> str | None:
    found = _SITE.match(url)
    return found[1].lower() if found and found[1].lower() not in _OURS else None


def _page(url: str) -> str | None:
    site = _site(url)
    return None if site is None else site + (urlsplit(url).path.rstrip("/"))


def _activity(posts: pl.DataFrame, asked: Params) -> Rows:
    bands = {1: "1", 2: "2 to 4", 5: "5 to 9", 10: "10 to 49", 50: "50 and more"}
    of_author: dict[str, Rows] = defaultdict(list)
    for row in posts.filter(pl.col("user_id").is_not_null()).to_dicts():
        of_author[row["user_id"]].append(row)
    banded: dict[int, list[Rows]] = defaultdict(list)
    for listed in of_author.values():
        banded[max(band for band in bands if band <= len(listed))].append(listed)
    total = sum(len(listed) for listed in of_author.values())
    week = asked.until - WEEK
    return [
        {
            "posts_each": bands[band],
            "authors": len(authors),
            "posts": sum(map(len, authors)),
            "share": sum(map(len, authors)) / total,
            "own_posts": sum(row["retweet_of"] is None for listed in authors for row in listed),
            "new_authors": sum(min(row["created_at"] for row in listed) >= week for listed in authors),
        }
        for band, authors in sorted(banded.items())
    ]


def _same(posts: pl.DataFrame, asked: Params) -> Rows:
    found: dict[str, Rows] = defaultdict(list)
    for row in posts.filter(pl.col("retweet_of").is_null() & pl.col("user_id").is_not_null()).to_dicts():
        if row["text"] is None:
            continue
        bare = re.sub(r"https?://\S+|@[A-Za-z0-9_]+", "", row["text"])
        letters = "".join(sign for sign in bare if unicodedata.category(sign).startswith("L")).lower()
        if len(letters) >= 20:
            found[letters].append(row)
    rows: Rows = []
    for listed in found.values():
        authors, times = {row["user_id"] for row in listed}, [row["created_at"] for row in listed]
        if len(authors) >= max(asked.minimum, 2):
            first = min(listed, key=lambda row: row["id"])
            rows.append(
                {
                    "authors": len(authors),
                    "posts": len(listed),
                    "minutes": (max(times) - min(times)).total_seconds() / 60,
                    "id": first["id"],
                    "text": first["text"],
                }
            )
    return sorted(rows, key=lambda row: (-row["authors"], -row["posts"], row["id"]))[:25]


def _originals(posts: pl.DataFrame, asked: Params) -> Rows:
    found = (
        posts.filter(pl.col("retweet_of").is_not_null())
        .sort("received_at")
        .group_by(pl.col("retweet_of").alias("id"))
        .agg(
            retweets_here=pl.len(),
            retweets=pl.col("original_retweet_count").max(),
            likes=pl.col("original_favorite_count").max(),
            text=pl.col("text").last(),
        )
    )
    kept = found.filter(pl.col("retweets_here") >= asked.minimum)
    order = sorted(
        kept.to_dicts(), key=lambda row: (-row["retweets_here"], row["likes"] is None, -(row["likes"] or 0), row["id"])
    )
    return order[:10]


def _extremes(posts: pl.DataFrame, asked: Params) -> Rows:
    own = posts.filter(pl.col("sentiment").is_not_null() & pl.col("retweet_of").is_null()).sort("created_at", "id")
    rows = own.unique(["user_id", "text"], keep="first", maintain_order=True).to_dicts()
    highest = sorted((r for r in rows if r["sentiment"] > 0), key=lambda r: (r["sentiment"], r["id"]), reverse=True)[
        :10
    ]
    lowest = sorted(
        sorted((r for r in rows if r["sentiment"] < 0), key=lambda r: r["id"], reverse=True),
        key=lambda r: r["sentiment"],
    )
    listed = sorted([*highest, *lowest[:10]], key=lambda r: (r["sentiment"], r["id"]), reverse=True)
    return [
        {
            "side": "positive" if r["sentiment"] > 0 else "negative",
            "sentiment": _round(r["sentiment"], 3),
            "id": r["id"],
            "posted_at": _local(r["created_at"], asked),
            "user_username": r["user_username"],
            "text": r["text"],
        }
        for r in listed
    ]


def _quartile(values: list[float], share: float) -> float:
    """Return the smallest value that at least such a share of the values does not exceed."""
    ordered = sorted(values)
    return next(value for number, value in enumerate(ordered, 1) if number >= share * len(ordered))


def _moods(posts: pl.DataFrame, asked: Params) -> Rows:
    seen: dict[datetime, list[float | None]] = defaultdict(list)
    for local, sentiment in posts.select("local", "sentiment").iter_rows():
        seen[_hour(local)].append(sentiment)
    rows = []
    for hour in sorted(_periods(asked, _hour)):
        scored = [value for value in seen[hour] if value is not None]
        enough = len(scored) >= max(asked.minimum, 1)
        rows.append(
            {
                "hour": hour,
                "posts": len(seen[hour]),
                "n": len(scored),
                "coverage": len(scored) / len(seen[hour]) if seen[hour] else None,
                "mean": sum(scored) / len(scored) if enough else None,
                "p25": _quartile(scored, 0.25) if enough else None,
                "median": _quartile(scored, 0.5) if enough else None,
                "p75": _quartile(scored, 0.75) if enough else None,
                "sum": float(sum(scored)),
                "sum_of_squares": float(sum(value * value for value in scored)),
            }
        )
    return rows


def _hours_of_week(posts: pl.DataFrame, gaps: list[tuple[datetime, datetime, str]], asked: Params) -> Rows:
    held: dict[tuple[int, int], float] = defaultdict(float)
    for quarter in _quarters(asked.since, asked.until):
        local = _local(quarter, asked)
        begin, end = max(quarter, asked.since), min(quarter + QUARTER, asked.until)
        held[local.weekday(), local.hour] += (end - begin).total_seconds() - _away(gaps, begin, end)
    seen: dict[tuple[int, int], Rows] = defaultdict(list)
    for row in posts.to_dicts():
        seen[row["local"].weekday(), row["local"].hour].append(row)
    rows = []
    for (weekday, hour), seconds in sorted(held.items()):
        here, hours = seen[weekday, hour], seconds / 3_600
        likes = [row["original_favorite_count"] for row in here if row["original_favorite_count"] is not None]
        counts = {
            "posts": len(here),
            "retweets": sum(row["retweet_of"] is not None for row in here),
            "quotes": sum(row["quote_of"] is not None and row["retweet_of"] is None for row in here),
            "replies": sum(row["reply_to"] is not None and row["retweet_of"] is None for row in here),
            "reach": sum(row["user_followers_count"] or 0 for row in here),
        }
        rows.append(
            {
                "weekday": weekday,
                "hour": hour,
                "hours": _round(hours, 2),
                "posts": len(here),
                **{f"{name}_an_hour": number / hours if hours else None for name, number in counts.items()},
                "n_originals": len(likes),
                "likes_of_originals": _quartile(likes, 0.5) if likes else None,
            }
        )
    return rows


def _receipt(tables: Tables, asked: Params) -> Rows:
    """Each message ended in one table; hours of arrival are whole ones, in UTC."""
    loaded = {row["id"] for row in tables["tweet_versions"]}
    filtered = {row["id"] for row in tables.get("filtered", [])}
    rejected = {row["message_id"] for row in tables.get("rejected", [])}
    ends: dict[datetime, dict[str, str]] = defaultdict(dict)
    for row in tables.get("archive", []):
        if row["source"] == "refresh":  # a reading is no post that arrived
            continue
        hour = _moment(row["received_at"]).replace(minute=0, second=0, microsecond=0)
        if asked.since.replace(minute=0, second=0, microsecond=0) <= hour < asked.until:
            end = "loaded" if row["id"] in loaded else "filtered" if row["id"] in filtered else ""
            ends[hour][row["id"] or row["message_id"]] = end or (
                "rejected" if row["message_id"] in rejected else "balance"
            )
    gaps = _gaps(tables, asked)
    for since, until, _ in gaps:
        hour = since.replace(minute=0, second=0, microsecond=0)
        while hour < until:
            ends[hour] |= {}
            hour += timedelta(hours=1)
    rows = []
    for hour in sorted(ends):
        until = hour + timedelta(hours=1)
        here = Counter(ends[hour].values())
        touching = Counter(
            status if status in ("open", "filled") else "not_filled"
            for since, end, status in gaps
            if since < until and end > hour
        )
        rows.append(
            {
                "hour": _local(hour, asked),
                "published": sum(here.values()),
                **{name: here[name] for name in ("loaded", "filtered", "rejected", "balance")},
                **{f"gaps_{name}": touching[name] for name in ("open", "filled", "not_filled")},
                "seconds_not_held": _away(gaps, hour, until),
            }
        )
    return rows


def _gap_list(tables: Tables, asked: Params) -> Rows:
    rows = []
    for row in _states(tables):
        since, until = _moment(row["since"]), _moment(row["until"]) if row.get("until") else None
        end = until or asked.until
        if not (since < asked.until and end > asked.since):
            continue
        expected, recovered = row.get("posts_expected"), row.get("posts_recovered")
        rows.append(
            {
                "since": _local(since, asked),
                "until": _local(until, asked) if until else None,
                "seconds": int((end - since).total_seconds()),
                "reason": row["reason"],
                "status": row.get("status") or "open",
                "posts_expected": expected,
                "posts_recovered": recovered,
                "missing": expected - recovered if expected is not None and recovered is not None else None,
                "note": row.get("note"),
                "since_offset": _offset(since, asked),
                "until_offset": _offset(until, asked) if until else None,
            }
        )
    return sorted(rows, key=lambda row: (row["since"], row["since_offset"]), reverse=True)


def _offset(moment: datetime, asked: Params) -> int:
    """Return the offset from UTC in minutes."""
    offset = moment.astimezone(ZoneInfo(asked.timezone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() // 60)
