"""What the broker owes, on disk, so that an end of any kind loses nothing that was answered: a line of JSON an event.

An event is written before the call that caused it is answered. The file is left to the operating system, which keeps it when a
process is killed; only an end of the machine could lose the last of it. At the start, and whenever it has grown by a good deal, it
is read, and written anew without what is done.
"""

import base64
import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_GROWN = 32 << 20  # bytes written before it is looked at what of them is still owed


@dataclass(frozen=True, slots=True)
class Owed:
    """A copy of a message that a subscription has not had acknowledged; `key` is its own among all copies."""

    subscription: str
    key: int
    data: bytes
    attributes: dict[str, str]
    message_id: str
    publish_time: float


@dataclass(slots=True)
class Known:
    """What the journal says at the start: requests that made things, as (kind, protobuf), in order; and what is owed."""

    made: list[tuple[str, bytes]] = field(default_factory=list)
    owed: dict[int, Owed] = field(default_factory=dict)
    last_id: int = 0
    last_key: int = 0


class Journal:
    """One writer. Without a path it keeps nothing."""

    def __init__(self, path: Path | None = None, *, grown: int = _GROWN) -> None:
        self._path = path
        self._grown = grown
        self._left = grown  # bytes, until it is written anew
        self._file = -1
        self.known = Known()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.known = self._write_anew(path)

    def make(self, kind: str, request: bytes) -> None:
        """A schema, topic or subscription was made, or one deleted."""
        self._write([{"made": kind, "request": base64.b64encode(request).decode()}])

    def owe(self, copies: list[Owed]) -> None:
        """Copies of one message are to follow one another."""
        self._write(_as_events(copies))

    def done(self, keys: list[int]) -> None:
        """Acknowledged, or gone to the dead letters."""
        if keys:
            self._write([{"done": keys}])

    def _write(self, events: list[dict[str, Any]]) -> None:
        if self._path is None or not events:
            return
        data = _lines(events)
        self._left -= len(data)
        while data:
            data = data[os.write(self._file, data) :]
        if self._left < 0:
            self._write_anew(self._path)

    def _write_anew(self, path: Path) -> Known:
        """Without what is done. The file that is there is whole until the new one is."""
        known = _read(path)
        made = [{"made": kind, "request": base64.b64encode(request).decode()} for kind, request in known.made]
        owed = sorted(known.owed.values(), key=lambda one: int(one.message_id))
        part = path.with_suffix(".part")
        part.write_bytes(_lines([*made, {"last": [known.last_id, known.last_key]}, *_as_events(owed)]))
        part.replace(path)
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._left = max(self._grown, path.stat().st_size)  # what is owed for long is not written again and again
        return known


def _read(path: Path) -> Known:
    known = Known()
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # cut off by the end of the process: its call was never answered
        if "made" in event:
            known.made.append((event["made"], base64.b64decode(event["request"])))
        elif "last" in event:
            known.last_id, known.last_key = event["last"]
        elif "owed" in event:
            data, attributes, message_id, publish_time = event["owed"]
            decoded = base64.b64decode(data)
            for subscription, key in event["to"]:
                known.owed[key] = Owed(subscription, key, decoded, attributes, message_id, publish_time)
                known.last_key = max(known.last_key, key)
            known.last_id = max(known.last_id, int(message_id))
        else:
            for key in event["done"]:
                known.owed.pop(key, None)
    return known


def _lines(events: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(event) + b"\n" for event in events)


def _as_events(copies: list[Owed]) -> list[dict[str, Any]]:
    """A message once, and to whom it is owed."""
    events = []
    for _, group in itertools.groupby(copies, key=lambda one: one.message_id):
        same = list(group)
        one = same[0]
        message = [base64.b64encode(one.data).decode(), one.attributes, one.message_id, one.publish_time]
        events.append({"owed": message, "to": [[copy.subscription, copy.key] for copy in same]})
    return events
