"""The table of subcommands: each is one module here and one row.

A module has `EXAMPLES`, `add_arguments(parser)` and `run(args, settings, console)`, which returns
the exit code. `sora-tui --help` reads the rows alone; a module is imported when it is named.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final, NamedTuple, Protocol, cast

from sora_tui.i18n import N_


class Row(NamedTuple):
    """One subcommand.

    Attributes:
        summary: Message id of the line in `sora-tui --help`.
        is_order: Its work is more than its output: if the output cannot be written, it has failed.
        uses_server: It depends on a profile. `doctor` itself reports what is wrong with profiles.
        asks_screen: Its `run` takes the screen's answers (`screen.Screen`) as well.
    """

    summary: str
    is_order: bool = False
    uses_server: bool = True
    asks_screen: bool = False


#: In the order of `sora-tui --help`.
COMMANDS: Final[Mapping[str, Row]] = {
    "generate": Row(N_("Send a prompt, wait for the clip and save it in output/."), is_order=True),
    "batch": Row(
        N_(
            "Send the clips of a file: one JSON object a line, or [[clip]] tables in TOML."
            " The whole price is agreed to once; started again, only what was not sent yet is"
            " sent."
        ),
        is_order=True,
    ),
    "params": Row(
        N_("List what a server takes of a model beyond the standard, with ranges and defaults."),
    ),
    "remix": Row(N_("Make a new clip out of a finished one, with another prompt."), is_order=True),
    "edit": Row(
        N_("Change a finished clip, or an MP4 of your own, as a prompt says."), is_order=True
    ),
    "extend": Row(
        N_("Go on with a finished clip, or an MP4 of your own, where it ends."), is_order=True
    ),
    "character": Row(N_("Make a character out of a clip, for other clips to show."), is_order=True),
    "characters": Row(N_("List the characters that were made from this folder, or show one.")),
    "jobs": Row(N_("List the jobs of this folder, newest first."), uses_server=False),
    "show": Row(N_("Show everything about one job."), uses_server=False),
    "cost": Row(
        N_("Sum up what was spent here, by day, server and model; practice costs nothing."),
        uses_server=False,
    ),
    "wait": Row(N_("Finish everything unfinished: look for lost answers, wait, download.")),
    "verify": Row(
        N_("Hash the files in output/ once more: are they what was downloaded? Deletes nothing."),
        uses_server=False,
    ),
    "cancel": Row(N_("Withdraw a pending job. One that was sent is not stopped at the server.")),
    "delete": Row(N_("Move the record of a finished job to metadata/.trash/. Its files stay.")),
    "adopt": Row(
        N_(
            "List jobs of the server that this folder does not know; with IDs, take them in"
            " and save their clips. Costs nothing."
        ),
    ),
    "servers": Row(N_("List the server profiles; add, edit, test, use or remove one.")),
    "doctor": Row(
        N_("Check settings, key, server, folder and terminal; show where everything lies."),
        uses_server=False,
        asks_screen=True,
    ),
    "keys": Row(
        N_("List every key of the screen by the id that [keys] in sora-tui.toml gives keys to."),
        uses_server=False,
        asks_screen=True,
    ),
    "simulate": Row(
        N_("Run the practice server on its own, for any client; nothing is charged."),
        uses_server=False,
    ),
}


class Command(Protocol):
    """What the module of a subcommand provides."""

    EXAMPLES: Sequence[str]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[..., int]


def load_command(name: str) -> Command:
    """Import the module of a subcommand, one of `COMMANDS`."""
    return cast(Command, import_module(f"sora_tui.cli.commands.{name}"))
