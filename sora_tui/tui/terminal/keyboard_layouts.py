"""Translate shortcuts that were typed on a keyboard of another script: ctrl+й is ctrl+q.

With the keyboard protocol of kitty a terminal names a key by the letter on it. Without a
translation no shortcut of ours works on a Russian, Greek, Hebrew or Arabic layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

#: A key as the protocol writes it: its code, the codes with shift and on a Latin keyboard in the
#: same place (both optional), the modifiers, and the text that it makes.
_KEY: Final = r"\x1b\[(\d{1,7})(?::(\d{0,7}))?(?::(\d{0,7}))?(;(\d{0,4})[\d:]*)?(;[\d:]*)?u"
#: From here on (Greek) no letter is a Latin one; an é or ß is the letter that the person means.
_FIRST_OTHER_SCRIPT: Final = 0x370
#: The letters of common layouts beside the Latin keys in the same places.
_LAYOUTS: Final = (
    ("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,."),
    ("іїєґў", "s]'\\o"),
    ("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm"),
    ("קראטוןםפשדגכעיחלךףזסבהנמצתץ", "ertyuiopasdfghjkl;zxcvbnm,."),
    ("ضصثقفغعهخحجدشسيبلاتنمكطئءؤرىةوزظ", "qwertyuiop[]asdfghjkl;'zxcvnm,./"),
)
_CTRL_OR_ALT: Final = 2 | 4


def with_latin_shortcuts(typed: str) -> str:
    """Return what was typed, its shortcuts named by the Latin letter in the same place.

    Keys that write text stay as they are. The codes beside a key's own, which our framework cannot
    read, are taken out.
    """
    return re.sub(_KEY, _translated, typed) if "u" in typed and "\x1b[" in typed else typed


def _translated(found: re.Match[str]) -> str:
    code, _shifted, base, modifiers, number, text = found.groups(default="")
    held = int(number or "1") - 1
    if held & _CTRL_OR_ALT and int(code) >= _FIRST_OTHER_SCRIPT:
        code = base or _latin_code(int(code)) or code
    return f"\x1b[{code}{modifiers}{text}u"


def _latin_code(code: int) -> str | None:
    latin = _table().get(chr(code)) if code < 0x110000 else None
    return None if latin is None else str(ord(latin))


@cache
def _table() -> Mapping[str, str]:
    return {
        letter: latin
        for letters, keys in _LAYOUTS
        for letter, latin in zip(letters, keys, strict=True)
    }
