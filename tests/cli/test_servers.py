"""`servers` and the server's part of `doctor`, as a person or a script runs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_tui.config.paths import saved_servers_path, user_toml_path
from sora_tui.core.job import Job
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import ServerRef
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.support.pty_session import PtySession
from tests.support.raw_server import RawServer, answer, read_request, send
from tests.support.shell import COMMAND, Shell
from tests.support.simulator_process import Simulator

KEY = "sk-proj-AbC123-never-shown"
URL = "https://gw.example.org/v1"


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """A workspace with nothing configured."""
    workspace = tmp_path / "bare"
    workspace.mkdir()
    return Shell(workspace, {})


@pytest.fixture(autouse=True)
def no_key_is_ever_kept() -> Iterator[None]:
    yield
    if saved_servers_path().exists():
        assert KEY not in saved_servers_path().read_text()


def test_one_is_added_used_changed_and_removed(bare: Shell) -> None:
    added = bare("servers", "add", "team", URL, "--api-key-env", "TEAM_KEY", "--price", "0.10")
    assert added.code == 0, added.err
    assert str(saved_servers_path()) in added.out
    assert "TEAM_KEY is not set here" in added.err
    # The next process knows it; a key that is set now is found, and not shown.
    ran = bare("servers", "--json", TEAM_KEY=KEY)
    profiles = {line["name"]: line for line in ran.documents}
    team = profiles["team"]
    assert (team["key"], team["key_from"], team["chosen"]) == ("found", "TEAM_KEY", False)
    assert team["prices"] == {"*": "0.10"}
    assert profiles["simulator"]["chosen"]
    assert KEY not in ran.out + ran.err
    assert bare.inside("servers", "use", "team").code == 0
    edit = ("--url", "https://new.example.org/v1", "--api-key-command", "pass show gw")
    assert bare.inside("servers", "edit", "team", *edit, "--model", "sora-2").code == 0
    (team,) = [t for t in bare.inside("servers", "--json").documents if t["chosen"]]
    assert (team["base_url"], team["key"], team["model"]) == (
        "https://new.example.org/v1",
        "command",
        "sora-2",
    )
    assert bare.inside("servers", "edit", "team", "--model", "", "--api-key-command", "").code == 0
    (team,) = [t for t in bare.inside("servers", "--json").documents if t["chosen"]]
    assert (team["key"], team["model"], team["prices"]) == ("none", None, {"*": "0.10"})
    by_size = ("--price", "pro@720p=0.30", "--price", "pro=0.50", "--price", "sora-2=0.1")
    assert bare.inside("servers", "edit", "team", *by_size).code == 0
    (team,) = [t for t in bare.inside("servers", "--json").documents if t["chosen"]]
    assert team["prices"] == {"pro": {"720p": "0.30", "*": "0.50"}, "sora-2": "0.1"}
    refused = bare.inside("servers", "remove", "team")
    assert (refused.code, "needs --yes" in refused.err) == (2, True)
    assert bare.inside("servers", "remove", "team", "--yes").code == 0
    left = bare.inside("servers", "--json").documents
    assert [(line["name"], line["chosen"]) for line in left] == [("simulator", True)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "team", URL, "--api-key-env", KEY), 2, "looks like a key"),
        (("add", "team", URL, "--api-key-command", f"echo {KEY}"), 2, "looks like a key"),
        (("add", "team", URL, "--header", f"X-Key={KEY}"), 2, "looks like a key"),
        (("add", "team", URL, "--header", "nothing"), 2, "NAME=VALUE"),
        (("add", "team", URL, "--dialect", "klingon"), 2, "must be one of: auto, generic"),
        (("add", "team", URL, "--auth", "basic"), 2, "must be one of"),
        (("add", "team", URL, "--seconds", "long"), 2, "--seconds = long"),
        (("add", "team", URL, "--price", "sora@xx=3"), 2, "--price (must be width x height"),
        (("edit", "there", "--dialect", "vlm-omni"), 2, "Did you mean vllm-omni?"),
        (("edit", "ther", "--free"), 2, "Did you mean there?"),
        (("edit", "simulator", "--free"), 2, "built in"),
        (("add", "team", "ftp://x"), 2, "--url"),
        (("add", "team", "http://gw.example.org/v1"), 2, "not encrypted"),
        (("add", "simulator", URL), 2, "NAME"),
        (("add", "there", URL), 2, "already"),
        (("add", "mine", URL), 2, "sora-tui.toml"),
        (("edit", "mine", "--free"), 2, "sora-tui.toml"),
        (("edit", "nowhere", "--free"), 2, "nowhere"),
        (("remove", "mine", "--yes"), 2, "sora-tui.toml"),
        (("remove", "simulator", "--yes"), 2, "built in"),
        (("test", "nowhere"), 2, "nowhere"),
        (("use", "here"), 2, "sora-tui.toml"),
    ],
)
def test_an_invalid_profile_is_refused_and_nothing_is_written(
    bare: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    user_toml_path().write_text(f'# mine\n[servers.mine]\nbase_url = "{URL}"\n')
    (bare.workspace / "sora-tui.toml").write_text(f'[servers.here]\nbase_url = "{URL}"\n')
    saved_servers_path().write_text(f'[servers.there]\nbase_url = "{URL}"\n')
    places = (user_toml_path(), bare.workspace / "sora-tui.toml", saved_servers_path())
    before = [place.read_text() for place in places]
    ran = bare.inside("servers", *words)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert KEY not in ran.out + ran.err
    assert [place.read_text() for place in places] == before


def test_a_default_that_something_outranks_says_so(bare: Shell) -> None:
    ran = bare.inside(
        "servers", "add", "team", URL, "--default", SORA_BASE_URL="http://127.0.0.1:1"
    )
    assert ran.code == 0
    assert "Not here, though: SORA_BASE_URL says env" in ran.err


def test_a_default_that_is_gone_hinders_nothing(bare: Shell) -> None:
    saved_servers_path().parent.mkdir(parents=True, exist_ok=True)
    saved_servers_path().write_text('default = "gone"\n')
    assert bare.inside("servers", "use", "simulator").code == 0
    assert 'default = "simulator"' in saved_servers_path().read_text()


def test_removing_asks_and_says_which_jobs_wait(bare: Shell) -> None:
    assert bare.inside("servers", "add", "team", URL).code == 0
    video = read_video({"id": "video_1", "status": "queued"})
    assert video is not None
    history = History(open_folder(bare.workspace))
    at, ref = datetime.now(UTC), ServerRef("team", URL)
    history.save(Job.adopted("20260101-000000-aaaaaa", at, ref, video))
    history.close()
    words = [*COMMAND, "servers", "remove", "team"]
    with PtySession(words, cols=120, cwd=bare.workspace) as session:
        session.wait_for("y remove")
        assert "1 unfinished job" in session.screen_text()
        session.send("n\r")
        session.wait_for("Nothing was removed.")
        assert session.wait_exit() == 2
    assert "team" in saved_servers_path().read_text()


def test_a_server_is_tested_line_by_line(bare: Shell, simulator: Simulator) -> None:
    words = ("servers", "add", "lab", simulator.base_url, "--api-key-env", "LAB_KEY", "--free")
    assert bare.inside(*words).code == 0
    ran = bare("servers", "test", "lab", "--json", LAB_KEY=simulator.key)
    found = {line["check"]: line for line in ran.documents}
    assert ran.code == 0, ran.out
    assert found["key"]["value"] == "accepted"
    assert found["list"]["value"] is True
    assert "sora-2" in found["models"]["value"]
    assert found["price"]["value"] == "free"
    assert isinstance(found["reach"]["value"], int)
    assert simulator.key not in ran.out + ran.err
    refused = bare.inside("servers", "test", "lab", LAB_KEY="wrong")
    assert (refused.code, "key refused" in refused.out) == (4, True)
    assert "it is from LAB_KEY" in refused.out
    missing = bare.inside("servers", "test", "lab")
    assert (missing.code, "LAB_KEY" in missing.out) == (2, True)


def test_an_unusable_server_is_reported_with_its_exit_code(bare: Shell) -> None:
    with RawServer([read_request, send(answer(404, "nothing here"))]) as server:
        port = server.port
        bare.inside("servers", "add", "web", f"http://127.0.0.1:{port}")
        ran = bare.inside("servers", "test", "web")
        assert (ran.code, "has no /videos" in ran.out) == (4, True), ran.out
    ran = bare.inside("doctor", "--server", "web", "--json")
    assert ran.code == 4
    found = {line["check"]: line for line in ran.documents}
    assert found["problem"]["problem"]["code"] == "server_unreachable"
    assert {"server", "folder", "terminal", "log"} <= found.keys(), "the rest is told all the same"
    command = ("--api-key-command", "no-such-password-manager")
    assert bare.inside("servers", "edit", "web", *command).code == 0
    ran = bare.inside("doctor", "--server", "web")
    assert (ran.code, "no-such-password-manager was not found" in ran.out) == (2, True), ran.out


def test_doctor_tells_of_a_server_what_it_cannot(bare: Shell) -> None:
    with RawServer([read_request, send(answer(200, {"object": "list", "data": []}))]) as server:
        bare.inside("servers", "add", "gw", server.url, "--dialect", "litellm")
        ran = bare.inside("doctor", "--server", "gw")
    assert ran.code == 0, ran.out
    assert "-  delete      delete: no" in ran.out
    assert "known by: the profile says litellm" in ran.out
    assert "?  repeats     repeats: it may send a create that failed on again" in ran.out
    assert "num_retries: 0" in ran.out


def test_doctor_tells_what_working_with_a_server_has_shown(bare: Shell) -> None:
    with RawServer([read_request, send(answer(200, {"object": "list", "data": []}))]) as server:
        bare.inside("servers", "add", "gw", server.url)
        origin = server.url.removesuffix("/v1")
        CapabilityCache(open_folder(bare.workspace)).record(origin, "delete", False)
        ran = bare.inside("doctor", "--server", "gw")
    assert "-  delete      delete: no" in ran.out
    assert "?  remix       remix: not known" in ran.out
    assert "repeats" not in ran.out


def test_doctor_names_a_record_that_cannot_be_read(shell: Shell) -> None:
    (shell.workspace / "metadata").mkdir()
    path = shell.workspace / "metadata" / "20261122-101530-7f3k2m.json"
    path.write_text('{"schema": 1, "id": "20261122-101530-7f3k2m", "error": {}}')
    ran = shell.inside("doctor")
    assert "metadata/20261122-101530-7f3k2m.json" in ran.out
    assert "missing" in ran.out
    assert ran.code != 0
