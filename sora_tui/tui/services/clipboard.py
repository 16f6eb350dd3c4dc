"""Puts text on the clipboard of the person's own machine, through tmux where tmux is in between."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import Literal

_TMUX_ANSWERS_WITHIN = 1.0  # seconds


def copy(text: str, to_terminal: Callable[[str], object]) -> Literal["tmux", "osc52"]:
    """Copy `text` and return the route it took, to be told to the person.

    "tmux": tmux took it and passes it on. "osc52": it was written to the terminal, which gives no
    answer. tmux drops OSC 52 by default (`set-clipboard external`) but passes on what is loaded
    into its buffer with -w (tmux 3.2 and newer). Takes a second when tmux hangs.

    Args:
        text: What to copy.
        to_terminal: Writes the text to the terminal as OSC 52.
    """
    to_terminal(text)
    if "TMUX" in os.environ and _load_tmux_buffer(text):
        return "tmux"
    return "osc52"


def _load_tmux_buffer(text: str) -> bool:
    try:
        subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            check=True,
            timeout=_TMUX_ANSWERS_WITHIN,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
