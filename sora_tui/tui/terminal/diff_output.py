"""Sends the terminal only what it does not show already.

Textual repaints widgets: a letter typed into the editor sends its frame and all its lines, a
change of pane the whole screen twice. What was written last is remembered here cell by cell, and
of an update only the stretches that differ go out. At 120x40 a letter costs 20 to 330 bytes
instead of 10,700, and the first screen with all its panes 35 kB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import ne
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size, split_graphemes
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

#: So many equal cells between two changes cost no more than a move of the cursor.
_GAP: Final = 8
#: In place of a character, in a cell that a strip has drawn itself; its style names the strip.
_DRAWN: Final = "\0"
#: The style of a cell that was never written: no terminal has it.
_UNKNOWN: Final = "?"
#: In a grapheme of several characters these make its width a question of the terminal: one that
#: does not join emoji shows each of them (zero width joiner, emoji presentation, keycap).
_JOINERS: Final = frozenset("\u200d\ufe0f\u20e3")
_FIRST_EMOJI: Final = "\U0001f000"
#: Letters of which two make a flag.
_FLAG_LETTERS: Final = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_SKIN_TONES: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
#: Where none of these is, one character is one grapheme.
_MAY_JOIN: Final = _JOINERS | _FLAG_LETTERS | _SKIN_TONES
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"  # DECAWM


class Row(NamedTuple):
    """Cells of a row: two lists take a quarter of the memory that a pair for each cell would.

    Attributes:
        characters: Empty for the right half of a wide one.
        styles: Their SGR parameters.
    """

    characters: list[str]
    styles: list[str]

    def part(self, start: int, end: int) -> Row:
        """The cells from column `start` up to `end`."""
        return Row(self.characters[start:end], self.styles[start:end])

    def put(self, at: int, cells: Row) -> None:
        """Let these stand from column `at` on."""
        end = at + len(cells.styles)
        self.characters[at:end], self.styles[at:end] = cells


class DrawnStrip(Strip):
    """A row that writes its own sequences."""

    __slots__ = ()

    def changes(self, before: DrawnStrip) -> list[tuple[int, int]]:
        """Where it shows something else than one of the same length: from cell, to cell."""
        raise NotImplementedError


class Shown:
    """What the terminal shows, as far as we know."""

    def __init__(self) -> None:
        self._size = Size(0, 0)
        self._rows: list[Row] = []
        #: Of each row what its cells hold that were drawn: where that begins, and the strip.
        self._drawn: list[dict[str, tuple[int, DrawnStrip]]] = []
        self._count = 0

    def forget(self) -> None:
        """The terminal was resized, or was somebody else's meanwhile: nothing is known of it."""
        self._rows = []
        self._size = Size(0, 0)

    def resize(self, size: Size) -> None:
        """Know nothing of a terminal of another size (columns x rows)."""
        if size != self._size:
            self._size = size
            self._rows = [
                Row([""] * size.width, [_UNKNOWN] * size.width) for _ in range(size.height)
            ]
            self._drawn = [{} for _ in range(size.height)]

    def change(self, x: int, y: int, strip: Strip, console: Console, pen: Pen) -> None:
        """Bring `strip` to column `x` of row `y`, where it does not stand there already."""
        row = self._rows[y] if 0 <= y < len(self._rows) else Row([], [])
        if isinstance(strip, DrawnStrip):
            for start, end in self._redrawn(x, y, strip) if row.styles else ():
                pen.paste(x + start, y, strip.crop(start, end).render(console))
            return
        cells, certain = _cells(strip, console._color_system or ColorSystem.TRUECOLOR)
        cells = cells.part(0, max(len(row.styles) - x, 0))
        before = row.part(x, x + len(cells.styles))
        if before == cells:
            return
        row.put(x, cells)
        if not certain:
            pen.write_disputed(x, y, cells, len(row.styles))
            self._restore(x, y, cells, pen)
            return
        if _UNKNOWN in before.styles:
            pen.write(x, y, cells)
            return
        for start, end in _stretches(map(ne, zip(*before, strict=True), zip(*cells, strict=True))):
            pen.write(x + start, y, cells.part(start, end))

    def _restore(self, x: int, y: int, cells: Row, pen: Pen) -> None:
        """Write again what a terminal that does not join emoji has just written over."""
        end = x + len(cells.styles)
        reach = max(
            (
                at + _unjoined_width(text)
                for at, text in enumerate(cells.characters, x)
                if _is_disputed(text)
            ),
            default=0,
        )
        behind = self._rows[y].part(end, reach)
        if behind.styles and _UNKNOWN not in behind.styles and _DRAWN not in behind.characters:
            pen.write_disputed(end, y, behind, self._size.width)

    def _redrawn(self, x: int, y: int, strip: DrawnStrip) -> list[tuple[int, int]]:
        """Where a row of a picture has to be drawn; from now on it stands there."""
        row, drawn = self._rows[y], self._drawn[y]
        before = row.styles[x : x + strip.cell_length]
        width = len(before)
        self._count += 1
        now = f"{_DRAWN}{self._count}"
        row.put(x, Row([_DRAWN] * width, [now] * width))
        self._drawn[y] = {mark: drawn[mark] for mark in drawn.keys() & set(row.styles)}
        self._drawn[y][now] = (x, strip)
        for mark, (at, old) in drawn.items():
            if at == x and old.cell_length == strip.cell_length == width:
                changes = strip.changes(old)
                if before.count(mark) == width:
                    return changes
                # Something came over it meanwhile.
                differ = [style != mark for style in before]
                for start, end in changes:
                    differ[start:end] = [True] * (end - start)
                return _stretches(differ)
        return [(0, width)]


class Pen:
    """Writes cells; each style is said once as long as it stays, from stretch to stretch too."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._now = ""

    def write(self, x: int, y: int, cells: Row) -> None:
        """Write cells, none of a disputed width, from column `x` of row `y` on (both from 0)."""
        self._parts.append(Control.move_to(x, y).segment.text)
        at = 0
        for sgr, run in groupby(cells.styles):
            end = at + len(list(run))
            self._style(sgr)
            self._parts += cells.characters[at:end]
            at = end

    def write_disputed(self, x: int, y: int, cells: Row, columns: int) -> None:
        """Write cells among which may be graphemes that terminals show in different widths.

        Args:
            x: Column, from 0.
            y: Row, from 0.
            cells: The cells.
            columns: Width of the terminal.
        """
        self._parts.append(Control.move_to(x, y).segment.text)
        for at, (character, sgr) in enumerate(zip(*cells, strict=True), x):
            self._style(sgr)
            if len(character) > 1 and _is_disputed(character):
                self._write_grapheme(at, y, character, columns)
            else:
                self._parts.append(character)

    def _style(self, sgr: str) -> None:
        """Begin a style, unless it is on already."""
        if sgr != self._now:
            self._parts.append(f"\x1b[0;{sgr}m" if sgr else "\x1b[0m")
            self._now = sgr

    def _write_grapheme(self, x: int, y: int, grapheme: str, columns: int) -> None:
        """Write a grapheme that may be narrower or wider on this terminal than we count it.

        The cells below it are cleared first, and what follows is placed by column; at the right
        edge the terminal must not continue it on the next row.
        """
        width = _grapheme_width(grapheme)
        back = Control.move_to(x, y).segment.text
        at_edge = x + _unjoined_width(grapheme) > columns
        shown = f"{_NO_WRAP}{grapheme}{_WRAP}" if at_edge else grapheme
        self._parts += (" " * width, back, shown, Control.move_to(x + width, y).segment.text)

    def paste(self, x: int, y: int, sequences: str) -> None:
        """Write what brings its own styles and leaves none."""
        self._parts += (self.lift(), Control.move_to(x, y).segment.text, sequences)

    def lift(self) -> str:
        """What ends the style that is on."""
        now, self._now = self._now, ""
        return "\x1b[0m" if now else ""

    def written(self) -> str:
        """All of it, with no style left on."""
        return "".join((*self._parts, self.lift()))


class DiffUpdate(CompositorUpdate):
    """An update of Textual's, less what the terminal shows already."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, shown: Shown) -> None:
        self._update = update
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        """The sequences for the terminal. Textual asks only when they are really written."""
        update, shown, pen = self._update, self._shown, Pen()
        if isinstance(update, LayoutUpdate):
            shown.resize(update.region.size)
            pieces = _whole(update)
        else:
            pieces = _parts(update)
        for x, y, strip in pieces:
            shown.change(x, y, strip, console, pen)
        return pen.written()


def _whole(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield x, y, strip
            x += strip.cell_length


def _parts(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            start, stop = max(x, left), min(end, right)
            if strip is not None and start < stop:
                yield start, y, strip.crop(start - x, stop - x)


def _cells(strip: Strip, system: ColorSystem) -> tuple[Row, bool]:
    """The cells of a row, and whether every terminal agrees on how wide its characters are."""
    cells = characters, styles = Row([], [])
    certain = True
    for segment in strip:
        text, style = segment.text, segment.style
        sgr = Strip.render_ansi(style, system) if style is not None else ""
        if segment.cell_length == len(text) and (text.isascii() or _MAY_JOIN.isdisjoint(text)):
            characters += text
            styles += [sgr] * len(text)
            continue
        certain = False
        for start, end, width in split_graphemes(text)[0]:
            grapheme = text[start:end]
            if width == 0 and characters:
                # It belongs to the character before, which stands left of its empty cells.
                at = len(characters) - 1
                while at and not characters[at]:
                    at -= 1
                characters[at] += grapheme
            elif grapheme in _FLAG_LETTERS and characters and characters[-1] in _FLAG_LETTERS:
                characters[-1] += grapheme
                characters.append("")
                styles.append(sgr)
            elif width:
                characters += [grapheme, *[""] * (width - 1)]
                styles += [sgr] * width
    return cells, certain


def _is_disputed(grapheme: str) -> bool:
    """Whether terminals differ in how wide they show it: several emoji that may be joined."""
    return len(grapheme) > 1 and any(c in _JOINERS or c >= _FIRST_EMOJI for c in grapheme[1:])


def _is_emoji(character: str) -> bool:
    return _FIRST_EMOJI <= character < "\U000e0000"


def _grapheme_width(grapheme: str) -> int:
    return split_graphemes(grapheme)[1]


def _unjoined_width(grapheme: str) -> int:
    """Cells that it takes where each of its emoji is shown; a skin tone is one by itself."""
    return sum(2 if _is_emoji(c) else get_character_cell_size(c) for c in grapheme)


def _stretches(differ: Iterable[bool]) -> list[tuple[int, int]]:
    """Where two rows of the same length differ: from, to."""
    found: list[tuple[int, int]] = []
    for at, differs in enumerate(differ):
        if not differs:
            continue
        if found and at - found[-1][1] <= _GAP:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found
