"""Reads stored posts again for their counts: X delivers a post seconds after it was made, when its likes and reposts are about zero.

A reading asks for the posts alone, without their authors and what they refer to, so it costs a post's price each. It is published in the
stream's shape with `source` refresh, and becomes a further version of the post. Retweets are not read: X shows the original's counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from posts import limits
from posts.includes import as_objects
from posts.prices import resources

from .errors import Denied
from .ledger.reservations import BudgetExhausted, Reservations
from .ports import Clock
from .pubsub.envelope import DeadLetter, NotText, OutgoingMessage, to_message
from .pubsub.publishing import MessagePublisher
from .x.client import X

PAGE = 100  # posts a request: https://docs.x.com/x-api/posts/get-posts-by-ids
AGAIN = timedelta(
    hours=20
)  # a post that was read within this time is not read again: the same reading would be paid for twice
_SECONDS = 120.0  # to publish a page


@dataclass(slots=True)
class Readings:
    """How far a refresh has come. `gone` are ids that X does not show: deleted, protected, suspended. `cut`: the budget ended it."""

    read: int = 0
    gone: int = 0
    cut: bool = False


async def read(
    ids: Sequence[str],
    x: X,
    reservations: Reservations,
    publisher: MessagePublisher,
    clock: Clock,
    *,
    on_page: Callable[[Readings], object] = lambda readings: None,
) -> Readings:
    """Read the posts, a page at a time, and publish each page before the next. Raises Unavailable, Denied, NoLedger, PublishFailed.

    What was published is stored, so the same command goes on with the rest.
    """
    readings, position = Readings(), 0
    while position < len(ids):
        wanted = ids[position : position + PAGE]
        try:
            room = await reservations.reserve_page(1, len(wanted))
        except BudgetExhausted:
            readings.cut = True
            break
        page = wanted[:room]
        response = await x.posts(page)
        if response.status != 200:
            raise Denied(response.error_text, response.status)
        reservations.budget.add(resources(response.body))
        reservations.release_page()
        posts = [post for post in as_objects(response.body.get("data")) if limits.parse_id(post.get("id")) is not None]
        await publisher.publish_all([_as_message(post, clock) for post in posts], _SECONDS)
        readings.read += len(posts)
        readings.gone += len(page) - len(posts)
        position += len(page)
        on_page(readings)
    return readings


def _as_message(post: dict[str, Any], clock: Clock) -> OutgoingMessage | DeadLetter:
    payload = orjson.dumps({"data": post})
    try:
        return to_message(payload, str(post["id"]), int(clock.time() * 1_000_000), "refresh")
    except NotText as error:
        return DeadLetter(payload, "refresh", f"not UTF-8: {error}", str(post["id"]))
