"""`sora-tui show`: everything about one job."""

from __future__ import annotations

import argparse
import json
from typing import Final

from sora_tui.cli.arguments import add_job
from sora_tui.cli.console import Console
from sora_tui.cli.job_facts import facts_lines
from sora_tui.cli.report import difference_document
from sora_tui.config.settings import Settings
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History

EXAMPLES: Final = (
    "sora-tui show @last",
    "sora-tui show 20261122-1015",
    "sora-tui show @2 --json",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    add_job(command)


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Show one job.

    Raises:
        ProblemError: job_unknown, job_ambiguous, document_broken or document_newer.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    job_id = history.find(args.job)
    job = history.load(job_id)
    if console.as_json:
        lineage = history.lineage(job)
        document = json.loads(history.load_text(job_id))
        relation = {"from": lineage.origins, "became": lineage.derived}
        document["lineage"] = {way: [one._asdict() for one in relation[way]] for way in relation}
        console.document({**document, **difference_document(job)})
        return 0
    for line in facts_lines(job, folder, history):
        console.result(line)
    return 0
