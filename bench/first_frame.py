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
_BARE = (sys.executable, str(Path(bare_app.__file__)))


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """Medians over interleaved pairs: seconds, and the ratio within a pair."""

    bare: float
    measured: float
    ratio: float


def seconds_to_text(argv: Sequence[str], marker: str, env: Mapping[str, str]) -> float:
    """Start `argv` on a pty of 120x40 cells; seconds until it has written `marker` in one piece.

    The program is then ended with SIGTERM and waited for, so that it does not disturb the next.
    Raises TimeoutError when the marker does not come.
    """
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    wanted, seen = marker.encode(), bytearray()
    began = time.perf_counter()
    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    try:
        while wanted not in seen:
            left = began + _PATIENCE - time.perf_counter()
            if left <= 0 or not select.select([master], [], [], left)[0]:
                raise TimeoutError(f"no {marker!r} in {_PATIENCE} s from {' '.join(argv)}")
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


def compare(argv: Sequence[str], marker: str, *, pairs: int, env: Mapping[str, str]) -> FirstFrame:
    """Measure `argv` against a bare Textual app in `pairs` interleaved pairs, after one unmeasured.

    A pair meets the same weather on a shared machine; its ratio is worth more than its times.
    """
    taken = [
        (
            seconds_to_text(_BARE, bare_app.MARKER, env),
            seconds_to_text(argv, marker, env),
        )
        for _ in range(pairs + 1)
    ][1:]
    return FirstFrame(
        bare=median(bare for bare, _ in taken),
        measured=median(measured for _, measured in taken),
        ratio=median(measured / bare for bare, measured in taken),
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
