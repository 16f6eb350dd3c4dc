"""What keys are called: by Textual, by a person, and on the keyboard of this language."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from textual.keys import KEY_NAME_REPLACEMENTS, KEY_TO_UNICODE_NAME, Keys

from sora_tui.i18n import N_, _

#: Textual's names of signs, and of keys that have a better known one.
_SPELLED: Final[Mapping[str, str]] = {
    "question_mark": "?",
    "at": "@",
    "colon": ":",
    "slash": "/",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
#: Names that are words, and differ by language.
_NAMES: Final = frozenset(
    (
        N_("enter"),
        N_("space"),
        N_("delete"),
        N_("backspace"),
        N_("home"),
        N_("end"),
        N_("pageup"),
        N_("pagedown"),
    )
)
_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})


def spell(key: str) -> str:
    """One key as a person reads it: `F5`, `^R`, `alt+1`, `?`."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _SPELLED.get(key, key)


def named(spelled: str) -> str:
    """A key as the keyboard of this language names it."""
    return _(spelled) if spelled in _NAMES else spelled


def normal(keys: str) -> str:
    """Keys as Textual names them: `?` is `question_mark` to it."""
    return ",".join(_name(key) for key in keys.split(","))


def _name(key: str) -> str:
    if len(key) != 1 or key.isalnum():
        return key
    found = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(found, found)


def exists(key: str) -> bool:
    """Whether there is a key of this name, as Textual names it."""
    *modifiers, name = key.split("+")
    signs = {*KEY_NAME_REPLACEMENTS.values(), *KEY_TO_UNICODE_NAME}
    known = name in {each.value for each in Keys} or name in signs
    return (known or (len(name) == 1 and name.isprintable())) and _MODIFIERS.issuperset(modifiers)
