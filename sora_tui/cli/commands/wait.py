"""`sora-tui wait`: finish everything that is unfinished, lost answers included."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from queue import SimpleQueue
from typing import Final, NoReturn

from sora_tui.cli import exits
from sora_tui.cli.arguments import add_send_refused, amount
from sora_tui.cli.consent import question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.progress import Progress, progress_for
from sora_tui.cli.report import report
from sora_tui.cli.resolve_unconfirmed import UnconfirmedResolver
from sora_tui.cli.streams import complain
from sora_tui.cli.typical_time import typical_time_of
from sora_tui.cli.wait_for_jobs import Item, Outcome, go_on, running, wait_for_completion
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job, State
from sora_tui.core.problem import ProblemError
from sora_tui.engine.engine import Engine
from sora_tui.i18n import _
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting
from sora_tui.workspace.lock import OwnerLock

EXAMPLES: Final = (
    "sora-tui wait",
    "sora-tui wait @last",
    "sora-tui wait 20261122-1011 --adopt video_9c1e",
    "sora-tui wait @last --send-again --yes",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument("jobs", nargs="*", metavar=_("JOB"), help=_("only these jobs"))
    decision = command.add_argument_group(
        _("decide about JOB, whose answer was lost (asked for in a terminal)")
    ).add_mutually_exclusive_group()
    decision.add_argument(
        "--adopt", metavar=_("VIDEO_ID"), help=_("it is this video of the server; no new cost")
    )
    decision.add_argument(
        "--send-again",
        action="store_true",
        help=_("send the same request as a new job; it may be billed twice"),
    )
    decision.add_argument(
        "--give-up", action="store_true", help=_("look for it no longer; the record stays")
    )
    command.add_argument("--yes", action="store_true", help=_("agree to the price beforehand"))
    command.add_argument(
        "--max-spend",
        type=amount,
        metavar="X",
        help=_("agree to at most this sum for sending again; never to an unknown price"),
    )
    add_send_refused(command)


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:  # noqa: C901 -- the course of the command, in its order
    """Wait until the named jobs, or all, are at rest; return the exit code of the worst outcome.

    Decisions about lost answers come first, from the command line or from the person.

    Raises:
        ProblemError: job_unknown or job_ambiguous; the reason why a decision cannot be carried
            out.
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
        console.problem(why)
    if not wanted:
        if broken:
            return max(exits.BY_PROBLEM[why.code] for why in broken)
        console.note(_("Nothing is unfinished here."))
        return exits.DONE
    folder.check_writable()  # without an owner no job would ever move
    engine = Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)
    asked = _look_again(engine, history, wanted) if args.jobs and not decided else {}
    asks = not console.as_json and question_on_terminal() is not None
    # A person who can be asked decides about what is in doubt before anything more is sent.
    asks_first = asks and not args.jobs and _is_in_doubt(history, wanted)
    stopped = {} if decided or asks_first else go_on(engine, history, wanted)

    def is_enough(job: Job) -> bool:
        return job.is_final and job.updated_at != asked.get(job.id)

    with running(engine, console) as items:
        progress = progress_for(console, typical_time_of(history))
        resolver = UnconfirmedResolver(folder, engine, items, history, settings, console)
        refused = exits.DONE
        if decided:
            refused = _decide(args, resolver, wanted, console)
            wanted = resolver.going
            resolver.give_back()
        outcome = wait_for_completion(
            engine, items, history, wanted, progress, console, is_enough, stopped
        )
        while asks and outcome.signal is None and not outcome.faults:
            going = _ask(resolver, outcome)
            if not going:
                break
            _add(outcome, wait_for_completion(engine, items, history, going, progress, console))
        if asks_first and outcome.signal is None and not outcome.faults:
            _send_stopped(engine, items, history, progress, console, outcome)
        outcome.signal = outcome.signal or resolver.signal
        for job in [job for job in outcome.jobs.values() if job.needs_decision]:
            outcome.jobs[job.id] = history.load(job.id)  # given up for one that was sent
    return max(report(outcome, folder, console), refused)


def _decide(
    args: argparse.Namespace,
    resolver: UnconfirmedResolver,
    job_ids: Sequence[str],
    console: Console,
) -> int:
    """Carry out the decision for each job; return the exit code of the one that was refused, or 0.

    What was decided before that one is waited for as usual.

    Raises:
        ProblemError: The first one was refused: nothing was done.
    """
    for job_id in job_ids:
        try:
            _do(args, resolver, job_id)
        except ProblemError as error:
            if not resolver.going:
                raise
            console.problem(error.problem)
            return exits.BY_PROBLEM[error.problem.code]
    return exits.DONE


def _unfinished(folder: Folder, history: History, settings: Settings) -> list[str]:
    """Return the ids of everything unfinished.

    An owner that was killed, or documents that were restored, leave an index that lacks changes: if
    the folder has no owner, the index is brought up first.
    """
    lock = OwnerLock(folder, alone=settings.alone)
    with suppress(ProblemError):  # a folder without write access: the index has to do
        if lock.try_acquire():
            with closing(History(folder)) as owned:
                owned.own()
    lock.release()
    return [job.id for job in (*history.active(), *waiting(folder))]


def _look_again(engine: Engine, history: History, job_ids: Iterable[str]) -> dict[str, datetime]:
    """Have the server asked again for jobs that it no longer had, or had ended.

    It may only have been late, or one of its replicas out of date.

    Returns:
        When each of these jobs last changed: an older change is no answer to this question.
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


def _do(args: argparse.Namespace, resolver: UnconfirmedResolver, job_id: str) -> None:
    job = resolver.current(job_id)
    if args.adopt is not None:
        resolver.adopt(job, args.adopt)
    elif args.give_up:
        resolver.give_up(job)
    else:
        resolver.send_again(
            job,
            yes=args.yes,
            max_spend=args.max_spend,
            despite_refusal=args.send_refused,
        )


def _ask(resolver: UnconfirmedResolver, outcome: Outcome) -> list[str]:
    """Ask about every job that the person was not asked about; return those that go on."""
    resolver.going = []
    for job in outcome.jobs.values():
        if job.needs_decision and job.id not in resolver.asked and not resolver.ask(job):
            break
    resolver.give_back()
    return list(dict.fromkeys(resolver.going))


def _is_in_doubt(history: History, job_ids: Iterable[str]) -> bool:
    jobs = history.load_each(job_ids).values()
    return any(isinstance(job, Job) and job.needs_decision for job in jobs)


def _send_stopped(
    engine: Engine,
    items: SimpleQueue[Item],
    history: History,
    progress: Progress,
    console: Console,
    outcome: Outcome,
) -> None:
    """Have what waited for the decisions sent, if all of them were made."""
    if any(history.load(job.id).needs_decision for job in outcome.jobs.values()):
        return
    waiting = [job.id for job in outcome.jobs.values() if job.state is State.PENDING]
    if waiting:
        for job_id in waiting:
            outcome.left.pop(job_id, None)
        stopped = go_on(engine, history, waiting)
        _add(
            outcome,
            wait_for_completion(
                engine, items, history, waiting, progress, console, overcome=stopped
            ),
        )


def _add(outcome: Outcome, later: Outcome) -> None:
    outcome.jobs |= later.jobs
    outcome.left |= later.left
    outcome.faults += later.faults
    outcome.signal = later.signal


def _wrong_use(message: str) -> NoReturn:
    complain(f"sora-tui wait: {message}")
    sys.exit(2)
