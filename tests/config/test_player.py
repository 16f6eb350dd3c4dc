"""The `player` setting: a command of the person's own, never one of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_tui.config.paths import user_toml_path
from sora_tui.config.settings import load_settings
from sora_tui.core.problem import ProblemError
from sora_tui.tui.services.player import player


def load(root: Path, **environ: str) -> str:
    return load_settings(workspace=root, server=None, environ=environ).player


def test_the_variable_holds_above_the_persons_own_file(tmp_path: Path) -> None:
    assert load(tmp_path) == ""
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    user_toml_path().write_text('player = "mpv --loop"\n')
    assert load(tmp_path) == "mpv --loop"
    assert load(tmp_path, SORA_PLAYER="vlc") == "vlc"


def test_a_folder_may_name_no_program(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SORA_PLAYER=evil\n")
    assert load(tmp_path) == ""
    (tmp_path / "sora-tui.toml").write_text('player = "evil"\n')
    with pytest.raises(ProblemError) as refused:
        load(tmp_path)
    assert refused.value.problem.facts["key"] == "player"


@pytest.mark.parametrize("word", ["3", '"mpv \'"', '["mpv"]'])
def test_an_invalid_player_command_is_refused(tmp_path: Path, word: str) -> None:
    user_toml_path().parent.mkdir(parents=True, exist_ok=True)
    user_toml_path().write_text(f"player = {word}\n")
    with pytest.raises(ProblemError) as refused:
        load(tmp_path)
    assert refused.value.problem.code == "config_invalid"
    with pytest.raises(ProblemError):
        load(tmp_path, SORA_PLAYER='mpv "')


def test_a_player_is_for_who_has_a_display() -> None:
    assert player("mpv --loop", {}) is None
    assert player("mpv --loop 'a b'", {"DISPLAY": ":0"}) == ["mpv", "--loop", "a b"]
