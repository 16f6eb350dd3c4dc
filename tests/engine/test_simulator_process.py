"""The practice server as a child process: begun when it is needed, begun anew when it died."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sora_tui.core.job import State
from sora_tui.core.problem import ProblemError
from sora_tui.core.server import simulator
from sora_tui.engine import simulator_process
from sora_tui.workspace.folder import open_folder
from tests.support.engine_watcher import order, running


async def test_a_simulator_that_prints_nothing_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = tmp_path / "mute"
    mute.write_text(f"#!{sys.executable}\nimport sys; sys.stdin.read()\n")
    mute.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(mute))
    monkeypatch.setattr(simulator_process, "_START_TIMEOUT", 0.2)
    server = simulator_process.SimulatorProcess(open_folder(tmp_path / "workspace"), 50)
    try:
        with pytest.raises(ProblemError) as failed:
            await server.connect(simulator())
    finally:
        await server.stop()
    assert failed.value.problem.code == "simulator_failed"


async def test_a_simulator_that_died_is_started_again(tmp_path: Path) -> None:
    server = simulator_process.SimulatorProcess(open_folder(tmp_path / "workspace"), 50)
    try:
        first = await server.connect(simulator())
        assert await server.connect(simulator()) == first
        child = server._child
        assert child is not None
        child.kill()
        await child.wait()
        second = await server.connect(simulator())
    finally:
        await server.stop()
    assert second.base_url != first.base_url


def test_a_simulator_that_does_not_start_is_retried_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only when something else happens: said to be tried again in a second, it was left."""
    lame = tmp_path / "lame"
    tried = tmp_path / "tried"
    lame.write_text(
        f'#!/bin/sh\n[ -e {tried} ] && exec {sys.executable} "$@"\ntouch {tried}; exit 1\n'
    )
    lame.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(lame))
    with running(open_folder(tmp_path / "workspace")) as (engine, watcher):
        job = order(engine)
        assert watcher.wait_for_end(job.id).state is State.SAVED
    assert tried.exists()
