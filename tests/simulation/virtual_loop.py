"""An asyncio event loop whose clock jumps to the next timer: a simulated day takes as long as its callbacks do.

Every callback runs in a context, and the context says which simulated process it belongs to. A frozen process's callbacks wait until it
runs again; a killed one's are never run, so it ends between any two steps as a real one does.

asyncio's own loop could do this too (PyPI's looptime makes it); its handles and its selector take two thirds of the time, and here a
thousand simulated nights have to fit into a minute.
"""

import asyncio
import contextvars
import heapq
import itertools
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

OWNER: contextvars.ContextVar["Owner | None"] = contextvars.ContextVar("owner", default=None)


class Owner:
    """Whose callbacks may run: a simulated process."""

    def __init__(self) -> None:
        self.dead = False  # killed
        self.over = False  # ended by itself
        self.frozen = False
        self.held: deque[_Handle] = deque()
        self.steps_left: int | None = None  # until it is killed
        self.on_last_step: Callable[[], None] = lambda: None

    def context(self) -> contextvars.Context:
        context = contextvars.copy_context()
        context.run(OWNER.set, self)
        return context

    def may_run(self, handle: "_Handle") -> bool:
        """Whether a callback of this process runs now. A frozen one's is kept."""
        if self.dead or self.over:
            return False
        if self.frozen:
            self.held.append(handle)
            return False
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                self.steps_left = None
                self.on_last_step()
                return False
        return True


class _Handle:
    __slots__ = ("_when", "args", "callback", "cancelled_", "context")

    def __init__(self, callback: Callable[..., Any], args: Any, context: contextvars.Context, when: float) -> None:
        self.callback = callback
        self.args = args
        self.context = context
        self.cancelled_ = False
        self._when = when

    def cancel(self) -> None:
        self.cancelled_ = True

    def cancelled(self) -> bool:
        return self.cancelled_

    def when(self) -> float:
        return self._when


class VirtualLoop(asyncio.BaseEventLoop):
    """Single-threaded and without sockets. Raises RuntimeError when nothing is left to wait for."""

    _stopping: bool  # of BaseEventLoop: set by stop()

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._soon: deque[_Handle] = deque()
        self._later: list[tuple[float, int, _Handle]] = []
        self._numbers = itertools.count()
        self._all: list[asyncio.Task[Any]] = []  # kept, so that a killed one is not collected half-way
        self.set_task_factory(self._make_task)
        self.set_exception_handler(lambda loop, context: None)  # killed tasks are never awaited

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context or contextvars.copy_context(), self.now)
        self._soon.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there are no threads

    def call_at(self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context or contextvars.copy_context(), when)
        heapq.heappush(self._later, (when, next(self._numbers), handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:  # type: ignore[override]
        when = self.now + delay
        handle = _Handle(callback, args, context or contextvars.copy_context(), when)
        heapq.heappush(self._later, (when, next(self._numbers), handle))
        return handle

    def thaw(self, owner: Owner) -> None:
        owner.frozen = False
        self._soon.extend(owner.held)
        owner.held.clear()

    def spawn(self, coroutine: Coroutine[Any, Any, Any], owner: Owner) -> "asyncio.Task[Any]":
        return self.create_task(coroutine, context=owner.context())

    def run_forever(self) -> None:
        """Run callbacks, and jump to the next timer when there is none. One function, because it runs 12,000 times a sequence."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        soon, later, pop = self._soon, self._later, heapq.heappop
        try:
            while not self._stopping:
                if soon:
                    handle = soon.popleft()
                    if handle.cancelled_:
                        continue
                elif later:
                    when, _, handle = pop(later)
                    if handle.cancelled_:
                        continue
                    self.now = max(self.now, when)
                else:
                    raise RuntimeError("nothing is left to wait for")
                context = handle.context
                owner = context.get(OWNER)
                if owner is None or owner.may_run(handle):
                    context.run(handle.callback, *handle.args)
        finally:
            self._stopping = False
            events._set_running_loop(before)

    def close(self) -> None:
        """Destroy every task where it stands."""
        for task in self._all:
            with suppress(BaseException):
                task.get_coro().close()
        self._soon.clear()
        self._later.clear()
        super().close()

    def _make_task(self, loop: Any, coroutine: Any, **more: Any) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **more)
        self._all.append(task)
        return task

    def _check_closed(self) -> None: ...

    def _process_events(self, event_list: Any) -> None: ...

    def _write_to_self(self) -> None: ...
