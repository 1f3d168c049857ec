"""What becomes of every message when BigQuery, the platform or a message goes wrong.

Each case runs the real function against a BigQuery with faults, delivers as Pub/Sub does (until acknowledged), and queries the real view
for what a user would see.
"""

import asyncio
import base64
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
from google.cloud import bigquery

from local.emulators.bigquery import create, credentials
from local.processes import Process, wait_until_ready
from tests.support.fakes import bigquery as fakes

from . import load
from .rivals import LOAD_TWEET, environment

_FAULT_SECONDS = 6.0  # a passing fault lasts longer than the function retries by itself
_GIVE_UP_SECONDS = 90.0
_CONCURRENCY = 40
_REDELIVERY_SECONDS = 0.3  # before a message that was not acknowledged is delivered again
_REQUEST_SECONDS = 30.0
_ROWS_A_LOAD = 200

Delivery = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """A failure: `fault` is what BigQuery does at first, `usual` what it does then; `strike` is done to the function meanwhile."""

    name: str
    fault: fakes.Behaviour = fakes.ok
    usual: fakes.Behaviour = fakes.ok
    strike: signal.Signals | None = None
    poison: bool = False


@dataclass(slots=True)
class Became:
    """What became of the messages of one case."""

    case: Case
    messages: int
    acknowledged: int = 0
    deliveries: int = 0
    stored: int = 0  # posts that the view shows
    rejected: int = 0  # messages in `rejected`, each once
    lost: list[str] = field(default_factory=list)  # messages in neither
    twice: int = 0  # posts that the view shows more than once
    rows: int = 0  # of tweet_versions

    @property
    def balanced(self) -> bool:
        everything = self.acknowledged == self.messages == self.stored + self.rejected
        return everything and not self.lost and not self.twice


def _tenth_is_bad(row: dict[str, object]) -> bool:
    """Refuse one row of `tweet_versions` in ten. Rows of `rejected` hold no payload and are taken."""
    return "payload" in row and int(str(row["id"])) % 10 == 0


def _stored_but_not_answered(table: str, rows: fakes.Rows) -> fakes.Reply:
    return fakes.STORED_AND_RESET


CASES = [
    Case("nothing"),
    Case("500", fakes.status(500)),
    Case("503", fakes.status(503)),
    Case("429", fakes.status(429, "rateLimitExceeded")),
    Case("hangs", fakes.slow(20)),
    Case("trickles an answer without end", fakes.trickle(3_600)),
    Case("resets connections", fakes.reset),
    Case("stores, and resets before it answers", _stored_but_not_answered),
    Case("one row in ten is invalid, the others stopped", usual=fakes.refuse(_tenth_is_bad)),
    Case("stops rows and blames none", fakes.stopped),
    Case("answers after 1.5 s", fakes.slow(1.5)),
    Case("the function is killed while it inserts", fakes.slow(0.5), strike=signal.SIGKILL),
    Case("the function is told to stop while it inserts", fakes.slow(0.5), strike=signal.SIGTERM),
    Case("poison of 20 kinds", poison=True),
]

GOOD_POST = b'{"data":{"id":"2107184236008718446","text":"music"}}'
POISON: dict[str, bytes | Callable[[], bytes]] = {
    "no bytes": b"",
    "bytes that are no text": b"\xff\xfe\x00",
    "text that is no JSON": b"hello",
    "JSON cut short": b'{"id": "1", "payload": "',
    "an array": b"[]",
    "a number": b"7",
    "null": b"null",
    "an empty object": b"{}",
    "a field missing": b'{"id":"1","payload":"{}","source":"stream"}',
    "a time that is a word": b'{"id":"1","payload":"{}","received_at":"now","source":"stream"}',
    "a time beyond BigQuery's": b'{"id":"1","payload":"{}","received_at":999999999999999999,"source":"stream"}',
    "a source that nobody knows": b'{"id":"1","payload":"{}","received_at":1,"source":"elsewhere"}',
    "a payload that is no JSON": lambda: _message(b"<html>"),
    "a payload that is a list": lambda: _message(b"[1]"),
    "a message of X's without a post": lambda: _message(b'{"errors":[{"title":"operational-disconnect"}]}'),
    "an id that is a word": lambda: _message(b'{"data":{"id":"x","text":"music"}}'),
    "a text that is a number": lambda: _message(b'{"data":{"id":"1","text":5}}'),
    "hashtags that are no list": lambda: _message(b'{"data":{"id":"1","text":"music","entities":{"hashtags":{}}}}'),
    "JSON a thousand deep": lambda: _message(b'{"data":' + b"[" * 2_000 + b"]" * 2_000 + b"}"),
    "a created_at that is no time": lambda: _message(b'{"data":{"id":"1","text":"music","created_at":"soon"}}'),
}


def run(case: Case, count: int, folder: Path, client: bigquery.Client, dataset: str) -> Became:
    """Run a case. `client` reads an empty dataset with our tables and views, which is filled with what the function stored."""
    deliveries = list(load.deliveries(count))
    truth = {event_id: load.post_id(body) for event_id, body in deliveries}
    if case.poison:
        bad = [(f"poison {kind}", _event(f"poison {kind}", data)) for kind, data in POISON.items()]
        deliveries += bad
        truth |= {event_id: "" for event_id, _ in bad}
    became = Became(case, len(deliveries))
    with fakes.serve() as fake, ExitStack() as stack:
        key = folder / "credentials.json"
        credentials.write(key)
        variables = environment(fake.url) | {"GOOGLE_APPLICATION_CREDENTIALS": str(key)}
        fake.usual = case.fault
        function = _Function(folder, variables)
        stack.callback(function.stop)
        acknowledged = asyncio.run(_deliver(case, deliveries, function, fake, became))
        rows = {table: list(stored) for table, stored in fake.stored.items()}
    became.acknowledged = len(acknowledged)
    _judge(became, truth, rows, client, dataset)
    return became


class _Function:
    """Our function, on the same port each time it is started."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder = folder
        self._variables = variables
        self.port = 0
        self.start()

    def start(self) -> None:
        self._process = Process(
            "function", LOAD_TWEET.command(self.port), self._variables, self._folder / "function.log"
        )
        self.port = wait_until_ready(self._process)

    def strike(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL to the whole group, as Cloud Run does, and SIGTERM to the process."""
        self._process.stop(0 if number is signal.SIGKILL else 12)

    def stop(self) -> None:
        self._process.stop()


async def _deliver(
    case: Case, deliveries: list[Delivery], function: _Function, fake: fakes.FakeBigQuery, became: Became
) -> set[str]:
    """Deliver each message until it is acknowledged, so many at a time. The fault ends after a while."""
    acknowledged: set[str] = set()
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    slots = asyncio.Semaphore(_CONCURRENCY)
    timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)

    async def deliver(session: aiohttp.ClientSession, event_id: str, body: bytes) -> None:
        while time.monotonic() < deadline:
            async with slots:
                became.deliveries += 1
                if await _acknowledges(session, function.port, event_id, body):
                    acknowledged.add(event_id)
                    return
            await asyncio.sleep(_REDELIVERY_SECONDS)

    async def pass_over() -> None:
        if case.strike:
            await asyncio.sleep(0.7)  # the second round of inserts is under way
            await asyncio.to_thread(function.strike, case.strike)
            fake.usual = case.usual
            await asyncio.to_thread(function.start)
        elif case.fault is not fakes.ok:
            await asyncio.sleep(_FAULT_SECONDS)
        fake.usual = case.usual

    if case.fault is fakes.ok:
        fake.usual = case.usual
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(pass_over(), *(deliver(session, *delivery) for delivery in deliveries))
    return acknowledged


async def _acknowledges(session: aiohttp.ClientSession, port: int, event_id: str, body: bytes) -> bool:
    headers = {"Content-Type": "application/json", "ce-id": event_id}
    try:
        async with session.post(f"http://127.0.0.1:{port}/", data=body, headers=headers) as response:
            return 200 <= response.status < 300
    except (aiohttp.ClientError, TimeoutError, ConnectionError):
        return False


def _judge(
    became: Became, truth: dict[str, str], rows: dict[str, fakes.Rows], client: bigquery.Client, dataset: str
) -> None:
    """Load what was stored into the embedded BigQuery, and query the view."""
    for table, stored in rows.items():
        for start in range(0, len(stored), _ROWS_A_LOAD):
            errors = client.insert_rows_json(
                f"{client.project}.{dataset}.{table}", stored[start : start + _ROWS_A_LOAD]
            )
            assert not errors, errors
    shown = [row["id"] for row in client.query(f"SELECT id FROM {dataset}.tweets").result()]
    replaced = {row["id"] for row in client.query(f"SELECT id FROM {dataset}.superseded").result()}
    rejected = {row["message_id"] for row in client.query(f"SELECT message_id FROM {dataset}.rejected").result()}
    versions = {row["id"] for row in rows.get("tweet_versions", [])}
    # an earlier version of an edited post is stored but not shown, as it should be
    became.stored = len(set(shown) | (versions & replaced))
    became.rejected = len(rejected)
    became.twice = len(shown) - len(set(shown))
    became.rows = len(rows.get("tweet_versions", []))
    became.lost = [
        event_id
        for event_id, post_id in truth.items()
        if event_id not in rejected and post_id not in shown and not (post_id in versions and post_id in replaced)
    ]


def tables(client: bigquery.Client, name: str) -> str:
    """An empty dataset for one case."""
    create.create(client, name)
    return name


def _event(event_id: str, data: bytes | Callable[[], bytes]) -> bytes:
    raw = data if isinstance(data, bytes) else data()
    message = {"data": base64.b64encode(raw).decode(), "messageId": event_id}
    return orjson.dumps({"message": message, "subscription": "projects/local/subscriptions/load-tweet"})


def _message(payload: bytes) -> bytes:
    return orjson.dumps(
        {"id": "", "payload": payload.decode(), "received_at": 1_795_348_799_000_000, "source": "stream"}
    )
