"""`sora-tui remix`, `edit`, `extend` and `character`: something new out of a clip that is there."""

from __future__ import annotations

import argparse

from sora_tui.cli.generate import place
from sora_tui.cli.speech import Speech
from sora_tui.config.choices import count
from sora_tui.config.profiles import seconds
from sora_tui.config.settings import Settings
from sora_tui.core.problem import problem_error
from sora_tui.core.request import Operation, VideoRequest
from sora_tui.core.server import profile_for
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.sources import find_source


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """A clip that a server has is worked on there, whatever server is chosen otherwise.

    Raises:
        ProblemError: As `derived`; everything that `generate` may refuse.
    """
    folder = open_folder(settings.workspace)
    longer = None if args.seconds is None else seconds(args.seconds)
    clips = 1 if args.count is None else count(args.count)
    request, at = derived(folder, settings, args.command, args.source, args.text, longer)
    return place(args, at, folder, request, None, clips, speech)


def derived(
    folder: Folder,
    settings: Settings,
    operation: Operation,
    source: str,
    prompt: str,
    longer: str | None,
) -> tuple[VideoRequest, Settings]:
    """The request, and the settings with the server that it goes to.

    Args:
        longer: Seconds of an extension.

    Raises:
        ProblemError: As `find_source`; profile_unknown.
    """
    found = find_source(folder, History(folder), source, operation)
    if found.file is None and found.job is not None:
        server = profile_for(settings.servers, found.job.server)
        if server is None:
            raise problem_error("profile_unknown", name=found.job.server.profile)
        settings = settings.on(server.name)
    request = found.request(operation, prompt, model=settings.model, seconds=longer)
    return request, settings
