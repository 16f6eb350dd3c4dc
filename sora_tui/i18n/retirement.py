"""What a person is told about a model that its maker switches off."""

from __future__ import annotations

from datetime import date

from sora_tui.core.price import Retirement
from sora_tui.core.text import clean_line
from sora_tui.i18n import _


def retirement_words(retirement: Retirement | None, today: date) -> str:
    """Return one line to show before anything is sent; empty where no end is known."""
    if retirement is None:
        return ""
    past = retirement.is_past(today)
    if not retirement.model:
        text = _("{host} ended on {day}: it may refuse") if past else _("{host} ends on {day}")
    elif retirement.own and past:
        text = _("{model} ended at {host} on {day}: it may refuse")
    elif retirement.own:
        text = _("{model} ends at {host} on {day}")
    elif past:
        text = _("{model} ended at {host} on {day}; this server may differ")
    else:
        text = _("{model} ends at {host} on {day}; this server may differ")
    model = clean_line(retirement.model, 60)
    return text.format(
        model=model, host=retirement.host.lstrip("."), day=retirement.day.isoformat()
    )
