"""One run: steps until there is nothing to do now, or the time is up. What each did is a row of compliance_jobs, and the next
run, of this program or another, goes on from there.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runtime import log
from runtime.batches import batched

from . import names
from .errors import BadMoment
from .names import JobName
from .policy import AGE, UPLOAD, Check, Collect, Event, Step, Sweep, Wait, next_step, overdue_since
from .store import Store, as_json
from .sweep import extend_deletions, sweep
from .x import Job, Running, X

IDS_A_JOB = 1_000_000  # 20 MB to upload; several jobs make a round, and each reads all messages once more
RUN_SECONDS = 400.0  # one more query may take 120; Google gives an event-driven function 540
_REMEMBERED = timedelta(days=8)  # days: X forgets a job after seven
_RECORDED_AT_ONCE = 20_000  # answers in a statement: about 1 MB of parameters
_EVERY_ID = 10_000_000


@dataclass(slots=True)
class Run:
    """The store, X, and limits: `age` is how old a row must be to be touched, `most` the maximum number of ids in one job."""

    store: Store
    x: X
    age: timedelta = AGE
    most: int = IDS_A_JOB
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def run_steps(self, seconds: float = RUN_SECONDS) -> str:
        """Return what is waited for now, in words for a person. Raises BadMoment or ConfigurationError."""
        deadline = time.monotonic() + seconds
        history: list[Event] = []
        try:
            while time.monotonic() < deadline:
                history = self.store.history(self.clock() - _REMEMBERED)
                step = next_step(history, self.clock())
                if isinstance(step, Wait):
                    return f"{step.why} until {step.until:%Y-%m-%d %H:%M} UTC"
                if waits := self._apply(step, history, deadline):
                    return waits
            return "there is more to do than one run has time for; the next one goes on"
        finally:
            self._log_if_late(history)

    def _apply(self, step: Step, history: list[Event], deadline: float) -> str:
        """Do a step. Returns what to wait for; '' to go on at once."""
        match step:
            case Sweep():
                self._sweep(deadline)
            case Collect():
                return self._collect(step, history)
            case Check():
                return self._check(step)
        return ""

    def _sweep(self, deadline: float) -> None:
        """Sweep the tables. A sweep that fails is tried again later and does not block other steps."""
        began = self.clock()
        try:
            done = sweep(self.store, began, self.age, deadline - time.monotonic())
        except BadMoment as error:
            self._note("sweep_failed", note=str(error)[:500])
            log.event("not_swept", "WARNING", message=f"{error}. It is tried again; no view shows deleted posts.")
            return
        counts = {"removed": done.removed, "rewritten": done.rewritten, "left_fresh": done.left_fresh}
        self._note("swept", at=began, **counts)  # what is requested or recorded during the sweep causes another one

    def _collect(self, step: Collect, history: list[Event]) -> str:
        if step.after_id == "0" and not any(event.round == step.round for event in history):
            self._note("begun", round=step.round)
        ids = self._stored(step.after_id)
        if not ids:
            self._note("finished", round=step.round, after_id=step.after_id)
            return ""
        batch = JobName(step.round, step.after_id, ids[-1], len(ids))
        try:
            job = self.x.create(names.name(self.store.dataset, batch))
        except Running as error:
            return self._adopt_running_job(error, history)
        self._created(job.id, batch)
        self._upload(job, batch, ids)
        return ""

    def _stored(self, above_id: str, to_id: str = "") -> list[str]:
        most, last = (_EVERY_ID, to_id) if to_id else (self.most, str((1 << 63) - 1))
        return [str(row["id"]) for row in self.store.rows("stored", after_id=above_id, to_id=last, most=most)]

    def _created(self, job_id: str, batch: JobName, note: str = "") -> None:
        self._note(
            "created",
            job_id=job_id,
            round=batch.round,
            after_id=batch.after_id,
            to_id=batch.to_id,
            ids=batch.ids,
            note=note,
        )

    def _upload(self, job: Job, batch: JobName, ids: list[str]) -> None:
        self.x.upload(job, ids)
        self._note("uploaded", round=batch.round, job_id=job.id, ids=len(ids))

    def _adopt_running_job(self, error: Running, history: list[Event]) -> str:
        """Continue a job at X whose run was cut off before it could record the job."""
        recorded_jobs = {event.job_id for event in history}
        for job in self.x.jobs():
            batch = names.read(self.store.dataset, job.name)
            if batch and job.id not in recorded_jobs and job.status in ("created", "in_progress"):
                self._created(job.id, batch, note="found at X: the run that made it was cut off")
                return ""
        log.event("waiting", "WARNING", message=f"{error}. Another job is not touched; asked again at the next run.")
        return "X works on another job of this app, and takes one at a time"

    def _check(self, step: Check) -> str:
        created = step.job
        batch = JobName(created.round or created.at, created.after_id, created.to_id, created.ids)
        job = self.x.job(created.job_id)
        status = job.status if job else "unknown to X"
        if job and status == "complete":
            self._record(job, batch)
            return ""
        in_time = self.clock() - created.at < UPLOAD
        if job and status == "created" and not step.uploaded and in_time:
            self._upload(job, batch, self._stored(batch.after_id, batch.to_id))
            return ""
        if status == "in_progress" or (status == "created" and in_time):
            log.event("waiting", job=created.job_id, status=status)
            return "X works on the job"
        self._note("failed", round=created.round, job_id=created.job_id, note=f"X says: {status}")
        log.event(
            "job_failed", "WARNING", job=created.job_id, message=f"X's compliance job is {status}; another is made."
        )
        return ""

    def _record(self, job: Job, batch: JobName) -> None:
        results = ({"id": result.id, "reason": result.reason} for result in self.x.results(job))
        count = record(self.store, results, job.id, self.clock)
        self._note("recorded", round=batch.round, job_id=job.id, to_id=batch.to_id, ids=batch.ids, answers=count)

    def _note(self, event: str, at: datetime | None = None, **more: object) -> None:
        scanned, self.store.bytes_scanned = self.store.bytes_scanned, 0
        row = Event(event=event, at=at or self.clock(), bytes_scanned=scanned, **more)  # type: ignore[arg-type]
        self.store.note(row)
        fields = {
            name: value for name in Event.__slots__ if (value := getattr(row, name)) and name not in ("event", "at")
        }
        log.event(event, **fields)

    def _log_if_late(self, history: list[Event]) -> None:
        late = overdue_since(history, self.clock())
        if late is not None:
            log.event(
                "late",
                "ERROR",
                hours=round(late.total_seconds() / 3_600, 1),
                message="X's policy gives 24 hours to remove what was deleted, and X was last asked about all posts before that. The "
                "lines around this one say what holds it up; ./deploy.sh doctor checks token and credits.",
            )


def record(store: Store, results: Iterable[dict[str, str]], event: str, clock: Callable[[], datetime]) -> int:
    """Write results ([{id, reason}]) to `deletions`, and return how many.

    The posts' other versions and their retweets are added. No view shows any of these from now on.
    """
    count = 0
    for batch in batched(results, _RECORDED_AT_ONCE):
        store.change("record", answers=as_json(batch), event=event, now=clock())
        count += len(batch)
    if count:
        extend_deletions(store, clock())
    return count


def run_once(run: Run) -> None:
    """Make a scheduled run. A BadMoment is logged, and the next run tries again."""
    try:
        log.event("waits", what=run.run_steps())
    except BadMoment as error:
        log.event("not_now", "WARNING", message=f"{error}. The next run goes on from here.")
