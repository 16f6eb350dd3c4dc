"""Pictures as Kitty takes them: sent once, then shown by characters that stand for their cells.

The characters are text to everybody else: Textual cuts and covers them, tmux moves them about.
Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
"""

from __future__ import annotations

import base64
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from sora_tui.media.cells import Cells

_PLACEHOLDER: Final = "\U0010eeee"
#: Bytes of base64 in one sequence, as the protocol allows.
_CHUNK: Final = 4096
#: The number of a picture is its colour; below 16 terminals write colours in another way.
_FIRST: Final = 16
_LAST: Final = 255
#: So many pictures the terminal keeps for us; what has not been seen for longest goes first.
_KEPT: Final = 8
#: Row and column are said by marks above the letter: those of combining class 230 in Unicode 6.0
#: that no normal form touches, in their order.
_RANGES: Final = """
    305 30D-30E 310 312 33D-33F 346 34A-34C 350-352 357 35B 363-36F 483-487 592-595 597-599
    59C-5A1 5A8-5A9 5AB-5AC 5AF 5C4 610-617 657-65B 65D-65E 6D6-6DC 6DF-6E2 6E4 6E7-6E8 6EB-6EC
    730 732-733 735-736 73A 73D 73F-741 743 745 747 749-74A 7EB-7F1 7F3 816-819 81B-823 825-827
    829-82D 951 953-954 F82-F83 F86-F87 135D-135F 17DD 193A 1A17 1A75-1A7C 1B6B 1B6D-1B73
    1CD0-1CD2 1CDA-1CDB 1CE0 1DC0-1DC1 1DC3-1DC9 1DCB-1DCC 1DD1-1DE6 1DFE 20D0-20D1 20D4-20D7
    20DB-20DC 20E1 20E7 20E9 20F0 2CEF-2CF1 2DE0-2DFF A66F A67C-A67D A6F0-A6F1 A8E0-A8F1 AAB0
    AAB2-AAB3 AAB7-AAB8 AABE-AABF AAC1 FE20-FE26 10A0F 10A38 1D185-1D189 1D1AA-1D1AD 1D242-1D244
"""


def _marks() -> Iterator[str]:
    for word in _RANGES.split():
        first, _dash, last = word.partition("-")
        yield from (chr(code) for code in range(int(first, 16), int(last or first, 16) + 1))


_MARKS: Final = tuple(_marks())
#: No picture has more columns or rows than there are marks.
MOST: Final = len(_MARKS)


def placeholders(number: int, row: int, start: int, end: int) -> str:
    """What the terminal shows the columns `start` to `end` of a picture's row for.

    Each cell says all of its place, so that any of them can be written alone.
    """
    head = _PLACEHOLDER + _MARKS[row]
    return f"\x1b[38;5;{number}m" + "".join(head + mark for mark in _MARKS[start:end]) + "\x1b[39m"


class SentPictures:
    """Which pictures the terminal has, by their numbers."""

    def __init__(
        self, write: Callable[[str], None], *, tmux: bool = False, first: int | None = None
    ) -> None:
        """Begin with none.

        Args:
            write: Sends sequences to the terminal.
            tmux: Wrap them, so that tmux hands them on.
            first: The first number. By default it goes by the process: two programs in one
                terminal, or two panes of tmux, should not overwrite each other's pictures.
        """
        self._write = write
        self._tmux = tmux
        self._next = _FIRST + os.getpid() % (_LAST - _FIRST + 1) if first is None else first
        self._numbers: OrderedDict[Cells, int] = OrderedDict()

    def number(self, cells: Cells) -> int:
        """The number of a picture (16..255); one that the terminal has not is sent now."""
        number = self._numbers.get(cells)
        if number is None:
            if len(self._numbers) >= _KEPT:
                _cells, oldest = self._numbers.popitem(last=False)
                self._write(self._removal(oldest))
            number, self._next = self._next, self._next + 1 if self._next < _LAST else _FIRST
            self._numbers[cells] = number
            self._write(self._transmission(number, cells))
        self._numbers.move_to_end(cells)
        return number

    def forget(self) -> None:
        """The terminal may have lost them, or be another one: send each again when it is seen."""
        self._numbers.clear()

    def remove(self) -> None:
        """Have the terminal drop them all."""
        self._write("".join(self._removal(number) for number in self._numbers.values()))
        self.forget()

    def _transmission(self, number: int, cells: Cells) -> str:
        """The PNG, and that it is to be shown by placeholders over so many cells."""
        data = base64.standard_b64encode(cells.png).decode("ascii")
        chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
        head = f"a=T,U=1,f=100,t=d,i={number},c={cells.columns},r={cells.rows},"
        return "".join(
            # q=2 on each: an answer would come in as keys.
            self._command(f"{'' if at else head}q=2,m={int(at < len(chunks) - 1)}", chunk)
            for at, chunk in enumerate(chunks)
        )

    def _removal(self, number: int) -> str:
        return self._command(f"a=d,d=I,i={number},q=2", "")

    def _command(self, keys: str, payload: str) -> str:
        command = f"\x1b_G{keys};{payload}\x1b\\"
        if not self._tmux:
            return command
        return "\x1bPtmux;" + command.replace("\x1b", "\x1b\x1b") + "\x1b\\"
