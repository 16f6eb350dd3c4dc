"""The screen: what comes when, what each key does, and how it ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from sora_tui.config.screen import is_ascii_wanted, takes_utf8
from sora_tui.config.settings import Settings
from sora_tui.tui.commands.key_names import normal
from sora_tui.tui.commands.registry import Controllers
from sora_tui.tui.commands.table import EVERYWHERE, bindings, commands_at
from sora_tui.tui.context import Context, Signals
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.workbench import MainScreen, Workbench
from sora_tui.tui.services.decoder import Decoder
from sora_tui.tui.services.draft_saver import DraftSaver
from sora_tui.tui.services.screen_memory import ScreenMemory
from sora_tui.tui.state.editor_session import EditorSession
from sora_tui.tui.state.job_store import JobBook
from sora_tui.tui.state.reference_store import ReferenceStore
from sora_tui.tui.state.session import Session, utc_now
from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.theme.themes import OURS, theme_at_start
from sora_tui.tui.ui import ScreenUi
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sora_tui.tui.engine_api import EngineApi


class SoraApp(TerminalApp):
    """The workbench on a terminal. What it does is done by the controllers."""

    TITLE = "sora-tui"
    ENABLE_COMMAND_PALETTE = False  # controllers/palette.py is ours
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
        super().__init__(crash_folder=crash_folder, preview=settings.screen.preview)
        own_keys = {id: normal(keys) for id, keys in settings.screen.keys.items()}
        signals, editor = Signals(), EditorSession()
        self.context = Context(
            Session(settings, folder, signals.server_changed, clock),
            ScreenUi(self, own_keys),
            JobBook(),
            editor,
            DraftSaver(folder, editor),
            ReferenceStore(),
            Decoder(folder),
            ScreenMemory(folder.root),
            own_keys,
            signals,
        )
        self.controllers = Controllers(self.context)
        self._make_engine = make_engine
        if own_keys:
            self.set_keymap(own_keys)
        taken = [*(each.keys for each in commands_at(EVERYWHERE)), *own_keys.values()]
        self.alt_keys = [key for keys in taken for key in keys.split(",") if "alt+" in key]
        if is_ascii_wanted(settings.screen.symbols, os.environ):
            from sora_tui.tui.terminal.ascii_filter import AsciiFilter

            self.line_filter = AsciiFilter(letters=takes_utf8(os.environ))
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

    def get_default_screen(self) -> Screen[None]:
        """Return the screen that holds the workbench."""
        return MainScreen(id="_default")

    def compose(self) -> ComposeResult:
        """One widget that arranges all others."""
        layout, is_ascii = self.context.memory.now.layout, self.line_filter is not None
        bench = Workbench(layout, self.context.own_keys, ascii=is_ascii)
        # Before it is mounted: later it would be styled once more.
        bench.banner.show(self.context.session.settings.server)
        yield bench

    # Who does what ----------------------------------------------------------------------------

    @on(Intent)
    def _route(self, intent: Intent) -> None:
        self.controllers.route(intent)

    def action_command(self, command_id: str) -> None:
        """Have the controller do it that the command table names."""
        self.controllers.run(command_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether it means something now; a key goes on to the next table else."""
        if action == "command":
            return self.controllers.refusal(str(parameters[0])) is None
        return super().check_action(action, parameters)

    # The first frame, and what comes after it -------------------------------------------------

    def on_mount(self) -> None:
        """Real jobs in the first frame; everything that costs an import comes after it."""
        self.controllers["jobs"].show_newest()
        self.context.ui.workbench.editor.focus_pane()
        back = self.context.signals.terminal_resumed
        self.app_resume_signal.subscribe(self, lambda _app: back.publish(None), immediate=True)
        # In our own task: that of the screen paints meanwhile.
        self.call_after_refresh(self.call_later, self._grow)

    async def _grow(self) -> None:
        # In one go: a key that comes meanwhile waits, and finds everything it may need. What was
        # typed before is on the screen first.
        editor = self.controllers["editor"]
        problem = await editor.open_first()
        painted = asyncio.Event()
        self.screen.call_after_refresh(painted.set)
        await painted.wait()
        await editor.complete(problem)
        await self.context.ui.workbench.grow()
        self.controllers["jobs"].show_status()
        self.find_graphics()
        self.controllers.start()
        self._start_engine()

    def _start_engine(self) -> None:
        from sora_tui.tui.state.engine_events import EngineEvents

        session, signals = self.context.session, self.context.signals
        loop = asyncio.get_running_loop()
        events = EngineEvents(
            signals, lambda call: loop.call_soon_threadsafe(self.call_later, call)
        )
        engine = session.engine = self._make_engine(session.settings, session.folder)
        engine.subscribe(events.put)
        engine.start()
        self.controllers["jobs"].load()
        signals.view_changed.publish(None)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the active one."""
        around = event.widget.ancestors_with_self
        if (pane := next((node.id for node in around if node.has_class("pane")), None)) is None:
            return
        workbench, signals = self.context.ui.workbench, self.context.signals
        if pane != workbench.active:
            workbench.show_pane(pane)
            signals.view_changed.publish(None)
        else:
            workbench.show_keys()
        signals.focus_moved.publish(None)

    @on(events.AppFocus)
    @on(events.AppBlur)
    def _note_focus(self, event: events.AppFocus | events.AppBlur) -> None:
        """Announce whether the person uses this window or another one."""
        signals, has_focus = self.context.signals, isinstance(event, events.AppFocus)
        self.context.session.has_focus = has_focus
        signals.focus_changed.publish(has_focus)
        signals.view_changed.publish(None)

    # The end ----------------------------------------------------------------------------------

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Leave; a letter that stands in the editor, and of which no message came yet, counts."""
        if self.is_running and self.context.editor.draft is not None:
            self.controllers["editor"].note_last_letters()
        super().exit(result, return_code, message)
