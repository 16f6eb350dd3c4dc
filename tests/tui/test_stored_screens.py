"""No stored screen has the day in it on which it was stored."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.support.moments import DATES, NOW
from tests.support.pty_session import ROOT

#: A stored screen tells what happened up to so long before its moment, and what ends after it.
_BEFORE, _AFTER = timedelta(days=3), timedelta(days=2)
#: Days that the program knows by itself: OpenAI's end of its videos.
_KNOWN = {date(2026, 9, 24)}

#: A day in any way that a screen of ours or of a library could write it.
_DAYS = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"),
    re.compile(r"\b(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)-\d{6}"),
    re.compile(r"(?<![\d-])(?P<month>\d\d)-(?P<day>\d\d) \d\d:\d\d"),
    re.compile(r"\b(?P<day>\d\d?)/(?P<month>\d\d?)/(?P<year>\d{4})"),
)
#: A clock time with seconds: durations have hours with an h.
_TIMES = re.compile(r"(?<![\d:])(\d\d:\d\d:\d\d)")
_HOURS = timedelta(hours=1)


def words(picture: Path) -> str:
    """What a person reads on a stored screen."""
    rows = re.findall(r"<text[^>]*>(.*?)</text>", picture.read_text(encoding="utf-8"), re.DOTALL)
    return html.unescape("\n".join(rows)).replace("\xa0", " ")


def strange_days(text: str) -> list[str]:
    """The days in a text that belong to no frozen moment."""
    strange = []
    for found in (match for form in _DAYS for match in form.finditer(text)):
        year, month, day = (found.groupdict().get(name) for name in ("year", "month", "day"))
        for frozen in DATES.values():
            try:
                said = date(int(year or frozen.year), int(month or 0), int(day or 0))
            except ValueError:
                continue
            first, last = (frozen - _BEFORE).date(), (frozen + _AFTER).date()
            if said in _KNOWN or first <= said <= last:
                break
        else:
            strange.append(found[0])
    return strange


def strange_times(text: str) -> list[str]:
    """The clock times in a text that are not of the hours around `NOW`."""
    day = NOW.date()
    return [
        said
        for said in _TIMES.findall(text)
        if abs(datetime.combine(day, time.fromisoformat(said), UTC) - NOW) > _HOURS
    ]


STORED = [
    *sorted((ROOT / "tests/tui/__snapshots__").rglob("*.*")),
    ROOT / "docs/screen.svg",
]


def test_stored_screens_show_the_frozen_moments_and_no_other() -> None:
    assert len(STORED) > 50
    found = {picture.name: words(picture) for picture in STORED}
    assert {name for name, text in found.items() if not text.strip()} == set()
    strange = {name: strange_days(text) + strange_times(text) for name, text in found.items()}
    assert {name: said for name, said in strange.items() if said} == {}


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("saved 2026-11-22 10:15:29", []),
        ("2028-02-29 and 2026-12-31", []),
        ("ends 2026-09-24", []),
        ("draft 2026-11-26", ["2026-11-26"]),
        ("20261130-101010-abcdef.json", ["20261130-101010"]),
        ("11-22 09:45", []),
        ("11-30 09:45", ["11-30 09:45"]),
        ("30/11/2026", ["30/11/2026"]),
        ("10:15:29.4", []),
        ("21:45:49", ["21:45:49"]),
        ("49:59  1h03m", []),
    ],
)
def test_a_day_of_no_frozen_moment_is_found(text: str, strange: list[str]) -> None:
    assert strange_days(text) + strange_times(text) == strange
