"""`sora-tui delete`: move a job's record to the trash, and delete its video at the server."""

from __future__ import annotations

import argparse
from typing import Final
from urllib.parse import urlsplit

from sora_tui.cli import exits
from sora_tui.cli.arguments import add_job
from sora_tui.cli.consent import question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.owner_command import find_job, run_owner_command
from sora_tui.cli.remote_delete import MEANS, delete_command, means_at_server
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job, State
from sora_tui.core.probe_result import DeleteMeans
from sora_tui.core.problem import Fact, Problem, ProblemError, Spent, problem_error
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.i18n.answers import is_yes
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History

EXAMPLES: Final = (
    "sora-tui delete @last",
    "sora-tui delete 20261122-1015 --yes",
    "sora-tui delete @last --remote",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    add_job(command)
    command.add_argument("--yes", action="store_true", help=_("do not ask"))
    command.add_argument(
        "--remote",
        action="store_true",
        help=_("delete the video at the server as well; says what that server does with it"),
    )


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Delete the record of a job at rest, once the person has agreed.

    With `--remote` the video is deleted first, at its server; then a running job may be deleted
    too: it ends as cancelled, and its record is kept.

    Raises:
        ProblemError: job_unknown or job_ambiguous; step_illegal for a running job or one that
            needs a decision; delete_refused by the server; the reason why the owner cannot do
            it.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    job = find_job(args.job, folder, history)
    at_server = args.remote and job.remote_id is not None
    if not (job.can_delete_remote if at_server else _is_at_rest(job)):
        raise _not_now(job, names_way=not at_server)
    means = means_at_server(job, settings, folder) if at_server else None
    if not args.yes:
        ask = question_on_terminal()
        if ask is None:
            console.note(_("Without a terminal to ask on, deleting needs --yes."))
            return exits.WRONG_USE
        if not is_yes(ask(_question(job, means))):
            console.note(_("Nothing was deleted."))
            return exits.WRONG_USE

    def is_done() -> bool:
        try:
            now = history.load(job.id)
        except ProblemError as error:
            if error.problem.code != "job_unknown":
                raise
            return True
        if at_server:
            return _is_done_there(job, now)
        if not _is_at_rest(now):  # it went on meanwhile, and the owner refuses
            raise _not_now(now)
        return False

    run_owner_command(
        "delete", job.id, is_done, folder, settings, console, "remote" if at_server else ""
    )
    _report(args, job, means, console)
    return exits.DONE


def _report(
    args: argparse.Namespace, job: Job, means: DeleteMeans | None, console: Console
) -> None:
    """Print what was deleted, and where; `means` is None where no server was asked."""
    at_server = means is not None
    if at_server and not _is_at_rest(job):
        console.document({"event": "cancelled", "job": job.id, "server": means})
        console.result(_("Deleted at {host}.").format(host=_host(job)))
        console.result(_("{job} is cancelled; its record stays.").format(job=job.id))
        return
    record = f"metadata/.trash/{job.id}.json"
    stays = [output.path for output in job.outputs]
    console.document(
        {"event": "deleted", "job": job.id, "record": record, "stays": stays, "server": means}
    )
    if at_server:
        console.result(_("Deleted at {host}.").format(host=_host(job)))
    elif args.remote:
        console.note(_("Nothing of it is at the server."))
    console.result(_("Moved to {path}").format(path=record))
    for path in stays:
        console.result(_("The file stays: {path}").format(path=clean_line(path)))


def _is_at_rest(job: Job) -> bool:
    return job.is_final and not job.needs_decision


def _is_done_there(before: Job, now: Job) -> bool:
    """Return whether a job that was running has ended by the deletion.

    Raises:
        ProblemError: delete_refused; step_illegal when its clip is being downloaded by now.
    """
    if now.events != before.events and now.remote_delete_error is not None:
        raise problem_error("delete_refused", host=_host(now), message=now.remote_delete_error)
    if not now.can_delete_remote:
        raise _not_now(now)
    return now.state is State.CANCELLED and not _is_at_rest(before)


def _question(job: Job, means: DeleteMeans | None) -> str:
    lines = [f"{job.id}  {job.state.value}  {clean_line(job.request.prompt, 60)}"]
    lines += [_("The file stays: {path}").format(path=clean_line(o.path)) for o in job.outputs]
    if means is None:
        question = _("Move this record to metadata/.trash/? y delete, any other answer: no")
        return "\n".join((*lines, question))
    lines.append(_(MEANS[means]).format(host=_host(job)))
    if _is_at_rest(job):
        question = _(
            "Delete the video there, and move this record to metadata/.trash/? y delete, any"
            " other answer: no"
        )
    else:
        question = _(
            "Delete the video there? No clip will come, and what was spent stays spent."
            " y delete, any other answer: no"
        )
    return "\n".join((*lines, question))


def _host(job: Job) -> str:
    return clean_line(urlsplit(job.server.base_url).hostname or job.server.profile)


def _not_now(job: Job, *, names_way: bool = False) -> ProblemError:
    spent = Spent.PERHAPS if job.attempts and not job.is_free else Spent.NO
    facts: dict[str, Fact] = {"job": job.id, "state": job.state.value}
    if names_way and job.can_delete_remote:
        facts["way"] = delete_command(job)
    return ProblemError(Problem("step_illegal", facts, spent))
