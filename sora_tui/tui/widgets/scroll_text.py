"""A long text that wraps to the width it gets and scrolls by row; only what is seen is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.events import Resize
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sora_tui.tui.commands.table import bindings
from sora_tui.tui.state.text_lines import Line, Span, indent_of, wrap
from sora_tui.tui.theme.styles import tone_of

#: A line longer than this is shown in one colour: reading it into tokens would be felt.
_MAX_PAINTED: Final = 100_000


class LongText(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines, wrapped at words where there are any; a megabyte of them scrolls like a page."""

    DEFAULT_CSS = """
    LongText { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """
    WHERE: ClassVar = "text"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("text")]

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line] = ()
        self._rows: list[tuple[int, int, int]] = []
        self._spans = lru_cache(maxsize=512)(self._find_spans)
        self._styles: dict[str, Style] = {}
        self._paint: Callable[[str], Sequence[Span]] | None = None
        self._wrapped_at = 0
        self._top = 0

    def show(
        self,
        lines: Sequence[Line],
        *,
        paint: Callable[[str], Sequence[Span]] | None = None,
        top: int | None = None,
    ) -> None:
        """Show these lines.

        Args:
            lines: The lines to show.
            paint: Finds the spans of a line that brings none, when it first comes into sight.
            top: Index of the line to scroll to; None stays where the reader is.
        """
        if lines == self._lines and paint is self._paint and top is None:
            return
        before, rows, same_paint = self._lines, self._rows, paint is self._paint
        self._lines, self._paint = lines, paint
        self._spans.cache_clear()
        self._wrap()
        if top is not None:
            self._scroll_to_line(top)
        if top is not None or rows != self._rows or not same_paint:
            self.refresh()
            return
        changed = [y for y in range(self.size.height) if self._at(y, before) != self._at(y, lines)]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def _at(self, y: int, lines: Sequence[Line]) -> Line | None:
        row = round(self.scroll_y) + y
        return lines[self._rows[row][0]] if row < len(self._rows) else None

    # Drawing ----------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.size.width
        number = round(self.scroll_y) + y
        base = self.rich_style
        if number >= len(self._rows):
            return Strip.blank(width, base)
        line, start, end = self._rows[number]
        moved_in = indent_of(self._lines[line], self._wrapped_at) if start else 0
        segments = [Segment(" " * moved_in, base)]
        segments += self._pieces(line, start, end, base)
        return Strip(segments).adjust_cell_length(width, base)

    def _pieces(self, line: int, start: int, end: int, base: Style) -> Iterator[Segment]:
        text, at = self._lines[line].text, start
        for first, last, tone in self._spans(line):
            first, last = max(first, at), min(last, end)
            if first >= last:
                continue
            if at < first:
                yield Segment(text[at:first], base)
            yield Segment(text[first:last], self._style(tone))
            at = last
        if at < end:
            yield Segment(text[at:end], base)

    def _style(self, tone: str) -> Style:
        style = self._styles.get(tone)
        if style is None:
            style = self._styles[tone] = tone_of(self, tone)
        return style

    def notify_style_update(self) -> None:
        """Forget other colours."""
        super().notify_style_update()
        self._styles.clear()

    def _find_spans(self, line: int) -> Sequence[Span]:
        found = self._lines[line]
        if found.spans or self._paint is None or len(found.text) > _MAX_PAINTED:
            return found.spans
        return self._paint(found.text)

    # Wrapping ---------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Another width wraps the lines anew; the line at the top stays there."""
        if self._room == self._wrapped_at:
            return
        top = round(self.scroll_y)
        line = self._rows[top][0] if top < len(self._rows) else self._top
        self._wrap()
        self._scroll_to_line(line)

    @property
    def _room(self) -> int:
        # The scroll bar's column stays free: its coming must not move a single word.
        return max(self.size.width - 1, 0)

    def _wrap(self) -> None:
        self._wrapped_at = room = self._room
        if not room:  # nobody sees it, and a megabyte one letter wide would take its time
            self._rows = []
            return
        self._rows = [
            (number, start, end)
            for number, line in enumerate(self._lines)
            for start, end in wrap(line, room)
        ]
        self.virtual_size = Size(room, len(self._rows))

    def _scroll_to_line(self, line: int) -> None:
        self._top = line
        row = next((n for n, (at, _start, _end) in enumerate(self._rows) if at >= line), 0)
        self.scroll_to(y=row, animate=False, force=True)

    # Moving -----------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        """Scroll by rows."""
        self.scroll_to(y=self.scroll_y + rows, animate=False, force=True)

    def action_page(self, pages: int) -> None:
        """Scroll by pages, one row of which stays."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_edge(self, bottom: bool) -> None:
        """Scroll to the first or the last row."""
        self.scroll_to(y=self.max_scroll_y if bottom else 0, animate=False, force=True)
