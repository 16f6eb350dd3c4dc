"""Finds out how pictures can be shown here: by what is set, what TERM says, and what tmux says.

The terminal itself is never asked: over a slow line its answer would come in as keys, and tmux
answers such questions at once, for a terminal that it does not ask.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from sora_tui.config.screen import Preview

#: TERM of terminals that are known to draw placeholders.
_TERMS: Final = frozenset({"xterm-kitty", "xterm-ghostty"})
#: How kitty names itself to tmux. Ghostty 1.3.1 draws the placeholders too narrow in there.
_KITTY: Final = re.compile(r"kitty\((\d+)\.(\d+)")
#: Placeholders came with this version of kitty.
_SINCE: Final = (0, 28)
_ASK_TMUX: Final = ("tmux", "display-message", "-p", "#{allow-passthrough}", ";", "list-clients")
_CLIENT: Final = "#{client_created} #{client_termname} #{client_termtype}"
#: Seconds for tmux; it takes 15 ms.
_PATIENCE: Final = 2.0


#: Why pictures are shown in a way: set; the terminal is known to draw them, or not known; GNU
#: screen or tmux lets nothing through; tmux shows this nowhere.
Why = Literal["set", "known", "not known", "screen", "passthrough", "detached"]


class Graphics(NamedTuple):
    """How pictures are shown.

    Attributes:
        tmux: What is meant for the terminal goes through tmux.
        clients: The terminals that tmux shows this on: others have none of our pictures.
    """

    way: Literal["off", "halfblock", "kitty"] = "halfblock"
    tmux: bool = False
    clients: tuple[str, ...] = ()


def graphics(preview: Preview, environ: Mapping[str, str]) -> Graphics:
    """How pictures are shown in this terminal. Inside tmux it asks tmux, which takes 15 ms."""
    if preview in {"off", "halfblock"}:
        return Graphics("off" if preview == "off" else "halfblock")
    if "TMUX" not in environ:
        known = environ.get("TERM") in _TERMS and "STY" not in environ
        return Graphics("kitty" if known or preview == "kitty" else "halfblock")
    passes, *clients = _tmux(environ)
    known = passes not in {"", "0", "off"} and bool(clients) and all(map(_draws, clients))
    way: Literal["halfblock", "kitty"] = "kitty" if known or preview == "kitty" else "halfblock"
    return Graphics(way, tmux=True, clients=tuple(clients))


def reason(found: Graphics, preview: Preview, environ: Mapping[str, str]) -> Why:
    """Why `graphics` chose as it did."""
    if preview != "auto":
        return "set"
    if found.way == "kitty":
        return "known"
    if not found.tmux:
        return "screen" if "STY" in environ else "not known"
    if not found.clients:
        return "detached"
    return "passthrough" if all(map(_draws, found.clients)) else "not known"


def _draws(client: str) -> bool:
    """Whether a terminal of tmux is known to draw placeholders."""
    _created, _space, terminal = client.partition(" ")
    term, _space, named = terminal.partition(" ")
    if found := _KITTY.match(named):
        return (int(found[1]), int(found[2])) >= _SINCE
    return term == "xterm-kitty" and not named


def _tmux(environ: Mapping[str, str]) -> list[str]:
    """Whether tmux lets sequences through, then each terminal that shows this session."""
    target = ("-t", environ["TMUX_PANE"]) if "TMUX_PANE" in environ else ()
    try:
        said = subprocess.run(
            [*_ASK_TMUX, *target, "-F", _CLIENT],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # an old tmux, or none any more
        return [""]
    return said.stdout.decode("utf-8", "replace").splitlines() or [""]
