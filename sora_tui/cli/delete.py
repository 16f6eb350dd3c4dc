"""`sora-tui delete`: move a job's record to the trash; its file stays."""

from __future__ import annotations

import argparse

from sora_tui.cli import exits
from sora_tui.cli.consent import is_yes, question_on_terminal
from sora_tui.cli.errand import have_done, named
from sora_tui.cli.speech import Speech
from sora_tui.config.settings import Settings
from sora_tui.core.problem import Problem, ProblemError, Spent
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Delete the record of a job at rest, once the person has agreed.

    Raises:
        ProblemError: job_unknown or job_ambiguous; step_illegal for a job that is under way or
            needs a decision; whatever keeps the owner from doing it.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    job = named(args.job, folder, history)
    if job.is_active or job.needs_you:
        spent = Spent.PERHAPS if job.attempts and not job.simulated else Spent.NO
        raise ProblemError(
            Problem("step_illegal", {"job": job.id, "state": job.state.value}, spent)
        )
    if not args.yes:
        ask = question_on_terminal()
        if ask is None:
            speech.note(_("Without a terminal to ask on, deleting needs --yes."))
            return exits.WRONG_USE
        shown = f"{job.id}  {job.state.value}  {clean_line(job.request.prompt, 60)}"
        question = _("Delete this record? Files stay. y delete, any other answer: no")
        if not is_yes(ask(f"{shown}\n{question}")):
            speech.note(_("Nothing was deleted."))
            return exits.WRONG_USE

    def is_done() -> bool:
        try:
            now = history.load(job.id)
        except ProblemError as error:
            if error.problem.code != "job_unknown":
                raise
            return True
        if now.is_active or now.needs_you:  # it went on meanwhile, and the owner refuses
            raise ProblemError(
                Problem("step_illegal", {"job": now.id, "state": now.state.value}, Spent.NO)
            )
        return False

    have_done("delete", job.id, is_done, folder, settings, speech)
    record = f"metadata/.trash/{job.id}.json"
    stays = [output.path for output in job.outputs]
    speech.document({"event": "deleted", "job": job.id, "record": record, "stays": stays})
    speech.result(_("Moved to {path}").format(path=record))
    for path in stays:
        speech.result(_("The file stays: {path}").format(path=clean_line(path)))
    return exits.DONE
