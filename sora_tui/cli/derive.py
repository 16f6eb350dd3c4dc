"""`sora-tui remix`, `edit`, `extend` and `character`: something new made of an existing clip."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Final

from sora_tui.cli.arguments import add_count, add_parameters, add_prompt_file, add_sending
from sora_tui.cli.build_request import note_mistyped, with_params
from sora_tui.cli.console import Console
from sora_tui.cli.order_input import order_input
from sora_tui.cli.place_order import place_order
from sora_tui.config.order_options import Choices
from sora_tui.config.settings import Settings
from sora_tui.core.problem import problem_error
from sora_tui.core.prompt import text_to_send
from sora_tui.core.server import profile_for
from sora_tui.i18n import _
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.source_clips import find_source

#: Options of `generate` that the source decides for everything made of a clip.
SOURCE_DECIDES: Final = dict.fromkeys(("model", "size", "reference_image", "fit", "character"))


def add_derivation(command: argparse.ArgumentParser) -> None:
    """Add what a new clip out of another one takes: a prompt, and what is agreed to."""
    command.add_argument("text", nargs="?", metavar=_("TEXT"), help=_("the prompt"))
    add_prompt_file(command)
    add_count(command)
    add_parameters(command)
    command.set_defaults(seconds=None, **SOURCE_DECIDES)
    add_sending(command)


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Make something of a clip. The server that has the clip does it, whichever one is chosen.

    Raises:
        ProblemError: As `derive`; prompt_unreadable or front_matter_broken.
    """
    folder = open_folder(settings.workspace)
    prompt, file, own = order_input(args, folder, console)
    own = replace(own, operation=args.command, source=args.source)
    return derive(args, settings, folder, prompt.text, file, own, console)


def derive(
    args: argparse.Namespace,
    settings: Settings,
    folder: Folder,
    text: str,
    file: str | None,
    own: Choices,
    console: Console,
) -> int:
    """Apply the operation in the choices to the clip that they name.

    Args:
        args: The options of the command line.
        settings: The settings of the workspace.
        folder: The workspace.
        text: The prompt, its `{{variables}}` not yet filled.
        file: The file that the prompt came from, as documents name it.
        own: The choices of command line and front matter, an operation among them.
        console: Where messages go.

    Raises:
        ProblemError: As `find_source`; profile_unknown; operation_takes_no for a picture or for
            characters; everything that `generate` may refuse.
    """
    operation = own.operation or "create"
    if own.reference is not None or own.characters:
        what = own.reference or ", ".join(own.characters)
        raise problem_error("operation_takes_no", operation=operation, what=what)
    found = find_source(folder, History(folder), own.source or "", operation)
    if found.file is None and found.job is not None:
        server = profile_for(settings.servers, found.job.server)
        if server is None:
            raise problem_error("profile_unknown", name=found.job.server.profile)
        settings = settings.on(server.name)
    request = found.request(
        operation,
        text_to_send(text, own.variables),
        model=own.model or settings.model,
        seconds=own.seconds,
    )
    own = replace(own, params={**settings.server.params, **own.params})
    schema, own = with_params(folder, settings.server, request.model, own, args.preset, args.param)
    note_mistyped(schema, own, console)
    params = schema.check(own.params)
    request = request._replace(params=params, variables=own.variables, prompt_file=file)
    decided = {"model": request.model, "seconds": request.seconds, "size": request.size}
    unused = [name for name, value in decided.items() if getattr(own, name) not in {None, value}]
    if unused:
        console.note(
            _("Not sent, because the clip decides: {names}").format(names=", ".join(unused))
        )
    return place_order(args, settings, folder, request, None, own.count or 1, console)
