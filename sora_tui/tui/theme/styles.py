"""What a meaning looks like: colours of the theme, on the ground of the widget that draws them.

Textual's component classes would give each list and page a node of its tree for each of its
meanings: fifty nodes before the first frame, and fifty new ones whenever the colours change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from rich.style import Style
from textual.color import Color
from textual.css.scalar import percentage_string_to_float
from textual.widget import Widget


class Look(NamedTuple):
    """How a piece of text is drawn; what is not said is as in the rest of the widget.

    Attributes:
        color: The name of a colour of the theme.
        background: Likewise.
        share: How much of the background's colour is laid over the ground, from 0 to 1.
    """

    color: str | None = None
    background: str | None = None
    share: float = 1.0
    bold: bool | None = None
    dim: bool | None = None
    reverse: bool | None = None


TONES: Final[Mapping[str, Look]] = {
    "ok": Look("text-success"),
    "warn": Look("text-warning"),
    "error": Look("text-error", bold=True),
    "muted": Look("foreground-muted"),
    "accent": Look("text-accent"),
    "strong": Look(bold=True),
    "mark": Look(reverse=True),
}
#: Where the terminal has only colours of its own, what is not important is dim.
_OWN_COLOURS: Final[Mapping[str, Look]] = {"muted": Look(dim=True)}


def style_of(widget: Widget, look: Look) -> Style:
    """The style of a `look` in a widget as it stands there now."""
    colours, ground = widget.app.theme_variables, widget.background_colors[1]
    if look.background is not None:
        ground += _color(colours[look.background]).multiply_alpha(look.share)
    color = None if look.color is None else ground + _color(colours[look.color])
    return widget.rich_style + Style(
        color=None if color is None else color.rich_color,
        bgcolor=None if look.background is None else ground.rich_color,
        bold=look.bold,
        dim=look.dim,
        reverse=look.reverse,
    )


def _color(value: str) -> Color:
    """A theme's word for a colour, as CSS has it: "#d0d0d0", "auto 60%"."""
    name, _, share = value.partition(" ")
    color = Color.parse(name)
    return color.multiply_alpha(percentage_string_to_float(share)) if share else color


def tone_of(widget: Widget, tone: str) -> Style:
    """The style of one of `TONES` in a widget as it stands there now."""
    own = _OWN_COLOURS.get(tone) if widget.app.native_ansi_color else None
    return style_of(widget, own or TONES[tone])
