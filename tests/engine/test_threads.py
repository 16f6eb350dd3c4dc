"""Blocking work beside a loop that may end first."""

from __future__ import annotations

import asyncio
import threading

from sora_tui.engine.threads import in_daemon_thread


def test_work_that_outlives_its_loop_ends_in_silence() -> None:
    """A socket that says nothing, when the program has long been left."""
    begun, go_on = threading.Event(), threading.Event()
    faults: list[threading.ExceptHookArgs] = []

    def work() -> None:
        begun.set()
        go_on.wait(60)

    async def leave_early() -> None:
        waiting = asyncio.create_task(in_daemon_thread(work, "a mute socket"))
        while not begun.is_set():  # noqa: ASYNC110 -- an event of another thread
            await asyncio.sleep(0.01)
        waiting.cancel()

    before, threading.excepthook = threading.excepthook, faults.append
    try:
        asyncio.run(leave_early())
        (thread,) = [t for t in threading.enumerate() if t.name == "a mute socket"]
        go_on.set()
        thread.join(60)
    finally:
        threading.excepthook = before
    assert not thread.is_alive()
    assert faults == []
