"""How the windows of the servers look at 80x24, with a still clock and canned answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sora_tui.config.saved_servers import write_profile
from sora_tui.core.probe_result import ProbeResult
from sora_tui.core.server import Server
from sora_tui.engine.events import RemoteListed
from sora_tui.tui.services import server_check
from tests.support.tui.workspace_app import PAID, settle, workspace_app
from tests.tui.test_servers import fill, remote

SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from sora_tui.engine.quote import default_quote
    from sora_tui.i18n.probe_result import probe_lines

    def findings(server: Server) -> Any:
        found = ProbeResult(
            "litellm",
            reached=True,
            milliseconds=41.0,
            key="accepted",
            models=("sora-2", "veo-3.1", "wan-2.2"),
            can={"list": False, "delete": False, "remix": True, "edit": True},
            delete_means="none",
        )
        return tuple(probe_lines(server, found, default_quote(server)))

    monkeypatch.setattr(server_check, "findings", findings)
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def after(*keys: str, **values: str) -> Callable[[Pilot[Any]], Any]:
    """Press the keys; where the form is open, fill it in before the last one."""

    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in keys[:-1]:
            await pilot.press(key)
            await settle(pilot)
        fill(pilot.app, **values)  # type: ignore[arg-type]
        await pilot.press(keys[-1])
        await settle(pilot)

    return run


def test_the_list_with_a_test_of_one(tmp_path: Path, snap_compare: SnapCompare) -> None:
    write_profile("team-gw", {"base_url": PAID.base_url, "api_key_env": "TEAM_KEY"})
    write_profile("box", {"base_url": "http://127.0.0.1:8000/v1", "dialect": "vllm-omni"})
    app = workspace_app(tmp_path)
    keys = ("f2", "j", "t")
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys))


def test_the_form_with_its_test(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path)
    values = {"name": "team-gw", "base_url": PAID.base_url, "key": "TEAM_KEY"}
    keys = ("f2", "a", "ctrl+t")
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys, **values))


def test_jobs_made_elsewhere(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, servers=[PAID])

    async def show(pilot: Pilot[Any]) -> None:
        await after("escape", "4", "R")(pilot)
        videos = (remote(1), remote(30), remote(600, status="in_progress", progress=44))
        lost = {"video_30": "20261122-101530-7f3k2m"}
        app.fake.say(RemoteListed("team-gw", videos, more=True, unconfirmed=lost))
        await settle(pilot)
        await pilot.press("space")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(80, 24), run_before=show)
