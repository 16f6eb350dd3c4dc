"""How long is left, from elapsed time, progress and the typical time of such jobs."""

from __future__ import annotations

from collections.abc import Sequence


def typical_seconds(past: Sequence[float]) -> float | None:
    """Return the typical time of such jobs in seconds: the median; None without past jobs."""
    from statistics import median  # 10 ms of import that the first frame need not wait for

    return median(past) if past else None


def seconds_left(elapsed: float, progress: float | None, typical: float | None) -> float | None:
    """Return the seconds until the clip is made, or None where no honest estimate exists.

    The server's own percentage counts from 5 on; below, and where the server reports none, the
    typical time of such jobs does. Once that time is over, nothing is known any more.

    Args:
        elapsed: Seconds since it was accepted.
        progress: Percent, 0..100.
        typical: The typical time of such jobs, in seconds.
    """
    if progress is not None and 5 <= progress <= 100:
        return elapsed * (100 - progress) / progress
    if typical is not None and elapsed < typical:
        return typical - elapsed
    return None
