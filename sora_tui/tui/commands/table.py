"""What a key of the screen is, the table of those that work everywhere, and the footer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget

from sora_tui.i18n import N_, _


class Key(NamedTuple):
    """One action and the keys that do it.

    Attributes:
        id: What `[keys]` in sora-tui.toml calls it; its pane, a dot and a word, or a word alone
            where it acts everywhere.
        keys: Textual's names, separated by commas, the surest first. Printable ones act outside
            text only.
        words: Message id for help and palette.
        action: As Textual calls it, on the widget that has this table; empty: like the id.
        owner: The controller that does it, whatever widget has this table; see `registry.py`.
        method: Of the owner.
        arguments: For the method.
        enabled: Name of a method of the owner that returns why it cannot be done now, or None.
    """

    id: str
    keys: str
    words: str
    action: str = ""
    priority: bool = False
    owner: str = ""
    method: str = ""
    arguments: tuple[object, ...] = ()
    enabled: str = ""

    @property
    def act(self) -> str:
        """The action to run."""
        return f"app.command({self.id!r})" if self.owner else self.action or self.id

    @property
    def shown(self) -> str:
        """The keys as a person reads them."""
        return "  ".join(named(spell(key)) for key in self.keys.split(","))


#: Textual's names of signs, and of keys that have a better known one.
_SPELLED: Final[Mapping[str, str]] = {
    "question_mark": "?",
    "at": "@",
    "colon": ":",
    "slash": "/",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def spell(key: str) -> str:
    """One key as a person reads it: `F5`, `^R`, `alt+1`, `?`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _SPELLED.get(key, key)


#: Names that are words, and differ by language.
_NAMES: Final = frozenset(
    (
        N_("enter"),
        N_("space"),
        N_("delete"),
        N_("backspace"),
        N_("home"),
        N_("end"),
        N_("pageup"),
        N_("pagedown"),
    )
)


def named(spelled: str) -> str:
    """A key as the keyboard of this language names it."""
    return _(spelled) if spelled in _NAMES else spelled


def respelled(
    pairs: Iterable[tuple[str, str]], tables: Iterable[Key], own: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Keys as the footer shows them, each by the first one that the person has set for it.

    Args:
        pairs: Keys as spelled by default, and message ids.
        own: Keys by id, as `[keys]` has them.
    """
    new = {
        spell(default): spell(own[key.id].split(",")[0])
        for key in tables
        if key.id in own
        for default in key.keys.split(",")
    }
    return tuple((new.get(shown, shown), words) for shown, words in pairs)


def normal_keys(own: Mapping[str, str]) -> dict[str, str]:
    """The person's own keys (`[keys]`, by id), as Textual names them."""
    if not own:
        return {}
    from sora_tui.tui.commands.keymap import normal

    return {id: normal(keys) for id, keys in own.items()}


def bindings(keys: Iterable[Key]) -> list[Binding]:
    """The bindings of a table. Their texts are message ids: the language is not chosen yet."""
    return [Binding(key.keys, key.act, key.words, id=key.id, priority=key.priority) for key in keys]


def _at(id: str, keys: str, words: str, owner: str, method: str, *arguments: object) -> Key:
    """A command that a controller does."""
    return Key(id, keys, words, owner=owner, method=method, arguments=arguments)


#: SSH terminals swallow some of these (VS Code ctrl+p and F5, GNOME Terminal alt+digit, macOS
#: alt): every action has another key, and a plain one outside text. Terminals send alt+1 for
#: esc 1. What only one pane knows stands in that pane's own table.
KEYS: Final = (
    Key("generate", "f5,ctrl+r,alt+enter", N_("Make a clip from this prompt")),
    _at("help", "f1,question_mark", N_("Show every key"), "palette", "show_help"),
    _at("server", "f2,S", N_("Choose the server"), "servers", "open"),
    _at(
        "remote",
        "R",
        N_("Show the server's jobs that this folder does not know"),
        "remote_jobs",
        "open",
    ),
    Key("external_editor", "f4,ctrl+g", N_("Write this prompt in $VISUAL or $EDITOR")),
    _at("palette", "ctrl+p,colon", N_("Find an action by its name"), "palette", "show_all"),
    Key("save_prompt", "ctrl+s", N_("Keep prompt and settings in prompts/")),
    _at("pane.prompts", "1,alt+1", N_("Go to the prompts"), "panes", "go", "prompts"),
    _at(
        "pane.references",
        "2,alt+2",
        N_("Go to the reference pictures"),
        "panes",
        "go",
        "references",
    ),
    _at("pane.editor", "3,alt+3", N_("Go to the editor"), "panes", "go", "editor"),
    _at("pane.jobs", "4,alt+4", N_("Go to the jobs"), "panes", "go", "jobs"),
    _at("pane.inspector", "5,alt+5", N_("Go to the inspector"), "panes", "go", "inspector"),
    _at("zoom", "z", N_("Give this pane the whole screen, and back"), "panes", "zoom"),
    _at("wider", "greater_than_sign", N_("Make this pane wider"), "panes", "resize", 4, 0),
    _at("narrower", "less_than_sign", N_("Make this pane narrower"), "panes", "resize", -4, 0),
    _at("higher", "plus", N_("Make this pane higher"), "panes", "resize", 0, 2),
    _at("lower", "minus", N_("Make this pane lower"), "panes", "resize", 0, -2),
    _at("hide_pane", "H", N_("Hide this pane until its number is pressed"), "panes", "hide"),
    _at(
        "arrange_anew",
        "equals_sign",
        N_("Show all panes again, at their usual size"),
        "panes",
        "arrange",
    ),
    Key("look", "o", N_("Look at the clip, or say how to fetch it")),
    Key("copy_path", "y", N_("Copy the clip's path or scp line")),
    Key("edit_job", "e", N_("Edit this job's prompt and settings again")),
    Key("diff_job", "D", N_("Compare the editor with this job's prompt")),
    Key("redraw", "ctrl+l", N_("Paint the screen and its pictures anew"), priority=True),
    Key("redraw_plain", "L", N_("Paint the screen anew, outside text"), "redraw"),
    Key("remix_job", "m", N_("Remix this clip with another prompt"), "derive('remix')"),
    Key("change_clip", "t", N_("Change this clip as a prompt says"), "derive('edit')"),
    Key("extend_job", "x", N_("Go on with this clip where it ends"), "derive('extend')"),
    Key("make_character", "C", N_("Make a character of this clip"), "derive('character')"),
    Key("own_clip", "V", N_("Change or extend an MP4 of this folder, or make a character of it")),
    Key("cast", "at", N_("Choose the characters that appear")),
    Key("origin", "u", N_("Go to the job that this one came from"), "walk('origins')"),
    Key("became", "w", N_("Go to what became of this job"), "walk('made')"),
    Key(
        "suspend",
        "ctrl+z",
        N_("Back to the shell; fg comes here again"),
    ),
    _at("back", "escape", N_("Leave the text, then one level back"), "panes", "back"),
    Key("leave", "ctrl+q", N_("Quit; jobs lose nothing"), priority=True),
    # Apart from the one above: a text must not lose these to it.
    Key("leave_plain", "q", N_("Quit, outside text"), "leave"),
    Key("leave_twice", "ctrl+c", N_("Quit, the second time"), "interrupt"),
)

#: Commands that a controller does, by id.
COMMANDS: Final[Mapping[str, Key]] = {key.id: key for key in KEYS if key.owner}

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
_DROPPED: Final = (("F2", ""), ("^S", ""), ("^P", ""), ("F4", ""), ("Tab", ""))


class KeyLine(Widget):
    """One line of the keys that matter now. Textual's Footer costs imports and bytes."""

    DEFAULT_CSS = "KeyLine { height: 1; }"

    def __init__(self, own: Mapping[str, str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._everywhere = respelled(FOOTER, KEYS, own)
        self._dropped = tuple(key for key, _words in respelled(_DROPPED, KEYS, own))
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
        everywhere = (
            [] if self._alone else [pair for pair in self._everywhere if pair[0] not in shown]
        )
        for dropped in self._dropped:
            if not self._is_too_much([*own, *everywhere]):
                break
            everywhere = [pair for pair in everywhere if pair[0] != dropped]
        pairs = [*own[:1], *everywhere[:1], *own[1:], *everywhere[1:]]
        while len(pairs) > 3 and self._is_too_much(pairs):
            pairs.pop(-2)
        line = Content(" ")
        for key, words in pairs:
            line += Content.styled(named(key), "bold $text-accent")
            line += Content.styled(f" {_(words)}  ", "$foreground-muted")
        return line

    def _is_too_much(self, pairs: list[tuple[str, str]]) -> bool:
        width = self.size.width
        if width < _FEW_WIDTH and len(pairs) > _FEW:
            return True
        return sum(cell_len(f"{named(key)} {_(words)}  ") for key, words in pairs) > width + 1
