"""Pulls a subscription and gives each message to a worker; acknowledges what it has done, nacks the rest."""

import asyncio
from collections.abc import Awaitable, Callable

from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.pubsub_v1.types import ReceivedMessage

from . import log
from .pubsub import client

_PULL_SECONDS = 20.0  # deadline of a pull, which waits for messages on the server
_CALL_SECONDS = 10.0

Work = Callable[[list[ReceivedMessage]], Awaitable[list[bool]]]  # True: acknowledge


class Puller:
    """Calls `work` with up to `batch` messages at once, and holds at most `outstanding` messages.

    Waits `pause` seconds between pulls, so that more come at once.
    """

    def __init__(
        self, host: str, subscription: str, work: Work, *, batch: int, outstanding: int, part: str, pause: float = 0.0
    ) -> None:
        self._subscriber = client.async_subscriber(host)
        self._subscription = subscription
        self._work = work
        self._batch = batch
        self._room = asyncio.Semaphore(outstanding)
        self._most = outstanding
        self._part = part
        self._pause = pause
        self._tasks: set[asyncio.Task[None]] = set()
        self._acks: list[str] = []
        self._nacks: list[str] = []
        self._settling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Pull until cancelled."""
        while True:
            await self._room.acquire()
            self._room.release()
            free = self._room._value  # as many as fit, so that a pull brings only what can be handled now
            try:
                response = await self._subscriber.pull(
                    subscription=self._subscription, max_messages=free, retry=None, timeout=_PULL_SECONDS
                )
            except (GoogleAPICallError, RetryError) as error:
                if isinstance(error, NotFound):
                    raise
                log.event("pull_failed", self._part, "WARNING", message=f"{type(error).__name__}: {error}"[:300])
                await asyncio.sleep(0.5)
                continue
            received = list(response.received_messages)
            for start in range(0, len(received), self._batch):
                group = received[start : start + self._batch]
                for _ in group:
                    await self._room.acquire()
                task = asyncio.create_task(self._handle(group))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(self._pause)

    async def _handle(self, group: list[ReceivedMessage]) -> None:
        try:
            done = await self._work(group)
        finally:
            for _ in group:
                self._room.release()
        for message, acknowledge in zip(group, done, strict=True):
            (self._acks if acknowledge else self._nacks).append(message.ack_id)
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        """Send acknowledgements in batches: those that gather during one call make the next."""
        while self._acks or self._nacks:
            acks, self._acks = self._acks, []
            nacks, self._nacks = self._nacks, []
            try:
                if acks:
                    await self._subscriber.acknowledge(
                        subscription=self._subscription, ack_ids=acks, retry=None, timeout=_CALL_SECONDS
                    )
                if nacks:
                    await self._subscriber.modify_ack_deadline(
                        subscription=self._subscription,
                        ack_ids=nacks,
                        ack_deadline_seconds=0,
                        retry=None,
                        timeout=_CALL_SECONDS,
                    )
            except (GoogleAPICallError, RetryError) as error:
                # not acknowledged: Pub/Sub delivers them again, which is allowed at any time
                log.event("ack_failed", self._part, "WARNING", message=f"{type(error).__name__}: {error}"[:300])
