"""Open the screen, end it in order, and say the last words after it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TextIO

from sora_tui.config.paths import state_folder
from sora_tui.config.settings import Settings
from sora_tui.core.problem import ProblemError
from sora_tui.tui.app import SoraApp
from sora_tui.tui.terminal.app import POP_TITLE, PUSH_TITLE
from sora_tui.tui.terminal.run_app import run_app
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.tui.engine_api import EngineApi


def run(settings: Settings, folder: Folder, start_log: Callable[[], object]) -> int:
    """Open the screen and return the exit code once the terminal is as it was.

    Args:
        settings: What holds in the workspace; another server may be chosen on the screen.
        folder: The workspace.
        start_log: Called when the first frame stands and the engine comes.
    """

    def make_engine(settings: Settings, folder: Folder) -> EngineApi:
        start_log()
        from sora_tui.engine.engine import Engine

        return Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)

    app = SoraApp(settings, folder, crash_folder=state_folder(), make_engine=make_engine)
    _tell(sys.__stderr__, PUSH_TITLE + "\x1b]2;sora-tui\x07")
    code = run_app(app, on_quit=partial(_leave, app))
    _tell(sys.__stderr__, POP_TITLE)
    from sora_tui.tui.presenters.exit_message import exit_message

    for line in exit_message(app.context.store.active, app.crashed, app.crash_path):
        _tell(sys.__stdout__, line + "\n")
    return code


def _leave(app: SoraApp) -> None:
    """Make draft and jobs durable; the screen is gone."""
    app.context.signals.ending.publish(None)
    app.context.decoder.stop()
    try:
        app.context.saver.put_away()
    except ProblemError as error:
        from sora_tui.i18n.problems import sentences

        said = sentences(error.problem)  # nobody else is left to tell
        _tell(sys.__stderr__, f"{said.happened} {said.money} {said.next}\n")
    from sora_tui.tui.services.last_seen import mark_seen

    with suppress(OSError):  # the next welcome then tells more than it need
        mark_seen(app.context.session.folder.root)
    if (engine := app.context.session.engine) is not None:
        engine.stop()
    with suppress(OSError):  # a layout is not worth a word on the way out
        app.context.memory.keep()


def _tell(stream: TextIO | None, text: str) -> None:
    """Write to a terminal that may be gone; past the buffer, which would fail again at the end."""
    if stream is not None and stream.isatty():
        with suppress(OSError):
            os.write(stream.fileno(), text.encode(stream.encoding, "replace"))
