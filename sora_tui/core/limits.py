"""The limits for a day and a clip. Apart from `budget`, because every start reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple


class Budget(NamedTuple):
    """The person's limits in one currency; None is no limit.

    Attributes:
        per_day: For all orders of a day together, on all servers.
        per_job: For one clip.
    """

    per_day: Decimal | None = None
    per_job: Decimal | None = None
    currency: str = "USD"

    @property
    def is_set(self) -> bool:
        """Whether there is any limit."""
        return self.per_day is not None or self.per_job is not None
