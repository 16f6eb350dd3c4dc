"""Which answers agree to a question: those of the language that it is asked in."""

from __future__ import annotations

from sora_tui.i18n import _


def yes_key() -> str:
    """Return the letter that agrees, in lower case; every question names it."""
    return _("y")


def is_yes(answer: str) -> bool:
    """Return whether a line agrees: the letter of the language, or its word."""
    return answer.strip().lower() in {yes_key(), _("yes")}
