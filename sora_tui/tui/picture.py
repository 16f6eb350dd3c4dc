"""Draws a picture in the cells of the terminal: an upper half block, two pixels to a cell.

Textual would take a `Segment` and a `Style` for each cell, 250 ms for 160x45 of them, and crop
them by measuring text. A row here keeps its pixels, is cut as bytes, and writes its own sequences.
This and tui/terminal.py are the only places that know private parts of Textual.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as TextualColor
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from sora_tui.media.cells import Cells

_HALF: Final = "▀"
#: The steps of the 6x6x6 cube of xterm's 256 colours.
_STEPS: Final = (0, 95, 135, 175, 215, 255)
_CUBE: Final = bytes(min(range(6), key=lambda n: abs(_STEPS[n] - level)) for level in range(256))


class PixelStrip(Strip):
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
        if stop <= start:
            return Strip([], 0)
        return PixelStrip(self._top[3 * start : 3 * stop], self._bottom[3 * start : 3 * stop])

    def simplify(self) -> Strip:
        """As simple as it gets."""
        return self

    def render(self, console: Console) -> str:
        """The sequences for the terminal, each colour said once as long as it stays."""
        system = console._color_system
        if system not in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT):
            return super().render(console)
        if self._render_cache is None:
            code = _true if system is ColorSystem.TRUECOLOR else _cube
            parts: list[str] = []
            front = back = ""
            for at in range(0, len(self._top), 3):
                top, bottom = code(self._top, at), code(self._bottom, at)
                plain = top == bottom  # a blank costs a byte, a half block three
                changed = [f"38;{top}"] if top != front and not plain else []
                changed += [f"48;{bottom}"] if bottom != back else []
                if changed:
                    parts.append(f"\x1b[{';'.join(changed)}m")
                front, back = front if plain else top, bottom
                parts.append(" " if plain else _HALF)
            self._render_cache = "".join(parts) + "\x1b[0m"
        return self._render_cache


class PictureView(Widget):
    """Shows cells, in the middle of the room it has."""

    DEFAULT_CSS = "PictureView { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cells: Cells | None = None

    @property
    def wants_fine(self) -> bool:
        """Whether cells are to be made `fine` for this terminal."""
        return False

    def show(self, cells: Cells | None) -> None:
        """Show this picture; None: nothing."""
        self._cells = cells
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row of the picture between blanks."""
        size, cells = self.size, self._cells
        if cells is None:
            return Strip.blank(size.width, self.rich_style)
        row = y - (size.height - cells.rows) // 2
        if not 0 <= row < cells.rows:
            return Strip.blank(size.width, self.rich_style)
        left = max((size.width - cells.columns) // 2, 0)
        top, bottom = cells.line(row)
        blank = self.rich_style.bgcolor or Color.parse("black")
        edge = bytes(blank.get_truecolor())
        right = max(size.width - left - cells.columns, 0)
        return PixelStrip(
            edge * left + top + edge * right, edge * left + bottom + edge * right
        ).crop(0, size.width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows as they are: Textual's way here would turn each cell into a styled text."""
        background: TextualColor = self.background_colors[1]
        filters: list[LineFilter] = [
            each for each in self.get_line_filters() if not isinstance(each, ANSIToTruecolor)
        ]
        strips = [self.render_line(y) for y in range(crop.y, crop.bottom)]
        for each in filters:
            strips = [strip.apply_filter(each, background) for strip in strips]
        return [strip.crop(crop.x, crop.right) for strip in strips]


def _color(pixels: bytes, at: int) -> Color:
    return Color.from_rgb(*pixels[at : at + 3])


def _true(pixels: bytes, at: int) -> str:
    return f"2;{pixels[at]};{pixels[at + 1]};{pixels[at + 2]}"


def _cube(pixels: bytes, at: int) -> str:
    """The nearest of xterm's 256 colours: the cube, or the finer ramp where it is all but grey."""
    red, green, blue = pixels[at], pixels[at + 1], pixels[at + 2]
    if max(red, green, blue) - min(red, green, blue) < 12 and 8 <= green <= 238:
        return f"5;{232 + min((green - 3) // 10, 23)}"
    return f"5;{16 + 36 * _CUBE[red] + 6 * _CUBE[green] + _CUBE[blue]}"
