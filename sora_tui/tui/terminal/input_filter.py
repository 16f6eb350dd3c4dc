"""Takes out of the input what terminals answer to questions, before it can be taken for keys.

Whoever asked may be gone: a shell's prompt, a program before us. Textual reads a sequence that it
does not know letter by letter, and letters are commands here.
"""

from __future__ import annotations

import re
from typing import Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

#: Seconds in which the second letter of a sequence follows the escape; a person is slower.
_TOGETHER: Final = 0.1
#: Seconds after which the rest of an answer that has begun is no longer waited for.
_PATIENCE: Final = 2.0
#: More characters than any answer has.
_LONGEST: Final = 65_536
_ESCAPE: Final = "\x1b"
# Patterns are compiled with the first sequence that comes: the first frame need not wait for them.
#: A control sequence as ECMA-48 writes it (5.4): parameters, intermediates, a final letter. The
#: console of Linux has two brackets in its function keys. Another sequence may cut an answer off.
_CONTROL: Final = r"\x1b\[(?:\[[A-E]|[0-?]*[ -/]*[@-~]|[0-9?>=][0-?]*(?=\x1b))"
_CONTROL_BEGUN: Final = r"\x1b\[(?:\[|[0-?]*[ -/]*)\Z"
#: Device control, operating system and application commands, and their end. Of a command only
#: what answers begin with counts: alt and such a letter is a key, too.
_STRING: Final = (
    r"\x1b(?:P[0-9!>|$+]|\][0-9]|_G)[^\x07\x18\x1a\x1b]*"
    r"(?:\x1b\\|[\x07\x18\x1a]|\x1b(?=\x1b)|(?=\x1b[^\\]))"
)
_STRING_BEGUN: Final = r"\x1b(?:P[0-9!>|$+]|\][0-9]|_G)[^\x07\x18\x1a\x1b]*\x1b?\Z|\x1b[P\]_]\Z"
#: The rest of an answer whose escape came alone, and was taken for the key.
_TAIL: Final = (
    r"\[[?>=]?[0-9][0-9;:]*[ -/]*[@-~]|(?:P[0-9!>|$+]|\][0-9]|_G)[^\x07\x1b]*(?:\x1b\\|\x07)"
)
#: What Textual knows: keys, the mouse, the cursor's place, modes, sizes, focus, pastes.
_KNOWN: Final = (
    r"\x1b\[(?:"
    r"[\d:]*(?:;[\d:]*){0,2}[u~ABCDEFHPQRSIOZ]|<\d+;-?\d+;-?\d+[Mm]|[-\d;]*M"
    r"|\?\d+;\d\$y|48;[\d:]+;[\d:]+;[\d:]+;[\d:]+t)"
)


class InputFilter:
    """Hands on what a person typed, and holds back what may be the beginning of an answer."""

    def __init__(self) -> None:
        self._held = ""
        self._since = 0.0
        #: What was taken for keys last, less the escape, and when.
        self._loose = ""
        self._loose_at = -_PATIENCE

    def take(self, text: str, now: float) -> str:
        """What of this, after what was held back, is no answer. `now` in seconds, ever growing."""
        if now - self._loose_at < _PATIENCE and (tail := re.match(_TAIL, self._loose + text)):
            text = text[max(tail.end() - len(self._loose), 0) :]
        text, self._held = self._held + text, ""
        typed: list[str] = []
        while text:
            plain, escape, _rest = text.partition(_ESCAPE)
            typed.append(plain)
            text = text[len(plain) :]
            if not escape:
                break
            if found := re.match(_STRING, text):
                text = text[found.end() :]
            elif found := re.match(_CONTROL, text):
                if _is_known(found.group()):
                    typed.append(found.group())
                text = text[found.end() :]
            elif text == _ESCAPE or re.match(_CONTROL_BEGUN, text) or re.match(_STRING_BEGUN, text):
                self._held, self._since = text[:_LONGEST], now
                break
            else:
                length = 1 if text[1] == _ESCAPE else 2
                typed.append(text[:length])
                text = text[length:]
        return "".join(typed)

    def rest(self, now: float) -> str:
        """What was held back and is no answer after all, once it is too late for the rest."""
        if not self._held:
            return ""
        is_answer = len(self._held) > 2 and not _is_known(self._held)
        if now - self._since < (_PATIENCE if is_answer else _TOGETHER):
            return ""
        held, self._held = self._held, ""
        if len(held) <= 2:
            self._loose, self._loose_at = held[1:], now
        return "" if is_answer else held


def _is_known(sequence: str) -> bool:
    return sequence in ANSI_SEQUENCES_KEYS or re.fullmatch(_KNOWN, sequence) is not None
