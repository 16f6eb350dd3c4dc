"""How the tests of the screen wait for it: until its event loop has nothing left to do.

Textual's pilot looks at the processor instead: it sleeps 20 ms at a time until the process used
less than one of them, about six times for each key, and sends a message to every widget before
that. This took a third of the processor time of these tests and most of their wall time, and what
else runs on the machine decided when a screen was at rest.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from textual.pilot import Pilot

#: A timer that is due within so many seconds belongs to what happens now: while there is something
#: to draw a screen is drawn every sixtieth of a second, or one later.
_SOON: Final = 2.5 / 60


async def _rest(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Return when no callback is ready and no timer is due soon, or after `max_sleep` seconds.

    A widget that has a message to process has a task that is ready. Threads are not waited for:
    `settle` waits for the workers of the app.
    """
    loop: Any = asyncio.get_running_loop()  # what is ready and when a timer is due is its own
    until = loop.time() + max(min_sleep, max_sleep)
    while loop.time() < until:
        await asyncio.sleep(0)  # the loop runs what is ready, and asks the system for more
        if loop._ready:
            continue
        timers = (timer.when() for timer in loop._scheduled if not timer.cancelled())
        due = min(timers, default=until) - loop.time()
        if due >= _SOON:
            return
        await asyncio.sleep(due)


async def _screen_at_rest(pilot: Pilot[Any]) -> bool:
    await _rest()
    return True


def wait_for_the_event_loop(patch: pytest.MonkeyPatch) -> None:
    """Make the pilot wait in this way, wherever Textual waits for the processor."""
    patch.setattr("textual.app.wait_for_idle", _rest)
    patch.setattr("textual.pilot.wait_for_idle", _rest)
    patch.setattr(Pilot, "_wait_for_screen", _screen_at_rest)
