"""Screens look the same whatever terminal the tests are started from."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def a_terminal_of_today(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of colours, no tmux, and no wish about the theme."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("TEXTUAL_THEME", "TMUX", "TMUX_PANE", "STY"):
        monkeypatch.delenv(name, raising=False)
