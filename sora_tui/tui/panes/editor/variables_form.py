"""The values of a prompt's `{{variables}}`: asked for by name, seen in the text they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from sora_tui.core.prompt import split_at_variables
from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import _
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent
from sora_tui.tui.state.text_lines import Line, Span
from sora_tui.tui.widgets.scroll_text import LongText

_NAME_WIDTH: Final = 20


class ValuesGiven(Intent):
    """Send it with these values for its variables."""

    owner = "orders"
    method = "take_values"

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self.values = values


class ValuesDeclined(Intent):
    """Back to the text; `values` as far as they were given."""

    owner = "orders"
    method = "leave_values"

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self.values = values


class VariablesForm(Vertical):
    """One line for each variable; enter goes on, on the last one it sends."""

    DEFAULT_CSS = """
    VariablesForm { height: 1fr; }
    VariablesForm > LongText { height: 1fr; min-height: 2; }
    VariablesForm > #asked { height: auto; padding: 0 1; text-style: bold; }
    VariablesForm > #asked.-missing { color: $text-error; }
    VariablesForm > VerticalScroll { height: auto; max-height: 50%; }
    VariablesForm Horizontal { height: 1; padding: 0 1; }
    VariablesForm .name { width: auto; color: $foreground-muted; }
    VariablesForm Input { width: 1fr; }
    """
    WHERE: ClassVar = "variables"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("variables")]

    class Submitted(Message):
        """The form is done with: `send`, or back to the text."""

        def __init__(self, values: Mapping[str, str], send: bool) -> None:
            super().__init__()
            self.values = values
            self.send = send

    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        """Ask for the names in `values`, which are those of `text`; empty is not known yet."""
        super().__init__(id="variables")
        self._pieces = split_at_variables(text)
        self._names = tuple(values)
        self._fields = [Input(clean(value), compact=True) for value in values.values()]
        self._sent = LongText()
        self._sent.can_focus = False
        self._asked = Static(id="asked", markup=False)

    def compose(self) -> ComposeResult:
        """The text with its values, then the values."""
        yield self._sent
        yield self._asked
        wide = min(max(cell_len(name) for name in self._names), _NAME_WIDTH) + 2
        with VerticalScroll(can_focus=False):
            for name, field in zip(self._names, self._fields, strict=True):
                with Horizontal():
                    shown = clean_line(name, _NAME_WIDTH)
                    yield Static(shown + " " * (wide - cell_len(shown)), classes="name")
                    yield field

    def on_mount(self) -> None:
        """The first one without a value takes the keys."""
        self._say("")
        self._show_sent()
        self.focus_first()

    def focus_first(self) -> None:
        """Go to the first variable without a value, or to the first."""
        missing = (field for field in self._fields if not field.value)
        next(missing, self._fields[0]).focus()

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields."""
        pairs = zip(self._names, self._fields, strict=True)
        return {name: clean(field.value) for name, field in pairs}

    def submit(self) -> None:
        """Send, unless a value is missing: then that one is asked for."""
        values = self.values
        missing = next((name for name, value in values.items() if not value), None)
        if missing is None:
            self.post_message(self.Submitted(values, send=True))
            return
        self._say(_("{name} has no value yet.").format(name=clean_line(missing, _NAME_WIDTH)))
        self.focus_first()

    def action_leave(self) -> None:
        """Back to the text; what was typed here is not forgotten."""
        self.post_message(self.Submitted(self.values, send=False))

    def action_move(self, by: int) -> None:
        """Go to the field above or below."""
        at = next((n for n, field in enumerate(self._fields) if field.has_focus), 0)
        self._fields[min(max(at + by, 0), len(self._fields) - 1)].focus()

    def action_page(self, pages: int) -> None:
        """Scroll the text."""
        self._sent.action_page(pages)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The text shows where this variable stands."""
        if event.widget in self._fields:
            self._show_sent(self._names[self._fields.index(event.widget)])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._say("")
        self._show_sent()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self._fields[-1]:
            self.submit()
        else:
            self.action_move(1)

    def _say(self, missing: str) -> None:
        self._asked.update(Content(missing or _("Values for this prompt; above: as it is sent")))
        self._asked.set_class(bool(missing), "-missing")

    def _show_sent(self, seen: str | None = None) -> None:
        """Show the text with its values; `seen` brings a variable into sight."""
        values, top = self.values, None
        lines: list[Line] = []
        text, spans = "", list[Span]()
        for piece, name in self._pieces:
            if name is not None and name == seen and top is None:
                top = max(len(lines) - 1, 0)
            said = values[name] or f"{{{{{name}}}}}" if name is not None else clean(piece, 200_000)
            for number, part in enumerate(said.split("\n")):
                if number:
                    lines.append(Line(text, spans=tuple(spans)))
                    text, spans = "", []
                if name is not None and part:
                    tone = "mark" if values[name] else "error"
                    spans.append((len(text), len(text) + len(part), tone))
                text += part
        self._sent.show([*lines, Line(text, spans=tuple(spans))], top=top)
