"""One counterpart for the whole run, and the row that the run writes about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.interop.counterpart import LITELLM, Counterpart, counterpart_in, start_litellm
from tests.interop.table import COLUMNS, write_row
from tests.interop.workspace import Row, Workspace
from tests.support.pty_session import ROOT

#: Before a test takes them out of the environment.
_ENVIRON = dict(os.environ)


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
