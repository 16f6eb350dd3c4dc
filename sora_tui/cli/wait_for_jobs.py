"""Waits for jobs until they are at rest, with signals, suspension and reasons to give up."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType, MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from sora_tui.cli.console import Console
from sora_tui.cli.progress import Progress
from sora_tui.core.job import Job, State
from sora_tui.core.problem import Problem, ProblemError, Spent, problem
from sora_tui.core.recovery import SEARCH_DELAYS
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineChanged, EngineEvent, EngineFault, JobChanged
from sora_tui.i18n import _
from sora_tui.i18n.formatting import second_of_day
from sora_tui.i18n.recovery import search_words
from sora_tui.workspace.history import History
from sora_tui.workspace.lock import Holder

#: Reasons that do not go away with time: a job that was not sent is withdrawn, any other is left.
BLOCKING_PROBLEMS: Final = frozenset(
    {
        "answer_fault",
        "base_url_insecure",
        "base_url_invalid",
        "certificate_untrusted",
        "config_invalid",
        "consent_price",
        "consent_unknown",
        "day_unpriced",
        "day_unreadable",
        "disk_full",
        "download_too_large",
        "folder_not_writable",
        "folder_unreadable",
        "handshake_refused",
        "job_hidden",
        "key_command_failed",
        "key_missing",
        "key_command_ignored",
        "key_refused",
        "key_unusable",
        "key_withheld",
        "operation_unsupported",
        "over_budget",
        "price_unclear",
        "price_unknown",
        "profile_unknown",
        "reference_changed",
        "reference_missing",
        "refused_before",
        "source_changed",
        "source_missing",
        "videos_missing",
    }
)
#: Reasons that may go away, and are given up after these tries: some ten minutes.
_REFUSED: Final = frozenset(
    {"download_refused", "clip_damaged", "look_refused", "gateway_misroutes"}
)
_REFUSALS: Final = 9
#: A reason that a person ends, after which the rest of the order is still wanted: the job is left
#: waiting, and `sora-tui wait` sends it.
_STOPPED: Final = "sending_stopped"
#: Tries after which a simulator that does not start is given up.
_STARTS: Final = 3
#: Seconds that a lost answer is searched for before a person has to decide: the last search of the
#: first minutes, and the time that its list may take.
SEARCH: Final = SEARCH_DELAYS[-1] + 30.0
#: Seconds after which the person is told which process does not take the job.
_UNCLAIMED: Final = 5.0
_CHECK_EVERY: Final = 2.0
#: Seconds after which the reason in the record of a running job is believed, if another process is
#: the owner: an owner that has just started may be about to ask with another key.
_KEPT_LONG: Final = 15.0
#: Longest wait, in seconds, for the answer of a paid request when the process ends.
_LAST_WAIT: Final = 120.0

_log = logging.getLogger("sora_tui.cli")


@dataclass(frozen=True, slots=True)
class Leave:
    """A person or the system wants the process to end."""

    signal: int


@dataclass(frozen=True, slots=True)
class Suspend:
    """A person pressed ctrl+z."""


Item = EngineEvent | Leave | Suspend


@dataclass(slots=True)
class Outcome:
    """The state of the jobs when the wait has ended.

    Attributes:
        jobs: The last known state of each; one that no process took yet is missing.
        left: The reason for each job that was given up, by id.
        faults: What stopped the engine itself.
        signal: The signal that ended the wait.
        unclaimed: Jobs that no sora-tui had taken on by then.
        holder: The other sora-tui that has the folder; None where it was this one.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    left: dict[str, Problem] = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)
    signal: int | None = None
    unclaimed: tuple[str, ...] = ()
    holder: Holder | None = None


@contextmanager
def running(engine: Engine, console: Console) -> Iterator[SimpleQueue[Item]]:
    """Start the engine and yield its events; stop it afterwards.

    From here on a result that cannot be written does not stop the command.
    """
    console.keep_working()
    items: SimpleQueue[Item] = SimpleQueue()
    forget = engine.subscribe(items.put)
    with _signals_into(items), taking_back(engine, console):
        # This process may also send what waited here before.
        console.spent = Spent.PERHAPS
        engine.start()
        try:
            yield items
        finally:
            _stop(engine, console)
            forget()


@contextmanager
def taking_back(engine: Engine, console: Console) -> Iterator[None]:
    """Withdraw what was handed in and not sent when the command ends early, and report it.

    Only ctrl+c and similar signals leave a job waiting: the person is told how to resume it.
    """
    try:
        yield
    except Exception:
        _stop(engine, console)
        with suppress(ProblemError):  # the fault itself is reported, and the job shows its state
            if jobs := engine.take_back():
                console.spent = max((_spent(job) for job in jobs), key=list(Spent).index)
                for job in jobs:
                    console.note(fate_words(job))
        raise


def wait_for_completion(
    engine: Engine,
    items: SimpleQueue[Item],
    history: History,
    job_ids: Iterable[str],
    progress: Progress,
    console: Console,
    enough: Callable[[Job], bool] = lambda job: job.is_final,
    overcome: Mapping[str, datetime] = MappingProxyType({}),
) -> Outcome:
    """Wait until every job is at rest, or a signal comes.

    Args:
        engine: Moves the jobs; must be started.
        items: The events of the engine.
        history: Reads the documents of the jobs.
        job_ids: The jobs to wait for.
        progress: Shows how far the jobs are.
        console: Where messages go.
        enough: When a job needs no more waiting. A lost answer is always searched for.
        overcome: Jobs whose recorded reason to wait is no longer valid, by id, with the time of the
            record that has the reason.
    """
    watch = _Waiter(engine, history, progress, console, enough, dict.fromkeys(job_ids), overcome)
    watch.take_ended()
    while watch.open and watch.outcome.signal is None and not watch.outcome.faults:
        try:
            watch.take(items.get(timeout=0.5))
        except Empty:
            watch.check_time()
    progress.pause()
    watch.note_rest()
    if watch.outcome.faults:
        # The wait is over, and the next order would be sent beside this one.
        _stop(engine, console)
        with suppress(ProblemError):  # the fault is reported, and so are the jobs that wait
            watch.outcome.jobs |= {job.id: job for job in engine.take_back()}
    return watch.outcome


class _Waiter:
    """What is known of the jobs so far."""

    def __init__(
        self,
        engine: Engine,
        history: History,
        progress: Progress,
        console: Console,
        enough: Callable[[Job], bool],
        open_ids: dict[str, None],
        overcome: Mapping[str, datetime],
    ) -> None:
        self.outcome = Outcome()
        self._overcome = overcome
        self._stopped: dict[str, Problem] = {}
        self.open = open_ids
        self._engine = engine
        self._history = history
        self._progress = progress
        self._console = console
        self._enough = enough
        self._began = self._checked_at = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._unconfirmed_since: dict[str, float] = {}
        self._untold_since: dict[str, float] = {}  # jobs that the owner cannot poll
        self._owner: EngineChanged | None = None
        self._named_owner = False
        self._named_pause = False
        self._named_search: set[str] = set()

    def take_ended(self) -> None:
        """End the wait for jobs that are at rest already: the engine sends no events for them."""
        for job in self._history.load_each(tuple(self.open)).values():
            if isinstance(job, Job) and job.is_final and not job.needs_decision:
                self._job(JobChanged(job))

    def take(self, item: Item) -> None:
        """Handle an event or a request of the person."""
        match item:
            case JobChanged():
                if item.job.id in self.open:
                    self._job(item)
            case EngineChanged():
                took_over = item.owner and self._owner is not None and not self._owner.owner
                if item.paused and self.open and not self._named_pause:
                    self._name_pause()
                self._owner = item
                if took_over:
                    self._read_open()  # the last owner's final steps sent no event
            case EngineFault():
                self.outcome.faults.append(self._with_money(item.problem))
            case Leave():
                self.outcome.signal = item.signal
            case Suspend():
                self._progress.pause()
                suspend(self._engine)
        self.check_time()

    def note_rest(self) -> None:
        """Note, for the report, which process goes on with the rest."""
        self.outcome.unclaimed = tuple(id for id in self.open if id not in self.outcome.jobs)
        if self._owner is not None and not self._owner.owner:
            self.outcome.holder = self._owner.holder

    def check_time(self) -> None:
        """Do what depends on time alone."""
        now = time.monotonic()
        for job_id, lost_at in self._unconfirmed_since.items():
            if now - lost_at >= SEARCH:
                self.open.pop(job_id, None)
        if self._stopped and self._stopped.keys() >= self.open.keys():
            self._leave_stopped()
        if self._owner is None or self._owner.owner or now - self._checked_at < _CHECK_EVERY:
            return
        # Another process writes: there was no event for a step that it made while we started.
        self._checked_at = now
        self._read_open()
        if not self._named_owner and now - self._began >= _UNCLAIMED:
            self._name_owner()

    def _leave_stopped(self) -> None:
        """End the wait for jobs that only a person can resume; nothing else is running any more."""
        for job_id, why in self._stopped.items():
            self.outcome.left[job_id] = why
            self.open.pop(job_id, None)
        self._stopped.clear()

    def _read_open(self) -> None:
        for job_id in tuple(self.open):
            try:
                self._job(JobChanged(self._history.load(job_id)))
            except ProblemError:
                continue  # still in the inbox, or being edited

    def _job(self, event: JobChanged) -> None:
        job, known = event.job, self.outcome.jobs.get(event.job.id)
        if known is not None and job.is_before(known):
            return
        self.outcome.jobs[job.id] = job
        self._progress.show(event)
        if job.state is State.UNCONFIRMED:
            self._unconfirmed_since.setdefault(job.id, time.monotonic())
            if self._is_searched(job):
                self.open.pop(job.id, None)
            elif job.search is not None and job.id not in self._named_search:
                self._name_search(job)
            return
        self._unconfirmed_since.pop(job.id, None)
        self._stopped.pop(job.id, None)
        why = self._reason_to_end(event)
        if self._enough(job):
            self.open.pop(job.id)
        elif why and why.code == _STOPPED:
            host = urlsplit(job.server.base_url).hostname or ""
            self._stopped[job.id] = problem(_STOPPED, host=host)
        elif why and _is_blocking(why, event.retry.count if event.retry else 0):
            self._leave(job, why)

    def _reason_to_end(self, event: JobChanged) -> Problem | None:
        """Return what keeps the job from moving on, if anything does."""
        job = event.job
        why = event.retry.problem if event.retry else None
        if job.is_too_large and job.error is not None:
            why = job.error.problem  # it is asked for again only if a person says so
        follows = self._owner is not None and not self._owner.owner
        is_old = job.updated_at == self._overcome.get(job.id)
        if why is None and job.state is State.PENDING and job.error and not is_old:
            # If the owner is another process, its record has the reason; with an engine of our own,
            # only a reason that a person ends counts.
            why = job.error.problem if follows or job.is_stopped else None
        if job.state in {State.QUEUED, State.IN_PROGRESS} and job.error is not None:
            since = self._untold_since.setdefault(job.id, time.monotonic())
            if why is None and follows and time.monotonic() - since >= _KEPT_LONG:
                why = job.error.problem
        else:
            self._untold_since.pop(job.id, None)
        return why

    def _leave(self, job: Job, why: Problem) -> None:
        """End the wait for a job that does not move on.

        One that this run handed in and that was never sent is taken back; what another run ordered
        stays: tomorrow there may be room in the day's limit.
        """
        if job.id in self.outcome.left:
            return
        self.outcome.left[job.id] = _with_money(why, job)
        if self._engine.may_take_back(job):
            try:
                self._engine.command(job.id, "cancel")
                return
            except ProblemError as error:  # the disk is too full even to withdraw it: it goes on
                _log.warning("%s cannot be taken back: %s", job.id, error)
        self.open.pop(job.id)

    def _with_money(self, why: Problem) -> Problem:
        """Return why the engine stopped, corrected for a running job that may have cost money."""
        jobs = (self.outcome.jobs.get(job_id) for job_id in self.open)
        sent = next((job for job in jobs if job is not None and job.attempts), None)
        return why if sent is None else _with_money(why, sent)

    def _is_searched(self, job: Job) -> bool:
        """Return whether the server's list brought all it can, so that a person has to decide."""
        search = job.search
        if search is None:
            return False
        # If another process searches, the record has only what was news.
        follows = self._owner is not None and not self._owner.owner
        if not follows and search.at < self._began_at:
            return False
        return search.is_exhausted(job.unconfirmed_since, has_unknown_past=job.has_unknown_past)

    def _name_search(self, job: Job) -> None:
        """Report, once, what is waited for, and how long."""
        self._named_search.add(job.id)
        self._progress.pause()
        rest = SEARCH_DELAYS[-1] - (datetime.now(UTC) - job.unconfirmed_since).total_seconds()
        until = datetime.now(UTC) + timedelta(seconds=min(max(rest, 0.0), SEARCH_DELAYS[-1]))
        self._console.note(search_words(job, second_of_day(until)))

    def _name_owner(self) -> None:
        """Report which process holds the folder while no process has taken a job of ours."""
        holder = self._owner.holder if self._owner else None
        unclaimed = [job_id for job_id in self.open if job_id not in self.outcome.jobs]
        if holder is None or not unclaimed:
            return
        self._named_owner = True
        self._progress.pause()
        self._console.note(
            _(
                "Another sora-tui (pid {pid} on {host}, {state}) has this folder and has not"
                " taken the job yet."
            ).format(pid=holder.pid, host=holder.host, state=holder.state)
        )

    def _name_pause(self) -> None:
        """Report, once, why nothing is sent."""
        self._named_pause = True
        self._progress.pause()
        self._console.note(
            _(
                "The queue of this folder is paused: what was not sent yet waits. Open sora-tui"
                " and press 4, then p, to go on."
            )
        )


def go_on(engine: Engine, history: History, job_ids: Iterable[str]) -> dict[str, datetime]:
    """Have jobs sent that wait because of unclear answers: a person who waits for them wants them.

    Returns:
        When each of these jobs last changed, with the reason that is no longer valid.
    """
    jobs = history.load_each(job_ids).values()
    stopped = [job for job in jobs if isinstance(job, Job) and job.is_stopped]
    engine.go_on(stopped)
    return {job.id: job.updated_at for job in stopped}


def suspend(engine: Engine) -> None:
    """Let another process own the folder while this one is stopped."""
    engine.stop(_LAST_WAIT)
    os.kill(os.getpid(), signal.SIGSTOP)
    engine.start()


def _with_money(why: Problem, job: Job) -> Problem:
    """Return a reason that says it cost nothing, corrected for a job that may have cost money."""
    if job.state is State.PENDING or why.spent is not Spent.NO:
        return why
    made = job.state in {State.COMPLETED, State.DOWNLOADING}
    return replace(why, spent=Spent.YES if made else Spent.PERHAPS)


def fate_words(job: Job) -> str:
    """Return the state of a job whose wait has ended, and what can be done about it."""
    match job.state:
        case State.CANCELLED if not job.attempts:
            text = _("{job} was taken back: nothing of it was sent.")
        case State.PENDING:
            text = _(
                "{job} still waits, and the next sora-tui sends it; sora-tui cancel {job} takes it"
                " back."
            )
        case State.SUBMITTING | State.UNCONFIRMED:
            text = _("{job} may have been sent, and billed: sora-tui wait {job} looks for it.")
        case State.SAVED:
            path = next((output.path for output in job.outputs), "")
            return _("{job} is done: its clip is saved in {path}.").format(job=job.id, path=path)
        case _ if job.is_active:
            text = _("{job} is with the server and goes on with: sora-tui wait {job}")
        case _:
            text = _("{job} has ended: sora-tui show {job} says how.")
    return text.format(job=job.id)


def _spent(job: Job) -> Spent:
    if job.outputs:
        return Spent.YES
    return Spent.PERHAPS if job.attempts or job.remote_id else Spent.NO


def _is_blocking(why: Problem, tries: int) -> bool:
    if why.code in _REFUSED:
        return tries >= _REFUSALS
    return why.code in BLOCKING_PROBLEMS or (why.code == "simulator_failed" and tries >= _STARTS)


def _stop(engine: Engine, console: Console) -> None:
    if engine.stop():
        return
    console.note(
        _("Waiting for the answer to a paid request. Ctrl+c leaves it; sora-tui wait looks for it.")
    )
    engine.stop(_LAST_WAIT)


@contextmanager
def _signals_into(items: SimpleQueue[Item]) -> Iterator[None]:
    """Turn ctrl+c, ctrl+z and SIGTERM into items; a second ctrl+c ends the process at once."""
    asked = False

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        items.put(Leave(number))

    def suspend(number: int, frame: FrameType | None) -> None:
        items.put(Suspend())

    handlers = {
        signal.SIGINT: leave,
        signal.SIGTERM: leave,
        signal.SIGHUP: leave,
        signal.SIGTSTP: suspend,
    }
    # A signal that was ignored on purpose (nohup) stays ignored.
    before = {
        number: signal.signal(number, handler)
        for number, handler in handlers.items()
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
