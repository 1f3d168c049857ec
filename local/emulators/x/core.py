"""X without a network: rules, posts, search, counts, look-up, usage, connections, limits and the bill. Answers as the real API does.

The emulator serves it over HTTP (server.py), and the ingester's simulator calls it directly, in simulated time. What can go wrong is
set from outside: an index that is late (`indexed_until`), counts that are off (`counts_factor`), a connection that X still counts.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .bill import Bill
from .faults import PROBLEM
from .growth import grown
from .rendering import render
from .rule_book import RuleBook
from .timeline import Timeline, TimelinePost, id_time, interval

RULES = "/2/tweets/search/stream/rules"
CONNECTS = 50  # in 15 minutes
_WINDOW = 900.0
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}
_REACH = {"recent": (512, 100), "all": (1_024, 500)}  # characters of a query, posts of a page
_LOOKUP = 100  # ids of one request


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of X's. `remaining` are the calls that are left."""

    status: int
    body: dict[str, Any]
    remaining: int = 48


@dataclass(slots=True)
class Core:
    """One app's X. `clock` gives seconds since 1970; `caller`, where a method takes one, is noted with what it is billed for."""

    clock: Callable[[], float]
    rules: RuleBook = field(default_factory=RuleBook)
    timeline: Timeline = field(default_factory=Timeline)
    bill: Bill = field(default_factory=Bill)
    is_connected: Callable[[], bool] = lambda: False  # whether X counts a connection
    usage: dict[str, Any] = field(default_factory=lambda: {"cap_reset_day": 1, "project_usage": "0"})
    connects: deque[float] = field(default_factory=deque)  # when
    has_archive: bool = True
    counts_factor: float = 1.0  # X's counts are estimates
    indexed_until: Callable[[str], float] = lambda what: float("inf")  # up to when "search" and "counts" know all posts
    as_searched: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data  # a post that search damages

    def reply(self, method: str, path: str, parameters: Mapping[str, Any], body: Any, caller: Any = None) -> Reply:
        """Answer a request, but for those that make, end or break connections."""
        query = {name: str(value) for name, value in parameters.items()}
        match method, path:
            case "GET", "/2/tweets/search/stream/rules":
                return Reply(200, self.rules.listed(query, self.clock()))
            case "GET", "/2/tweets/search/stream/rules/counts":
                return Reply(200, self.rules.counts())
            case "POST", "/2/tweets/search/stream/rules":
                if not isinstance(body, dict):
                    return invalid("The body is not JSON.")
                return Reply(*self.rules.change(body, self.clock(), dry=query.get("dry_run", "").lower() == "true"))
            case "GET", "/2/tweets/search/recent" | "/2/tweets/search/all":
                return self._search(query, path.rpartition("/")[2], caller)
            case "GET", "/2/tweets/counts/recent" | "/2/tweets/counts/all":
                return self._count(query, path.rpartition("/")[2], caller)
            case "GET", "/2/tweets":
                return self._get_posts(query, caller)
            case "GET", "/2/usage/tweets":
                return Reply(200, {"data": self.usage})
            case "GET", "/2/connections":
                data = {"data": [{"id": "1", "endpoint_name": "filtered_stream"}]} if self.is_connected() else {}
                return Reply(200, {"meta": {"result_count": len(data)}} | data)
        return problem(404, "Not Found", "about:blank", detail="Not Found")

    def refuse_connect(self) -> Reply | None:
        """Count a connect, and return why X gives it no stream; None where it does."""
        now = self.clock()
        while self.connects and self.connects[0] <= now - _WINDOW:
            self.connects.popleft()
        is_over = len(self.connects) >= CONNECTS
        self.connects.append(now)
        if not self.rules.active:
            return problem(
                409,
                "ConnectionException",
                f"{PROBLEM}streaming-connection",
                connection_issue="RuleConfigurationIssue",
                detail="You must define rules using the POST /2/tweets/search/stream/rules endpoint before connecting to filtered stream.",
            )
        if is_over:
            return problem(429, "Too Many Requests", "about:blank", remaining=0, detail="Too Many Requests")
        if self.is_connected():
            return problem(
                429,
                "ConnectionException",
                f"{PROBLEM}streaming-connection",
                connection_issue="TooManyConnections",
                detail="This stream is currently at the maximum allowed connection limit.",
            )
        return None

    def deliver(self, message: dict[str, Any], caller: Any = None, kind: str = "stream") -> None:
        """Bill what a message, or a page, contains."""
        self.bill.deliver(message, self.clock(), caller, kind)

    def _search(self, query: Mapping[str, str], reach: str, caller: Any) -> Reply:
        most = _REACH[reach][1]
        if refused := self._refuse_query(query, reach):
            return refused
        window, size = interval(query, self.clock(), recent=reach == "recent"), query.get("max_results", "10")
        if window is None or not size.isdecimal() or not 10 <= int(size) <= most:
            return invalid(f"max_results is from 10 to {most}, ids are numbers, and times are RFC 3339.")
        token = query.get("next_token") or query.get("pagination_token")  # X takes both; its SDK sends the second
        page, following = self.timeline.search(
            query["query"], *window, size=int(size), token=token, newest=self.indexed_until("search")
        )
        meta: dict[str, Any] = {"result_count": len(page)}
        if following is not None:
            meta["next_token"] = following
        body = self._page(page, query)
        self.deliver(body, caller, "search")
        if page:
            body["data"] = [self.as_searched(data) for data in body["data"]]
        return Reply(200, body | {"meta": meta})

    def _count(self, query: Mapping[str, str], reach: str, caller: Any) -> Reply:
        if refused := self._refuse_query(query, reach):
            return refused
        window = interval(query, self.clock(), recent=reach == "recent")
        unit = _SECONDS.get(query.get("granularity", "hour"))
        if window is None or unit is None:
            return invalid("granularity is minute, hour or day; ids are numbers, and times are RFC 3339.")
        self.bill.request(f"counts_{reach}", self.clock(), caller)
        spans, total = self.timeline.count(
            query["query"], *window, seconds=unit, newest=self.indexed_until("counts"), now=self.clock()
        )
        meta = {"total_tweet_count": round(total * self.counts_factor)}
        if "post_count" in query.get("search_count.fields", ""):  # the other dialect
            spans = [{name.replace("tweet", "post"): value for name, value in span.items()} for span in spans]
            meta = {"total_post_count": meta["total_tweet_count"]}
        return Reply(200, {"data": spans, "meta": meta})

    def _get_posts(self, query: Mapping[str, str], caller: Any) -> Reply:
        ids = [post_id for post_id in query.get("ids", "").split(",") if post_id]
        if not 1 <= len(ids) <= _LOOKUP or not all(post_id.isdecimal() and len(post_id) < 20 for post_id in ids):
            return invalid(f"ids has 1 to {_LOOKUP} ids of posts, with commas between them.")
        posts = {post_id: post for post_id in dict.fromkeys(ids) if (post := self.timeline.get(int(post_id)))}
        body = self._page(posts.values(), query)
        self.deliver(body, caller, "lookup")
        missing = [
            {
                "value": post_id,
                "resource_id": post_id,
                "parameter": "ids",
                "resource_type": "tweet",
                "title": "Not Found Error",
                "detail": f"Could not find tweet with ids: [{post_id}].",
                "type": f"{PROBLEM}resource-not-found",
            }
            for post_id in dict.fromkeys(ids)
            if post_id not in posts
        ]
        return Reply(200, body | ({"errors": missing} if missing else {}))

    def _refuse_query(self, query: Mapping[str, str], reach: str) -> Reply | None:
        longest = _REACH[reach][0]
        if reach == "all" and not self.has_archive:
            return problem(
                403, "Client Forbidden", f"{PROBLEM}client-forbidden", detail="This app may not search the archive."
            )
        if not 0 < len(query.get("query", "")) <= longest:
            return invalid(f"A query has 1 to {longest} characters.")
        return None

    def _page(self, posts: Iterable[TimelinePost], query: Mapping[str, str]) -> dict[str, Any]:
        """Return posts as they are now, with the objects that they share; nothing where there is no post."""
        listed = list(posts)
        if not listed:
            return {}
        shared: dict[str, dict[str, Any]] = {}
        for post in listed:
            for kind, items in post.includes.items():
                shared.setdefault(kind, {}).update({str(item["id"]): item for item in items})
        includes = {kind: list(items.values()) for kind, items in shared.items()}
        data = [grown(post.data, self.clock() - id_time(post.number)) for post in listed]
        return render({"data": data} | ({"includes": includes} if includes else {}), query)


def problem(status: int, title: str, kind: str, remaining: int = 48, **more: Any) -> Reply:
    """Return one of X's error bodies."""
    return Reply(status, {"title": title, "type": kind, "status": status, **more}, remaining)


def invalid(detail: str) -> Reply:
    return problem(400, "Invalid Request", f"{PROBLEM}invalid-request", detail=detail)
