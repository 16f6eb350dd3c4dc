"""What the terminal sends, as keys: alt and a sign, keys of other layouts, answers of terminals."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from sora_tui.tui.terminal.input_filter import InputFilter
from sora_tui.tui.terminal.keyboard_layouts import with_latin_shortcuts

#: Adds to the keyboard protocol of kitty, which Textual has just asked for, that a key comes with
#: the code of its place on a Latin keyboard: `keyboard_layouts.py` reads it.
ALTERNATE_KEYS: Final = "\x1b[=4;2u"
#: What follows escape in the sequences of terminals, and the two that Textual takes for words.
_NO_KEYS: Final = frozenset("[OPX]^_Nbf")


class KeyParser(XTermParser):
    """Textual's parser; escape and a sign in one go are what they are one after the other.

    Terminals send alt and a key so, and a slow line or tmux joins them. Textual takes esc 4 for a
    cent sign, and esc o for an o. What terminals answer to somebody's question is no key at all.
    """

    def __init__(self, debug: bool, alt_keys: Iterable[str]) -> None:
        self._alt_keys = frozenset(alt_keys)
        self._replies = InputFilter()
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """The events in what came from the terminal."""
        # An empty text would tell Textual that the end has come.
        if typed := self._replies.take(data, time.monotonic()):
            yield from super().feed(with_latin_shortcuts(typed))

    def tick(self) -> Iterable[Message]:
        """The events in what has no rest; to be called ten times a second."""
        if typed := self._replies.rest(time.monotonic()):
            yield from super().feed(typed)
            if self._timeout_time is not None:
                self._timeout_time = 0.0  # it has waited long enough
        yield from super().tick()

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        escape, sign = sequence[:1], sequence[1:]
        if escape != "\x1b" or len(sign) != 1 or not sign.isprintable() or sign in _NO_KEYS:
            yield from super()._sequence_to_key_events(sequence, alt)
        elif f"alt+{sign}" in self._alt_keys:
            yield events.Key(f"alt+{sign}", None)
        else:
            yield events.Key("escape", escape)
            yield from super()._sequence_to_key_events(sign)
