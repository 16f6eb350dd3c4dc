"""Calls a person who looks elsewhere: the bell, or a notification of the terminal, through tmux.

What a terminal can do is known by its name alone; it is never asked, because a late answer would
arrive as keys. Sources: iTerm2's "Proprietary Escape Codes" (OSC 9), rxvt-unicode's and foot's
OSC 777, kitty's "Desktop notifications" (OSC 99), tmux(1) `allow-passthrough`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Final, NamedTuple

from sora_tui.config.notify import Notify
from sora_tui.core.text import clean_line

BELL: Final = "\a"
_TMUX_ANSWERS_WITHIN: Final = 1.0  # seconds
_LONGEST: Final = 160
#: The escape sequence that each terminal draws a notification for, by a part of its name.
_SEQUENCES: Final[Mapping[str, str]] = {
    "kitty": "\x1b]99;;{text}\x1b\\",
    "ghostty": "\x1b]777;notify;sora-tui;{text}\x1b\\",
    "foot": "\x1b]777;notify;sora-tui;{text}\x1b\\",
    "wezterm": "\x1b]777;notify;sora-tui;{text}\x1b\\",
    "contour": "\x1b]777;notify;sora-tui;{text}\x1b\\",
    "rxvt-unicode": "\x1b]777;notify;sora-tui;{text}\x1b\\",
    # OSC 9;4 and its like draw progress bars: the text must never begin with a number.
    "iterm": "\x1b]9;sora-tui: {text}\x07",
}


class Tmux(NamedTuple):
    """What tmux says of the terminal around it.

    Attributes:
        passes: `allow-passthrough` is on, so that sequences of ours reach that terminal.
        terminal: Its name and version, as it told tmux.
    """

    passes: bool
    terminal: str


def notification(
    text: str, notify: Notify, environ: Mapping[str, str], tmux: Tmux | None = None
) -> str:
    """Return what to write to the terminal, once, so that the person looks up; empty for `off`.

    Args:
        text: Words for a notification. They are cleaned here: nobody's prompt is a sequence.
        notify: The way that the person chose.
        environ: Variables of the process; they tell which terminal this is.
        tmux: Inside tmux: what `ask_tmux` found.
    """
    if notify == "off":
        return ""
    inside = "TMUX" in environ
    if notify == "bell" or "STY" in environ or (inside and (tmux is None or not tmux.passes)):
        return BELL
    # Inside tmux the environment is that of whoever started its server.
    name = tmux.terminal if inside and tmux is not None else _terminal_name(environ)
    sequence = next((s for known, s in _SEQUENCES.items() if known in name.lower()), None)
    if sequence is None:
        return BELL
    said = sequence.format(text=clean_line(text, _LONGEST))
    if not inside:
        return said
    # The bell marks the window for tmux, which does not know what a notification is.
    return "\x1bPtmux;" + said.replace("\x1b", "\x1b\x1b") + "\x1b\\" + BELL


def ask_tmux(environ: Mapping[str, str]) -> Tmux | None:
    """Return what is around tmux, or None outside of it.

    It is asked each time, because a client of tmux may come and go.

    That takes 15 ms, or a second when tmux hangs; it then counts as one that passes nothing.
    """
    if "TMUX" not in environ:
        return None
    pane = ["-t", environ["TMUX_PANE"]] if environ.get("TMUX_PANE") else []
    asked = "#{allow-passthrough} #{client_termname} #{client_termtype}"
    try:
        answer = subprocess.run(
            ["tmux", "display-message", "-p", *pane, asked],
            capture_output=True,
            check=True,
            timeout=_TMUX_ANSWERS_WITHIN,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return Tmux(False, "")
    passes, _space, terminal = answer.decode("utf-8", "replace").partition(" ")
    return Tmux(passes not in {"", "0", "off"}, terminal.strip())


def _terminal_name(environ: Mapping[str, str]) -> str:
    """Return the terminal's name, from what it leaves in the environment.

    Over SSH that is TERM, and LC_TERMINAL, which iTerm2 sends because sshd lets LC_* pass.
    """
    said = (environ.get(name, "") for name in ("TERM_PROGRAM", "LC_TERMINAL", "TERM"))
    return " ".join(said)
