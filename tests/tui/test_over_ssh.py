"""On a slow line: what a session costs in bytes, and what strange terminals must not break."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.pty_session import KEYS, PtySession
from tests.tui.test_session import PROGRAM, workspace

#: What a terminal answers that can hold a frame back until it is complete (DEC mode 2026).
SYNCHRONISES = b"\x1b[?2026;2$y"
FRAME = re.compile(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", re.DOTALL)
#: The least of a whole screen that counts as another screen: see `Cost.wrote`.
BIGGEST = 20_000


class Cost:
    """Reads what a session writes for each thing a person does."""

    def __init__(self, session: PtySession) -> None:
        self.session = session
        self.biggest = 0

    def of(self, keys: str, *, until: str | None = None) -> int:
        """Bytes written from these keys to the next silence."""
        before = self.session.bytes_seen
        self.session.send(keys)
        if until is not None:
            self.session.wait_for(until, timeout=60)
        self.session.wait_quiet(0.4)
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
        cost.of(KEYS["f5"], until="✓ saved")
        cost.of(KEYS["escape"])
        for key in "12345":
            assert cost.of(key) < BIGGEST
        for key in ("z", "z", "?", KEYS["escape"], ":", KEYS["escape"], "S", KEYS["escape"]):
            cost.of(key)
        assert 0 < cost.biggest < BIGGEST
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0


def test_four_running_jobs_cost_less_than_300_bytes_a_second(tmp_path: Path) -> None:
    """On the real screen and engine, at 120x40, with every clock and bar that moves."""
    folder = workspace(tmp_path)
    front = '+++\nseconds = "12"\ncount = 4\n+++\n\n'
    (folder / "prompts/harbour.md").write_text(f"{front}Four kites over a grey sea.\n")
    with PtySession(PROGRAM, cwd=folder, cols=120, rows=40) as session:
        session.wait_for("draft safe")
        session.send(KEYS["f5"])
        session.wait_for("4 running", timeout=30)
        session.wait_until(lambda: "%" in session.screen_text(), 30, "progress")
        before, began = session.bytes_seen, time.monotonic()
        time.sleep(5)  # the length of the silence is what is measured
        rate = (session.bytes_seen - before) / (time.monotonic() - began)
        assert "running" in session.screen_text()
        assert rate <= 300
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0
