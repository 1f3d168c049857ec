"""A search that a person asks for: its name in the ledger, what it will cost, and how far it has come. Pure."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from posts.prices import DOLLARS

from ..ledger.events import Searched
from ..ledger.model import Event, Gap
from ..x import search
from ..x.search import Counted, SearchedRule
from ..x.search_endpoints import SearchEndpoint, endpoint_for
from .model import BackfillResult, ManualSearch, Progress

LEAST_PAGE = 10  # posts: the fewest that X's search takes as max_results
NO_RETWEETS = "Retweets are not counted, because search does not return them."
CUT = "The budget ended the search. The same command goes on, on the next day or with a larger MAX_POSTS_PER_DAY."
_NOT_RETWEETS = " -is:retweet"
_RECENT_SECONDS = 2.0  # between two pages of recent search: X allows 450 in 15 minutes

SearchedRules = list[tuple[SearchedRule, SearchEndpoint]]


def searchable(rules: Iterable[SearchedRule], *, is_old: bool, say: Callable[[str], object]) -> SearchedRules:
    """Return the rules that X can search for, each with its endpoint; report the others through `say`, with the reason."""
    accepted: SearchedRules = []
    for rule in rules:
        endpoint = endpoint_for(rule[1], is_old=is_old)
        if why := search.why_not_searchable(rule[1], endpoint.characters):
            say(f"The rule '{rule[2] or rule[1][:40]}' cannot be asked: {why}.")
        else:
            accepted.append((rule, endpoint))
    return accepted


def gap(searched: SearchedRules, since: datetime, until: datetime | None, end: datetime, sample: int | None) -> Gap:
    """Return the interval to search, under a name that is the same each time for the same command.

    `until` is the end that the person gave, if any; `end` is that, or the latest time up to which X has posts by now.
    """
    words = [
        since.isoformat(),
        until.isoformat() if until else "now",
        str(sample),
        *sorted(value for (_, value, _), _ in searched),
    ]
    name = hashlib.blake2b("\n".join(words).encode(), digest_size=6).hexdigest()
    return Gap(f"manual-{name}", since, "manual", end, tuple(rule for rule, _ in searched))


def without_retweets(searched: SearchedRules) -> SearchedRules:
    """Return queries that count what search returns. A rule that has no room for more characters is counted with its retweets."""
    counted_rules: SearchedRules = []
    for (rule_id, value, tag), endpoint in searched:
        counted = f"({value}){_NOT_RETWEETS}"
        counted_rules.append(((rule_id, counted if len(counted) <= endpoint.characters else value, tag), endpoint))
    return counted_rules


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of a search that is still to be done: X has `counted` posts from `begin` on.

    `earlier` is the ledger's last row of the search, where it stopped; `most` is the most units that one post can cost.
    """

    gap: Gap
    rules: SearchedRules
    begin: datetime
    counted: Counted
    sample: int | None
    earlier: Event | None
    most: int

    @property
    def end(self) -> datetime:
        """The end of the search; it always has one."""
        return self.gap.until or self.begin

    @property
    def posts_in_all(self) -> int | None:
        """X's count of the whole time, as it was when the search began."""
        return self.earlier.posts_expected if self.earlier else self.counted.total

    @property
    def posts(self) -> int | None:
        """Posts that are still to be fetched, about; None if X does not say."""
        if self.counted.total is None:
            return None
        return round(self.counted.total * self.share)

    @property
    def share(self) -> float:
        return min(1.0, self.sample / self.posts_in_all) if self.sample and self.posts_in_all else 1.0

    def sentences(self, remaining: int | None, limit: int | None) -> Iterator[str]:
        """Yield sentences that say what the search will fetch, what it will cost and how long it will take.

        `remaining` is what is left of the budget, `limit` what it allows a day, both in units.
        """
        assert self.gap.until is not None
        if self.earlier:
            yield f"It goes on from {self.begin:%F %H:%M:%S} UTC, after {self.earlier.posts_recovered or 0:,} posts."
        asking = f"Asking for it cost ${self.counted.units * DOLLARS:.3f}."
        between = f"from {self.begin:%F %H:%M:%S} to {self.gap.until:%F %H:%M:%S} UTC"
        if self.posts is None:
            yield f"X does not say how many posts there are {between}. {asking}"
            return
        least, most = self.posts * DOLLARS, self.posts * self.most * DOLLARS
        what = (
            f"About {self.posts:,} of {self.counted.total:,} posts ({self.share:.1%})"
            if self.share < 1
            else f"{self.posts:,} posts"
        )
        cost = (
            f"${least:,.2f}"
            if self.most == 1
            else f"${least:,.2f} to ${most:,.2f}, by how many authors and referenced posts come with them"
        )
        yield (
            f"{what} {between}, without retweets, which search does not return: {cost}. X bills a post that the stream delivered the "
            f"same UTC day only once. {asking} {self._time()}"
        )
        if remaining is not None and limit is not None and remaining < self.posts * self.most:
            days = math.ceil(self.posts * self.most / limit)
            yield (
                f"The budget has {remaining:,} units left, and a day has {limit:,}: it takes up to {days:,} days. Run the same command "
                "each day, or set MAX_POSTS_PER_DAY."
            )

    def _time(self) -> str:
        pages = sum(
            math.ceil((self.posts or 0) / len(self.rules) / endpoint.page[1]) * (endpoint.pause or _RECENT_SECONDS)
            for _, endpoint in self.rules
        )
        return (
            f"It takes about {pages / 3_600:,.1f} hours."
            if pages > 3_600
            else f"It takes about {math.ceil(pages / 60) or 1} minutes."
        )

    def by_hand(self, on_slice: Callable[[Progress], object]) -> ManualSearch:
        return ManualSearch(self.counted, self.sample, self.posts_in_all, on_slice)

    def start_progress(self) -> Progress:
        """Return the progress from which the search goes on."""
        progress = Progress(done=self.begin if self.earlier else None)
        progress.note(NO_RETWEETS)
        return progress

    def row(self, done: Progress) -> Searched:
        """Return the ledger's row: all up to `until` is done."""
        return Searched(
            self.gap.id, self.gap.since, done.done, self.gap.reason, self.posts_in_all, self._before + done.recovered
        )

    def total_result(self, result: BackfillResult) -> BackfillResult:
        """Return what became of the whole time, what was done before included."""
        expected = None if result.expected is None else self.posts_in_all
        return replace(result, expected=expected, recovered=self._before + (result.recovered or 0))

    @property
    def _before(self) -> int:
        return (self.earlier.posts_recovered or 0) if self.earlier else 0
