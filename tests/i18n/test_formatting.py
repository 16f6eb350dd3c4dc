"""Sums, sizes and times are worded in one place."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Final

import sora_tui
from sora_tui.i18n import set_language
from sora_tui.i18n.formatting import amount, labelled, megabyte_digits, semicolons

HOUSE: Final = Path(sora_tui.__file__).parent
#: Times of day and days by hand, and bytes turned into megabytes.
_BY_HAND: Final = re.compile(r"%H:%M|%Y-%m|%m-%d|(?<!/)/ ?1e6|(?<!/)/ ?1_000_000|\{\w+\} [kM]B")
#: A number with decimals, which has a comma in French.
_DECIMALS: Final = re.compile(r":\.[1-9]f\}")
#: These write for programs, in UTC.
_FOR_PROGRAMS: Final = {
    "tui/services/player.py": "sent:%Y-%m-%d %H:%M:%S} UTC",
    "cli/commands/adopt.py": "astimezone(UTC):%Y-%m-%dT%H:%M:%SZ",
}


def test_no_face_formats_times_or_sizes_by_hand() -> None:
    by_hand = [
        f"{name}: {line.strip()}"
        for room in ("tui", "cli", "i18n")
        for path in sorted((HOUSE / room).rglob("*.py"))
        if (name := path.relative_to(HOUSE).as_posix()) != "i18n/formatting.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if _BY_HAND.search(line) and _FOR_PROGRAMS.get(name, "\0") not in line
    ]
    assert not by_hand


def test_decimals_are_written_as_the_language_has_them() -> None:
    by_hand = [
        f"{path.relative_to(HOUSE)}: {line.strip()}"
        for room in ("tui", "cli", "i18n")
        for path in sorted((HOUSE / room).rglob("*.py"))
        if path.name != "formatting.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if _DECIMALS.search(line) and "decimals(" not in line
    ]
    assert by_hand == []
    set_language("fr")
    try:
        assert (amount(Decimal("0.4")), megabyte_digits(1_100_000)) == ("0,40", "1,1")
        assert labelled("lot", semicolons(["un", "", "deux"])) == "lot\u00a0: un\u00a0; deux"
    finally:
        set_language("en")
    assert labelled("lot", semicolons(["one", amount(Decimal("0.4"))])) == "lot: one; 0.40"
