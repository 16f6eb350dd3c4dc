"""Servers on the screen by keyboard alone, at 80x24: choose, add, test, edit, remove, adopt."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from sora_tui.config.paths import saved_servers_path, user_toml_path
from sora_tui.config.saved_servers import write_profile
from sora_tui.core.problem import Problem
from sora_tui.engine.events import RemoteListed
from tests.support.raw_server import RawServer, answer, read_request, send
from tests.support.sample_jobs import remote
from tests.support.simulator_process import Simulator, start_simulator
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app

KEY = "sk-proj-AbC123-never-shown"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator(speed=50) as running:
        yield running


def fill(app: WorkspaceApp, **values: str) -> None:
    """Paste into fields of the form."""
    for id, value in values.items():
        app.screen.query_one(f"#{id}", Input).value = value


def written() -> dict[str, dict[str, object]]:
    servers: dict[str, dict[str, object]] = tomllib.loads(saved_servers_path().read_text())[
        "servers"
    ]
    return servers


async def test_a_server_is_added_tested_and_used_by_keyboard(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_KEY", simulator.key)
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("f2", "a")
        await screen.pilot.press(*"lab", "enter")
        screen.fill(base_url=simulator.base_url)
        await screen.pilot.press("enter", "enter", *"LAB_KEY")
        await screen.settle()
        assert "LAB_KEY is set here." in screen.words
        await screen.press("ctrl+t")
        text = screen.words
        assert "reached in" in text
        assert "key accepted" in text
        assert "price: not stated" in text
        assert simulator.key not in text
        await screen.press("ctrl+s")
        assert "lab is kept in" in screen.words
        assert written() == {"lab": {"base_url": simulator.base_url, "api_key_env": "LAB_KEY"}}, (
            "what is as it would be anyway is not written"
        )
        assert set(screen.engine.servers) == {"simulator", "lab"}, "the engine knows it"
        await screen.press("enter")
        assert app.settings.server.name == "lab"
        assert " lab " in screen.lines[0]
        assert screen.engine.listings == [("lab", 1)], "a glance, a page, when it is chosen"


async def test_the_form_writes_no_key_and_says_what_is_wrong(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("f2", "end", "enter")
        screen.fill(name="gw", base_url="https://gw.example.org/v1", key=KEY)
        await screen.press("ctrl+s")
        assert "looks like a key" in screen.words
        assert not saved_servers_path().exists()
        screen.fill(key="GW_KEY")
        await screen.press("ctrl+s")
        assert written()["gw"]["api_key_env"] == "GW_KEY"
        assert "key missing" in screen.words


async def test_http_in_clear_needs_a_yes_in_the_form(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("f2", "a")
        screen.fill(name="lab", base_url="http://lab.example.org:8000/v1")
        await screen.press("tab", "tab", "left", "ctrl+s")  # variable -> none
        assert "not encrypted" in screen.words
        await screen.press("tab", "tab", "tab", "tab", "right", "ctrl+s")
        assert written()["lab"] == {
            "base_url": "http://lab.example.org:8000/v1",
            "allow_http": True,
        }


async def test_what_has_no_field_survives_an_edit(tmp_path: Path) -> None:
    table = {"base_url": "https://gw.example.org/v1", "prices": {"*": "0.10"}, "auth": "api-key"}
    write_profile("gw", {**table, "api_key_command": "pass show gw"})
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("f2", "home", "j", "e")
        assert "pass show gw" in screen.words
        await screen.press(*["backspace"] * 2, *"v2", "ctrl+s")
    assert written()["gw"] == {
        **table,
        "base_url": "https://gw.example.org/v2",
        "api_key_command": "pass show gw",
    }


@pytest.mark.parametrize(("key", "left"), [("y", False), ("n", True), ("enter", True), ("j", True)])
async def test_removing_asks(tmp_path: Path, key: str, left: bool) -> None:
    write_profile("gw", {"base_url": "https://gw.example.org/v1"})
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("f2", "j", "d")
        assert "Remove gw?" in screen.words
        await screen.press(key)
        assert ("gw" in app.settings.servers) is left
        assert "Remove gw?" not in screen.words
        assert app.settings.server.name == "simulator"


async def test_what_a_person_wrote_is_not_changed_from_here(tmp_path: Path) -> None:
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    mine = '# mine\n[servers.gw]\nbase_url = "https://gw.example.org/v1"\n'
    user_toml_path().write_text(mine)
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("f2", "j", "e")
        assert "change it there" in screen.words
        await screen.press("d", "y")
        assert user_toml_path().read_text() == mine
        await screen.press("k", "e")
        assert "The simulator is built in." in screen.words


async def test_a_server_of_the_list_is_tested_there(tmp_path: Path) -> None:
    refusal = {"error": {"message": f"no such key {KEY}", "code": "invalid_api_key"}}
    with RawServer([read_request, send(answer(401, refusal))]) as server:
        app = workspace_app(tmp_path, servers=[PAID._replace(base_url=server.url, name="gw")])
        async with open_screen(app) as screen:
            await screen.press("f2", "t")
            assert "refused the key (401)" in screen.words


# Jobs made elsewhere


async def test_remote_jobs_are_shown_and_adopted_with_one_key(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "R")
        assert screen.engine.listings == [("team-gw", None)]
        assert "Asking team-gw" in screen.words
        videos = (remote(1), remote(30), remote(600, status="in_progress"))
        await screen.tell(RemoteListed("team-gw", videos, more=True))
        text = screen.words
        assert "remote" in text
        assert "! 1 min" in text
        assert "30 min" in text
        assert "these are the newest" in text
        await screen.press("a")
        assert screen.engine.adopted == ["video_1"]
        await screen.press("space", "space", "a")
        assert screen.engine.adopted == ["video_1", "video_30", "video_600"]
        assert "Adopted 2 jobs" in screen.words
        await screen.press("escape")
        assert "A kite, take 30" in screen.words


async def test_a_lost_answer_is_decided_first(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "R")
        lost = {"video_1": "20261122-101530-7f3k2m"}
        await screen.tell(RemoteListed("team-gw", (remote(1),), unconfirmed=lost))
        await screen.press("enter")
        assert screen.engine.adopted == []
        assert "20261122-101530-7f3k2m" in screen.words


async def test_a_server_without_a_list_says_so_and_no_hint_is_given(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    none = RemoteListed("team-gw", problem=Problem("no_list", {"host": "gw.example.org"}))
    async with open_screen(app) as screen:
        await screen.tell(none)
        assert "does not list" not in screen.words
        await screen.tell(RemoteListed("team-gw", (remote(1), remote(2))))
        assert "2 jobs on team-gw are not known here: R shows them." in screen.words
        await screen.press("escape", "4", "R")
        await screen.tell(none)
        assert "sora-tui adopt ID" in screen.words
