"""One widget for every long list: it draws only what is seen and repaints only what changed.

Rows are known by id; what stands in them is asked for when they are drawn. Textual's DataTable
repaints itself whole for one cell (16.8 kB/s at one change a second against 0.1) and needs
seconds for 100,000 rows; its OptionList repaints itself whole for one key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final, Literal

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sora_tui.tui.commands.table import bindings
from sora_tui.tui.theme.styles import TextStyle, style_of, tone_of
from sora_tui.tui.widgets.columns import SIGN_WIDTH, Cell, Column, Place, Tone, fit, place_columns

__all__ = ["Cell", "Column", "Tone", "VirtualList"]

_EMPTY = Cell("")
#: What stands left of a row, by whether the cursor is there and whether it is marked.
_SIGNS: Final = {
    (False, False): " ",
    (True, False): ">",
    (False, True): "*",
    (True, True): "»",
}

#: What a row is: the one of the cursor, and the one it was left on, before all others.
RowKind = Literal["", "header", "empty", "cursor", "left", "marked"]
_ROWS: Final[Mapping[RowKind, TextStyle]] = {
    "": TextStyle(),
    "header": TextStyle("foreground-muted", bold=True),
    "empty": TextStyle("foreground-muted"),
    "cursor": TextStyle(background="primary-muted", bold=True),
    "left": TextStyle(background="surface-lighten-1"),
    "marked": TextStyle(background="accent", share=0.15),
}
#: The row of the cursor where the terminal has only colours of its own.
_REVERSED: Final = TextStyle(background="background", bold=True, reverse=True)


class VirtualList(ScrollView, can_focus=True, inherit_bindings=False):
    """A list of any length, with a cursor that updates never move.

    `row_source` gives the cells of a row by its id and column key; it is asked for visible rows
    only, each time they are drawn, so it must be quick and do no I/O. A missing key is an empty
    cell. `empty_text` is shown, wrapped, while there are no rows.
    """

    ALLOW_SELECT = False
    WHERE: ClassVar = "list"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    DEFAULT_CSS = """
    VirtualList {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
    }
    """

    class Highlighted(Message):
        """The cursor stands on another row, or on none (`row_id` None: the list is empty)."""

        def __init__(self, sender: "VirtualList", row_id: str | None) -> None:
            super().__init__()
            self.sender = sender
            self.row_id = row_id

        @property
        def control(self) -> "VirtualList":
            """The list, for `@on` selectors."""
            return self.sender

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor ends up is worth work."""
            return isinstance(message, VirtualList.Highlighted) and message.sender is self.sender

    class Selected(Message):
        """A row was chosen, by enter or by a click on the cursor's row."""

        def __init__(self, sender: "VirtualList", row_id: str) -> None:
            super().__init__()
            self.sender = sender
            self.row_id = row_id

        @property
        def control(self) -> "VirtualList":
            """The list, for `@on` selectors."""
            return self.sender

    def __init__(
        self,
        columns: Sequence[Column],
        row_source: Callable[[str], Mapping[str, Cell]],
        *,
        show_header: bool = False,
        empty_text: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._row_source = row_source
        self._header_height = int(show_header)
        self._empty_text = empty_text
        self._ids: list[str] = []
        self._marks: set[str] = set()
        self._cursor = 0
        self._drawn: dict[str, tuple[Cell, ...]] = {}
        self._places: tuple[Place, ...] = ()
        self._places_width = -1
        self._strips: LRUCache[object, Strip] = LRUCache(128)
        self._styles: dict[tuple[Tone, RowKind], Style] = {}

    # Rows

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._ids)

    @property
    def cursor_id(self) -> str | None:
        """The id under the cursor, or None when there are no rows."""
        return self._ids[self._cursor] if self._ids else None

    @property
    def row_ids(self) -> Sequence[str]:
        """The ids of all rows, in their order."""
        return self._ids

    @property
    def visible_ids(self) -> list[str]:
        """The ids in sight, and a window's worth before and after them."""
        seen = self._visible_indexes()
        return self._ids[max(seen.start - self._page, 0) : seen.stop + self._page]

    @property
    def marks(self) -> frozenset[str]:
        """The ids of the marked rows."""
        return frozenset(self._marks)

    def index_of(self, row_id: str) -> int | None:
        """The position of a row, or None."""
        # A search through 100,000 rows takes a millisecond; a table of them takes ten to make.
        try:
            return self._ids.index(row_id)
        except ValueError:
            return None

    def set_rows(self, ids: Sequence[str]) -> None:
        """Replace the rows and their order; the cursor stays on its id, marks on theirs.

        Where the cursor's row is in sight it stays on its line of the screen; otherwise the top row
        stays. A list scrolled to its top stays there, so that new rows are seen. If the cursor's id
        is gone, the nearest position takes over.
        """
        new = list(ids)
        if new == self._ids:
            return
        before, top = self.cursor_id, round(self.scroll_y)
        line = self._cursor - top
        top_id = self._ids[top] if top < len(self._ids) else None
        self._ids = new
        if self._marks:
            self._marks.intersection_update(new)
        found = None if before is None else self.index_of(before)
        self._cursor = max(0, min(self._cursor, len(new) - 1)) if found is None else found
        self.virtual_size = Size(0, len(new) + self._header_height)
        if 0 <= line < self._page:
            top = 0 if top == 0 and self._cursor < self._page else self._cursor - line
        elif top_id is not None and (kept := self.index_of(top_id)) is not None:
            top = kept
        self._scroll_top_to(top)
        self.refresh()
        if self.cursor_id != before:
            self.post_message(self.Highlighted(self, self.cursor_id))

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns of the same rows."""
        self._columns = tuple(columns)
        self._places_width = -1
        self.refresh()

    def update_rows(self, ids: Iterable[str] | None = None) -> None:
        """Ask again for these rows, or for all, and repaint the visible cells that changed."""
        wanted = None if ids is None else set(ids)
        places = self._layout()
        for index in self._visible_indexes():
            row_id = self._ids[index]
            drawn = self._drawn.get(row_id)
            # A row that was never drawn is about to be.
            if drawn is None or not (wanted is None or row_id in wanted):
                continue
            cells = self._cells(row_id, places)
            changed = [
                place for place, old, new in zip(places, drawn, cells, strict=True) if old != new
            ]
            if changed:
                # One region a row: Textual writes a row from its left edge for each region.
                x, end = changed[0].x, changed[-1].x + changed[-1].width
                y = index - round(self.scroll_y) + self._header_height
                self.refresh(Region(x, y, end - x, 1))

    def mark(self, ids: Iterable[str]) -> None:
        """Mark these rows, and no others."""
        self._marks = set(ids).intersection(self._ids)
        self.refresh()

    def mark_cursor(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next one."""
        if self.cursor_id is not None:
            self._marks ^= {self.cursor_id}
            self._refresh_row(self._cursor)
            self.action_move(1)

    def set_empty_text(self, text: str) -> None:
        """Change what is shown while there are no rows."""
        self._empty_text = text
        if not self._ids:
            self.refresh()

    # Cursor

    def move_to(self, row_id: str) -> bool:
        """Put the cursor on a row and bring it into sight; False when there is no such row."""
        index = self.index_of(row_id)
        if index is None:
            return False
        self._move_to_index(index)
        return True

    def action_move(self, rows: int) -> None:
        """Move the cursor by `rows`."""
        self._move_to_index(self._cursor + rows)

    def action_page(self, pages: float) -> None:
        """Move the cursor and the window by `pages` windows."""
        rows = int(self._page * pages)
        self._scroll_top_to(round(self.scroll_y) + rows)
        self._move_to_index(self._cursor + rows)

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._move_to_index(0)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._move_to_index(len(self._ids) - 1)

    def action_select(self) -> None:
        """Choose the row under the cursor."""
        if self.cursor_id is not None:
            self.post_message(self.Selected(self, self.cursor_id))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the click was; choose the row if it was there already."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._header_height:
            return
        index = offset.y - self._header_height + round(self.scroll_y)
        if index == self._cursor:
            self.action_select()
        elif index < len(self._ids):
            self._move_to_index(index)

    def on_resize(self) -> None:
        """Keep the cursor in sight when the window shrinks around it."""
        self._move_to_index(self._cursor)

    def on_focus(self) -> None:
        """Show that keys go here."""
        self._refresh_row(self._cursor)

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self._refresh_row(self._cursor)

    def _move_to_index(self, index: int) -> None:
        index = max(0, min(index, len(self._ids) - 1))
        top = round(self.scroll_y)
        self._scroll_top_to(max(min(top, index), index - self._page + 1))
        if index != self._cursor and self._ids:
            before, self._cursor = self._cursor, index
            self._refresh_row(before)
            self._refresh_row(index)
            self.post_message(self.Highlighted(self, self.cursor_id))

    def _scroll_top_to(self, top: int) -> None:
        if top != round(self.scroll_y):
            self.scroll_to(y=top, animate=False, force=True)

    def _refresh_row(self, index: int) -> None:
        if index in self._visible_indexes():
            y = index - round(self.scroll_y) + self._header_height
            self.refresh(Region(0, y, self._width, 1))

    # Drawing

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - self._header_height)

    def _visible_indexes(self) -> range:
        top = round(self.scroll_y)
        return range(top, min(top + self._page, len(self._ids)))

    def _layout(self) -> tuple[Place, ...]:
        if self._places_width != self._width:
            self._places_width = self._width
            self._places = place_columns(self._columns, self._width)
            self._strips.clear()
            self._drawn.clear()
        return self._places

    def _cells(self, row_id: str, places: Sequence[Place]) -> tuple[Cell, ...]:
        row = self._row_source(row_id)
        return tuple(row.get(place.column.key, _EMPTY) for place in places)

    def render_line(self, y: int) -> Strip:
        """Draw line `y` of the window."""
        if y < self._header_height:
            titles = tuple(Cell(place.column.title) for place in self._layout())
            return self._strip(titles, "header", " ")
        index = y - self._header_height + round(self.scroll_y)
        if index >= len(self._ids):
            return self._empty_line(y - self._header_height)
        row_id = self._ids[index]
        if len(self._drawn) > 4 * self._page:
            seen = {self._ids[index] for index in self._visible_indexes()}
            self._drawn = {known: cells for known, cells in self._drawn.items() if known in seen}
        cells = self._drawn[row_id] = self._cells(row_id, self._layout())
        marked = row_id in self._marks
        if index != self._cursor:
            return self._strip(cells, "marked" if marked else "", _SIGNS[False, marked])
        # What cannot have the focus is led from where the focus is.
        active = self.has_focus or not self.can_focus
        return self._strip(cells, "cursor" if active else "left", _SIGNS[True, marked])

    def _strip(self, cells: tuple[Cell, ...], kind: RowKind, sign: str) -> Strip:
        key = (cells, kind, sign)
        strip = self._strips.get(key)
        if strip is None:
            blank = self._style("", kind)
            segments, x = [Segment(sign, blank)], SIGN_WIDTH
            for place, cell in zip(self._places, cells, strict=True):
                segments.append(Segment(" " * (place.x - x), blank))
                text = fit(cell.text, place.width, place.column.justify)
                segments.append(Segment(text, self._style(cell.style, kind)))
                x = place.x + place.width
            strip = Strip(segments).adjust_cell_length(self._width, blank).simplify()
            self._strips.set(key, strip)
        return strip

    def _empty_line(self, line: int) -> Strip:
        style = self._style("", "empty")
        if self._ids or not self._empty_text:
            return Strip.blank(self._width, style)
        width = max(1, self._width - 2 * SIGN_WIDTH)
        lines = Text(self._empty_text).wrap(self.app.console, width)
        shown = " " * SIGN_WIDTH + lines[line].plain if line < len(lines) else ""
        return Strip([Segment(fit(shown, self._width), style)])

    def _style(self, tone: Tone, kind: RowKind) -> Style:
        style = self._styles.get((tone, kind))
        if style is None:
            look = _ROWS[kind]
            if kind == "cursor" and self.app.native_ansi_color:
                look = _REVERSED
            style = style_of(self, look)
            if tone:
                meaning = tone_of(self, tone)
                style += Style(color=meaning.color, dim=meaning.dim)
            self._styles[tone, kind] = style
        return style

    def notify_style_update(self) -> None:
        """Forget what was drawn in other colours."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()
