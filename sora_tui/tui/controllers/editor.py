"""The prompt in the editor: opened, saved while it is typed, judged, kept."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from sora_tui.core.problem import ProblemError
from sora_tui.i18n import _
from sora_tui.tui.services.model_lookup import ModelLookup
from sora_tui.tui.state.editor_session import Before

if TYPE_CHECKING:
    from sora_tui.config.settings import Settings
    from sora_tui.core.problem import Problem
    from sora_tui.tui.context import Context
    from sora_tui.tui.dialogs.params import ParamsWindow
    from sora_tui.tui.panes.editor.pane import EditorPane
    from sora_tui.tui.panes.editor.prompt_area import PromptText
    from sora_tui.tui.panes.editor.settings_bar import ParamsField
    from sora_tui.tui.services.prompt_files import Opened
    from sora_tui.tui.state.draft import Draft
    from sora_tui.tui.state.editor_session import DraftWanted

#: Seconds after the last keystroke until the draft is on the disk.
_AUTOSAVE: Final = 0.3


class Editor:
    """Lets the person write a prompt, and shows its price; nothing that was typed is lost."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._models = ModelLookup(context.session)
        #: The message by the prompt is about a value in it.
        self._shows_wrong_value = False
        signals = context.signals
        context.references.changed.subscribe(lambda _changed: self._show_price())
        signals.draft_wanted.subscribe(self._open)
        signals.focus_changed.subscribe(self._focus_changed)
        signals.suspending.subscribe(lambda _stop: self._make_safe_now())
        signals.server_changed.subscribe(self._show_on_server)

    @property
    def _pane(self) -> EditorPane:
        return self._context.ui.workbench.editor

    # Opening ----------------------------------------------------------------------------------

    async def open_first(self) -> Problem | None:
        """Fill the editor for the first time; return why it is not what it should be."""
        from sora_tui.tui.services.prompt_files import open_first

        context, session = self._context, self._context.session
        context.editor.view = self._pane
        opened = open_first(session.folder, context.saver.drafts, session.settings)
        opened = self._in_pixels(opened)
        await self._pane.wake(opened.draft)
        self._take(opened)
        return opened.problem

    async def complete(self, problem: Problem | None) -> None:
        """Bring settings and price of the first draft, and show what `problem` it has."""
        from sora_tui.tui.state.draft import known_values

        settings = self._context.session.settings
        self._models.choose(self._pane.draft.model)
        await self._pane.bring_settings(known_values(settings.server, self._models.schema))
        self._judge(problem, *settings.warnings)

    def _open(self, wanted: DraftWanted) -> None:
        """Put another draft into the editor; what stands there is put away first."""
        ui, session = self._context.ui, self._context.editor
        opened = None if ui.workbench.show_question() else self._load(wanted)
        if opened is None:
            if wanted.refused is not None:
                wanted.refused()
            return
        self._show_draft(opened.draft)
        if wanted.is_edit:
            self._note_change()
        else:
            self._take(opened)
            self._judge(opened.problem)
        if wanted.undo is not None:
            session.undo = wanted.undo
        session.redo = wanted.redo
        if wanted.then is not None:
            wanted.then()

    def _load(self, wanted: DraftWanted) -> Opened | None:
        """Return the draft; None where it cannot be read, or what stands here not be put away."""
        try:
            opened = wanted.load()
            if not wanted.is_edit and (after := self._context.saver.put_away()) is not None:
                self._pane.mark_kept(after)
        except ProblemError as error:
            self._context.ui.complain(error.problem)  # and what stands here stays in sight
            return None
        return self._in_pixels(opened)

    def _in_pixels(self, opened: Opened) -> Opened:
        """Return a draft whose file has a word for its size with the size that it means here."""
        from sora_tui.core.sizes import is_alias
        from sora_tui.tui.state.draft import in_pixels

        draft = opened.draft
        if draft.size is None or not is_alias(draft.size):
            return opened
        self._models.choose(draft.model)
        return opened._replace(draft=in_pixels(draft, self._models.schema))

    def _show_draft(self, draft: Draft) -> None:
        from sora_tui.tui.state.draft import known_values

        self._models.choose(draft.model)
        server = self._context.session.settings.server
        self._pane.show(draft, known_values(server, self._models.schema))

    def _take(self, opened: Opened) -> None:
        """Note what is known of a draft that stands in the editor now."""
        editor, ui = self._context.editor, self._context.ui
        editor.is_safe = True
        editor.unkept = opened.draft if opened.restored is not None else None
        editor.draft_restored = opened.restored
        # ctrl+z goes back to the file as it was kept, and no further.
        editor.undo = () if opened.before is None else (Before(opened.before),)
        ui.workbench.show_choices(opened.draft)
        self._show_file()
        if opened.restored is not None:
            from sora_tui.i18n.formatting import time_or_minute

            time = time_or_minute(opened.restored, self._context.session.clock())
            ui.say(_("draft of {time} restored (ctrl+z undoes)").format(time=time))

    def _show_file(self) -> None:
        self._context.ui.workbench.show_file(self._pane.draft.file)

    # What it costs, and what is wrong with it -------------------------------------------------

    def _judge(self, *known: Problem | None) -> None:
        """Show the price of what stands in the editor; what else is known of it comes last."""
        self._show_price()
        for each in known:
            if each is not None:
                self._context.ui.complain(each)

    def _show_price(self) -> None:
        """Show price and picture of what stands in the editor; a wrong value is shown at once."""
        from sora_tui.engine.quote import quote, retirement
        from sora_tui.i18n.formatting import semicolons
        from sora_tui.i18n.parameters import mistyped_words
        from sora_tui.i18n.retirement import retirement_words
        from sora_tui.i18n.takes import same_seed_words
        from sora_tui.tui.presenters.order import picture_of
        from sora_tui.tui.state.draft import as_written, check_draft, known_values, request_of

        pane, session = self._pane, self._context.session
        settings, server = session.settings, session.settings.server
        draft, price, request = pane.draft, None, None
        if self._models.choose(draft.model):
            pane.set_choices(known_values(server, self._models.schema))
        try:
            request = request_of(as_written(draft, settings), settings)
            price = quote(server, request, session.folder)
            check_draft(draft, settings, self._models.schema.names)
            self._models.schema.check({**server.params, **draft.params})
        except ProblemError as error:
            self._context.ui.complain(error.problem)
            self._shows_wrong_value = True
        else:
            if self._shows_wrong_value:
                pane.say("")
            self._shows_wrong_value = False
        end = retirement(server, draft.model)
        alike = "" if request is None else same_seed_words(request, draft.count)
        ended = retirement_words(end, session.clock().date())
        unknown = mistyped_words(self._models.schema, draft.params)
        note = semicolons((alike, ended, *unknown))
        picture = picture_of(draft, self._context.references.files)
        urgent = bool(alike) or (end is not None and end.own)
        pane.show_facts(picture, price, server, note, urgent=urgent)
        paid = price is not None and bool(price.sum)
        self._context.ui.workbench.banner.show(server, paid=paid)

    def _show_on_server(self, before: Settings) -> None:
        """Show what the draft means on another server, and what it costs there."""
        from sora_tui.tui.state.draft import known_values, moved

        settings = self._context.session.settings
        draft = moved(self._pane.draft, before, settings)
        self._models.choose(draft.model)
        self._pane.show_settings(draft, known_values(settings.server, self._models.schema))
        self._context.ui.workbench.show_choices(draft)
        self._judge(*settings.warnings)

    def open_params(self, _intent: ParamsField.Opened) -> None:
        """Show what may be sent beyond the standard."""
        from sora_tui.tui.dialogs.params import ParamsWindow

        draft = self._pane.draft
        self._models.choose(draft.model, refresh=True)
        own = self._context.session.settings.server.params
        dialog = ParamsWindow(self._models.schema, draft.params, own)
        self._context.ui.open_dialog(dialog, lambda _closed: self._pane.focus_params())

    def set_params(self, intent: ParamsWindow.Changed) -> None:
        """Send these from now on."""
        self._pane.set_params(intent.params)

    # The draft --------------------------------------------------------------------------------

    def note_change(self, _intent: EditorPane.DraftChanged) -> None:
        """Note that the editor holds something that is not on the disk."""
        self._note_change()

    def _note_change(self) -> None:
        ui = self._context.ui
        draft = self._note_unkept(self._pane.draft)
        # Not set again with each key: who types for an hour is saved all the while.
        if not ui.has_timer("autosave"):
            ui.every("autosave", _AUTOSAVE, self._make_safe, once=True)
        ui.workbench.show_choices(draft)
        ui.say("")
        self._pane.say("")
        self._show_price()

    def _note_unkept(self, draft: Draft) -> Draft:
        editor = self._context.editor
        draft = self._owned(draft)
        editor.unkept, editor.is_safe = draft, False
        return draft

    def _owned(self, draft: Draft) -> Draft:
        """Return the draft in a file that may be written, which a sample's first edit makes."""
        from sora_tui.tui.services.prompt_files import own_file

        try:
            owned = own_file(self._context.session.folder, draft)
        except ProblemError as error:
            self._context.ui.complain(error.problem)
            return draft
        if owned.file != draft.file:
            self._pane.rebase(owned)
            self._show_file()
            self._context.signals.prompts_changed.publish(None)
        return owned

    def note_last_letters(self) -> None:
        """Note what stands in the editor at the end: the last letter may have no message yet."""
        draft = self._context.editor.draft
        known = self._context.editor.unkept or self._pane.opened
        if draft is not None and known is not None and draft.text != known.text:
            self._note_unkept(draft)

    def leave_text(self, _intent: PromptText.Left) -> None:
        """Put what was typed on the disk: the text is left, there is no need to wait."""
        self._make_safe()

    def _focus_changed(self, has_focus: bool) -> None:
        # Who works in another window may end us from there.
        if not has_focus:
            self._make_safe()

    def _make_safe(self) -> None:
        """Put what was typed on the disk, now."""
        self._stop_autosave()
        editor = self._context.editor
        if editor.unkept is not None and not editor.is_safe:
            self._write(editor.unkept, kept=False)

    def _make_safe_now(self) -> None:
        """The same, and it is there when this returns: the process is about to stop."""
        self._stop_autosave()
        try:
            if self._context.saver.make_safe():
                self._pane.mark_safe()
        except ProblemError as error:
            self._context.ui.complain(error.problem)

    def _stop_autosave(self) -> None:
        self._context.ui.every("autosave", None, self._make_safe)

    def save(self) -> None:
        """Keep prompt and settings in their file."""
        self._stop_autosave()
        draft = self._owned(self._pane.draft)
        if draft.file is not None:
            self._write(draft, kept=True)

    def _write(self, draft: Draft, *, kept: bool) -> None:
        write = self._context.saver.write_call(draft, kept=kept)
        self._context.ui.run(write, partial(self._written, draft, kept), group="draft")

    def _written(self, draft: Draft, kept: bool, after: Draft | None) -> None:
        if after is None or self._pane.draft.file != draft.file:
            return  # something newer is on the disk, or another prompt came meanwhile
        editor, ui = self._context.editor, self._context.ui
        current = editor.unkept in (None, draft)
        if current:
            editor.is_safe = True
            self._pane.mark_safe()
        if not kept:
            return
        self._pane.rebase(after)
        editor.unkept = None if current else self._pane.draft
        self._show_file()
        if after.file != draft.file:
            text = _("{file} was changed by another program and stays; yours is kept in {mine}.")
            ui.say(text.format(file=draft.file, mine=after.file))
        else:
            ui.say(_("Kept {file}").format(file=draft.file))
        self._context.signals.prompts_changed.publish(None)

    # Text from elsewhere ----------------------------------------------------------------------

    def tell_left_out(self, intent: PromptText.LeftOut) -> None:
        """Name the characters that a text brought and no prompt may have."""
        from sora_tui.i18n.formatting import left_out_words

        self._context.ui.say(left_out_words(intent.characters))

    def write_elsewhere(self) -> None:
        """Write in $VISUAL or $EDITOR; what comes back is one step that ctrl+z undoes."""
        from sora_tui.tui.services.external_editor import edit, editor_command

        ui, settings = self._context.ui, self._context.session.settings
        command = editor_command(os.environ)
        if command is None:
            ui.say(_("Neither $VISUAL nor $EDITOR is set: export EDITOR=vim, for example."))
            return
        self._make_safe_now()
        environ = settings.without_keys(os.environ)
        text = ui.suspend(partial(edit, command, self._pane.draft.text, environ))
        if text is None:
            words = _("{program} could not be used; the text is as it was.")
            ui.say(words.format(program=command[0]))
        else:
            self._pane.replace_text(text)
