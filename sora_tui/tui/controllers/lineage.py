"""The way from a job to those that it came from, and to those that came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.tui.context import Context

Way = Literal["origins", "made"]


class LineageWalk:
    """Moves the cursor of the job list along the lineage of the highlighted job."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: By job and way: the one that the last walk from there led to; the next one leads further.
        self._visited: dict[tuple[str, Way], str] = {}

    def refuse(self, _way: Way) -> str | None:
        """Return why that cannot be done now."""
        return "no job" if self._context.ui.workbench.jobs.cursor_id is None else None

    def walk(self, way: Way) -> None:
        """Go to what the highlighted job came from, or became; again from there: to the next."""
        ui = self._context.ui
        job_id = ui.workbench.jobs.cursor_id
        if job_id is not None:
            read, go = partial(self._read, job_id, way), partial(self._go, job_id, way)
            ui.run(read, go, group="walk", latest=True)

    def _read(self, job_id: str, way: Way) -> tuple[list[str], list[str]]:
        """Return the ids of all jobs this way, and of those whose record is here; blocks."""
        history = History(self._context.session.folder)
        try:
            lineage = history.lineage(history.load(job_id))
            relations = lineage.origins if way == "origins" else lineage.derived
            ids = [relation.id for relation in relations]
            found = history.load_each(ids)
        finally:
            history.close()
        return ids, [id for id in ids if id in found]

    def _go(self, job_id: str, way: Way, ids_and_here: tuple[list[str], list[str]]) -> None:
        ui = self._context.ui
        ids, here = ids_and_here
        if not here:
            if ids:
                text = _("The record of {job} is not here any more.")
                ui.say(text.format(job=clean_line(ids[0], 80)))
            elif way == "origins":
                ui.say(_("It came from no other job."))
            else:
                ui.say(_("Nothing was made of it yet."))
            return
        last = self._visited.get((job_id, way))
        target = here[(here.index(last) + 1) % len(here)] if last in here else here[0]
        self._visited[job_id, way] = target
        if not ui.workbench.jobs.select(target):
            text = _("{job} is not in the list: 4, then esc clears the filter.")
            ui.say(text.format(job=target))
