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


class TextStyle(NamedTuple):
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


STYLES: Final[Mapping[str, TextStyle]] = {
    "ok": TextStyle("text-success"),
    "warn": TextStyle("text-warning"),
    "error": TextStyle("text-error", bold=True),
    "muted": TextStyle("foreground-muted"),
    "accent": TextStyle("text-accent"),
    "strong": TextStyle(bold=True),
    "mark": TextStyle(reverse=True),
}
#: Where the terminal has only colours of its own, what is not important is dim.
_OWN_COLOURS: Final[Mapping[str, TextStyle]] = {"muted": TextStyle(dim=True)}


def style_of(widget: Widget, text_style: TextStyle) -> Style:
    """The style of a `text_style` in a widget as it stands there now."""
    colours, ground = widget.app.theme_variables, widget.background_colors[1]
    if text_style.background is not None:
        ground += _color(colours[text_style.background]).multiply_alpha(text_style.share)
    color = None if text_style.color is None else ground + _color(colours[text_style.color])
    return widget.rich_style + Style(
        color=None if color is None else color.rich_color,
        bgcolor=None if text_style.background is None else ground.rich_color,
        bold=text_style.bold,
        dim=text_style.dim,
        reverse=text_style.reverse,
    )


def _color(value: str) -> Color:
    """A theme's word for a colour, as CSS has it: "#d0d0d0", "auto 60%"."""
    name, _, share = value.partition(" ")
    color = Color.parse(name)
    return color.multiply_alpha(percentage_string_to_float(share)) if share else color


def tone_of(widget: Widget, tone: str) -> Style:
    """The style of one of `STYLES` in a widget as it stands there now."""
    own = _OWN_COLOURS.get(tone) if widget.app.native_ansi_color else None
    return style_of(widget, own or STYLES[tone])
