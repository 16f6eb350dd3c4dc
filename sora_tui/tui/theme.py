"""The colours: calm, dark, one accent; the three meanings ok, warning and error beside it."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

#: Chosen to stay apart in the 256 colours that SSH usually leaves, and readable without any.
THEME: Final = Theme(
    name="sora",
    primary="#5fafaf",
    secondary="#5f87af",
    accent="#87d7d7",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    success="#87af87",
    warning="#d7af5f",
    error="#d7707a",
    dark=True,
    variables={
        "border": "#5fafaf",
        "border-blurred": "#444444",
        "input-cursor-background": "#d0d0d0",
        "input-selection-background": "#5fafaf 35%",
    },
)
