"""An event loop whose clock is ours: hours of waiting pass in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

#: A clock always moves a little; the loop relies on it.
_RESOLUTION = 1e-6

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Instead of waiting, it moves its clock to the next timer."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everything waits, and for nothing"
        self._loop.now += max(timeout, _RESOLUTION)
        return super().select(0)


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


async def until(done: Callable[[], bool]) -> None:
    """Wait until something holds, for a day at most: these seconds cost nothing."""
    async with asyncio.timeout(86_400):
        while not done():  # noqa: ASYNC110 -- virtual time has no events of its own
            await asyncio.sleep(1)
