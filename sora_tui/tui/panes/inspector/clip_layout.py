"""The room that the pictures of a clip get beside the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from textual.geometry import Size

if TYPE_CHECKING:
    from sora_tui.core.job import Output

#: From so many columns on the pictures stand beside the facts, below which they stand under them.
_BESIDE: Final = 60
#: Below this there is no room for pictures.
_LEAST: Final = Size(24, 8)
#: From so many rows on poster and filmstrip are seen at once.
_BOTH: Final = 12


class ClipRoom(NamedTuple):
    """Where pictures stand in a pane, in cells.

    Attributes:
        beside: At the right of the facts, not under them.
        strip: None where there is room for one picture at a time.
        abreast: The filmstrip stands at the right of the poster, a column away, not under it.
    """

    beside: bool
    poster: Size
    strip: Size | None
    abreast: bool = False

    @property
    def columns(self) -> int:
        """Of all pictures."""
        more = self.strip.width + 1 if self.abreast and self.strip is not None else 0
        return self.poster.width + more

    @property
    def rows(self) -> int:
        """Of all pictures."""
        more = self.strip.height if not self.abreast and self.strip is not None else 0
        return self.poster.height + more


def clip_room(pane: Size, output: Output) -> ClipRoom | None:
    """Return the room for the pictures of a clip in a pane of this size, None for too little."""
    if pane.width < _LEAST.width or pane.height < _LEAST.height:
        return None
    beside = pane.width >= _BESIDE
    columns = pane.width // 2 if beside else pane.width
    rows = pane.height if beside else pane.height * 3 // 5
    shape = output.width / output.height if output.width and output.height else 16 / 9
    # As wide as the picture: the rest is for others.
    alone = Size(min(columns, max(round(2 * rows * shape), 1)), rows)
    if rows < _BOTH:
        return ClipRoom(beside, alone, None)
    if shape < 1 and not beside:
        # Under an upright one there would be no room; it leaves enough at its side.
        return ClipRoom(beside, alone, Size(columns - alone.width - 1, rows), abreast=True)
    strip = max(rows // 3, 3)
    poster = min(rows - strip, -(-round(columns / shape) // 2))
    return ClipRoom(beside, Size(columns, poster), Size(columns, strip))
