"""One counterpart for the whole run, and the row that the run writes about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sora_tui.client.server_error import ServerError
from tests.interop.counterpart import LITELLM, Counterpart, counterpart_in, start_litellm
from tests.interop.table import COLUMNS, write_row
from tests.support.pty_session import ROOT

#: Before a test takes them out of the environment.
_ENVIRON = dict(os.environ)
COMMAND = str(Path(sys.executable).parent / "sora-tui")


@dataclass
class Row:
    """What was found out about the counterpart, by column."""

    counterpart: Counterpart
    cells: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def cannot(self, column: str, asked: str, said: ServerError | str) -> None:
        """The server has no such thing: its answer stands for it."""
        if isinstance(said, ServerError):
            said = f"{said.error.status} {said.error.code or ''} {said.error.message}"
        self.cells[column] = "no"
        self.answers[column] = f"{asked}: {said}"


_row = pytest.StashKey[Row]()


@pytest.fixture(scope="session")
def counterpart(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counterpart]:
    """`SORA_INTEROP_URL`'s server; otherwise LiteLLM's proxy, where `make test-interop` put it."""
    if (named := counterpart_in(_ENVIRON)) is not None:
        request.config.stash[_row] = Row(named)
        yield named
    elif LITELLM.exists():
        with start_litellm(tmp_path_factory.mktemp("litellm")) as started:
            request.config.stash[_row] = Row(started)
            yield started
    else:
        pytest.skip("no counterpart: run `make test-interop`, or set SORA_INTEROP_URL")


@pytest.fixture
def row(request: pytest.FixtureRequest, counterpart: Counterpart) -> Row:
    """Where a test writes down what the server cannot."""
    return request.config.stash[_row]


@dataclass(frozen=True)
class Workspace:
    """A folder in which the installed program runs against the counterpart."""

    folder: Path
    counterpart: Counterpart

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`sora-tui WORDS --json`, without a terminal, to its end."""
        return subprocess.run(
            [COMMAND, *words, "--json"],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
        )

    def generate(self, prompt: str, *more: str) -> subprocess.CompletedProcess[str]:
        """One clip, with the counterpart's own model, length and size."""
        return self.run("generate", prompt, *self.settings, *more)

    @property
    def settings(self) -> tuple[str, ...]:
        """What is asked for in each request."""
        its = self.counterpart
        model = ("--model", its.model) if its.model else ()
        return (*model, "--seconds", its.seconds, "--size", its.size, "--yes")

    @property
    def environ(self) -> Mapping[str, str]:
        """Points the program at the counterpart."""
        its = self.counterpart
        key = {"SORA_API_KEY": its.key} if its.key else {}
        return {**os.environ, "SORA_BASE_URL": its.base_url, **key}

    @property
    def document(self) -> dict[str, Any]:
        """The newest job's document."""
        newest = sorted(self.folder.glob("metadata/2*.json"))[-1]
        document: dict[str, Any] = json.loads(newest.read_bytes())
        return document


@pytest.fixture
def workspace(tmp_path: Path, counterpart: Counterpart) -> Workspace:
    folder = tmp_path / "workspace"
    (folder / "input_reference").mkdir(parents=True)
    picture = ROOT / "input_reference" / "lighthouse.jpg"
    (folder / "input_reference" / picture.name).write_bytes(picture.read_bytes())
    return Workspace(folder, counterpart)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Turn each outcome into a cell: a test that names no reason of its own is `yes` or `red`."""
    report = yield
    marker = item.get_closest_marker("column")
    row = item.config.stash.get(_row, None)
    if marker is not None and row is not None and (report.when == "call" or report.failed):
        column = marker.args[0]
        if report.failed:
            row.cells[column] = "**red**"
        elif report.skipped:
            row.cells[column] = "not asked"
        else:
            row.cells.setdefault(column, "yes")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A whole run writes its row; half of one would take the other half's place."""
    row = session.config.stash.get(_row, None)
    if row is not None and set(COLUMNS) <= set(row.cells):
        write_row(row.counterpart, row.cells, row.answers, datetime.now(UTC).date())
