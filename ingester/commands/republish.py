"""Publishes posts of the table archive, or messages of rejected, again."""

import signal
from argparse import Namespace
from datetime import UTC, datetime, timedelta

from ..backfill import replay
from ..ledger.ledger import Ledger
from ..ledger.model import Event
from ..pubsub.publisher import Publisher
from ..settings import Settings
from .services import answer, drain, flush, open_ledger
from .terminal import check_interval, console, interrupt, progress_bar

_LATE = timedelta(minutes=2)  # a rejected message may appear in BigQuery so much later than its time says
_MANY = 50_000  # messages: minutes of a replay
_IN_BULK = 5_000  # messages a second on two cores, from the archive to tables (docs/benchmarks/volume.md)


def again(settings: Settings, arguments: Namespace) -> int:
    """Publish posts of `archive`, or messages of `rejected`, again."""
    source = arguments.command
    until = arguments.until or datetime.now(UTC)
    since = arguments.since
    ledger = open_ledger(settings)
    if since is None:
        since = datetime(2020, 1, 1, tzinfo=UTC) if arguments.again else _redriven_until(ledger)
    check_interval(since, until)
    posts = replay.Replay(settings, source, since, until)
    count = posts.count()
    console.print(f"{count:,} messages of {source} from {since:%F %H:%M:%S} to {until:%F %H:%M:%S} UTC.")
    if source == "archive" and count > _MANY:
        console.print(
            f"Through Pub/Sub this takes about {_hours(count / arguments.rate)}. scripts/dataflow archive --from {since:%FT%TZ} "
            f"--to {until:%FT%TZ} takes about {_hours(60 + count / _IN_BULK)} on two cores, and leaves the live stream alone."
        )
    if arguments.dry_run or not count:
        return 0
    publisher = Publisher(settings.topic_path, settings.dead_topic_path)
    last: list[replay.Again] = []
    signal.signal(signal.SIGTERM, interrupt)
    interrupted = False
    with progress_bar() as progress:
        task = progress.add_task(source, total=count)

        def done(one: replay.Again) -> None:
            last[:] = [one]
            progress.advance(task)

        try:
            replay.run(posts, publisher, arguments.rate, done)
        except KeyboardInterrupt:
            interrupted = True
    drain(publisher)
    if source == "rejected" and last and since <= _redriven_until(ledger):  # else what lies between would be forgotten
        until_now = min(last[0].at, datetime.now(UTC) - _LATE)
        ledger.write("redriven", since=since, until=until_now, posts_recovered=publisher.published)
        answer(flush(ledger))
    console.print(f"{publisher.published:,} messages published.")
    if interrupted:
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


def _redriven_until(ledger: Ledger) -> datetime:
    """Return where the last redrive ended."""
    events: list[Event] = answer(ledger.store.history())
    ended = [event.until for event in events if event.event == "redriven" and event.until]
    return max(ended) + timedelta(microseconds=1) if ended else datetime(2020, 1, 1, tzinfo=UTC)
