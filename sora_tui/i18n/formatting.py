"""Sums, sizes and times as a person reads them, in the language that is set."""

from __future__ import annotations

from collections.abc import Sequence
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
    return _("{count} MB").format(count=_point(f"{bytes / 1_000_000:.1f}"))


def thousands(count: int) -> str:
    """Return `1,204`; in French `1 204` with a narrow space that does not break."""
    digits = f"{count:,}"
    return digits.replace(",", "\u202f") if language() == "fr" else digits


def duration(seconds: float) -> str:
    """Return `0:41`, `4:02`, `1:04:02`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def left_out_words(characters: Sequence[str]) -> str:
    """Return what was left out of a prompt: `Left out, because nobody could see them: U+202E`."""
    shown = ", ".join(characters[:_NAMED]) + (", …" if len(characters) > _NAMED else "")
    return ngettext(
        "Left out of the prompt, because no reader sees it: {characters}",
        "Left out of the prompt, because no reader sees them: {characters}",
        len(characters),
    ).format(characters=shown)


def _point(digits: str) -> str:
    return digits.replace(".", ",") if language() == "fr" else digits
