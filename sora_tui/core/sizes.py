"""Words for sizes: `landscape`, `portrait`, `square`, `720p`, and what they mean to a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.request import width_height

ALIASES: Final = ("landscape", "portrait", "square")
_TIER: Final = re.compile(r"([1-9][0-9]{1,3})p")
#: The sizes that most servers take, for a shape where nothing is known of the model.
_USUAL: Final = ("1280x720", "720x1280", "720x720", "832x480", "1920x1080")


def is_tier(word: str) -> bool:
    """Return whether this names sizes by their shorter side: `480p`, `720p`."""
    return _TIER.fullmatch(word) is not None


def is_alias(word: str) -> bool:
    """Return whether this is a word for a size, not a size itself."""
    return word in ALIASES or is_tier(word)


def tier_of(size: str) -> str | None:
    """Return the tier of a size `width x height`: `720p` of 1280x720 and of 720x1280."""
    try:
        return f"{min(width_height(size))}p"
    except ProblemError:
        return None


def size_of(word: str, known: Sequence[str]) -> str:
    """Return the size that a word means: the first of `known` that it matches, else a usual one.

    A tier that no known size has is taken at 16:9, both sides even: 540p is 960x540.

    Args:
        word: A size, a tier such as `720p`, or a shape: `landscape`, `portrait`, `square`.
        known: Sizes of this model on this server, the most usual first. A plain size needs none.

    Raises:
        ProblemError: size_invalid for what is neither a word nor a size.
    """
    if not is_alias(word):
        width_height(word)
        return word
    for size in (*known, *_USUAL):
        width, height = width_height(size)
        fits = {"landscape": width > height, "portrait": width < height, "square": width == height}
        if fits.get(word, tier_of(size) == word):
            return size
    match = _TIER.fullmatch(word)
    if match is None:  # Not possible for the words above: the usual sizes have every shape.
        raise problem_error("size_invalid", size=word)
    short = int(match[1]) // 2 * 2
    return f"{round(short * 16 / 9 / 2) * 2}x{short}"
