"""`sora-tui extend`: a clip continued from its end."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli.arguments import add_clip_source
from sora_tui.cli.derive import add_derivation, run
from sora_tui.i18n import _

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES: Final = (
    'sora-tui extend @last "the boat reaches the sea" --seconds 4',
    'sora-tui extend output/20261122-101530Z_video_9c1e.mp4 "night falls" --seconds 8',
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    add_clip_source(command)
    add_derivation(command)
    command.add_argument(
        "--seconds", metavar="N", help=_("how much longer; as long as the clip if missing")
    )
