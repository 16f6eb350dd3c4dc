"""The active jobs: each step is written to disk first, then published."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from sora_tui.core.job import Job, JobError, State
from sora_tui.core.problem import Problem, ProblemError, Spent, problem, problem_error
from sora_tui.core.server import Server, ServerRef, profile_for
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.events import EngineEvent, JobChanged, JobRemoved, Retry, Transfer
from sora_tui.workspace.history import History

#: A poll that changes only the percentage is written this seldom: a step is worth an fsync, a
#: percentage is not.
PROGRESS_WRITTEN_EVERY: Final = timedelta(seconds=10)
#: Faces get events of one job at most this often, in seconds.
PUBLISHED_EVERY: Final = 0.2
#: A job whose answer failed on a fault of ours is polled again after this time: the server may
#: answer otherwise by then.
FAULT_WAIT: Final = timedelta(minutes=5)

#: Reasons why the status of a running job is unknown until a person changes something.
LASTING_ERRORS: Final = frozenset(
    {
        "base_url_insecure",
        "base_url_invalid",
        "certificate_untrusted",
        "config_invalid",
        "gateway_misroutes",
        "handshake_refused",
        "job_hidden",
        "key_command_failed",
        "key_command_ignored",
        "key_missing",
        "key_refused",
        "key_unusable",
        "key_withheld",
        "look_refused",
        "profile_unknown",
        "videos_missing",
    }
)
#: Facts of a problem for which a job's error has a field.
_OWN_FIELDS: Final = frozenset({"code", "message", "status", "request_id"})

_log = logging.getLogger("sora_tui.engine")

Listener = Callable[[EngineEvent], None]


def utc_now() -> datetime:
    """Return the present time, as documents write it."""
    return datetime.now(UTC)


def local_error(why: Problem) -> JobError:
    """Return a reason of our own, as a job stores it."""
    facts = {name: fact for name, fact in why.facts.items() if name not in _OWN_FIELDS}
    code, status = why.facts.get("code"), why.facts.get("status")
    return JobError(
        why.code,
        why.spent,
        code=None if code is None else str(code),
        message=str(why.facts.get("message") or ""),
        status=status if isinstance(status, int) else None,
        facts=facts,
    )


class EventBus:
    """Hands events to the faces, the latest of each job at most five times a second."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners
        self._waiting: dict[str, JobChanged] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._published_at = 0.0

    def job(self, event: JobChanged) -> None:
        """Publish a job soon; a later event of the same job replaces this one."""
        self._waiting[event.job.id] = event
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._published_at + PUBLISHED_EVERY - loop.time())
            self._timer = loop.call_later(wait, self.flush)

    def removed(self, job_id: str) -> None:
        """Publish that a job is gone; no event of it follows."""
        self._waiting.pop(job_id, None)
        for listener in tuple(self._listeners):
            listener(JobRemoved(job_id))

    def flush(self) -> None:
        """Publish the events that wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._published_at = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, {}
        for event in waiting.values():
            for listener in tuple(self._listeners):
                listener(event)


class ActiveJobs:
    """Every job the engine has work with; the only writer of documents."""

    def __init__(
        self,
        history: History,
        event_bus: EventBus,
        budget_guard: BudgetGuard,
        owns: Callable[[], bool],
        servers: Mapping[str, Server],
    ) -> None:
        self.history = history
        self.budget_guard = budget_guard
        self._servers = servers
        self._server_of: dict[ServerRef, Server | None] = {}
        self.jobs: dict[str, Job] = {}
        #: Pending jobs that were found at a start: the server's list is read before they are sent.
        self.unchecked: set[str] = set()
        self._clocks: dict[str, float] = {}
        self._event_bus = event_bus
        self._owns = owns
        self._written: dict[str, datetime] = {}
        self._transfers: dict[str, Transfer] = {}
        self._retries: dict[str, Retry] = {}
        #: Called after every step; the engine checks which worker has to wake up.
        self.on_step: Callable[[Job], None] = lambda job: None

    def take_in(self, job: Job) -> None:
        """Add a job that is on disk as it is."""
        self.jobs[job.id] = job
        self._written[job.id] = job.updated_at
        self._publish(job)

    def put(self, job: Job) -> Job:
        """Write a step durably, then publish it.

        Raises:
            ProblemError: disk_full or folder_not_writable, or owned_elsewhere when the lock is
                lost; the job is then unchanged here.
        """
        before = self.jobs.get(job.id)
        moved = before is None or _is_worth_writing(before, job)
        # Either way, because a clock that was set back must not stop the writing for an hour.
        if moved or abs(job.updated_at - self._written[job.id]) >= PROGRESS_WRITTEN_EVERY:
            if not self._owns():
                raise problem_error("owned_elsewhere")
            job = self.history.save(job)
            self._written[job.id] = job.updated_at
        self.jobs[job.id] = job
        self.budget_guard.note(job)
        if before is None or before.state is not job.state:
            self._retries.pop(job.id, None)
            self._transfers.pop(job.id, None)
        self._publish(job)
        if job.is_final and not job.needs_decision:
            self.jobs.pop(job.id, None)
            self._written.pop(job.id, None)
            self._clocks.pop(job.id, None)
        if moved:
            self.on_step(job)
        return job

    def sent_at_clock(self, job_id: str) -> None:
        """Note what our clock says while a job is sent: it may be set afterwards."""
        self._clocks[job_id] = _clock()

    def clock_moved(self, job_id: str) -> float | None:
        """Return the seconds our clock was set ahead since a job was sent; None if not known."""
        at = self._clocks.get(job_id)
        return None if at is None else _clock() - at

    def take_notes(self) -> None:
        """Take over the notes that a person wrote into documents of active jobs.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        for job_id in self.history.annotated(self.jobs.values()):
            job = self.jobs[job_id] = self.history.save(self.jobs[job_id])
            self._publish(job)

    async def put_with_retry(self, job: Job) -> Job:
        """Do as `put` with what must not be lost, such as an id that was paid for.

        On a full disk it is tried again every two seconds; meanwhile the job shows why.

        Raises:
            ProblemError: owned_elsewhere.
        """
        while True:
            try:
                return self.put(job)
            except ProblemError as error:
                if error.problem.code == "owned_elsewhere":
                    raise
                self.report_blocked(job, error.problem, timedelta(seconds=2), durably=False)
                await asyncio.sleep(2)

    def report_blocked(
        self, job: Job, why: Problem, wait: timedelta, *, durably: bool = True
    ) -> None:
        """Leave a job as it is for a reason of our own, and publish the reason.

        Args:
            job: The job, as its document has it.
            why: The reason.
            wait: Time until it is tried again.
            durably: Write it into the document too: the job may come from another process.
        """
        job, error = self.jobs.get(job.id, job), local_error(why)
        if durably and job.state is State.PENDING and job.error != error:
            with suppress(ProblemError):
                job = self.put(job.blocked(utc_now(), error))
        elif durably:
            self.record_status_error(job, error._replace(spent=Spent.PERHAPS))
        self.show_retry(job, Retry(0, utc_now() + wait, why.code, why))

    def record_status_error(self, job: Job, error: JobError) -> None:
        """Write down, once, why the status of a running job is unknown, if only a person can help.

        The process that finds it out may have ended when the person looks.
        """
        job = self.jobs.get(job.id, job)
        is_under_way = job.state in {State.QUEUED, State.IN_PROGRESS}
        if error.kind in LASTING_ERRORS and is_under_way and job.error != error:
            with suppress(ProblemError):  # A full disk is reported where it stops a step.
                self.put(job.status_refused(utc_now(), error))

    def report_fault(self, job: Job, error: Exception) -> None:
        """Leave one job as it is because of a fault of ours, and report it; other jobs go on."""
        # format_exception shows no local variables: a key may be among them.
        _log.error("%s\n%s", job.id, "".join(traceback.format_exception(error)))
        why = problem("answer_fault", reason=type(error).__name__)
        note = f"an answer was not handled: {type(error).__name__}"
        current = self.jobs.get(job.id, job)
        if note not in {event.note for event in current.events}:
            with suppress(ProblemError):  # A full disk is reported where it stops a step.
                current = self.put(current.noted(utc_now(), note))
        self.show_retry(current, Retry(1, utc_now() + FAULT_WAIT, why.code, why))

    def show_transfer(self, job: Job, transfer: Transfer) -> None:
        """Publish the bytes of a download; they are not written."""
        self._transfers[job.id] = transfer
        self._publish(job)

    def show_retry(self, job: Job, retry: Retry | None) -> None:
        """Publish that the engine waits with this job; it is not written."""
        if retry is None:
            if self._retries.pop(job.id, None) is None:
                return
        else:
            self._retries[job.id] = retry
        self._publish(job)

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Replace the profiles."""
        self._servers = servers
        self._server_of.clear()
        self.budget_guard.use_servers(servers)

    def server_of(self, job: Job) -> Server | None:
        """Return the profile with which to reach a job's server; None where none has its origin."""
        ref = job.server
        if ref not in self._server_of:
            self._server_of[ref] = profile_for(self._servers, ref)
        return self._server_of[ref]

    def at(self, server: Server, *states: State) -> list[Job]:
        """Return the jobs of this profile in these states, oldest first.

        It goes by profile, not by origin: two profiles of one gateway have different keys, and a
        job is sent and polled with the one that the person agreed to.
        """
        return [
            job
            for job in self.at_origin(server, *states)
            if (found := self.server_of(job)) is not None and found.name == server.name
        ]

    def at_origin(self, server: Server, *states: State) -> list[Job]:
        """Return the jobs at this server in these states, of any profile; oldest first."""
        found = (
            job
            for job in self.jobs.values()
            if job.state in states and job.server.origin == server.origin
        )
        return sorted(found, key=lambda job: job.id)

    def _publish(self, job: Job) -> None:
        transfer, retry = self._transfers.get(job.id), self._retries.get(job.id)
        self._event_bus.job(JobChanged(job, transfer, retry))


def _clock() -> float:
    """Return our clock minus the monotonic one, in seconds."""
    return utc_now().timestamp() - asyncio.get_running_loop().time()


def _is_worth_writing(before: Job, after: Job) -> bool:
    return (
        before.state is not after.state
        or before.events != after.events
        or before.attempts != after.attempts
        or before.error != after.error
        or before.outputs != after.outputs
        or before.expires_at != after.expires_at
        or before.clock_skew != after.clock_skew
        or before.cost != after.cost
        or before.remote_id != after.remote_id
    )
