"""`sora-tui keys`: every key of the screen, by the ids that `[keys]` in sora-tui.toml uses."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.cli.screen import Screen
from sora_tui.cli.table import aligned
from sora_tui.config.settings import Settings

EXAMPLES: Final = (
    "sora-tui keys",
    "sora-tui keys --json | jq -r 'select(.place == \"jobs\")'",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add nothing: the options of every subcommand are enough."""


def run(_args: argparse.Namespace, settings: Settings, console: Console, screen: Screen) -> int:
    """Print the keys; return 2 when `[keys]` has an invalid entry."""
    rows, complaints = screen.list_keys(settings)
    lines = aligned([(row["id"], row["shown"], row["words"]) for row in rows])
    place = None
    for row, line in zip(rows, lines, strict=True):
        if place != row["place_words"]:
            place = row["place_words"]
            console.result(place)
        console.document({name: row[name] for name in ("id", "place", "keys")})
        console.result(f"  {line}")
    for complaint in complaints:
        console.note(complaint)
    return exits.WRONG_USE if complaints else exits.DONE
