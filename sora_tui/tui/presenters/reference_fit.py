"""Words for what sending a reference picture does to it."""

from __future__ import annotations

from typing import Final

from sora_tui.core.reference_fit import MAX_PIXELS, Badge, ImageFacts, ReferenceFile
from sora_tui.core.request import BLACK, BLUR, EXACT, Fit, width_height
from sora_tui.i18n import _
from sora_tui.i18n.formatting import decimals

#: A picture that is enlarged so many times looks it.
_BLURRED: Final = 1.5
#: Shapes that have a name; any other is written as a ratio to one.
_SHAPES: Final = (
    (1, 1),
    (5, 4),
    (4, 3),
    (3, 2),
    (16, 10),
    (16, 9),
    (7, 4),
    (21, 9),
)


def shape(width: int, height: int) -> str:
    """The shape of a picture as people call it: `16:9`, `4:3`, `2.35:1`."""
    ratio = max(width, height) / min(width, height)
    for long, short in _SHAPES:
        if abs(ratio - long / short) < 0.01 * ratio:
            return f"{long}:{short}" if width >= height else f"{short}:{long}"
    said = decimals(f"{ratio:.2g}")
    return f"{said}:1" if width >= height else f"1:{said}"


def effect(file: ReferenceFile, judged: Badge, size: str | None, fit: Fit) -> str:
    """What sending a picture does to it, in words for a narrow line."""
    if judged.reason == "reference_animated":
        return _("an animation: only still pictures go")
    if judged.reason == "reference_too_large":
        return _("too large: {limit} megapixels at most").format(limit=MAX_PIXELS // 1_000_000)
    if file.facts is None:
        return _("no picture, or cut off in its header")
    name = shape(file.facts.width, file.facts.height)
    return f"{name}  {change(file.facts, judged, size, fit)}"


def change(facts: ImageFacts, judged: Badge, size: str | None, fit: Fit) -> str:
    """What becomes of a picture that is sent."""
    if judged.kind == "png":
        return _("sent as a PNG")
    if judged.kind != "fit" or size is None:
        return _("sent byte for byte")
    if fit == EXACT:
        return _("another size: f fits it")
    words = _fitted(facts, judged, size, fit)
    width, height = width_height(size)
    across, down = width / facts.width, height / facts.height
    times = min(across, down) if fit.how == "contain" else max(across, down)
    if times < _BLURRED:
        return words
    return words + ", " + _("enlarged {times} times").format(times=decimals(f"{round(times, 1):g}"))


def _fitted(facts: ImageFacts, judged: Badge, size: str, fit: Fit) -> str:  # noqa: PLR0911 -- the screen is being rebuilt
    if fit.how == "contain":
        if fit.fill == BLUR:
            return _("fitted on a blur of itself")
        if fit.fill == BLACK:
            return _("fitted with black bars")
        return _("fitted with bars of {colour}").format(colour=fit.fill)
    if fit.how == "stretch":
        return _("fitted, distorted")
    percent = round(100 * (judged.cut or 0))
    if percent == 0:
        return _("fitted, nothing is cut")
    width, height = width_height(size)
    if facts.width * height > facts.height * width:
        return _("fitted, cuts {percent}% of the width").format(percent=percent)
    return _("fitted, cuts {percent}% of the height").format(percent=percent)


def loss(judged: Badge, fit: Fit) -> str:
    """What bringing the picture to the size costs it."""
    if judged.reason is not None:
        reasons = {"reference_animated": _("animated"), "reference_too_large": _("too large")}
        return reasons.get(judged.reason, "")
    if judged.kind != "fit":
        return ""
    if fit.how == "contain":
        return _("adds bars")
    if fit.how == "stretch":
        return _("distorts")
    if fit == EXACT:
        return _("needs f")
    return _("cuts {percent}%").format(percent=round(100 * judged.cut)) if judged.cut else ""
