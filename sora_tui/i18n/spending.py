"""The day's money in a few words, for a banner, a question or a line."""

from __future__ import annotations

from sora_tui.core.budget import NOTHING, Spending
from sora_tui.core.limits import Budget
from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import money


def today_words(spent: Spending, budget: Budget) -> str:
    """Return `today $3.20 + 2 unknown of $10.00`; empty without a cost and without a limit."""
    if spent == NOTHING and budget.per_day is None:
        return ""
    sum = _sum(spent, budget.currency)
    if spent.unreadable:
        count = len(spent.unreadable)
        more = ngettext(
            "{count} record that cannot be read", "{count} records that cannot be read", count
        )
        sum = f"{sum} + {more.format(count=count)}"
    if budget.per_day is None:
        return _("today {sum}").format(sum=sum)
    limit = money(budget.per_day, budget.currency)
    return _("today {sum} of {limit}").format(sum=sum, limit=limit)


def server_words(name: str, spent: Spending, currency: str) -> str:
    """Return `team-gw $3.20 + 1 unknown`."""
    return f"{clean_line(name, 60)} {_sum(spent, currency)}"


def _sum(spent: Spending, currency: str) -> str:
    said = money(spent.total, currency)
    if not spent.unknown:
        return said
    unknown = ngettext("{count} unknown", "{count} unknown", spent.unknown)
    return f"{said} + {unknown.format(count=spent.unknown)}"
