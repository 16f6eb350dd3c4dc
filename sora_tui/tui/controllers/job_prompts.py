"""The prompt of a job: put into the editor again, or compared."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import ProblemError
from sora_tui.i18n import _
from sora_tui.tui.state.editor_session import Before, DraftWanted

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.tui.context import Context


class JobPrompts:
    """Brings prompt and settings of a job back to the editor, or shows how they differ."""

    def __init__(self, context: Context) -> None:
        self._context = context
        context.signals.rewrite_wanted.subscribe(self._take_back)

    def edit(self) -> None:
        """Put prompt and settings of the highlighted job into the editor; ctrl+z goes back."""
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of_request

        ui = self._context.ui
        view = ui.workbench.jobs.cursor_view
        if view is None:
            ui.say(_("Choose a job with 4 and the arrows."))
            return
        draft = draft_of_request(view.job.request)
        wanted = DraftWanted(
            lambda: Opened(draft),
            undo=(Before(ui.workbench.editor.draft),),
            then=partial(self._tell_edited, view.job.id),
        )
        self._context.signals.draft_wanted.publish(wanted)

    def _tell_edited(self, job_id: str) -> None:
        ui = self._context.ui
        ui.say(_("Prompt and settings of job {job}; ctrl+z goes back").format(job=job_id))
        ui.workbench.editor.focus_pane()

    def _take_back(self, job: Job) -> None:
        """Take a waiting job back and put its prompt and settings into the editor."""
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of_request

        draft = draft_of_request(job.request)
        wanted = DraftWanted(lambda: Opened(draft), then=partial(self._cancel, job.id))
        self._context.signals.draft_wanted.publish(wanted)

    def _cancel(self, job_id: str) -> None:
        ui, engine = self._context.ui, self._context.session.running_engine
        ui.run(partial(engine.command, job_id, "cancel"), group="command")
        ui.workbench.show_pane("editor")
        ui.workbench.editor.focus_pane()
        ui.say(_("Taken back, nothing was sent. Change it here; F5 sends it as a new job."))

    def compare(self) -> None:
        """Compare the editor, or the last prompt that passed, with the highlighted job's.

        Two marked jobs are compared with each other.
        """
        from sora_tui.tui.dialogs.prompt_diff import DiffWindow
        from sora_tui.tui.presenters.prompt_diff import between, comparisons
        from sora_tui.tui.state.draft import as_compared

        ui, store, settings = self._context.ui, self._context.store, self._context.session.settings
        jobs = ui.workbench.jobs
        view = jobs.cursor_view
        marked = [found.job for id in sorted(jobs.marks) if (found := store.get(id))]
        if len(marked) == len(jobs.marks) == 2:
            ui.open_dialog(DiffWindow([between(*marked)]))
        elif view is None:
            ui.say(_("Choose a job with 4 and the arrows."))
        else:
            others = [other.job for other in store.newest()]
            try:
                editor = as_compared(ui.workbench.editor.draft, settings)
            except ProblemError as error:
                ui.complain(error.problem)
                return
            name = settings.server.name
            ui.open_dialog(DiffWindow(comparisons(view.job, others, editor, name)))
