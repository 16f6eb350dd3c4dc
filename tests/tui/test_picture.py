"""A picture in half blocks: drawn right at every depth of colour, whatever cuts it."""

from __future__ import annotations

import inspect
import io

import pyte
from rich.color import ColorSystem
from rich.console import Console
from textual.app import App, ComposeResult
from textual.strip import Strip

from sora_tui.media.cells import to_cells
from sora_tui.tui.picture import PictureView, PixelStrip
from tests.media.pictures import picture

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
    few = drawn(PixelStrip(RED, BLUE), "standard")
    assert "▀" in few
    assert "38;5" not in few


def test_a_row_is_cut_by_cells() -> None:
    strip = PixelStrip(RED + BLUE + GREY, GREY * 3)
    left, right = strip.divide([1, 3])
    assert drawn(left, "truecolor") == drawn(PixelStrip(RED, GREY), "truecolor")
    assert drawn(right, "truecolor") == drawn(strip.crop(1), "truecolor")
    assert strip.crop(0, 9) is strip
    assert strip.crop(2, 2).cell_length == 0
    assert strip.text == "▀▀ ", "who asks for text gets it"


class ViewApp(App[None]):
    def compose(self) -> ComposeResult:
        yield PictureView()


async def test_the_terminal_shows_the_picture_in_the_middle() -> None:
    """Through Textual's compositor, into a terminal: two pixels a cell, none wrong."""
    cells = to_cells(picture(64, 36), 20, 6)
    app = ViewApp()
    async with app.run_test(size=(30, 10)) as pilot:
        app.query_one(PictureView).show(cells)
        await pilot.pause()
        console = Console(color_system="truecolor", file=io.StringIO(), force_terminal=True)
        rows = [strip.render(console) for strip in app.screen._compositor.render_strips()]
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


def test_a_whole_screen_is_drawn_without_a_style_for_each_cell() -> None:
    """Counts work, not time: Segments and Styles for 7200 cells would take 250 ms."""
    cells = to_cells(picture(640, 360), 160, 45)
    strips = [PixelStrip(*cells.line(row)) for row in range(cells.rows)]
    for strip in strips:
        drawn(strip, "truecolor")
        assert strip._made is None


def test_textual_still_has_the_private_parts_we_take() -> None:
    """When this fails, read the new Textual and mend tui/picture.py."""
    assert "_segments" in Strip.__slots__
    assert "_render_cache" in Strip.__slots__
    assert "self._render_cache is None" in inspect.getsource(Strip.render)
    assert Console(color_system="256", force_terminal=True)._color_system is ColorSystem.EIGHT_BIT
    assert callable(PictureView.render_lines)
