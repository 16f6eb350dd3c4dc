"""The window of characters: those of one server, to be chosen for the clip that is next."""

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

from sora_tui.core.job import Job
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.formatting import short_minute
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList


class CharactersWindow(ModalScreen[tuple[str, ...] | None]):
    """Space marks who appears, enter takes them, escape leaves all as it was."""

    DEFAULT_CSS = """
    CharactersWindow { align: center middle; background: $background 60%; }
    CharactersWindow > .window {
        border: solid $border; background: $surface; width: 100%; max-width: 78;
        height: 100%; max-height: 16; padding: 0 1;
    }
    CharactersWindow VirtualList { height: 1fr; }
    CharactersWindow Static { height: auto; max-height: 3; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,at", "leave", N_("Close"), show=False),
        Binding("space", "mark", N_("Mark"), show=False),
    ]

    def __init__(self, known: Sequence[Job], chosen: Sequence[str], server: Server) -> None:
        """Offer these.

        Args:
            known: The jobs that made characters, one for each name.
            chosen: The names that are chosen already.
            server: The server that the characters belong to.
        """
        super().__init__()
        self._known = {job.id: job for job in known}
        named = {job.request.prompt: job.id for job in known}
        self._marked = {named[name]: None for name in chosen if name in named}
        self._had = bool(self._marked)
        self._server = server
        self._list = VirtualList(
            (
                Column("mark", "", 1),
                Column("name", _("NAME"), None, min_width=20),
                Column("made", _("CREATED"), 11),
                Column("id", "ID", 20, drop=1),
            ),
            self._row,
            show_header=True,
        )

    def compose(self) -> ComposeResult:
        """The list, and below it what there is to say."""
        with Vertical(classes="window") as window:
            yield self._list
            yield Static(
                _("A prompt has to mention each by its name; servers take two at most."),
                markup=False,
            )
        title = _("Characters on {server}").format(server=clean_line(self._server.name, 40))
        window.border_title = Content(title)
        window.border_subtitle = Content(_("space mark  enter take  esc back"))

    def on_mount(self) -> None:
        """All of them, the newest first."""
        self._list.set_empty_text(_("No characters here yet. C on a clip of the jobs makes one."))
        self._list.set_rows(list(self._known))
        self._list.focus()

    def action_leave(self) -> None:
        """As it was."""
        self.dismiss(None)

    def action_mark(self) -> None:
        """Let the one under the cursor appear, or not."""
        job_id = self._list.cursor_id
        if job_id is None:
            return
        if job_id in self._marked:
            del self._marked[job_id]
        else:
            self._marked[job_id] = None
        self._list.update_rows([job_id])
        self._list.action_move(1)

    @on(VirtualList.Selected)
    def _take(self, event: VirtualList.Selected) -> None:
        """The marked ones; the one under the cursor where nothing was chosen before."""
        event.stop()
        taken = list(self._marked) or ([] if self._had else [event.row_id])
        self.dismiss(tuple(self._known[job_id].request.prompt for job_id in taken))

    def _row(self, job_id: str) -> Mapping[str, Cell]:
        job = self._known[job_id]
        return {
            "mark": Cell("*" if job_id in self._marked else ""),
            "name": Cell(clean_line(job.request.prompt, 80)),
            "made": Cell(short_minute(job.created_at)),
            "id": Cell(clean_line(job.remote_id or "", 200), "muted"),
        }
