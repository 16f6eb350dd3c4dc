"""Jobs whose answer was lost: the person adopts a video, sends the job again, or gives it up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.job import Job
from sora_tui.engine.orders import Order, resend

if TYPE_CHECKING:
    from sora_tui.tui.context import Context
    from sora_tui.tui.panes.inspector.intents import JobDecision


class UnconfirmedJobs:
    """Carries decisions out; sending again asks for a consent of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: What the question in the inspector names: the job, and the order that sends it again.
        self._asked: tuple[str, Order] | None = None

    def decide(self, intent: JobDecision) -> None:
        """Do what the person decided in the inspector."""
        context = self._context
        view = context.ui.workbench.jobs.view(intent.job_id)
        if view is None:
            return
        if intent.verb == "price":
            self._price(view.job)
        elif intent.verb == "send":
            asked, self._asked = self._asked, None
            if asked is not None and asked[0] == intent.job_id:
                self._send(asked[1])
        else:
            verb, engine = intent.verb, context.session.running_engine
            command = partial(engine.command, intent.job_id, verb, intent.video_id)
            context.ui.run(command, group="command")

    def _price(self, job: Job) -> None:
        session = self._context.session

        def price() -> Order:
            order = resend(session.folder, job, session.settings, session.clock())
            order.check()
            return order

        self._context.ui.run(price, partial(self._ask, job), group="order")

    def _ask(self, job: Job, order: Order) -> None:
        from sora_tui.tui.presenters.order import note_of, today_of
        from sora_tui.tui.presenters.unconfirmed_job import question_again

        self._asked = (job.id, order)
        inspector = self._context.ui.workbench.inspector
        if inspector is not None:
            (line,) = order.lines
            known = (today_of(order), note_of(order, self._context.session.clock()))
            question = question_again(job, line.price, line.server, line.refused, known)
            inspector.ask(job.id, question)

    def _send(self, order: Order) -> None:
        from sora_tui.tui.services.draft_orders import submit

        session = self._context.session
        self._context.ui.run(
            lambda: submit(session.running_engine, order, session.clock()),
            self._context.signals.jobs_added.publish,
            group="order",
        )
