"""The file that Textual writes the screen to: it never waits for a terminal that is gone."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
from contextlib import suppress
from typing import Final

from sora_tui.tui.terminal.output_rate import Pace

#: How long the leave sequence may look for room in a terminal that is not read, in seconds.
_LEAVE_WITHIN: Final = 0.2

# Undoes, in one write, what LinuxDriver.start_application_mode sets. CAN first: it ends a
# sequence that may have been cut in the middle.
_LEAVE: Final = (
    b"\x18\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[?1016l\x1b[0m\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


class TerminalOutput:
    """The file that Textual's writer thread writes to: waits for the terminal only while it may.

    A terminal that is gone swallows everything, so that nobody waits for it.
    """

    def __init__(self, descriptor: int) -> None:
        self._terminal = descriptor
        try:
            # Not to block must not become a property of the shell's own descriptor.
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
            self._descriptor = os.open(os.ttyname(descriptor), flags)
        except OSError:  # a terminal without a name, as in some containers: writes may wait
            self._descriptor = os.dup(descriptor)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self.given_up = False
        self.is_waiting = False
        """Whether the terminal has not taken all of what is being written."""
        self.pace = Pace()
        self._leaving = threading.Lock()
        self._has_left = False

    def fileno(self) -> int:
        """The terminal's own descriptor."""
        return self._terminal

    def write(self, text: str) -> int:
        """Write all of `text`, waiting for the terminal unless it was given up."""
        rest = memoryview(text.encode("utf-8", "replace"))
        count, began, waited = len(rest), time.monotonic(), False
        while rest and not self.given_up:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                self.is_waiting = waited = True
                select.select([self._wake_read], [self._descriptor], [])
            except OSError:
                self.given_up = True
        self.is_waiting = False
        self.pace.wrote(count, time.monotonic() - began, waited=waited)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def give_up(self) -> None:
        """Drop everything from now on; a write that waits returns at once."""
        self.given_up = True
        os.write(self._wake_write, b"x")

    def take_again(self) -> None:
        """Write once more, after what was left to itself."""
        with suppress(BlockingIOError):  # nobody was woken: the terminal itself refused
            os.read(self._wake_read, 64)
        self.given_up = self._has_left = False
        self.pace = Pace()

    def leave(self) -> None:
        """Put a leave sequence in place of what the terminal has not read yet.

        Once: the guard and the loop may both come here, and the second flush would take away
        what the first one wrote.
        """
        rest, deadline = _LEAVE, time.monotonic() + _LEAVE_WITHIN
        with self._leaving, suppress(OSError, termios.error):
            if self._has_left:
                return
            self._has_left = True
            while rest and (left := deadline - time.monotonic()) > 0:
                if len(rest) == len(_LEAVE):
                    # Frees the buffer a moment later, or not at all while somebody writes.
                    termios.tcflush(self._descriptor, termios.TCOFLUSH)
                if select.select([], [self._descriptor], [], min(left, 0.02))[1]:
                    rest = rest[os.write(self._descriptor, rest) :]
