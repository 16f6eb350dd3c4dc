"""A workspace for commands, beside a practice server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from sora_tui.i18n import set_language
from tests.support.shell import Shell
from tests.support.simulator_process import Simulator, start_simulator


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
