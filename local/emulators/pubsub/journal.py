"""Keeps on disk which messages are not acknowledged, so that no crash loses what was answered: one JSON line an event.

An event is written before the call that caused it is answered. There is no fsync: the operating system keeps the data when the process
is killed, and only a crash of the machine can lose the last events. At the start, and whenever it has grown enough, the file is read and
written anew without what is done.
"""

import base64
import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_GROWN = 32 << 20  # after so many bytes, check how much of them is still unacknowledged


@dataclass(frozen=True, slots=True)
class Owed:
    """A copy of a message that a subscription has not acknowledged; `key` is unique among all copies."""

    subscription: str
    key: int
    data: bytes
    attributes: dict[str, str]
    message_id: str
    publish_time: float


@dataclass(slots=True)
class JournalContent:
    """What the journal says at the start: the requests that made things, as (kind, protobuf) in order, and the unacknowledged messages."""

    created: list[tuple[str, bytes]] = field(default_factory=list)
    owed: dict[int, Owed] = field(default_factory=dict)
    last_id: int = 0
    last_key: int = 0


class Journal:
    """The journal's only writer. Without a path it keeps nothing."""

    def __init__(self, path: Path | None = None, *, grown: int = _GROWN) -> None:
        self._path = path
        self._grown = grown
        self._until_compaction = grown  # bytes, until it is written anew
        self._file = -1
        self.content = JournalContent()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.content = self._write_anew(path)

    def make(self, kind: str, request: bytes) -> None:
        """Record that a schema, topic or subscription was made, or a subscription deleted."""
        self._write([{"made": kind, "request": base64.b64encode(request).decode()}])

    def owe(self, copies: list[Owed]) -> None:
        """Record copies. Those of one message must be adjacent."""
        self._write(_as_events(copies))

    def done(self, keys: list[int]) -> None:
        """Record that a copy was acknowledged, or became a dead letter."""
        if keys:
            self._write([{"done": keys}])

    def _write(self, events: list[dict[str, Any]]) -> None:
        if self._path is None or not events:
            return
        data = _lines(events)
        self._until_compaction -= len(data)
        while data:
            data = data[os.write(self._file, data) :]
        if self._until_compaction < 0:
            self._write_anew(self._path)

    def _write_anew(self, path: Path) -> JournalContent:
        """Write the file without what is done. The old file stays whole until the new one is."""
        content = _read(path)
        created = [{"made": kind, "request": base64.b64encode(request).decode()} for kind, request in content.created]
        owed = sorted(content.owed.values(), key=lambda message: int(message.message_id))
        part = path.with_suffix(".part")
        part.write_bytes(_lines([*created, {"last": [content.last_id, content.last_key]}, *_as_events(owed)]))
        part.replace(path)
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._until_compaction = max(
            self._grown, path.stat().st_size
        )  # do not write long-lived messages again and again
        return content


def _read(path: Path) -> JournalContent:
    content = JournalContent()
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # cut off by a crash: its call was never answered
        if "made" in event:
            content.created.append((event["made"], base64.b64decode(event["request"])))
        elif "last" in event:
            content.last_id, content.last_key = event["last"]
        elif "owed" in event:
            data, attributes, message_id, publish_time = event["owed"]
            decoded = base64.b64decode(data)
            for subscription, key in event["to"]:
                content.owed[key] = Owed(subscription, key, decoded, attributes, message_id, publish_time)
                content.last_key = max(content.last_key, key)
            content.last_id = max(content.last_id, int(message_id))
        else:
            for key in event["done"]:
                content.owed.pop(key, None)
    return content


def _lines(events: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(event) + b"\n" for event in events)


def _as_events(copies: list[Owed]) -> list[dict[str, Any]]:
    """Return events with each message once, and the subscriptions that have not acknowledged it."""
    events = []
    for _, group in itertools.groupby(copies, key=lambda message: message.message_id):
        same = list(group)
        first = same[0]
        message = [base64.b64encode(first.data).decode(), first.attributes, first.message_id, first.publish_time]
        events.append({"owed": message, "to": [[copy.subscription, copy.key] for copy in same]})
    return events
