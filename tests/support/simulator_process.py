"""Starts a real simulator process for a test, and ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Simulator:
    """A running simulator. With a `data` folder, what arrived as a reference can be read from
    `data / f"{video_id}.reference"`, byte for byte."""

    base_url: str
    key: str
    process: subprocess.Popen[str]


@contextmanager
def start_simulator(
    data: Path | None = None, speed: float = 50, *words: str
) -> Iterator[Simulator]:
    """A simulator on a free port, ended at the end; with `data` another can go on with its jobs.

    Raises:
        subprocess.TimeoutExpired: It did not end within 3 s after its parent's pipe closed.
    """
    command = [sys.executable, "-m", "sora_tui.simulator", "--json", "--parent-pipe"]
    command += ["--speed", str(speed), *(["--data", str(data)] if data else []), *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            yield Simulator(said["base_url"], said["key"], process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
