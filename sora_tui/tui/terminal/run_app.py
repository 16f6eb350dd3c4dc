"""Runs an app on the terminal, from the first signal handler to the exit code."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sora_tui.tui.terminal.app import CRASHED, TerminalApp
from sora_tui.tui.terminal.guard import Guard


def run_app(app: TerminalApp, *, on_quit: Callable[[], None]) -> int:
    """Run `app` on the terminal and return the exit code of the process.

    `on_quit` is called exactly once, when the terminal is back in order, and should return when
    everything is durable: at leisure after a normal end, within about a second after a signal.
    Then the process ends within 2.5 s of the signal in any case, with 128 + its number; a lost
    terminal counts as SIGHUP. 70 after a crash (see `TerminalApp.crash_path`), else the app's own
    return code. Main thread only.
    """
    gc.disable()  # nothing is garbage while the screen comes; the app turns it on again
    gc.freeze()  # what was imported stays: nobody need look through it
    guard = app.guard = Guard(app, on_quit)
    guard.start()
    try:
        with guard.receiving_signals():
            with _faults_reported(app):
                asyncio.run(guard.run_screen())
            with _faults_reported(app):
                guard.quit_engine()
    finally:
        guard.finish()
        gc.enable()
    if guard.code is not None:
        return guard.code
    return CRASHED if app.crashed else app.return_code or 0


@contextmanager
def _faults_reported(app: TerminalApp) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001  # it is in the report, and in the exit code
        app.report_crash(error)
