"""Sends what changed of a line of the screen and nothing left of it.

Textual cuts an update at its right end only: one cell at the end of a row sends the whole row,
with all its colours. Four running jobs, each with a clock that goes on, cost 660 bytes a second
that way and 250 this way (120x40, true colour).
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate


class NarrowUpdate(ChopsUpdate):
    """A partial update that begins where the change begins."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> NarrowUpdate:
        """The same update, sent more sparingly."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """The bytes for the terminal: for each changed stretch a move and what stands there."""
        sequences: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if strip is not None and start < stop:
                    shown = strip.crop(start - x, stop - x).simplify()
                    sequences += (Control.move_to(start, y).segment.text, shown.render(console))
        return "".join(sequences)
