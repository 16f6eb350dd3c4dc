"""The window that finds what can be done: the help of the pane in front, and the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from sora_tui.core.text import clean_line, folded
from sora_tui.i18n import N_, _
from sora_tui.tui.commands.keymap import with_own
from sora_tui.tui.commands.table import EVERYWHERE, SCOPES, commands_at
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList

#: From so many columns on there is room for every key of an action.
_ROOMY: Final = 60
#: What this window is, and what no list can do for a person.
_NEEDLESS: Final = frozenset({"help", "palette", "back"})


class Entry(NamedTuple):
    """One thing that can be done.

    Attributes:
        keys: As a person reads them; empty: by this window only.
        words: What it does.
        place: Where the keys act.
        run: Does it.
    """

    keys: str
    words: str
    place: str
    run: Callable[[], object]


def entries_of(
    nodes: Iterable[DOMNode], own: Mapping[str, str], run: Callable[[str, DOMNode], object]
) -> list[Entry]:
    """What the tables of these widgets offer now, and that once.

    Args:
        nodes: The focused widget and those around it.
        own: Keys by id, where the person has others.
        run: Carries out an action on a widget.
    """
    entries = []
    for node in nodes:
        for each in with_own(commands_at(getattr(node, "WHERE", "")), own):
            if each.id not in _NEEDLESS and _is_possible(node, each.run):
                place = "" if each.place == EVERYWHERE else _(SCOPES[each.place])
                act = partial(run, each.run, node)
                entries.append(Entry(each.shown, _(each.text), place, act))
    return entries


class Finder(ModalScreen[Entry | None]):
    """A list that typing makes shorter; enter does what the cursor stands on."""

    DEFAULT_CSS = """
    Finder { align: center top; background: $background 60%; }
    Finder > Vertical {
        width: 78;
        max-width: 100%;
        height: 100%;
        max-height: 34;
        border: solid $border;
        border-title-color: $foreground;
        border-subtitle-color: $foreground-muted;
        background: $surface;
    }
    Finder Input {
        height: 1;
        border: none;
        padding: 0 1;
        background: $surface;
        &:focus { border: none; background-tint: transparent; }
    }
    Finder VirtualList { height: 1fr; background: $surface; }
    Finder Input > .input--placeholder { color: $foreground-muted; }
    Finder Static { height: auto; padding: 0 1; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,ctrl+p", "leave", N_("Close"), show=False),
        Binding("enter", "choose", N_("Do it"), show=False, priority=True),
        Binding("up,ctrl+k", "step('move', -1)", N_("Up"), show=False, priority=True),
        Binding("down,ctrl+j", "step('move', 1)", N_("Down"), show=False, priority=True),
        Binding("pageup", "step('page', -1)", N_("Page up"), show=False, priority=True),
        Binding("pagedown", "step('page', 1)", N_("Page down"), show=False, priority=True),
    ]

    def __init__(self, title: str, entries: Sequence[Entry], *, hint: str = "") -> None:
        super().__init__()
        self._title = title
        self._entries = {str(number): entry for number, entry in enumerate(entries)}
        self._hint = hint
        self._list = VirtualList(self._columns(_ROOMY), self._row)
        self._list.can_focus = False
        self._input = Input(
            placeholder=_("type to find"), compact=True, id="finder", select_on_focus=False
        )

    def compose(self) -> ComposeResult:
        """What is typed, what there is, and what the keys alone do not say."""
        with Vertical() as window:
            yield self._input
            yield self._list
            if self._hint:
                yield Static(self._hint, markup=False)
        window.border_title = Content(self._title)
        window.border_subtitle = Content(_("enter do it  esc close"))

    def on_mount(self) -> None:
        """Everything, until something is typed."""
        self._find("")
        self._input.focus()

    def on_resize(self) -> None:
        """Little room is for the words; the surest key stands first."""
        self._list.set_columns(self._columns(self.size.width))

    def _columns(self, width: int) -> tuple[Column, ...]:
        entries = self._entries.values()
        keys = max((len(entry.keys) for entry in entries), default=0)
        places = max((len(entry.place) for entry in entries), default=0)
        return (
            Column("keys", "", min(max(keys, 1), 18 if width >= _ROOMY else 6) + 1),
            Column("words", "", None, min_width=20),
            Column("place", "", max(places, 1), drop=1),
        )

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._find(event.value)

    def _find(self, text: str) -> None:
        asked = folded(text).split()
        found = [
            number
            for number, entry in self._entries.items()
            if all(word in _searched(entry) for word in asked)
        ]
        nothing = _('Nothing is called "{text}".').format(text=clean_line(text, 40))
        self._list.set_empty_text(nothing)
        self._list.set_rows(found)
        self._list.action_first()

    def action_step(self, how: str, by: int) -> None:
        """Move the cursor of the list while the keys go into the text."""
        (self._list.action_move if how == "move" else self._list.action_page)(by)

    def action_choose(self) -> None:
        """Do what the cursor stands on."""
        chosen = self._list.cursor_id
        if chosen is not None:
            self.dismiss(self._entries[chosen])

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)

    @on(VirtualList.Selected)
    def _clicked(self, event: VirtualList.Selected) -> None:
        event.stop()
        self.dismiss(self._entries[event.row_id])

    def _row(self, number: str) -> Mapping[str, Cell]:
        entry = self._entries[number]
        return {
            "keys": Cell(entry.keys, "accent" if entry.keys else ""),
            "words": Cell(entry.words),
            "place": Cell(entry.place, "muted"),
        }


def _searched(entry: Entry) -> str:
    return folded(f"{entry.keys} {entry.words} {entry.place}")


def _is_possible(node: DOMNode, act: str) -> bool:
    """Whether the widget would do it now."""
    from textual.actions import parse

    where, name, parameters = parse(act)
    target = node.app if where == "app" else node
    return bool(target.check_action(name, parameters))
