"""Jobs that were made elsewhere: what a server has and this folder does not know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.job import Job
from sora_tui.core.problem import Problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import ngettext

if TYPE_CHECKING:
    from sora_tui.engine.events import RemoteListed
    from sora_tui.tui.context import Context
    from sora_tui.tui.dialogs.remote_jobs import AdoptionWanted, RemoteListWanted, RemoteWindow


class RemoteJobs:
    """Shows them, and takes in those that the person chooses."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: While it is open.
        self._dialog: RemoteWindow | None = None
        context.signals.remote_listed.subscribe(self._listed)

    def open(self) -> None:
        """Show what the chosen server has and this folder does not know."""
        from sora_tui.tui.dialogs.remote_jobs import RemoteWindow

        session = self._context.session
        self._dialog = RemoteWindow(session.settings.server, session.clock())
        self._context.ui.open_dialog(self._dialog, self._closed)
        self._ask(self._dialog)

    def _closed(self, _nothing: None) -> None:
        self._dialog = None

    def ask_again(self, _intent: RemoteListWanted) -> None:
        """Ask the server once more."""
        if self._dialog is not None:
            self._ask(self._dialog)

    def _ask(self, dialog: RemoteWindow) -> None:
        """Ask the server for all of its list; the answer is announced."""
        engine = self._context.session.engine
        if engine is not None:
            engine.list_remote(dialog.server.name)

    def _listed(self, listed: RemoteListed) -> None:
        """Show the list in the dialog, or give a hint where that is closed."""
        session, dialog = self._context.session, self._dialog
        if dialog is not None:
            if dialog.server.name == listed.server:
                dialog.show(
                    listed.videos,
                    session.clock(),
                    unconfirmed=listed.unconfirmed,
                    more=listed.more,
                    problem=listed.problem,
                )
        elif listed.videos and listed.server == session.settings.server.name:
            count = len(listed.videos)
            text = ngettext(
                "{count} job on {server} is not known here: R shows it.",
                "{count} jobs on {server} are not known here: R shows them.",
                count,
            )
            self._context.ui.say(text.format(count=count, server=clean_line(listed.server, 40)))

    def adopt(self, intent: AdoptionWanted) -> None:
        """Take these videos in as jobs."""
        if self._dialog is not None:
            engine, server = self._context.session.running_engine, self._dialog.server
            adopt = partial(engine.adopt_remote, server, intent.videos)
            self._context.ui.run(adopt, self._adopted, group="adopt", failed=self._refused)

    def _adopted(self, jobs: list[Job]) -> None:
        from sora_tui.engine.events import JobChanged

        self._context.signals.jobs_changed.publish([JobChanged(job) for job in jobs])
        if self._dialog is not None:
            self._dialog.take_away([job.remote_id for job in jobs if job.remote_id])

    def _refused(self, problem: Problem) -> None:
        if self._dialog is not None:
            self._dialog.show_problem(problem)
