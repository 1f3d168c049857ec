"""Blocking calls beside the event loop, each with a deadline.

A thread for each call, and a daemon: a call that hangs past its deadline keeps neither a worker busy nor the process alive.
asyncio's own pool joins its threads when the process ends, and a hanging one would take the seconds that SIGTERM leaves.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *arguments: Any, seconds: float | None) -> T:
    """Return what the function returns. Raises TimeoutError after so many seconds; the thread's answer is dropped then."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if not future.done():  # cancelled, or past its deadline
            future.set_exception(error) if error is not None else future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, error = None, None
        try:
            result = function(*arguments)
        except BaseException as problem:  # noqa: BLE001 - handed over to whoever waits
            error = problem
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop has ended, and nobody waits

    threading.Thread(target=work, name=getattr(function, "__name__", "call"), daemon=True).start()
    async with asyncio.timeout(seconds):
        return await future
