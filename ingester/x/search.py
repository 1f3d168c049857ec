"""Search, for what the stream did not deliver: which queries, which posts, and as which messages. Pure but for `X`.

What search lacks beside the stream (facts of X's): retweets are left out of keyword queries since 2026-05-04, `sample:` and `bio:` do
not exist, and no post says which rule it matches: so one query a rule. Recent search goes back seven days and takes 512 characters; the
full archive takes a rule's 1,024 (search_endpoints.py).
"""

import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from posts import limits, snowflake
from posts.includes import as_object, index, referred
from posts.prices import Resources, resources

from ..errors import Denied
from ..options import parse_time
from .client import Response, X, whole_number
from .search_endpoints import ALL, LONGEST, RECENT, SearchEndpoint

DAYS = timedelta(days=7)
SHARE_FOR_COUNTS = 0.01  # of the price of the posts: so much may be spent on counting them
_BY_MINUTE, _BY_HOUR = timedelta(days=1), timedelta(days=31)
_BAD_QUERY = (400, 414, 422)
_NO_ARCHIVE = (403, 404)  # the app's plan has no full-archive search
_STREAM_ONLY = re.compile(r"(?<![\w:])-?(sample|bio|bio_name|bio_location):", re.IGNORECASE)
_SNOWFLAKE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(snowflake.EPOCH * 1_000))

SearchedRule = tuple[str, str, str]  # id, value, tag


class QueryRefused(Exception):
    """X does not take a query: not a matter of time. The text is X's."""


@dataclass(slots=True)
class SearchedPost:
    """A post of a search, with all rules that found it."""

    data: dict[str, Any]
    includes: dict[str, list[dict[str, Any]]]
    rules: list[dict[str, str]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.data["id"])

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)

    def payload(self) -> bytes:
        """One message in the stream's shape: compact, with only what the post refers to."""
        message: dict[str, Any] = {"data": self.data}
        if self.includes:
            message["includes"] = self.includes
        return orjson.dumps(message | {"matching_rules": self.rules})


def id_before(moment: datetime) -> str:
    """Return the last id before that millisecond. As `since_id` it includes the millisecond's first post, as `until_id` it excludes it."""
    return str((math.floor((moment - _SNOWFLAKE_EPOCH) / timedelta(milliseconds=1)) << 22) - 1)


def created_at(post_id: str) -> datetime:
    """Return when a post was made."""
    return _SNOWFLAKE_EPOCH + timedelta(milliseconds=int(post_id) >> 22)


class NoArchive(Exception):
    """X does not let this app search the full archive. The text is X's."""


def why_not_searchable(value: str, longest: int = LONGEST) -> str | None:
    """Return why search cannot be asked for a rule; None if it can. `longest` is in characters."""
    if len(value) > longest:
        return f"{len(value)} characters, and search takes {longest}"
    if match := _STREAM_ONLY.search(value):
        return f"search does not know {match[1]}:"
    return None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of search. `unreadable` are posts without an id that is a number, as X sent them; X may bill them all the same."""

    posts: list[SearchedPost]
    unreadable: list[bytes]
    billed: Resources


async def pages(
    x: X,
    rule: SearchedRule,
    since: datetime,
    until: datetime,
    *,
    authors: bool,
    referenced: bool,
    size: Callable[[], Awaitable[int]],
    endpoint: SearchEndpoint = RECENT,
) -> AsyncIterator[Page]:
    """Yield posts that match the rule, a page at a time, each of `size()` posts.

    Raises QueryRefused, NoArchive, Unavailable, and what `size` does.
    """
    rule_id, value, tag = rule
    first, last = id_before(since), id_before(until)
    responses = x.search(value, first, last, authors=authors, referenced=referenced, size=size, endpoint=endpoint)
    async for response in responses:
        _check(response, endpoint)
        included = index(response.body.get("includes"))
        named = [{"id": rule_id, "tag": tag}]
        data = response.body.get("data")
        readable, unreadable = [], []
        for post in data if isinstance(data, list) else []:
            if isinstance(post, dict) and limits.parse_id(post.get("id")) is not None:
                readable.append(SearchedPost(post, referred(post, included), list(named)))
            else:
                unreadable.append(orjson.dumps(post))
        yield Page(readable, unreadable, resources(response.body))


@dataclass(slots=True)
class Counted:
    """X's counts of an interval. `total` is None if X did not say; `requests` is the number of requests, `units` what X bills for them.

    `spans` are (start, end, posts) in order; empty if X gives only the total. X's counts are estimates: seen to be a few percent off.
    """

    total: int | None = 0
    requests: int = 0
    units: int = 0
    spans: list[tuple[datetime, datetime, int]] = field(default_factory=list)


async def counts(
    x: X,
    rules: Iterable[tuple[SearchedRule, SearchEndpoint]],
    since: datetime,
    until: datetime,
    spend: Callable[[int], Awaitable[object]],
) -> Counted:
    """Ask X how many posts match, retweets included; a post that matches two rules may count twice.

    Makes one request for as many rules as fit into a query: by minute for up to a day, by hour for up to a month, by day beyond that.
    Follows further pages only while the requests cost less than SHARE_FOR_COUNTS of the posts. Awaits `spend` with the units of each
    request before it is made. Raises QueryRefused, NoArchive, Unavailable, and what `spend` does.
    """
    result = Counted()
    spans: Counter[tuple[datetime, datetime]] = Counter()
    span = until - since
    granularity = "minute" if span <= _BY_MINUTE else "hour" if span <= _BY_HOUR else "day"
    for query, endpoint in _queries(rules):
        pages = 0
        responses = x.count(
            query, id_before(since), id_before(until), granularity, partial(spend, endpoint.counts), endpoint=endpoint
        )
        async for response in responses:
            _check(response, endpoint)
            pages += 1
            result.requests += 1
            result.units += endpoint.counts
            total, page_spans = read_counts(response.body)
            result.total = None if total is None or result.total is None else result.total + total
            spans.update(page_spans)
            if (pages - 1) * endpoint.counts >= (result.total or 0) * SHARE_FOR_COUNTS:
                if as_object(response.body.get("meta")).get("next_token"):
                    result.total = None
                break
    result.spans = [(start, end, posts) for (start, end), posts in sorted(spans.items())]
    return result


def count_units(rules: Iterable[tuple[SearchedRule, SearchEndpoint]]) -> int:
    """Return the units that X bills for counting: a request for as many rules as fit into a query. Further pages cost more."""
    return sum(endpoint.counts for _, endpoint in _queries(rules))


def _queries(rules: Iterable[tuple[SearchedRule, SearchEndpoint]]) -> Iterator[tuple[str, SearchEndpoint]]:
    searchable = [
        (value, endpoint) for (_, value, _), endpoint in rules if why_not_searchable(value, endpoint.characters) is None
    ]
    for endpoint in (RECENT, ALL):
        for query in _join_queries([value for value, its in searchable if its == endpoint], endpoint.characters):
            yield query, endpoint


def read_counts(body: dict[str, Any]) -> tuple[int | None, dict[tuple[datetime, datetime], int]]:
    """Return the total of an answer to a counts request, None if it has none, and the posts of each span. Reads both of X's dialects."""
    spans: dict[tuple[datetime, datetime], int] = {}
    data = body.get("data")
    for item in map(as_object, data if isinstance(data, list) else []):
        posts = _first_number(item, "tweet_count", "post_count")
        try:
            span = parse_time(str(item.get("start"))), parse_time(str(item.get("end")))
        except ValueError:
            continue  # without a time it helps no plan; X's total has its posts
        if posts is not None:
            spans[span] = posts
    total = _first_number(as_object(body.get("meta")), "total_tweet_count", "total_post_count")
    if total is None and spans:
        total = sum(spans.values())
    return total, spans


def _first_number(item: dict[str, Any], *names: str) -> int | None:
    """Return the first number under one of the names; X sends numbers as strings now and then."""
    numbers = (whole_number(item.get(name)) for name in names)
    return next((number for number in numbers if number is not None), None)


def _check(response: Response, endpoint: SearchEndpoint) -> None:
    if endpoint == ALL and response.status in _NO_ARCHIVE:
        raise NoArchive(response.error_text)
    if response.status in _BAD_QUERY:
        raise QueryRefused(response.error_text)
    if response.status != 200:
        raise Denied(response.error_text, response.status)


def _join_queries(values: list[str], longest: int) -> list[str]:
    """Join values into as few queries as possible, so that a post that matches several rules counts once."""
    queries: list[str] = []
    for value in values:
        joined = f"{queries[-1]} OR ({value})" if queries else ""
        if joined and len(joined) <= longest:
            queries[-1] = joined
        else:
            queries.append(f"({value})" if len(value) + 2 <= longest else value)
    return queries
