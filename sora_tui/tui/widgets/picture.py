"""Draws a picture in the cells of the terminal: an upper half block, two pixels to a cell.

Textual would take a `Segment` and a `Style` for each cell, 250 ms for 160x45 of them, and crop
them by measuring text. A row here keeps its pixels, is cut as bytes, and writes its own sequences.
This and tui/terminal/app.py are the only places that know private parts of Textual.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Final

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.color import Color as TextualColor
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from sora_tui.media.cells import CellArea, Cells
from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.terminal.ascii_filter import AsciiFilter
from sora_tui.tui.terminal.diff_output import DrawnStrip
from sora_tui.tui.terminal.graphics.dither import DEPTHS, Depth, dithered
from sora_tui.tui.terminal.graphics.kitty import MOST, SentPictures, placeholders

_HALF: Final = "▀"
#: Seconds until a terminal that is behind is looked at again.
_TURN: Final = 0.02
#: Bytes that a cell takes on the line, about: in all colours, and otherwise.
_TRUE_CELL: Final = 30
_CELL: Final = 15
#: The numbers of colours as they are written most.
_LEVEL: Final = tuple(f";{level}" for level in range(256))
#: In two rows laid over each other: what differs, over gaps that cost less than a move there.
_CHANGED: Final = re.compile(rb"[^\0](?:\0{0,24}[^\0])*")
#: What a cell is where there are no colours, from dark to light.
_SHADES: Final = " ░▒▓█"
_ASCII_SHADES: Final = " .:-=+*#%@"


class PixelStrip(DrawnStrip):
    """A row of half blocks.

    Args:
        top: Three bytes a cell: the upper pixels.
        bottom: The lower ones.
    """

    __slots__ = ("_bottom", "_made", "_top")

    def __init__(self, top: bytes, bottom: bytes) -> None:
        super().__init__((), len(top) // 3)
        self._top, self._bottom = top, bottom
        self._made: list[Segment] | None = None

    @property
    def _segments(self) -> list[Segment]:
        """Made only where somebody needs them: filters, an exported screen."""
        if self._made is None:
            self._made = [
                Segment(_HALF, Style(color=_color(self._top, at), bgcolor=_color(self._bottom, at)))
                if self._top[at : at + 3] != self._bottom[at : at + 3]
                else Segment(" ", Style(bgcolor=_color(self._bottom, at)))
                for at in range(0, len(self._top), 3)
            ]
        return self._made

    @_segments.setter
    def _segments(self, segments: list[Segment]) -> None:
        """Strip.__init__ sets what this class makes."""

    def changes(self, before: DrawnStrip) -> list[tuple[int, int]]:
        """Where it shows other pixels than one of the same length."""
        if type(before) is not PixelStrip:
            return [(0, self.cell_length)]
        # As one number each: byte by byte it would cost as much as drawing them.
        numbers = (self._top, before._top, self._bottom, before._bottom)
        top, old_top, bottom, old_bottom = (int.from_bytes(line, "big") for line in numbers)
        differs = (top ^ old_top | bottom ^ old_bottom).to_bytes(len(self._top), "big")
        return [(found.start() // 3, -(-found.end() // 3)) for found in _CHANGED.finditer(differs)]

    def divide(self, cuts: Iterable[int]) -> list[Strip]:
        """The row in pieces that end at `cuts`."""
        pieces: list[Strip] = []
        start = 0
        for end in cuts:
            if end <= self.cell_length:
                pieces.append(self.crop(start, end))
                start = end
        return pieces

    def crop(self, start: int, end: int | None = None) -> Strip:
        """The cells from `start` to `end`."""
        stop = self.cell_length if end is None else min(end, self.cell_length)
        start = max(start, 0)
        if (start, stop) == (0, self.cell_length):
            return self
        return self._part(start, stop) if start < stop else Strip([], 0)

    def _part(self, start: int, stop: int) -> Strip:
        return PixelStrip(self._top[3 * start : 3 * stop], self._bottom[3 * start : 3 * stop])

    def simplify(self) -> Strip:
        """As simple as it gets."""
        return self

    def render(self, console: Console) -> str:
        """The sequences for the terminal, each colour said once as long as it stays."""
        if self._render_cache is None:
            system = console._color_system or ColorSystem.TRUECOLOR
            if system is ColorSystem.TRUECOLOR:
                self._render_cache = _in_all_colours(self._top, self._bottom)
            elif system in DEPTHS:
                self._render_cache = _in_few(self._top, self._bottom, DEPTHS[system])
            else:
                return super().render(console)
        return self._render_cache


class SentStrip(PixelStrip):
    """A row of a picture that the terminal itself has; half blocks wherever it is tinted or kept.

    Args:
        number: Of the picture, see kitty.py.
        row: Of the picture.
        column: Where in the row the strip begins.
    """

    __slots__ = ("_column", "_number", "_row")

    def __init__(self, top: bytes, bottom: bytes, number: int, row: int, column: int = 0) -> None:
        super().__init__(top, bottom)
        self._number, self._row, self._column = number, row, column

    def changes(self, before: DrawnStrip) -> list[tuple[int, int]]:
        """Nothing, where it is the same place of the same picture."""
        if isinstance(before, SentStrip) and self._place == before._place:
            return []
        return [(0, self.cell_length)]

    @property
    def _place(self) -> tuple[int, int, int]:
        return self._number, self._row, self._column

    def _part(self, start: int, stop: int) -> Strip:
        top, bottom = self._top[3 * start : 3 * stop], self._bottom[3 * start : 3 * stop]
        return SentStrip(top, bottom, self._number, self._row, self._column + start)

    def render(self, console: Console) -> str:
        """The placeholders."""
        return placeholders(self._number, self._row, self._column, self._column + self.cell_length)


class PictureView(Widget):
    """Shows cells, in the middle of the room it has."""

    DEFAULT_CSS = """
    PictureView { width: 1fr; height: 1fr; align: center middle; overflow: hidden; }
    """

    class RoomChanged(Message):
        """There is another room, for another picture."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pixels = _Pixels()
        self._next: Cells | None = None
        self._turn: Timer | None = None

    def compose(self) -> ComposeResult:
        """The picture itself."""
        yield self._pixels

    def on_resize(self) -> None:
        """Say so."""
        self.post_message(self.RoomChanged())

    @property
    def wants_fine(self) -> bool:
        """Whether cells are to be made `fine` for this terminal."""
        return _sent(self) is not None

    @property
    def room(self) -> CellArea:
        """How large a picture may be here."""
        return CellArea(self.size.width, self.size.height, self.wants_fine)

    @property
    def cells(self) -> Cells | None:
        """The picture that is shown."""
        return self._pixels.cells

    def show(self, cells: Cells | None) -> None:
        """Show this picture, as soon as the terminal has taken what was written; None: nothing.

        On a slow line it comes row by row, so that keys are answered between, and pictures that
        were passed by are never sent.
        """
        self._next = cells
        self.go_on()

    def go_on(self) -> None:
        """Show what is left of the picture."""
        if self._turn is None:
            self._show_next()

    def _show_next(self) -> None:
        self._turn = None
        app = self.app
        is_behind, stride = False, sys.maxsize
        if isinstance(app, TerminalApp):
            is_behind, stride = app.is_behind, app.stride
        if is_behind:
            self._turn = self.set_timer(_TURN, self._show_next)
        else:
            self._pixels.show(self._next, stride)


class _Pixels(Widget):
    """Exactly the cells of a picture."""

    DEFAULT_CSS = "_Pixels { width: 0; height: 0; }"

    def __init__(self) -> None:
        super().__init__()
        self.cells: Cells | None = None
        self._strips: list[Strip] = []
        self._drawn: tuple[object, ...] = ()
        #: So many rows are shown by now; below them is what was there before.
        self._come = 0
        self._before: list[Strip] = []
        #: They are not painted yet.
        self._is_asked = False

    def show(self, cells: Cells | None, stride: int) -> None:
        """Show some rows more of this picture, about `stride` bytes.

        Those that follow are asked for when these are painted, which may be a while.
        """
        if cells is not self.cells:
            size = _size(cells)
            self._before, self._come = self._strips if size == _size(self.cells) else [], 0
            self._is_asked = False
            self.cells = cells
            self.styles.width, self.styles.height = size
        if not self.is_attached or self._is_covered:
            return
        rows = len(self._rows())
        if self._come < rows and not self._is_asked:
            self._is_asked = True
            self._come = min(self._come + max(stride // self._row_bytes, 1), rows)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row of the picture."""
        strips = self._rows()
        if y >= self._come:
            strips = self._before
        return strips[y] if y < len(strips) else Strip.blank(self.size.width, self.rich_style)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows as they are: Textual's way here would turn each cell into a styled text."""
        background: TextualColor = self.background_colors[1]
        # Signs were chosen already, and colours are true ones.
        filters: list[LineFilter] = [
            each
            for each in self.get_line_filters()
            if not isinstance(each, ANSIToTruecolor | AsciiFilter)
        ]
        self._is_asked = False
        if self._is_covered:
            self._come, self._before = 0, []
        elif self._come < len(self._rows()) and isinstance(self.parent, PictureView):
            self.call_later(self.parent.go_on)
        strips = [self.render_line(y) for y in range(crop.y, crop.bottom)]
        for each in filters:
            strips = [strip.apply_filter(each, background) for strip in strips]
        return [strip.crop(crop.x, crop.right) for strip in strips]

    @property
    def _is_covered(self) -> bool:
        """Whether a window is open over it, on a line too slow for a picture that it darkens."""
        app = self.app
        if self.screen is app.screen or not isinstance(app, TerminalApp):
            return False
        return len(self._rows()) * self._row_bytes > app.stride

    @property
    def _row_bytes(self) -> int:
        """What a row costs on the line, about."""
        columns = self.cells.columns if self.cells is not None else 1
        has_all = self.app.console._color_system is ColorSystem.TRUECOLOR
        return columns * (_TRUE_CELL if has_all else _CELL)

    def _rows(self) -> list[Strip]:
        """All rows, made once as long as picture and terminal stay what they are."""
        cells, sent = self.cells, _sent(self)
        if cells is None:
            return []
        fits = cells.png and cells.columns <= MOST and cells.rows <= MOST
        number = sent.number(cells) if sent is not None and fits else None
        ascii = any(isinstance(each, AsciiFilter) for each in self.get_line_filters())
        system = self.app.console._color_system
        wanted = (cells, number, ascii, system, self.app.no_color)
        if wanted != self._drawn:
            self._drawn = wanted
            if self.app.no_color or system is None:
                self._strips = _shades(cells, _ASCII_SHADES if ascii else _SHADES)
            else:
                self._strips = _coloured(cells, system, number, ascii)
        return self._strips


def _size(cells: Cells | None) -> Size:
    return Size(0, 0) if cells is None else Size(cells.columns, cells.rows)


def _coloured(cells: Cells, system: ColorSystem, number: int | None, ascii: bool) -> list[Strip]:
    lines = [cells.line(row) for row in range(cells.rows)]
    if number is not None:
        return [SentStrip(*line, number, row) for row, line in enumerate(lines)]
    rgb, width = cells.rgb, 3 * cells.columns
    if ascii:
        # Without half blocks a cell has one colour, that of both its pixels.
        rgb = bytes((a + b) >> 1 for line in lines for a, b in zip(*line, strict=True))
    if system in DEPTHS:
        rgb = dithered(rgb, cells.columns, DEPTHS[system])
    halves = [rgb[at : at + width] for at in range(0, len(rgb), width)]
    if ascii:
        return [PixelStrip(half, half) for half in halves]
    return [PixelStrip(*line) for line in zip(halves[::2], halves[1::2], strict=True)]


def _shades(cells: Cells, shades: str) -> list[Strip]:
    """Rows of letters, the lighter the fuller; what one is off goes on to its neighbours."""
    strips: list[Strip] = []
    below = [0.0] * (cells.columns + 1)
    for row in range(cells.rows):
        top, bottom = cells.line(row)
        here, below = below, [0.0] * (cells.columns + 1)
        letters, rest = [], 0.0
        for x, at in enumerate(range(0, len(top), 3)):
            light = sum(
                weight * (top[at + part] + bottom[at + part])
                for part, weight in enumerate((0.3, 0.59, 0.11))
            )
            wanted = light / 510 * (len(shades) - 1) + here[x] + rest
            shade = min(max(round(wanted), 0), len(shades) - 1)
            rest = (wanted - shade) / 2
            below[x] += rest / 2
            below[x - 1] += rest / 2
            letters.append(shades[shade])
        strips.append(Strip([Segment("".join(letters))], cells.columns))
    return strips


def _in_all_colours(tops: bytes, bottoms: bytes) -> str:
    """A row of half blocks; written out, because each call would cost as much as a cell."""
    parts: list[str] = []
    front = back = b""
    for at in range(0, len(tops), 3):
        top, bottom = tops[at : at + 3], bottoms[at : at + 3]
        if bottom == back:
            if top == bottom:
                parts.append(" ")
            elif top == front:
                parts.append(_HALF)
            else:
                r, g, b = front = top
                parts.append(f"\x1b[38;2{_LEVEL[r]}{_LEVEL[g]}{_LEVEL[b]}m▀")
            continue
        r, g, b = back = bottom
        behind = f"48;2{_LEVEL[r]}{_LEVEL[g]}{_LEVEL[b]}m"
        if top == bottom:  # a blank costs a byte, a half block three
            parts.append(f"\x1b[{behind} ")
        elif top == front:
            parts.append(f"\x1b[{behind}▀")
        else:
            r, g, b = front = top
            parts.append(f"\x1b[38;2{_LEVEL[r]}{_LEVEL[g]}{_LEVEL[b]};{behind}▀")
    return "".join(parts) + "\x1b[0m"


def _in_few(tops: bytes, bottoms: bytes, depth: Depth) -> str:
    """A row of half blocks in the colours that there are."""
    parts: list[str] = []
    front = back = b""
    for at in range(0, len(tops), 3):
        top, bottom = tops[at : at + 3], bottoms[at : at + 3]
        said = []
        if top not in (bottom, front):
            said.append(depth.front(top))
            front = top
        if bottom != back:
            said.append(depth.back(bottom))
            back = bottom
        if said:
            parts.append(f"\x1b[{';'.join(said)}m")
        parts.append(" " if top == bottom else _HALF)
    return "".join(parts) + "\x1b[0m"


def _sent(widget: Widget) -> SentPictures | None:
    """The pictures that the terminal has, where it takes pictures."""
    return widget.app.sent_pictures if isinstance(widget.app, TerminalApp) else None


def _color(pixels: bytes, at: int) -> Color:
    return Color.from_rgb(*pixels[at : at + 3])
