"""Profiles the program writes: in a file of its own, never over a person's, never with a key."""

from __future__ import annotations

import os
import stat
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sora_tui.config import api_keys
from sora_tui.config.api_keys import CommandKey, is_key_like
from sora_tui.config.paths import saved_servers_path, user_toml_path
from sora_tui.config.saved_servers import (
    check_profile,
    remove_profile,
    saved_table,
    set_default,
    write_profile,
)
from sora_tui.config.settings import load_settings, reloaded
from sora_tui.core.problem import ProblemError

KEY = "sk-proj-AbC123-never-written"
TABLE = {"base_url": "https://gw.example.org/v1", "api_key_env": "TEAM_KEY"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def by_hand(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return text


def test_what_is_written_is_read_again_in_every_workspace(workspace: Path) -> None:
    assert check_profile("team", TABLE, {}, {}).lacks_key, "a test of it says so, and asks nobody"
    write_profile("team", TABLE, default=True)
    settings = load_settings(workspace=workspace, server=None, environ={"TEAM_KEY": KEY})
    assert (settings.server.name, settings.chosen_by) == ("team", "servers.toml")
    assert settings.server.key is not None
    assert settings.profile_files == {"team": str(saved_servers_path())}
    assert stat.S_IMODE(saved_servers_path().stat().st_mode) == 0o600
    assert KEY not in saved_servers_path().read_text()


def test_a_person_s_own_file_is_never_touched_and_counts_more(workspace: Path) -> None:
    mine = by_hand(
        user_toml_path(),
        '# mine\ndefault = "lab"\n[servers.lab] # my box\nbase_url = "http://127.0.0.1:1/v1"\n',
    )
    write_profile("lab", {"base_url": "https://elsewhere.example.org/v1"}, default=True)
    write_profile("team", TABLE)
    settings = load_settings(workspace=workspace, server=None, environ={})
    assert settings.servers["lab"].base_url == "http://127.0.0.1:1/v1"
    assert settings.chosen_by == "sora-tui.toml"
    with pytest.raises(ProblemError) as refused:
        check_profile("lab", TABLE, {}, settings.profile_files)
    assert refused.value.problem.code == "profile_elsewhere"
    assert refused.value.problem.facts["path"] == str(user_toml_path())
    with pytest.raises(ProblemError, match="profile_elsewhere"):
        remove_profile("lab", settings.profile_files)
    remove_profile("team", settings.profile_files)
    set_default("simulator")
    assert user_toml_path().read_text() == mine


def test_removing_forgets_the_default_with_it(workspace: Path) -> None:
    write_profile("team", TABLE, default=True)
    write_profile("lab", {"base_url": "http://127.0.0.1:1/v1"})
    before = load_settings(workspace=workspace, server=None, environ={})
    remove_profile("team", before.profile_files)
    after = reloaded(before, {})
    assert (after.server.name, sorted(after.servers)) == ("simulator", ["lab", "simulator"])
    with pytest.raises(ProblemError) as unknown:
        saved_table("team")
    assert unknown.value.problem.facts["known"] == "lab"


@pytest.mark.parametrize(
    ("name", "table", "key"),
    [
        ("team", TABLE | {"api_key_env": KEY}, "api_key_env"),
        ("team", TABLE | {"api_key_env": "0f3b5a7c9d1e2f4a6b8c0d1e"}, "api_key_env"),
        ("team", TABLE | {"api_key_env": "not a name"}, "api_key_env"),
        ("team", TABLE | {"api_key_command": f"echo {KEY}"}, "api_key_command"),
        ("team", TABLE | {"api_key_command": "pass 'open"}, "api_key_command"),
        ("team", TABLE | {"headers": {"X-Team": f"Bearer {KEY}"}}, "headers"),
        ("team", TABLE | {"headers": {"Authorization": "x"}}, "headers"),
        ("team", TABLE | {"query": {"api-key": "x"}}, "query"),
        ("team", TABLE | {"base_url": f"https://me:{KEY}@gw.example.org"}, "base_url"),
        ("team", TABLE | {"auth": "basic"}, "auth"),
        ("simulator", TABLE, "name"),
        ("env", TABLE, "name"),
        ("a b", TABLE, "name"),
    ],
)
def test_a_key_and_what_is_no_setting_are_refused_without_being_repeated(
    name: str, table: dict[str, Any], key: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        check_profile(name, table, {}, {})
    assert (refused.value.problem.code, refused.value.problem.facts["key"]) == (
        "config_invalid",
        key,
    )
    assert KEY not in str(refused.value)
    assert not saved_servers_path().exists()


@pytest.mark.parametrize(
    ("word", "is_key"),
    [
        ("TEAM_GW_KEY", False),
        ("TEAM_KEY_2026_PRODUCTION", False),
        ("my_key", False),
        ("OPENAI_API_KEY", False),
        ("sk-abc", True),
        ("hf_abcdefgh", True),
        ("a1b2c3d4e5f6a7b8c9d0e1f2", True),
        ("pass", False),
    ],
)
def test_a_key_is_known_by_its_looks(word: str, is_key: bool) -> None:
    assert is_key_like(word) is is_key


def test_http_to_another_machine_needs_consent_in_the_profile() -> None:
    table = {"base_url": "http://lab.example.org:8000/v1"}
    with pytest.raises(ProblemError, match="base_url_insecure"):
        check_profile("lab", table, {}, {})
    assert not check_profile("lab", table | {"allow_http": True}, {}, {}).insecure
    assert not check_profile("lab", {"base_url": "http://127.0.0.1:8000/v1"}, {}, {}).insecure


def test_a_folder_that_cannot_be_written_is_said() -> None:
    saved_servers_path().parent.parent.mkdir(parents=True, exist_ok=True)
    saved_servers_path().parent.write_text("a file where the folder should be")
    with pytest.raises(ProblemError, match="folder_not_writable"):
        write_profile("team", TABLE)


def test_two_writers_lose_nothing_of_each_other() -> None:
    children = []
    for number in range(8):
        pid = os.fork()
        if pid == 0:
            write_profile(f"lab-{number}", {"base_url": f"http://127.0.0.1:{number + 1}/v1"})
            os._exit(0)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
    assert len(tomllib.loads(saved_servers_path().read_text())["servers"]) == 8


# A password manager


def failure(command: str) -> str:
    key = CommandKey("team", command)
    with pytest.raises(ProblemError) as failed:
        key.reveal()
    assert failed.value.problem.code == "key_command_failed"
    assert failed.value.problem.facts["profile"] == "team"
    return str(failed.value.problem.facts["reason"])


def test_a_command_is_run_without_a_shell_and_its_first_line_is_the_key() -> None:
    key = CommandKey("team", "printf '  %s \\nsecond line\\n' '$HOME;x'")
    assert not key.is_at_hand
    assert key.reveal() == "$HOME;x"
    assert key.is_at_hand


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("no-such-password-manager get team", "no-such-password-manager was not found"),
        ("sh -c 'echo half-a-key; echo half-a-key >&2; exit 3'", "exit status 3"),
        ("true", "it printed nothing"),
        ("echo your_api_key_here", "it printed nothing"),
    ],
)
def test_a_command_that_fails_says_why_and_nothing_of_what_it_printed(
    command: str, reason: str
) -> None:
    assert failure(command) == reason


def has_ended(status: Path) -> bool:
    """Whether a process is gone, or waits only for its parent to take note."""
    try:
        return status.read_text().split()[2] == "Z"
    except OSError:
        return True


def test_a_command_that_hangs_is_ended_with_what_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(api_keys, "PATIENCE", 0.3)
    began = time.monotonic()
    pid = tmp_path / "pid"
    # The grandchild holds the pipe: killing the child alone would wait for it.
    assert failure(f"sh -c 'sleep 60 & echo $! > {pid}; wait'").startswith("no answer")
    assert time.monotonic() - began < 10
    status = Path(f"/proc/{pid.read_text().strip()}/stat")
    while not has_ended(status):  # a signal is sent before it is carried out
        assert time.monotonic() - began < 20
        time.sleep(0.01)


def test_a_key_command_that_failed_is_not_run_again_at_once(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    key = CommandKey("team", f"sh -c 'echo x >> {ran}; exit 1'")
    for _ in range(3):
        with pytest.raises(ProblemError, match="key_command_failed"):
            key.reveal()
    assert ran.read_text() == "x\n"
