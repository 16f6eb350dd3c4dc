"""Every command of the screen: what `[keys]` calls it, its keys, what it does, and who does it.

Bindings, footer, help, palette and `sora-tui keys` read this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from textual.binding import Binding

from sora_tui.i18n import N_
from sora_tui.tui.commands.key_names import named, spell

#: Where keys of the app act: wherever no pane or widget has the key.
EVERYWHERE: Final = "everywhere"
#: Message ids for the places where keys act.
SCOPES: Final[Mapping[str, str]] = {
    "prompts": N_("prompts"),
    "references": N_("references"),
    "editor": N_("editor"),
    "settings": N_("settings"),
    "jobs": N_("jobs"),
    "inspector": N_("inspector"),
    "list": N_("lists"),
    "text": N_("long texts"),
    "tree": N_("the document"),
    "variables": N_("variables"),
    "diff": N_("comparing"),
    "params": N_("parameters"),
    EVERYWHERE: N_("everywhere"),
}


class Command(NamedTuple):
    """One thing that can be done, and the keys that do it.

    Attributes:
        id: What `[keys]` in sora-tui.toml calls it; its place, a dot and a word, or a word alone
            where it acts everywhere.
        keys: Textual's names, separated by commas, the surest first. Printable ones act outside
            text only.
        text: Message id for help and palette.
        where: Whose keys these are: the widgets with this `WHERE`.
        action: As Textual calls it on that widget, where no controller does it.
        owner: The controller that does it; see `registry.py`.
        method: Of the owner.
        arguments: For method and `enabled`.
        enabled: Name of a method of the owner that returns why it cannot be done now, or None.
        priority: The key is taken even from a text.
    """

    id: str
    keys: str
    text: str
    where: str = EVERYWHERE
    action: str = ""
    owner: str = ""
    method: str = ""
    arguments: tuple[object, ...] = ()
    enabled: str = ""
    priority: bool = False

    @property
    def place(self) -> str:
        """Where it acts, one of `SCOPES`."""
        return place_of(self.id)

    @property
    def run(self) -> str:
        """The action to run, in Textual's words."""
        return f"app.command({self.id!r})" if self.owner else self.action

    @property
    def shown(self) -> str:
        """The keys as a person reads them."""
        return "  ".join(named(spell(key)) for key in self.keys.split(","))


def place_of(command_id: str) -> str:
    """Return the part of an id before the dot, if that is a place of its own."""
    place, dot, _word = command_id.partition(".")
    return place if dot and place in SCOPES else EVERYWHERE


def _key(
    id: str,
    keys: str,
    text: str,
    action: str = "",
    *,
    where: str = "",
    priority: bool = False,
) -> Command:
    """A key of a widget, or of the app itself."""
    where = where or place_of(id)
    return Command(id, keys, text, where, action or id, priority=priority)


def _do(
    id: str,
    keys: str,
    text: str,
    owner: str,
    method: str,
    *arguments: object,
    enabled: str = "",
    priority: bool = False,
) -> Command:
    """A command that a controller does."""
    return Command(id, keys, text, place_of(id), "", owner, method, arguments, enabled, priority)


def _act(id: str, keys: str, text: str) -> Command:
    """A verb of `state/job_verbs.py`: for the selected jobs, or for the one in the inspector."""
    place, _dot, verb = id.partition(".")
    method, enabled = _ACTS[place]
    return _do(id, keys, text, "job_actions", method, verb, enabled=enabled)


def _derive(id: str, keys: str, text: str, operation: str) -> Command:
    """An operation on the highlighted job's clip."""
    return _do(id, keys, text, "derive", "begin", operation, enabled="refuse")


def _walk(id: str, keys: str, text: str, way: str) -> Command:
    """A step from the highlighted job to one of its lineage."""
    return _do(id, keys, text, "lineage", "walk", way, enabled="refuse")


#: By place, the methods of `JobActions`.
_ACTS: Final = {"jobs": ("act", "refuse"), "inspector": ("act_on_shown", "refuse_shown")}
#: SSH terminals swallow some of these (VS Code ctrl+p and F5, GNOME Terminal alt+digit, macOS
#: alt): every action has another key, and a plain one outside text. Terminals send alt+1 for
#: esc 1.
COMMANDS: Final[tuple[Command, ...]] = (
    _do(
        "generate",
        "f5,ctrl+r,alt+enter",
        N_("Make a clip from this prompt"),
        "orders",
        "generate",
    ),
    _do("help", "f1,question_mark", N_("Show every key"), "palette", "show_help"),
    _do("server", "f2,S", N_("Choose the server"), "servers", "open"),
    _do(
        "remote",
        "R",
        N_("Show the server's jobs that this folder does not know"),
        "remote_jobs",
        "open",
    ),
    _do(
        "external_editor",
        "f4,ctrl+g",
        N_("Write this prompt in $VISUAL or $EDITOR"),
        "editor",
        "write_elsewhere",
    ),
    _do("palette", "ctrl+p,colon", N_("Find an action by its name"), "palette", "show_all"),
    _do("save_prompt", "ctrl+s", N_("Keep prompt and settings in prompts/"), "editor", "save"),
    _do("pane.prompts", "1,alt+1", N_("Go to the prompts"), "panes", "go", "prompts"),
    _do(
        "pane.references",
        "2,alt+2",
        N_("Go to the reference pictures"),
        "panes",
        "go",
        "references",
    ),
    _do("pane.editor", "3,alt+3", N_("Go to the editor"), "panes", "go", "editor"),
    _do("pane.jobs", "4,alt+4", N_("Go to the jobs"), "panes", "go", "jobs"),
    _do("pane.inspector", "5,alt+5", N_("Go to the inspector"), "panes", "go", "inspector"),
    _do("zoom", "z", N_("Give this pane the whole screen, and back"), "panes", "zoom"),
    _do("wider", "greater_than_sign", N_("Make this pane wider"), "panes", "resize", 4, 0),
    _do("narrower", "less_than_sign", N_("Make this pane narrower"), "panes", "resize", -4, 0),
    _do("higher", "plus", N_("Make this pane higher"), "panes", "resize", 0, 2),
    _do("lower", "minus", N_("Make this pane lower"), "panes", "resize", 0, -2),
    _do("hide_pane", "H", N_("Hide this pane until its number is pressed"), "panes", "hide"),
    _do(
        "arrange_anew",  # what `[keys]` calls it
        "equals_sign",
        N_("Show all panes again, at their usual size"),
        "panes",
        "arrange",
    ),
    _do("look", "o", N_("Look at the clip, or say how to fetch it"), "job_actions", "act", "look"),
    _do("copy_path", "y", N_("Copy the clip's path or scp line"), "job_actions", "act", "copy"),
    _do("edit_job", "e", N_("Edit this job's prompt and settings again"), "job_prompts", "edit"),
    _do("diff_job", "D", N_("Compare the editor with this job's prompt"), "job_prompts", "compare"),
    _key("redraw", "ctrl+l", N_("Paint the screen and its pictures anew"), priority=True),
    _key("redraw_plain", "L", N_("Paint the screen anew, outside text"), "redraw"),
    _derive("remix_job", "m", N_("Remix this clip with another prompt"), "remix"),
    _derive("change_clip", "t", N_("Change this clip as a prompt says"), "edit"),
    _derive("extend_job", "x", N_("Go on with this clip where it ends"), "extend"),
    _derive("make_character", "C", N_("Make a character of this clip"), "character"),
    _do(
        "own_clip",
        "V",
        N_("Change or extend an MP4 of this folder, or make a character of it"),
        "derive",
        "choose_clip",
    ),
    _do("cast", "at", N_("Choose the characters that appear"), "derive", "choose_characters"),
    _walk("origin", "u", N_("Go to the job that this one came from"), "origins"),
    _walk("became", "w", N_("Go to what became of this job"), "made"),
    _do("suspend", "ctrl+z", N_("Back to the shell; fg comes here again"), "quitting", "suspend"),
    _do("back", "escape", N_("Leave the text, then one level back"), "panes", "back"),
    _do("leave", "ctrl+q", N_("Quit; jobs lose nothing"), "quitting", "leave", priority=True),
    # Apart from the one above: a text must not lose these to it.
    _do("leave_plain", "q", N_("Quit, outside text"), "quitting", "leave"),
    _do("leave_twice", "ctrl+c", N_("Quit, the second time"), "quitting", "interrupt"),
    # The text of the prompt.
    _key("editor.leave", "escape", N_("Leave the text: letters are commands then"), "leave"),
    # The settings line.
    _key("settings.before", "left", N_("Value before"), "step(-1)"),
    _key("settings.next", "right", N_("Next value"), "step(1)"),
    _key("settings.press", "enter,space", N_("Generate"), "press", where="button"),
    # Panes.
    _key("prompts.new", "n", N_("Begin an empty prompt"), "new"),
    _key("prompts.copy", "c", N_("Copy this prompt under a new name"), "copy"),
    _key("prompts.rename", "r", N_("Rename this prompt"), "rename"),
    _key("prompts.trash", "d,delete", N_("Move this prompt to the trash"), "trash"),
    _key("prompts.untrash", "u", N_("Undo the last rename or trash"), "untrash"),
    _key("prompts.search", "slash", N_("Search in names and texts"), "search"),
    _key("prompts.clear", "escape", N_("Show all prompts again"), "clear"),
    _key("references.fit", "f", N_("Choose how the picture is fitted"), "fit"),
    _key("references.look", "space", N_("Look at the picture"), "show_picture"),
    _key("references.search", "slash", N_("Find a picture by its name"), "search"),
    _key("references.clear", "escape", N_("Show every picture again"), "clear_search"),
    _act("jobs.look", "o", N_("Look at the clip")),
    _act("jobs.copy", "y", N_("Copy the path or scp line")),
    _key("jobs.mark", "space", N_("Mark this job, or take its mark away"), "mark"),
    _key("jobs.mark_all", "A", N_("Mark every job of the list, or none"), "mark_all"),
    _act("jobs.cancel", "c", N_("Take back what was not sent yet, after a question")),
    _act("jobs.edit", "e", N_("Take a waiting job back and write it anew")),
    _act("jobs.retry", "r", N_("Make it again as a new job, after its price")),
    _act("jobs.delete", "d,delete", N_("Move the record to the trash, after a question")),
    _key("jobs.filter", "slash", N_("Filter: words, state:failed, server:lab"), "filter"),
    _key("jobs.sort", "s", N_("Sort by the next column"), "sort"),
    _key("jobs.follow", "f", N_("Follow the newest job, or stay where you are"), "track_newest"),
    _do("jobs.pause", "p", N_("Pause the queue, or let it go on"), "job_actions", "switch_queue"),
    _key("jobs.clear", "escape", N_("Clear marks, then the filter"), "clear"),
    _key("inspector.facts", "f", N_("Show the facts"), "page('facts')"),
    _key("inspector.events", "E", N_("Show the events"), "page('events')"),
    _key("inspector.json", "J", N_("Show the JSON document"), "page('json')"),
    _key("inspector.before", "left,h", N_("Page before"), "turn(-1)"),
    _key("inspector.after", "right,l", N_("Page after"), "turn(1)"),
    _key("inspector.view", "v", N_("Poster or filmstrip"), "view"),
    _act("inspector.look", "o", N_("Look at the clip")),
    _act("inspector.copy", "y", N_("Copy the path or scp line")),
    _act("inspector.cancel", "c", N_("Take it back, after a question")),
    _act("inspector.retry", "r", N_("Make it again, after its price")),
    _act("inspector.delete", "d,delete", N_("Move the record to the trash")),
    _key("inspector.adopt", "a", N_("Adopt the video found"), "decide('adopt')"),
    _key("inspector.send", "s", N_("Send again, after a question"), "decide('price')"),
    _key("inspector.give_up", "x", N_("Give up, after a question"), "decide('abandon')"),
    _key("inspector.paste", "p", N_("Paste a video id"), "decide('paste')"),
    # Widgets of any pane.
    _key("list.up", "up,k", N_("Up"), "move(-1)"),
    _key("list.down", "down,j", N_("Down"), "move(1)"),
    _key("list.page_up", "pageup", N_("Page up"), "page(-1)"),
    _key("list.page_down", "pagedown", N_("Page down"), "page(1)"),
    _key("list.half_up", "ctrl+u", N_("Half a page up"), "page(-0.5)"),
    _key("list.half_down", "ctrl+d", N_("Half a page down"), "page(0.5)"),
    _key("list.first", "home,g", N_("First"), "first"),
    _key("list.last", "end,G", N_("Last"), "last"),
    _key("list.select", "enter", N_("Select"), "select"),
    _key("text.up", "up,k", N_("Up"), "move(-1)"),
    _key("text.down", "down,j", N_("Down"), "move(1)"),
    _key("text.page_up", "pageup,ctrl+u", N_("Page up"), "page(-1)"),
    _key("text.page_down", "pagedown,ctrl+d", N_("Page down"), "page(1)"),
    _key("text.top", "home,g", N_("Top"), "edge(False)"),
    _key("text.bottom", "end,G", N_("Bottom"), "edge(True)"),
    _key("tree.copy_value", "y", N_("Copy the value"), "copy(False)"),
    _key("tree.copy_path", "Y", N_("Copy the path, as jq writes it"), "copy(True)"),
    _key("tree.fold", "space", N_("Open or fold"), "select"),
    _key("tree.open_all", "plus", N_("Open everything"), "fold_all(True)"),
    _key("tree.fold_all", "minus", N_("Fold everything"), "fold_all(False)"),
    # The question for variables.
    _key("variables.back", "escape", N_("Back to the text"), "leave"),
    _key("variables.before", "up", N_("Variable before"), "move(-1)"),
    _key("variables.next", "down", N_("Next variable"), "move(1)"),
    _key("variables.page_up", "pageup", N_("Text before"), "page(-1)"),
    _key("variables.page_down", "pagedown", N_("More text"), "page(1)"),
    # Dialogs.
    _key("diff.close", "escape,q", N_("Close"), "dismiss"),
    _key("diff.turn", "D,tab", N_("Compare with something else"), "turn"),
    _key("params.new", "n", N_("Send a parameter of any name"), "new"),
    _key("params.unset", "d,delete,backspace", N_("Leave it to the server"), "unset"),
    _key("params.preset", "p", N_("Take what the model's makers use"), "preset"),
    _key("params.leave", "escape,q", N_("Close"), "leave"),
)
BY_ID: Final[Mapping[str, Command]] = {command.id: command for command in COMMANDS}


def commands_at(where: str) -> tuple[Command, ...]:
    """Return the commands of the widgets with this `WHERE`."""
    return tuple(command for command in COMMANDS if command.where == where)


def bindings(where: str) -> list[Binding]:
    """The bindings of a widget. Their texts are message ids: the language is not chosen yet."""
    return [
        Binding(each.keys, each.run, each.text, id=each.id, priority=each.priority)
        for each in commands_at(where)
    ]


def first_key(command_id: str, own: Mapping[str, str]) -> str:
    """Return the surest key of a command, as a person reads it.

    Args:
        command_id: The id of the command.
        own: Keys by id, where the person has others.
    """
    return spell(own.get(command_id, BY_ID[command_id].keys).split(",")[0])
