"""Measures how soon the pictures of a clip are there, and what they cost the screen's process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

from bench.first_frame import BARE, Start
from bench.key_paint import running
from sora_tui.media.cells import CellArea
from sora_tui.media.decoder_client import DecoderClient

PROMISED_POSTER = 0.1
PROMISED_STRIP = 0.4
PROMISED_MB = 20
_TIMES = 9
#: What a pane beside the editor gives a picture, and more than any terminal of today has.
_ROOMS = (CellArea(48, 14), CellArea(200, 60, fine=True))


def report_times(clip: Path) -> None:
    """Print how long poster and filmstrip of a clip take with nothing in the cache."""
    decoder_client = DecoderClient()
    with clip.open("rb") as file:
        began = time.perf_counter()
        decoder_client.poster(file, _ROOMS[0])
        cold = time.perf_counter() - began
        for name, make, promised in (
            ("poster", decoder_client.poster, PROMISED_POSTER),
            ("filmstrip", decoder_client.filmstrip, PROMISED_STRIP),
        ):
            small, large = (_seconds(partial(make, file, room)) for room in _ROOMS)
            print(
                f"{name:<12} {small:.3f} s, {large:.3f} s for a whole screen of Kitty's "
                f"(promised: {promised})  4 s of 720p, helper warm, median of {_TIMES}"
            )
    print(f"first poster {cold:.3f} s with the start of the helper")
    decoder_client.stop()


def report_memory(start: Start, count: int, env: Mapping[str, str]) -> None:
    """Print what the screen holds with so many jobs, scrolled, and pictures shown."""
    with running(BARE, env) as bare, running(start, env) as screen:
        screen.press("\x1b")
        screen.press("4")
        for _ in range(40):
            screen.press("\x04")  # half a page further
        before = screen.megabytes
        screen.send("5")
        screen.wait_for("▀")
        screen.settle(2.0)
        for _ in range(5):  # other jobs, other pictures, pages and back
            for keys in ("4", "j", "5", "E", "f"):
                screen.press(keys)
            screen.settle(1.0)
        above = screen.megabytes - bare.megabytes
        print(
            f"memory       {above:+.1f} MB above a bare Textual app with {count:,} jobs and poster "
            f"and filmstrip shown (promised: {PROMISED_MB})  {screen.megabytes:.1f} MB against "
            f"{bare.megabytes:.1f}, {before - bare.megabytes:+.1f} before the pictures"
        )
        print(f"at rest      {screen.bytes_in(5.0)} bytes in 5 s with pictures shown (promised: 0)")


def _seconds(make: Callable[[], object]) -> float:
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        make()
        taken.append(time.perf_counter() - began)
    return median(taken)
