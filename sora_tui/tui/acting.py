"""The acting half of the screen: what a person does with jobs of the list, and with the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work

from sora_tui.core.job import Job
from sora_tui.core.problem import ProblemError
from sora_tui.i18n import _
from sora_tui.tui.panes.jobs import JobAction, JobsAnswered, QueueSwitched
from sora_tui.tui.writing import WritingApp
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.tui.plans import Plan
    from sora_tui.tui.widgets.json_tree import JsonTree


class ActingApp(WritingApp, part=True):
    """Whatever costs or loses something is planned first, asked in the list, then done."""

    #: What the question in the list is about.
    _plan: Plan | None = None

    @on(JobAction)
    def _act(self, event: JobAction) -> None:
        views = [view for id in event.job_ids if (view := self.jobs.view(id)) is not None]
        match event.verb:
            case "look" | "copy" | "edit" if not views:
                return
            case "look":
                self.look(views[0].job)
            case "copy":
                self.copy(views[0].job)
            case "edit":
                self.edit_waiting(views[0].job)
            case verb:
                known = {view.job.id: view.job for view in views}
                self._make_plan(event.job_ids, known, verb)

    @work(thread=True, group="plan", exclusive=True)
    def _make_plan(self, job_ids: tuple[str, ...], known: dict[str, Job], verb: str) -> None:
        """Find out what a verb would do to jobs, some of which were never in sight."""
        from sora_tui.tui.plans import plan_cancel, plan_delete, plan_retry

        history = History(self.folder)
        read = history.load_each([id for id in job_ids if id not in known])
        history.close()
        found = known | {id: job for id, job in read.items() if isinstance(job, Job)}
        jobs = [found[id] for id in job_ids if id in found]
        try:
            if verb == "cancel":
                plan = plan_cancel(jobs)
            elif verb == "delete":
                plan = plan_delete(jobs)
            else:
                plan = plan_retry(jobs, self.folder, self.settings, self.clock())
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self._ask, plan)

    def _ask(self, plan: Plan) -> None:
        if not plan.jobs and plan.order is None:
            self.say(plan.note)
        elif plan.question is None:
            self._carry_out(plan)
        else:
            self._plan = plan
            if "jobs" not in self.bench.seen:
                self.bench.show_pane("jobs")
            self.jobs.ask(plan.question)
            self.bench.show_keys()

    @on(JobsAnswered)
    def _answered(self, event: JobsAnswered) -> None:
        plan, self._plan = self._plan, None
        self.bench.show_keys()
        if plan is None:
            return
        if event.yes:
            self._carry_out(plan)
        elif plan.verb == "retry":
            self.say(_("Not sent, nothing spent."))
        else:
            self.say(_("Nothing was changed."))

    @work(thread=True, group="act")
    def _carry_out(self, plan: Plan) -> None:
        """Hand everything over; the first refusal ends it, and says so."""
        from sora_tui.tui.ordering import submit
        from sora_tui.tui.plans import done_words

        assert self.engine is not None
        try:
            for job in plan.jobs:
                self.engine.command(job.id, plan.verb)
            jobs = [] if plan.order is None else submit(self.engine, plan.order, self.clock())
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            if plan.jobs or plan.retried:
                self.call_from_thread(self.say, done_words(plan))
            if jobs:
                self.call_from_thread(self.show_handed_in, jobs)

    def on_json_tree_copied(self, event: JsonTree.Copied) -> None:
        """A part of a document is wanted."""
        self.copy_text(event.text)

    # A job that waits, written anew -----------------------------------------------------------

    def edit_waiting(self, job: Job) -> None:
        """Take a waiting job back and put its prompt and settings into the editor."""
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of_request

        if not self.open(Opened(draft_of_request(job.request))):
            return
        self.command(job.id, "cancel")
        self.bench.show_pane("editor")
        self.editor.focus_pane()
        self.say(_("Taken back, nothing was sent. Change it here; F5 sends it as a new job."))

    # The queue --------------------------------------------------------------------------------

    @on(QueueSwitched)
    def _switch(self, event: QueueSwitched) -> None:
        self._switch_queue(event.paused)

    @work(thread=True, group="queue", exclusive=True)
    def _switch_queue(self, paused: bool) -> None:
        assert self.engine is not None
        try:
            self.engine.pause_queue(paused)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
            return
        self.call_from_thread(
            self.say,
            _("Queue paused, also after a new start: nothing new is sent, the rest goes on.")
            if paused
            else _("The queue goes on."),
        )
