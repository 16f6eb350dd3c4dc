"""Textual's driver on real terminals: any bytes come in, and nothing waits for ever."""

from __future__ import annotations

import codecs
import os
import re
import select
import sys
import termios
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, Protocol, runtime_checkable

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from sora_tui.tui.terminal.keyboard import ALTERNATE_KEYS, KeyParser
from sora_tui.tui.terminal.output import TerminalOutput
from sora_tui.tui.terminal.output_rate import BREATH

#: How long what was written last may take to reach a terminal that we leave, in seconds.
_LAST_WORDS: Final = 0.3

# What older terminals send for the mouse: three bytes, not text, above 0x7F past column 95.
_X10_MOUSE: Final = re.compile(rb"\x1b\[M[\s\S]{3}")
_X10_BEGUN: Final = re.compile(rb"\x1b\[M[\s\S]{0,2}\Z")


@runtime_checkable
class DrivenApp(Protocol):
    """What the driver needs of its app; `app.TerminalApp` has it, an app of Textual alone not."""

    alt_keys: Iterable[str]

    def forget_terminal(self) -> None:
        """Know nothing of what the terminal shows and has."""

    def remove_pictures(self) -> None:
        """Take the pictures off the terminal."""

    def report_hangup(self) -> None:
        """End as by SIGHUP: the terminal is gone. From any thread."""


class TerminalDriver(LinuxDriver):
    """Textual's driver, reading any bytes and writing to a `TerminalOutput`."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stderr__ is not None, "the caller has seen a terminal on stderr"
        self.output = TerminalOutput(sys.__stderr__.fileno())
        self._file = self.output  # type: ignore[assignment]  # the writer needs these methods only
        self.in_application_mode = False

    def start_application_mode(self) -> None:
        """Take the terminal, remembering that it is taken."""
        self.output.take_again()
        self.in_application_mode = True
        if isinstance(self._app, DrivenApp):
            self._app.forget_terminal()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual left it so
        self.write(ALTERNATE_KEYS)

    def stop_application_mode(self) -> None:
        """Give the terminal back, even if it no longer takes what Textual writes."""
        if isinstance(self._app, DrivenApp):
            self._app.remove_pictures()
        super().stop_application_mode()
        self.in_application_mode = False
        if self.output.given_up:
            self.output.leave()

    @property
    def is_behind(self) -> bool:
        """Whether the terminal does not show yet what was written to it."""
        writer = self._writer_thread
        waits = writer is not None and not writer._queue.empty()
        return waits or self.output.is_waiting or self.output.pace.lag > BREATH / 2

    def close(self) -> None:
        """Wait for the writer; what it could no longer write is the way out of the screen, too.

        A slow line is not waited for: what is on its way is a screen that nobody will see.
        """
        deadline = time.monotonic() + _LAST_WORDS
        while self.is_behind and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.is_behind:
            self.output.give_up()
        super().close()
        if self.output.given_up:
            self.output.leave()

    def restore(self) -> None:
        """Give the terminal back from any thread, without waiting for anything."""
        if not self.in_application_mode:
            return
        with suppress(OSError, termios.error):
            # In the background the terminal is the shell's, and touching it would stop us.
            if os.tcgetpgrp(self.fileno) == os.getpgrp():
                self.output.leave()
                if self.attrs_before is not None:
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def run_input_thread(self) -> None:
        """Read keys until told to stop; bytes that are no text never end the program."""
        app = self._app if isinstance(self._app, DrivenApp) else None
        alt_keys = () if app is None else app.alt_keys
        parser = KeyParser(self._debug, alt_keys)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        begun = b""
        stopping = False
        while not stopping:
            # Once more after the order to stop: answers to our queries must not reach the shell.
            stopping = self.exit_event.is_set()
            if select.select([self.fileno], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:  # EIO: hung up
                    data = b""
                if not data:
                    if app is not None:
                        app.report_hangup()
                    return
                data = _X10_MOUSE.sub(b"", begun + data)
                begun = found.group() if (found := _X10_BEGUN.search(data)) else b""
                text = decoder.decode(data.removesuffix(begun))
                try:
                    for event in parser.feed(text):
                        self.process_message(event)
                except (ValueError, OverflowError):  # a number no key has, as in ESC [ 9999999999 u
                    parser = KeyParser(self._debug, alt_keys)
            for event in parser.tick():
                self.process_message(event)

    def _get_terminal_size(self) -> tuple[int, int]:
        # Textual asks stdout, which may be a pipe, and believes COLUMNS before the terminal.
        try:
            size = os.get_terminal_size(self.output.fileno())
        except OSError:
            return super()._get_terminal_size()
        return (size.columns or 80, size.lines or 24)
