"""Runs a command line and returns its exit code."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sora_tui.cli.commands import COMMANDS, load_command
from sora_tui.cli.parser import parse
from sora_tui.cli.streams import OutputError, report_output_error, write_out
from sora_tui.i18n import set_language

if TYPE_CHECKING:
    from sora_tui.cli.console import Console
    from sora_tui.cli.screen import Screen
    from sora_tui.config.settings import Settings


def main(words: Sequence[str], screen: Screen) -> int:
    """Run one command, or open the screen when there is none.

    Args:
        words: The arguments after the program's name.
        screen: Opens the screen.

    Returns:
        The exit code (`exits.py`).
    """
    set_language(_language(words))
    args = parse(words)
    if args.version:
        from importlib.metadata import version

        write_out(f"sora-tui {version('sora-tui')}\n")
        return 0
    # Everything below is imported late: `--help` must answer at once.
    from sora_tui.cli import exits
    from sora_tui.cli.console import Console
    from sora_tui.core.problem import ProblemError

    console = Console(as_json=args.json)
    try:
        code = _run(args, console, screen)
    except ProblemError as error:
        console.problem(error.problem)
        code = exits.BY_PROBLEM[error.problem.code]
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except OutputError as error:
        code = report_output_error(error)
        return (
            exits.FAILED if args.command in COMMANDS and COMMANDS[args.command].is_order else code
        )
    except Exception as error:  # noqa: BLE001 -- reported, with its own exit code
        return _own_fault(error, console)
    if console.output_failed is not None:
        report_output_error(console.output_failed)
    return code


def _run(args: argparse.Namespace, console: Console, screen: Screen) -> int:
    """Carry out what the command line asks for; see `main`."""
    from sora_tui.config.settings import load_settings, workspace_of
    from sora_tui.core.problem import ProblemError

    try:
        settings = load_settings(
            workspace=args.workspace,
            server=args.server,
            environ=os.environ,
            alone=args.i_am_alone,
        )
    except ProblemError as error:
        if args.command != "doctor":
            raise
        from sora_tui.cli.commands.doctor import run_without_settings

        _start_log(args.debug)
        try:
            workspace = workspace_of(args.workspace, os.environ)
        except ProblemError:
            workspace = None
        return run_without_settings(error.problem, workspace, console)
    set_language(settings.language)
    if args.command is None:
        return _open_screen(settings, screen, args.debug)
    gc.enable()
    _start_log(args.debug)
    if COMMANDS[args.command].uses_server:
        _print_unread(settings, console)
    run = load_command(args.command).run
    if COMMANDS[args.command].asks_screen:
        return run(args, settings, console, screen)
    return run(args, settings, console)


def _print_unread(settings: Settings, console: Console) -> None:
    """Report which of the person's own files are not read: another server may be used for it."""
    unread = [why for why in settings.warnings if why.code == "settings_unreadable"]
    if unread:
        from sora_tui.i18n.problems import sentences

        for why in unread:
            said = sentences(why)
            console.note(f"{said.happened} {said.next}")


def _open_screen(settings: Settings, screen: Screen, debug: bool) -> int:
    from functools import partial

    from sora_tui.core.problem import problem_error
    from sora_tui.workspace.folder import open_folder

    # Textual reads stdin and draws on stderr.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise problem_error("no_terminal")
    if os.environ.get("TERM", "") in {"", "dumb"}:
        raise problem_error("dumb_terminal")
    return screen.open(settings, open_folder(settings.workspace), partial(_start_log, debug))


def _language(words: Sequence[str]) -> str | None:
    """Return the language before the command line is parsed, which has translated texts itself."""
    folder = os.environ.get("SORA_WORKSPACE", "")
    for word, following in pairwise((*words, "")):
        if word == "--workspace":
            folder = following
        elif word.startswith("--workspace="):
            folder = word.partition("=")[2]
    try:
        if os.environ.get("SORA_LANG") or not (Path(folder) / ".env").is_file():
            return None
    except OSError:  # the folder cannot be read; this is reported where it is needed
        return None
    from sora_tui.config.settings import early_language

    return early_language(Path(folder), os.environ)


def _start_log(debug: bool) -> None:
    from sora_tui.config.log import start_log

    start_log(debug=debug)


def _own_fault(error: Exception, console: Console) -> int:
    """Report a fault of our own; its traceback goes into the log, without values or prompts."""
    import logging
    import traceback
    from dataclasses import replace

    from sora_tui.cli import exits
    from sora_tui.config.log import start_log
    from sora_tui.core.problem import problem

    where = "".join(traceback.format_tb(error.__traceback__))
    path = start_log(debug=False)
    logging.getLogger("sora_tui.cli").critical("%s\n%s", type(error).__name__, where)
    facts = {"reason": type(error).__name__} | ({"report": str(path)} if path else {})
    console.problem(replace(problem("internal_fault", **facts), spent=console.spent))
    return exits.OUR_FAULT
