"""Pictures on real terminals: whole after whatever came over them, and sent only once."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from PIL import Image

from sora_tui.media.cells import Cells
from sora_tui.tui.terminal.graphics.kitty import placeholders
from tests.support.pty_session import KEYS, ROOT, PtySession
from tests.support.tui.picture_app import drawing

PROGRAM = [sys.executable, "-m", "tests.support.tui.picture_app"]
SENT = re.compile(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\")
LIMIT = 60.0


def started(folder: Path, **env: str | None) -> PtySession:
    own: dict[str, str | None] = {"TMUX": None, "TMUX_PANE": None, "STY": None, **env}
    return PtySession([*PROGRAM, str(folder)], cols=80, rows=24, cwd=ROOT, env=own)


def wrong(session: PtySession, cells: Cells, scrolled: int = 0) -> int:
    """How many cells of the picture the terminal shows otherwise."""
    count = 0
    for y, row in enumerate(session.cells()[:23]):
        upper, lower = cells.line(y + scrolled)
        for x, cell in enumerate(row[: cells.columns]):
            above, below = upper[3 * x : 3 * x + 3].hex(), lower[3 * x : 3 * x + 3].hex()
            front = cell.fg if cell.data == "▀" else cell.bg
            count += (cell.bg, front) != (below, above)
    return count


def misplaced(session: PtySession, number: int, scrolled: int = 0) -> int:
    """How many cells do not stand for their place in the picture of this number."""
    colour = xterm(number)
    count = 0
    for y, row in enumerate(session.cells()[:23]):
        for x, cell in enumerate(row[:60]):
            wanted = placeholders(number, y + scrolled, x, x + 1)
            count += (cell.data, cell.fg) != (wanted.partition("m")[2][:3], colour)
    return count


def xterm(number: int) -> str:
    """One of the 240 upper colours of xterm, as pyte writes it."""
    if number >= 232:
        return f"{8 + 10 * (number - 232):02x}" * 3
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return "".join(f"{steps[digit]:02x}" for digit in (number // 36, number // 6 % 6, number % 6))


def test_what_comes_over_half_blocks_leaves_them_whole(tmp_path: Path) -> None:
    cells, other = drawing(), drawing(1)
    with started(tmp_path) as session:
        session.wait_for("ready")
        session.wait_until(lambda: not wrong(session, cells), LIMIT, "the picture")
        session.send("m")
        session.wait_for("really?")
        session.wait_until(lambda: wrong(session, cells) > 900, LIMIT, "a tint all over it")
        session.send(KEYS["escape"])
        session.wait_until(lambda: not wrong(session, cells), LIMIT, "the picture, after a modal")
        session.send("t")
        session.wait_for("a word in a corner")
        assert wrong(session, cells) > 0
        session.wait_until(lambda: not wrong(session, cells), LIMIT, "the picture, after a toast")
        session.send("j")
        session.wait_until(lambda: not wrong(session, cells, 7), LIMIT, "the picture, scrolled")
        session.send("x")
        session.wait_until(lambda: not wrong(session, other, 7), LIMIT, "another picture")
        session.send("q")
        assert session.wait_exit() == 0
        assert b"\x1b_G" not in session.raw


def test_a_terminal_that_is_behind_is_spared_the_pictures_between(tmp_path: Path) -> None:
    """Of forty pictures that nobody had the time to see, hardly any is sent."""
    cells, other = drawing(), drawing(1)
    with started(tmp_path) as session:
        session.wait_for("ready")
        session.wait_until(lambda: not wrong(session, cells), LIMIT, "the picture")
        session.stop_reading()
        turns, until = tmp_path / "turns", time.monotonic() + LIMIT
        for number in range(41):
            session.send("x")
            while not turns.exists() or turns.stat().st_size <= number:
                assert time.monotonic() < until
                time.sleep(0.02)
        before = session.bytes_seen
        session.resume_reading()
        session.wait_until(lambda: not wrong(session, other), LIMIT, "the last picture")
        one = len(session.raw[:before])
        assert session.bytes_seen - before < 5 * one
        session.send("q")
        assert session.wait_exit() == 0


def test_at_the_end_nobody_waits_for_the_rest_of_a_picture(tmp_path: Path) -> None:
    with started(tmp_path) as session:
        session.wait_for("ready")
        session.wait_until(lambda: not wrong(session, drawing()), LIMIT, "the picture")
        session.stop_reading()
        for _ in range(3):
            session.send("xm")
            session.send(KEYS["escape"])
        session.wait_stalled(LIMIT)
        session.send("q")
        assert session.wait_exit(LIMIT) == 0
        session.resume_reading()
        session.wait_until(lambda: b"\x1b[?1049l" in session.raw, LIMIT, "the shell's screen")
        assert session.is_restored()


def test_kitty_is_sent_a_picture_once_and_shows_it_by_its_places(tmp_path: Path) -> None:
    with started(tmp_path, TERM="xterm-kitty", COLORTERM=None) as session:
        session.wait_for("ready")
        session.wait_until(lambda: bool(orders(session)), LIMIT, "a picture sent")
        number = int(orders(session)[0]["i"])
        session.wait_until(lambda: not misplaced(session, number), LIMIT, "the picture")
        session.send("m")
        session.wait_for("really?")
        session.wait_until(lambda: misplaced(session, number) > 900, LIMIT, "a tint all over it")
        session.send(KEYS["escape"])
        session.wait_until(lambda: not misplaced(session, number), LIMIT, "it after a modal")
        session.send("t")
        session.wait_for("a word in a corner")
        session.wait_until(lambda: not misplaced(session, number), LIMIT, "it after a toast")
        session.send("j")
        session.wait_until(lambda: not misplaced(session, number, 7), LIMIT, "it, scrolled")
        assert len(orders(session)) == 1, "sent once"
        session.send("\x0c")  # ctrl+l
        session.wait_until(lambda: len(orders(session)) == 2, LIMIT, "sent again by a key")
        again = int(orders(session)[1]["i"])
        session.wait_until(lambda: not misplaced(session, again, 7), LIMIT, "it, sent again")
        session.send("x")
        session.wait_until(lambda: len(orders(session)) == 3, LIMIT, "another picture sent")
        session.send("q")
        assert session.wait_exit() == 0
        assert all(16 <= int(order["i"]) <= 255 for order in orders(session))
        assert all(b"q=2" in keys.split(b",") for keys, _data in SENT.findall(session.raw))
        assert all(len(data) <= 4096 for _keys, data in SENT.findall(session.raw))
        gone = {keys for keys, _data in SENT.findall(session.raw) if keys.startswith(b"a=d")}
        assert b"a=d,d=I,i=%d,q=2" % again in gone, "the terminal is left as it was"
        assert seen(session.raw).size == Image.open(io.BytesIO(drawing().png)).size


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_tmux_hands_a_picture_on_to_kitty(tmp_path: Path) -> None:
    """The real tmux, on a terminal that says it is kitty; nobody else is asked anything."""
    # Its socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="tmux") as place:
        tmux = ["tmux", "-f", str(tmp_path / "conf"), "-S", f"{place}/s"]
        (tmp_path / "conf").write_text(
            "set -g allow-passthrough on\nset -g status off\n"
            'set -g default-terminal "tmux-256color"\n'
        )
        known = "tmux list-clients -F '#{client_termtype}' | grep -q kitty"
        program = f"cd {ROOT} && exec {' '.join(PROGRAM)} {tmp_path}"
        shell = f"until {known}; do sleep 0.1; done; {program}"
        env: dict[str, str | None] = {"TMUX": None, "TMUX_PANE": None, "LANG": "C.UTF-8"}
        with PtySession([*tmux, "new-session", shell], cols=80, rows=24, env=env) as session:
            try:
                session.wait_until(lambda: b"\x1b[>q" in session.raw, LIMIT, "tmux's question")
                session.send("\x1bP>|kitty(0.41.1)\x1b\\")
                session.wait_for("ready", LIMIT)
                session.wait_until(lambda: bool(orders(session)), LIMIT, "a picture sent")
                number = int(orders(session)[0]["i"])
                session.wait_until(lambda: not misplaced(session, number), LIMIT, "the picture")
                session.send("j")
                session.wait_until(lambda: not misplaced(session, number, 7), LIMIT, "it, scrolled")
                assert len(orders(session)) == 1
                assert seen(session.raw).size == Image.open(io.BytesIO(drawing().png)).size
            finally:
                subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def orders(session: PtySession) -> list[dict[str, str]]:
    """The pictures sent so far, each by its first sequence."""
    said = [keys.decode() for keys, _data in SENT.findall(bytes(session.raw))]
    return [dict(pair.split("=") for pair in keys.split(",")) for keys in said if "a=T" in keys]


def seen(raw: bytes | bytearray) -> Image.Image:
    """The first picture that a terminal was sent."""
    data = b""
    for keys, part in SENT.findall(raw):
        data += part
        if b"m=0" in keys.split(b","):
            break
    return Image.open(io.BytesIO(base64.b64decode(data)))
