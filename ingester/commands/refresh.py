"""Reads stored posts again for their counts. Says what it costs first."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta

from rich.markup import escape

from posts.prices import DOLLARS
from runtime.errors import ConfigurationError

from ..errors import NoLedger, Unavailable
from ..ledger.events import Reserved
from ..pubsub.publisher import Publisher
from ..refresh import REREAD_AFTER, Readings, read_pages
from .session import Interrupted, Session, drain, until_interrupted, writing_ledger
from .terminal import check_interval, confirmed, console, progress_bar, warn

_CUT = "The budget ended it. The same command goes on, on the next day or with a larger MAX_POSTS_PER_DAY."


async def refresh(session: Session, arguments: Namespace) -> int:
    """Read the posts that were made between two times, once each, and publish their counts."""
    now = session.server_clock.now()
    since, until = arguments.since, arguments.until or now
    check_interval(since, until)
    if not 0 < arguments.share <= 1:
        raise ConfigurationError("--share is a part of the posts: above 0, and at most 1 for all of them.")
    x = await session.connect_x()
    ids = await session.store().due(since, until, arguments.share, now - REREAD_AFTER, timedelta())
    ledger, reservations = await session.open_budget()
    remaining = reservations.budget.remaining()
    console.print(
        f"{len(ids):,} posts from {since:%F %H:%M} to {until:%F %H:%M} UTC, not counting retweets and posts that were read in the last "
        f"{REREAD_AFTER.total_seconds() / 3_600:.0f} hours: ${len(ids) * DOLLARS:,.2f}."
    )
    if ids and remaining is not None and remaining < len(ids):
        warn(f"The budget has room for {remaining:,} of them now: MAX_POSTS_PER_DAY, MAX_POSTS_PER_MONTH.")
    if arguments.dry_run or not ids:
        return 0
    if not await confirmed(arguments, "Read them again?"):
        return 1
    publisher = Publisher(session.settings.topic_path, session.settings.dead_topic_path)
    why, code, result = "", 130, None
    async with writing_ledger(ledger):
        with progress_bar() as shown:
            task = shown.add_task("posts", total=len(ids))

            def show(readings: Readings, page: Sequence[str]) -> None:
                shown.update(task, completed=readings.read + readings.gone)

            try:
                result = await until_interrupted(
                    read_pages(ids, x, reservations, publisher, session.clock, on_page=show)
                )
            except Interrupted:
                why = "Stopped, as you asked"
            except (Unavailable, NoLedger) as error:
                why, code = f"Stopped: {escape(str(error))[:300]}", 3
        # however it ends, it reserves no more than it has cost
        ledger.write(Reserved(f"refresh: {publisher.published} posts were read again"))
    await drain(publisher)
    if result is None:
        console.print(f"{why}; {publisher.published:,} readings published. The same command goes on.")
        return code
    gone = (
        f" {result.gone:,} posts are not shown by X any more: deleted, protected or suspended. remove_deleted looks at them in its turn."
        if result.gone
        else ""
    )
    console.print(f"{result.read:,} readings published.{gone}{' ' + _CUT if result.cut else ''}")
    return 0
