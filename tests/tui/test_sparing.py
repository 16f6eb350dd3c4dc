"""What is sent is little, and the screen is the same as if all of it had been sent."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterable
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Region, Size
from textual.strip import Strip

from sora_tui.tui.terminal.diff_output import DiffUpdate, Pen, Shown
from sora_tui.tui.widgets.picture import PixelStrip
from tests.support.pty_session import KEYS, PtySession
from tests.tui.test_session import PROGRAM, workspace

WIDTH = 12
CONSOLE = Console(color_system="truecolor", file=io.StringIO(), force_terminal=True)
#: Narrow, wide (two cells), and a letter with a mark of its own.
LETTERS = some.sampled_from(["a", "b", " ", "é", "▶", "港", "e\u0301"])
STYLES = some.sampled_from([None, Style(bold=True), Style(color="red"), Style(bgcolor="#123456")])


def row(*segments: tuple[str, Style | None]) -> Strip:
    return Strip([Segment(*segment) for segment in segments]).adjust_cell_length(WIDTH)


rows = some.lists(
    some.tuples(some.lists(LETTERS, max_size=6).map("".join), STYLES), max_size=4
).map(lambda segments: row(*segments))


pixels = some.sampled_from([b"\xff\0\0", b"\0\0\xff", b"\0\xff\0"])
lines = some.lists(pixels, min_size=WIDTH, max_size=WIDTH).map(b"".join)
pictures = some.builds(PixelStrip, lines, lines)


def sent(shown: Shown, x: int, y: int, strip: Strip) -> str:
    pen = Pen()
    shown.change(x, y, strip, CONSOLE, pen)
    return pen.written()


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, 2)
    return screen, pyte.Stream(screen)


def seen(screen: pyte.Screen) -> list[tuple[object, ...]]:
    cells = [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(2)]
    # Nobody sees the colour of a letter that is none.
    return [
        tuple(cell._replace(fg="default") if cell.data == " " else cell for cell in row)
        for row in cells
    ]


@given(
    some.lists(
        some.tuples(rows | pictures, some.integers(0, 1), some.integers(0, WIDTH)), max_size=8
    )
)
def test_the_terminal_shows_the_same_as_if_everything_were_sent(
    steps: list[tuple[Strip, int, int]],
) -> None:
    shown, (sparing, sparingly), (plain, plainly) = Shown(), terminal(), terminal()
    shown.resize(Size(WIDTH, 2))
    for strip, y, x in steps:
        # A widget's edge never cuts a wide letter in two, so neither do we here.
        part = strip.crop(x) if strip.cell_length == len(strip.text) else strip
        at = x if part is not strip else 0
        sparingly.feed(sent(shown, at, y, part))
        plainly.feed(f"\x1b[{y + 1};{at + 1}H{part.render(CONSOLE)}")
        assert seen(sparing) == seen(plain)


def test_only_what_differs_is_sent() -> None:
    shown = Shown()
    shown.resize(Size(40, 1))
    bold = Style(bold=True)
    before = Strip([Segment("a long beginning "), Segment("0:25", bold), Segment(" an end")])
    after = Strip([Segment("a long beginning "), Segment("0:26", bold), Segment(" an end")])
    assert "a long beginning" in sent(shown, 0, 0, before)
    assert sent(shown, 0, 0, before) == ""
    assert sent(shown, 0, 0, after) == "\x1b[1;21H\x1b[0;1m6\x1b[0m"
    shown.forget()
    shown.resize(Size(40, 1))
    assert "a long beginning" in sent(shown, 0, 0, after)


def test_two_changes_far_apart_are_two_moves() -> None:
    shown = Shown()
    shown.resize(Size(40, 1))
    sent(shown, 0, 0, Strip([Segment("1 ................................. 1")]))
    said = sent(shown, 0, 0, Strip([Segment("2 ................................. 2")]))
    assert said == "\x1b[1;1H2\x1b[1;37H2"


def test_a_style_is_said_once_for_all_that_have_it() -> None:
    shown, pen, red = Shown(), Pen(), Style(color="#ff0000")
    shown.resize(Size(40, 2))
    for y in (0, 1):
        shown.change(0, y, Strip([Segment("1", red)]), CONSOLE, pen)
    assert pen.written() == "\x1b[1;1H\x1b[0;38;2;255;0;0m1\x1b[2;1H1\x1b[0m"


def test_of_a_picture_too_only_what_differs_is_sent() -> None:
    shown = Shown()
    shown.resize(Size(40, 1))
    picture = PixelStrip(b"\xff\0\0" * 40, b"\0\0\xff" * 40)
    assert "▀" * 40 in sent(shown, 0, 0, picture)
    assert sent(shown, 0, 0, picture) == ""
    assert "text" in sent(shown, 10, 0, Strip([Segment("text")]))
    back = sent(shown, 0, 0, picture)
    assert back.startswith("\x1b[1;11H")
    assert back.count("▀") == 4
    other = PixelStrip(b"\xff\0\0" * 39 + b"\0\0\0", b"\0\0\xff" * 40)
    assert sent(shown, 0, 0, other).count("▀") == 1


def test_updates_of_textual_become_pieces() -> None:
    shown = Shown()
    strips: list[Iterable[Strip]] = [[Strip([Segment("left ")]), Strip([Segment("right")])]]
    whole = DiffUpdate(LayoutUpdate(strips, Region(0, 0, 10, 1)), shown)
    assert whole.render_segments(CONSOLE) == "\x1b[1;1Hleft \x1b[1;6Hright"
    assert whole.render_segments(CONSOLE) == ""
    changed = {0: Strip([Segment("LEFT!")]), 5: Strip([Segment("RIGHT")])}
    part = ChopsUpdate([changed], [(0, 3, 7)], [[5, 10]])
    assert DiffUpdate(part, shown).render_segments(CONSOLE) == "\x1b[1;4HT!\x1b[1;6HRI"


@pytest.mark.long
def test_a_session_leaves_the_screen_that_a_full_repaint_leaves(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), cols=120, rows=40) as session:
        session.wait_for("draft safe")
        for keys in ("港 é", KEYS["f5"], KEYS["f2"], KEYS["escape"], KEYS["f1"], KEYS["escape"]):
            session.send(keys)
            session.wait_quiet(0.3)
        session.wait_for("✓ saved", timeout=60)
        for size in ((60, 20), (121, 41), (119, 40)):
            session.resize(*size)
        session.wait_quiet(0.7)
        before = session.cells()
        seen = session.bytes_seen
        session.send("\x0c")  # ctrl+l
        session.wait_quiet(0.5)
        assert session.bytes_seen - seen > 5000, "everything was painted anew"
        assert session.cells() == before
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0


def test_textual_still_has_the_private_parts_we_take() -> None:
    """When this fails, read the new Textual and mend tui/terminal/diff_output.py, or drop it."""
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    source = inspect.getsource(App._display)
    assert "renderable.render_segments(console)" in source
    assert "isinstance(renderable, CompositorUpdate)" in source
    assert list(inspect.signature(ChopsUpdate).parameters) == ["chops", "spans", "chop_ends"]
    assert list(inspect.signature(LayoutUpdate).parameters) == ["strips", "region"]
    assert list(inspect.signature(Strip.render_ansi).parameters) == ["style", "color_system"]


#: One grapheme each, of two cells as we count; a terminal that joins nothing shows up to eight.
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
JOINED = [
    FAMILY,
    "\U0001f468\u200d\U0001f4bb",  # a person and a computer
    "\U0001f3f3\ufe0f\u200d\U0001f308",  # a flag and a rainbow
    "\u2600\ufe0f",  # a sign that becomes an emoji, one cell or two
    "1\ufe0f\u20e3",  # a keycap
    "\U0001f44d\U0001f3fd",  # a hand and its skin
    "\U0001f1eb\U0001f1f7",  # the French flag
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # the Scottish flag
]


@pytest.mark.parametrize("emoji", JOINED, ids=lambda emoji: f"{ord(emoji[0]):x}-{len(emoji)}")
def test_what_follows_joined_emoji_stands_in_its_column(emoji: str) -> None:
    """pyte joins nothing: it stands for the terminals that do not."""
    shown, screen = Shown(), pyte.Screen(40, 2)
    shown.resize(Size(40, 2))
    stream = pyte.Stream(screen)
    stream.feed(sent(shown, 0, 0, Strip([Segment("x" * 40)])))
    stream.feed(sent(shown, 20, 0, Strip([Segment("|" + "y" * 19)])))
    stream.feed(sent(shown, 0, 1, Strip([Segment("z" * 40)])))
    stream.feed(sent(shown, 0, 0, Strip([Segment(f"{emoji} " * 5 + "END" + emoji)])))
    row = [screen.buffer[0][x].data for x in range(40)]
    assert row[15:18] == list("END")
    assert row[20:] == ["|", *"y" * 19], "the pane to the right is written again"
    stream.feed(sent(shown, 38, 0, Strip([Segment(emoji)])))
    assert screen.display[1] == "z" * 40, "at the right edge nothing goes on in the next row"


def test_a_row_of_families_is_shown_to_its_end() -> None:
    """Two counts of width in one row ended it after the ninth family."""
    text = f"{FAMILY} " * 16 + "END"
    shown, screen = Shown(), pyte.Screen(100, 1)
    shown.resize(Size(100, 1))
    pyte.Stream(screen).feed(sent(shown, 0, 0, Strip([Segment(text)])))
    assert "".join(screen.buffer[0][x].data for x in range(48, 51)) == "END"
