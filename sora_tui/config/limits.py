"""The `[budget]` table of sora-tui.toml: what a day and a clip may cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sora_tui.config.config_files import TomlFile
from sora_tui.core.limits import Budget


def read_budget(*files: TomlFile | None) -> Budget:
    """The limits of these files, the person's own first: a later one may only lower them.

    A folder may have come from somebody else. Its limits in another currency than the person's
    do not count.

    Raises:
        ProblemError: config_invalid, naming file, key and line.
    """
    budget = Budget()
    for file in files:
        if file is not None and "budget" in file.values:
            more = _over(Budget(), file)
            if not budget.is_set:
                budget = more
            elif more.currency == budget.currency:
                budget = budget._replace(
                    per_day=_lower(budget.per_day, more.per_day),
                    per_job=_lower(budget.per_job, more.per_job),
                )
    return budget


def _lower(own: Decimal | None, other: Decimal | None) -> Decimal | None:
    return min((limit for limit in (own, other) if limit is not None), default=None)


def _over(budget: Budget, file: TomlFile) -> Budget:
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
            raise file.invalid("budget", key, "no such setting")
    return budget


def _is_sum(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        sum = Decimal(str(value))
    except InvalidOperation:
        return False
    return sum.is_finite() and sum >= 0
