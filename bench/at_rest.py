"""Measures the first key, and what the screen writes a second at rest and at work."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.first_frame import BARE, COLUMNS, ROWS, Start
from tests.support.pty_session import KEYS, PtySession

_USABLE = 1.6  # promised
_RATE = 300  # promised
#: One character that no screen of ours has.
_TYPED = "ŧ"
_ON_SCREEN = b"\x1b[?1049h"
_SETTLED = 1.0  # seconds without a byte
_WINDOW = 10.0  # seconds that bytes are counted for
_FOUR = '+++\nseconds = "12"\ncount = 4\n+++\n\nFour kites over a grey sea.\n'


def usable_ratio(start: Start, *, pairs: int, env: Mapping[str, str]) -> tuple[float, float]:
    """How long after the start a key typed at time 0 stands in the editor.

    Returns the median ratio to a bare app's first frame, in interleaved pairs, and the seconds.
    """
    pairs_taken = [
        (_seconds(BARE, BARE.marker, env), _seconds(start, _TYPED, env)) for _ in range(pairs + 1)
    ][1:]
    ratio = median(ours / bare for bare, ours in pairs_taken)
    return ratio, median(ours for _bare, ours in pairs_taken)


def idle_rate(start: Start, env: Mapping[str, str]) -> float:
    """Bytes a second that an idle screen writes, with one finished job in its list."""
    with _session(start, env) as session:
        session.wait_for(start.marker, timeout=30)
        session.wait_quiet(_SETTLED, timeout=30)
        return _rate(session)


def working_rate(start: Start, workspace: Path, env: Mapping[str, str]) -> float:
    """Bytes a second while four clips are made on the practice server, one after another."""
    (workspace / "prompt.md").write_text(_FOUR, encoding="utf-8")
    with _session(start, env) as session:
        session.wait_for("Four kites", timeout=30)
        session.wait_quiet(_SETTLED, timeout=30)
        session.send(KEYS["f5"])
        session.wait_for("1 running", timeout=30)
        session.wait_until(lambda: "%" in session.screen_text(), 30, "progress")
        rate = _rate(session)
        assert "running" in session.screen_text(), "the clips were done too soon"
        return rate


def report(start: Start, workspace: Path, *, pairs: int, env: Mapping[str, str]) -> None:
    """Measure all of it in `workspace`, which is written to, and print a line for each."""
    ratio, seconds = usable_ratio(start, pairs=pairs, env=env)
    print(
        f"usable       {ratio:.2f} times a bare app's first frame (promised: {_USABLE:.2f})  "
        f"{seconds * 1000:.0f} ms until a key typed at time 0 stands in the editor"
    )
    print(f"idle         {idle_rate(start, env):.0f} bytes a second (promised: 0)")
    rate = working_rate(start, workspace, env)
    print(f"four jobs    {rate:.0f} bytes a second (promised: {_RATE})")


def _session(start: Start, env: Mapping[str, str]) -> PtySession:
    gone: dict[str, str | None] = dict.fromkeys(os.environ.keys() - env.keys())
    return PtySession(start.argv, cols=COLUMNS, rows=ROWS, env={**gone, **env})


def _seconds(start: Start, awaited: str, env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    with _session(start, env) as session:
        if awaited == _TYPED:
            session.send(_TYPED)

        def there() -> bool:
            # Before the screen is taken the terminal itself echoes what is typed.
            at = session.raw.find(_ON_SCREEN)
            return at >= 0 and awaited.encode() in session.raw[at:]

        session.wait_until(there, 30, f"{awaited!r} from {start.argv[-1]}")
        return time.perf_counter() - began


def _rate(session: PtySession) -> float:
    before, began = session.bytes_seen, time.monotonic()
    time.sleep(_WINDOW)
    return (session.bytes_seen - before) / (time.monotonic() - began)
