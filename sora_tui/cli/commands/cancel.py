"""`sora-tui cancel`: withdraw a job before it is sent."""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from sora_tui.cli import exits
from sora_tui.cli.arguments import add_job
from sora_tui.cli.console import Console
from sora_tui.cli.owner_command import find_job, run_owner_command
from sora_tui.cli.remote_delete import MEANS, delete_command, means_at_server
from sora_tui.cli.unconfirmed_words import resolution_commands
from sora_tui.config.settings import Settings
from sora_tui.core.document import to_document
from sora_tui.core.job import Job, State
from sora_tui.core.problem import Problem, ProblemError, Spent
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import withdraw

EXAMPLES: Final = (
    "sora-tui cancel @last",
    "sora-tui cancel 20261122-1015",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    add_job(command)


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Withdraw a pending job; one that was sent goes on, and that is reported.

    Raises:
        ProblemError: job_unknown or job_ambiguous; step_illegal for a job at rest; the reason
            why the owner cannot do it.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    job = find_job(args.job, folder, history)
    if job.state is State.PENDING:
        if withdraw(folder, job.id):
            job = job.withdrawn(datetime.now(UTC))
        else:

            def is_done() -> bool:
                return history.load(job.id).state is not State.PENDING

            run_owner_command("cancel", job.id, is_done, folder, settings, console)
            job = history.load(job.id)
    if job.state is not State.CANCELLED or job.remote_id is not None:
        return _too_late(job, folder, settings, console)
    console.document(to_document(job))
    console.result(_("{job} is withdrawn: nothing was sent.").format(job=job.id))
    return exits.DONE


def _too_late(job: Job, folder: Folder, settings: Settings, console: Console) -> int:
    """Report that cancelling does not stop a job that was sent."""
    facts = {"job": job.id, "state": job.state.value}
    if job.is_final and not job.needs_decision:
        raise ProblemError(Problem("step_illegal", facts, Spent.NO))
    console.problem(Problem("step_illegal", facts, Spent.NO if job.is_free else Spent.PERHAPS))
    if job.needs_decision:
        console.note(_("It may be at the server, and cannot be stopped there from here."))
        for line in resolution_commands(job):
            console.note(line)
        return exits.UNCONFIRMED
    console.note(
        _(
            "It was sent to {server} and is not stopped there: it goes on, and its clip is saved"
            " by whoever runs sora-tui here next. Save it now: sora-tui wait {job}"
        ).format(server=clean_line(job.server.profile), job=job.id)
    )
    means = None
    if job.can_delete_remote and job.state in {State.QUEUED, State.IN_PROGRESS}:
        with suppress(ProblemError):  # no profile has its server, so that is left out
            means = means_at_server(job, settings, folder)
    if means in {"cancels", "deletes"}:
        server = clean_line(job.server.profile)
        text = _("To end it there: {way}  ({what})")
        console.note(text.format(way=delete_command(job), what=_(MEANS[means]).format(host=server)))
    return exits.BY_PROBLEM["step_illegal"]
