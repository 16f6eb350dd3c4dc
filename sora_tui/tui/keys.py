"""Every key of the screen in one table: bindings, footer, help and palette are read from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget

from sora_tui.i18n import N_, _


@dataclass(frozen=True, slots=True)
class Key:
    """One action and the keys that do it.

    Attributes:
        name: Id of the binding, also the name of the app's action.
        keys: Textual's names, separated by commas. Printable ones act outside text only.
        shown: The keys as a person reads them, the surest first.
        short: Message id for the footer.
        words: Message id for help and palette.
    """

    name: str
    keys: str
    shown: str
    short: str
    words: str
    priority: bool = False


#: SSH terminals swallow some of these (VS Code ctrl+p and F5, GNOME Terminal alt+digit, macOS
#: alt): every action has another key, and a plain one outside text.
KEYS: Final = (
    Key(
        "generate",
        "f5,ctrl+r,alt+enter",
        "F5  ^R  alt+enter",
        N_("Generate"),
        N_("Make a clip from this prompt"),
    ),
    Key("help", "f1,question_mark", "F1  ?", N_("Help"), N_("Show every key")),
    Key("server", "f2,S", "F2  S", N_("Server"), N_("Choose the server")),
    Key(
        "remote",
        "R",
        "R",
        N_("Remote"),
        N_("Show the server's jobs that this folder does not know"),
    ),
    Key(
        "external_editor",
        "f4,ctrl+g",
        "F4  ^G",
        N_("$EDITOR"),
        N_("Write this prompt in $VISUAL or $EDITOR"),
    ),
    Key("palette", "ctrl+p,colon", "^P  :", N_("Palette"), N_("Find an action by its name")),
    Key("save_prompt", "ctrl+s", "^S", N_("Keep"), N_("Keep prompt and settings in prompts/")),
    Key("pane('prompts')", "alt+1,1", "1  alt+1  esc 1", N_("Prompts"), N_("Go to the prompts")),
    Key(
        "pane('references')",
        "alt+2,2",
        "2  alt+2  esc 2",
        N_("References"),
        N_("Go to the reference pictures"),
    ),
    Key("pane('editor')", "alt+3,3", "3  alt+3  esc 3", N_("Editor"), N_("Go to the editor")),
    Key("pane('jobs')", "alt+4,4", "4  alt+4  esc 4", N_("Jobs"), N_("Go to the jobs")),
    Key(
        "pane('inspector')",
        "alt+5,5",
        "5  alt+5  esc 5",
        N_("Inspector"),
        N_("Go to the inspector"),
    ),
    Key("zoom", "z", "z", N_("Zoom"), N_("Give this pane the whole screen, and back")),
    Key("look", "o", "o", N_("Look"), N_("Look at the clip, or say how to fetch it")),
    Key("copy_path", "y", "y", N_("Copy"), N_("Copy the clip's path or scp line")),
    Key(
        "suspend",
        "ctrl+z",
        "^Z",
        N_("Suspend"),
        N_("Back to the shell; fg returns, another sora-tui may go on meanwhile"),
    ),
    Key("back", "escape", "esc", N_("Back"), N_("Leave the text, then one level back")),
    Key("leave", "ctrl+q", "^Q", N_("Quit"), N_("Quit; jobs lose nothing"), priority=True),
)
_MORE_QUIT: Final = (
    Binding("q", "leave", id="leave_plain", show=False),
    Binding("ctrl+c", "interrupt", id="leave_twice", show=False),
)

#: What the footer offers whatever pane is in front, the way out last.
FOOTER: Final = (
    ("F1", N_("Help")),
    ("F2", N_("Server")),
    ("F4", N_("$EDITOR")),
    ("^P", N_("Palette")),
    ("^S", N_("Keep")),
    ("Tab", N_("Next pane")),
    ("^Q", N_("Quit")),
)
#: At most six keys below 100 columns: these go first.
_FEW: Final = 6
_FEW_WIDTH: Final = 100
_DROPPED: Final = ("F2", "^S", "^P", "F4", "Tab")


def bindings() -> list[Binding]:
    """The app's bindings. Their texts are message ids: the language is not chosen yet."""
    table = [
        Binding(key.keys, key.name, key.words, id=_plain(key.name), priority=key.priority)
        for key in KEYS
    ]
    return [*table, *_MORE_QUIT]


def _plain(name: str) -> str:
    return name.replace("('", "_").replace("')", "")


class KeyLine(Widget):
    """One line of the keys that matter now. Textual's Footer costs imports and bytes."""

    DEFAULT_CSS = "KeyLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._first: tuple[tuple[str, str], ...] = ()
        self._alone = False

    def show(self, keys: Iterable[tuple[str, str]], *, alone: bool = False) -> None:
        """Offer these first (key as shown, message id), then those that work everywhere.

        With `alone` there are no others: the next key is an answer.
        """
        first = tuple(keys)
        if (first, alone) != (self._first, self._alone):
            self._first, self._alone = first, alone
            self.refresh()

    def render(self) -> Content:
        """The first one, the way to help, then whole keys as far as the line goes."""
        own = list(self._first)
        shown = {key for key, _words in own}
        everywhere = [] if self._alone else [pair for pair in FOOTER if pair[0] not in shown]
        for dropped in _DROPPED:
            if not self._is_too_much([*own, *everywhere]):
                break
            everywhere = [pair for pair in everywhere if pair[0] != dropped]
        pairs = [*own[:1], *everywhere[:1], *own[1:], *everywhere[1:]]
        while len(pairs) > 3 and self._is_too_much(pairs):
            pairs.pop(-2)
        line = Content(" ")
        for key, words in pairs:
            line += Content.styled(key, "bold $text-accent")
            line += Content.styled(f" {_(words)}  ", "$foreground-muted")
        return line

    def _is_too_much(self, pairs: list[tuple[str, str]]) -> bool:
        width = self.size.width
        if width < _FEW_WIDTH and len(pairs) > _FEW:
            return True
        return sum(cell_len(f"{key} {_(words)}  ") for key, words in pairs) > width + 1
