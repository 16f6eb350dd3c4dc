"""Numbers as servers write them: in JSON, in a header, or as text.

Values that cannot be a number are None: hundreds of digits, NaN, infinity, a truth value, digits of
other scripts, `1_000`. Reading never raises, whatever the server sent.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

#: Longer numbers than this are no quantity of anything here; Python itself refuses 4,301 digits.
MAX_DIGITS: Final = 20
#: No count, size or wait is larger: beyond it a float no longer tells two whole numbers apart.
_MOST: Final = 2.0**53
#: No clip costs more, in any currency.
_MOST_MONEY: Final = Decimal(10**9)
_WRITTEN: Final = re.compile(
    r"[+-]?(\d{1,%d}(\.\d{0,40})?|\.\d{1,40})(e[+-]?\d{1,3})?" % MAX_DIGITS,  # noqa: UP031 -- braces
    re.ASCII | re.IGNORECASE,
)


def number(value: object, least: float = 0.0, most: float = _MOST) -> float | None:
    """Return the number, if it is one from `least` to `most`; None otherwise."""
    if isinstance(value, str):
        value = float(value) if _WRITTEN.fullmatch(value := value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is converted: a whole number may be too large for a float. NaN is in no
    # interval.
    return float(value) if least <= value <= most else None


def whole(value: object, least: int = 0, most: int = int(_MOST)) -> int | None:
    """Return the whole number, if it is one from `least` to `most`; None otherwise. 4.0 is 4."""
    found = number(value, least, most)
    return None if found is None or not found.is_integer() else int(found)


def amount(value: object) -> Decimal | None:
    """Return a sum of money, 0 or more, exact as it is written; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        if number(value) is None:
            return None
        value = repr(value)
    value = value.strip()
    if not _WRITTEN.fullmatch(value):
        return None
    found = Decimal(value)
    return found if 0 <= found <= _MOST_MONEY else None
