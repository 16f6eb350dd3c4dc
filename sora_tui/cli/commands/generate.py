"""`sora-tui generate`: make a clip of a prompt."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli.arguments import add_count, add_parameters, add_prompt_file, add_sending, fit
from sora_tui.cli.build_request import build_request, note_mistyped, with_params
from sora_tui.cli.console import Console
from sora_tui.cli.derive import derive
from sora_tui.cli.order_input import order_input
from sora_tui.cli.place_order import place_order
from sora_tui.config.order_options import check_names, from_settings
from sora_tui.config.settings import Settings
from sora_tui.i18n import _
from sora_tui.workspace.folder import open_folder

EXAMPLES: Final = (
    'sora-tui generate "A kite over a grey sea" --seconds 4 --size 1280x720',
    "sora-tui generate -f prompts/harbour.md -r pier.jpg --fit cover --count 2",
    "sora-tui generate --dry-run",
    "sora-tui generate --json --max-spend 1.50 | jq -r 'select(.schema).outputs[0].path'",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "text", nargs="?", metavar=_("TEXT"), help=_("the prompt; without TEXT and -f: prompt.md")
    )
    add_prompt_file(command)
    command.add_argument(
        "-r",
        "--reference-image",
        metavar=_("IMAGE"),
        help=_("start from this picture of input_reference/"),
    )
    command.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    command.add_argument("--seconds", metavar="N", help=_("length of the clip"))
    command.add_argument(
        "--size",
        metavar="WxH",
        help=_("width x height in pixels, or landscape, portrait, square, 720p"),
    )
    add_count(command)
    command.add_argument(
        "--fit",
        type=fit,
        metavar=_("FIT"),
        help=_(
            "how a picture of another size becomes one that fits (a copy): cover, contain,"
            " stretch; cover:top keeps that side, contain:blur or contain:#204060 fills;"
            " default: exact"
        ),
    )
    add_parameters(command)
    command.add_argument(
        "--character",
        action="append",
        metavar=_("NAME"),
        help=_("let this character appear; the prompt mentions it by name"),
    )
    add_sending(command)


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Make one or more clips of a prompt. Nothing is written until every check has passed.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    folder = open_folder(settings.workspace)
    prompt, prompt_file, own = order_input(args, folder, console)
    if own.operation not in {None, "create"}:
        return derive(args, settings, folder, prompt.text, prompt_file, own, console)
    choices, server = own.over(from_settings(settings)), settings.server
    schema, choices = with_params(folder, server, choices.model, choices, args.preset, args.param)
    check_names(prompt.settings, prompt_file or "-", schema.names)
    note_mistyped(schema, choices, console)
    request, prepared = build_request(folder, server, schema, prompt.text, prompt_file, choices)
    return place_order(args, settings, folder, request, prepared, choices.count or 1, console)
