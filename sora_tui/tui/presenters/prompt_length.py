"""How long a prompt is, in words and characters."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from sora_tui.core.request import MAX_PROMPT
from sora_tui.i18n import ngettext

#: From this width on the words are counted too.
_COUNTED: Final = 64
#: Characters below the limit from which on they are counted down.
_NEAR: Final = 2000


def count_words(text: str, width: int) -> Content:
    """Words and characters; near the limit how many are left, past it how many are too many."""
    length, left = len(text), MAX_PROMPT - len(text)
    said = f"{length}/{MAX_PROMPT}"
    if left < 0:
        words = ngettext("{count} too many", "{count} too many", -left).format(count=-left)
        return Content.styled(f"✗ {said}, {words}", "bold $text-error")
    if left < _NEAR:
        words = ngettext("{count} left", "{count} left", left).format(count=left)
        return Content.styled(f"! {said}, {words}", "$text-warning")
    if width >= _COUNTED:
        count = len(text.split())
        words = ngettext("{count} word", "{count} words", count).format(count=count)
        said = f"{words}  {said}"
    return Content(said)
