"""What a person changed about the screen: kept on the disk for the next start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sora_tui.config.ui_state import load_ui_state, save_ui_state
from sora_tui.core.pane_layout import Layout
from sora_tui.tui.state.signal import Signal

if TYPE_CHECKING:
    from sora_tui.config.ui_state import UiState


class ScreenMemory:
    """The theme, and the layout of this workspace.

    Attributes:
        now: What is to be remembered.
        changed: It is something else than on the disk.
    """

    def __init__(self, workspace: Path) -> None:
        self.now = load_ui_state(workspace)
        self.changed: Signal[None] = Signal()
        self._workspace = workspace
        self._kept = self.now

    def set_layout(self, layout: Layout) -> None:
        """Remember how the panes are arranged."""
        self._change(self.now._replace(layout=layout))

    def set_theme(self, name: str, instead_of: str | None) -> None:
        """Remember the theme that was chosen, while the settings say `instead_of`."""
        self._change(self.now._replace(theme=name, instead_of=instead_of))

    def _change(self, memory: UiState) -> None:
        self.now = memory
        if memory != self._kept:
            self.changed.publish(None)

    def keep(self) -> None:
        """Write down what was changed.

        Raises:
            OSError: It cannot be written.
        """
        memory = self.now
        if memory != self._kept:
            save_ui_state(self._workspace, memory)
            self._kept = memory
