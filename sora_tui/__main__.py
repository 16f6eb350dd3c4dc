"""Chooses a face: the screen when there is no subcommand, the command line otherwise."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sora_tui.cli.screen import KeyTable
    from sora_tui.config.settings import Settings
    from sora_tui.i18n.probe_result import Line
    from sora_tui.workspace.folder import Folder


def open_screen(settings: Settings, folder: Folder, start_log: Callable[[], object]) -> int:
    """Open the workbench and return its exit code."""
    from sora_tui.tui.run import run  # Textual is for those who want the screen

    return run(settings, folder, start_log)


def list_keys(settings: Settings) -> KeyTable:
    """Return every key of the screen as it is set."""
    from sora_tui.tui.commands.keymap import key_table  # as above

    return key_table(settings.screen.keys)


def check_graphics(settings: Settings) -> Line:
    """Return how pictures are shown on this terminal, and why."""
    import os

    from sora_tui.tui.presenters.graphics_report import picture_line  # as above

    return picture_line(settings.screen, os.environ)


def main() -> None:
    """Run the `sora-tui` command."""
    # Nothing is garbage while modules come: a command turns it on again, the screen when it stands.
    gc.disable()
    try:
        code = _run()
    except KeyboardInterrupt:  # while modules come; later each command has its own words for it
        code = 130
    sys.exit(code)


def _run() -> int:
    from sora_tui.cli import main as cli
    from sora_tui.cli.screen import Screen
    from sora_tui.cli.streams import (
        OutputError,
        prepare_streams,
        report_output_error,
        settle_streams,
    )

    prepare_streams()
    try:
        code = cli.main(sys.argv[1:], Screen(open_screen, list_keys, check_graphics))
    except SystemExit as end:  # argparse ends so
        code = end.code if isinstance(end.code, int) else 0
    except OutputError as error:  # of `--help` and `--version`
        code = report_output_error(error)
    return settle_streams(code)


if __name__ == "__main__":
    main()
