"""`sora-tui doctor`: whether everything works here, and where everything is stored."""

from __future__ import annotations

import argparse
import logging
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sora_tui.cli.checks import Check, check_of, report, server_checks
from sora_tui.cli.console import Console
from sora_tui.cli.day_spending import spending_words
from sora_tui.cli.screen import Screen
from sora_tui.cli.streams import OutputError
from sora_tui.config.log import log_path
from sora_tui.config.paths import has_home, user_toml_path
from sora_tui.config.settings import Settings
from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.text import clean_line
from sora_tui.engine.network_path import network_path_to
from sora_tui.i18n import _, language
from sora_tui.media.decoder import decoder_version
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder, check_room, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.lock import OwnerLock

#: Room that a clip may need, in bytes.
_CLIP = 20_000_000
#: Most unreadable records that are named one by one.
_BROKEN: Final = 5


EXAMPLES: Final = (
    "sora-tui doctor",
    "sora-tui doctor --server team-gw --json",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add nothing: the options of every subcommand are enough."""


def run(_args: argparse.Namespace, settings: Settings, console: Console, screen: Screen) -> int:
    """Check everything without sending anything that costs; return the worst exit code."""
    return report(_checks(settings, screen), console)


def run_without_settings(why: Problem, workspace: Path | None, console: Console) -> int:
    """Check what does not depend on the settings, when these cannot be read.

    Args:
        why: Why they cannot be read.
        workspace: The folder to work in, if that at least is known.
        console: Where messages go.
    """

    def folder_checks() -> Iterator[Check]:
        if workspace is None:
            return
        try:
            folder = open_folder(workspace)
        except ProblemError as error:
            yield Check("folder", str(workspace), error.problem)
        else:
            yield from _folder(folder)

    sections = (
        ("version", _version),
        ("settings", lambda: iter([Check("settings", why.code, why)])),
        ("folder", folder_checks),
        ("terminal", lambda: iter([_terminal()])),
        ("clips", lambda: iter([_clips()])),
        ("log", _log),
    )
    return report(_surviving(sections), console)


def _checks(settings: Settings, screen: Screen) -> Iterator[Check]:
    def folder_checks() -> Iterator[Check]:
        try:
            folder = open_folder(settings.workspace)
        except ProblemError as error:
            yield Check("folder", str(settings.workspace), error.problem)
        else:
            yield from _folder(folder)
            yield from _records(folder)
            yield Check("money", spending_words(folder, settings.budget))

    def terminal_checks() -> Iterator[Check]:
        yield _terminal()
        if _is_terminal():
            yield check_of(screen.check_graphics(settings))

    yield from _surviving(
        (
            ("version", _version),
            ("settings", lambda: _settings(settings)),
            ("keys", lambda: _keys(settings, screen)),
            ("server", lambda: _server(settings)),
            ("folder", folder_checks),
            ("terminal", terminal_checks),
            ("clips", lambda: iter([_clips()])),
            ("log", _log),
        )
    )


_Section = tuple[str, Callable[[], Iterator[Check]]]


def _surviving(sections: Iterable[_Section]) -> Iterator[Check]:
    """Yield the checks of every section; a section that fails reports why, and the next goes on."""
    for name, look in sections:
        try:
            yield from look()
        except ProblemError as error:
            yield Check(name, error.problem.code, error.problem)
        except OutputError:
            raise
        except Exception as error:
            logging.getLogger("sora_tui.cli").exception("doctor: %s", name)
            why = problem("internal_fault", reason=type(error).__name__)
            yield Check(name, why.code, why)


def _version() -> Iterator[Check]:
    yield Check("version", f"sora-tui {version('sora-tui')}, Python {platform.python_version()}")


def _log() -> Iterator[Check]:
    path = log_path()
    if not has_home():
        yield Check("log", _("none: there is no home folder here"), symbol="-")
    elif os.access(path, os.W_OK):
        yield Check("log", str(path))
    else:
        yield Check(
            "log",
            str(path),
            symbol="-",
            advice=_("It cannot be written; nothing else depends on it."),
        )


def _settings(settings: Settings) -> Iterator[Check]:
    files = [settings.env_file, *settings.toml_files]
    found = [str(file) for file in files if file is not None]
    none = _("no file; {path} would count").format(path=user_toml_path())
    if not has_home():
        none = _("no file, and no home folder to keep one in")
    yield Check("settings", ", ".join(found) or none)
    for name, place in settings.variables.items():
        where = _("from the environment") if place == "environment" else place
        yield Check("variable", f"{name}  {where}")
    yield Check("language", language())
    for warning in settings.warnings:
        yield Check("warning", warning.code, warning)


def _keys(settings: Settings, screen: Screen) -> Iterator[Check]:
    """Yield what is wrong with `[keys]`; without such a table nothing is loaded for it."""
    if settings.screen.keys:
        _rows, complaints = screen.list_keys(settings)
        for complaint in complaints:
            yield Check("keys", complaint, symbol="!")
        if not complaints:
            yield Check("keys", _("[keys] is in order"))


def _server(settings: Settings) -> Iterator[Check]:
    server = settings.server
    how = _("chosen by {what}").format(what=settings.chosen_by)
    if settings.chosen_by == "nothing":
        how = _("because no server is configured")
    if server.simulated:
        yield Check("server", _("simulator, built in; nothing is charged  {how}").format(how=how))
        yield from server_checks(server)
        return
    yield Check("server", f"{server.name}  {server.base_url}  {how}")
    source = settings.keys.get(server.name)
    if source is None:
        yield Check("source", _("no key is configured; the server is asked without one"))
    elif not server.lacks_key:
        yield Check("source", _("the key is from {source}; not shown").format(source=source))
    way = network_path_to(server)
    if way.proxy or way.odd:
        words = _("by the proxy of {variable}").format(variable=way.proxy) if way.proxy else "-"
        left_out = clean_line(" ".join(way.odd), 100)
        told = _("NO_PROXY: {entries} is no host, and is left out.").format(entries=left_out)
        yield Check("proxy", words, symbol="?" if way.odd else "ok", advice=told if way.odd else "")
    shown = {}
    with suppress(ProblemError):  # the folder has a line of its own
        shown = dict(CapabilityCache(open_folder(settings.workspace)).of(server.origin).facts)
    yield from server_checks(server, shown)


def _records(folder: Folder) -> Iterator[Check]:
    """Yield the records that cannot be read: their jobs are in no sum."""
    history = History(folder)
    broken = history.broken()
    history.close()
    for why in broken[:_BROKEN]:
        yield Check("record", str(why.facts.get("path", "")), why)
    if len(broken) > _BROKEN:
        yield Check("record", _("and {count} more").format(count=len(broken) - _BROKEN), broken[0])


def _folder(folder: Folder) -> Iterator[Check]:
    if folder.refusal is not None:
        yield Check("folder", str(folder.root), folder.refusal)
        return
    try:
        check_room(folder, _CLIP)
    except ProblemError as error:
        yield Check("folder", str(folder.root), error.problem)
        return
    yield Check("folder", _("{path} can be written").format(path=folder.root))
    lock = OwnerLock(folder)
    try:
        free = lock.try_acquire()
    except ProblemError as error:
        yield Check("lock", str(folder.lock_file), error.problem)
        return
    if free:
        lock.release()
        yield Check("lock", _("free: the next sora-tui moves the jobs"))
        return
    holder = lock.holder()
    who = "?" if holder is None else f"pid {holder.pid} {holder.host} {holder.state}"
    yield Check("lock", _("held by another sora-tui: {who}").format(who=who))


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _terminal() -> Check:
    if not _is_terminal():
        return Check("terminal", _("none here: generate works, the screen needs one"))
    size = shutil.get_terminal_size()
    over = " ".join(name for name in ("TMUX", "STY", "SSH_TTY") if os.environ.get(name))
    encoding = sys.stdout.encoding
    term = os.environ.get("TERM", "?")
    return Check("terminal", f"{term}  {size.columns}x{size.lines}  {encoding}  {over}".rstrip())


def _clips() -> Check:
    """Return whether the screen can show clips; saving and playing them does not depend on it."""
    found = decoder_version()
    if found is None:
        return Check(
            "clips",
            _("saved as ever, but not shown here: PyAV does not load"),
            symbol="-",
            value={"pyav": None, "ffmpeg": "not needed"},
            advice=_("For pictures of clips: pip install av. ffmpeg is not needed."),
        )
    words = _("shown by PyAV {version}; ffmpeg is not needed").format(version=clean_line(found, 20))
    return Check("clips", words, value={"pyav": found, "ffmpeg": "not needed"})
