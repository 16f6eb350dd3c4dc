"""`sora-tui remix`, `edit` and `extend`: a new clip out of one that a server has made."""

from __future__ import annotations

import argparse

from sora_tui.cli.errand import named
from sora_tui.cli.generate import place
from sora_tui.cli.speech import Speech
from sora_tui.config.profiles import seconds
from sora_tui.config.settings import Settings
from sora_tui.core.job import State
from sora_tui.core.problem import problem_error
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.core.server import profile_for
from sora_tui.engine.knowledge import can
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.learnt import Memory

_MADE = frozenset({State.COMPLETED, State.DOWNLOADING, State.SAVED})


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Send it to the server that has the source, whatever server is chosen otherwise.

    Raises:
        ProblemError: job_unknown or job_ambiguous; step_illegal for a source that was not made;
            profile_unknown; operation_unsupported; everything that `generate` may refuse.
    """
    folder = open_folder(settings.workspace)
    source = named(args.job, folder, History(folder))
    if source.state not in _MADE or source.remote_id is None:
        raise problem_error("step_illegal", job=source.id, state=source.state.value)
    server = profile_for(settings.servers, source.server)
    if server is None:
        raise problem_error("profile_unknown", name=source.server.profile)
    if can(server, Memory(folder), args.command) is False:
        raise problem_error("operation_unsupported", host=server.host, operation=args.command)
    asked = source.request
    request = VideoRequest(
        prompt=args.text,
        model=asked.model,
        seconds=asked.seconds if args.seconds is None else seconds(args.seconds),
        size=asked.size,
        operation=args.command,
        source_video=source.remote_id,
    )
    check_request(request)
    return place(args, settings.on(server.name), folder, request, None, 1, speech)
