"""How long is left: arithmetic on elapsed time, progress and what such jobs usually took."""

from __future__ import annotations

from collections.abc import Sequence


def typical_seconds(past: Sequence[float]) -> float | None:
    """What such jobs usually took, in seconds: the median; None without a past."""
    from statistics import median  # 10 ms of import that the first frame need not wait for

    return median(past) if past else None


def seconds_left(elapsed: float, progress: float | None, typical: float | None) -> float | None:
    """Seconds until the clip is made, or None where nothing honest can be said.

    The server's own percentage counts from 5 on; below, and where it stays silent, the usual
    length of such jobs does. Once that is over, nothing is known any more.

    Args:
        elapsed: Seconds since it was accepted.
        progress: Percent, 0..100.
        typical: Seconds such jobs usually take.
    """
    if progress is not None and 5 <= progress <= 100:
        return elapsed * (100 - progress) / progress
    if typical is not None and elapsed < typical:
        return typical - elapsed
    return None
