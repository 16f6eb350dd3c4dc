"""The day's money in words."""

from __future__ import annotations

from datetime import UTC, datetime

from sora_tui.core.budget import day_began, spending, spending_by_server
from sora_tui.core.limits import Budget
from sora_tui.i18n import _
from sora_tui.i18n.spending import server_words, today_words
from sora_tui.workspace.day_records import read_day_records
from sora_tui.workspace.folder import Folder


def spending_words(folder: Folder, budget: Budget) -> str:
    """Return what the day has cost, and on which servers; practice jobs do not count."""
    day = day_began(datetime.now(UTC))
    records = read_day_records(folder, day)
    sums = spending_by_server(records.jobs, day, budget.currency)
    total = spending(records, day, budget.currency)
    each = (server_words(name, spent, budget.currency) for name, spent in sorted(sums.items()))
    said = today_words(total, budget) or _("today nothing was spent")
    # A limit of the day is kept for each folder, and other folders have their own sums.
    return "  ".join((said, _("in this folder"), *each))
