"""Measures how long a program takes until a given text is on its terminal."""

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import bare_app

COLUMNS, ROWS = 120, 40
_PATIENCE = 30.0  # seconds for one start


@dataclass(frozen=True, slots=True)
class Start:
    """A program, and the word that its first frame has in one piece."""

    argv: tuple[str, ...]
    marker: str


BARE = Start((sys.executable, str(Path(bare_app.__file__))), bare_app.MARKER)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians over interleaved pairs: seconds; ratio and difference are taken within a pair."""

    first: float
    second: float
    ratio: float
    added: float


def seconds_to_frame(start: Start, env: Mapping[str, str]) -> float:
    """Start on a pty of 120x40 cells; seconds until the program has written its marker.

    The program is then ended with SIGTERM and waited for, so that it does not disturb the next.
    Raises TimeoutError when the marker does not come.
    """
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    argv, wanted, seen = start.argv, start.marker.encode(), bytearray()
    began = time.perf_counter()
    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    try:
        while wanted not in seen:
            left = began + _PATIENCE - time.perf_counter()
            if left <= 0 or not select.select([master], [], [], left)[0]:
                raise TimeoutError(f"no {start.marker!r} in {_PATIENCE} s from {' '.join(argv)}")
            seen += _read(master, argv, seen)
        taken = time.perf_counter() - began
        process.terminate()
        _drain(master, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
    return taken


def compare(first: Start, second: Start, *, pairs: int, env: Mapping[str, str]) -> Comparison:
    """Measure two starts against each other in interleaved pairs, after one unmeasured.

    A pair meets the same weather on a shared machine; what is taken within a pair is worth more
    than its times. Every other pair begins with the second, which may leave a busy disk behind.
    """
    taken = []
    for number in range(pairs + 1):
        order = (first, second) if number % 2 else (second, first)
        seconds = {start: seconds_to_frame(start, env) for start in order}
        taken.append((seconds[first], seconds[second]))
    del taken[0]
    return Comparison(
        first=median(one for one, _ in taken),
        second=median(other for _, other in taken),
        ratio=median(other / one for one, other in taken),
        added=median(other - one for one, other in taken),
    )


def _read(master: int, argv: Sequence[str], seen: bytearray) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError as error:  # EIO: the program is gone
        said = seen[-400:].decode("utf-8", "replace")
        raise RuntimeError(f"{' '.join(argv)} ended before its first frame: {said}") from error


def _drain(master: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < until:
        if select.select([master], [], [], 0.02)[0]:
            try:
                os.read(master, 65536)
            except OSError:
                process.wait(5)
