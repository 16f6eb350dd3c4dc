"""`sora-tui character`: a character made of a clip, for use in other clips."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli.arguments import add_clip_source, add_sending
from sora_tui.cli.derive import SOURCE_DECIDES, run
from sora_tui.i18n import _

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES: Final = (
    "sora-tui character Mossy @last",
    "sora-tui character Mossy teapot.mp4 --server team-gw",
    'sora-tui generate "Mossy, a teapot, crosses a market" --character Mossy',
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "text", metavar=_("NAME"), help=_("what prompts call it; 80 characters at most")
    )
    add_clip_source(command)
    command.set_defaults(
        seconds=None, count=None, file=None, param=[], preset=None, var=[], **SOURCE_DECIDES
    )
    add_sending(command)
