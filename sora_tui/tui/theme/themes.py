"""The colours: a dark and a light theme of our own, and which theme holds at the start."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from textual.theme import Theme

from sora_tui.config.ui_state import UiState

#: Every colour of a text, and every background after the downgrade to the 256 colours that SSH
#: usually leaves, is chosen to keep a contrast of 4.5:1 (tests/tui/test_theme.py computes it).
DARK: Final = Theme(
    name="sora",
    primary="#5fafaf",
    secondary="#5f87af",
    accent="#87d7d7",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    success="#87d787",
    warning="#ffd787",
    error="#ff8787",
    dark=True,
    variables={
        "foreground-muted": "#a8a8a8",
        "text": "#d0d0d0",
        "text-muted": "#a8a8a8",
        "text-primary": "#afd7ff",
        "text-accent": "#87d7d7",
        "text-success": "#87d787",
        "text-warning": "#ffd787",
        "text-error": "#ff8787",
        "primary-muted": "#1f2f3f",
        "success-muted": "#1c3a1c",
        "warning-muted": "#4a3000",
        "surface-lighten-1": "#303030",
        "border": "#5fafaf",
        "border-blurred": "#444444",
        "input-cursor-background": "#d0d0d0",
        "input-cursor-foreground": "#121212",
        "input-selection-background": "#1f2f3f",
    },
)
LIGHT: Final = Theme(
    name="sora-light",
    primary="#005f87",
    secondary="#5f5f87",
    accent="#005f87",
    foreground="#303030",
    background="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    success="#005f00",
    warning="#875f00",
    error="#af0000",
    dark=False,
    variables={
        "foreground-muted": "#585858",
        "text": "#303030",
        "text-muted": "#585858",
        "text-primary": "#005f87",
        "text-accent": "#005f87",
        "text-success": "#005f00",
        "text-warning": "#875f00",
        "text-error": "#af0000",
        "primary-muted": "#d7f0ff",
        "success-muted": "#d7ffd7",
        "warning-muted": "#fff3c4",
        "surface-lighten-1": "#eeeeee",
        "border": "#005f87",
        "border-blurred": "#b2b2b2",
        "input-cursor-background": "#303030",
        "input-cursor-foreground": "#ffffff",
        "input-selection-background": "#d7f0ff",
    },
)
OURS: Final = {theme.name: theme for theme in (DARK, LIGHT)}
#: Where there are no more than 16 colours they are the terminal's own, or none.
_FEW_COLOURS: Final = "ansi-dark"


def theme_at_start(
    known: Container[str],
    wished: str | None,
    memory: UiState,
    environ: Mapping[str, str],
    *,
    few_colours: bool,
) -> tuple[str, str | None]:
    """The theme to begin with, and the name that was asked for in vain.

    What was chosen on the screen holds until sora-tui.toml says something new; TEXTUAL_THEME is
    for this one time and goes before both.

    Args:
        known: Names of the themes there are.
        wished: `theme` in sora-tui.toml.
        memory: What was chosen on the screen before.
        environ: Environment variables.
        few_colours: The terminal has 16 colours or none.
    """
    chosen = memory.theme if memory.instead_of == wished else None
    said = environ.get("TEXTUAL_THEME") or chosen or wished
    if said is not None and said in known:
        return said, None
    return _FEW_COLOURS if few_colours else DARK.name, said
