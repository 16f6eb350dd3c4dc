"""Decides about a lost answer: by a question on the terminal or by options, carried out once."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from queue import Empty, SimpleQueue
from typing import Final

from sora_tui.cli.consent import agree, order_words, question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.place_order import print_retirements
from sora_tui.cli.streams import complain, read_line
from sora_tui.cli.unconfirmed_words import candidate_lines, resend_cost_words
from sora_tui.cli.wait_for_jobs import Item, Leave, Suspend, suspend
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job, State
from sora_tui.core.problem import ProblemError, problem, problem_error
from sora_tui.core.text import clean_line
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import JobChanged
from sora_tui.engine.orders import resend, submit
from sora_tui.engine.remote_jobs import without_taken
from sora_tui.i18n import _
from sora_tui.i18n.costs import price_words, resend_reason
from sora_tui.i18n.problems import job_sentences
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.folder_mark import has_known_past
from sora_tui.workspace.history import History

#: Longest wait, in seconds, until the owner of the folder has carried a decision out. A server that
#: is asked for a video may take its time.
_DONE_WITHIN: Final = 60.0
_CHECK_EVERY: Final = 0.5


@dataclass(slots=True)
class UnconfirmedResolver:
    """Carries decisions out, and asks for them, while the engine runs.

    Attributes:
        items: The engine's events.
        going: Jobs that go on because of a decision.
        asked: Jobs that the person was asked about.
        signal: The signal that ended the questions.
    """

    folder: Folder
    engine: Engine
    items: SimpleQueue[Item]
    history: History
    settings: Settings
    console: Console
    going: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    signal: int | None = None
    #: What was agreed to here for sending again: `--max-spend` holds for all of it.
    agreed: Decimal = Decimal(0)
    _kept: list[Item] = field(default_factory=list)

    # Decisions --------------------------------------------------------------------------------

    def adopt(self, job: Job, video_id: str) -> None:
        """Adopt this video as the job's.

        Raises:
            ProblemError: video_unknown, video_taken, or why the server could not be asked.
        """
        before = job.search.refused if job.search else None
        self.engine.command(job.id, "adopt", video_id)

        def is_answered(now: Job) -> bool:
            refused = now.search.refused if now.search else None
            return now.state is not State.UNCONFIRMED or refused != before

        after = self._wait_until(job.id, is_answered)
        if after.state is State.UNCONFIRMED and after.search and after.search.refused:
            raise ProblemError(after.search.refused.problem)
        told = after.remote.prompt if after.remote else None
        if told and told.strip() != job.request.prompt.strip():
            text = _("Its prompt is another one than this job's: {prompt}")
            self.console.note(text.format(prompt=clean_line(told, 200)))
        self.going.append(job.id)

    def give_up(self, job: Job) -> None:
        """Abandon the job; the record stays."""
        self.engine.command(job.id, "abandon")
        self._wait_until(job.id, lambda now: now.state is not State.UNCONFIRMED)
        self.going.append(job.id)

    def send_again(
        self,
        job: Job,
        *,
        yes: bool = False,
        max_spend: Decimal | None = None,
        despite_refusal: bool = False,
    ) -> None:
        """Pay for the same request once more, after a consent of its own.

        Raises:
            ProblemError: Nothing was sent.
        """
        order = resend(self.folder, job, self.settings, datetime.now(UTC))
        print_retirements(order, self.console)
        # Said also where --yes, or a server that asks nothing, leaves no question to say it in.
        price = price_words(order.price)
        self.console.note(f"{job.id}  {price}  {resend_reason(job)}")
        consent = agree(
            order,
            order_words(job.request, order.outputs),
            yes=yes,
            max_spend=None if max_spend is None else max(max_spend - self.agreed, Decimal(0)),
            ask=question_on_terminal(),
            despite_refusal=despite_refusal,
        )
        (child,) = submit(self.engine, order, consent)
        self.agreed += order.price.sum or 0
        self.console.note(_("{job} is sent again as {child}.").format(job=job.id, child=child.id))
        self.going.append(child.id)

    def give_back(self) -> None:
        """Return the events that were read here to the queue, for the wait that follows."""
        for item in self._kept:
            self.items.put(item)
        self._kept.clear()

    # Asking -----------------------------------------------------------------------------------

    def ask(self, job: Job) -> bool:
        """Ask until something is decided; return False when a signal ends it."""
        self.asked.add(job.id)
        said = job_sentences(job)
        self.console.note("")
        self.console.note(f"{job.id}  {job.state.value}  {clean_line(job.request.prompt, 60)}")
        if said is not None:
            self.console.note(f"{said.money} {said.happened}")
        while self.signal is None:
            job = self._now(job)
            if job.state is not State.UNCONFIRMED:
                self.console.note(_("{job} was found.").format(job=job.id))
                self.going.append(job.id)
                break
            job = without_taken(self.folder, self.history, job)
            for line in candidate_lines(job):
                self.console.note(line)
            answer = self._line(_question(job), job.id)
            if answer == "":
                break
            if answer is not None:
                try:
                    if self._do(job, answer):
                        break
                except ProblemError as error:
                    self.console.problem(error.problem)
        return self.signal is None

    def _do(self, job: Job, answer: str) -> bool:
        """Return whether the answer was valid, and is carried out."""
        verb, rest = answer[0].lower(), answer[1:].strip()
        found = job.search.found if job.search else ()
        if verb == "s" and not rest:
            self.send_again(job)
        elif verb == "x" and not rest:
            self.give_up(job)
        elif verb == "p":
            video_id = rest or self._line(_("Video id:"), job.id)
            if not video_id:
                return False
            self.adopt(job, video_id)
        elif verb == "a" and found:
            if len(found) > 1 and not rest:
                rest = self._line(_("Which one? 1-{count}").format(count=len(found)), job.id) or ""
            number = int(rest) if rest.isdecimal() else 1 if not rest and len(found) == 1 else 0
            if not 1 <= number <= len(found):
                return False
            self.adopt(job, found[number - 1].id)
        else:
            return False
        return True

    def _line(self, question: str, job_id: str) -> str | None:
        """Return an answer; None when the job was found during the question, "" to leave it."""
        complain(question, end=" ")
        while True:
            if select.select([sys.stdin], [], [], _CHECK_EVERY / 2)[0]:
                line = read_line()
                if not line:
                    complain("")
                return line.strip()
            self._hear()
            known = self._last_heard(job_id)
            if self.signal is not None or (
                known is not None and known.state is not State.UNCONFIRMED
            ):
                complain("")
                return None

    # Events -----------------------------------------------------------------------------------

    def _hear(self) -> None:
        """Note the engine's events; a request to end the process ends the questions."""
        while True:
            try:
                item = self.items.get_nowait()
            except Empty:
                return
            if isinstance(item, Suspend):
                suspend(self.engine)
                continue
            if isinstance(item, Leave):
                self.signal = item.signal
            else:
                self._kept.append(item)

    def _last_heard(self, job_id: str) -> Job | None:
        heard = (item.job for item in reversed(self._kept) if isinstance(item, JobChanged))
        return next((job for job in heard if job.id == job_id), None)

    def _now(self, job: Job) -> Job:
        """Return the newest known state of the job: from events or from its document."""
        self._hear()
        try:
            written = self.history.load(job.id)
        except ProblemError:
            written = job
        heard = self._last_heard(job.id) or written
        newest = job
        for known in (written, heard):
            newest = newest if known.is_before(newest) else known
        return newest

    def current(self, job_id: str) -> Job:
        """Return a job that needs a decision.

        Raises:
            ProblemError: step_illegal when it needs none.
        """

        def is_judged(now: Job) -> bool:
            """Return whether the owner of the folder has reviewed it since its start."""
            if now.state is State.PENDING:
                return has_known_past(self.folder, now)
            return now.state is not State.SUBMITTING

        job = self._wait_until(job_id, is_judged)
        if job.state is not State.UNCONFIRMED:
            raise problem_error("step_illegal", state=job.state.value, job=job.id)
        return job

    def _wait_until(self, job_id: str, wanted: Callable[[Job], bool]) -> Job:
        """Wait until the job meets a condition.

        Raises:
            ProblemError: owned_elsewhere when the owner of the folder does not do it in time.
            KeyboardInterrupt: A signal came.
        """
        job = self.history.load(job_id)
        end = time.monotonic() + _DONE_WITHIN
        while not wanted(job):
            if self.signal is not None:
                raise KeyboardInterrupt
            if time.monotonic() > end:
                raise ProblemError(problem("owned_elsewhere"))
            time.sleep(_CHECK_EVERY / 5)
            job = self._now(job)
        return job


def _question(job: Job) -> str:
    text = _("s send again {cost}") if job.attempts else _("s send {cost}")
    again = text.format(cost=resend_cost_words(job))
    ways = [again, _("x give up"), _("p paste a video id"), _("enter: leave it")]
    if job.search is not None and job.search.found:
        ways.insert(0, _("a adopt (no new cost)"))
    return ", ".join(ways) + ":"
