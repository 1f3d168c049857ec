"""Publishes posts of the table archive, or messages of rejected, again."""

from argparse import Namespace
from datetime import UTC, datetime, timedelta

from ..backfill import replay
from ..ledger.events import EventKind, Redriven
from ..ledger.ledger import Ledger
from ..pubsub.publisher import Publisher
from ..threads import in_thread
from .session import Interrupted, Session, drain, until_interrupted, writing_ledger
from .terminal import check_interval, console, progress_bar

_LATE = timedelta(minutes=2)  # a rejected message may appear in BigQuery so much later than its time says
_MANY = 50_000  # messages: minutes of a replay
_IN_BULK = 5_000  # messages a second on two cores, from the archive to tables (docs/benchmarks/volume.md)


async def republish(session: Session, arguments: Namespace) -> int:
    """Publish posts of `archive`, or messages of `rejected`, again."""
    source, since = arguments.command, arguments.since
    until = arguments.until or session.server_clock.now()
    ledger = session.ledger()
    if since is None:
        since = datetime(2020, 1, 1, tzinfo=UTC) if arguments.again else await _last_redrive_end(ledger)
    check_interval(since, until)
    posts = replay.Replay(session.settings, source, since, until)
    count = await in_thread(posts.count, seconds=None)
    console.print(f"{count:,} messages of {source} from {since:%F %H:%M:%S} to {until:%F %H:%M:%S} UTC.")
    if source == "archive" and count > _MANY:
        console.print(
            f"Through Pub/Sub this takes about {_hours(count / arguments.rate)}. scripts/dataflow archive --from {since:%FT%TZ} "
            f"--to {until:%FT%TZ} takes about {_hours(60 + count / _IN_BULK)} on two cores, and leaves the live stream alone."
        )
    if arguments.dry_run or not count:
        return 0
    publisher = Publisher(session.settings.topic_path, session.settings.dead_topic_path)
    last: list[replay.StoredMessage] = []
    is_interrupted = False
    with progress_bar() as progress:
        task = progress.add_task(source, total=count)

        def show(message: replay.StoredMessage) -> None:
            last[:] = [message]
            progress.advance(task)

        try:
            await until_interrupted(replay.run(posts, publisher, arguments.rate, show))
        except Interrupted:
            is_interrupted = True
    await drain(publisher)
    if (
        source == "rejected" and last and since <= await _last_redrive_end(ledger)
    ):  # else what lies between would be forgotten
        until_now = min(last[0].at, session.server_clock.now() - _LATE)
        async with writing_ledger(ledger):
            ledger.write(Redriven(since, until_now, publisher.published))
    console.print(f"{publisher.published:,} messages published.")
    if is_interrupted:
        where = last[0].at if last else since
        console.print(
            f"Stopped, as you asked. To go on: python -m ingester {source} --from {where.astimezone(UTC):%FT%T.%fZ} --to {until:%FT%TZ}"
        )
        return 130
    return 0


def _hours(seconds: float) -> str:
    if seconds < 5_400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3_600:.1f} hours" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


async def _last_redrive_end(ledger: Ledger) -> datetime:
    """Return where the last redrive ended."""
    ended = [event.until for event in await ledger.store.history() if event.event == EventKind.REDRIVEN and event.until]
    return max(ended) + timedelta(microseconds=1) if ended else datetime(2020, 1, 1, tzinfo=UTC)
