"""The prompt files of the folder: listed, searched, opened, copied, renamed and trashed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import ProblemError
from sora_tui.i18n import _
from sora_tui.tui.state.editor_session import DraftWanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sora_tui.tui.context import Context
    from sora_tui.tui.panes.prompts import (
        CopyPrompt,
        NewPrompt,
        PromptOpened,
        PromptSearch,
        PromptsEntered,
        RenamePrompt,
        TrashPrompt,
        UntrashPrompt,
    )
    from sora_tui.workspace.prompts import PromptFile, PromptShelf


class Prompts:
    """Carries out what the prompts pane asks for, and reads what other programs wrote."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: Made with the first list.
        self._shelf: PromptShelf | None = None
        #: The last rename of a prompt file, from and to, until another change of the list.
        self._renamed: tuple[str, str] | None = None
        context.signals.prompts_changed.subscribe(lambda _changed: self._refresh())
        context.signals.resumed.subscribe(lambda _back: self.check_for_changes())
        context.signals.focus_changed.subscribe(self._focus_changed)
        self._refresh()

    # The list ---------------------------------------------------------------------------------

    def enter(self, _intent: PromptsEntered) -> None:
        """Read the folder again: files may have come, the one in the editor among them."""
        self._refresh()

    def _refresh(self) -> None:
        self._context.ui.run(self._list, self._show, group="files", latest=True)

    def _list(self) -> list[PromptFile]:
        """Return every prompt file; blocks."""
        from sora_tui.workspace.prompts import PromptShelf

        if self._shelf is None:
            self._shelf = PromptShelf(self._context.session.folder)
        return self._shelf.list()

    def _show(self, prompts: list[PromptFile]) -> None:
        pane = self._context.ui.workbench.prompts
        if pane is not None:
            pane.show(prompts, self._context.session.clock())

    def search(self, intent: PromptSearch) -> None:
        """Find the files with these words."""
        find, show = partial(self._find, intent.words), partial(self._show_found, intent.words)
        self._context.ui.run(find, show, group="search", latest=True)

    def _find(self, words: str) -> set[str] | None:
        """Return the paths of the listed files that have all these words, None for all; blocks."""
        if not words.split():
            return None
        return set() if self._shelf is None else self._shelf.search(words)

    def _show_found(self, words: str, found: set[str] | None) -> None:
        pane = self._context.ui.workbench.prompts
        if pane is not None:
            pane.show_found(words, found)

    def _show_in_list(self, file: str | None) -> None:
        pane = self._context.ui.workbench.prompts
        if pane is not None and file is not None:
            pane.stand_on(file)
        self._refresh()

    # Opening ----------------------------------------------------------------------------------

    def open(self, intent: PromptOpened) -> None:
        """Put this file into the editor."""
        editor = self._context.ui.workbench.editor
        if intent.path == editor.draft.file:
            self.check_for_changes()
            editor.focus_pane()
        else:
            self._open(intent.path, then=editor.focus_pane)

    def _open(self, file: str, then: Callable[[], object] | None = None) -> None:
        """Put a prompt file into the editor."""
        from sora_tui.tui.services.prompt_files import open_prompt

        context = self._context
        folder, settings = context.session.folder, context.session.settings
        load = partial(open_prompt, folder, context.saver.drafts, file, settings)
        context.signals.draft_wanted.publish(DraftWanted(load, then=then))

    def new(self, _intent: NewPrompt) -> None:
        """Begin an empty prompt."""
        from sora_tui.core.prompt import Prompt
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of

        context = self._context
        draft = draft_of(Prompt(""), None, context.session.settings)
        context.signals.draft_wanted.publish(DraftWanted(lambda: Opened(draft)))
        context.ui.workbench.editor.focus_pane()

    def _focus_changed(self, has_focus: bool) -> None:
        # Who comes back to this window may have written in the file elsewhere.
        if has_focus:
            self.check_for_changes()

    def check_for_changes(self) -> None:
        """Read the file in the editor again if another program wrote in it and we did not."""
        editor = self._context.editor
        draft = editor.draft
        if draft is not None and draft.file is not None and editor.unkept is None:
            same = partial(self._is_same, draft.file, draft.source)
            read = partial(self._read_again, draft.file, draft.source)
            self._context.ui.run(same, read, group="compare", latest=True)

    def _is_same(self, file: str, source: str) -> bool:
        from sora_tui.workspace.prompts import read_source

        try:
            return read_source(self._context.session.folder.root / file) == source
        except ProblemError:
            return True  # it is gone or unreadable: what the editor holds is all there is

    def _read_again(self, file: str, source: str, is_same: bool) -> None:
        editor = self._context.editor
        draft = editor.draft
        untouched = editor.unkept is None and not editor.has_question
        if draft is None or is_same or not untouched:
            return
        if (draft.file, draft.source) == (file, source):
            self._open(file, then=partial(self._tell_changed, file))

    def _tell_changed(self, file: str) -> None:
        text = _("{file} was changed by another program: read again")
        self._context.ui.say(text.format(file=file))
        self._refresh()

    # Changing ---------------------------------------------------------------------------------

    def copy(self, intent: CopyPrompt) -> None:
        """Make a copy under a free name and open it."""
        from sora_tui.core.prompt import edit_source
        from sora_tui.tui.services.prompt_files import open_prompt
        from sora_tui.tui.state.draft import prompt_of
        from sora_tui.workspace.prompts import new_prompt

        context = self._context
        folder, settings = context.session.folder, context.session.settings
        try:
            self._put_away()
            draft = open_prompt(folder, context.saver.drafts, intent.path, settings).draft
            source = edit_source(draft.source, prompt_of(draft))
            file = new_prompt(folder, source, like=intent.path)
        except ProblemError as error:
            context.ui.complain(error.problem)
            return
        self._open(file)
        self._refresh()
        context.ui.say(_("Copied to {file}").format(file=file))
        context.ui.workbench.editor.focus_pane()

    def _put_away(self) -> None:
        """Write what the editor holds.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        after = self._context.saver.put_away()
        if after is not None:
            self._context.ui.workbench.editor.mark_kept(after)

    def _is_open(self, path: str) -> bool:
        return path == self._context.ui.workbench.editor.draft.file

    def rename(self, intent: RenamePrompt) -> None:
        """Give the file another name; its draft and its values go along."""
        file = self._rename(intent.path, intent.name)
        if file is not None:
            self._renamed = (intent.path, file)
            text = _("{file} is now {name}; u undoes")
            self._context.ui.say(text.format(file=intent.path, name=file))

    def _rename(self, path: str, name: str) -> str | None:
        """Return the new path of a prompt file, None where it could not be renamed."""
        from sora_tui.workspace.prompts import rename_prompt
        from sora_tui.workspace.variable_values import rename_values

        context, folder = self._context, self._context.session.folder
        is_open = self._is_open(path)
        try:
            if is_open:
                self._put_away()
            file = rename_prompt(folder, path, name)
            context.saver.drafts.rename(path, file)
            rename_values(folder, path, file)
        except ProblemError as error:
            context.ui.complain(error.problem)
            return None
        if is_open:
            self._open(file)
        self._show_in_list(file)
        return file

    def trash(self, intent: TrashPrompt) -> None:
        """Move the file to the trash; the next one takes its place in the editor."""
        from sora_tui.workspace.prompts import trash_prompt

        context = self._context
        try:
            if self._is_open(intent.path):
                self._put_away()
            session = context.session
            trashed = trash_prompt(session.folder, intent.path, session.clock())
            context.saver.drafts.rename(intent.path, trashed)
        except ProblemError as error:
            context.ui.complain(error.problem)
            return
        self._renamed = None
        if self._is_open(intent.path) and intent.next is not None:
            self._open(intent.next)
        context.ui.say(_("{file} is in prompts/.trash; u brings it back").format(file=intent.path))
        self._show_in_list(intent.next)

    def untrash(self, _intent: UntrashPrompt) -> None:
        """Undo the last rename, or bring back what was trashed last."""
        from sora_tui.workspace.prompts import untrash_prompt

        context, ui = self._context, self._context.ui
        if self._renamed is not None:
            (before, after), self._renamed = self._renamed, None
            file = self._rename(after, before)
            if file is not None:
                ui.say(_("{file} is now {name}").format(file=after, name=file))
            return
        try:
            found = untrash_prompt(context.session.folder)
            if found is not None:
                context.saver.drafts.rename(*found)
        except ProblemError as error:
            ui.complain(error.problem)
            return
        if found is None:
            ui.say(_("The trash is empty."))
            return
        ui.say(_("{file} is back").format(file=found[1]))
        self._show_in_list(found[1])
