"""The form of one server: where it is, where its key is found, and what a test of it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from sora_tui.core.probe_result import CAPABILITIES
from sora_tui.core.problem import Problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.probe_result import Line
from sora_tui.i18n.problems import sentences
from sora_tui.tui.intent import Intent

#: Where a key is looked for -> the setting that says so. There is no field for a key itself.
_KEY_FROM: Final[Mapping[str, str]] = {
    N_("variable"): "api_key_env",
    N_("command"): "api_key_command",
    N_("none"): "",
}
_AUTHS: Final = ("auto", "bearer", "api-key", "none")
_NO_YES: Final = (N_("no"), N_("yes"))


class Choice(Widget, can_focus=True):
    """One of a few words; left, right and space step through them."""

    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; }
    Choice:focus { background: $primary 40%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space,l", "step(1)", show=False),
        Binding("left,h", "step(-1)", show=False),
    ]

    class Changed(Message):
        """Another word was chosen."""

    def __init__(self, words: Sequence[str], chosen: str, *, id: str) -> None:
        super().__init__(id=id)
        self._words = tuple(words) if chosen in words else (*words, chosen)
        self.value = chosen

    def render(self) -> Content:
        """The word between arrows."""
        return Content(f"‹ {_(self.value)} ›")

    def action_step(self, by: int) -> None:
        """The next word, or the one before."""
        at = (self._words.index(self.value) + by) % len(self._words)
        self.value = self._words[at]
        self.refresh()
        self.post_message(self.Changed())

    def on_click(self) -> None:
        """The next word."""
        self.action_step(1)


class Press(Static, can_focus=True):
    """Something to press: enter, space or a click."""

    DEFAULT_CSS = """
    Press { width: auto; height: 1; margin: 0 2 0 0; }
    Press:focus { background: $primary 40%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "press", show=False)]

    class Pressed(Message):
        """It was pressed."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def action_press(self) -> None:
        """Tell."""
        self.post_message(self.Pressed(self.id or ""))

    def on_click(self) -> None:
        """Tell."""
        self.action_press()


class ProfileWanted(Intent):
    """The settings of the form are to be used, under this name."""

    owner = "servers"

    def __init__(self, name: str, table: Mapping[str, Any]) -> None:
        super().__init__()
        self.name = name
        self.table = table


class ProfileTestWanted(ProfileWanted):
    """Ask the server; `ServerForm.show_result` takes what was found."""

    method = "test_form"


class ProfileSaveWanted(ProfileWanted):
    """Write the profile, and close the form with its name."""

    method = "save"


class ServerForm(ModalScreen[str | None]):
    """Adds or changes a profile; gives back its name once it is saved."""

    DEFAULT_CSS = """
    ServerForm { align: center middle; background: $background 60%; }
    ServerForm > .window {
        border: solid $border; background: $surface; width: 78; max-width: 100%;
        height: auto; max-height: 100%; padding: 0 1;
    }
    ServerForm .row { height: 1; }
    ServerForm .row > Static { width: 11; color: $foreground-muted; }
    ServerForm Input { width: 1fr; background: $surface-lighten-1; }
    ServerForm Input:focus { background: $primary 40%; }
    ServerForm #said { height: auto; }
    ServerForm VerticalScroll { height: auto; max-height: 9; margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("Back"), show=False),
        Binding("ctrl+s", "save", N_("Save"), show=False),
        Binding("ctrl+t", "test", N_("Test"), show=False),
        # First of all: keys that were typed ahead are for the field that comes then.
        Binding("enter", "enter", show=False, priority=True),
        Binding("tab,down", "app.focus_next", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(
        self,
        *,
        name: str | None,
        table: Mapping[str, Any],
        dialects: Sequence[str],
        has_variable: Callable[[str], bool],
    ) -> None:
        """A form over these settings.

        Args:
            name: Of the profile that is changed; None adds one.
            table: Its settings as they are written; those without a field here stay.
            dialects: The words to choose from, `auto` first.
            has_variable: Whether a variable is set now, for the word beside its name.
        """
        super().__init__()
        self._name = name
        self._table = dict(table)
        self._dialects = tuple(dialects)
        self._has_variable = has_variable

    def compose(self) -> ComposeResult:
        """A line a setting, what can be done, and what came of it."""
        table = self._table
        source = next((w for w, key in _KEY_FROM.items() if key and key in table), None)
        if source is None:
            source = "none" if self._name is not None else "variable"
        with Vertical(classes="window") as window:
            yield from self._row(_("Name"), self._input("name", self._name or ""))
            address = self._input("base_url", table.get("base_url", ""))
            address.placeholder = "https://host/v1"
            yield from self._row(_("Address"), address)
            yield from self._row(_("Key from"), Choice(tuple(_KEY_FROM), source, id="key_from"))
            key = self._input("key", table.get(_KEY_FROM[source], ""))
            yield from self._row("", key)
            auth, dialect = table.get("auth", "auto"), table.get("dialect", "auto")
            yield from self._row(_("Sent as"), Choice(_AUTHS, auth, id="auth"))
            yield from self._row(_("Server is"), Choice(self._dialects, dialect, id="dialect"))
            model = self._input("default_model", table.get("default_model", ""))
            model.placeholder = _("empty: the server's own")
            yield from self._row(_("Model"), model)
            allowed = _NO_YES[bool(table.get("allow_http", False))]
            yield from self._row(_("Allow http"), Choice(_NO_YES, allowed, id="allow_http"))
            with Horizontal(classes="row"):
                yield Press(f"[ {_('Test')} ]", id="test", markup=False)
                yield Press(f"[ {_('Save')} ]", id="save", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static("", id="said", markup=False)
        title = _("New server") if self._name is None else _("Server {name}")
        window.border_title = Content(title.format(name=self._name))
        window.border_subtitle = Content(_("tab next  ^T test  ^S save  esc back"))

    def on_mount(self) -> None:
        """The first field that is to be filled."""
        name = self.query_one("#name", Input)
        name.disabled = self._name is not None
        (name if self._name is None else self.query_one("#base_url", Input)).focus()
        self._show_key_field()

    @staticmethod
    def _row(label: str, field: Widget) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(label, markup=False)
            yield field

    @staticmethod
    def _input(id: str, value: object) -> Input:
        field = Input(clean_line(value, 400), id=id, compact=True, select_on_focus=False)
        field.cursor_blink = False
        return field

    # What happens -----------------------------------------------------------------------------

    @on(Choice.Changed)
    def _changed(self) -> None:
        self._show_key_field()

    @on(Input.Changed, "#key")
    def _typed(self) -> None:
        self._show_key_field()

    @on(Press.Pressed)
    def _pressed(self, event: Press.Pressed) -> None:
        if event.what == "test":
            self.action_test()
        else:
            self.action_save()

    def action_enter(self) -> None:
        """Press what is to be pressed; elsewhere go on to the next field."""
        if isinstance(self.focused, Press):
            self.focused.action_press()
        else:
            self.focus_next()

    def action_leave(self) -> None:
        """Nothing is written."""
        self.dismiss(None)

    def action_test(self) -> None:
        """Ask the server, with what stands in the form."""
        self._say(Content(_("Asking ...")))
        self.post_message(ProfileTestWanted(self._said("name") or "new", self._settings()))

    def action_save(self) -> None:
        """Keep it, if it is right."""
        self.post_message(ProfileSaveWanted(self._said("name"), self._settings()))

    # Results ----------------------------------------------------------------------------------

    def show_result(self, lines: Sequence[Line]) -> None:
        """Show what a test found."""
        self._say(result_text(lines))

    def close(self, name: str) -> None:
        """Leave; the profile is written under this name."""
        self.dismiss(name)

    def show_problem(self, problem: Problem) -> None:
        """Show what is wrong, and what to do."""
        said = sentences(problem)
        self._say(Content.styled(f"{said.happened} {said.next}", "$text-error"))

    # Values -----------------------------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        """The profile's table as the form has it; what has no field here stays."""
        table = {
            key: value for key, value in self._table.items() if key not in set(_KEY_FROM.values())
        }
        told: dict[str, Any] = {
            "base_url": self._said("base_url"),
            "default_model": self._said("default_model"),
            "auth": self._chosen("auth"),
            "dialect": self._chosen("dialect"),
            "allow_http": self._chosen("allow_http") == "yes",
        }
        if key := _KEY_FROM[self._chosen("key_from")]:
            told[key] = self._said("key")
        # What is as it would be anyway is not written.
        for key, value in told.items():
            if value in {"", "auto", False} and key != "base_url":
                table.pop(key, None)
            else:
                table[key] = value
        return table

    def _said(self, id: str) -> str:
        return self.query_one(f"#{id}", Input).value.strip()

    def _chosen(self, id: str) -> str:
        return self.query_one(f"#{id}", Choice).value

    def _say(self, text: Content) -> None:
        if self.is_attached:
            self.query_one("#said", Static).update(text)

    def _show_key_field(self) -> None:
        """The name of the field follows the choice; a variable says whether it is set."""
        source = self._chosen("key_from")
        field = self.query_one("#key", Input)
        field.disabled = source == "none"
        row = field.parent
        label = {"variable": _("Variable"), "command": _("Command")}.get(source, "")
        field.placeholder = {"variable": "TEAM_KEY", "command": "pass show team"}.get(source, "")
        if isinstance(row, Horizontal):
            row.query_one(Static).update(label)
        self._say(Content(self._about_key(source, field.value.strip())))

    def _about_key(self, source: str, said: str) -> str:
        if source == "variable" and said:
            if self._has_variable(said):
                return _("{variable} is set here.").format(variable=clean_line(said, 60))
            return _("It is not set here yet: export it, or put it into .env.")
        if source == "command":
            return _("Run without a shell when the key is needed; its first line is the key.")
        return ""


def result_text(lines: Sequence[Line]) -> Content:
    """What a test found, as one running line, and below it what follows from that.

    What it can do besides making clips, and nobody knows, is left to `doctor`.
    """
    styles = {"x": "$text-error", "-": "$text-warning"}
    found = [
        Content.styled(line.words, styles.get(line.symbol, ""))
        for line in lines
        if line.problem is None and (line.symbol != "?" or line.name not in CAPABILITIES)
    ]
    wrong = [line for line in lines if line.problem is not None]
    # What is wrong comes before what merely is not there.
    advice = [
        Content.styled(f"{line.words} {line.advice}", styles.get(line.symbol, "")) for line in wrong
    ] or [
        Content(f"{line.words}  {line.advice}")
        for line in lines
        if line.advice and line.symbol == "-"
    ]
    return Content("\n").join([*([Content(" / ").join(found)] if found else ()), *advice])
