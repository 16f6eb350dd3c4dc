"""The document of the highlighted job, in the inspector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sora_tui.core.job import Job
from sora_tui.core.problem import Problem, ProblemError
from sora_tui.tui.state.job_view import JobView
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.core.lineage import Lineage
    from sora_tui.engine.events import JobChanged
    from sora_tui.tui.context import Context
    from sora_tui.tui.panes.inspector.intents import PartCopied

#: Seconds between two questions whether the document or the clip became another one.
_POLL: Final = 1.0


class Reading(NamedTuple):
    """What was read about a job.

    Attributes:
        stamp: What tells that document or clip became another one.
        text: The document as it is; None where it cannot be read.
        parsed: What the text says, where it is JSON.
        clip: Where the clip of the job lies.
    """

    job_id: str | None
    stamp: object = None
    text: str | None = None
    problem: Problem | None = None
    job: Job | None = None
    parsed: object = None
    lineage: Lineage | None = None
    clip: Path | None = None


class Inspector:
    """Shows the document as it is on the disk, as long as the inspector is seen."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shown: Reading | None = None
        signals = context.signals
        signals.pane_chosen.subscribe(lambda _pane: self.reload())
        signals.job_highlighted.subscribe(lambda _job_id: self.reload())
        signals.jobs_changed.subscribe(self._reload_relatives)
        signals.view_changed.subscribe(self._watch)
        self.reload()

    def reload(self) -> None:
        """Read the highlighted job again, if the inspector is seen."""
        ui = self._context.ui
        workbench = ui.workbench
        if "inspector" in workbench.seen and workbench.inspector is not None:
            read = partial(self._read, workbench.jobs.cursor_id, self._shown)
            ui.run(read, self._show, group="document", latest=True)

    def _reload_relatives(self, events: Sequence[JobChanged]) -> None:
        """Read it again where the job, or one that came of it, has changed."""
        shown = self._context.ui.workbench.jobs.cursor_id
        if any(shown in {e.job.id, e.job.parent, e.job.request.source_job} for e in events):
            self._shown = None
            self.reload()

    def _watch(self, _changed: None) -> None:
        """Ask again each second while a job is seen, and not at all otherwise."""
        ui = self._context.ui
        is_watched = "inspector" in ui.workbench.seen and ui.workbench.jobs.cursor_id is not None
        if is_watched != ui.has_timer("document"):
            ui.every("document", _POLL if is_watched else None, self.reload)

    def _read(self, job_id: str | None, shown: Reading | None) -> Reading | None:
        """Read a job, its document and its relatives; None where all is as it is shown."""
        folder = self._context.session.folder
        record = None if job_id is None else folder.metadata / f"{job_id}.json"
        before = _stamp(record)
        if (
            shown is not None
            and shown.job_id == job_id
            and shown.stamp == (before, _stamp(shown.clip))
        ):
            return None
        text = problem = job = parsed = lineage = clip = None
        if job_id is not None:
            history = History(folder)
            try:
                text = history.load_text(job_id)
                job = history.load(job_id)
                lineage = history.lineage(job)
                parsed = json.loads(text)
            except ProblemError as error:
                problem = error.problem
            except (ValueError, RecursionError):
                parsed = None  # edited between the two readings: the next one tells
            history.close()
        if job is not None and job.outputs:
            clip = folder.root / job.outputs[0].path
        stamp = (before, _stamp(clip))
        return Reading(job_id, stamp, text, problem, job, parsed, lineage, clip)

    def _show(self, reading: Reading | None) -> None:
        context = self._context
        workbench = context.ui.workbench
        if reading is None or reading.job_id != workbench.jobs.cursor_id:
            return
        job_id, job, problem = reading.job_id, reading.job, reading.problem
        self._shown = None if job_id is None else reading
        view = None if job_id is None else workbench.jobs.view(job_id)
        if job is not None and (view is None or not job.is_before(view.job)):
            view = JobView(job) if view is None else view._replace(job=job)
        if problem is not None and problem.code == "job_unknown":
            problem = None  # not claimed yet: its document is still on the way
        if workbench.inspector is not None:
            now = context.session.clock()
            workbench.inspector.show(
                view, reading.text, problem, now, reading.parsed, reading.lineage
            )
            workbench.show_keys()
        context.signals.document_shown.publish(None)

    def copy(self, intent: PartCopied) -> None:
        """Put a part of the document on the clipboard."""
        self._context.ui.copy(intent.text)


def _stamp(path: Path | None) -> object:
    """Return what tells that a file became another one; None where there is none."""
    if path is not None:
        with suppress(OSError, ValueError):  # a NUL in a path that a document names
            facts = path.lstat()
            return (facts.st_mtime_ns, facts.st_size, facts.st_ino)
    return None
