"""How fast a terminal takes what is written: what on a slow line may be written at once."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

#: Seconds that a key may have to wait for the part of a picture that is on its way.
BREATH: Final = 0.25
#: So much of a picture is tried on a terminal of which nothing is known.
_UNTRIED: Final = 16 * 1024
#: What had to wait tells how fast the terminal is from so many bytes on: the system takes some
#: itself, and (Linux) so many of them are still with it when all are taken.
_TELLING: Final = 8 * 1024
_KEPT: Final = 4 * 1024


class Pace:
    """How fast the terminal takes what is written, as far as it has ever made us wait.

    The system takes some kilobytes at once, which on a slow line are seconds: only by the time can
    we tell when they are through.
    """

    def __init__(self) -> None:
        #: Bytes a second, of the last three that told it.
        self._rates: deque[float] = deque(maxlen=3)
        self._most = 0
        self._owed, self._since = 0.0, 0.0

    def wrote(self, count: int, seconds: float, *, waited: bool) -> None:
        """So many bytes were written within `seconds`; whether the terminal made us wait."""
        lag = self.lag
        if not waited:
            self._most = max(self._most, count)
        elif count >= _TELLING:
            self._rates.append(count / seconds)
        if self._rates:
            self._owed = _KEPT if waited else lag * self._rate + count
            self._since = time.monotonic()

    @property
    def _rate(self) -> float:
        # The middle one: a terminal that stood still once is not slow, nor is one fast whose
        # system had room for nearly all.
        return sorted(self._rates)[(len(self._rates) - 1) // 2]

    @property
    def lag(self) -> float:
        """Seconds until the terminal shows what was written."""
        if not self._rates:
            return 0.0
        return max(self._owed / self._rate - (time.monotonic() - self._since), 0.0)

    @property
    def stride(self) -> int:
        """Bytes that may be written at once, so that a key can come between."""
        if self._rates:
            return int(self._rate * BREATH)
        return max(_UNTRIED, 2 * self._most)
