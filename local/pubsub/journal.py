"""What the broker owes, on disk, so that an end of any kind loses nothing that was answered: a line of JSON an event.

An event is written before the call that caused it is answered. The file is left to the operating system, which keeps it when a
process is killed; only an end of the machine could lose the last of it. At the start it is read, and written anew without what is done.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson


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

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file = -1
        self.known = Known()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.known = _read(path)
            part = path.with_suffix(".part")
            part.write_bytes(b"".join(_lines(self.known)))
            part.replace(path)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def make(self, kind: str, request: bytes) -> None:
        """A schema, topic or subscription was made, or one deleted."""
        self._write([{"made": kind, "request": base64.b64encode(request).decode()}])

    def owe(self, copies: list[Owed]) -> None:
        self._write([_as_event(one) for one in copies])

    def done(self, keys: list[int]) -> None:
        """Acknowledged, or gone to the dead letters."""
        if keys:
            self._write([{"done": keys}])

    def _write(self, events: list[dict[str, Any]]) -> None:
        if self._file >= 0 and events:
            data = b"".join(orjson.dumps(event) + b"\n" for event in events)
            while data:
                data = data[os.write(self._file, data) :]


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
            subscription, key, data, attributes, message_id, publish_time = event["owed"]
            known.owed[key] = Owed(subscription, key, base64.b64decode(data), attributes, message_id, publish_time)
            known.last_id, known.last_key = max(known.last_id, int(message_id)), max(known.last_key, key)
        else:
            for key in event["done"]:
                known.owed.pop(key, None)
    return known


def _lines(known: Known) -> list[bytes]:
    made = [{"made": kind, "request": base64.b64encode(request).decode()} for kind, request in known.made]
    events = [*made, {"last": [known.last_id, known.last_key]}, *map(_as_event, known.owed.values())]
    return [orjson.dumps(event) + b"\n" for event in events]


def _as_event(one: Owed) -> dict[str, Any]:
    data = base64.b64encode(one.data).decode()
    return {"owed": [one.subscription, one.key, data, one.attributes, one.message_id, one.publish_time]}
