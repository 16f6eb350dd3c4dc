"""How a reference picture suits the size of a clip: one rule for both faces."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, NamedTuple

from sora_tui.core.problem import ProblemError
from sora_tui.core.request import COVER, EXACT, Fit, width_height

ImageFormat = Literal["JPEG", "PNG", "WEBP", "GIF", "BMP"]

#: Twice a 32 megapixel photo; decoded as RGB a picture of this size takes 192 MB.
MAX_PIXELS: Final = 64_000_000
#: Formats the API does not take: their first frame travels as PNG.
AS_PNG: Final[frozenset[ImageFormat]] = frozenset({"GIF", "BMP"})


class ImageFacts(NamedTuple):
    """What a picture is.

    Attributes:
        format: By content, whatever the file is called.
        width: Pixels as displayed, so after an EXIF turn.
        height: Pixels as displayed.
        frames: 1 for a still picture.
        turned: The EXIF orientation is not 1: the stored pixels lie differently.
    """

    format: ImageFormat
    width: int
    height: int
    frames: int = 1
    turned: bool = False


class ReferenceFile(NamedTuple):
    """A file of `input_reference/`.

    Attributes:
        path: Relative to `input_reference/`, with `/`.
        facts: From the header only; None where it is not a known kind of picture, or was not read.
        was_read: Whether its header was read.
    """

    path: str
    bytes: int
    modified: datetime
    facts: ImageFacts | None
    was_read: bool = True


class Badge(NamedTuple):
    """How a picture suits a size.

    Attributes:
        kind: `ok` as it is, `png` re-encoded, `fit` only fitted, `no` not at all.
        cut: The share (0..1) that a `cover` fit would cut away.
        reason: The problem code behind `no`.
    """

    kind: Literal["ok", "fit", "png", "no"]
    cut: float | None = None
    reason: str | None = None


def badge(facts: ImageFacts | None, size: str | None) -> Badge:
    """Return how a picture suits a size, by its header: a damaged picture may still be refused."""
    if facts is None:
        return Badge("no", reason="reference_not_image")
    if facts.frames > 1 and facts.format != "GIF":
        return Badge("no", reason="reference_animated")
    if facts.width * facts.height > MAX_PIXELS:
        return Badge("no", reason="reference_too_large")
    try:
        wanted = width_height(size) if size else None
    except ProblemError:
        wanted = None
    if wanted is not None and (facts.turned or wanted != (facts.width, facts.height)):
        return Badge("fit", cut=cut_share(facts.width, facts.height, *wanted))
    return Badge("png" if facts.format in AS_PNG else "ok")


def fit_if_sent(fit: Fit, judged: Badge, *, is_chosen: bool) -> Fit:
    """Return the fit if the picture is sent: the one that is set, or the one that it needs.

    Args:
        fit: What is set for the clip.
        judged: How the picture's size compares with the clip's.
        is_chosen: The clip has this picture already, so that its fit was seen.
    """
    if is_chosen or fit != EXACT:
        return fit
    return COVER if judged.kind == "fit" else EXACT


def cut_share(width: int, height: int, target_width: int, target_height: int) -> float:
    """Return the share (0..1) that `cover` cuts away to bring a picture to the target size."""
    kept = min(width * target_height, height * target_width)
    return 1 - kept / max(width * target_height, height * target_width)
