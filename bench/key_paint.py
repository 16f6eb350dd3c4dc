"""Measures how long a running program takes from a key to the first byte that paints it."""

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from bench import bare_keys
from bench.bare_app import MARKER
from bench.first_frame import COLUMNS, ROWS, Start

BARE_KEYS = Start((sys.executable, "-m", bare_keys.__name__), MARKER)
#: A screen that wrote nothing for so long has painted; one that never comes to rest is a fault.
_QUIET = 0.04
_PATIENCE = 30.0


class Screen:
    """A program on a pty of 120x40 cells."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process = process
        self._master = master

    def wait_for(self, marker: str) -> None:
        """Read until this stood on the terminal."""
        seen, end = bytearray(), time.monotonic() + _PATIENCE
        while marker.encode() not in seen:
            if time.monotonic() > end:
                raise TimeoutError(f"no {marker!r}")
            if select.select([self._master], [], [], 0.1)[0]:
                seen += os.read(self._master, 65536)

    def press(self, keys: str) -> None:
        """Type, and wait until everything is painted."""
        os.write(self._master, keys.encode())
        self.settle(0.5)

    def send(self, keys: str) -> None:
        """Type, and do not wait."""
        os.write(self._master, keys.encode())

    def bytes_in(self, seconds: float) -> int:
        """How many bytes come within so many seconds."""
        read, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                read += len(os.read(self._master, 65536))
        return read

    def settle(self, quiet: float = _QUIET) -> int:
        """Read until nothing came for so many seconds; how many bytes there were."""
        read, end = 0, time.monotonic() + _PATIENCE
        while select.select([self._master], [], [], quiet)[0]:
            read += len(os.read(self._master, 65536))
            if time.monotonic() > end:
                raise TimeoutError("the screen never rests")
        return read

    def seconds_to_paint(self, key: str) -> float:
        """From a key to the first byte that answers it."""
        self.settle()
        began = time.perf_counter()
        os.write(self._master, key.encode())
        if not select.select([self._master], [], [], _PATIENCE)[0]:
            raise TimeoutError(f"nothing was painted for {key!r}")
        return time.perf_counter() - began

    @property
    def megabytes(self) -> float:
        """Resident memory in MB of 10^6."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise RuntimeError("no VmRSS: the program is gone")


@contextmanager
def running(start: Start, env: Mapping[str, str]) -> Iterator[Screen]:
    """The program, once its marker stands there and it has come to rest; ended afterwards."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        start.argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    screen = Screen(process, master)
    try:
        screen.wait_for(start.marker)
        screen.settle(1.5)
        yield screen
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(master)


def paint_times(screens: Sequence[tuple[Screen, str]], count: int) -> list[list[float]]:
    """Seconds to paint for each screen, `count` keys each, one after the other in turn.

    Args:
        screens: With the keys to press on each, one at a time and over again.
    """
    times: list[list[float]] = [[] for _ in screens]
    for number in range(count):
        for taken, (screen, keys) in zip(times, screens, strict=True):
            taken.append(screen.seconds_to_paint(keys[number % len(keys)]))
    return times


def p95(times: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(times, n=20)[-1]


def told(name: str, times: Sequence[float], bare: Sequence[float], promised_ms: float) -> str:
    """One line: median and p95 in ms, and how far the p95 lies above the bare one's."""
    above = (p95(times) - p95(bare)) * 1000
    return (
        f"{name:<34} p95 {p95(times) * 1000:5.1f} ms, {above:+5.1f} ms above bare "
        f"(promised: {promised_ms:.0f}), {median(times) / median(bare):.2f} times its median"
    )
