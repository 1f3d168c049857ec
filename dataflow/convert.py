"""Makes files of rows from one part of what is read, with the row code of posts/. Runs in a worker."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from posts.errors import BadMessage
from posts.filter import Filter
from posts.message import Delivery, Message
from posts.rows import Result, make_rows, reject, score, timestamp
from posts.sentiment import Scorer
from runtime.batches import batched
from warehouse.settings import Settings

from . import opening, reading
from .files import Part
from .lines import Record, messages
from .shards import Shards
from .staging import Staging
from .totals import Totals
from .units import Unit
from .unpack import CutOff

_FIELDS_KEPT = 200  # names of unknown fields: limited, because a file may contain anything
_SCORED_TOGETHER = 256  # messages: their texts are scored at once
_LONG_LINE_KEPT_BYTES = 100_000  # bytes of a line that is too long: it goes to `rejected`


@dataclass(frozen=True, slots=True)
class Options:
    """How messages become rows. `received_at` (microseconds since 1970 UTC) is used for messages without a time of receipt."""

    filter: Filter
    settings: Settings
    received_at: int
    tag: str = ""


_LOGGER = logging.getLogger(__name__)
_NOWHERE = Delivery(b"", "")


class Place(NamedTuple):
    """The position of a message: the line of the part on which it stands, and its number within the line, both from 0 on."""

    part: Part
    line: int
    number: int = 0

    def attributes(self) -> dict[str, str]:
        """Return it for a person. The part's first line is numbered once, by reading the file up to there."""
        line = reading.lines_before(self.part) + self.line + 1
        return {"file": self.part.name, "line": str(line), "message": str(self.number + 1)}


class LocatedRecord(NamedTuple):
    """A message, or why there is none; `data` is what was read for it."""

    record: Record | BadMessage
    data: bytes
    place: Place | None


def convert(records: Iterable[LocatedRecord], options: Options, staging: Staging, part: str, scorer: Scorer) -> Totals:
    """Write the rows of a part, and remember that it is done."""
    now, totals = datetime.now(UTC), Totals()
    shards = Shards(staging.folder, part)
    for group in batched(records, _SCORED_TOGETHER):
        results = [to_rows(record, options, now) for record in group]
        if failure := score(results, scorer):
            _LOGGER.error(failure)
        totals.read += len(group)
        for result in results:
            totals.add(result.outcome, result.reason)
            if result.unknown and len(totals.unknown) < _FIELDS_KEPT:
                totals.unknown.update(result.unknown)
            for table, _, row in result.rows:
                shards.add(table, row)
    staging.write_part(part, (totals, shards.close()))
    return totals


def to_rows(located: LocatedRecord, options: Options, now: datetime) -> Result:
    """Return the rows of one message, as the function would make them."""
    record = located.record
    if isinstance(record, BadMessage):
        return reject(_delivery(located, located.data), record, now)
    if record.deleted_id:
        return Result("deletions", [("deletions", record.deleted_id, _deletion(record.deleted_id, now))])
    if record.no_post:
        return reject(_delivery(located, record.payload.encode()), BadMessage("no_post", record.no_post), now)
    received_at = options.received_at if record.received_at is None else record.received_at
    message = Message("", record.payload, received_at, record.source)
    result = make_rows(_NOWHERE, options.filter, now, message)
    if result.outcome != "rejected":
        return result
    # parsed again, because the position is needed only for an error
    return make_rows(_delivery(located, record.payload.encode()), options.filter, now, message)


def _deletion(post_id: str, now: datetime) -> dict[str, Any]:
    """Return the row of a post that X said was deleted: no view shows it, whatever file it comes from."""
    return {"id": post_id, "chain_id": post_id, "reason": "deleted", "event": "import", "at": timestamp(now)}


def file_records(part: Part, tag: str) -> Iterator[LocatedRecord]:
    """Yield the messages of a part of a file. What cannot be read is one message that is rejected."""
    for file, units in reading.files_of(part):
        yield from _records_of(file, units, tag)


def _records_of(part: Part, units: Iterable[Unit], tag: str) -> Iterator[LocatedRecord]:
    line, number, end = 0, 0, 0
    try:
        for unit in units:
            number = number if unit.line == line and number else 0  # several values may begin on one line
            line = unit.line
            for record, data in _unit_records(unit, tag):
                yield LocatedRecord(record, data, Place(part, line, number))
                number += 1
            end = unit.line + unit.data.count(b"\n")
    except CutOff as error:
        damaged = error.incomplete or Unit(end, b"")
        why = (
            f"The file is damaged, or ends in the middle: {error}. What comes before line {damaged.line + 1:,} was read"
        )
        yield LocatedRecord(BadMessage("cut_off", why), damaged.data[:_LONG_LINE_KEPT_BYTES], Place(part, damaged.line))


def _unit_records(unit: Unit, tag: str) -> Iterator[tuple[Record | BadMessage, bytes]]:
    if unit.is_whole:
        yield from messages(unit.data, tag)
    else:
        why = f"The line is longer than {opening.LINE_BYTES:,} bytes; its beginning is kept"
        yield BadMessage("too_long", why), unit.data[:_LONG_LINE_KEPT_BYTES]


def _delivery(located: LocatedRecord, data: bytes) -> Delivery:
    """Return what `rejected` keeps: all of the message, and where it stands."""
    place = {} if located.place is None else located.place.attributes()
    return Delivery(data, message_id=":".join(place.values()), subscription="import", attributes=place)
