"""Screens look the same whatever terminal the tests are started from."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def a_terminal_of_today(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of colours, and no wish about the theme."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
