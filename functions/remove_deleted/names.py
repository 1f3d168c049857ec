"""What a job of ours is called at X, so that a run that was cut off can find the job that it made: 64 characters at the most.

tds/DATASET/ROUND/AFTER/TO/COUNT      a hash, seconds since 1970, ids and a count, in base 36
"""

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class JobName(NamedTuple):
    """What a name says."""

    round: datetime
    after_id: str
    to_id: str
    ids: int


def name(dataset: str, job: JobName) -> str:
    """Return a job's name at X. `dataset` is project.dataset, because another dataset of the same app has jobs of its own."""
    numbers = (int(job.round.timestamp()), int(job.after_id), int(job.to_id), job.ids)
    return "/".join(["tds", _hash(dataset), *map(_short, numbers)])


def read(dataset: str, text: str) -> JobName | None:
    """Return what a job's name says; None if it is not a job of this dataset."""
    parts = text.split("/")
    if len(parts) != 6 or parts[:2] != ["tds", _hash(dataset)]:
        return None
    try:
        began, after_id, to_id, ids = (int(part, 36) for part in parts[2:])
    except ValueError:
        return None
    return JobName(datetime.fromtimestamp(began, UTC), str(after_id), str(to_id), ids)


def _hash(dataset: str) -> str:
    return hashlib.blake2b(dataset.encode(), digest_size=4).hexdigest()


def _short(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
