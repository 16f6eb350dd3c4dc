"""Cleaning of foreign text: what may be shown, logged, used in a name or sent as a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: C0 but tab and newline, DEL, C1, bidirectional controls and isolates, line and paragraph
#: separators, lone surrogates, and code points that are no characters. A terminal acts on the
#: first ones, a reader is misled by the others.
_UNSAFE: Final = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
#: Line ends but the line feed: terminals send the ones of a paste as carriage returns; the others
#: are line boundaries of Unicode (UAX 14, BK and NL).
_LINE_ENDS: Final = "\r\n|[\r\x0b\x0c\x85\u2028\u2029]"
#: What `clean` takes out of a text that is shown and a prompt may have all the same: direction
#: marks, which Arabic and Hebrew need, and the tags of a flag such as the Scottish one (UTS 51).
_OF_PROMPTS: Final = "[\u061c\u200e\u200f]|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"
#: Characters that no reader sees although they count as letters, signs or marks (Default_Ignorable
#: of Unicode, the empty Hangul letters and the empty Braille pattern).
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS: Final = "[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
#: More marks than this on one letter is an attack on the terminal's rows ("Zalgo"), not a language.
_MAX_MARKS: Final = 4
_MARK: Final = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS: Final = f"({_MARK}{{{_MAX_MARKS}}}){_MARK}+"


def clean(text: object, limit: int = 4000) -> str:
    """Return foreign text without control, bidi or surrogate characters, of bounded length.

    Newlines and tabs stay. Anything but a string is shown by its `str()`.

    Args:
        text: Text of a server, a file or a person.
        limit: Longest result in characters; a cut is marked with an ellipsis.
    """
    said = text if isinstance(text, str) else str(text)
    said = with_equal_line_ends(said[: limit * 4])
    if not _is_plain(said):
        # Compiled with the first text that needs them: they cost a start a millisecond.
        said = re.sub(_MARKS, r"\1", re.sub(_UNSAFE, "", said))
    return said if len(said) <= limit else said[: max(limit - 1, 0)] + "…"


def _is_plain(text: str) -> bool:
    """Return whether it is printable ASCII in lines: most text is."""
    return text.isascii() and text.replace("\n", "").isprintable()


def clean_line(text: object, limit: int = 400) -> str:
    """Return `clean()` on one line: every run of white space is one space."""
    return " ".join(clean(text, limit).split())


def with_equal_line_ends(text: str) -> str:
    """Return the text with a line feed in place of each line end of another kind."""
    if text.isprintable():
        return text
    return re.sub(_LINE_ENDS, "\n", text)


def prompt_text(text: str) -> str:
    """Return a text as a prompt may be sent: what is seen in the editor is what is sent.

    Line ends become line feeds. Control characters, bidirectional formatting, lone surrogates,
    hidden tags and code points that are no characters are left out (`left_out` names them);
    direction marks, joiners and the tags of a flag stay.
    """
    text = with_equal_line_ends(text)
    return text if _is_plain(text) else "".join(part for part, stays in _parts(text) if stays)


def left_out(text: str) -> tuple[str, ...]:
    """Return the code points that `prompt_text` leaves out, such as `U+202E`, each once."""
    text = with_equal_line_ends(text)
    if _is_plain(text):
        return ()
    gone = "".join(part for part, stays in _parts(text) if not stays)
    return tuple(dict.fromkeys(f"U+{ord(character):04X}" for character in gone))


def _parts(text: str) -> Iterable[tuple[str, bool]]:
    """Return the text in pieces, each with whether it stays in a prompt."""
    at = 0
    for found in re.finditer(f"({_OF_PROMPTS})|{_UNSAFE}", text):
        yield text[at : found.start()], True
        yield found[0], found[1] is not None
        at = found.end()
    yield text[at:], True


def is_blank(text: str) -> bool:
    """Return whether a reader sees nothing: only spaces, format characters and empty letters."""
    if text.isascii():
        return not text.strip()
    from unicodedata import category  # most prompts have a letter of ASCII, and do without

    seen = re.sub(_VARIATION_SELECTORS, "", text)
    return all(
        character in _INVISIBLE or category(character) in {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"}
        for character in seen
    )


def is_invisible(character: str) -> bool:
    """Return whether it counts as a letter, a sign or a mark, although no reader sees it."""
    return character in _INVISIBLE or re.match(_VARIATION_SELECTORS, character) is not None


def same_name(one: str, other: str) -> bool:
    """Return whether a reader sees the same two names, however accents are composed (UAX 15)."""
    return one == other or composed(one) == composed(other)


def folded(text: str) -> str:
    """Return a text as searches compare it: without case, its accents composed."""
    return composed(text).casefold()


def composed(text: str) -> str:
    """Return a text with its accents composed (NFC), for comparing: file systems keep either."""
    if text.isascii():
        return text
    from unicodedata import normalize  # as above

    return normalize("NFC", text)
