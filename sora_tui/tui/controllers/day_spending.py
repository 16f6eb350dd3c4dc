"""What the day has cost, in the banner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sora_tui.core.budget import DayTotal, day_began
from sora_tui.core.job import Job
from sora_tui.i18n.spending import today_words

if TYPE_CHECKING:
    from sora_tui.tui.context import Context


class DaySpending:
    """Reads once a day what was spent before; what jobs do from then on changes the sum."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._total: DayTotal | None = None
        #: Jobs that changed before the day's documents were read.
        self._waiting: list[Job] = []
        signals = context.signals
        signals.history_read.subscribe(lambda _read: self._show())
        signals.server_changed.subscribe(lambda _before: self._show())
        signals.jobs_added.subscribe(self._show)
        signals.jobs_changed.subscribe(lambda events: self._show(event.job for event in events))

    def _show(self, changed: Iterable[Job] = ()) -> None:
        """Show the sum, now that these jobs are as they are; nothing on the simulator."""
        session, ui = self._context.session, self._context.ui
        if session.settings.server.simulated:
            ui.workbench.banner.show_today("")
            self._total = None  # what changes meanwhile is read when it matters again
            return
        self._waiting += changed
        if self._total is None or self._total.day != day_began(session.clock()):
            ui.run(self._read, self._take, group="today", latest=True)
            return
        self._total = self._total.with_jobs(self._waiting)
        self._waiting = []
        ui.workbench.banner.show_today(today_words(self._total.spent, session.settings.budget))

    def _read(self) -> DayTotal:
        from sora_tui.workspace.day_records import read_day_records

        session = self._context.session
        total = DayTotal(day_began(session.clock()), session.settings.budget.currency)
        return total.with_records(read_day_records(session.folder, total.day))

    def _take(self, total: DayTotal) -> None:
        self._total = total
        self._show()
