"""What is to be done next, from what was done. Pure: the time is passed in.

X's policy gives 24 hours. A round asks X about every post that is stored. It begins every 12 hours, and at once when posts were imported,
and takes as many jobs as the posts need, one after the other. What X names is out of the views at once. The tables are swept when the
round ends, when a person asked, and once more when the rows that were too fresh can be touched: each sweep reads all messages, which
BigQuery bills.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ROUND_EVERY = timedelta(hours=12)
# the most that rows stay in the streaming buffer: https://cloud.google.com/bigquery/docs/data-manipulation-language
AGE = timedelta(minutes=90)
SWEEP_INTERVAL = timedelta(minutes=95)  # when the rows that were too young can be touched
UNSWEPT_PATIENCE = timedelta(hours=2)  # answers wait so long for their round to end before a sweep of their own
SWEEP_FAILED = timedelta(minutes=10)  # until it is tried again; other steps go on meanwhile
UPLOAD = timedelta(minutes=15)  # X accepts a job's ids for so long
_SKEW = timedelta(minutes=10)  # a row from a clock that is further ahead is not believed yet
LATE = timedelta(hours=24)  # https://developer.x.com/developer-terms/policy, "Content compliance"
_FAILURES = 3  # in one round within _PATIENCE; then it is left alone for that long
_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the table compliance_jobs.

    `event`: begun (a round) · created · uploaded · recorded (its answers are in `deletions`) · failed · finished (the round) ·
    requested · swept (`at` is when it began) · sweep_failed ·
    imported (posts came from files: they have not been asked about)
    """

    event: str
    at: datetime
    round: datetime | None = None
    job_id: str = ""
    after_id: str = ""  # the job's ids are greater than this one, as numbers
    to_id: str = ""  # and not greater than this one
    ids: int = 0  # asked about
    answers: int = 0  # of X's, or ids of a request
    removed: int = 0  # rows
    rewritten: int = 0  # rows that carried a copy or a location
    left_fresh: int = 0  # rows that could not be touched yet
    bytes_scanned: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Collect:
    """Ask X about the posts after this id."""

    round: datetime
    after_id: str


@dataclass(frozen=True, slots=True)
class Check:
    """See what became of this job."""

    job: Event  # its `created`
    uploaded: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """Take from the tables what `deletions` names."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until then; `why` says the reason."""

    until: datetime
    why: str


Step = Collect | Check | Sweep | Wait


def next_step(history: Sequence[Event], now: datetime) -> Step:
    """Return what to do next. `history` is ordered by time."""
    history = [event for event in history if event.at <= now + _SKEW]
    if _has_posts_to_sweep(history, now):
        return Sweep()
    if (job := _open_job(history)) is not None:
        uploaded = any(event.job_id == job.job_id and event.event == "uploaded" for event in history)
        return Check(job, uploaded)
    failed = [event.at for event in history if event.event == "failed" and event.at > now - _PATIENCE]
    if len(failed) >= _FAILURES:
        return Wait(failed[-1] + _PATIENCE, "X's jobs came to nothing three times within an hour; no other is made")
    rounds = [event.round for event in history if event.round is not None]
    if not rounds:
        return Collect(_round(now), "0")
    newest = max(rounds)
    newest_events = [event for event in history if event.round == newest]
    if any(event.event == "finished" for event in newest_events):
        imported = any(event.event == "imported" and event.at > newest for event in history)
        return (
            Collect(_round(now), "0")
            if imported or now - newest >= ROUND_EVERY
            else Wait(newest + ROUND_EVERY, "there is nothing to do")
        )
    done = [event.to_id for event in newest_events if event.event == "recorded"]
    return Collect(newest, done[-1] if done else "0")


def overdue_since(history: Sequence[Event], now: datetime) -> timedelta | None:
    """Return how long ago the last complete round began if X's policy allows less; else None."""
    finished = [event.round for event in history if event.event == "finished" and event.round is not None]
    started = [event.round for event in history if event.round is not None]
    since = max(finished) if finished else min(started, default=now)
    return now - since if now - since > LATE else None


def _round(now: datetime) -> datetime:
    """Return the time to the second, as job names contain it."""
    return now.replace(microsecond=0)


def _open_job(history: Sequence[Event]) -> Event | None:
    ended = {event.job_id for event in history if event.event in ("recorded", "failed")}
    jobs = [event for event in history if event.event == "created" and event.job_id not in ended]
    return jobs[-1] if jobs else None


def _has_posts_to_sweep(history: Sequence[Event], now: datetime) -> bool:
    sweeps = [event for event in history if event.event == "swept"]
    last = sweeps[-1] if sweeps else None
    news = [
        event
        for event in history
        if event.event in ("requested", "finished")
        or (event.event == "recorded" and event.answers and now - event.at >= UNSWEPT_PATIENCE)
    ]
    failed = [event.at for event in history if event.event == "sweep_failed"]
    if failed and now - failed[-1] < SWEEP_FAILED:
        return False
    if news and (last is None or news[-1].at > last.at):
        return True
    return last is not None and last.left_fresh > 0 and now - last.at >= SWEEP_INTERVAL
