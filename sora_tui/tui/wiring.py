"""What the screen is wired of: session, context and controllers, and who gets which message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from sora_tui.config.settings import Settings
from sora_tui.core.problem import Problem, ProblemError
from sora_tui.tui.commands.key_names import normal
from sora_tui.tui.commands.registry import Controllers
from sora_tui.tui.context import Context, Signals
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.workbench import Workbench
from sora_tui.tui.panes.jobs import JobsPane
from sora_tui.tui.services.decoder import Decoder
from sora_tui.tui.services.draft_saver import DraftSaver
from sora_tui.tui.services.screen_memory import ScreenMemory
from sora_tui.tui.state.editor_session import EditorSession
from sora_tui.tui.state.job_store import JobBook
from sora_tui.tui.state.reference_store import ReferenceStore
from sora_tui.tui.state.session import Session, utc_now
from sora_tui.tui.terminal.app import HardenedApp
from sora_tui.tui.ui import ScreenUi
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.engine.engine import Verb
    from sora_tui.tui.engine_api import EngineApi


class WiringApp(HardenedApp, part=True):
    """Has the controllers and takes intents and commands to them."""

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
        signals = Signals()
        own_keys = {id: normal(keys) for id, keys in settings.screen.keys.items()}
        self.session = Session(settings, folder, signals.server_changed, clock)
        self.folder = folder
        self.clock = clock
        editor = EditorSession()
        self.context = Context(
            self.session,
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

    @property
    def settings(self) -> Settings:
        """What holds now."""
        return self.session.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.session.settings = settings

    @property
    def engine(self) -> EngineApi | None:
        """The engine, once the first frame stands."""
        return self.session.engine

    @on(Intent)
    def _route(self, intent: Intent) -> None:
        """Have the controller do it that the intent names."""
        self.controllers.route(intent)

    def action_command(self, command_id: str) -> None:
        """Have the controller do it that the command table names."""
        self.controllers.run(command_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether it means something now; a key goes on to the next table else."""
        if action == "command":
            return self.controllers.refusal(str(parameters[0])) is None
        return super().check_action(action, parameters)

    @property
    def bench(self) -> Workbench:
        """All panes."""
        return self.query_one(Workbench)

    @property
    def jobs(self) -> JobsPane:
        """The job list."""
        return self.bench.jobs

    # What the app says ------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell the person something, in the line below the jobs."""
        self.context.ui.say(text)

    def complain(self, problem: Problem) -> None:
        """Say what happened, what of the money, and what to do: by the prompt if it is seen."""
        self.context.ui.complain(problem)

    # For the editor's side --------------------------------------------------------------------

    @work(thread=True, group="command")
    def command(self, job_id: str, verb: Verb, argument: str = "") -> None:
        """Ask the owner of the folder to do something with a job."""
        assert self.engine is not None
        try:
            self.engine.command(job_id, verb, argument)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
