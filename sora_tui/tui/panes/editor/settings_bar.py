"""The settings of a prompt as one line of fields: step through known values or type any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from sora_tui.core.request import MAX_COUNT, with_point
from sora_tui.core.sizes import is_alias, size_of
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent

if TYPE_CHECKING:
    from sora_tui.tui.state.draft import Draft

#: Field name and label, in the order of the line.
_FIELDS: Final = (
    ("model", N_("model")),
    ("seconds", N_("seconds")),
    ("size", N_("size")),
    ("clips", N_("clips")),
)
_LONGEST: Final = 60
#: The fields that mean something where no new clip is made: the rest is the source's.
_SENT: Final[Mapping[str, frozenset[str]]] = {
    "remix": frozenset({"clips"}),
    "edit": frozenset({"clips"}),
    "extend": frozenset({"seconds", "clips"}),
    "character": frozenset(),
}


def neighbour(choices: Sequence[str], value: str, by: int) -> str | None:
    """Return the choice before (`by` -1) or after (+1) a value, or None where there is none.

    A number that is no choice has its place among numbers; other text goes to the first or last.
    """
    if value in choices:
        return choices[min(max(choices.index(value) + by, 0), len(choices) - 1)]
    numbers = _numbers((*choices, value))
    if numbers is None:
        return (choices[0] if by > 0 else choices[-1]) if choices else None
    *known, mine = numbers
    beyond = [
        (number, choice)
        for number, choice in zip(known, choices, strict=True)
        if (number - mine) * by > 0
    ]
    return min(beyond, key=lambda found: abs(found[0] - mine))[1] if beyond else None


def _numbers(words: Sequence[str]) -> list[float] | None:
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


class SettingField(Widget, can_focus=True):
    """One setting: left and right step, typing replaces, backspace shortens, enter goes on."""

    DEFAULT_CSS = """
    SettingField {
        width: auto; height: 1; margin-right: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """
    WHERE: ClassVar = "settings"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("settings")]

    value: reactive[str] = reactive("", layout=True)

    class Changed(Message):
        """The person changed the value."""

    def __init__(self, name: str, label: str) -> None:
        super().__init__(id=f"set-{name}")
        self.label = label
        self.choices: tuple[str, ...] = ()
        self._typing = False

    def render(self) -> Content:
        """Label and value; the arrows show where left and right act."""
        left, right = ("‹", "›") if self.has_focus else (" ", " ")
        shown = clean_line(self.value, _LONGEST) or _("default")
        style = "$accent bold" if self.has_focus else "bold" if self.value else "$foreground-muted"
        return Content.assemble(
            (_(self.label), "$foreground-muted"),
            (left, "$accent"),
            (shown, style),
            (right, "$accent"),
        )

    def action_step(self, by: int) -> None:
        """Go to the next or the previous known value; the last one is the end.

        Going round would make four clips of one with a single key.
        """
        value = neighbour(self.choices, self.value, by)
        if value is not None and value != self.value:
            self._set(value)

    def on_key(self, event: events.Key) -> None:
        """Text that is typed here is a value, never a command."""
        if event.key == "backspace":
            event.stop()
            self._typing = True
            self._set(self.value[:-1])
        elif event.is_printable and event.character is not None:
            event.stop()
            before = self.value if self._typing else ""
            self._typing = True
            self._set((before + event.character).strip()[:_LONGEST])

    def on_paste(self, event: events.Paste) -> None:
        """A pasted value replaces the one that is there."""
        event.stop()
        self._set(clean_line(event.text, _LONGEST))

    def on_focus(self) -> None:
        """The first letter typed replaces what stands here."""
        self._typing = False

    def _set(self, value: str) -> None:
        self.value = value
        self.post_message(self.Changed())


class ParamsField(Widget, can_focus=True):
    """How many parameters are set beyond the standard; enter opens the window where they are."""

    DEFAULT_CSS = "ParamsField { width: auto; height: 1; margin-right: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right", "open", N_("Parameters beyond the standard"), show=False),
    ]

    count: reactive[int] = reactive(0, layout=True)

    class Opened(Intent):
        """The person wants to see and change them."""

        owner = "editor"
        method = "open_params"

    def render(self) -> Content:
        """Their number; the arrow shows that there is more behind it."""
        right = "›" if self.has_focus else " "
        style = "bold" if self.count else "$foreground-muted"
        return Content.assemble(
            (_("params"), "$foreground-muted"),
            " ",
            (str(self.count), "$accent bold" if self.has_focus else style),
            (right, "$accent"),
        )

    def action_open(self) -> None:
        """Show them."""
        self.post_message(self.Opened())

    def on_click(self) -> None:
        """Show them."""
        self.action_open()


class GenerateButton(Widget, can_focus=True):
    """The way to a clip for terminals that swallow every other key."""

    DEFAULT_CSS = "GenerateButton { width: auto; height: 1; }"
    WHERE: ClassVar = "button"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("button")]

    words: reactive[str] = reactive("", layout=True)

    class Pressed(Intent):
        """Make the clips."""

        owner = "orders"
        method = "press"

    def render(self) -> Content:
        """Brackets mark it as a button without colour, angles in them that it has the keys."""
        words = self.words or _("Generate")
        return Content(f"[‹{words}›]" if self.has_focus else f"[ {words} ]")

    def action_press(self) -> None:
        """As by F5."""
        self.post_message(self.Pressed())

    def on_click(self) -> None:
        """As by F5."""
        self.action_press()


class Hint(Widget):
    """How the line is entered, whole or not at all."""

    DEFAULT_CSS = "Hint { width: 1fr; height: 1; text-align: right; color: $foreground-muted; }"

    def render(self) -> str:
        """Two cells before the button."""
        forms = (_("Tab change") + "  ", "Tab  ", "")
        return next(form for form in forms if cell_len(form) <= self.size.width)


class SettingsLine(Widget):
    """Model, seconds, size, clips, params, the button, and below what is known about the order."""

    DEFAULT_CSS = """
    SettingsLine { height: auto; layout: vertical; }
    SettingsLine > #fields { height: 1; padding: 0 1; }
    SettingsLine.-tight > #fields { height: 2; layout: grid; grid-size: 3 2; }
    SettingsLine.-tight.-narrow > #fields { height: 3; grid-size: 2 3; }
    SettingsLine.-tight Hint { display: none; }
    SettingsLine > #facts { height: auto; min-height: 1; }
    SettingsLine > .-below { display: none; margin: 1 1 0 1; }
    SettingsLine.-roomy > .-below { display: block; }
    SettingsLine.-roomy .-beside { display: none; }
    """

    class Changed(Message):
        """Some setting changed."""

    class Left(Message):
        """Escape: out of the settings."""

    def __init__(self) -> None:
        super().__init__()
        self._facts = Content()
        self._operation = "create"

    def compose(self) -> ComposeResult:
        """The fields in reading order, which is the order of tab."""
        with Horizontal(id="fields"):
            for name, label in _FIELDS:
                yield SettingField(name, label)
            yield ParamsField(id="params")
            yield Hint()
            yield GenerateButton(classes="-beside")
        yield Static("", id="facts", markup=False)
        yield GenerateButton(classes="-below")

    def show(self, draft: Draft, known: Mapping[str, tuple[str, ...]]) -> None:
        """Fill the fields from a draft, with the values that can be stepped through."""
        self.set_choices(known)
        self.query_one(ParamsField).count = len(draft.params)
        values = {
            "model": draft.model or "",
            "seconds": draft.seconds or "",
            "size": draft.size or "",
            "clips": str(draft.count),
        }
        sent = _SENT.get(draft.operation, values.keys())
        self._operation = draft.operation
        for name, value in values.items():
            field = self._field(name)
            field.display = name in sent
            with field.prevent(SettingField.Changed):
                field.value = value
        self._fit()

    def set_choices(self, known: Mapping[str, tuple[str, ...]]) -> None:
        """Other values to step through; what stands in the fields stays."""
        for name, values in known.items():
            self._field(name).choices = values

    def show_params(self, count: int) -> None:
        """How many parameters are set."""
        self.query_one(ParamsField).count = count
        self._fit()

    def apply(self, draft: Draft) -> Draft:
        """The draft with the values of the fields; a word for a size is the size it means."""
        return replace(
            draft,
            model=self._field("model").value or None,
            seconds=with_point(self._field("seconds").value) or None,
            size=self._pixels() or None,
            count=self.count or 1,
        )

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Who leaves the size sees what the word meant."""
        field = self._field("size")
        if event.widget is field and field.value != (pixels := self._pixels()):
            field.value = pixels

    def _pixels(self) -> str:
        field = self._field("size")
        return size_of(field.value, field.choices) if is_alias(field.value) else field.value

    def on_resize(self) -> None:
        """Another width for the same fields."""
        self._fit()

    def _fit(self) -> None:
        """One line of fields if all of it can be seen, otherwise three or two beside each other."""
        cells = [field.render().plain for field in self.query(SettingField) if field.display]
        cells.append(self.query_one(ParamsField).render().plain)
        if not self.has_class("-roomy"):
            cells += [b.render().plain for b in self.query(GenerateButton).filter(".-beside")]
        widths, room = [cell_len(cell) + 1 for cell in cells], self.content_size.width - 2
        self.set_class(sum(widths) > room + 1, "-tight")
        self.set_class(3 * max(widths, default=0) > room, "-narrow")

    @property
    def count(self) -> int | None:
        """How many clips, or None while that field says no number from 1 to `MAX_COUNT`."""
        said = self._field("clips").value
        if not said.isascii() or not said.isdigit():
            return None
        return int(said) if 1 <= int(said) <= MAX_COUNT else None

    @property
    def on_button(self) -> bool:
        """Whether the next enter generates."""
        return any(button.has_focus for button in self.query(GenerateButton))

    def show_facts(self, facts: Content, price: str) -> None:
        """What is known about the order: reference, price; `price` also goes on a wide button."""
        if not facts.is_same(self._facts):  # the same would lay out the screen with each key
            self._facts = facts
            self.query_one("#facts", Static).update(facts)
        count = self.count or 1
        clips = ngettext("Generate {count} clip, {price}", "Generate {count} clips, {price}", count)
        button = self.query_one(".-below", GenerateButton)
        if self._operation == "character":
            clips = _("Make the character, {price}")
        button.words = clips.format(count=count, price=price)

    @on(SettingField.Changed)
    def _pass_on(self, event: SettingField.Changed) -> None:
        event.stop()
        self._fit()
        self.post_message(self.Changed())

    def on_key(self, event: events.Key) -> None:
        """Enter in a field goes on to the button, escape leaves the line."""
        button = (
            self.query(GenerateButton)
            .filter(".-below" if self.has_class("-roomy") else ".-beside")
            .first()
        )
        has_own_enter = button.has_focus or self.query_one(ParamsField).has_focus
        if event.key == "enter" and not has_own_enter:
            event.stop()
            button.focus()
        elif event.key == "escape":
            event.stop()
            self.post_message(self.Left())

    def _field(self, name: str) -> SettingField:
        return self.query_one(f"#set-{name}", SettingField)
