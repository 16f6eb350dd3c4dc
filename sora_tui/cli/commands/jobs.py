"""`sora-tui jobs`: the jobs of this workspace, newest first."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Final

from sora_tui.cli.arguments import at_least_one
from sora_tui.cli.console import Console
from sora_tui.cli.job_facts import cost_words
from sora_tui.cli.report import difference_document
from sora_tui.cli.table import aligned
from sora_tui.config.settings import Settings
from sora_tui.core.document import to_document
from sora_tui.core.job import Job, State
from sora_tui.core.text import clean_line, folded
from sora_tui.i18n import _
from sora_tui.i18n.formatting import second
from sora_tui.i18n.problems import sentences
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History

#: Documents read at once while searching for jobs that match.
_PAGE = 200


EXAMPLES: Final = (
    "sora-tui jobs --state failed",
    'sora-tui jobs --search "paper boat" --limit 5',
    "sora-tui jobs --json | jq -r .id",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "--state", action="append", metavar=_("STATE"), help=_("only jobs in this state")
    )
    command.add_argument(
        "--search", metavar=_("TEXT"), help=_("only jobs whose prompt or id has it")
    )
    command.add_argument(
        "--limit", type=at_least_one, default=50, metavar="N", help=_("at most N (50)")
    )


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List jobs."""
    history = History(open_folder(settings.workspace))
    known = {state.value for state in State}
    for word in args.state or ():
        if word not in known:
            choices = ", ".join(sorted(known))
            console.note(
                _("There is no state {word}. There are: {choices}").format(
                    word=clean_line(word), choices=choices
                )
            )
            return 2
    found = list(islice(_matching(history, args.state, args.search), args.limit))
    for job in found:
        console.document({**to_document(job), **difference_document(job)})
    broken = history.broken()
    if not found and (args.state or args.search):
        console.note(_("No jobs match."))
    elif not found and not broken:  # records that cannot be read are jobs all the same
        console.note(_("No jobs yet."))
    elif found:
        for line in _table(found):
            console.result(line)
    for why in broken:
        console.note(" ".join((sentences(why).happened, sentences(why).next)))
    return 0


def _matching(history: History, states: list[str] | None, search: str | None) -> Iterator[Job]:
    words = folded(search or "")
    offset = 0
    while page := history.newest(_PAGE, offset):
        offset += _PAGE
        for job in page:
            if states and job.state.value not in states:
                continue
            batch = job.batch.id if job.batch else ""
            searched = f"{job.id} {job.remote_id or ''} {batch} {job.request.prompt}"
            if words in folded(searched):
                yield job


def _table(found: list[Job]) -> Iterator[str]:
    """Yield aligned columns; the prompt takes the rest of a terminal's line, or is whole."""
    heads = (_("ID"), _("STATE"), _("CREATED"), _("COST"), _("MODEL"), _("SIZE"), _("SEC"))
    rows = [
        (*heads, _("PROMPT")),
        *((*_cells(job), clean_line(job.request.prompt)) for job in found),
    ]
    return aligned(
        rows, at_most=shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    )


def _cells(job: Job) -> tuple[str, ...]:
    request = job.request
    return (
        job.id,
        job.state_word,
        second(job.created_at),
        cost_words(job),
        clean_line(request.model or "-", 24),
        clean_line(request.size or "-", 12),
        clean_line(request.seconds or "-", 6),
    )
