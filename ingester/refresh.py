"""Reads stored posts again for their counts: X delivers a post seconds after it was made, when its likes and reposts are about zero.

A reading asks for the posts alone, without their authors and what they refer to, so it costs a post's price each. It is published in the
stream's shape with `source` refresh, and becomes a further version of the post. Retweets are not read: X shows the original's counts.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from posts import limits
from posts.includes import as_objects
from posts.prices import resources
from runtime import log

from .errors import Denied, NoLedger, PublishFailed, Unavailable
from .ledger.events import Reserved
from .ledger.ledger import Ledger
from .ledger.reservations import BudgetExhausted, Reservations
from .ports import Clock
from .pubsub.envelope import DeadLetter, NotText, OutgoingMessage, to_message
from .pubsub.publishing import MessagePublisher
from .timeouts import Timeouts
from .x.client import X
from .x.rate_limit import ServerClock
from .x.search import created_at

PAGE = 100  # posts a request: https://docs.x.com/x-api/posts/get-posts-by-ids
# By hand, a post is read again only this long after its last reading, so that an interrupted command can be run again.
REREAD_AFTER = timedelta(hours=20)
_SECONDS = 120.0  # to publish a page
_TASK = "refresh"  # as the budget names what is reserved for it
_DAY = timedelta(days=1)
_FOR_READINGS = 0.8  # of a limit; the rest is left to the stream


@dataclass(slots=True)
class Readings:
    """How far a refresh has come. `gone` are ids that X does not show: deleted, protected, suspended. `cut`: the budget ended it."""

    read: int = 0
    gone: int = 0
    cut: bool = False


async def read_pages(
    ids: Sequence[str],
    x: X,
    reservations: Reservations,
    publisher: MessagePublisher,
    clock: Clock,
    *,
    most: float = 1.0,
    on_page: Callable[[Readings, Sequence[str]], object] = lambda readings, page: None,
) -> Readings:
    """Read the posts, a page at a time, and publish each page before the next. Raises Unavailable, Denied, NoLedger, PublishFailed.

    It ends when `most` of a limit is used. What was published is stored, so the same command goes on with the rest.
    """
    readings, position = Readings(), 0
    while position < len(ids):
        if reservations.budget.share() >= most:
            readings.cut = True
            break
        next_ids = ids[position : position + PAGE]
        try:
            room = await reservations.reserve_page(1, len(next_ids), _TASK)
        except BudgetExhausted:
            readings.cut = True
            break
        page = next_ids[:room]
        response = await x.posts(page)
        if response.status != 200:
            reservations.release_page(_TASK)  # X bills no refusal
            raise Denied(response.error_text, response.status)
        reservations.budget.add(resources(response.body))
        reservations.release_page(_TASK)
        posts = [post for post in as_objects(response.body.get("data")) if limits.parse_id(post.get("id")) is not None]
        await publisher.publish_all([_as_message(post, clock) for post in posts], _SECONDS)
        readings.read += len(posts)
        readings.gone += len(page) - len(posts)
        position += len(page)
        on_page(readings, page)
    return readings


@dataclass(frozen=True, slots=True)
class Plan:
    """What the ingester reads again by itself: a share of the posts, once at each age.

    `ages` begins with the youngest. `per_day` limits the readings of a UTC day; 0 is no limit.
    """

    ages: tuple[timedelta, ...]
    share: float
    per_day: int


class Refresher:
    """Reads posts again when they have come to an age. A task of the loop, which never holds up the stream."""

    def __init__(
        self,
        plan: Plan,
        *,
        x: X,
        ledger: Ledger,
        reservations: Reservations,
        publisher: MessagePublisher,
        times: Timeouts,
        clock: Clock,
        server_clock: ServerClock,
    ) -> None:
        self._plan = plan
        self._x = x
        self._ledger = ledger
        self._reservations = reservations
        self._publisher = publisher
        self._times = times
        self._clock = clock
        self._server_clock = server_clock
        self._recent: dict[str, datetime] = {}  # id: when it was read, for the rows that are not stored yet
        self.read = 0  # posts, in all

    async def run(self) -> None:
        """Read what is due, once an hour, for ever."""
        while self._plan.ages:
            try:
                for age in self._plan.ages:
                    await self._read_due(age)
            except (Unavailable, Denied, NoLedger, PublishFailed) as error:
                log.event(
                    "refresh_failed",
                    "WARNING",
                    message=f"Tried again in an hour: {type(error).__name__}: {error}"[:500],
                )
            await asyncio.sleep(self._times.refresh)

    async def _read_due(self, age: timedelta) -> None:
        """Read the posts that came to this age within the last day and were not read since they did."""
        now = self._server_clock.now()
        until = now - age
        store = self._ledger.store
        self._recent = {post_id: at for post_id, at in self._recent.items() if now - at < _DAY}
        due = [
            post_id
            for post_id in await store.due(until - _DAY, until, self._plan.share, now - age - _DAY, age)
            if post_id not in self._recent or self._recent[post_id] < created_at(post_id) + age
        ]
        if not due:
            return
        ids = due
        if self._plan.per_day:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            oldest = now - self._plan.ages[-1] - 2 * _DAY
            done = max(await store.readings(midnight, oldest), sum(at >= midnight for at in self._recent.values()))
            ids = due[: max(0, self._plan.per_day - done)]
        read = await read_pages(
            ids,
            self._x,
            self._reservations,
            self._publisher,
            self._clock,
            most=_FOR_READINGS,
            on_page=lambda readings, page: self._note(page),
        )
        self.read += read.read
        unread = len(due) - read.read - read.gone
        if read.read:
            self._ledger.write(Reserved(f"refresh: {read.read} posts were read again"))
        log.event(
            "refreshed",
            age_hours=round(age / timedelta(hours=1), 1),
            read=read.read,
            gone=read.gone,
            left=unread,
            why_left="budget" if read.cut else "REFRESH_MAX_PER_DAY" if unread else None,
        )

    def _note(self, page: Sequence[str]) -> None:
        """Remember a page with the time of its answer: a post may have come to its next age since the reading began."""
        self._recent |= dict.fromkeys(page, self._server_clock.now())


def _as_message(post: dict[str, Any], clock: Clock) -> OutgoingMessage | DeadLetter:
    payload = orjson.dumps({"data": post})
    try:
        return to_message(payload, str(post["id"]), int(clock.time() * 1_000_000), "refresh")
    except NotText as error:
        return DeadLetter(payload, "refresh", f"not UTF-8: {error}", str(post["id"]))
