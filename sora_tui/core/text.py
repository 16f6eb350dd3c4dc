"""The one gate for foreign text: what may be shown, logged or used in a name."""

from __future__ import annotations

import re
from typing import Final

#: C0 but tab and newline, DEL, C1, bidirectional controls and isolates, line and paragraph
#: separators, lone surrogates, and characters that are no characters. A terminal acts on the
#: first ones, a reader is misled by the others.
_UNSAFE: Final = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
#: More marks than this on one letter is an attack on the terminal's rows ("Zalgo"), not a language.
_MAX_MARKS: Final = 4
_MARK: Final = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS: Final = f"({_MARK}{{{_MAX_MARKS}}}){_MARK}+"


def clean(text: object, limit: int = 4000) -> str:
    """Foreign text made harmless: no control, bidi or surrogate character, bounded length.

    Newlines and tabs stay. Anything but a string is shown by its `str()`.

    Args:
        text: What a server, a file or a person said.
        limit: Longest result in characters; a cut is marked with an ellipsis.
    """
    said = text if isinstance(text, str) else str(text)
    said = said[: limit * 4].replace("\r\n", "\n")
    if not _is_plain(said):
        # Compiled with the first text that needs them: they cost a start a millisecond.
        said = re.sub(_MARKS, r"\1", re.sub(_UNSAFE, "", said))
    return said if len(said) <= limit else said[: max(limit - 1, 0)] + "…"


def _is_plain(text: str) -> bool:
    """Whether it is printable ASCII in lines: most text is."""
    return text.isascii() and text.replace("\n", "").isprintable()


def clean_line(text: object, limit: int = 400) -> str:
    """`clean()` on one line: every run of white space is one space."""
    return " ".join(clean(text, limit).split())
