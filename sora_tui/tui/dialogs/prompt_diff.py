"""A window in which a job's prompt is compared with another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from sora_tui.i18n import _
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.presenters.prompt_diff import Comparison, side_by_side, unified
from sora_tui.tui.state.text_lines import Line
from sora_tui.tui.widgets.scroll_text import LongText

#: From this many cells on there are two columns.
_TWO_COLUMNS: Final = 100


class DiffWindow(ModalScreen[None]):
    """What differs, by sign, colour and mark. `D` goes on to the next comparison."""

    DEFAULT_CSS = """
    DiffWindow { align: center middle; background: $background 60%; }
    DiffWindow > .window {
        border: solid $border;
        background: $surface;
        padding: 0 1;
        width: 1fr;
        height: 1fr;
    }
    """
    WHERE: ClassVar = "diff"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("diff")]

    def __init__(self, comparisons: Sequence[Comparison]) -> None:
        super().__init__()
        self._comparisons = comparisons
        self._at = 0
        self._text = LongText()
        self._window = Vertical(self._text, classes="window")

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield self._window

    def on_mount(self) -> None:
        """The keys scroll it."""
        self._text.focus()
        self._show(top=0)

    def on_resize(self) -> None:
        """Another width, one column or two."""
        self.call_after_refresh(self._show)

    def action_turn(self) -> None:
        """The next comparison, round and round."""
        self._at = (self._at + 1) % len(self._comparisons)
        self._show(top=0)

    def _show(self, top: int | None = None) -> None:
        comparison = self._comparisons[self._at]
        width = self.size.width - 5
        lines: tuple[Line, ...]
        if comparison.before == comparison.after:
            lines = (Line(_("No difference.")),)
        elif width >= _TWO_COLUMNS:
            lines = side_by_side(comparison, width)
        else:
            lines = unified(comparison)
        self._text.show(lines, top=top)
        self._window.border_title = Content(
            f"- {comparison.before_name}   + {comparison.after_name}"
        )
        keys = [_("↑↓ scroll"), _("esc back")]
        if len(self._comparisons) > 1:
            keys.insert(1, _("D compare with something else"))
        self._window.border_subtitle = Content("  ".join(keys))
