"""The window of jobs that were made elsewhere: what a server has and this folder does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sora_tui.core.problem import Problem
from sora_tui.core.remote_video import RemoteVideo
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.i18n.formatting import short_minute, span
from sora_tui.i18n.problems import sentences
from sora_tui.tui.intent import Intent
from sora_tui.tui.presenters.job_columns import EXPIRY_ALARM
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList


class AdoptionWanted(Intent):
    """The person wants these taken in."""

    owner = "remote_jobs"
    method = "adopt"

    def __init__(self, videos: Sequence[RemoteVideo]) -> None:
        super().__init__()
        self.videos = tuple(videos)


class RemoteListWanted(Intent):
    """The person wants the server asked again."""

    owner = "remote_jobs"
    method = "ask_again"


class RemoteWindow(ModalScreen[None]):
    """Remote jobs, newest first; `a` takes in the marked ones, or the one under the cursor."""

    DEFAULT_CSS = """
    RemoteWindow { align: center middle; background: $background 60%; }
    RemoteWindow > .window {
        border: solid $border; background: $surface; width: 100%; max-width: 140;
        height: 100%; max-height: 34; padding: 0 1;
    }
    RemoteWindow VirtualList { height: 1fr; }
    RemoteWindow #said { height: auto; max-height: 4; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,R", "leave", N_("Close"), show=False),
        Binding("a", "adopt", N_("Adopt"), show=False),
        Binding("space", "mark", N_("Mark"), show=False),
        Binding("r", "reload", N_("Ask the server again"), show=False),
    ]

    def __init__(self, server: Server, now: datetime) -> None:
        super().__init__()
        self.server = server
        self._now = now
        self._videos: dict[str, RemoteVideo] = {}
        self._unconfirmed: Mapping[str, str] = {}
        self._marked: set[str] = set()
        self._list = VirtualList(
            (
                Column("mark", "", 1),
                Column("state", _("STATE"), 8),
                Column("there", _("THERE"), 12),
                Column("created", _("CREATED"), 11),
                Column("expires", _("EXPIRES"), 8),
                Column("size", _("SIZE"), 9, drop=2),
                Column("sec", _("SEC"), 3, drop=3),
                Column("id", "ID", 14, drop=1),
                Column("prompt", _("PROMPT"), None, min_width=16),
            ),
            self._row,
            show_header=True,
        )

    def compose(self) -> ComposeResult:
        """The list, and below it what there is to say."""
        with Vertical(classes="window") as window:
            yield self._list
            yield Static("", id="said", markup=False)
        title = _("Jobs on {server} that this folder does not know")
        window.border_title = Content(title.format(server=clean_line(self.server.name, 40)))
        window.border_subtitle = Content(_("a adopt  space mark  r ask again  esc back"))

    def on_mount(self) -> None:
        """Nothing is known yet."""
        asking = _("Asking {name} ...").format(name=clean_line(self.server.name, 40))
        self._list.set_empty_text(asking)
        self._list.focus()

    def show(
        self,
        videos: Sequence[RemoteVideo],
        now: datetime,
        *,
        unconfirmed: Mapping[str, str],
        more: bool,
        problem: Problem | None,
    ) -> None:
        """Show what the server answered.

        Args:
            videos: Newest first.
            now: The present time.
            unconfirmed: Videos that may be of a job whose answer was lost, with the id of that job.
            more: The server has more than these.
            problem: Why there is no list, or not all of it.
        """
        self._now = now
        self._videos = {video.id: video for video in videos}
        self._unconfirmed = unconfirmed
        self._marked &= self._videos.keys()
        self._list.set_empty_text(_("There is no job that this folder does not know."))
        if problem is not None:
            if not videos:
                self._list.set_empty_text(sentences(problem).happened)
            self.show_problem(problem)
        elif more:
            self.say(_("The server has more; these are the newest."))
        else:
            self.say(_("Adopting sends nothing and costs nothing; clips are saved in output/."))
        self._list.set_rows(list(self._videos))
        self._list.update_rows()

    def take_away(self, ids: Sequence[str]) -> None:
        """These are jobs of this folder now."""
        for video_id in ids:
            self._videos.pop(video_id, None)
        self._marked -= set(ids)
        self._list.set_rows(list(self._videos))
        text = ngettext(
            "Adopted {count} job: it is among the jobs, and its clip is saved when it is there.",
            "Adopted {count} jobs: they are among the jobs, and clips are saved when they are"
            " there.",
            len(ids),
        )
        self.say(text.format(count=len(ids)))

    def say(self, text: str) -> None:
        """Something about what was done."""
        self.query_one("#said", Static).update(Content(text))

    def show_problem(self, problem: Problem) -> None:
        """Show what happened, and what to do."""
        said = sentences(problem)
        self.say(f"{said.happened} {said.next}")

    # Keys -------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Back to the workbench."""
        self.dismiss(None)

    def action_reload(self) -> None:
        """Ask the server again."""
        self.say(_("Asking {name} ...").format(name=clean_line(self.server.name, 40)))
        self.post_message(RemoteListWanted())

    def action_mark(self) -> None:
        """Mark the one under the cursor, or take its mark away."""
        video_id = self._list.cursor_id
        if video_id is not None:
            self._marked ^= {video_id}
            self._list.update_rows([video_id])
            self._list.action_move(1)

    def action_adopt(self) -> None:
        """Take in the marked ones, or the one under the cursor."""
        chosen: set[str | None] = {*self._marked} or {self._list.cursor_id}
        videos = [video for video_id, video in self._videos.items() if video_id in chosen]
        if doubtful := [video for video in videos if video.id in self._unconfirmed]:
            text = _(
                "This may be the video of {job}, whose answer was lost: decide about that one"
                " first, in the inspector (5)."
            )
            self.say(text.format(job=self._unconfirmed[doubtful[0].id]))
        elif videos:
            self.post_message(AdoptionWanted(videos))

    @on(VirtualList.Selected)
    def _selected(self, event: VirtualList.Selected) -> None:
        event.stop()
        self.action_adopt()

    # Drawing ----------------------------------------------------------------------------------

    def _row(self, video_id: str) -> Mapping[str, Cell]:
        video = self._videos[video_id]
        percent = "" if video.progress is None else f" {video.progress:.0f}%"
        unconfirmed = video_id in self._unconfirmed
        return {
            "mark": Cell("*" if video_id in self._marked else "?" if unconfirmed else ""),
            "state": Cell(_("remote"), "warn" if unconfirmed else "accent"),
            "there": Cell(clean_line(video.status, 20) + percent),
            "created": Cell("-" if video.created_at is None else short_minute(video.created_at)),
            "expires": self._expires(video),
            "size": Cell(clean_line(video.size or "-", 20)),
            "sec": Cell(clean_line(video.seconds or "-", 10)),
            "id": Cell(clean_line(video.id, 200), "muted"),
            "prompt": Cell(clean_line(video.prompt or "-", 300)),
        }

    def _expires(self, video: RemoteVideo) -> Cell:
        if video.expires_at is None:
            return Cell("-")
        seconds = (video.expires_at - self._now).total_seconds()
        if seconds < 0:
            return Cell(_("gone"), "muted")
        text = span(seconds)
        return Cell(f"! {text}", "error") if seconds < EXPIRY_ALARM else Cell(text)
