"""Shortcuts work on keyboards of other scripts, and text stays text."""

from __future__ import annotations

import pytest
from textual import events

from sora_tui.tui.terminal.keyboard import KeyParser
from sora_tui.tui.terminal.keyboard_layouts import with_latin_shortcuts


@pytest.mark.parametrize(
    ("typed", "key", "character"),
    [
        ("\x1b[1081;5u", "ctrl+q", None),  # й, without the place of its key
        ("\x1b[1081::113;5u", "ctrl+q", None),  # with it
        ("\x1b[1081:1049:113;5u", "ctrl+q", None),
        ("\x1b[960;5u", "ctrl+p", None),  # Greek
        ("\x1b[1508;5u", "ctrl+p", None),  # Hebrew
        ("\x1b[1605;5u", "ctrl+l", None),  # Arabic
        ("\x1b[1110;5u", "ctrl+s", None),  # Ukrainian
        ("\x1b[12403::103;5u", "ctrl+g", None),  # a layout that is in no table
        ("\x1b[113;5u", "ctrl+q", None),
        ("\x1b[97::113;5u", "ctrl+a", None),  # AZERTY: the letter on the key counts
        ("\x1b[97:65;2;65u", "A", "A"),  # text, with the code of its capital
        ("\x1b[1081::113;;1081u", "й", "й"),  # text stays text
    ],
)
def test_a_shortcut_is_named_by_the_latin_letter_in_its_place(
    typed: str, key: str, character: str | None
) -> None:
    (event,) = KeyParser(False, ()).feed(typed)
    assert isinstance(event, events.Key)
    assert (event.key, event.character) == (key, character)


@pytest.mark.parametrize(
    "typed", ["", "u", "\x1b[A", "\x1b[200~й\x1b[201~", "\x1b[<0;1;1M", "\x1b[u"]
)
def test_what_is_no_such_key_stays_as_it_is(typed: str) -> None:
    assert with_latin_shortcuts(typed) == typed
