"""A reference picture on the whole screen."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from sora_tui.i18n import N_, _
from sora_tui.media.cells import Cells
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.status_bar import whole_words
from sora_tui.tui.widgets.picture import PictureView

Answer = Literal["use", "fit"]


class PictureMoved(Intent):
    """The picture `by` places further in the list is wanted; 0: this one, for another size."""

    owner = "reference_fit"
    method = "draw_picture"

    def __init__(self, by: int) -> None:
        super().__init__()
        self.by = by


class PictureWindow(Screen[Answer]):
    """Answers what the person wants to do with the picture, if anything."""

    DEFAULT_CSS = """
    PictureWindow > Static { height: 1; width: 1fr; padding: 0 1; color: $foreground-muted; }
    PictureWindow > #picture-name {
        height: auto;
        max-height: 2;
        color: $foreground;
        text-style: bold;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,space,q,o", "leave", N_("Back")),
        Binding("enter", "use", N_("Use")),
        Binding("f", "fit", N_("Fit")),
        Binding("down,j,right,l", "move(1)", N_("Next picture")),
        Binding("up,k,left,h", "move(-1)", N_("Previous picture")),
    ]

    def __init__(self, keys: str) -> None:
        """Make the window.

        Args:
            keys: The last line: what can be done here.
        """
        super().__init__()
        self._title_line = Static("", id="picture-name", markup=False)
        self._last_line = Static(keys, markup=False)
        self.view = PictureView()

    def compose(self) -> ComposeResult:
        """What it is, the picture, the keys."""
        yield self._title_line
        yield self.view
        yield self._last_line

    def on_picture_view_room_changed(self) -> None:
        """Another room, because of the window or of a longer name: another picture."""
        self.post_message(PictureMoved(0))

    def name_it(self, words: str) -> None:
        """Say what is on its way; the picture before it stays meanwhile."""
        self._title_line.update(Content(whole_words(words, self.size.width - 2)))

    def show(self, words: str, cells: Cells | None) -> None:
        """Show the picture, or say in words why there is none."""
        self.name_it(words)
        self.view.show(cells)

    def action_leave(self) -> None:
        """Back to where we were."""
        self.dismiss(None)

    def action_use(self) -> None:
        """Use the picture."""
        self.dismiss("use")

    def action_fit(self) -> None:
        """Choose how it is fitted."""
        self.dismiss("fit")

    def action_move(self, by: int) -> None:
        """Look at the next one."""
        self.post_message(PictureMoved(by))


def keys_line() -> str:
    """The keys of the window, in words."""
    return _("esc back  enter use  f fit  ↑ ↓ next")
