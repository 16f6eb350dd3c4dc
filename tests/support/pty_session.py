"""A program on a pseudo-terminal, read as a person would see it.

    with PtySession([sys.executable, "-m", "sora_tui"], cols=120, rows=45) as session:
        session.wait_for("No jobs yet")
        session.send(KEYS["f5"])
        session.send("q")
        assert session.wait_exit() == 0

A thread reads the terminal all the time, so a program never blocks on its output unless
`stop_reading` asks for exactly that.
"""

import codecs
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.support.clock import module_path

ROOT = Path(__file__).parents[2]
"""The project's folder: `cwd` for programs that live in tests/."""

KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "ctrl+c": "\x03",
    "ctrl+d": "\x04",
    "ctrl+g": "\x07",
    "ctrl+p": "\x10",
    "ctrl+q": "\x11",
    "ctrl+r": "\x12",
    "ctrl+s": "\x13",
    "ctrl+u": "\x15",
    "ctrl+z": "\x1a",
}

# pyte would draw the final letter of these (kitty's keyboard stack) as text.
_KITTY = re.compile(r"\x1b\[[<>=]\d*u")
_OPEN_SEQUENCE = re.compile(r"\x1b(\[[<>=?\d;]*)?$")


class PtySession:
    """A child process whose controlling terminal is a pty of `cols` x `rows` cells.

    The child leads its own session, so that closing the master hangs it up as a lost SSH link
    does. `env` is laid over this process's environment, in which the terminal is described as
    `xterm-256color` with true colour; a value of None removes a variable.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cols: int = 80,
        rows: int = 24,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.raw = bytearray()
        """Every byte the program wrote so far."""
        self._screen = pyte.Screen(cols, rows)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._changed = threading.Condition()
        self._reading = threading.Event()
        self._reading.set()
        self._closing = False
        self._master: int | None
        self._master, slave = os.openpty()
        self._set_size(cols, rows)
        try:
            self.process = subprocess.Popen(
                argv,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=_environment(env or {}),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        finally:
            os.close(slave)
        self._wake_read, self._wake_write = os.pipe()
        self._reader = threading.Thread(target=self._read, name="pty-reader", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    # What the program sees

    def send(self, keys: str | bytes) -> None:
        """Type `keys`: plain text, values of `KEYS`, or raw bytes."""
        assert self._master is not None, "the master is closed"
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, cols: int, rows: int) -> None:
        """Change the terminal to `cols` x `rows` cells; the program gets SIGWINCH."""
        with self._changed:
            self._screen.resize(rows, cols)
        self._set_size(cols, rows)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself."""
        self.process.send_signal(number)

    def stop_reading(self) -> None:
        """Let the terminal's buffer fill up, as ctrl+s or a stalled link does."""
        self._reading.clear()
        self._wake()

    def resume_reading(self) -> None:
        """Read again after `stop_reading`."""
        self._reading.set()
        self._wake()

    def close_master(self) -> None:
        """Hang up: the program gets SIGHUP, then end of file or EIO."""
        if self._master is None:
            return
        self._closing = True
        self._wake()
        self._reader.join()
        os.close(self._master)
        self._master = None

    # What a person sees

    @property
    def bytes_seen(self) -> int:
        """How many bytes the program has written."""
        with self._changed:
            return len(self.raw)

    def screen_lines(self) -> list[str]:
        """The rows of the screen, full width."""
        with self._changed:
            return list(self._screen.display)

    def screen_text(self) -> str:
        """The screen as text, trailing blanks cut."""
        return "\n".join(line.rstrip() for line in self.screen_lines())

    def cells(self) -> list[tuple[pyte.screens.Char, ...]]:
        """Every cell with its colours, row by row."""
        with self._changed:
            screen = self._screen
            return [
                tuple(screen.buffer[y][x] for x in range(screen.columns))
                for y in range(screen.lines)
            ]

    def wait_for(self, text: str, timeout: float = 10.0) -> None:
        """Wait until `text` stands on the screen; AssertionError after `timeout` seconds."""
        self.wait_until(lambda: text in self.screen_text(), timeout, f"{text!r} on the screen")

    def wait_gone(self, text: str, timeout: float = 10.0) -> None:
        """Wait until `text` stands on the screen no more."""
        self.wait_until(lambda: text not in self.screen_text(), timeout, f"{text!r} gone")

    def wait_until(
        self, true: Callable[[], bool], timeout: float = 10.0, what: str = "condition"
    ) -> None:
        """Wait until `true()` holds, asked again after each output."""
        limit = time.monotonic() + timeout
        with self._changed:
            while not true():
                left = limit - time.monotonic()
                assert left > 0, f"no {what} in {timeout} s; screen:\n{self.screen_text()}"
                self._changed.wait(min(left, 0.1))

    def wait_quiet(self, quiet: float = 0.3, timeout: float = 10.0) -> None:
        """Wait until nothing was written for `quiet` seconds."""
        limit = time.monotonic() + timeout
        seen = -1
        while seen != (seen := self.bytes_seen):
            assert time.monotonic() < limit, f"never quiet in {timeout} s"
            time.sleep(quiet)

    def wait_stalled(self, timeout: float = 10.0) -> None:
        """Wait until the program, not being read, has filled the terminal's buffer."""
        assert self._master is not None and not self._reading.is_set(), "stop_reading first"
        limit = time.monotonic() + timeout
        waiting = -1
        while waiting != (waiting := _readable_bytes(self._master)) or not waiting:
            assert time.monotonic() < limit, f"never stalled in {timeout} s"
            time.sleep(0.5)

    # The end

    def terminal_mode(self) -> list[object]:
        """The termios attributes, to compare before and after."""
        assert self._master is not None, "the master is closed"
        return list(termios.tcgetattr(self._master))

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Wait for the program's end; its exit code, negative for a deadly signal."""
        code = self.process.wait(timeout)
        if self._master is not None and self._reading.is_set():
            self._reader.join(2.0)
        return code

    def close(self) -> None:
        """End the program if it runs, and give everything back."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close_master()
        for descriptor in (self._wake_read, self._wake_write):
            if descriptor >= 0:
                os.close(descriptor)
        self._wake_read = self._wake_write = -1

    def _set_size(self, cols: int, rows: int) -> None:
        assert self._master is not None
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def _wake(self) -> None:
        os.write(self._wake_write, b"x")

    def _read(self) -> None:
        assert self._master is not None
        while not self._closing:
            waiting = select.poll()  # select() takes no descriptor beyond 1023
            waiting.register(self._wake_read, select.POLLIN)
            if self._reading.is_set():
                waiting.register(self._master, select.POLLIN)
            ready = {descriptor for descriptor, _ in waiting.poll()}
            if self._wake_read in ready:
                os.read(self._wake_read, 64)
            elif self._master in ready:
                try:
                    data = os.read(self._master, 65536)
                except OSError:  # EIO: the last holder of the slave is gone
                    return
                self._show(data)

    def _show(self, data: bytes) -> None:
        with self._changed:
            self.raw += data
            text = self._pending + self._decoder.decode(data)
            # Half a sequence at the end waits for its other half.
            cut = _OPEN_SEQUENCE.search(text)
            end = cut.start() if cut else len(text)
            self._pending = text[end:]
            self._stream.feed(_KITTY.sub("", text[:end]))
            self._changed.notify_all()


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    env: dict[str, str | None] = dict(os.environ)
    env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    # A size in the environment would win over the pty's own.
    env |= dict.fromkeys(("COLUMNS", "LINES", "NO_COLOR", "TMUX", "LC_ALL", "LANGUAGE"))
    env |= changes
    if path := changes.get("PYTHONPATH"):
        env["PYTHONPATH"] = module_path(path)  # the clock of the run is the child's, too
    return {name: value for name, value in env.items() if value is not None}


def _readable_bytes(descriptor: int) -> int:
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
