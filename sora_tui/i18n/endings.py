"""What is said of a model that its maker switches off."""

from __future__ import annotations

from datetime import date

from sora_tui.core.price import Retirement
from sora_tui.core.text import clean_line
from sora_tui.i18n import _


def ending_words(ending: Retirement | None, today: date) -> str:
    """One line before anything is sent; nothing where no end is known."""
    if ending is None:
        return ""
    past = ending.is_past(today)
    if not ending.model:
        text = _("{host} ended on {day}: it may refuse") if past else _("{host} ends on {day}")
    elif ending.own and past:
        text = _("{model} ended at {host} on {day}: it may refuse")
    elif ending.own:
        text = _("{model} ends at {host} on {day}")
    elif past:
        text = _("{model} ended at {host} on {day}; this server may differ")
    else:
        text = _("{model} ends at {host} on {day}; this server may differ")
    model = clean_line(ending.model, 60)
    return text.format(model=model, host=ending.host.lstrip("."), day=ending.day.isoformat())
