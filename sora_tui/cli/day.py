"""The day's money: counted before an order, held to the limits, and said."""

from __future__ import annotations

from datetime import UTC, datetime

from sora_tui.core.budget import Budget, day_began, over_budget, spending
from sora_tui.core.price import Price
from sora_tui.core.problem import ProblemError
from sora_tui.core.server import Server
from sora_tui.i18n.spending import today_words
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.ledger import jobs_of_the_day


def check_budget(folder: Folder, budget: Budget, server: Server, price: Price, count: int) -> str:
    """What the day has cost, in words; nothing without limits.

    Raises:
        ProblemError: over_budget or price_unknown; nothing was handed in.
    """
    if not budget.is_set or server.simulated:
        return ""
    day = day_began(datetime.now(UTC))
    history = History(folder)
    spent = spending(jobs_of_the_day(folder, history, day), day, budget.currency)
    history.close()
    if (why := over_budget(budget, server, price, count, spent)) is not None:
        raise ProblemError(why)
    return today_words(spent, budget)
