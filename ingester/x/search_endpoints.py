"""X's two searches: of the last seven days, and of the full archive. Values only.

Limits and prices: https://docs.x.com/x-api/posts/search/introduction and https://docs.x.com/x-api/getting-started/pricing, 2026-11.
Both give no retweets for keyword queries since 2026-05-04.
"""

from dataclasses import dataclass

from posts.prices import COUNTS, COUNTS_ALL


@dataclass(frozen=True, slots=True)
class SearchEndpoint:
    """`name` is the end of X's paths. `page` is the fewest and the most posts of a page, `counts` the units of a request for counts."""

    name: str
    characters: int  # of a query
    page: tuple[int, int]
    counts: int
    pause: float  # seconds between two requests


RECENT = SearchEndpoint("recent", 512, (10, 100), COUNTS, 0.0)
ALL = SearchEndpoint("all", 1_024, (10, 500), COUNTS_ALL, 1.0)
LONGEST = ALL.characters


def endpoint_for(value: str, *, is_old: bool) -> SearchEndpoint:
    """Return the search that can be asked for a rule: the full archive for what is older than seven days, or for a long rule."""
    return ALL if is_old or len(value) > RECENT.characters else RECENT
