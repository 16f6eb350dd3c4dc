"""On a slow line: what a session costs in bytes, and what strange terminals must not break."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.pty_session import KEYS, ROOT, PtySession
from tests.tui.test_session import PROGRAM, workspace

#: What a terminal answers that can hold a frame back until it is complete (DEC mode 2026).
SYNCHRONISES = b"\x1b[?2026;2$y"
FRAME = re.compile(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", re.DOTALL)
#: Bytes of one frame, whatever it shows.
BIGGEST = 20_000


class Cost:
    """Reads what a session writes for each thing a person does."""

    def __init__(self, session: PtySession) -> None:
        self.session = session
        self.biggest = 0

    def of(self, keys: str) -> int:
        """Bytes written from these keys to the next silence."""
        before = self.session.bytes_seen
        self.session.send(keys)
        self.session.wait_quiet(0.25)
        written = bytes(self.session.raw[before:])
        self.biggest = max((self.biggest, *map(len, FRAME.findall(written))))
        return len(written)


def test_no_frame_is_big_and_a_letter_is_small(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), cols=120, rows=40) as session:
        session.send(SYNCHRONISES)
        session.wait_for("draft safe")
        session.wait_quiet(0.7)
        assert session.bytes_seen < 40_000, "the first screen, painted in parts"
        cost = Cost(session)
        cost.of("a")  # copies the sample, which changes a title
        assert cost.of("b") < 400
        assert cost.of(KEYS["left"]) < 1000
        cost.of(KEYS["escape"])
        for key in "12345":
            assert cost.of(key) < BIGGEST
        for key in ("z", "z", "?", KEYS["escape"], ":", KEYS["escape"], "S", KEYS["escape"]):
            cost.of(key)
        assert 0 < cost.biggest < BIGGEST
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0


@pytest.mark.long
def test_four_jobs_under_way_cost_less_than_300_bytes_a_second(tmp_path: Path) -> None:
    """On the real screen and engine, at 120x40, with every clock and bar that moves.

    The practice server makes one clip at a time.
    """
    folder = workspace(tmp_path)
    front = '+++\nseconds = "12"\ncount = 4\n+++\n\n'
    (folder / "prompts/harbour.md").write_text(f"{front}Four kites over a grey sea.\n")
    with PtySession(PROGRAM, cwd=folder, cols=120, rows=40) as session:
        session.wait_for("draft safe")
        session.send(KEYS["f5"])
        session.wait_for("1 running", timeout=30)
        session.wait_for("behind 2", timeout=30)
        session.wait_until(lambda: "%" in session.screen_text(), 30, "progress")
        before, began = session.bytes_seen, time.monotonic()
        time.sleep(5)  # the length of the silence is what is measured
        rate = (session.bytes_seen - before) / (time.monotonic() - began)
        assert "running" in session.screen_text()
        assert rate <= 300
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0


@pytest.mark.long
def test_ten_tasks_with_plain_keys_only(tmp_path: Path) -> None:  # noqa: PLR0915 -- one story of ten tasks
    """No F-key, no alt, no ctrl: what a terminal that swallows them leaves."""
    folder = workspace(tmp_path)
    (folder / "prompts/kite.md").write_text("A kite over a grey sea.\n")
    shutil.copytree(ROOT / "input_reference", folder / "input_reference")
    with PtySession(PROGRAM, cwd=folder, env={"SSH_CONNECTION": "1 2 3 4"}) as session:

        def do(keys: str, seen: str) -> None:
            session.send(keys)
            session.wait_for(seen, timeout=60)
            session.wait_quiet(0.2)

        def escape(seen: str) -> None:
            do(KEYS["escape"], seen)

        session.wait_for("draft safe")
        escape("[3 Editor]")
        do("1", "[1 Prompts]")  # another prompt
        do("g", "[1 Prompts]")
        for _ in range(2):
            if "> kite" in session.screen_text() or ">kite" in session.screen_text():
                break
            session.send("j")
            session.wait_quiet(0.2)
        do(KEYS["enter"], "A kite over a grey sea.")
        escape("[3 Editor]")
        do("2", "lighthouse.jpg")  # a picture: found, seen, used, fitted
        do("/", "part of a name")
        do("light" + KEYS["enter"], "1 of 3")
        do(" ", "1600x1200")
        do(KEYS["enter"], "cuts 25%")
        do("f", "your picture")  # seen as it will be, and fitted another way
        do(KEYS["right"], "black bars")
        do("\r", "adds bars")
        escape("3  for")
        do("3", "[3 Editor]")  # the settings and the clip
        for _ in range(3):
            session.send(KEYS["tab"])
            session.wait_quiet(0.2)
        do(KEYS["right"], "720x1280")
        for _ in range(3):
            session.send(KEYS["tab"])
            session.wait_quiet(0.2)
        session.send(KEYS["enter"])
        session.wait_for("✓ saved", timeout=60)
        do("4", "enter Inspect")
        do("y", "Copied")
        do(KEYS["enter"], "[5 Inspector]")
        do("4", "[4 Jobs]")
        do("o", "▀▀▀▀")  # no player here: its first frame, and the way to fetch it
        escape("[4 Jobs]")
        do("?", "esc close")  # help, an action by its name, the server
        escape("[4 Jobs]")
        do(":", "What do you want")
        escape("[4 Jobs]")
        do("S", "enter use")
        escape("[4 Jobs]")
        do("z", "PROMPT")
        session.send("q")
        assert session.wait_exit() == 0
    [clip] = (tmp_path / "output").glob("*.mp4")
    assert clip.stat().st_size > 10_000


@pytest.mark.parametrize("size", [(1, 1), (500, 200)])
def test_any_size_is_drawn_and_left(tmp_path: Path, size: tuple[int, int]) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), cols=size[0], rows=size[1]) as session:
        session.wait_until(lambda: session.bytes_seen > 100, 10, "anything written")
        session.wait_quiet(0.5)
        session.send("x")
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0


@pytest.mark.long
def test_a_storm_of_sizes_loses_no_key(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), cols=120, rows=40) as session:
        session.wait_for("draft safe")
        word = "abcdefghijklmnopqrstuvwxyz"
        for number, letter in enumerate(word):
            session.resize(1 + (number * 37) % 160, 1 + (number * 11) % 50)
            session.send(letter)
        session.resize(120, 40)
        session.wait_for(word)
        session.send(b"\xff\x1b[M \xa0!")  # no text, and a mouse report past column 95
        session.send("!")
        session.wait_for("!")
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_is_refused_with_advice(tmp_path: Path, term: str) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), env={"TERM": term}) as session:
        assert session.wait_exit() == 2
        assert "generate" in session.screen_text()
        assert b"\x1b[?1049h" not in session.raw


def test_without_a_terminal_it_says_so_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        PROGRAM, cwd=workspace(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, timeout=20
    )
    assert done.returncode == 2
    assert b"generate" in done.stderr


@pytest.mark.parametrize("term", ["xterm", "tmux-256color"])
def test_no_true_colour_is_sent_where_nobody_promised_it(tmp_path: Path, term: str) -> None:
    env = {"TERM": term, "COLORTERM": None}
    with PtySession(PROGRAM, cwd=workspace(tmp_path), env=env) as session:
        session.wait_for("draft safe")
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0
        assert not re.search(rb"[34]8;2;", session.raw)
        assert (b"38;5;" in session.raw) is ("256" in term)
