"""[keys] in sora-tui.toml: which keys act then, what is complained of, and `sora-tui keys`."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import sora_tui.tui
from sora_tui.tui.commands.key_names import normal
from sora_tui.tui.commands.keymap import complaints, key_table
from sora_tui.tui.commands.table import BY_ID, COMMANDS, EVERYWHERE, bindings
from sora_tui.tui.widgets.key_bar import FOOTER
from tests.support.sample_jobs import busy, not_sent, pending, saved, unconfirmed
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import WorkspaceApp, workspace_app


def app_with(root: Path, toml: str) -> WorkspaceApp:
    (root / "sora-tui.toml").write_text(toml)
    return workspace_app(root)


def test_each_command_is_bound_where_the_table_says() -> None:
    names = [
        module.name for module in pkgutil.walk_packages(sora_tui.tui.__path__, "sora_tui.tui.")
    ]
    things: list[Any] = [
        thing
        for name in names
        for thing in vars(importlib.import_module(name)).values()
        if isinstance(thing, type) and thing.__module__ == name
    ]
    widgets = {thing.WHERE: thing.BINDINGS for thing in things if "WHERE" in vars(thing)}
    assert widgets == {where: bindings(where) for where in {each.where for each in COMMANDS}}


def test_ids_are_unique_and_no_table_clashes_with_itself() -> None:
    assert len(BY_ID) == len(COMMANDS)
    taken = [(each.where, name) for each in COMMANDS for name in each.keys.split(",")]
    assert len(set(taken)) == len(taken)


def test_every_action_has_a_key_that_every_terminal_sends() -> None:
    """VS Code keeps ctrl+p and F5, GNOME Terminal alt+digit, macOS alt (DESIGN.md, section 4)."""
    for key in COMMANDS:
        if key.place == EVERYWHERE and key.id not in {"generate", "suspend", "save_prompt"}:
            sure = [
                name
                for name in key.keys.split(",")
                if name == "escape" or not ("+" in name or name[1:].isdigit())
            ]
            assert sure or key.id in {"leave", "leave_twice", "external_editor", "redraw"}, key


def test_the_footer_names_commands_that_exist() -> None:
    assert {command for command, _text in FOOTER} - {"Tab"} <= BY_ID.keys()


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"generate": "f9"}, []),
        ({"generate": "f5,?"}, ["[keys]: ? is generate and help; only the first"]),
        ({"generat": "f9"}, ['[keys]: nothing is called "generat"; sora-tui keys']),
        ({"generate": "hyperdrive"}, ['[keys] generate: no key is called "hyperdrive".']),
        ({"jobs.cancel": "y"}, ["[keys]: y is jobs.cancel and jobs.copy; only"]),
        ({"jobs.cancel": "z"}, ["[keys]: z is jobs.cancel and zoom; only the first"]),
        ({"jobs.cancel": "b"}, []),
        ({"zoom": "j"}, ["[keys]: j is list.down and zoom", "[keys]: j is text.down and zoom"]),
    ],
)
def test_what_cannot_work_is_said(own: dict[str, str], said: list[str]) -> None:
    found = complaints({id: normal(keys) for id, keys in own.items()})
    assert len(found) == len(said)
    assert all(text.startswith(begin) for text, begin in zip(found, said, strict=True))


async def test_the_keys_of_the_person_act_and_are_shown(tmp_path: Path) -> None:
    app = app_with(
        tmp_path,
        '[keys]\nhelp = "f9,h"\nserver = "f8"\njobs.copy = "c"\nzoom = "plus"\nhigher = "z"',
    )
    async with open_screen(app) as screen:
        assert "F9 Help" in screen.lines[-1]
        assert screen.lines[0].endswith("F8 real ")
        await screen.press("escape", "question_mark", "f1")
        assert not screen.dialog.is_there
        await screen.press("plus")
        assert app.bench.zoomed
        await screen.press("f9")
        assert screen.dialog.is_there


async def test_wrong_keys_are_said_on_the_screen(tmp_path: Path) -> None:
    app = app_with(tmp_path, 'theme = "neon"\n[keys]\ngenerat = "f9"')
    async with open_screen(app) as screen:
        assert 'There is no theme "neon"' in screen.words
        assert 'nothing is called "generat"' in screen.words


def test_the_command_line_lists_every_key(tmp_path: Path) -> None:
    rows, said = key_table({"generate": "f9,?"})
    assert rows[0]["place"] == EVERYWHERE
    generate = next(row for row in rows if row["id"] == "generate")
    assert generate["keys"] == ["f9", "question_mark"]
    assert generate["shown"] == "F9  ?"
    assert len(rows) == len(COMMANDS)
    assert said
    assert json.dumps(rows)


def test_a_key_that_a_text_takes_is_no_surprise() -> None:
    assert complaints({"generate": "ctrl+k"}) == [
        "[keys]: in a text ^K edits, and is generate nowhere but outside it."
    ]
    assert not complaints({"generate": "f9"})


@pytest.mark.parametrize("key", ["f6", "f7", "f3"])
async def test_a_function_key_of_the_person_acts_in_a_text_too(tmp_path: Path, key: str) -> None:
    assert not complaints({"help": key})
    app = app_with(tmp_path, f'[keys]\nhelp = "{key}"')
    async with open_screen(app) as screen:
        await screen.press("a", key)
        assert screen.dialog.is_there, "the help stands there"
        await screen.press("escape")
        await screen.press("b")
        assert screen.draft.text.endswith("ab"), "nothing was selected"
        assert len(screen.draft.text) > 2


async def test_the_footer_names_the_key_that_generates(tmp_path: Path) -> None:
    (tmp_path / "sora-tui.toml").write_text('[keys]\ngenerate = "f9"\n')
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        assert screen.lines[-1].startswith(" F9 Generate")


async def test_keys_of_lists_and_panes_can_be_others_too(tmp_path: Path) -> None:
    (tmp_path / "sora-tui.toml").write_text('[keys]\nlist.down = "n"\njobs.copy = "c"\n')
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app) as screen:
        await screen.press("escape", "4")
        first = screen.highlighted
        await screen.press("j", "down")
        assert screen.highlighted == first
        await screen.press("n")
        assert screen.highlighted != first
        assert "c Copy" in screen.lines[-1]
        await screen.press("question_mark")
        assert any(">c" in row and "Copy the path" in row for row in screen.lines[1:5])


async def test_a_key_goes_on_where_its_command_means_nothing(tmp_path: Path) -> None:
    verbs = ("look", "cancel", "edit", "retry", "delete", "copy")
    jobs = [saved(pending(1)), pending(2), not_sent(pending(3)), unconfirmed(pending(4, paid=True))]
    app = workspace_app(tmp_path, jobs=jobs)
    async with open_screen(app) as screen:
        await screen.press("escape", "4")
        possible = []
        for job in jobs:
            assert screen.highlighted == job.id
            can = [verb for verb in verbs if app.controllers.refusal(f"jobs.{verb}") is None]
            possible += [" ".join(can)]
            await screen.press("down")
        assert possible == [
            "look retry delete copy",
            "cancel edit copy",
            "retry delete copy",
            "copy",
        ]
        await screen.press("o")
        assert "There is no clip of this job to look at." in screen.lines[-2], "the app's own key"
        offered = ["list.select", "jobs.copy", "jobs.filter", "jobs.mark", "jobs.sort"]
        assert [key for key, _text in app.jobs.keys] == [*offered, "edit_job", "diff_job"]
