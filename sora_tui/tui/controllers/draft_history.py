"""Undo and redo of whole drafts, once nothing is left to undo in the text itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import ProblemError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.state.editor_session import Before, DraftWanted

if TYPE_CHECKING:
    from sora_tui.tui.context import Context
    from sora_tui.tui.panes.editor.prompt_area import PromptText
    from sora_tui.tui.state.draft import Draft


class DraftHistory:
    """Goes back to what stood in the editor, and to the server it was meant for."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def go(self, intent: PromptText.UndoneToStart) -> None:
        """Undo or redo what put the whole text there."""
        context, editor = self._context, self._context.editor
        undoes = intent.by < 0
        taken, given = (editor.undo, editor.redo) if undoes else (editor.redo, editor.undo)
        if not taken:
            return
        current, back = context.ui.workbench.editor.draft, taken[-1]
        chosen = context.session.settings.server.name
        server = None if back.server is None else chosen
        taken, given = taken[:-1], (*given, Before(current, server))
        moved = back.server is not None and back.server != chosen and self._use(back.server)
        wanted = self._wanted(current, back.draft)
        wanted = wanted._replace(
            undo=taken if undoes else given,
            redo=given if undoes else taken,
        )
        context.signals.draft_wanted.publish(wanted)
        if moved:
            # The price is no longer the one that was just seen.
            text = _("The next clip goes to {server} again.")
            context.ui.say(text.format(server=clean_line(back.server, 40)))

    def _use(self, name: str) -> bool:
        try:
            self._context.session.use_server(name)
        except ProblemError as error:
            self._context.ui.complain(error.problem)
            return False
        return True

    def _wanted(self, current: Draft, back: Draft) -> DraftWanted:
        from sora_tui.tui.services.prompt_files import Opened, open_prompt

        if back.file is not None and back.file != current.file:
            folder, settings = self._context.session.folder, self._context.session.settings
            drafts = self._context.saver.drafts
            return DraftWanted(partial(open_prompt, folder, drafts, back.file, settings))
        if back.file is None:
            return DraftWanted(lambda: Opened(back))

        # The same file, which may have been kept meanwhile.
        same = replace(back, source=current.source, front=current.front, opened=current.opened)
        return DraftWanted(lambda: Opened(same), is_edit=True)
