"""What `doctor` says about pictures: how they are shown on this terminal, and why so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from rich.console import Console

from sora_tui.config.screen import ScreenSettings, is_ascii_wanted
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.probe_result import Line
from sora_tui.tui.terminal.graphics.detect import Graphics, Why, graphics, reason

Colours = Literal["truecolor", "256", "standard", "none"]

_HALF_BLOCKS: Final[Mapping[Colours, str]] = {
    "truecolor": N_("half blocks in true colour"),
    "256": N_("half blocks in 256 colours"),
    "standard": N_("half blocks in 16 colours"),
    "none": N_("shades, without colours"),
}
_WHY: Final[Mapping[Why, str]] = {
    "set": N_("as preview in sora-tui.toml says"),
    "known": N_("{terminal} is known to draw them"),
    "not known": N_("{terminal} is not known to draw real pictures"),
    "screen": N_("GNU screen lets no real pictures through"),
    "passthrough": N_("tmux lets no real pictures through"),
    "detached": N_("tmux shows this on no terminal"),
}


def picture_line(screen: ScreenSettings, environ: Mapping[str, str]) -> Line:
    """Asks the environment, and tmux where this runs in one; never the terminal."""
    found = graphics(screen.preview, environ)
    why = reason(found, screen.preview, environ)
    colours = colours_of(environ)
    is_ascii = is_ascii_wanted(screen.symbols, environ)
    if found.way == "off":
        shown = _("off")
    elif found.way == "kitty":
        shown = _("real ones, by the kitty protocol")
    elif is_ascii:
        shown = _("letters, because signs or the locale want ASCII")
    else:
        shown = _(_HALF_BLOCKS[colours])
    terminal = ", ".join(_named(client) for client in found.clients) or environ.get("TERM", "?")
    return Line(
        "pictures",
        "ok" if found.way != "off" else "-",
        {
            "way": found.way,
            "why": why.replace(" ", "_"),
            "preview": screen.preview,
            "colours": colours,
            "ascii": is_ascii,
            "tmux": found.tmux,
        },
        "  ".join((shown, _(_WHY[why]).format(terminal=clean_line(terminal, 80)))),
        advice=_advice(found, why, colours, environ),
    )


def colours_of(environ: Mapping[str, str]) -> Colours:
    """The colours that the screen will use, found out as Textual does it."""
    if "NO_COLOR" in environ:
        return "none"
    console = Console(
        # Textual's own setting, which takes any text.
        color_system=environ.get("TEXTUAL_COLOR_SYSTEM", "auto"),  # type: ignore[arg-type]
        force_terminal=True,
        legacy_windows=False,
        _environ=environ,
    )
    return next((known for known in _HALF_BLOCKS if known == console.color_system), "none")


def _advice(found: Graphics, why: Why, colours: Colours, environ: Mapping[str, str]) -> str:
    if why == "passthrough" or (found.tmux and found.way == "kitty" and why == "set"):
        return _("tmux passes them on with: set -g allow-passthrough on")
    if found.way == "halfblock" and colours == "256":
        return _(
            "A terminal with true colour shows more: export TEXTUAL_COLOR_SYSTEM=truecolor (SSH"
            " does not pass COLORTERM on)."
        )
    if colours == "none" and "NO_COLOR" in environ:
        return _("NO_COLOR is set.")
    return ""


def _named(client: str) -> str:
    """A terminal as tmux names it: what it says of itself, or its TERM."""
    _created, term, named = (*client.split(" ", 2), "", "")[:3]
    return named.strip() or term
