"""`sora-tui wait`: finish everything unfinished, lost answers included."""

from __future__ import annotations

import argparse

from sora_tui.cli import exits
from sora_tui.cli.follow import running, wait_for_completion
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.speech import Speech
from sora_tui.cli.usual import usual_of
from sora_tui.config.settings import Settings
from sora_tui.engine.engine import Engine
from sora_tui.i18n import _
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Stay until the named jobs, or all, are at rest; the exit code is the worst outcome's.

    Raises:
        ProblemError: job_unknown or job_ambiguous.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    if args.jobs:
        wanted = [history.find(name) for name in args.jobs]
    else:
        wanted = [job.id for job in (*history.active(), *waiting(folder))]
    if not wanted:
        speech.note(_("Nothing is unfinished here."))
        return exits.DONE
    engine = Engine(folder, settings.servers, alone=args.i_am_alone)
    with running(engine, speech) as items:
        progress = progress_for(speech, usual_of(history))
        outcome = wait_for_completion(engine, items, history, wanted, progress, speech)
    return report(outcome, folder, speech)
