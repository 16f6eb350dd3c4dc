"""The command as a person runs it: a process of its own, in a workspace of its own."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sora_tui.__main__ import check_graphics, list_keys
from sora_tui.cli.main import main
from sora_tui.cli.screen import Screen
from sora_tui.i18n import set_language
from tests.support.clock import module_path
from tests.support.simulator_process import Simulator, start_simulator

COMMAND = [sys.executable, "-m", "sora_tui"]


@dataclass(frozen=True)
class Ran:
    """What a process said."""

    code: int
    out: str
    err: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """stdout as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """A workspace to run commands in."""

    workspace: Path
    environ: dict[str, str]

    def __call__(self, *words: str, stdin: str | None = None, **environ: str) -> Ran:
        """Run `sora-tui WORDS` without a terminal."""
        if "PYTHONPATH" in environ:
            environ["PYTHONPATH"] = module_path(environ["PYTHONPATH"])
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=self.workspace,
            env={**os.environ, **self.environ, **environ},
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def inside(self, *words: str, **environ: str) -> Ran:
        """The same in this process: for what refuses or reads, and needs no process to show it."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.workspace)
            patch.setattr(sys, "stdin", io.StringIO())
            for name, value in {**self.environ, **environ}.items():
                patch.setenv(name, value)
            try:
                screen = Screen(lambda settings, folder, log: 0, list_keys, check_graphics)
                code = main(words, screen)
            except SystemExit as end:  # argparse ends so
                code = int(end.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    @property
    def documents(self) -> list[Path]:
        """Every job document, the inbox included."""
        return sorted(self.workspace.glob("metadata/**/2*.json"))


@pytest.fixture(autouse=True)
def nothing_stays_set() -> Iterator[None]:
    """Language and log belong to the process, and the next test wants its own."""
    yield
    set_language("en")
    logger = logging.getLogger("sora_tui")
    for handler in logger.handlers:
        handler.close()
    logger.handlers = []
    logger.propagate = True


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator(speed=50) as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, simulator: Simulator) -> Shell:
    """A workspace whose server is a real, quick practice server: loopback, price unknown."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    environ = {
        "SORA_BASE_URL": simulator.base_url,
        "SORA_API_KEY": simulator.key,
        "SORA_MODEL": "sora-2",
        "SORA_DURATION": "1",
        "SORA_SIZE": "320x180",
    }
    return Shell(workspace, environ)
