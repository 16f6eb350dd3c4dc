"""Sums, sizes and times as a person reads them, in the language that is set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from sora_tui.i18n import _, language, ngettext

#: Most characters that are named one by one.
_NAMED: Final = 6


def money(sum: Decimal, currency: str) -> str:
    """Return `$0.40`, `0.40 EUR`; in French `0,40 $`.

    Tenths of a cent are shown. A sum with more digits was computed from frames: from 1 on it is
    rounded to cents, below to hundredths of a cent.
    """
    if sum >= Decimal("0.001") and sum != sum.quantize(Decimal("0.001")):
        sum = sum.quantize(Decimal("0.01") if sum >= 1 else Decimal("0.0001"), ROUND_HALF_UP)
    digits = f"{sum:.2f}" if sum == sum.quantize(Decimal("0.01")) else f"{sum.normalize():f}"
    if language() == "fr":
        return f"{digits.replace('.', ',')}\u00a0{'$' if currency == 'USD' else currency}"
    return f"${digits}" if currency == "USD" else f"{digits} {currency}"


def bytes_words(bytes: int) -> str:
    """Return `812 bytes`, `24 kB`, `3.0 MB` (a kB is 1000 bytes)."""
    if bytes < 1000:
        return _("{count} bytes").format(count=bytes)
    if bytes < 1_000_000:
        return _("{count} kB").format(count=round(bytes / 1000))
    return _("{count} MB").format(count=decimals(f"{bytes / 1_000_000:.1f}"))


def thousands(count: int) -> str:
    """Return `1,204`; in French `1 204` with a narrow space that does not break."""
    digits = f"{count:,}"
    return digits.replace(",", "\u202f") if language() == "fr" else digits


def duration(seconds: float) -> str:
    """Return `0:41`, `4:02`, `1:04:02`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(seconds: float) -> str:
    """Return a running time: `0:25`, `12:40`, `1h02m`, `3 d`."""
    whole = max(int(seconds), 0)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    if whole < 24 * 3600:
        return f"{whole // 3600}h{whole // 60 % 60:02}m"
    return _("{count} d").format(count=whole // 86400)


def span(seconds: float) -> str:
    """Return a coarse length of time, rounded down: `8 s`, `4 min`, `23 h`, `6 d`."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return _("{count} s").format(count=whole)
    if whole < 120 * 60:
        return _("{count} min").format(count=whole // 60)
    if whole < 48 * 3600:
        return _("{count} h").format(count=whole // 3600)
    return _("{count} d").format(count=whole // 86400)


def time_of_day(at: datetime) -> str:
    """Return a time on the person's own clock: `10:15`."""
    return f"{at.astimezone():%H:%M}"


def second_of_day(at: datetime) -> str:
    """Return a time on the person's own clock: `10:15:30`."""
    return f"{at.astimezone():%H:%M:%S}"


def tenth_of_day(at: datetime) -> str:
    """Return a time on the person's own clock: `10:15:30.5`."""
    return f"{at.astimezone():%H:%M:%S.%f}"[:10]


def day(at: datetime) -> str:
    """Return the day on the person's own calendar: `2026-11-22`."""
    return f"{at.astimezone():%Y-%m-%d}"


def minute(at: datetime) -> str:
    """Return a day with its time: `2026-11-22 10:15`."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def second(at: datetime) -> str:
    """Return a day with its time: `2026-11-22 10:15:30`."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def short_minute(at: datetime) -> str:
    """Return a day of this year with its time, for a narrow column: `11-22 10:15`."""
    return f"{at.astimezone():%m-%d %H:%M}"


def time_or_minute(at: datetime, now: datetime) -> str:
    """Return a time of today as `10:15`, any other with its day."""
    return time_of_day(at) if day(at) == day(now) else minute(at)


def megabytes(size: int) -> str:
    """Return bytes in MB of 10^6, with one decimal: `3.0 MB`."""
    return _("{count} MB").format(count=megabyte_digits(size))


def megabyte_digits(size: int) -> str:
    """Return bytes in MB of 10^6 without their unit, for `1.1 of 3.0 MB`."""
    return decimals(f"{size / 1e6:.1f}")


def amount(sum: Decimal) -> str:
    """Return a sum of money with cents, or with four places where it is below a cent."""
    digits = 2 if sum == 0 or abs(sum) >= Decimal("0.01") else 4
    return decimals(f"{sum:.{digits}f}")


def semicolons(parts: Iterable[str]) -> str:
    """Return the parts that are not empty, `one; two`; in French with a space before the sign."""
    return ("\u00a0; " if language() == "fr" else "; ").join(filter(None, parts))


def labelled(label: str, text: str) -> str:
    """Return `label: text`; in French with a space before the colon."""
    return f"{label}\u00a0: {text}" if language() == "fr" else f"{label}: {text}"


def left_out_words(characters: Sequence[str]) -> str:
    """Return what was left out of a prompt: `Left out, because nobody could see them: U+202E`."""
    shown = ", ".join(characters[:_NAMED]) + (", …" if len(characters) > _NAMED else "")
    return ngettext(
        "Left out of the prompt, because no reader sees it: {characters}",
        "Left out of the prompt, because no reader sees them: {characters}",
        len(characters),
    ).format(characters=shown)


def decimals(digits: str) -> str:
    """Return a number that is written with a point as the language has it: `1,5` in French.

    Not for what a person may type in again: sizes, parameters and TOML have a point.
    """
    return digits.replace(".", ",") if language() == "fr" else digits
