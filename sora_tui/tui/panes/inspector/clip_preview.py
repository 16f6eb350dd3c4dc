"""The pictures of a clip in a pane: its poster, and frames from all along it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from sora_tui.i18n import N_
from sora_tui.media.cells import CellArea
from sora_tui.tui.panes.inspector.clip_layout import ClipRoom
from sora_tui.tui.state.clip_preview import ClipSeen
from sora_tui.tui.widgets.picture import PictureView


class ClipView(Vertical):
    """Poster and filmstrip, or one of them where there is no room for both."""

    DEFAULT_CSS = """
    ClipView { width: auto; height: auto; }
    ClipView > PictureView { align: left top; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._poster, self._strip = PictureView(), PictureView()
        self._room: ClipRoom | None = None
        self._seen: ClipSeen | None = None
        self._strip_wanted = False

    def compose(self) -> ComposeResult:
        """Both."""
        yield self._poster
        yield self._strip

    @property
    def rooms(self) -> tuple[CellArea, CellArea] | None:
        """How large poster and filmstrip may be made."""
        if self._room is None:
            return None
        fine, poster = self._poster.wants_fine, self._room.poster
        strip = self._room.strip or poster
        return CellArea(poster.width, poster.height, fine), CellArea(
            strip.width, strip.height, fine
        )

    def show(self, room: ClipRoom | None, seen: ClipSeen | None) -> None:
        """Show what is seen, in this room."""
        if (room, seen) == (self._room, self._seen):
            return
        before, self._room, self._seen = self._room, room, seen
        # Kept free while the pictures are on their way: no word must move when they come.
        pending = seen is None or seen.problem is None
        has_any = seen is not None and (seen.poster is not None or seen.strip is not None)
        self.display = room is not None and (pending or has_any)
        if room is None:
            return
        if room != before:
            self.styles.width, self.styles.height = room.columns, room.rows
            self.styles.margin = (0, 0, 0, 1) if room.beside else (0, 0, 0, 0)
        self._arrange()

    def turn(self) -> None:
        """The other picture, where only one is seen."""
        self._strip_wanted = not self._strip_wanted
        self._arrange()

    @property
    def other(self) -> str:
        """The name of the picture to turn to, for its key."""
        return N_("Poster") if self._strip_wanted else N_("Filmstrip")

    @property
    def turns(self) -> bool:
        """Whether there is another picture to turn to."""
        seen = self._seen
        return (
            self.display
            and self._room is not None
            and self._room.strip is None
            and seen is not None
            and seen.poster is not None
            and seen.strip is not None
        )

    def _arrange(self) -> None:
        room, seen = self._room, self._seen
        if room is None:
            return
        poster = seen.poster if seen is not None else None
        strip = seen.strip if seen is not None else None
        one, strip_room = room.strip is None, room.strip or room.poster
        # The one there is, as long as there is but one.
        strip_first = strip is not None and (self._strip_wanted or poster is None)
        self._poster.display = not (one and strip_first)
        self._strip.display = not one or strip_first
        self.styles.layout = "horizontal" if room.abreast else "vertical"
        self._poster.styles.width, self._poster.styles.height = room.poster
        self._strip.styles.width, self._strip.styles.height = strip_room
        self._strip.styles.margin = (0, 0, 0, 1) if room.abreast else (0, 0, 0, 0)
        self._poster.show(poster)
        self._strip.show(strip)
