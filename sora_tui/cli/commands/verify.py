"""`sora-tui verify`: whether the files in output/ are still what was downloaded."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.config.settings import Settings
from sora_tui.core.job import Output
from sora_tui.core.problem import ProblemError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.outputs import verify

EXAMPLES: Final = (
    "sora-tui verify",
    "sora-tui verify @last",
    "sora-tui verify --json | jq -r 'select(.result != \"ok\").path'",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument("jobs", nargs="*", metavar=_("JOB"), help=_("only these jobs"))


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Hash the files of the named jobs, or of all jobs, again; nothing is changed.

    A record that cannot be read vouches for no file, and a job that is named must have one.

    Raises:
        ProblemError: job_unknown or job_ambiguous.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    named = [history.find(name) for name in args.jobs]
    job_ids = named or history.all_ids()  # not from the index, which may be behind
    words = {
        "ok": _("ok"),
        "changed": _("changed"),
        "missing": _("missing"),
        "unreadable": _("unreadable"),
    }
    all_ok = True
    for job_id in job_ids:
        try:
            job = history.load(job_id)
        except ProblemError as error:
            all_ok = False
            console.problem(error.problem)
            continue
        if named and not job.outputs:
            all_ok = False
            console.note(_("{job} has no file: it is {state}.").format(job=job.id, state=job.state))
        for output in job.outputs:
            if not output.sha256:
                continue  # the one-file script lost it: there is nothing to compare with
            found = _found(folder, output)
            all_ok = all_ok and found == "ok"
            console.document(
                {"job": job.id, "path": output.path, "sha256": output.sha256, "result": found}
            )
            console.result(f"{words[found]}  {clean_line(output.path)}")
    if not job_ids:
        console.note(_("No jobs yet."))
    return exits.DONE if all_ok else exits.FAILED


def _found(folder: Folder, output: Output) -> str:
    try:
        return "ok" if verify(folder, output) else "changed"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "unreadable"
