"""Which known name a mistyped one is likely to stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: How alike two names are, from 0 to 1, of which one may be the other mistyped: `szie` and `size`
#: have 0.75, `seed` and `seconds` 0.55.
_ALIKE: Final = 0.72


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like this one; None where none is like it.

    Case does not count.
    """
    from difflib import get_close_matches  # only a mistake needs it

    by_folded = {one.casefold(): one for one in known}
    found = get_close_matches(name.casefold(), by_folded, n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None
