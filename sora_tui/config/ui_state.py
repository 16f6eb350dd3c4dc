"""What the screen stores between two starts: the theme, and the layout of each workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from sora_tui.config.paths import state_folder
from sora_tui.config.private_file import read_private, write_private
from sora_tui.core.pane_layout import Layout

#: Most workspaces whose layout is kept; the one not changed for longest goes first.
_MOST_WORKSPACES: Final = 100


class UiState(NamedTuple):
    """What is stored.

    Attributes:
        theme: The theme chosen on the screen.
        instead_of: The theme in sora-tui.toml at that time: when it changes there, the file counts.
    """

    theme: str | None = None
    instead_of: str | None = None
    layout: Layout = Layout()


def ui_state_path() -> Path:
    """Return the path of the file, in the platform's folder for state."""
    return state_folder() / "screen.json"


def load_ui_state(workspace: Path) -> UiState:
    """Return what is stored for this workspace; an unreadable file counts as empty."""
    document = _read()
    found = document.get("layouts", {}).get(str(workspace.absolute()), {})
    theme, instead_of = document.get("theme"), document.get("instead_of")
    return UiState(
        theme if isinstance(theme, str) else None,
        instead_of if isinstance(instead_of, str) else None,
        _layout(found),
    )


def save_ui_state(workspace: Path, state: UiState) -> None:
    """Store the state of a workspace; that of other workspaces is kept.

    Raises:
        OSError: The file cannot be written; the state is then valid for this time only.
    """
    before = _read()
    layouts: dict[str, Any] = dict(before.get("layouts", {}))
    own = layouts.pop(str(workspace.absolute()), None)
    # What a later version stores besides is kept.
    known = set(Layout._fields)
    unknown = {k: v for k, v in own.items() if k not in known} if isinstance(own, dict) else {}
    if state.layout != Layout() or unknown:
        layouts[str(workspace.absolute())] = {**unknown, **state.layout._asdict()}
    kept = dict(list(layouts.items())[-_MOST_WORKSPACES:])
    document = {
        **before,
        "theme": state.theme,
        "instead_of": state.instead_of,
        "layouts": kept,
    }
    write_private(ui_state_path(), json.dumps(document, indent=2))


def _read() -> dict[str, Any]:
    try:
        document = json.loads(read_private(ui_state_path()))
    except (OSError, ValueError):
        return {}  # not worth stopping for
    right = isinstance(document, dict) and isinstance(document.get("layouts", {}), dict)
    return document if right else {}


def _layout(found: Any) -> Layout:
    if not isinstance(found, dict):
        return Layout()
    side, inspector, jobs = (found.get(name, 0) for name in ("side", "inspector", "jobs"))
    hidden = found.get("hidden", [])
    if not all(type(number) is int for number in (side, inspector, jobs)) or not isinstance(
        hidden, list
    ):
        return Layout()
    return Layout(side, inspector, jobs, tuple(str(name) for name in hidden))
