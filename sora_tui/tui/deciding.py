"""The deciding half of the screen: what a person wants done with a job whose answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from sora_tui.core.problem import ProblemError
from sora_tui.tui.acting import ActingApp

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.engine.orders import Order
    from sora_tui.tui.panes.inspector.pane import JobDecision


class DecidingApp(ActingApp, part=True):
    """Carries decisions out; sending again asks for a consent of its own."""

    #: What the question names: the job, and the order that sends it again.
    _again: tuple[Job, Order] | None = None

    def on_job_decision(self, event: JobDecision) -> None:
        """The inspector was told what to do."""
        view = self.jobs.view(event.job_id)
        if view is None:
            return
        if event.verb == "price":
            self._price_again(view.job)
        elif event.verb == "send":
            again, self._again = self._again, None
            if again is not None and again[0].id == event.job_id:
                self._send_again(again[1])
        else:
            self.command(event.job_id, event.verb, event.video_id)

    @work(thread=True, group="order")
    def _price_again(self, job: Job) -> None:
        from sora_tui.engine.orders import resend

        try:
            order = resend(self.folder, job, self.settings, self.clock())
            order.check()
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self._ask_again, job, order)

    def _ask_again(self, job: Job, order: Order) -> None:
        from sora_tui.tui.ordering import note_of, today_of
        from sora_tui.tui.presenters.lost_job import question_again

        self._again = (job, order)
        if self.bench.inspector is not None:
            (line,) = order.lines
            known = (today_of(order), note_of(order, self.clock()))
            question = question_again(job, line.price, line.server, line.refused, known)
            self.bench.inspector.ask(job.id, question)

    @work(thread=True, group="order")
    def _send_again(self, order: Order) -> None:
        from sora_tui.tui.ordering import submit

        assert self.engine is not None
        try:
            jobs = submit(self.engine, order, self.clock())
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self.show_handed_in, jobs)
