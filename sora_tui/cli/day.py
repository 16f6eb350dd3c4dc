"""The day's money: counted before an order, held to the limits, and said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sora_tui.core.budget import NOTHING, day_began, over_budget, spending, spending_by_server
from sora_tui.core.limits import Budget
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError
from sora_tui.core.server import Server
from sora_tui.i18n import _
from sora_tui.i18n.spending import server_words, today_words
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.ledger import jobs_of_the_day


def check_budget(folder: Folder, budget: Budget, server: Server, price: Price, count: int) -> str:
    """What the day has cost, in words; nothing without limits.

    Raises:
        ProblemError: over_budget or price_unknown; nothing was handed in.
    """
    if not budget.is_set or server.simulated:
        return ""
    day = day_began(datetime.now(UTC))
    spent = spending(jobs_of_the_day(folder, day), day, budget.currency)
    if (why := over_budget(budget, server, price, count, spent)) is not None:
        raise ProblemError(why)
    return today_words(spent, budget)


def check_orders(folder: Folder, budget: Budget, server: Server, prices: Sequence[Price]) -> str:
    """The same for several clips of different prices that are ordered at once.

    Raises:
        ProblemError: over_budget or price_unknown; nothing was handed in.
    """
    if not prices or not budget.is_set or server.simulated:
        return ""
    for price in prices:
        if (why := over_budget(budget._replace(per_day=None), server, price, 1, NOTHING)) or (
            price.sum is None and (why := over_budget(budget, server, price, 1, NOTHING))
        ):
            raise ProblemError(why)
    total = sum((price.sum for price in prices if price.sum is not None), Decimal(0))
    whole = Price(PriceKind.PRICED, total, prices[0].currency)
    return check_budget(folder, budget._replace(per_job=None), server, whole, 1)


def spent_words(folder: Folder, budget: Budget) -> str:
    """What the day has cost, on which servers; practice counts nowhere."""
    day = day_began(datetime.now(UTC))
    records = jobs_of_the_day(folder, day)
    sums = spending_by_server(records.jobs, day, budget.currency)
    total = spending(records, day, budget.currency)
    each = (server_words(name, spent, budget.currency) for name, spent in sorted(sums.items()))
    said = today_words(total, budget) or _("today nothing was spent")
    return "  ".join((said, *each))
