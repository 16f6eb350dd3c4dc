"""The screen: what comes when, what each key does, and how it ends."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TextIO

from textual import events, work

from sora_tui.config.places import state_folder
from sora_tui.config.settings import Settings
from sora_tui.core.problem import ProblemError
from sora_tui.core.text import left_out
from sora_tui.i18n import _
from sora_tui.tui.deriving import DerivingApp
from sora_tui.tui.framing import FramedApp
from sora_tui.tui.terminal.app import run_app
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.tui.engine_api import EngineApi

#: Two ctrl+c within this many seconds quit.
_TWICE: Final = 2.0
#: Seconds that a paid request in flight may take before the program lets the shell have it.
_LAST_ANSWER: Final = 120.0
#: xterm's: keep the title of the window on a stack, and take it from there.
_PUSH_TITLE: Final = "\x1b[22;2t"
_POP_TITLE: Final = "\x1b[23;2t"


class SoraApp(DerivingApp, FramedApp):
    """The workbench on a terminal."""

    TITLE = "sora-tui"
    ENABLE_COMMAND_PALETTE = False  # finder.py is ours
    _interrupted_at = 0.0

    # The first frame, and what comes after it -------------------------------------------------

    def on_mount(self) -> None:
        """Real jobs in the first frame; everything that costs an import comes after it."""
        self.show_first_jobs()
        self.editor.focus_pane()
        self.app_suspend_signal.subscribe(self, self._give_title_back, immediate=True)
        self.app_resume_signal.subscribe(self, self._take_title, immediate=True)
        # In our own task, not in that of the screen, which paints meanwhile.
        self.call_after_refresh(self.call_later, self._grow)

    async def _grow(self) -> None:
        # In one go: a key that comes meanwhile waits, and finds everything it may need. What was
        # typed before is on the screen first.
        problem = await self.open_first_draft()
        painted = asyncio.Event()
        self.screen.call_after_refresh(painted.set)
        await painted.wait()
        await self.complete_editor(problem)
        await self.bench.grow()
        self.show_status()
        self.refresh_files()
        self.find_graphics()
        self.controllers.start()
        self.read_document()
        self.start_engine()

    # Going about ------------------------------------------------------------------------------

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the active one."""
        pane = next(
            (node.id for node in event.widget.ancestors_with_self if node.has_class("pane")), None
        )
        if pane is None:
            return
        if pane != self.bench.active:
            self.bench.show_pane(pane)
            self.retune()
        else:
            self.bench.show_keys()
        self.show_status()

    # The person's own editor ----------------------------------------------------------------

    def action_external_editor(self) -> None:
        """Write in $VISUAL or $EDITOR; what comes back is one step that ctrl+z undoes."""
        from sora_tui.tui.services.external_editor import edit, editor_command

        command = editor_command(os.environ)
        if command is None:
            self.say(_("Neither $VISUAL nor $EDITOR is set: export EDITOR=vim, for example."))
            return
        self.make_safe_now()
        with self.suspend():
            text = edit(command, self.editor.draft.text, self.settings.without_keys(os.environ))
        if text is None:
            self.say(
                _("{program} could not be used; the text is as it was.").format(program=command[0])
            )
        else:
            self.editor.replace_text(text)
            self.tell_left_out(left_out(text))
        self.refresh()

    # Windows of their own ---------------------------------------------------------------------

    @work(thread=True, group="suspend", exclusive=True)
    def action_suspend(self) -> None:
        """Stop the program as the shell does; the folder is free for another one meanwhile."""
        self.call_from_thread(self.make_safe_now)
        if self.engine is not None:
            self.engine.stop(_LAST_ANSWER)
        self.call_from_thread(self.action_suspend_process)
        if self.engine is not None:  # here again after fg
            self.engine.start()
        self.call_from_thread(self.look_for_changes)

    def _give_title_back(self, _app: object) -> None:
        """The window is the shell's, or the editor's, for a while."""
        self.send_sequence(_POP_TITLE)

    def _take_title(self, _app: object) -> None:
        from sora_tui.tui.presenters.job_news import set_title

        self.send_sequence(_PUSH_TITLE + set_title(self.window_title))

    # The end ----------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Quit without a question: nothing is lost."""
        self.exit()

    def action_interrupt(self) -> None:
        """ctrl+c quits the second time."""
        now = time.monotonic()
        if now - self._interrupted_at < _TWICE:
            self.exit()
        self._interrupted_at = now
        self.say(_("ctrl+c once more quits; jobs lose nothing."))


def run(settings: Settings, folder: Folder, start_log: Callable[[], object]) -> int:
    """Open the screen and return the exit code once the terminal is as it was.

    Args:
        settings: What holds in the workspace; another server may be chosen on the screen.
        start_log: Called when the first frame stands and the engine comes.
    """

    def make_engine(settings: Settings, folder: Folder) -> EngineApi:
        start_log()
        from sora_tui.engine.engine import Engine

        return Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)

    app = SoraApp(settings, folder, crash_folder=state_folder(), make_engine=make_engine)
    _tell(sys.__stderr__, _PUSH_TITLE + "\x1b]2;sora-tui\x07")
    code = run_app(app, on_quit=partial(_leave, app))
    _tell(sys.__stderr__, _POP_TITLE)
    from sora_tui.tui.presenters.exit_message import farewell

    for line in farewell(app.book.active, app.crashed, app.crash_path):
        _tell(sys.__stdout__, line + "\n")
    return code


def _leave(app: SoraApp) -> None:
    """Make draft and jobs durable; the screen is gone."""
    app.context.signals.ending.publish(None)
    app.context.decoder.stop()
    try:
        app.last_words()
    except ProblemError as error:
        from sora_tui.i18n.problems import sentences

        said = sentences(error.problem)  # nobody else is left to tell
        _tell(sys.__stderr__, f"{said.happened} {said.money} {said.next}\n")
    from sora_tui.tui.presenters.welcome_back import mark_seen

    with suppress(OSError):  # the next welcome then tells more than it need
        mark_seen(app.folder.root)
    if app.engine is not None:
        app.engine.stop()
    with suppress(OSError):  # a layout is not worth a word on the way out
        app.context.memory.keep()


def _tell(stream: TextIO | None, text: str) -> None:
    """Write to a terminal that may be gone; past the buffer, which would fail again at the end."""
    if stream is not None and stream.isatty():
        with suppress(OSError):
            os.write(stream.fileno(), text.encode(stream.encoding, "replace"))
