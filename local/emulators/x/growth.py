"""How a post's counts grow after it was made: half of its likes within an hour, and long tails, so that a few posts have most of them.

Both are assumptions of the emulator. Counts follow from the id and the age alone, so they are the same in each run and never fall.
"""

import random
from typing import Any

_HALF = 3_600.0  # seconds until a post has half of its likes
_TAIL = 1.1  # exponent of the Pareto distribution of likes: about one post in a thousand has 500 or more
_LEAST = 1.0
_ANSWERED = 0.3  # an answer gets fewer likes than a post by itself
_UNSEEN = 15  # impressions of a post that nobody likes


def grown(data: dict[str, Any], age: float) -> dict[str, Any]:
    """Return a post with its counts at an age in seconds. A post without counts stays as it is."""
    if "public_metrics" not in data:
        return data
    rng = random.Random(int(data["id"]))
    share = 1.0 - 2.0 ** -((max(age, 0.0) / _HALF) ** 0.5)
    likes_in_the_end = _LEAST * rng.paretovariate(_TAIL) * (_ANSWERED if "in_reply_to_user_id" in data else 1.0)
    likes = int(likes_in_the_end * share)
    impressions = int(likes_in_the_end * share * rng.uniform(20.0, 80.0) + _UNSEEN * share)
    counts = {
        "retweet_count": likes // 5,
        "reply_count": likes // 9,
        "like_count": likes,
        "quote_count": likes // 20,
        "bookmark_count": likes // 10,
        "impression_count": impressions,
    }
    return data | {"public_metrics": counts}
