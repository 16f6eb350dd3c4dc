"""A clip on the whole screen: its pictures, and the ways to a player on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from sora_tui.i18n import N_, _
from sora_tui.media.cells import CellArea, Cells
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.status_bar import whole_words
from sora_tui.tui.widgets.picture import PictureView

Picture = Literal["poster", "strip"]


class Way(NamedTuple):
    """One way to the clip from elsewhere.

    Attributes:
        key: Copies `line`.
        name: What it does, in words.
    """

    key: str
    name: str
    line: str


class ClipPictureWanted(Intent):
    """This picture is wanted, for the room there is."""

    owner = "clips"
    method = "draw"

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture


class WayCopied(Intent):
    """The line of a way is to be copied."""

    owner = "clips"
    method = "copy_way"

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = line


class ClipWindow(Screen[None]):
    """Shows poster or filmstrip under what fetches the clip, until it is closed."""

    DEFAULT_CSS = """
    ClipWindow > Static { height: auto; width: 1fr; padding: 0 1; }
    ClipWindow > #clip-said { color: $text-warning; }
    ClipWindow > #clip-keys { height: 1; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,o", "leave", N_("Back")),
        Binding("v,space,tab,left,right,h,l", "turn", N_("Poster or filmstrip")),
        Binding("y", "copy('y')", N_("Copy the scp line")),
        Binding("t", "copy('t')", N_("Copy the line of the tunnel")),
        Binding("u", "copy('u')", N_("Copy the address")),
    ]

    def __init__(self, ways: Sequence[Way]) -> None:
        """Make the window.

        Args:
            ways: What is offered, in this order.
        """
        super().__init__()
        self._ways = ways
        self._picture: Picture = "poster"
        self._ways_line = Static("", id="clip-ways", markup=False)
        self._reason = Static("", id="clip-said", markup=False)
        self._keys = Static("", id="clip-keys", markup=False)
        self._view = PictureView()

    def compose(self) -> ComposeResult:
        """The ways, what is wrong, the picture, the keys."""
        yield self._ways_line
        yield self._reason
        yield self._view
        yield self._keys

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._reason.display = False
        self._keys.update(
            Content(_("esc back, then no longer served  v poster or filmstrip  y t u copy"))
        )

    def on_resize(self, event: events.Resize) -> None:
        """Another room, another picture."""
        width = event.size.width - 2
        self._ways_line.update(Content("\n".join(_way_words(way, width) for way in self._ways)))
        self.call_after_refresh(self._want)

    @property
    def room(self) -> CellArea:
        """How large the picture may be."""
        return self._view.room

    @property
    def picture(self) -> Picture:
        """The picture in front."""
        return self._picture

    def show(self, picture: Picture, cells: Cells | None, reason: str) -> None:
        """Show a picture, unless another one is wanted by now; `reason`: why there is none."""
        if picture == self._picture:
            self._view.show(cells)
            self._reason.display = bool(reason)
            self._reason.update(Content(reason))

    def action_leave(self) -> None:
        """Back to where we were."""
        self.dismiss(None)

    def action_turn(self) -> None:
        """The other picture."""
        self._picture = "strip" if self._picture == "poster" else "poster"
        self._want()

    def action_copy(self, key: str) -> None:
        """Copy the line that goes with a key."""
        for way in self._ways:
            if way.key == key:
                self.post_message(WayCopied(way.line))

    def _want(self) -> None:
        if self._view.size.height > 0:
            self.post_message(ClipPictureWanted(self._picture))


def _way_words(way: Way, width: int) -> str:
    """A way, its line in one piece where that fits: a mouse takes it along."""
    whole = f"{way.key}  {way.name}  {way.line}"
    if cell_len(whole) <= width:
        return whole
    return f"{way.key}  {way.name}\n{whole_words(way.line, width)}"
