"""What stands on a terminal that is too small for any pane."""

from __future__ import annotations

from textual.geometry import Size
from textual.widgets import Static

from sora_tui.i18n import _
from sora_tui.tui.state.smallest_terminal import SMALLEST


class TooSmall(Static):
    """Says which size is needed; lies over everything, which stays as it is below."""

    DEFAULT_CSS = """
    TooSmall {
        layer: notice;
        width: 100%;
        height: 100%;
        background: $background;
        content-align: center middle;
    }
    """

    def __init__(self) -> None:
        super().__init__("", id="notice", markup=False)

    def show_size(self, size: Size) -> None:
        """Say what there is (columns x rows), and what it takes."""
        least = "{}x{}".format(*SMALLEST)
        text = _("needs {least}, has {size}; jobs go on")
        self.update(text.format(least=least, size=f"{size.width}x{size.height}"))
