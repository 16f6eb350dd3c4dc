"""The prompts pane: the prompt files of the folder, by name, with a search in name and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content

from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.i18n.formatting import day, thousands, time_of_day
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList

if TYPE_CHECKING:
    from textual.widgets import Input

    from sora_tui.workspace.prompts import PromptFile

#: From this width on the lower border names every key.
_WIDE: Final = 60


class PromptIntent(Intent):
    """The person wants something done with a prompt file; its path as `PromptFile` says it."""

    owner = "prompts"

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class PromptOpened(PromptIntent):
    """This prompt is to be written in."""

    method = "open"


class CopyPrompt(PromptIntent):
    """A copy of this prompt is wanted."""

    method = "copy"


class RenamePrompt(PromptIntent):
    """This prompt is to have another name, as the person wrote it."""

    method = "rename"

    def __init__(self, path: str, name: str) -> None:
        super().__init__(path)
        self.name = name


class TrashPrompt(PromptIntent):
    """This prompt is not wanted any more; `next` takes its place, None where there is none."""

    method = "trash"

    def __init__(self, path: str, next: str | None) -> None:
        super().__init__(path)
        self.next = next


class NewPrompt(Intent):
    """An empty prompt is wanted."""

    owner = "prompts"
    method = "new"


class UntrashPrompt(Intent):
    """What was trashed last is wanted again."""

    owner = "prompts"
    method = "untrash"


class PromptsEntered(Intent):
    """The pane got the keys; prompt files may have come meanwhile."""

    owner = "prompts"
    method = "enter"


class PromptSearch(Intent):
    """Only prompts with these words are wanted; empty: all of them."""

    owner = "prompts"
    method = "search"

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class PromptsPane(Vertical):
    """The prompt files, in the order given; a star marks the one in the editor."""

    DEFAULT_CSS = """
    PromptsPane > VirtualList { height: 1fr; }
    PromptsPane > Input { padding: 0 1; }
    """
    WHERE: ClassVar = "prompts"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("prompts")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._files: dict[str, PromptFile] = {}
        self._shown: list[str] = []
        self._now: datetime | None = None
        self._current: str | None = None
        self._titles = ("", "")
        #: What is searched for, what has it (None: everything), and where the cursor is to go.
        self._words = ""
        self._found: set[str] | None = None
        self._wanted: str | None = None
        #: The line at the bottom, and the file that it renames; None: it searches.
        self._line: Input | None = None
        self._renamed: str | None = None
        self._list = VirtualList(
            (
                Column("name", "", None, min_width=10),
                Column("open", "", 1),
                Column("hint", "", 11, justify="right", drop=1),
            ),
            self._row,
        )

    def compose(self) -> ComposeResult:
        """The list alone; a line to write in comes when it is needed."""
        yield self._list

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._refresh()

    # Values in --------------------------------------------------------------------------------

    def show(self, files: Sequence[PromptFile], now: datetime) -> None:
        """Show these files; `now` tells which were written today."""
        self._files = {file.path: file for file in files}
        self._now = now
        self._refresh()
        if self._words:
            self.post_message(PromptSearch(self._words))

    def show_found(self, words: str, found: set[str] | None) -> None:
        """Show only those of the files that were found with these words; None: all."""
        if words == self._words:
            self._found = found
            self._refresh()

    def set_current(self, path: str | None) -> None:
        """Mark the file that is in the editor."""
        self._current = path
        self._list.update_rows()

    def stand_on(self, path: str) -> None:
        """Put the cursor on this file, as soon as it is in the list."""
        self._wanted = path

    def focus_pane(self) -> None:
        """Take the keys, with the cursor on the prompt in the editor.

        Rename and trash act on the cursor's prompt, and a person means the one just written.
        """
        if not self.has_focus_within and not self._words:
            self._wanted = self._current
            self._go_to_wanted()
            self.post_message(PromptsEntered())
        (self._list if self._line is None else self._line).focus()

    # Values out -------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something here."""
        if self._line is not None and self._line.has_focus:
            if self._renamed is not None:
                return (("enter", N_("Rename")), ("esc", N_("Back")))
            return (("enter", N_("To the list")), ("esc", N_("All")))
        new = (("prompts.new", N_("New")),)
        if self._list.cursor_id is None:
            return (*new, ("prompts.clear", N_("All"))) if self._words else new
        keys = (
            ("list.select", N_("Open")),
            *new,
            ("prompts.rename", N_("Rename")),
            ("prompts.trash", N_("Trash")),
        )
        last = ("prompts.clear", N_("All")) if self._words else ("prompts.search", N_("Search"))
        return (*keys, last)

    def action_new(self) -> None:
        """Ask for an empty prompt."""
        self.post_message(NewPrompt())

    def action_copy(self) -> None:
        """Ask for a copy of the prompt under the cursor."""
        if self._chosen is not None:
            self.post_message(CopyPrompt(self._chosen))

    def action_trash(self) -> None:
        """Ask to trash the prompt under the cursor."""
        path = self._chosen
        if path is not None:
            at = self._shown.index(path) if path in self._shown else len(self._shown)
            others = self._shown[at + 1 : at + 2] or self._shown[:at][-1:]
            self.post_message(TrashPrompt(path, next(iter(others), None)))

    def action_untrash(self) -> None:
        """Ask for what was trashed last."""
        self.post_message(UntrashPrompt())

    async def action_rename(self) -> None:
        """Ask for the new name of the prompt under the cursor."""
        path = self._chosen
        if path is not None:
            await self._open_line(self._name_of(path), path)

    async def action_search(self) -> None:
        """Ask for the words to search for."""
        await self._open_line(self._words, None)

    async def action_clear(self) -> None:
        """Show all files again."""
        await self._close_line()
        self._search("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape clears only what is there to be cleared; otherwise it goes on to the app."""
        return action != "clear" or bool(self._words) or self._line is not None

    @on(VirtualList.Selected)
    def _selected(self, message: VirtualList.Selected) -> None:
        message.stop()
        self.post_message(PromptOpened(message.row_id))

    # The line ---------------------------------------------------------------------------------

    async def _open_line(self, text: str, renamed: str | None) -> None:
        from textual.widgets import Input  # its import is not for the first frame

        await self._close_line()
        self._renamed = renamed
        self._line = Input(clean_line(text, 200), select_on_focus=False, compact=True)
        self._line.placeholder = _("words in name or text") if renamed is None else _("name")
        await self.mount(self._line)
        self._line.focus()
        self._show_titles()

    async def _close_line(self) -> None:
        line, self._line, self._renamed = self._line, None, None
        if line is not None:
            if line.has_focus:
                self._list.focus()
            await line.remove()
            self._show_titles()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """The new name, or the words: on to the list."""
        event.stop()
        renamed = self._renamed
        await self._close_line()
        if renamed is not None and event.value.strip() not in {"", self._name_of(renamed)}:
            self.post_message(RenamePrompt(renamed, event.value))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while the words are written."""
        event.stop()
        if self._line is event.input and self._renamed is None:
            self._search(event.value)

    async def on_key(self, event: events.Key) -> None:
        """Down leaves the words for the list."""
        if event.key == "down" and self._line is not None and self._renamed is None:
            event.stop()
            await self._close_line()

    async def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Who goes elsewhere is done with the line; what was searched for stays."""
        if event.widget is self._line:
            await self._close_line()

    def _search(self, words: str) -> None:
        if words != self._words:
            self._words = words
            self.post_message(PromptSearch(words))

    @property
    def _chosen(self) -> str | None:
        """The prompt that keys act on: where the cursor is, or goes as soon as it is listed."""
        return self._wanted or self._list.cursor_id

    def _name_of(self, path: str) -> str:
        file = self._files.get(path)
        return path.removeprefix("prompts/").removesuffix(".md") if file is None else file.name

    # Drawing ----------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """More width, more keys."""
        self._show_titles()

    def _refresh(self) -> None:
        found = self._found
        self._shown = [path for path in self._files if found is None or path in found]
        if self._files and not self._shown:
            text = _('0 of {all} match "{words}"  esc clears').format(
                all=thousands(len(self._files)), words=clean_line(self._words, 60)
            )
        else:
            text = _("Type on the right; ctrl+s keeps it in prompts/")
        self._list.set_empty_text(text)
        self._list.set_rows(self._shown)
        self._list.update_rows()
        self._go_to_wanted()
        self._show_titles()

    def _go_to_wanted(self) -> None:
        if self._wanted is not None and self._list.move_to(self._wanted):
            self._wanted = None

    def _show_titles(self) -> None:
        if not self.is_attached:
            return
        count = ""
        if self._found is not None:
            facts = {"found": thousands(len(self._shown)), "all": thousands(len(self._files))}
            count = "  " + _("{found} of {all}").format(**facts)
        elif self._files:
            count = f"  {thousands(len(self._files))}"
        if self._renamed is not None:
            below = _("enter rename  esc back")
        elif self._words:
            below = _('match "{words}"  esc all').format(words=clean_line(self._words, 20))
        elif self.size.width >= _WIDE:
            below = _("enter open  n new  c copy  r rename  d trash  u undo  / search")
        else:
            below = _("n new  r rename  d trash  / search")
        titles = (f"1 {_('Prompts')}{count}", below)
        if titles != self._titles:
            self._titles = titles
            self.border_title, self.border_subtitle = (Content(title) for title in titles)

    def _row(self, path: str) -> Mapping[str, Cell]:
        file = self._files[path]
        return {
            "name": Cell(clean_line(file.name, 200)),
            "open": Cell("*" if path == self._current else ""),
            "hint": Cell(self._hint(file), "muted"),
        }

    def _hint(self, file: PromptFile) -> str:
        if file.is_default:
            return _("the default")
        if file.variables:
            count = file.variables
            return ngettext("{count} var", "{count} vars", count).format(count=count)
        if self._now is not None and day(file.modified) == day(self._now):
            return _("today {time}").format(time=time_of_day(file.modified))
        return day(file.modified)
