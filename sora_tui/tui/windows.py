"""The window over the workbench for the choice of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.tui.virtual_list import Cell, Column, VirtualList

_WINDOW_CSS = """
{name} {{ align: center middle; background: $background 60%; }}
{name} > .window {{
    border: solid $border;
    background: $surface;
    width: 78;
    max-width: 100%;
    height: auto;
    max-height: 100%;
    padding: 0 1;
}}
"""


class ServerWindow(ModalScreen[str | None]):
    """The profiles; enter sends the next clip there."""

    DEFAULT_CSS = _WINDOW_CSS.format(name="ServerWindow") + (
        "ServerWindow VirtualList { height: auto; max-height: 12; min-height: 3; }"
        "ServerWindow Static { padding: 1 0 0 0; color: $foreground-muted; }"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f2", "dismiss", N_("Close"), show=False)
    ]

    def __init__(self, servers: Sequence[Server], current: str) -> None:
        super().__init__()
        self._servers = {server.name: server for server in servers}
        self._current = current
        self._list = VirtualList(
            (
                Column("now", "", 1),
                Column("name", "", 14),
                Column("place", "", None, min_width=20),
                Column("dialect", "", 12, drop=1),
            ),
            self._row,
        )

    def compose(self) -> ComposeResult:
        """The list, and how to get another one into it."""
        with Vertical(classes="window") as window:
            yield self._list
            yield Static(
                _(
                    "Another server: [servers.NAME] with base_url in sora-tui.toml, or "
                    "SORA_BASE_URL in .env. Its key stays in a variable."
                ),
                markup=False,
            )
        window.border_title = Content(_("Server for the next clip"))
        window.border_subtitle = Content(_("enter use  esc back"))

    def on_mount(self) -> None:
        """The cursor stands on the one in use."""
        self._list.set_rows(list(self._servers))
        self._list.styles.height = max(len(self._servers), 1)
        self._list.move_to(self._current)
        self._list.focus()

    @on(VirtualList.Selected)
    def _selected(self, event: VirtualList.Selected) -> None:
        event.stop()
        self.dismiss(event.row_id)

    def _row(self, name: str) -> Mapping[str, Cell]:
        server = self._servers[name]
        place = _("practice server, nothing is charged") if server.simulated else server.base_url
        return {
            "now": Cell("*" if name == self._current else ""),
            "name": Cell(clean_line(name, 40)),
            "place": Cell(clean_line(place, 200)),
            "dialect": Cell(clean_line(server.dialect, 20), "muted"),
        }
