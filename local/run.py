"""One run: start, wait until every post has ended somewhere, compare the counts, query BigQuery, stop."""

import os
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import GoogleAPIError

from . import landed
from .emulators.bigquery import create
from .emulators.x import phrases
from .errors import LocalError, UsageError
from .landed import Landed
from .pipeline import DATASET, ROOT, Pipeline, Plan
from .progress import Counts

_STALLED_SECONDS = 30.0  # without any change of a count
_POLL_SECONDS = 0.1
_READING_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run; `faults` is empty if everything balances."""

    counts: Counts
    landed: Landed
    expected_posts: int | None
    faults: list[str]
    seconds: float


def counts(pipeline: Pipeline) -> Counts:
    """Return each stage's count: the ingester's, the function's (by message, so a second delivery is not counted), the archive's."""
    ended = {name: len(messages) for name, messages in pipeline.ended.items()}
    searched = pipeline.count("ingester", "searched")  # to fill a gap
    return Counts(
        sent=pipeline.count("x", "sent"),
        missed=pipeline.count("x", "missed"),
        received=pipeline.count("ingester", "received") + searched,
        published=pipeline.count("ingester", "published") + pipeline.count("ingester", "dead") + searched,
        loaded=ended["loaded"],
        filtered=ended["filtered"],
        rejected=ended["rejected"] + pipeline.count("bigquery_subscription", "dead_lettered"),
        archived=pipeline.count("bigquery_subscription", "archived"),
    )


def watch(pipeline: Pipeline, show: Callable[[Counts], None]) -> None:
    """Wait until everything that X sent has ended somewhere. Raises LocalError if a part ends or nothing moves any more.

    X itself sends for ever: its ingester ends by itself at the agreed number of posts, and what it took flows on.
    """
    moved_at, before = time.monotonic(), Counts()
    while True:
        now = counts(pipeline)
        show(now)
        if _is_over(pipeline, now):
            return
        if now != before:
            moved_at, before = time.monotonic(), now
        _check_alive(pipeline)
        # the real X may be silent for hours while the connection holds
        ingester = pipeline.processes["ingester"]
        quiet_is_fine = pipeline.plan.real and "connected" in ingester.events and ingester.exit_code is None
        if time.monotonic() - moved_at > _STALLED_SECONDS and not quiet_is_fine:
            raise LocalError(_stalled(pipeline, now))
        time.sleep(_POLL_SECONDS)


def finish(pipeline: Pipeline, began: float, *, read_posts_again: bool = False) -> Outcome:
    """Stop the ingester, which must end cleanly, have the posts read again if wished, and query the tables. The other parts still run."""
    code = pipeline.processes["ingester"].stop()
    faults = [] if code == 0 else [f"the ingester ended with code {code}: {pipeline.processes['ingester'].why()}"]
    final = counts(pipeline)
    if read_posts_again:
        read_again(pipeline)
    try:
        with pipeline.client() as client:
            create.settle(client, DATASET)
            state = landed.ask(client, DATASET)
    except GoogleAPIError as error:
        raise LocalError(
            f"The stand-in for BigQuery does not answer: {error}. Its log: {pipeline.processes['bigquery'].log}"
        ) from None
    expected = pipeline.expected.get(_filtered_by(pipeline.plan))
    faults += _faults(pipeline, final, state, expected)
    return Outcome(final, state, expected, faults, time.monotonic() - began)


def read_again(pipeline: Pipeline) -> None:
    """Have the posts read again for their counts, and wait until the readings are stored. Raises LocalError."""
    before = counts(pipeline).ended
    since = datetime.now(UTC) - timedelta(hours=pipeline.plan.span_hours + 1)
    output = pipeline.ingester_command("refresh", "--from", since.isoformat(), "--yes", seconds=_READING_SECONDS)
    published = re.search(r"([\d,]+) readings published", output)
    readings = int(published[1].replace(",", "")) if published else 0
    deadline = time.monotonic() + _READING_SECONDS
    while counts(pipeline).ended < before + readings:
        _check_alive(pipeline, besides=("ingester",))
        if time.monotonic() > deadline:
            raise LocalError(f"Not all of {readings:,} readings were stored within {_READING_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)


def _is_over(pipeline: Pipeline, now: Counts) -> bool:
    plan = pipeline.plan
    posts = now.received if plan.real else now.sent
    all_sent = _is_finished(pipeline) if plan.real else now.sent + now.missed >= plan.posts
    twice = pipeline.count("eventarc", "acknowledged") >= 2 * now.published if plan.deliver_twice else True
    replayable = now.published - pipeline.count("ingester", "dead")
    return (
        all_sent
        and twice
        and now.received >= posts
        and now.published == now.received == now.ended
        and now.archived >= replayable
    )


def _is_finished(pipeline: Pipeline) -> bool:
    """Whether the ingester has ended at its own limit, with all its output read."""
    ingester = pipeline.processes["ingester"]
    return ingester.exit_code == 0 and ingester.wait(1) == 0


def _check_alive(pipeline: Pipeline, besides: Collection[str] = ()) -> None:
    for process in pipeline.processes.values():
        code = process.exit_code
        if process.name in besides or (code == 0 and process.name == "ingester" and pipeline.plan.real):
            continue
        if code is not None:
            process.wait(1)
            # exit code 2 of our parts means a user's mistake: a setting or a file to change
            kind = UsageError if code == UsageError.exit_code else LocalError
            raise kind(f"The part '{process.name}' ended with code {code}: {process.why()}")


def _stalled(pipeline: Pipeline, now: Counts) -> str:
    chain = (
        ("x", now.sent, "sent by X"),
        ("ingester", now.received, "received"),
        ("pubsub", now.published, "published"),
        ("function", now.ended, "loaded, filtered or rejected"),
        ("bigquery_subscription", now.archived, "archived"),
    )
    numbers = ", ".join(f"{count:,} {what}" for _, count, what in chain)
    words = [f"{name}: {process.complaint}" for name, process in pipeline.processes.items() if process.complaint]
    return (
        f"Nothing has moved for {_STALLED_SECONDS:.0f} s: {numbers}. {' '.join(words) or 'No part complains.'} "
        f"Look into the logs: {pipeline.plan.folder / 'logs'} (kept with --keep)."
    )


def _faults(pipeline: Pipeline, now: Counts, landed: Landed, expected: int | None) -> list[str]:
    checks = [
        (now.missed == 0, f"{now.missed:,} posts were due while nobody held the stream"),
        (
            pipeline.plan.real or now.received == now.sent,
            f"X sent {now.sent:,} posts and {now.received:,} were received",
        ),
        (now.received == now.published, f"{now.received:,} were received and {now.published:,} published"),
        (
            now.published == now.ended,
            f"{now.published:,} were published and {now.ended:,} ended as loaded, filtered or rejected",
        ),
        (landed.duplicates_in_view == 0, f"{landed.duplicates_in_view:,} posts are in the view twice"),
        (
            landed.distinct_posts + landed.superseded >= now.loaded,
            f"{now.loaded:,} were loaded and the view has {landed.distinct_posts:,}",
        ),
        (
            expected is None or landed.distinct_posts == expected,
            f"the view has {landed.distinct_posts:,} posts and should have {expected}",
        ),
    ]
    return [words for good, words in checks if not good]


def _filtered_by(plan: Plan) -> str:
    """Return which number of posts the view holds: "nothing" (no filter), "music" (the example's words), or "" for neither."""
    keywords = ROOT / "functions" / "load_tweet" / "keywords.txt"
    lines = keywords.read_text(encoding="utf-8-sig").splitlines() if keywords.exists() else []
    words = {line.strip() for line in lines if line.strip() and not line.startswith("# ")}
    if os.environ.get("LANGUAGES") or os.environ.get("KEEP_RETWEETS", "true") != "true":
        return ""
    if not words:
        return "nothing"
    return "music" if words == phrases.KEYWORDS and not plan.own_topic and plan.posts_path is None else ""
