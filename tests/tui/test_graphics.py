"""Which way pictures are shown: by setting, TERM and tmux; the terminal itself is never asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual import events

from sora_tui.config.screen import Preview, ScreenSettings
from sora_tui.media.cells import to_cells
from sora_tui.tui.dialogs.picture import PictureWindow
from sora_tui.tui.presenters.graphics_report import picture_line
from sora_tui.tui.terminal.graphics.detect import Graphics, graphics
from tests.support.pictures import picture
from tests.support.pty_session import PtySession
from tests.support.shell import COMMAND
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import folder_with_prompt, workspace_app

#: What asks a terminal something and is answered: DA, XTVERSION, Kitty's query, sizes, colours.
QUERIES = (b"\x1b[c", b"\x1b[0c", b"\x1b[>c", b"\x1b[>q", b"a=q", b"\x1b[14t", b"\x1b[16t", b";?")


@pytest.mark.parametrize(
    ("preview", "environ", "way"),
    [
        ("auto", {"TERM": "xterm-256color"}, "halfblock"),
        ("auto", {"TERM": "xterm-kitty"}, "kitty"),
        ("auto", {"TERM": "xterm-ghostty"}, "kitty"),
        # Inherited from a terminal that started another one, or from before screen.
        ("auto", {"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "halfblock"),
        ("auto", {"TERM": "xterm-kitty", "STY": "1.pts"}, "halfblock"),
        ("auto", {}, "halfblock"),
        ("halfblock", {"TERM": "xterm-kitty"}, "halfblock"),
        ("kitty", {"TERM": "xterm-256color"}, "kitty"),
        ("off", {"TERM": "xterm-kitty"}, "off"),
    ],
)
def test_setting_and_term_decide(preview: Preview, environ: dict[str, str], way: str) -> None:
    assert graphics(preview, environ) == Graphics(way)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("1\n17 xterm-kitty kitty(0.41.1)\n", "kitty"),
        ("all\n17 xterm-256color kitty(0.28.0)\n", "kitty"),
        ("on\n17 xterm-kitty \n", "kitty"),
        ("0\n17 xterm-kitty kitty(0.41.1)\n", "halfblock"),
        ("\n17 xterm-kitty kitty(0.41.1)\n", "halfblock"),
        ("1\n17 xterm-kitty kitty(0.27.1)\n", "halfblock"),
        ("1\n17 xterm-256color XTerm(380)\n", "halfblock"),
        ("1\n17 xterm-ghostty ghostty 1.3.1\n", "halfblock"),
        ("1\n17 xterm-kitty kitty(0.41.1)\n18 xterm-256color \n", "halfblock"),
        ("1\n", "halfblock"),
        ("1\nnonsense\n", "halfblock"),
        ("", "halfblock"),
    ],
)
def test_in_tmux_every_terminal_that_shows_it_must_know_how(
    tmp_path: Path, said: str, way: str
) -> None:
    environ = with_tmux(tmp_path, f"printf '%s' '{said}'")
    found = graphics("auto", {**environ, "TERM": "tmux-256color"})
    assert (found.way, found.tmux) == (way, True)
    assert graphics("kitty", environ).way == "kitty", "who insists has it"
    assert graphics("off", environ).way == "off"


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"])
def test_a_tmux_that_does_not_answer_takes_no_pictures(tmp_path: Path, script: str) -> None:
    assert graphics("auto", with_tmux(tmp_path, script)).way == "halfblock"
    assert graphics("auto", {"TMUX": "x", "PATH": str(tmp_path / "none")}).way == "halfblock"


def test_tmux_is_asked_about_our_own_pane(tmp_path: Path) -> None:
    environ = with_tmux(tmp_path, f'echo "$*" > {tmp_path}/asked')
    graphics("auto", {**environ, "TMUX_PANE": "%7"})
    assert "list-clients -t %7" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    ("screen", "environ", "words"),
    [
        ({}, {"TERM": "xterm-kitty"}, "real ones, by the kitty protocol  xterm-kitty is known"),
        ({}, {"TERM": "xterm-256color"}, "256 colours  xterm-256color is not known to draw real"),
        ({}, {"TERM": "xterm", "COLORTERM": "truecolor"}, "half blocks in true colour  xterm is"),
        ({}, {"TERM": "xterm-kitty", "STY": "1"}, "GNU screen lets no real pictures through"),
        ({}, {"TERM": "xterm-256color", "NO_COLOR": "1"}, "shades, without colours"),
        (
            {"symbols": "ascii"},
            {"TERM": "xterm"},
            "letters, because signs or the locale want ASCII",
        ),
        ({"preview": "off"}, {"TERM": "xterm-kitty"}, "off  as preview in sora-tui.toml says"),
        ({"preview": "kitty"}, {"TERM": "xterm"}, "kitty protocol  as preview in sora-tui.toml"),
    ],
)
def test_doctor_says_which_way_and_why(
    screen: dict[str, Any], environ: dict[str, str], words: str
) -> None:
    line = picture_line(ScreenSettings(**screen), environ)
    assert words in line.words
    assert line.symbol == ("-" if screen.get("preview") == "off" else "ok")
    assert isinstance(line.value, dict)
    assert line.value["way"] == graphics(ScreenSettings(**screen).preview, environ).way


@pytest.mark.parametrize(
    ("said", "why", "words"),
    [
        ("0\n17 xterm-kitty kitty(0.41.1)\n", "passthrough", "tmux lets no real pictures through"),
        ("1\n17 xterm-256color XTerm(380)\n", "not_known", "XTerm(380) is not known to draw"),
        ("1\n17 xterm-256color \n", "not_known", "xterm-256color is not known to draw"),
        ("1\n17 xterm-kitty kitty(0.41.1)\n", "known", "kitty(0.41.1) is known to draw them"),
        ("1\n", "detached", "tmux shows this on no terminal"),
    ],
)
def test_doctor_says_what_tmux_does_to_pictures(
    tmp_path: Path, said: str, why: str, words: str
) -> None:
    environ = {**with_tmux(tmp_path, f"printf '%s' '{said}'"), "TERM": "tmux-256color"}
    line = picture_line(ScreenSettings(), environ)
    assert isinstance(line.value, dict)
    assert (line.value["why"], line.value["tmux"]) == (why, True)
    assert words in line.words
    assert ("allow-passthrough" in line.advice) is (why == "passthrough")


def test_doctor_asks_the_terminal_nothing(tmp_path: Path) -> None:
    env = {"TERM": "xterm-kitty", "TMUX": None, "STY": None}
    with PtySession([*COMMAND, "doctor", "--json"], cwd=tmp_path, env=env, cols=400) as session:
        assert session.wait_exit(60) == 0
        assert not [query for query in QUERIES if query in session.raw]
        lines = [json.loads(line) for line in session.raw.decode().splitlines() if line[:1] == "{"]
    (told,) = (line["value"] for line in lines if line["check"] == "pictures")
    assert (told["way"], told["why"]) == ("kitty", "known")


def with_tmux(folder: Path, script: str) -> dict[str, str]:
    tmux = folder / "tmux"
    tmux.write_text(f"#!/bin/sh\n{script}\n")
    tmux.chmod(0o755)
    return {"TMUX": "/tmp/x,1,0", "PATH": f"{folder}:{os.environ['PATH']}"}


def test_no_import_of_ours_says_a_byte_to_the_terminal() -> None:
    modules = (
        "sora_tui.tui.app, sora_tui.tui.widgets.picture, sora_tui.tui.terminal.graphics.detect, "
        "sora_tui.media.cells"
    )
    with PtySession([sys.executable, "-c", f"import {modules}"]) as session:
        assert session.wait_exit(60) == 0
        assert not session.raw


def test_without_a_terminal_nothing_is_said_to_one() -> None:
    script = "import sora_tui.tui.widgets.picture, sora_tui.tui.terminal.graphics.detect"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout + done.stderr == b""


def test_the_terminal_is_asked_nothing_and_its_late_answers_do_nothing(tmp_path: Path) -> None:
    folder = folder_with_prompt(tmp_path)
    (folder / "input_reference").mkdir()
    env = {"TERM": "xterm-kitty", "TMUX": None, "TMUX_PANE": None, "STY": None}
    with PtySession(COMMAND, cwd=folder, env=env) as session:
        session.wait_for("draft safe", 60)
        session.send("\x1b")
        session.send("4")
        session.wait_for("[4 Jobs]", 60)
        session.wait_quiet(0.7)
        before = session.screen_text()
        # A q would end the program, an R or an S open a window.
        session.send(
            "\x1b[?62;4c\x1b[>1;2q\x1b_Gi=31;qRSOK\x1b\\\x1bP>|qRS(1)\x1b\\\x1b]11;rgb:qRS\x07"
        )
        session.send("\x1b[?62;")
        session.wait_quiet(0.3)
        session.send("4c\x1b[6;20;10t\x1b[?1u")
        session.wait_quiet(0.5)
        assert session.screen_text() == before
        session.send("q")
        assert session.wait_exit(60) == 0
        assert not [query for query in QUERIES if query in session.raw]


async def test_another_terminal_in_tmux_is_sent_the_pictures_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who detaches and attaches elsewhere has none of our pictures there, or cannot show them."""
    told = tmp_path / "told"
    told.write_text("1\n17 xterm-kitty kitty(0.41.1)\n")
    for name, value in with_tmux(tmp_path, f"cat {told}").items():
        monkeypatch.setenv(name, value)
    app = workspace_app(tmp_path / "workspace")
    async with open_screen(app) as screen:
        app.push_screen(window := PictureWindow(""))
        await screen.settle()
        assert window.view.wants_fine
        window.view.show(to_cells(picture(160, 40), 80, 10, fine=True))
        await screen.settle()
        await screen.notice(events.AppFocus())
        assert sum("a=T" in said for said in app.sent) == 1, "the same terminal: nothing again"
        assert app.sent[-1].startswith("\x1bPtmux;\x1b\x1b_G")
        told.write_text("1\n18 xterm-kitty kitty(0.41.1)\n")
        await screen.notice(events.AppFocus())
        assert sum("a=T" in said for said in app.sent) == 2
        app.action_redraw()
        await screen.settle()
        assert sum("a=T" in said for said in app.sent) == 3, "a key sends it again"
        told.write_text("1\n19 xterm-256color XTerm(380)\n")
        await screen.notice(events.AppFocus())
        assert not window.view.wants_fine
        assert "▀" in screen.text
        assert sum("a=T" in said for said in app.sent) == 3
