"""The `[budget]` table of sora-tui.toml: what a day and a clip may cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sora_tui.config.config_files import TomlFile
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Problem, problem


def read_budget(own: TomlFile | None, folder: TomlFile | None) -> tuple[Budget, Problem | None]:
    """Return the limits of the person's own file, which a folder's may lower and never raise.

    Limits in different currencies cannot be compared: then the person's own are used.

    Returns:
        The limits, and budget_ignored where the folder's do not count.

    Raises:
        ProblemError: config_invalid, naming file, key and line.
    """
    mine = _over(Budget(), own)
    theirs = _over(Budget(currency=mine.currency), folder)
    if not mine.is_set:
        return theirs, None
    if theirs.currency != mine.currency:
        facts = {"currency": mine.currency, "other": theirs.currency}
        return mine, problem("budget_ignored", **facts)
    per_day, per_job = _lower(mine.per_day, theirs.per_day), _lower(mine.per_job, theirs.per_job)
    return mine._replace(per_day=per_day, per_job=per_job), None


def _lower(*limits: Decimal | None) -> Decimal | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _over(budget: Budget, file: TomlFile | None) -> Budget:
    """Return these limits, with those of one file in their place."""
    if file is None or "budget" not in file.values:
        return budget
    table = file.values["budget"]
    if not isinstance(table, Mapping):
        raise file.invalid("", "budget", "must be a table: [budget]")
    for key, value in table.items():
        if key in {"per_day", "per_job"}:
            if not _is_sum(value):
                raise file.invalid("budget", key, "must be a sum of money, 0 or more")
            limit = Decimal(str(value))
            day = key == "per_day"
            budget = budget._replace(per_day=limit) if day else budget._replace(per_job=limit)
        elif key == "currency":
            if not isinstance(value, str) or not value:
                raise file.invalid("budget", key, "must be text in quotes")
            budget = budget._replace(currency=value)
        else:
            raise file.unknown("budget", key, ("per_day", "per_job", "currency"))
    return budget


def _is_sum(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        sum = Decimal(str(value))
    except InvalidOperation:
        return False
    return sum.is_finite() and sum >= 0
