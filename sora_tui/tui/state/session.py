"""What changes while the screen lives, and belongs to no pane."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sora_tui.config.settings import Settings
from sora_tui.tui.state.signal import Signal
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.tui.engine_api import EngineApi


def utc_now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


class Session:
    """The workspace, its settings and its engine.

    Attributes:
        settings: What holds now; another server may be chosen on the screen.
        engine: None until the first frame stands.
        clock: The present moment, in UTC.
        has_focus: The terminal has the focus; None where it does not tell.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Folder,
        server_changed: Signal[Settings],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self._server_changed = server_changed
        self.clock = clock
        self.engine: EngineApi | None = None
        self.has_focus: bool | None = None

    @property
    def running_engine(self) -> EngineApi:
        """The engine, for what can only be asked for once it runs."""
        assert self.engine is not None, "it starts before the first key is taken"
        return self.engine

    def use_server(self, name: str) -> None:
        """Send the next clip to this server, and announce that.

        Raises:
            ProblemError: No profile has this name.
        """
        before = self.settings
        self.settings = before.on(name)
        self._server_changed.publish(before)
