"""`sora-tui wait`: finish everything unfinished, lost answers included."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import datetime
from typing import NoReturn

from sora_tui.cli import exits
from sora_tui.cli.consent import question_on_terminal
from sora_tui.cli.decide import Deciding
from sora_tui.cli.follow import Outcome, go_on, running, wait_for_completion
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.speech import Speech
from sora_tui.cli.streams import complain
from sora_tui.cli.usual import usual_of
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job, State
from sora_tui.core.problem import ProblemError
from sora_tui.engine.engine import Engine
from sora_tui.i18n import _
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting
from sora_tui.workspace.lock import OwnerLock


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Stay until the named jobs, or all, are at rest; the exit code is the worst outcome's.

    What is decided about a lost answer is done first, on the command line or when it is asked for.

    Raises:
        ProblemError: job_unknown or job_ambiguous; whatever keeps a decision from being done.
    """
    decided = args.adopt is not None or args.send_again or args.give_up
    if decided and (not args.jobs or (args.adopt is not None and len(args.jobs) > 1)):
        _wrong_use(_("name the JOB that this is about"))
    folder = open_folder(settings.workspace)
    history = History(folder)
    if args.jobs:
        wanted = [history.find(name) for name in args.jobs]
    else:
        wanted = _unfinished(folder, history, settings)
    broken = [] if args.jobs else history.broken()
    for why in broken:  # a paid clip may be behind each of them
        speech.problem(why)
    if not wanted:
        if broken:
            return max(exits.BY_PROBLEM[why.code] for why in broken)
        speech.note(_("Nothing is unfinished here."))
        return exits.DONE
    folder.check_writable()  # nobody moves a job here, so nothing would ever come of it
    engine = Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)
    asked = _look_again(engine, history, wanted) if args.jobs and not decided else {}
    stopped = {} if decided else go_on(engine, history, wanted)

    def is_enough(job: Job) -> bool:
        return job.is_final and job.updated_at != asked.get(job.id)

    with running(engine, speech) as items:
        progress = progress_for(speech, usual_of(history))
        deciding = Deciding(folder, engine, items, history, settings, speech)
        if decided:
            for job_id in wanted:
                _do(args, deciding, job_id)
            wanted = deciding.going
            deciding.give_back()
        outcome = wait_for_completion(
            engine, items, history, wanted, progress, speech, is_enough, stopped
        )
        asks = not speech.as_json and question_on_terminal() is not None
        while asks and outcome.signal is None and not outcome.faults:
            going = _ask(deciding, outcome)
            if not going:
                break
            _add(outcome, wait_for_completion(engine, items, history, going, progress, speech))
        outcome.signal = outcome.signal or deciding.signal
        for job in [job for job in outcome.jobs.values() if job.needs_decision]:
            outcome.jobs[job.id] = history.load(job.id)  # given up for one that was sent
    return report(outcome, folder, speech)


def _unfinished(folder: Folder, history: History, settings: Settings) -> list[str]:
    """Return the ids of everything unfinished.

    An owner that was killed, or documents that were put back, leave an index that says less than
    the documents do: where nobody else owns the folder, it is brought up first.
    """
    lock = OwnerLock(folder, alone=settings.alone)
    with suppress(ProblemError):  # a folder that can only be looked at: the index has to do
        if lock.try_acquire():
            with closing(History(folder)) as owned:
                owned.own()
    lock.release()
    return [job.id for job in (*history.active(), *waiting(folder))]


def _look_again(engine: Engine, history: History, job_ids: Iterable[str]) -> dict[str, datetime]:
    """Have the server asked once more for what it had no longer, or had ended.

    It may only have been late, or one of its replicas behind.

    Returns:
        When each of these jobs changed last: what is older than the asking is no answer to it.
    """
    jobs = [history.load(job_id) for job_id in job_ids]
    again = (
        job
        for job in jobs
        if job.state is State.EXPIRED or job.can_recheck_remote or job.is_too_large
    )
    asked = {job.id: job.updated_at for job in again}
    for job_id in asked:
        engine.command(job_id, "look")
    return asked


def _do(args: argparse.Namespace, deciding: Deciding, job_id: str) -> None:
    job = deciding.current(job_id)
    if args.adopt is not None:
        deciding.adopt(job, args.adopt)
    elif args.give_up:
        deciding.give_up(job)
    else:
        deciding.send_again(
            job,
            yes=args.yes,
            max_spend=args.max_spend,
            despite_refusal=args.send_refused,
        )


def _ask(deciding: Deciding, outcome: Outcome) -> list[str]:
    """Ask about every job that nobody was asked about; the ids of those that go on."""
    deciding.going = []
    for job in outcome.jobs.values():
        if job.needs_decision and job.id not in deciding.asked and not deciding.ask(job):
            break
    deciding.give_back()
    return list(dict.fromkeys(deciding.going))


def _add(outcome: Outcome, later: Outcome) -> None:
    outcome.jobs |= later.jobs
    outcome.left |= later.left
    outcome.faults += later.faults
    outcome.signal = later.signal


def _wrong_use(message: str) -> NoReturn:
    complain(f"sora-tui wait: {message}")
    sys.exit(2)
