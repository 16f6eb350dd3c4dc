"""The last check of the limits before a paid request, by the owner of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sora_tui.core.budget import Charge, DayRecords, day_began, over_budget, spending
from sora_tui.core.job import Job, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Problem
from sora_tui.core.server import Server
from sora_tui.engine.quote import priced_now, quote
from sora_tui.workspace.day_records import read_day_records
from sora_tui.workspace.folder import Folder

_NONE: Final[Mapping[str, Server]] = MappingProxyType({})


class BudgetGuard:
    """Checks the person's limits right before a paid request.

    The documents of the day are read at the first question of each day; from then on this process
    is the only one that writes them, and notes every step.
    """

    def __init__(
        self, budget: Budget, folder: Folder, servers: Mapping[str, Server] = _NONE
    ) -> None:
        self._servers = servers
        self._budget = budget
        self._folder = folder
        self._day: datetime | None = None
        self._jobs: dict[str, Job] = {}
        self._unreadable: tuple[str, ...] = ()

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Price earlier jobs by these profiles from now on."""
        self._servers = servers

    def note(self, job: Job) -> None:
        """Note a step of a job that is on the disk."""
        if self._day is not None:
            self._jobs[job.id] = job

    def refusal(self, server: Server, job: Job, now: datetime) -> Problem | None:
        """Return why sending this job now would break a limit, or None when it fits.

        Other jobs that wait do not count here: each is checked when its own turn comes.
        """
        if not self._budget.is_set:
            return None
        day = day_began(now)
        if day != self._day or self._unreadable:  # the document may have been repaired meanwhile
            records = read_day_records(self._folder, day)
            self._day, self._unreadable = day, records.unreadable
            self._jobs = {job.id: job for job in records.jobs}
        sent = tuple(
            priced_now(job, self._servers)
            for job in self._jobs.values()
            if job.state is not State.PENDING
        )
        spent = spending(DayRecords(sent, self._unreadable), day, self._budget.currency)
        # As it was when the person ordered it: a self-run server's unknown price breaks no limit.
        self_run = server.is_loopback and job.consent is not None and job.consent.found is not None
        price = quote(server, job.request, self._folder)
        charge = Charge(server, price, self_run=self_run)
        return over_budget(self._budget, [charge], spent)
