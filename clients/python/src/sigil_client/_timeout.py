"""A bound on how long a block of asyncio's takes. Python 3.11 has one of its own; this one is for 3.10 as well."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
import asyncio
import sys


class timeout:
    """Cancels the task inside the block after some seconds, and raises late() in its place. None means any time. A task
    that is canceled from outside stays canceled."""

    def __init__(self, seconds: float | None, late: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._late = late
        self._task: asyncio.Task[object] | None = None
        self._before = 0  # requests to cancel the task that others had made before the block
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False

    async def __aenter__(self) -> None:
        if self._seconds is None:
            return
        self._task = asyncio.current_task()
        assert self._task is not None, "asyncio runs all coroutines in tasks"
        if sys.version_info >= (3, 11):
            self._before = self._task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire, self._task)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._expired or self._task is None:
            return
        others = False
        if sys.version_info >= (3, 11):
            others = self._task.uncancel() > self._before
        if kind is asyncio.CancelledError and not others:
            raise self._late() from error

    def _expire(self, task: asyncio.Task[object]) -> None:
        self._expired = True
        task.cancel()
