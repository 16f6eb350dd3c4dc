"""The day's money in words."""

from __future__ import annotations

from datetime import UTC, datetime

from sora_tui.core.budget import NOTHING, day_began, spending_by_server
from sora_tui.core.limits import Budget
from sora_tui.i18n import _
from sora_tui.i18n.spending import server_words, today_words
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.ledger import jobs_of_the_day


def spent_words(folder: Folder, budget: Budget) -> str:
    """What the day has cost, on which servers; practice counts nowhere."""
    day = day_began(datetime.now(UTC))
    sums = spending_by_server(jobs_of_the_day(folder, day), day, budget.currency)
    total = sum(sums.values(), start=NOTHING)
    each = (server_words(name, spent, budget.currency) for name, spent in sorted(sums.items()))
    said = today_words(total, budget) or _("today nothing was spent")
    return "  ".join((said, *each))
