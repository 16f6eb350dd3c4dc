"""What is wrong with a text that is no TOML, in words of a person and not of the parser."""

from __future__ import annotations

import re
from typing import Final

#: The first of these that the parser's message contains is the reason, a code of
#: `i18n/reasons.REASONS`. The messages are those of Python 3.11 to 3.14.
_REASONS: Final = (
    ("overwrite", "toml_twice"),
    ("twice", "toml_twice"),
    ("Duplicate", "toml_twice"),
    ("Cannot", "toml_twice"),
    ("Unclosed", "toml_bracket"),
    ("Expected ']", "toml_bracket"),
    ("Unterminated string", "toml_quote"),
    ("Expected '\"", "toml_quote"),
    ("Expected \"'", "toml_quote"),
    ("Illegal character '\\n'", "toml_quote"),
    ("backslash", "toml_backslash"),
    ("\\\\", "toml_backslash"),
    ("escape", "toml_backslash"),
    ("Escaped", "toml_backslash"),
    ("Expected newline", "toml_rest"),
    ("value", "toml_value"),
    ("date", "toml_value"),
    ("statement", "toml_line"),
    ("Expected '='", "toml_line"),
    ("key", "toml_line"),
)
_PLACE: Final = re.compile(r"at line (\d+)")


def toml_fault(error: ValueError, last: int) -> tuple[int, str]:
    """Return the line, from 1, and the reason that a parser's refusal means.

    Args:
        error: `tomllib.TOMLDecodeError`.
        last: The number of the text's last line, where the parser names the end.
    """
    # Python 3.14 has the line as an attribute; the text has it in every version.
    said = str(error)
    place = _PLACE.search(said)
    # "Expected '=' after a key in a key/value pair" is about the line, not about its value.
    bare = said.replace("key/value pair", "")
    reason = next((code for words, code in _REASONS if words in bare), "toml_other")
    return int(place[1]) if place else last, reason
