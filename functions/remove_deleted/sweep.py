"""Takes from the tables what `deletions` names: rows, copies inside other posts, locations. Each time all of it, so that what
comes late (a redelivery, a replay, a row that was too fresh) is removed too; a repeated sweep finds nothing.

    deletions ─► versions, retweets (they go with it) ─► rows by month: audit, delete
                                                      └► carriers: scrub, audit, rewrite
"""

import base64
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from posts.includes import as_object, retweeted
from posts.limits import parse_json

from .errors import BadMoment
from .policy import AGE
from .scrub import own_id, scrub, scrub_bytes
from .store import Row, StillFresh, Store, as_json

_BATCH_ROWS = 500
_BATCH_BYTES = 1_000_000  # of parameters: BigQuery takes 10 MB a request


@dataclass(slots=True)
class Swept:
    """One sweep: its store, its times (only rows from before `before` may be touched), and counts of rows."""

    store: Store
    now: datetime
    before: datetime
    deadline: float  # monotonic
    removed: int = 0
    rewritten: int = 0
    left_fresh: int = 0

    def check_deadline(self) -> None:
        if time.monotonic() > self.deadline:
            raise BadMoment("There is more to remove than one run has time for")


def extend_deletions(store: Store, now: datetime) -> None:
    """Add to `deletions` the other versions and the retweets of the posts that it names. Raises BadMoment."""
    store.change("versions", now=now)
    store.change("retweets", now=now)


def sweep(store: Store, now: datetime, age: timedelta = AGE, seconds: float = 300.0) -> Swept:
    """Remove all that `deletions` names from the tables. Raises BadMoment, also when time is up; what was done until then stays done."""
    done = Swept(store, now, now - age, time.monotonic() + seconds)
    extend_deletions(store, now)
    for table in ("tweet_versions", "archive"):
        _remove(done, table)
    for table, clean in (("tweet_versions", _clean_row), ("archive", _clean_message), ("rejected", _clean_bytes)):
        for batch in _batches(store.rows(f"{table}/carriers", before=done.before)):
            done.check_deadline()
            _rewrite(done, table, clean, batch)
    return done


def _remove(done: Swept, table: str) -> None:
    for month in done.store.rows(f"{table}/doomed", before=done.before):
        done.check_deadline()
        done.left_fresh += month["fresh"]
        if not month["row_count"]:
            continue
        first = month["month"] or _no_date(table)
        where = {"from": first, "to": _next_month(first), "undated": month["month"] is None, "before": done.before}
        try:
            done.store.change(f"{table}/audit", now=done.now, **where)
            done.removed += done.store.change(f"{table}/remove", **where)
        except StillFresh:  # BigQuery keeps some for longer than it says
            done.left_fresh += month["row_count"]


# The row's new fields (None: the row is deleted), and the ids of the posts whose copies and whose locations were taken out
Cleaned = tuple[Row | None, Iterable[str], Iterable[str]]


def _clean_row(row: Row) -> Cleaned:
    done = scrub(_message(row["payload"]), _ids(row, "gone"), _ids(row, "unplaced"))
    own = row["id"] in _ids(row, "unplaced") and (row["located"] or row["id"] in done.locations)  # columns hold it too
    locations = {*done.locations, row["id"]} if own else done.locations
    key = {"id": row["id"], "loaded_at": round(row["loaded_at"].timestamp() * 1_000_000), "unplaced": own}
    return key | {"payload": orjson.dumps(done.message).decode()}, done.copies, locations


def _clean_message(row: Row) -> Cleaned:
    try:
        message = parse_json(row["payload"])
    except ValueError:
        message = None
    if not isinstance(message, dict) or own_id(message) is None:
        return None, _ids(row, "gone"), ()
    if mentioned := retweeted(as_object(message.get("data"))) & set(_ids(row, "gone")):
        return None, mentioned, ()
    done = scrub(message, _ids(row, "gone"), _ids(row, "unplaced"))
    key = {"message_id": row["message_id"]}
    return key | {"payload": orjson.dumps(done.message).decode()}, done.copies, done.locations


def _clean_bytes(row: Row) -> Cleaned:
    raw, done = scrub_bytes(row["data"], _ids(row, "gone"), _ids(row, "unplaced"))
    if raw is None:
        return None, done.copies, ()
    return {"digest": row["digest"], "data": base64.b64encode(raw).decode()}, done.copies, done.locations


def _rewrite(done: Swept, table: str, clean: Callable[[Row], Cleaned], batch: list[Row]) -> None:
    rewritten: list[Row] = []
    discarded: list[Row] = []
    audit: list[Row] = []
    for row in batch:
        new, copies, locations = clean(row)
        actions = [(row, "copy_removed" if new else "row_removed") for row in copies]
        actions += [(row, "location_removed") for row in locations]
        if not actions:
            continue
        if row["fresh"]:
            done.left_fresh += 1
            continue
        if new is None:
            discarded.append({name: row[name] for name in ("message_id", "digest") if name in row})
        else:
            rewritten.append(new)
        inside = row.get("id")
        audit += [
            {"id": row, "inside": inside if inside != row else None, "table_name": table, "action": action}
            for row, action in actions
        ]
    if not audit:
        return
    dates = [row["part"] for row in batch if row["part"] is not None] or [_no_date(table)]
    undated = any(row["part"] is None for row in batch)
    where = {"from": min(dates), "to": max(dates), "undated": undated, "before": done.before}
    try:
        done.store.change("audit", rows=as_json(audit), now=done.now)
        if rewritten:
            done.rewritten += done.store.change(
                f"{table}/rewrite", rows=as_json(_last_state_by_row(rewritten)), **where
            )
        if discarded:
            done.removed += done.store.change(f"{table}/discard", rows=as_json(discarded), **where)
    except StillFresh:
        done.left_fresh += len(rewritten) + len(discarded)


def _last_state_by_row(rows: list[Row]) -> list[Row]:
    """Keep one new state for each row, as BigQuery's UPDATE requires."""
    keys = ("id", "loaded_at", "message_id", "digest")
    return list({tuple(row.get(name) for name in keys): row for row in rows}.values())


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        # encoded, as it is sent
        size += len(row["data"]) * 4 // 3 if "data" in row else len(json.dumps(row["payload"]))
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _ids(row: Row, name: str) -> list[str]:
    """Return ids from an array, which may be NULL when it is empty."""
    return row[name] or []


def _message(payload: Any) -> dict[str, Any]:
    """Return a JSON column's value as an object."""
    return payload if isinstance(payload, dict) else {}


def _no_date(table: str) -> datetime:
    """Return a placeholder of the column's type for rows without a date."""
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch.replace(tzinfo=None) if table == "tweet_versions" else epoch


def _next_month(first: datetime) -> datetime:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)
