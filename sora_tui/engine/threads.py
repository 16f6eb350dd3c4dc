"""Blocking work beside the engine's loop that never delays the end of the program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T], name: str) -> T:
    """Run blocking work in a thread of its own and wait for it.

    Unlike the loop's executor, a daemon thread is not joined when the interpreter ends: a silent
    socket must not keep the process of a closed terminal alive.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not done.done():
            result()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 -- passed to the caller that waits
            failure = error
            _hand_over(loop, lambda: settle(lambda: done.set_exception(failure)))
        else:
            _hand_over(loop, lambda: settle(lambda: done.set_result(value)))

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done


def _hand_over(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
