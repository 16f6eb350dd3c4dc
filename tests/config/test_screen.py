"""theme, signs and [keys], and what the screen remembers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sora_tui.config.paths import user_toml_path
from sora_tui.config.screen import is_ascii_wanted
from sora_tui.config.settings import Settings, load_settings
from sora_tui.config.ui_state import UiState, load_ui_state, save_ui_state, ui_state_path
from sora_tui.core.pane_layout import Layout
from sora_tui.core.problem import ProblemError

OWN = """
theme = "nord"
[keys]
generate = "f5, ctrl+r"
jobs.cancel = "x"
"jobs.retry" = "X"
"""


def load(workspace: Path, text: str) -> Settings:
    (workspace / "sora-tui.toml").write_text(text)
    return load_settings(workspace=workspace, server=None, environ={})


def test_the_screen_is_set_in_sora_tui_toml(tmp_path: Path) -> None:
    screen = load(tmp_path, OWN).screen
    assert screen.theme == "nord"
    assert screen.symbols == "auto"
    assert screen.preview == "auto"
    assert screen.keys == {"generate": "f5,ctrl+r", "jobs.cancel": "x", "jobs.retry": "X"}


def test_the_workspace_goes_before_the_user_key_by_key(tmp_path: Path) -> None:
    user_toml_path().parent.mkdir(parents=True)
    user_toml_path().write_text(
        'signs = "ascii"\npreview = "off"\n[keys]\nzoom = "m"\ngenerate = "f9"\n'
    )
    screen = load(tmp_path, OWN).screen
    assert (screen.symbols, screen.preview) == ("ascii", "off")
    assert screen.keys["zoom"] == "m"
    assert screen.keys["generate"] == "f5,ctrl+r"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("theme = 5", "theme"),
        ('signs = "emoji"', "signs"),
        ('preview = "sixel"', "preview"),
        ('keys = "f5"', "keys"),
        ("[keys]\ngenerate = 5", "keys.generate"),
        ('[keys]\ngenerate = "f5,"', "keys.generate"),
    ],
)
def test_an_invalid_screen_setting_is_refused_with_its_key(
    tmp_path: Path, text: str, key: str
) -> None:
    with pytest.raises(ProblemError) as refused:
        load(tmp_path, text)
    assert refused.value.problem.code == "config_invalid"
    assert refused.value.problem.facts["key"] == key


@pytest.mark.parametrize(
    ("environ", "ascii"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "fr_FR.UTF-8"}, False),
        ({"LANG": "fr_FR.utf8@euro"}, False),
        ({"LANG": "fr_FR.ISO-8859-1"}, True),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "de_DE.ISO-8859-15@euro"}, False),
    ],
)
def test_the_locale_decides_about_the_signs(environ: dict[str, str], ascii: bool) -> None:
    assert is_ascii_wanted("auto", environ) is ascii
    assert is_ascii_wanted("ascii", environ)
    assert not is_ascii_wanted("unicode", environ)


def test_each_workspace_has_a_layout_of_its_own(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    wide = UiState("nord", None, Layout(side=8, hidden=("references",)))
    save_ui_state(here, wide)
    save_ui_state(there, UiState("nord", None, Layout(jobs=-2)))
    assert load_ui_state(here) == wide
    assert load_ui_state(there).layout == Layout(jobs=-2)
    assert ui_state_path().stat().st_mode & 0o777 == 0o600
    save_ui_state(here, UiState("nord"))
    assert list(json.loads(ui_state_path().read_text())["layouts"]) == [str(there)]


def test_only_so_many_workspaces_are_remembered(tmp_path: Path) -> None:
    for number in range(103):
        save_ui_state(tmp_path / str(number), UiState(layout=Layout(jobs=2)))
    assert len(json.loads(ui_state_path().read_text())["layouts"]) == 100
    assert load_ui_state(tmp_path / "0").layout == Layout()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"theme": 5, "layouts": []}',
        '{"layouts": {"HERE": {"side": "wide"}}}',
        '{"layouts": {"HERE": {"hidden": "jobs"}}}',
        '{"layouts": {"HERE": 5}}',
    ],
)
def test_an_unreadable_ui_state_counts_as_empty(tmp_path: Path, text: str) -> None:
    ui_state_path().parent.mkdir(parents=True)
    ui_state_path().write_text(text.replace("HERE", str(tmp_path)))
    assert load_ui_state(tmp_path) == UiState()


def test_what_a_later_version_remembers_stays(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    save_ui_state(here, UiState("nord", None, Layout(side=2)))
    path = ui_state_path()
    document = json.loads(path.read_text())
    document["sounds"] = {"saved": "bell"}
    document["layouts"][str(here)]["floating"] = ["jobs"]
    path.write_text(json.dumps(document))
    save_ui_state(there, UiState("sora", None, Layout(jobs=1)))
    save_ui_state(here, UiState("sora"))
    kept = json.loads(path.read_text())
    assert kept["sounds"] == {"saved": "bell"}
    assert kept["layouts"][str(here)]["floating"] == ["jobs"]
    assert load_ui_state(here) == UiState("sora")
