"""Job ids: sorted by time, readable, safe as file names, e.g. `20261122-101530-7f3k2m`."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PER_SECOND: Final = len(_DIGITS) ** 3
_CHANCE: Final = SystemRandom()
JOB_ID: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-z]{6}")


def creation_time(job_id: str) -> datetime | None:
    """Return the second in which an id was made, by the clock of that process; None for no id."""
    with suppress(ValueError):
        return datetime.strptime(job_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    return None


class JobIds:
    """Makes ids that sort in the order in which they were asked for, whatever the clock does."""

    def __init__(self) -> None:
        self._last = (datetime.min, 0)

    def next(self, at: datetime) -> str:
        """Return a new id. Three of the last six signs count within the second, three are random.

        Args:
            at: Now, in UTC.
        """
        second = at.replace(microsecond=0, tzinfo=None)
        tick = at.microsecond * _PER_SECOND // 1_000_000
        last_second, last_tick = self._last
        if (second, tick) <= self._last:
            second, tick = last_second, last_tick + 1
            if tick == _PER_SECOND:
                second, tick = second + timedelta(seconds=1), 0
        self._last = (second, tick)
        chance = _CHANCE.randrange(_PER_SECOND)
        return f"{second:%Y%m%d-%H%M%S}-{_base36(tick)}{_base36(chance)}"


def _base36(value: int) -> str:
    a, rest = divmod(value, 36 * 36)
    b, c = divmod(rest, 36)
    return _DIGITS[a] + _DIGITS[b] + _DIGITS[c]
