"""`sora-tui remix`: a new clip made of a finished one, with another prompt."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli.derive import add_derivation, run
from sora_tui.i18n import _

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES: Final = (
    'sora-tui remix @last "the same street, at night"',
    "sora-tui remix @last -f prompts/night.md --param seed=7",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "source", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2")
    )
    add_derivation(command)
