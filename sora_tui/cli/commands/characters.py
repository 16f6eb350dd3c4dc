"""`sora-tui characters`: the characters that were made from this folder, or one of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from sora_tui.cli.console import Console
from sora_tui.cli.job_facts import facts_lines
from sora_tui.cli.table import aligned
from sora_tui.config.settings import Settings
from sora_tui.core.document import to_document
from sora_tui.core.job import Job
from sora_tui.core.problem import problem_error
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History

EXAMPLES: Final = (
    "sora-tui characters",
    "sora-tui characters Mossy",
    "sora-tui characters --json | jq -r .remote_id",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument("name", nargs="?", metavar=_("NAME"), help=_("of a character"))


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List the characters, newest first, or show the newest of a name.

    Raises:
        ProblemError: character_unknown.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    jobs = history.characters()
    if args.name is not None:
        names = (job for job in jobs if args.name in {job.request.prompt, job.id, job.remote_id})
        job = next(names, None)
        if job is None:
            raise problem_error("character_unknown", name=args.name)
        console.document(to_document(job))
        for line in facts_lines(job, folder, history):
            console.result(line)
        return 0
    for job in jobs:
        console.document(to_document(job))
    if jobs:
        for line in _table(jobs):
            console.result(line)
    else:
        console.note(_("No characters yet. sora-tui character NAME CLIP makes one of a clip."))
    return 0


def _table(jobs: list[Job]) -> Iterator[str]:
    rows = [(_("NAME"), _("SERVER"), "ID", _("JOB"))]
    rows += [
        (
            clean_line(job.request.prompt, 80),
            clean_line(job.server.profile, 24),
            clean_line(job.remote_id or "", 300),
            job.id,
        )
        for job in jobs
    ]
    return aligned(rows)
