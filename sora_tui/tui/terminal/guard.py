"""Ends the program on a deadly signal or a lost terminal, even when its loop is stuck."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from textual.app import App

from sora_tui.tui.terminal.driver import TerminalDriver

# After a signal, in seconds: how long the terminal may take to swallow what is already written,
# when the engine is told even though the screen still stands, and when the process ends anyway.
_SWALLOW: Final = 1.0
_DURABLE: Final = 1.5
_END: Final = 2.5
_DEADLY: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Guard(threading.Thread):
    """Ends the app on a deadly signal or a lost terminal, even when its loop is stuck.

    Signal numbers come through a pipe that the interpreter's C handler writes to: Python's own
    handlers would wait for the main thread, which may wait for the terminal.
    """

    def __init__(self, app: App[None], on_quit: Callable[[], None]) -> None:
        super().__init__(name="terminal-guard", daemon=True)
        self.code: int | None = None
        """128 + the signal that ends the program."""
        self._app = app
        self._on_quit = on_quit
        self._quitting = threading.Lock()
        self._has_quit = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._screen_gone = threading.Event()
        self._finished = threading.Event()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def report(self, number: int) -> None:
        """Take note of signal `number`, from any thread."""
        os.write(self._write, bytes([number]))

    @contextmanager
    def receiving_signals(self) -> Iterator[None]:
        """Receive SIGTERM, SIGHUP (unless nohup ignores it) and SIGINT; main thread only."""
        before = {
            number: signal.signal(number, lambda *_: None)
            for number in _DEADLY
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            if self.code is None:  # else a second signal must not cut the way out short
                for number, handler in before.items():
                    signal.signal(number, handler)

    async def run_screen(self) -> None:
        """Run the app to its end."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._app.run_async()
        finally:
            self._screen_gone.set()

    def quit_engine(self) -> None:
        """Call `on_quit`, once; a second caller waits for the first."""
        with self._quitting:
            if not self._has_quit:
                self._has_quit = True
                self._on_quit()

    def finish(self) -> None:
        """Stand down: the program is leaving by itself."""
        self._finished.set()
        self.report(0)

    def run(self) -> None:
        """Wait for the first deadly signal, then see to it that the program ends."""
        while not self._is_deadly(number := os.read(self._read, 1)[0]):
            if self._finished.is_set():
                return
        self.code = 128 + number
        self._ask_app_to_exit(self.code)
        driver = self._driver
        if not self._screen_gone.wait(_SWALLOW) and driver is not None:
            driver.output.give_up()
        if not self._finished.wait(_DURABLE - _SWALLOW):
            threading.Thread(target=self.quit_engine, daemon=True).start()
        if not self._finished.wait(_END - _DURABLE):
            if driver is not None:
                driver.restore()
            os._exit(self.code)

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self._app._driver
        return driver if isinstance(driver, TerminalDriver) else None

    def _is_deadly(self, number: int) -> bool:
        if number == signal.SIGINT and (driver := self._driver) is not None:
            # While an editor or a player has the terminal, its ctrl+c is not meant for us.
            return driver.in_application_mode
        return number in _DEADLY

    def _ask_app_to_exit(self, code: int) -> None:
        while self._loop is None and not self._screen_gone.wait(0.02):
            pass
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has closed meanwhile: the app is at its end
                self._loop.call_soon_threadsafe(lambda: self._app.exit(return_code=code))
