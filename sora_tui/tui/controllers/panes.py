"""Which panes are seen, how much room each has, and the way from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sora_tui.i18n import _

if TYPE_CHECKING:
    from sora_tui.tui.context import Context
    from sora_tui.tui.layout.tab_bar import TabChosen
    from sora_tui.tui.panes.job_intents import JobOpened


class Panes:
    """Arranges the workbench as the person wants it, and remembers that."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def go(self, name: str) -> None:
        """Go to a pane."""
        context, workbench = self._context, self._context.ui.workbench
        workbench.show_pane(name)
        pane = workbench.active_pane
        if pane is not None:
            pane.focus_pane()
        context.signals.view_changed.publish(None)
        context.signals.pane_chosen.publish(name)
        context.memory.set_layout(workbench.arranged)

    def open_tab(self, intent: TabChosen) -> None:
        """Go to the pane whose tab was clicked."""
        self.go(intent.pane)

    def open_job(self, _intent: JobOpened) -> None:
        """Go to the job that the cursor stands on."""
        self.go("inspector")

    def back(self) -> None:
        """One level back: out of the zoom, then to the editor, whose text stays left."""
        workbench = self._context.ui.workbench
        if workbench.zoomed:
            self.zoom()
        elif workbench.active != "editor":
            self.go("editor")
            workbench.editor.leave_text()

    def zoom(self) -> None:
        """Give the active pane the whole screen, or give it back."""
        self._context.ui.workbench.toggle_zoom()
        self._context.signals.view_changed.publish(None)

    def resize(self, columns: int, rows: int) -> None:
        """Make the active pane wider and higher."""
        workbench = self._context.ui.workbench
        workbench.resize_active(columns, rows)
        self._context.memory.set_layout(workbench.arranged)

    def arrange(self) -> None:
        """Show all panes at their usual size."""
        workbench = self._context.ui.workbench
        workbench.reset_arrangement()
        self._context.signals.view_changed.publish(None)
        self._context.memory.set_layout(workbench.arranged)

    def hide(self) -> None:
        """Put the active pane out of sight."""
        workbench = self._context.ui.workbench
        hidden = workbench.active
        if hidden == "editor":
            text = _("The editor stays; 1, 2, 4 and 5 go to panes that can be hidden.")
            self._context.ui.say(text)
            return
        workbench.hide_active()
        # Into the text only if nothing else is left: a letter pressed now means the next one so.
        rest = workbench.seen - {hidden, "editor"}
        names = ("jobs", "prompts", "references", "inspector")
        self.go(next((name for name in names if name in rest), "editor"))
