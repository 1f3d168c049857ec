"""The counts of the emulator's posts: they never fall, half of them come within an hour, and a few posts have most of them."""

from itertools import pairwise
from typing import Any

import pytest

from local.emulators.x.growth import grown

HOUR = 3_600.0


def counts(number: int, age: float, **more: Any) -> dict[str, int]:
    post = {"id": str(2_127_000_000_000_000_000 + number), "public_metrics": {"like_count": 0}, **more}
    found: dict[str, int] = grown(post, age)["public_metrics"]
    return found


def test_counts_never_fall() -> None:
    for number in range(50):
        ages = [counts(number, hours * HOUR) for hours in (0, 0.5, 1, 3, 24, 168, 1_000)]
        for before, after in pairwise(ages):
            assert all(before[name] <= after[name] for name in before)
        assert set(ages[0].values()) == {0}


def test_half_of_the_likes_come_within_an_hour_and_nearly_all_within_a_day() -> None:
    liked = [number for number in range(20_000) if counts(number, 168 * HOUR)["like_count"] >= 100]
    for age, share in ((HOUR, 0.5), (24 * HOUR, 0.967)):
        got = [counts(number, age)["like_count"] / counts(number, 168 * HOUR)["like_count"] for number in liked]
        assert sum(got) / len(got) == pytest.approx(share, abs=0.02)


def test_a_tenth_of_the_posts_has_most_of_the_likes() -> None:
    likes = sorted((counts(number, 24 * HOUR)["like_count"] for number in range(5_000)), reverse=True)
    assert sum(likes[:500]) > 0.6 * sum(likes)
    assert max(likes) > 500


def test_an_answer_gets_less_and_a_post_without_counts_stays_as_it_is() -> None:
    numbers = range(2_000)
    answers = sum(counts(number, HOUR, in_reply_to_user_id="1")["like_count"] for number in numbers)
    assert answers < 0.5 * sum(counts(number, HOUR)["like_count"] for number in numbers)
    assert grown({"id": "1", "text": "x"}, HOUR) == {"id": "1", "text": "x"}
