"""Prompt files by key: open, search, new, copy, rename, trash; and a job's prompt back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on, work

from sora_tui.core.problem import ProblemError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.state.editor_session import Before
from sora_tui.tui.writing import WritingApp

if TYPE_CHECKING:
    from sora_tui.tui.panes.editor.prompt_area import PromptText
    from sora_tui.tui.panes.prompts import (
        CopyPrompt,
        PromptOpened,
        PromptSearch,
        RenamePrompt,
        TrashPrompt,
    )
    from sora_tui.tui.services.prompt_files import Opened
    from sora_tui.tui.state.draft import Draft


class PromptingApp(WritingApp, part=True):
    """Carries out what the prompts pane asks for, and brings back what a job was made of."""

    #: The last rename of a prompt file, from and to, until another change of the list.
    _renamed: tuple[str, str] | None = None

    # Opening ----------------------------------------------------------------------------------

    def on_prompt_opened(self, event: PromptOpened) -> None:
        """Put this file into the editor."""
        if event.path == self.editor.draft.file:
            self.look_for_changes()
        elif not self.open_file(event.path):
            return
        self.editor.focus_pane()

    def open_file(self, file: str) -> bool:
        """Put a prompt file into the editor; whether it could be read."""
        from sora_tui.tui.services.prompt_files import open_prompt

        if self.waits_for_answer():
            return False
        try:
            opened = open_prompt(self.folder, self.context.saver.drafts, file, self.settings)
        except ProblemError as error:
            self.complain(error.problem)
            return False
        return self.open(opened)

    def _take_opened(self, opened: Opened) -> None:
        super()._take_opened(opened)
        # ctrl+z goes back to the file as it was kept, and no further.
        self.context.editor.undo = () if opened.before is None else (Before(opened.before),)
        self.context.editor.redo = ()

    @on(events.AppFocus)
    def look_for_changes(self) -> None:
        """Read the file in the editor again if another program wrote in it and we did not.

        Who comes back to this window may have written in it elsewhere.
        """
        draft = self.context.editor.draft
        if draft is not None and draft.file is not None and self.context.editor.unkept is None:
            self._compare_with_file(draft.file, draft.source)

    @work(thread=True, group="compare", exclusive=True)
    def _compare_with_file(self, file: str, source: str) -> None:
        from sora_tui.workspace.prompts import read_source

        try:
            same = read_source(self.folder.root / file) == source
        except ProblemError:
            return  # it is gone or unreadable: what the editor holds is all there is
        if not same:
            self.call_from_thread(self._read_again, file, source)

    def _read_again(self, file: str, source: str) -> None:
        draft = self.editor.draft
        untouched = self.context.editor.unkept is None and not self.editor.asking
        if untouched and (draft.file, draft.source) == (file, source) and self.open_file(file):
            self.say(_("{file} was changed by another program: read again").format(file=file))
            self.refresh_files()

    def on_new_prompt(self) -> None:
        """Begin an empty prompt."""
        from sora_tui.core.prompt import Prompt
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of

        self.open(Opened(draft_of(Prompt(""), None, self.settings)))
        self.editor.focus_pane()

    def on_prompt_text_undone_to_start(self, event: PromptText.UndoneToStart) -> None:
        """Undo or redo what put the whole text there."""
        editor = self.context.editor
        taken, given = (editor.undo, editor.redo) if event.by < 0 else (editor.redo, editor.undo)
        if not taken:
            return
        current, back = self.editor.draft, taken[-1]
        server = None if back.server is None else self.settings.server.name
        taken, given = taken[:-1], (*given, Before(current, server))
        if back.server is not None and back.server != server:
            self.use_server(back.server)
            self._put_back(current, back.draft)
            # The price is no longer the one that was just seen.
            text = _("The next clip goes to {server} again.")
            self.say(text.format(server=clean_line(back.server, 40)))
        else:
            self._put_back(current, back.draft)
        editor.undo, editor.redo = (taken, given) if event.by < 0 else (given, taken)

    def _put_back(self, current: Draft, back: Draft) -> None:
        from dataclasses import replace

        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import known_values

        if back.file is not None and back.file != current.file:
            self.open_file(back.file)
        elif back.file is None:
            self.open(Opened(back))
        else:
            # The same file, which may have been kept meanwhile.
            same = replace(back, source=current.source, front=current.front, opened=current.opened)
            self.editor.show(same, known_values(self.settings.server, self.schema))
            self.note_change()

    def on_prompts_entered(self) -> None:
        """Read the folder again: files may have come, the one in the editor among them."""
        self.refresh_files()

    # The list ---------------------------------------------------------------------------------

    @work(thread=True, group="search", exclusive=True)
    def on_prompt_search(self, event: PromptSearch) -> None:
        """Find the files with these words."""
        found = None if not event.words.split() else self.search_prompts(event.words)
        self.call_from_thread(self._take_found, event.words, found)

    def _take_found(self, words: str, found: set[str] | None) -> None:
        if self.bench.prompts is not None:
            self.bench.prompts.show_found(words, found)

    def on_copy_prompt(self, event: CopyPrompt) -> None:
        """Make a copy under a free name and open it."""
        from sora_tui.core.prompt import edit_source
        from sora_tui.tui.services.prompt_files import open_prompt
        from sora_tui.tui.state.draft import prompt_of
        from sora_tui.workspace.prompts import new_prompt

        try:
            self.put_away()
            draft = open_prompt(
                self.folder, self.context.saver.drafts, event.path, self.settings
            ).draft
            source = edit_source(draft.source, prompt_of(draft))
            file = new_prompt(self.folder, source, like=event.path)
        except ProblemError as error:
            self.complain(error.problem)
            return
        self.open_file(file)
        self.refresh_files()
        self.say(_("Copied to {file}").format(file=file))
        self.editor.focus_pane()

    def on_rename_prompt(self, event: RenamePrompt) -> None:
        """Give the file another name; its draft and its values go along."""
        file = self._rename(event.path, event.name)
        if file is not None:
            self._renamed = (event.path, file)
            self.say(_("{file} is now {name}; u undoes").format(file=event.path, name=file))

    def _rename(self, path: str, name: str) -> str | None:
        """The new path of a prompt file; None where it could not be renamed, which is told."""
        from sora_tui.workspace.prompts import rename_prompt
        from sora_tui.workspace.variable_values import rename_values

        is_open = path == self.editor.draft.file
        try:
            if is_open:
                self.put_away()
            file = rename_prompt(self.folder, path, name)
            self.context.saver.drafts.rename(path, file)
            rename_values(self.folder, path, file)
        except ProblemError as error:
            self.complain(error.problem)
            return None
        if is_open:
            self.open_file(file)
        self._show_in_list(file)
        return file

    def on_trash_prompt(self, event: TrashPrompt) -> None:
        """Move the file to the trash; the next one takes its place in the editor."""
        from sora_tui.workspace.prompts import trash_prompt

        try:
            if event.path == self.editor.draft.file:
                self.put_away()
            trashed = trash_prompt(self.folder, event.path, self.clock())
            self.context.saver.drafts.rename(event.path, trashed)
        except ProblemError as error:
            self.complain(error.problem)
            return
        self._renamed = None
        if event.path == self.editor.draft.file and event.next is not None:
            self.open_file(event.next)
        self.say(_("{file} is in prompts/.trash; u brings it back").format(file=event.path))
        self._show_in_list(event.next)

    def on_untrash_prompt(self) -> None:
        """Undo the last rename, or bring back what was trashed last."""
        if self._renamed is not None:
            (before, after), self._renamed = self._renamed, None
            if (file := self._rename(after, before)) is not None:
                self.say(_("{file} is now {name}").format(file=after, name=file))
            return
        from sora_tui.workspace.prompts import untrash_prompt

        try:
            found = untrash_prompt(self.folder)
            if found is not None:
                self.context.saver.drafts.rename(*found)
        except ProblemError as error:
            self.complain(error.problem)
            return
        if found is None:
            self.say(_("The trash is empty."))
            return
        file = found[1]
        self.say(_("{file} is back").format(file=file))
        self._show_in_list(file)

    def _show_in_list(self, file: str | None) -> None:
        if self.bench.prompts is not None and file is not None:
            self.bench.prompts.stand_on(file)
        self.refresh_files()

    # A job's prompt ---------------------------------------------------------------------------

    def action_edit_job(self) -> None:
        """Put prompt and settings of the highlighted job into the editor; ctrl+z goes back."""
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of_request

        view = self.jobs.cursor_view
        if view is None:
            self.say(_("Choose a job with 4 and the arrows."))
            return
        before = self.editor.draft
        if not self.open(Opened(draft_of_request(view.job.request))):
            return
        self.context.editor.undo = (Before(before),)
        self.say(_("Prompt and settings of job {job}; ctrl+z goes back").format(job=view.job.id))
        self.editor.focus_pane()

    def action_diff_job(self) -> None:
        """Compare the editor, or the last prompt that passed, with the highlighted job's."""
        from sora_tui.tui.dialogs.prompt_diff import DiffWindow
        from sora_tui.tui.presenters.prompt_diff import between, comparisons
        from sora_tui.tui.state.draft import as_compared

        view = self.jobs.cursor_view
        store = self.context.store
        marked = [found.job for id in sorted(self.jobs.marks) if (found := store.get(id))]
        if len(marked) == len(self.jobs.marks) == 2:
            self.push_screen(DiffWindow([between(*marked)]))
        elif view is None:
            self.say(_("Choose a job with 4 and the arrows."))
        else:
            jobs = [other.job for other in store.newest()]
            try:
                editor = as_compared(self.editor.draft, self.settings)
            except ProblemError as error:
                self.complain(error.problem)
                return
            server = self.settings.server.name
            self.push_screen(DiffWindow(comparisons(view.job, jobs, editor, server)))
