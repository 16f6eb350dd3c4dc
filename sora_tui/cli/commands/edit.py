"""`sora-tui edit`: a finished clip, or an MP4 file, changed as a prompt says."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli.arguments import add_clip_source
from sora_tui.cli.derive import add_derivation, run

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES: Final = (
    'sora-tui edit @last "make the umbrella red"',
    'sora-tui edit holiday.mp4 "make it snow" --dry-run',
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    add_clip_source(command)
    add_derivation(command)
