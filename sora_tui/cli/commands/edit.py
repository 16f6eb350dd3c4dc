"""`sora-tui edit`: a finished clip, or an MP4 file, changed as a prompt says."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli.arguments import (
    add_clip_source,
    add_count,
    add_parameters,
    add_prompt_file,
    add_sending,
)
from sora_tui.cli.derive import SOURCE_DECIDES, run
from sora_tui.i18n import _

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES: Final = (
    'sora-tui edit @last "make the umbrella red"',
    'sora-tui edit holiday.mp4 "make it snow" --dry-run',
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    add_clip_source(command)
    command.add_argument("text", nargs="?", metavar=_("TEXT"), help=_("the prompt"))
    add_prompt_file(command)
    add_count(command)
    add_parameters(command)
    command.set_defaults(seconds=None, **SOURCE_DECIDES)
    add_sending(command)
