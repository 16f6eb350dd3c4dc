"""The screen: what comes when, what each key does, and how it ends."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from sora_tui.config.screen import is_ascii_wanted, takes_utf8
from sora_tui.config.settings import Settings
from sora_tui.core.text import left_out
from sora_tui.i18n import _
from sora_tui.tui.commands.table import EVERYWHERE, bindings, commands_at
from sora_tui.tui.deriving import DerivingApp
from sora_tui.tui.layout.workbench import Ground, Workbench
from sora_tui.tui.state.session import utc_now
from sora_tui.tui.theme.themes import OURS, theme_at_start
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.tui.engine_api import EngineApi

#: Two ctrl+c within this many seconds quit.
_TWICE: Final = 2.0
#: Seconds that a paid request in flight may take before the program lets the shell have it.
_LAST_ANSWER: Final = 120.0
#: xterm's: keep the title of the window on a stack, and take it from there.
PUSH_TITLE: Final = "\x1b[22;2t"
POP_TITLE: Final = "\x1b[23;2t"


class SoraApp(DerivingApp):
    """The workbench on a terminal."""

    TITLE = "sora-tui"
    ENABLE_COMMAND_PALETTE = False  # controllers/palette.py is ours
    _interrupted_at = 0.0
    WHERE: ClassVar = EVERYWHERE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(EVERYWHERE)]

    def __init__(
        self,
        settings: Settings,
        folder: Folder,
        *,
        crash_folder: Path,
        make_engine: Callable[[Settings, Folder], EngineApi],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(
            settings, folder, crash_folder=crash_folder, make_engine=make_engine, clock=clock
        )
        own_keys = self.context.own_keys
        if own_keys:
            self.set_keymap(own_keys)
        taken = [each.keys for each in commands_at(EVERYWHERE)] + list(own_keys.values())
        self.alt_keys = [name for each in taken for name in each.split(",") if "alt+" in name]
        self._ascii: LineFilter | None = None
        if is_ascii_wanted(settings.screen.symbols, os.environ):
            from sora_tui.tui.terminal.ascii_filter import AsciiFilter

            self._ascii = AsciiFilter(letters=takes_utf8(os.environ))
        for theme in OURS.values():
            self.register_theme(theme)
        # Textual took TEXTUAL_THEME for its own before ours were known to it.
        self.set_reactive(SoraApp.theme, "")
        self.theme, _unknown = theme_at_start(
            self.available_themes,
            settings.screen.theme,
            self.context.memory.now,
            os.environ,
            few_colours=self.no_color or self.console.color_system in {None, "standard"},
        )

    def refresh_css(self, animate: bool = True) -> None:
        """Style all anew in other colours; before the first widget there is nothing to style."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """What everything stands on."""
        return Ground(id="_default")

    def compose(self) -> ComposeResult:
        """One widget that arranges all others."""
        bench = Workbench(
            self.context.memory.now.layout, self.context.own_keys, ascii=self._ascii is not None
        )
        # Before it is mounted: later it would be styled once more.
        bench.banner.show(self.settings.server)
        yield bench

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and the one that draws in ASCII."""
        # This one puts true colours in place of the terminal's own, which only themes have where it
        # sleeps; and it makes a second strip of every line.
        filters = [f for f in super().get_line_filters() if not isinstance(f, ANSIToTruecolor)]
        return filters if self._ascii is None else [*filters, self._ascii]

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
        self.send_sequence(POP_TITLE)

    def _take_title(self, _app: object) -> None:
        from sora_tui.tui.presenters.job_news import set_title

        self.send_sequence(PUSH_TITLE + set_title(self.window_title))

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
