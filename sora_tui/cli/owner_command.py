"""Has the owner of the folder do something with a job, in this process or another."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty
from typing import Final

from sora_tui.cli.console import Console
from sora_tui.cli.wait_for_jobs import Leave, Suspend, running, suspend
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineFault
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, Verb, send_command, waiting

#: Longest wait, in seconds, until the owner of the folder has done it.
_DONE_WITHIN: Final = 60.0
_CHECK_EVERY: Final = 0.1


def find_job(name: str, folder: Folder, history: History) -> Job:
    """Return the job that a person names; it may be one that no owner has claimed yet.

    Raises:
        ProblemError: job_unknown, job_ambiguous, document_broken or document_newer.
    """
    asked = {job.id: job for job in waiting(folder) if name and job.id.startswith(name)}
    if name in asked:
        return asked[name]
    matches = list(asked)
    try:
        matches.append(history.find(name))
    except ProblemError as error:
        if error.problem.code != "job_unknown" or not asked:
            raise
    if len(set(matches)) > 1:
        raise problem_error("job_ambiguous", job=name, matches=", ".join(matches[:5]))
    return asked.get(matches[0]) or history.load(matches[0])


def run_owner_command(
    verb: Verb,
    job_id: str,
    is_done: Callable[[], bool],
    folder: Folder,
    settings: Settings,
    console: Console,
    argument: str = "",
) -> None:
    """Send a command to the owner and wait until it is done; own the folder if it has no owner.

    Raises:
        ProblemError: owned_elsewhere when the owner does not do it in time; the reason why it
            cannot be sent or done here.
        KeyboardInterrupt: A signal came.
    """
    folder.check_writable()  # no owner could ever do it
    # Before the engine starts: an owner executes waiting commands before it sends anything.
    send_command(folder, Command(job_id, verb, argument))
    engine = Engine(
        folder, settings.servers, budget=settings.budget, alone=settings.alone, sends=False
    )
    with running(engine, console) as items:
        end = time.monotonic() + _DONE_WITHIN
        while not is_done():
            if time.monotonic() > end:
                raise problem_error("owned_elsewhere")
            try:
                item = items.get(timeout=_CHECK_EVERY)
            except Empty:
                continue
            if isinstance(item, EngineFault):
                raise ProblemError(item.problem)
            if isinstance(item, Leave):
                raise KeyboardInterrupt
            if isinstance(item, Suspend):
                suspend(engine)
