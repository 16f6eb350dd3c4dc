"""The window of parameters beyond the standard: known ones of server and model, and free ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sora_tui.core.parameters import ModelSchema, Parameter, typed
from sora_tui.core.problem import ProblemError
from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import _
from sora_tui.i18n.parameters import default_words, help_of, range_words
from sora_tui.i18n.problems import sentences
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList

if TYPE_CHECKING:
    from textual.widgets import Input

#: A switch is set by one key, in this order.
_SWITCHED: Final[Mapping[Any, Any]] = {None: True, True: False, False: None}


class ParamsWindow(ModalScreen[None]):
    """One row a parameter; what is set is sent, everything else is left to the server."""

    DEFAULT_CSS = """
    ParamsWindow { align: center middle; background: $background 60%; }
    ParamsWindow > .window {
        border: solid $border; background: $surface; width: 100%; max-width: 110;
        height: 100%; max-height: 32; padding: 0 1;
    }
    ParamsWindow VirtualList { height: 1fr; }
    ParamsWindow #help { height: auto; min-height: 1; max-height: 3; color: $foreground-muted; }
    ParamsWindow #help.-wrong { color: $text-error; }
    ParamsWindow Input { height: 1; border: none; padding: 0; background: $surface-lighten-1; }
    """
    WHERE: ClassVar = "params"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("params")]

    class Changed(Intent):
        """From now on these are sent."""

        owner = "editor"
        method = "set_params"

        def __init__(self, params: Mapping[str, Any]) -> None:
            super().__init__()
            self.params = params

    def __init__(
        self, schema: ModelSchema, params: Mapping[str, Any], own: Mapping[str, Any]
    ) -> None:
        """The parameters of a prompt.

        Args:
            schema: What is known of server and model.
            params: What the prompt sends.
            own: What the profile sends with every prompt, where the prompt says nothing else.
        """
        super().__init__()
        self._schema = schema
        self._params = dict(params)
        self._own = own
        #: The parameter that is typed; empty for one of any name.
        self._typed: str | None = None
        self._list = VirtualList(
            (
                Column("name", _("PARAMETER"), 28),
                Column("value", _("VALUE"), None, min_width=16),
                Column("takes", _("TAKES"), 16, drop=2),
                Column("default", _("DEFAULT"), 9, drop=1),
            ),
            self._row,
            show_header=True,
        )

    def compose(self) -> ComposeResult:
        """The list, the line of help, and where a value is typed."""
        with Vertical(classes="window") as window:
            yield self._list
            yield Static("", id="help", markup=False)
        title = _("Parameters beyond the standard")
        window.border_title = Content(f"{title}  {self._schema.title}".rstrip())

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._list.set_empty_text(
            _("No parameter beyond the standard is known of this server. n sends one of any name.")
        )
        self._show()
        self._list.focus()

    # Keys -------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Close the line that is typed in, or the window."""
        if self._typed is None:
            self.dismiss(None)
        else:
            self._close_line()

    def action_new(self) -> None:
        """Ask for a name and a value."""
        self._open_line("", "")

    def action_unset(self) -> None:
        """Send nothing of this name any more."""
        name = self._list.cursor_id
        if name is not None and name in self._params:
            del self._params[name]
            self._changed()

    def action_preset(self) -> None:
        """Set what the makers of this model use; what the person set stays."""
        if self._schema.preset:
            self._params = {**self._schema.preset, **self._params}
            self._changed()
        else:
            self._say(_("No preset is known for this model."), wrong=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a value is typed, letters are letters."""
        return self._typed is None or action == "leave"

    @on(VirtualList.Selected)
    def _selected(self, event: VirtualList.Selected) -> None:
        event.stop()
        known = self._schema.parameter(event.row_id)
        value = self._params.get(event.row_id)
        if known is not None and known.kind == "switch":
            self._set(event.row_id, _SWITCHED.get(value))
        elif known is not None and known.choices:
            words = (*known.choices, None)
            at = words.index(value) + 1 if value in words else 0
            self._set(event.row_id, words[at % len(words)])
        else:
            self._open_line(event.row_id, "" if value is None else _as_typed(known, value))

    @on(VirtualList.Highlighted)
    def _highlighted(self, event: VirtualList.Highlighted) -> None:
        event.stop()
        self._say_help()

    def on_input_changed(self, event: Input.Changed) -> None:
        """A wrong value says so while it is typed."""
        event.stop()
        if self._typed is not None:
            self._judge(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, if it is one."""
        event.stop()
        told = self._judge(event.value)
        if told is None:
            return
        name, value = told
        self._close_line()
        self._set(name, value)
        self._list.move_to(name)

    # What is typed ------------------------------------------------------------------------------

    def _open_line(self, name: str, value: str) -> None:
        from textual.widgets import Input

        self._close_line()
        self._typed = name
        hint = _("name=value") if not name else _("a value; empty leaves it to the server")
        line = Input(value, placeholder=hint, compact=True, select_on_focus=True)
        line.cursor_blink = False
        self.query_one(".window").mount(line)
        line.focus()
        self._show_keys()

    def _close_line(self) -> None:
        self._typed = None
        self._list.focus()
        self.query("Input").remove()
        self._say_help()
        self._show_keys()

    def _judge(self, text: str) -> tuple[str, Any] | None:
        """Name and value of what is typed, or None with the reason on the screen."""
        name = self._typed or ""
        if not name:
            name, equals, text = text.partition("=")
            name = name.strip()
            if not name or not equals:
                self._say(_("Write name=value; the value may be JSON."), wrong=False)
                return None
        if not text.strip():
            self._say_help(name)
            return name, None
        try:
            value = self._schema.read(name, clean(text))
        except ProblemError as error:
            self._say(sentences(error.problem).happened, wrong=True)
            return None
        self._say_help(name)
        return name, value

    def _set(self, name: str, value: Any) -> None:
        if value is None:
            self._params.pop(name, None)
        else:
            self._params[name] = value
        self._changed()

    def _changed(self) -> None:
        self.post_message(self.Changed(dict(self._params)))
        self._show()

    # Drawing ------------------------------------------------------------------------------------

    def _show(self) -> None:
        known = [parameter.name for parameter in self._schema.parameters]
        free = [name for name in (*self._params, *self._own) if name not in known]
        self._list.set_rows(list(dict.fromkeys((*known, *free))))
        self._list.update_rows()
        self._say_help()
        self._show_keys()

    def _show_keys(self) -> None:
        keys = _("enter set  d unset  n any name  p preset  esc back")
        if self._typed is not None:
            keys = _("enter take  esc back")
        self.query_one(".window").border_subtitle = Content(keys)

    def _say_help(self, name: str | None = None) -> None:
        name = name or self._list.cursor_id
        self._say("" if name is None else f"{name}: {help_of(name)}", wrong=False)

    def _say(self, text: str, *, wrong: bool) -> None:
        said = self.query_one("#help", Static)
        said.update(Content(clean_line(text, 300)))
        said.set_class(wrong, "-wrong")

    def _row(self, name: str) -> Mapping[str, Cell]:
        known = self._schema.parameter(name)
        takes, default = _("any"), "-"
        if known is not None:
            takes, default = range_words(known), default_words(known)
        if name in self._params:
            value = Cell(clean_line(_shown(self._params[name]), 200), "accent")
        elif name in self._own:
            value = Cell(clean_line(_shown(self._own[name]), 200))
            default = _("profile")
        else:
            value = Cell("-", "muted")
        sign = "* " if name in self._params else "  "
        return {
            "name": Cell(sign + clean_line(name, 60)),
            "value": value,
            "takes": Cell(takes, "muted"),
            "default": Cell(default, "muted"),
        }


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return typed(value)


def _as_typed(known: Parameter | None, value: Any) -> str:
    """A value as it is typed for this parameter: text is text, whatever else it could be."""
    return value if known is not None and known.kind == "text" else typed(value)
