"""The day's money in a few words, for a banner, a question or a line."""

from __future__ import annotations

from sora_tui.core.budget import NOTHING, Budget, Spending
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.amounts import money


def today_words(spent: Spending, budget: Budget) -> str:
    """`today $3.20 of $10.00 + 2 unknown`; nothing on a day without cost and without a limit."""
    if spent == NOTHING and budget.per_day is None:
        return ""
    sum = money(spent.total, budget.currency)
    if budget.per_day is None:
        said = _("today {sum}").format(sum=sum)
    else:
        limit = money(budget.per_day, budget.currency)
        said = _("today {sum} of {limit}").format(sum=sum, limit=limit)
    if not spent.unknown:
        return said
    unknown = ngettext("{count} unknown", "{count} unknown", spent.unknown)
    return f"{said} + {unknown.format(count=spent.unknown)}"
