"""The authors of the synthetic posts: a few write much, most write once, and each knows some others."""

import random
from collections import deque
from collections.abc import Sequence

from . import phrases
from .posts import Object

_LANGUAGES = {
    "en": 58,
    "es": 12,
    "pt": 9,
    "fr": 4,
    "de": 3,
    "id": 4,
    "tr": 3,
    "ja": 3,
    "ko": 1,
    "ar": 2,
    "he": 0.5,
    "hi": 0.5,
}
_ABROAD = 0.06  # of the posts are in another language than their author's own
_NEW = 0.45  # of the posts are by somebody who has not written before
_REMEMBERED = 20_000  # posts: who wrote one of these writes again
_CIRCLES = 5
_FRIENDS = 4  # whom an author answers and mentions, of the same circle
# one a circle, which everybody there knows
_ACCOUNTS = (
    "ChartWatch",
    "PopJournal",
    "LiveNights",
    "TourDiary",
    "FanClubHQ",
)


class People:
    """Draws authors by preferential attachment (Simon 1955): those who have written much are likely to write again."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._wrote: deque[Object] = deque(maxlen=_REMEMBERED)
        self._circles: list[list[Object]] = [[self._account(n)] for n in range(_CIRCLES)]
        self._languages: dict[str, str] = {}
        self._friends: dict[str, list[Object]] = {}
        self._number = 0

    def author(self) -> Object:
        is_new = not self._wrote or self._rng.random() < _NEW
        author = self._new() if is_new else self._wrote[self._rng.randrange(len(self._wrote))]
        self._wrote.append(author)
        return author

    def language(self, author: Object) -> str:
        return self._any_language() if self._rng.random() < _ABROAD else self._languages.get(author["id"], "en")

    def _any_language(self) -> str:
        return self._rng.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0]

    def friend(self, author: Object) -> Object:
        """Return whom the author answers or mentions: mostly the same few, never the author."""
        friends = [friend for friend in self._friends.get(author["id"], ()) if friend is not author]
        if not friends:
            return self._circles[self._rng.randrange(_CIRCLES)][0]
        return friends[min(int(self._rng.expovariate(1.2)), len(friends) - 1)]

    def _new(self) -> Object:
        lang = self._any_language()
        name = self._rng.choice(phrases.NAMES)
        author = self._profile(
            f"user_{self._number:03d}_{self._rng.randrange(16**4):04x}", name, phrases.LOCATIONS[lang]
        )
        self._languages[author["id"]] = lang
        circle = self._circles[self._rng.randrange(_CIRCLES)]
        unique = {friend["id"]: friend for friend in self._rng.choices(circle, k=_FRIENDS)}
        self._friends[author["id"]] = [circle[0], *(friend for friend in unique.values() if friend is not circle[0])]
        if len(circle) < 400:  # a limit, so that nothing grows without end
            circle.append(author)
        self._number += 1
        return author

    def _account(self, circle: int) -> Object:
        return self._profile(_ACCOUNTS[circle], _ACCOUNTS[circle], ("",)) | {"verified": True}

    def _profile(self, username: str, name: str, locations: Sequence[str]) -> Object:
        rng = self._rng
        return {
            "id": str(rng.randrange(10**8, 10**18)),
            "name": name,
            "username": username,
            "location": rng.choice(locations) if rng.random() < 0.7 else "",
            "public_metrics": {
                "followers_count": int(rng.paretovariate(0.6) * 20),
                "following_count": rng.randrange(2_000),
                "tweet_count": rng.randrange(40_000),
                "listed_count": rng.randrange(9),
            },
            "verified": rng.random() < 0.05,
        }
