"""One run: steps until there is nothing to do now, or the time is up. What each did is a row of compliance_jobs, and the next
run, of this program or another, goes on from there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import log
from .errors import BadMoment
from .policy import Check, Collect, Event, Rest, Step, Sweep, is_late, next_step
from .store import Store, as_json
from .sweep import AGE, sweep
from .x import Job, Running, X

IDS_A_JOB = 500_000  # 10 MB to upload; several jobs make a round
RUN_SECONDS = 400.0  # a step may take some more; Google lets an event's function run for 540 s
_REMEMBERED = timedelta(days=8)
_RECORDED_AT_ONCE = 20_000  # answers in a statement: about 1 MB of parameters
_NAME = "twitter-data-stream"


@dataclass(slots=True)
class Run:
    """Who is asked and where it is stored. `age` is how old a row must be to be touched, `most` the ids of one job."""

    store: Store
    x: X
    age: timedelta = AGE
    most: int = IDS_A_JOB
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def go(self, seconds: float = RUN_SECONDS) -> Rest | None:
        """Return until when there is nothing to do, or None where a job of X's, or the clock, is waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            history = self.store.history(self.clock() - _REMEMBERED)
            step = next_step(history, self.clock())
            if isinstance(step, Rest):
                self._complain(history)
                return step
            if not self._do(step):
                self._complain(history)
                return None
        return None

    def _do(self, step: Step) -> bool:
        """Whether to go on at once."""
        match step:
            case Sweep():
                self._sweep()
                return True
            case Collect():
                return self._collect(step)
            case Check():
                return self._check(step)
        return False

    def _sweep(self) -> None:
        done = sweep(self.store, self.clock(), self.age)
        self._note("swept", removed=done.removed, rewritten=done.rewritten, left_fresh=done.left_fresh)

    def _collect(self, step: Collect) -> bool:
        ids = self._stored(step.after_id)
        if not ids:
            self._note("finished", round=step.round, after_id=step.after_id)
            return True
        name = f"{_NAME}/{step.round.isoformat()}/{step.after_id}/{ids[-1]}/{len(ids)}"
        try:
            job = self.x.create(name)
        except Running as error:
            return self._adopt(error)
        self._created(job, step.round, step.after_id, ids)
        self.x.upload(job, ids)
        self._note("uploaded", round=step.round, job_id=job.id, ids=len(ids))
        return True

    def _stored(self, after_id: str, to_id: str = "") -> list[str]:
        ids = [str(row["id"]) for row in self.store.rows("stored", after_id=after_id, most=self.most)]
        return [one for one in ids if not to_id or int(one) <= int(to_id)]

    def _created(self, job: Job, round_: datetime, after_id: str, ids: list[str]) -> None:
        self._note("created", round=round_, job_id=job.id, after_id=after_id, to_id=ids[-1], ids=len(ids))

    def _adopt(self, error: Running) -> bool:
        """A run that was cut off between X's answer and its own note has left a job: it is gone on with."""
        for job in self.x.jobs():
            parts = job.name.split("/")
            if parts[0] == _NAME and len(parts) == 5 and job.status in ("created", "in_progress", "complete"):
                _, began, after_id, to_id, count = parts
                self._note(
                    "created", round=datetime.fromisoformat(began), job_id=job.id, after_id=after_id, to_id=to_id,
                    ids=int(count), note="found at X: the run that made it was cut off",
                )  # fmt: skip
                return True
        log.event(
            "waiting", "WARNING", message=f"{error} Another program's job is not touched; asked again at the next run."
        )
        return False

    def _check(self, step: Check) -> bool:
        made = step.job
        job = self.x.job(made.job_id)
        status = job.status if job else "unknown to X"
        if job and status == "complete":
            self._record(job, made)
            return True
        if job and status == "created" and not step.uploaded and job.upload_url:
            ids = self._stored(made.after_id, made.to_id)
            self.x.upload(job, ids)
            self._note("uploaded", round=made.round, job_id=job.id, ids=len(ids))
            return True
        if status == "in_progress" or (status == "created" and self.clock() - made.at < timedelta(minutes=20)):
            log.event("waiting", job=made.job_id, status=status)
            return False
        self._note("failed", round=made.round, job_id=made.job_id, note=f"X says: {status}")
        log.event("job_failed", "WARNING", job=made.job_id, message=f"X's compliance job is {status}; another is made.")
        return True

    def _record(self, job: Job, made: Event) -> None:
        """The answers into `deletions`: what they name is out of the views at once."""
        batch: list[dict[str, str]] = []
        answers = 0
        for answer in self.x.answers(job):
            batch.append({"id": answer.id, "reason": answer.reason})
            answers += 1
            if len(batch) >= _RECORDED_AT_ONCE:
                self.record(batch, job.id)
                batch = []
        if batch:
            self.record(batch, job.id)
        self._note("recorded", round=made.round, job_id=job.id, to_id=made.to_id, ids=made.ids, answers=answers)

    def record(self, answers: list[dict[str, str]], event: str) -> None:
        """[{id, reason}] into `deletions`, those that are not there yet."""
        self.store.change("record", answers=as_json(answers), event=event, now=self.clock())

    def _note(self, event: str, **more: object) -> None:
        scanned, self.store.bytes_scanned = self.store.bytes_scanned, 0
        row = Event(event=event, at=self.clock(), bytes_scanned=scanned, **more)  # type: ignore[arg-type]
        self.store.note(row)
        counts = {
            name: value for name in Event.__slots__ if (value := getattr(row, name)) and name not in ("event", "at")
        }
        log.event(event, **counts)

    def _complain(self, history: list[Event]) -> None:
        late = is_late(history, self.clock())
        if late is not None:
            log.event(
                "late",
                "ERROR",
                hours=round(late.total_seconds() / 3_600, 1),
                message="X's policy gives 24 hours to remove what was deleted, and X was last asked about all posts before that. The "
                "lines above say what keeps it; ./deploy.sh doctor checks token and credits.",
            )


def one_run(run: Run) -> None:
    """For the schedule: a bad moment is told, and the next run tries again."""
    try:
        run.go()
    except BadMoment as error:
        log.event("not_now", "WARNING", message=f"{error}. The next run goes on from here.")
