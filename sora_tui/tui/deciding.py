"""The deciding half of the screen: what a person wants done with a job whose answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.tui.acting import ActingApp

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.core.price import Price
    from sora_tui.core.server import Server
    from sora_tui.tui.panes.inspector import JobDecision


class DecidingApp(ActingApp, part=True):
    """Carries decisions out; sending again asks for a consent of its own."""

    #: What the question names: the job, where it is sent again, and for how much.
    _again: tuple[Job, Server, Price] | None = None

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
                self._send_again(*again)
        else:
            self.command(event.job_id, event.verb, event.video_id)

    @work(thread=True, group="order")
    def _price_again(self, job: Job) -> None:
        from sora_tui.core.server import profile_for
        from sora_tui.engine.quote import quote
        from sora_tui.engine.way import check_way

        try:
            server = profile_for(self.settings.servers, job.server)
            if server is None:
                raise problem_error("profile_unknown", name=job.server.profile)
            self.settings.on(server.name).check_sendable()
            check_way(server)
            price = quote(server, job.request)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self._ask_again, job, server, price)

    def _ask_again(self, job: Job, server: Server, price: Price) -> None:
        from sora_tui.tui.decision import question_again

        self._again = (job, server, price)
        if self.bench.inspector is not None:
            self.bench.inspector.ask(job.id, question_again(job, price, server))

    @work(thread=True, group="order")
    def _send_again(self, job: Job, server: Server, price: Price) -> None:
        from sora_tui.core.job import Consent

        assert self.engine is not None
        # Who had a refused prompt sent all the same has the same one sent now.
        despite = job.consent is not None and job.consent.despite_refusal
        consent = Consent(
            price.kind.value, self.clock(), price.sum, price.currency, despite_refusal=despite
        )
        try:
            jobs = self.engine.submit(server, job.request, price, consent, parent=job.id)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self.show_handed_in, jobs)
