"""Which controllers there are; each is imported and built at its first use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sora_tui.tui.commands.table import BY_ID

if TYPE_CHECKING:
    from sora_tui.tui.context import Context
    from sora_tui.tui.intent import Intent

#: Name of a controller -> module below `sora_tui.tui.controllers`, and class.
CONTROLLERS: Final[Mapping[str, tuple[str, str]]] = {
    "alerts": ("alerts", "Alerts"),
    "appearance": ("appearance", "Appearance"),
    "clips": ("clips", "Clips"),
    "day_spending": ("day_spending", "DaySpending"),
    "derive": ("derive", "Derive"),
    "draft_history": ("draft_history", "DraftHistory"),
    "editor": ("editor", "Editor"),
    "inspector": ("inspector", "Inspector"),
    "job_actions": ("job_actions", "JobActions"),
    "job_prompts": ("job_prompts", "JobPrompts"),
    "jobs": ("jobs", "Jobs"),
    "lineage": ("lineage", "LineageWalk"),
    "unconfirmed_jobs": ("unconfirmed_jobs", "UnconfirmedJobs"),
    "orders": ("orders", "Orders"),
    "palette": ("palette", "Palette"),
    "panes": ("panes", "Panes"),
    "prompts": ("prompts", "Prompts"),
    "reference_fit": ("reference_fit", "ReferenceFit"),
    "references": ("references", "References"),
    "quitting": ("quitting", "Quitting"),
    "remote_jobs": ("remote_jobs", "RemoteJobs"),
    "servers": ("servers", "Servers"),
}
#: These act without being asked, or hear signals: they are built once the first frame stands.
STARTED: Final = (
    "alerts",
    "day_spending",
    "inspector",
    "prompts",
    "orders",
    "job_prompts",
    "clips",
    "references",
    "remote_jobs",
    "appearance",
)


class Controllers:
    """The controllers of one screen."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the controller of this name."""
        if name not in self._built:
            module, class_name = CONTROLLERS[name]
            found = import_module(f"sora_tui.tui.controllers.{module}")
            self._built[name] = getattr(found, class_name)(self._context)
        return self._built[name]

    def start(self) -> None:
        """Build those that act without being asked."""
        for name in STARTED:
            self[name]

    def run(self, command_id: str) -> None:
        """Do what a command means."""
        command = BY_ID[command_id]
        getattr(self[command.owner], command.method)(*command.arguments)

    def refusal(self, command_id: str) -> str | None:
        """Return why a command cannot be done now, None where it can."""
        command = BY_ID[command_id]
        if not command.enabled:
            return None
        found: str | None = getattr(self[command.owner], command.enabled)(*command.arguments)
        return found

    def route(self, intent: Intent) -> None:
        """Have its owner carry an intent out."""
        getattr(self[intent.owner], intent.method)(intent)
