"""`sora-tui cancel`: take a job back before it is sent."""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import UTC, datetime

from sora_tui.cli import exits
from sora_tui.cli.delete import MEANS, means_at_server, way_there
from sora_tui.cli.errand import have_done, named
from sora_tui.cli.lost import ways
from sora_tui.cli.speech import Speech
from sora_tui.config.settings import Settings
from sora_tui.core.document import to_document
from sora_tui.core.job import Job, State
from sora_tui.core.problem import Problem, ProblemError, Spent
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import withdraw


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Withdraw a pending job; one that was sent goes on, and that is said.

    Raises:
        ProblemError: job_unknown or job_ambiguous; step_illegal for a job at rest; whatever keeps
            the owner from doing it.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    job = named(args.job, folder, history)
    if job.state is State.PENDING:
        if withdraw(folder, job.id):
            job = job.withdrawn(datetime.now(UTC))
        else:

            def is_done() -> bool:
                return history.load(job.id).state is not State.PENDING

            have_done("cancel", job.id, is_done, folder, settings, speech)
            job = history.load(job.id)
    if job.state is not State.CANCELLED or job.remote_id is not None:
        return _too_late(job, folder, settings, speech)
    speech.document(to_document(job))
    speech.result(_("{job} is withdrawn: nothing was sent.").format(job=job.id))
    return exits.DONE


def _too_late(job: Job, folder: Folder, settings: Settings, speech: Speech) -> int:
    """Say what cancelling cannot do."""
    facts = {"job": job.id, "state": job.state.value}
    if job.is_final and not job.needs_decision:
        raise ProblemError(Problem("step_illegal", facts, Spent.NO))
    speech.problem(Problem("step_illegal", facts, Spent.NO if job.is_free else Spent.PERHAPS))
    if job.needs_decision:
        speech.note(_("It may be at the server, and cannot be stopped there from here."))
        for line in ways(job):
            speech.note(line)
        return exits.UNCONFIRMED
    speech.note(
        _(
            "It was sent to {server} and is not stopped there: it goes on, and its clip is saved"
            " by whoever runs sora-tui here next. Save it now: sora-tui wait {job}"
        ).format(server=clean_line(job.server.profile), job=job.id)
    )
    means = None
    if job.can_delete_remote and job.state in {State.QUEUED, State.IN_PROGRESS}:
        with suppress(ProblemError):  # no profile has its server: nothing is asked of it
            means = means_at_server(job, settings, folder)
    if means in {"cancels", "deletes"}:
        server = clean_line(job.server.profile)
        text = _("To end it there: {way}  ({what})")
        speech.note(text.format(way=way_there(job), what=_(MEANS[means]).format(host=server)))
    return exits.BY_PROBLEM["step_illegal"]
