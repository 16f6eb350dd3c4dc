"""Any app of Textual on a terminal in this process: how it is started, what stands on its screen.

For a single widget or pane in an app of its own. The program itself is driven by `driver.py`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from textual._compositor import LayoutUpdate
from textual.app import App
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip

#: Seconds that something may take to happen.
PATIENCE: Final = 30.0


@asynccontextmanager
async def open_app(
    app: App[Any],
    size: tuple[int, int] = (80, 24),
    *,
    hear: Callable[[Message], None] | None = None,
) -> AsyncIterator[Pilot[Any]]:
    """Start an app on a terminal of this size, and end it.

    Args:
        app: The app.
        size: Columns and rows.
        hear: Called with each message of each widget.
    """
    async with app.run_test(size=size, message_hook=hear) as pilot:
        await pilot.pause()
        yield pilot


def screen_strips(app: App[Any], screen: int = -1) -> list[Strip]:
    """Return the rows of the screen with their styles; of one below it by its number."""
    # Textual has no public way to what it draws.
    return app.screen_stack[screen]._compositor.render_strips()


def painted_strips(app: App[Any]) -> list[Strip]:
    """Return what the terminal is given for the whole screen, as the widgets made it."""
    update = app.screen._compositor.render_full_update()
    assert isinstance(update, LayoutUpdate)
    return [strip for line in update.strips for strip in line]


def screen_lines(app: App[Any]) -> list[str]:
    """Return the rows of the screen as text, full width."""
    return [strip.text for strip in screen_strips(app)]


def screen_text(app: App[Any]) -> str:
    """Return the screen as text, trailing blanks cut."""
    return "\n".join(line.rstrip() for line in screen_lines(app))


async def until(
    pilot: Pilot[Any], holds: Callable[[], object], what: str, seconds: float | None = None
) -> None:
    """Wait until something holds; fail with `what` and the screen after `seconds`."""
    seconds = PATIENCE if seconds is None else seconds
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what} after {seconds} s; screen:\n{screen_text(pilot.app)}")
        await pilot.pause(0.02)
