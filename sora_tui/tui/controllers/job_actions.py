"""What a person does with jobs of the list, and with the queue."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from sora_tui.core.job import Job
from sora_tui.i18n import _
from sora_tui.tui.presenters.job_questions import Plan, done_words
from sora_tui.tui.state.job_verbs import JobVerb, refusal

if TYPE_CHECKING:
    from sora_tui.tui.context import Context
    from sora_tui.tui.panes.job_intents import JobsAnswered

#: What is done with one job, whatever is marked.
_SINGLE: Final[frozenset[JobVerb]] = frozenset({"look", "copy", "edit"})


class JobActions:
    """Whatever costs or loses something is planned first, asked in the list, then done."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: What the question in the list is about.
        self._plan: Plan | None = None

    # Of the list, and of the inspector -----------------------------------------------------------

    def act(self, verb: JobVerb) -> None:
        """Do what a verb means for the marked jobs, or the highlighted one."""
        self._start(verb, self._context.ui.workbench.jobs.selected(single=verb in _SINGLE))

    def refuse(self, verb: JobVerb) -> str | None:
        """Return why that cannot be done now."""
        jobs = self._context.ui.workbench.jobs
        if jobs.marks and verb not in _SINGLE:
            return None
        view = jobs.cursor_view
        return "no job" if view is None else refusal(view.job, verb)

    def act_on_shown(self, verb: JobVerb) -> None:
        """Do what a verb means for the job in the inspector."""
        job = self._shown
        if job is not None:
            self._start(verb, (job.id,))

    def refuse_shown(self, verb: JobVerb) -> str | None:
        """Return why that cannot be done now."""
        job = self._shown
        return "no job" if job is None else refusal(job, verb)

    @property
    def _shown(self) -> Job | None:
        inspector = self._context.ui.workbench.inspector
        return None if inspector is None else inspector.job

    def _start(self, verb: JobVerb, ids: Sequence[str]) -> None:
        """Do it, or ask about it."""
        context = self._context
        jobs = context.ui.workbench.jobs
        views = [view for id in ids if (view := jobs.view(id)) is not None]
        at_once: Mapping[JobVerb, Callable[[Job], object]] = {
            "look": context.signals.clip_wanted.publish,
            "copy": self._copy,
            "edit": context.signals.rewrite_wanted.publish,
        }
        if verb not in at_once:
            known = {view.job.id: view.job for view in views}
            context.ui.run(
                partial(self._plan_for, verb, ids, known),
                self._ask,
                group="plan",
                latest=True,
            )
        elif views:
            at_once[verb](views[0].job)

    def _copy(self, job: Job) -> None:
        """Copy what fetches the clip of a job."""
        from sora_tui.tui.services.player import what_to_copy

        root = self._context.session.folder.root
        self._context.ui.copy(what_to_copy(job, root, os.environ))

    def _plan_for(self, verb: str, job_ids: Sequence[str], known: Mapping[str, Job]) -> Plan:
        from sora_tui.tui.services.job_plans import make_plan, read_jobs

        session = self._context.session
        jobs = read_jobs(session.folder, job_ids, known)
        return make_plan(verb, jobs, session.folder, session.settings, session.clock())

    def _ask(self, plan: Plan) -> None:
        workbench = self._context.ui.workbench
        if not plan.jobs and plan.order is None:
            self._context.ui.say(plan.note)
        elif plan.question is None:
            self._carry_out(plan)
        else:
            self._plan = plan
            if "jobs" not in workbench.seen:
                workbench.show_pane("jobs")
            workbench.jobs.ask(plan.question)
            workbench.show_keys()

    def answer(self, intent: JobsAnswered) -> None:
        """Do what was asked about, or leave everything as it is."""
        ui, plan = self._context.ui, self._plan
        self._plan = None
        ui.workbench.show_keys()
        if plan is None:
            return
        if intent.yes:
            self._carry_out(plan)
        elif plan.verb == "retry":
            ui.say(_("Not sent, nothing spent."))
        else:
            ui.say(_("Nothing was changed."))

    def _carry_out(self, plan: Plan) -> None:
        """Hand everything over; the first refusal ends it, and is shown."""
        from sora_tui.tui.services.draft_orders import submit

        session, ui = self._context.session, self._context.ui
        engine = session.running_engine

        def hand_over() -> list[Job]:
            for job in plan.jobs:
                engine.command(job.id, plan.verb)
            return [] if plan.order is None else submit(engine, plan.order, session.clock())

        def done(jobs: list[Job]) -> None:
            if plan.jobs or plan.retried:
                ui.say(done_words(plan))
            if jobs:
                self._context.signals.jobs_added.publish(jobs)

        ui.run(hand_over, done, group="act")

    def switch_queue(self) -> None:
        """Pause the queue, or let it go on."""
        ui = self._context.ui
        paused = not ui.workbench.jobs.may_resume
        engine = self._context.session.running_engine
        said = (
            _("Queue paused, also after a new start: nothing new is sent, the rest goes on.")
            if paused
            else _("The queue goes on.")
        )
        ui.run(
            lambda: engine.pause_queue(paused),
            lambda _done: ui.say(said),
            group="queue",
            latest=True,
        )
