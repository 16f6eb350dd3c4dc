"""A picture in half blocks: drawn right at every depth of colour, whatever cuts it."""

from __future__ import annotations

import inspect
import io
import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.strip import Strip

from sora_tui.media.cells import Cells, to_cells
from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.terminal.ascii_filter import AsciiFilter
from sora_tui.tui.terminal.graphics.dither import DEPTHS, dithered
from sora_tui.tui.terminal.graphics.kitty import MOST, SentPictures, placeholders
from sora_tui.tui.widgets import picture as widget
from sora_tui.tui.widgets.picture import PictureView, PixelStrip
from tests.support.pictures import picture
from tests.support.tui.host import open_app, painted_strips, screen_strips, until

RED, BLUE, GREY = b"\xff\0\0", b"\0\0\xff", b"\x80\x80\x80"


def drawn(strip: Strip, system: str) -> str:
    console = Console(color_system=system, file=io.StringIO(), force_terminal=True)  # type: ignore[arg-type]
    return strip.render(console)


def test_each_colour_is_said_once() -> None:
    strip = PixelStrip(RED * 2 + BLUE, GREY * 3)
    assert drawn(strip, "truecolor") == (
        "\x1b[38;2;255;0;0;48;2;128;128;128m▀▀\x1b[38;2;0;0;255m▀\x1b[0m"
    )


def test_256_colours_are_chosen_without_rich() -> None:
    strip = PixelStrip(RED + GREY, BLUE + BLUE)
    assert drawn(strip, "256") == "\x1b[38;5;196;48;5;21m▀\x1b[38;5;244m▀\x1b[0m"
    assert (
        drawn(PixelStrip(RED + BLUE, RED + BLUE), "256") == "\x1b[48;5;196m \x1b[48;5;21m \x1b[0m"
    )


def test_sixteen_colours_are_said_as_every_terminal_knows_them() -> None:
    strip = PixelStrip(b"\xaa\0\0" + b"\xff\xff\xff", b"\x55\x55\x55" * 2)
    assert drawn(strip, "standard") == "\x1b[31;100m▀\x1b[97m▀\x1b[0m"


def test_a_row_is_cut_by_cells() -> None:
    strip = PixelStrip(RED + BLUE + GREY, GREY * 3)
    left, right = strip.divide([1, 3])
    assert drawn(left, "truecolor") == drawn(PixelStrip(RED, GREY), "truecolor")
    assert drawn(right, "truecolor") == drawn(strip.crop(1), "truecolor")
    assert strip.crop(0, 9) is strip
    assert strip.crop(2, 2).cell_length == 0
    assert strip.text == "▀▀ ", "who asks for text gets it"


@pytest.mark.parametrize("system", [ColorSystem.EIGHT_BIT, ColorSystem.STANDARD])
def test_colours_that_are_missing_are_mixed(system: ColorSystem) -> None:
    """On the whole a dithered picture is as light as it was, and has no other colours."""
    depth, width, lines = DEPTHS[system], 40, 20
    wash = bytes(level for y in range(lines) for x in range(width) for level in (6 * x, 90, 8 * y))
    made = dithered(wash, width, depth)
    pixels = {made[at : at + 3] for at in range(0, len(made), 3)}
    assert len(pixels) > 4
    assert all(depth.nearest(*pixel) == pixel for pixel in pixels)
    for part in range(3):
        assert sum(made[part::3]) == pytest.approx(sum(wash[part::3]), rel=0.2)


class ViewApp(App[None]):
    def compose(self) -> ComposeResult:
        yield PictureView()


async def test_the_terminal_shows_the_picture_in_the_middle() -> None:
    """Through Textual's compositor, into a terminal: two pixels a cell, none wrong."""
    cells = to_cells(picture(64, 36), 20, 6)
    app = ViewApp()
    async with open_app(app, (30, 10)) as pilot:
        app.query_one(PictureView).show(cells)
        await pilot.pause()
        console = Console(color_system="truecolor", file=io.StringIO(), force_terminal=True)
        rows = [strip.render(console) for strip in screen_strips(app)]
        assert app.export_screenshot().count("▀") > 9, "a screenshot shows it, too"
    screen = pyte.Screen(30, 10)
    pyte.Stream(screen).feed("\r\n".join(rows))
    left, top = (30 - cells.columns) // 2, (10 - cells.rows) // 2
    for row in range(cells.rows):
        upper, lower = cells.line(row)
        for column in range(cells.columns):
            cell = screen.buffer[top + row][left + column]
            above, below = (side[3 * column : 3 * column + 3].hex() for side in (upper, lower))
            assert (cell.bg, cell.fg if cell.data == "▀" else cell.bg) == (below, above)


class CalmApp(TerminalApp):
    """With a picture that is black on the left and white on the right."""

    def __init__(self, folder: Path, *filters: LineFilter) -> None:
        super().__init__(crash_folder=folder)
        self.more = filters

    def get_line_filters(self) -> list[LineFilter]:
        return [*super().get_line_filters(), *self.more]

    def compose(self) -> ComposeResult:
        yield PictureView()

    async def rows(self, pilot: Pilot[None]) -> list[Strip]:
        line = b"".join(bytes([min(12 * x, 255)] * 3) for x in range(24))
        self.query_one(PictureView).show(Cells(24, 2, line * 4))
        await pilot.pause()
        return painted_strips(self)[4:6]


@pytest.mark.parametrize(("filters", "shades"), [((), " ░▒▓█"), ((1,), " .:-=+*#%@")])
async def test_without_colours_a_cell_is_a_letter_as_full_as_it_is_light(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: tuple[int, ...], shades: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = CalmApp(tmp_path, *(AsciiFilter(letters=False) for _ in filters))
    async with open_app(app, (24, 10)) as pilot:
        rows = await app.rows(pilot)
        console = Console(color_system="truecolor", file=io.StringIO(), force_terminal=True)
        written = "".join(strip.render(console) for strip in rows)
    assert not re.search(r"\x1b\[[\d;]*[34]8;", written), "no colour at all"
    for strip in rows:
        levels = [shades.index(letter) for letter in strip.text]
        assert levels[0] == 0
        assert levels[-1] == len(shades) - 1
        assert all(after >= before - 1 for before, after in pairwise(levels))


async def test_without_signs_a_cell_is_of_one_colour(tmp_path: Path) -> None:
    app = CalmApp(tmp_path, AsciiFilter(letters=False))
    async with open_app(app, (24, 10)) as pilot:
        rows = await app.rows(pilot)
        assert {strip.text for strip in rows} == {" " * 24}
        assert drawn(rows[0], "truecolor").count("\x1b[48;2;") == 23


async def test_without_signs_colours_that_are_missing_are_mixed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between cells; two halves that were mixed each for itself made stripes."""
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", "xterm-256color")
    depth = DEPTHS[ColorSystem.EIGHT_BIT]
    app = CalmApp(tmp_path, AsciiFilter(letters=False))
    async with open_app(app, (40, 20)) as pilot:
        app.query_one(PictureView).show(Cells(40, 20, bytes((230, 60, 40)) * 1600))
        await pilot.pause()
        segments = [segment for strip in painted_strips(app) for segment in strip]
    assert [segment.text for segment in segments] == [" "] * 800
    shown = [segment.style.bgcolor.get_truecolor() for segment in segments]  # type: ignore[union-attr]
    assert all(tuple(depth.nearest(*colour)) == tuple(colour) for colour in set(shown))
    for part, level in enumerate((230, 60, 40)):
        assert sum(colour[part] for colour in shown) / 800 == pytest.approx(level, abs=12)


async def test_a_picture_is_sent_once_however_often_it_is_painted(tmp_path: Path) -> None:
    app, written = CalmApp(tmp_path), list[str]()
    app.sent_pictures = SentPictures(written.append, first=255)
    async with open_app(app, (24, 10)) as pilot:
        view = app.query_one(PictureView)
        assert view.wants_fine
        view.show(to_cells(picture(48, 40), 24, 10, fine=True))
        for _ in range(3):
            for shown in view.children:
                shown.refresh()
            await pilot.pause()
        assert len(written) == 1
        assert all("\U0010eeee" in drawn(strip, "256") for strip in painted_strips(app))
        assert app.export_screenshot().count("▀") > 9, "who keeps the screen keeps half blocks"
        view.show(None)
        await pilot.pause()
        assert not any("\U0010eeee" in drawn(strip, "256") for strip in painted_strips(app))


class SlowApp(TerminalApp):
    """On a line that takes two rows of the picture at a time, when it is told to."""

    is_behind = False
    stride = 1300

    def compose(self) -> ComposeResult:
        yield PictureView()


def rows_seen(app: SlowApp) -> int:
    strips = screen_strips(app, 0)
    return sum("▀" in strip.text for strip in strips)


async def test_on_a_slow_line_a_picture_comes_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is answered between two of them."""
    cells = to_cells(picture(64, 36), 20, 6)
    assert cells.rows == 6
    app = SlowApp(crash_folder=tmp_path)
    async with open_app(app, (30, 10)) as pilot:
        view = app.query_one(PictureView)
        view.show(cells)
        app.is_behind = True
        await pilot.pause(0.1)
        assert 0 < rows_seen(app) < 6
        app.is_behind = False
        await until(pilot, lambda: rows_seen(app) == 6, "not 6 rows")
        turns: list[float] = []
        monkeypatch.setattr(view, "set_timer", lambda delay, *_: turns.append(delay))
        await pilot.pause(0.1)
        assert turns == [], "and then nothing looks any more"


async def test_on_a_slow_line_a_window_does_not_draw_the_picture_below(tmp_path: Path) -> None:
    """Darkened it would cost what the picture did, and once more when the window goes."""
    app = SlowApp(crash_folder=tmp_path)
    async with open_app(app, (30, 10)) as pilot:
        view = app.query_one(PictureView)
        view.show(to_cells(picture(64, 36), 20, 6))
        await until(pilot, lambda: rows_seen(app) == 6, "not 6 rows")
        await app.push_screen(Window())
        await until(pilot, lambda: rows_seen(app) == 0, "not 0 rows")
        app.is_behind = True
        app.pop_screen()
        await pilot.pause(0.1)
        assert rows_seen(app) == 0
        app.is_behind = False
        await until(pilot, lambda: rows_seen(app) == 6, "not 6 rows")
        app.stride = 10_000
        await app.push_screen(Window())
        await pilot.pause()
        assert rows_seen(app) == 6, "a fast one shows it"


class Window(ModalScreen[None]):
    pass


def test_numbers_stay_within_a_byte_and_the_terminal_keeps_few_pictures() -> None:
    written: list[str] = []
    sent = SentPictures(written.append, first=250)
    pictures = [Cells(1, 1, bytes([n] * 6), b"png %d" % n) for n in range(20)]
    numbers = [sent.number(cells) for cells in pictures]
    assert numbers == [250, 251, 252, 253, 254, 255, *range(16, 30)]
    assert sum("a=T" in said for said in written) == 20
    assert [said for said in written if "a=d" in said] == [
        f"\x1b_Ga=d,d=I,i={number},q=2;\x1b\\" for number in numbers[:12]
    ]
    written.clear()
    assert sent.number(pictures[-1]) == 29
    assert written == []
    sent.forget()
    assert sent.number(pictures[-1]) == 30
    assert len(written) == 1
    assert all(16 <= SentPictures(written.append).number(cells) <= 255 for cells in pictures)


def test_tmux_is_told_to_hand_on_every_piece() -> None:
    written: list[str] = []
    SentPictures(written.append, tmux=True, first=16).number(Cells(80, 22, b"", b"x" * 9000))
    pieces = re.findall(r"\x1bPtmux;(.*?[^\x1b])\x1b\\", "".join(written), re.DOTALL)
    assert len(pieces) == 3
    assert "".join(f"\x1bPtmux;{piece}\x1b\\" for piece in pieces) == "".join(written)
    unwrapped = [piece.replace("\x1b\x1b", "\x1b") for piece in pieces]
    assert unwrapped[0].startswith("\x1b_Ga=T,U=1,f=100,t=d,i=16,c=80,r=22,q=2,m=1;")
    assert unwrapped[2].startswith("\x1b_Gq=2,m=0;")
    assert all(piece.endswith("\x1b\\") for piece in unwrapped)


def test_there_are_as_many_marks_as_kitty_knows() -> None:
    marks = [placeholders(200, 0, at, at + 1).removesuffix("\x1b[39m")[-1] for at in range(MOST)]
    assert (len(set(marks)), marks[0], marks[-1]) == (297, "\u0305", "\U0001d244")
    assert {unicodedata.combining(mark) for mark in marks} == {230}
    assert not any(unicodedata.decomposition(mark) for mark in marks)
    assert placeholders(200, 1, 2, 4) == (
        "\x1b[38;5;200m\U0010eeee\u030d\u030e\U0010eeee\u030d\u0310\x1b[39m"
    )


def test_a_whole_screen_is_drawn_without_a_style_for_each_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counts work, not time: Segments and Styles for 7200 cells would take 250 ms."""
    cells = to_cells(picture(640, 360), 160, 45)
    strips = [PixelStrip(*cells.line(row)) for row in range(cells.rows)]
    made: list[object] = []
    for name in ("Segment", "Style"):
        monkeypatch.setattr(widget, name, lambda *what, **more: made.append((what, more)))
    for strip in strips:
        drawn(strip, "truecolor")
    assert made == []


def test_textual_still_has_the_private_parts_we_take() -> None:
    """When this fails, read the new Textual and mend tui/widgets/picture.py."""
    assert "_segments" in Strip.__slots__
    assert "_render_cache" in Strip.__slots__
    assert "self._render_cache is None" in inspect.getsource(Strip.render)
    assert Console(color_system="256", force_terminal=True)._color_system is ColorSystem.EIGHT_BIT
    assert callable(PictureView.render_lines)
