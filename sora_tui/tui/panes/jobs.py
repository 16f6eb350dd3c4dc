"""The jobs pane: every job on a row, newest first, and what the engine is doing above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from sora_tui.core.job import State
from sora_tui.core.text import clean_line
from sora_tui.engine.events import EngineChanged
from sora_tui.i18n import N_, _, ngettext
from sora_tui.tui import job_rows
from sora_tui.tui.job_rows import JobView
from sora_tui.tui.keys import Key, bindings
from sora_tui.tui.virtual_list import Cell, Column, Tone, VirtualList

#: From this many cells on every column has room to say more.
ROOMY: Final = 134
_TONES: Final[Mapping[State, Tone]] = {
    State.PENDING: "muted",
    State.QUEUED: "muted",
    State.SUBMITTING: "accent",
    State.IN_PROGRESS: "accent",
    State.COMPLETED: "accent",
    State.DOWNLOADING: "accent",
    State.SAVED: "ok",
    State.UNCONFIRMED: "warn",
    State.CANCELLED: "muted",
    State.ABANDONED: "muted",
}


class JobHighlighted(Message):
    """The cursor stands on another job; None: there is no job at all."""

    def __init__(self, job_id: str | None) -> None:
        super().__init__()
        self.job_id = job_id


class JobOpened(Message):
    """The person wants to see everything about a job."""

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id


class JobAction(Message):
    """The person wants something done: `look`, `copy`, `cancel` or `retry`."""

    def __init__(self, job_id: str, verb: str) -> None:
        super().__init__()
        self.job_id = job_id
        self.verb = verb


def is_possible(view: JobView, verb: str) -> bool:
    """Whether a verb of `JobAction` means something for this job now."""
    states = {
        "look": {State.SAVED},
        "cancel": {State.PENDING},
        "retry": {State.NOT_SENT},
    }
    return verb == "copy" or view.job.state in states[verb]


class JobsPane(Vertical):
    """The job list. With the class `-strip` its title is its own first row."""

    DEFAULT_CSS = """
    JobsPane > #jobs-title { display: none; height: 1; padding: 0 1; }
    JobsPane.-strip > #jobs-title { display: block; }
    JobsPane > VirtualList { height: 1fr; }
    """
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("jobs.look", "o", N_("Look at the clip"), "act('look')"),
        Key("jobs.copy", "y", N_("Copy the path or scp line"), "act('copy')"),
        Key("jobs.cancel", "c", N_("Take it back before it is sent"), "act('cancel')"),
        Key("jobs.retry", "r", N_("Try again to send it"), "act('retry')"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]

    def __init__(
        self, *, simulated: bool = False, ascii: bool = False, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._simulated = simulated
        self._ascii = ascii
        self._roomy = False
        self._now = datetime.min.replace(tzinfo=UTC)
        self._views: dict[str, JobView] = {}
        #: The few that change with time: ticks, counts and places look at no others.
        self._live: dict[str, JobView] = {}
        self._places: dict[str, int] = {}
        self._engine: EngineChanged | None = None
        self._title = ("", "")
        self._label = Static("", id="jobs-title", markup=False)
        self._list = VirtualList(_columns(False), self._row, show_header=True)

    def compose(self) -> ComposeResult:
        """The title of the strip, and the list."""
        yield self._label
        yield self._list

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._list.set_empty_text(self._empty_text())
        self._show_title()
        self.border_subtitle = Content(_("enter inspect  y copy"))

    # Values in --------------------------------------------------------------------------------

    def show(self, views: Sequence[JobView], now: datetime) -> None:
        """Show these jobs and no others, in this order; the cursor stays on its job."""
        self._now = now
        self._views = {view.job.id: view for view in views}
        self._live = {
            id: view for id, view in self._views.items() if job_rows.changes_with_time(view)
        }
        self._refresh(list(self._views))

    def change(self, views: Sequence[JobView], now: datetime) -> None:
        """Show these as they are now; new ones take their place by age."""
        self._now = now
        has_new = any(view.job.id not in self._views for view in views)
        for view in views:
            self._views[view.job.id] = view
            if job_rows.changes_with_time(view):
                self._live[view.job.id] = view
            else:
                self._live.pop(view.job.id, None)
        if has_new:
            newest_first = sorted(self._views, reverse=True)
            self._views = {id: self._views[id] for id in newest_first}
        self._refresh(list(self._views) if has_new else None)

    def tick(self, now: datetime) -> None:
        """Let the clocks go on."""
        self._now = now
        self._list.update_rows(self._live)

    def set_engine(self, engine: EngineChanged | None) -> None:
        """Say in the title what the engine does."""
        self._engine = engine
        self._show_title()

    def set_simulated(self, simulated: bool) -> None:
        """Whether the next clip is made on the simulator, for the words of an empty list."""
        self._simulated = simulated
        self._list.set_empty_text(self._empty_text())

    def select(self, job_id: str) -> bool:
        """Put the cursor on a job; False when it is not in the list."""
        return self._list.move_to(job_id)

    def focus_pane(self) -> None:
        """Take the keys."""
        self._list.focus()

    # Values out -------------------------------------------------------------------------------

    @property
    def cursor_id(self) -> str | None:
        """The id of the highlighted job."""
        return self._list.cursor_id

    @property
    def cursor_view(self) -> JobView | None:
        """The highlighted job."""
        return None if self.cursor_id is None else self.view(self.cursor_id)

    def view(self, job_id: str) -> JobView | None:
        """A job of the list."""
        view = self._views.get(job_id)
        return None if view is None else replace(view, ahead=self._places.get(job_id))

    @property
    def status(self) -> str:
        """What the highlighted job has to say, on one line of the pane's width."""
        from sora_tui.tui.job_words import status  # its sentences are not for the first frame

        view = self.cursor_view
        return "" if view is None else status(view, self._now, max(self.size.width - 2, 1))

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something for the highlighted job."""
        view = self.cursor_view
        if view is None:
            return ()
        acts = (
            ("o", "look", N_("Look")),
            ("c", "cancel", N_("Take back")),
            ("r", "retry", N_("Retry")),
            ("y", "copy", N_("Copy")),
        )
        possible = ((key, words) for key, verb, words in acts if is_possible(view, verb))
        return (("enter", N_("Inspect")), *possible)

    def action_act(self, verb: str) -> None:
        """Ask for something to be done with the highlighted job."""
        if self.cursor_id is not None:
            self.post_message(JobAction(self.cursor_id, verb))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what means something for the highlighted job; other keys go on to the app."""
        if action != "act":
            return True
        view = self.cursor_view
        return view is not None and is_possible(view, str(parameters[0]))

    @on(VirtualList.Highlighted)
    def _highlighted(self, message: VirtualList.Highlighted) -> None:
        message.stop()
        self.post_message(JobHighlighted(message.row_id))

    @on(VirtualList.Selected)
    def _selected(self, message: VirtualList.Selected) -> None:
        message.stop()
        self.post_message(JobOpened(message.row_id))

    # Drawing ----------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """More width, more words."""
        if self._roomy != (event.size.width >= ROOMY):
            self._roomy = not self._roomy
            self._list.set_columns(_columns(self._roomy))
        self._show_title()

    def _refresh(self, ids: Sequence[str] | None) -> None:
        self._places = job_rows.places(self._live.values())
        if ids is not None:
            self._list.set_rows(ids)
        self._list.update_rows()
        self._show_title()

    def _show_title(self) -> None:
        if not self.is_attached:
            return
        left, right = self._titles()
        if not self.has_class("-strip"):
            if self._title != (left, ""):
                self._title = (left, "")
                self.border_title = Content(f"4 {left}")
            return
        gap = max(self.size.width - 2 - cell_len(left) - cell_len(right), 0)
        line = f"{left}{' ' * gap}{right}" if gap >= 2 else left
        if self._title != (left, line):
            self._title = (left, line)
            self._label.update(Content(line), layout=False)

    def _titles(self) -> tuple[str, str]:
        running, waiting = job_rows.counts(self._live.values())
        parts = [_("Jobs")]
        if running:
            parts.append(
                ngettext("{count} running", "{count} running", running).format(count=running)
            )
        if waiting:
            parts.append(
                ngettext("{count} needs you", "{count} need you", waiting).format(count=waiting)
            )
        engine = self._engine
        if engine is not None and not engine.owner:
            if engine.holder is not None:
                facts = {"pid": engine.holder.pid, "host": clean_line(engine.holder.host, 40)}
                parts.append(_("moved by pid {pid} on {host}").format(**facts))
        elif engine is not None:
            parts.append(_("pollers {count}").format(count=engine.pollers))
            if engine.downloads and not self.has_class("-strip"):
                at_work = f"{engine.downloads}/{engine.downloads_max}"
                parts.append(_("downloads {count}").format(count=at_work))
        return "  ".join(parts), _("all servers  newest first")

    def _empty_text(self) -> str:
        if self._simulated:
            return _(
                "No jobs yet. F5 makes a clip from this prompt: about 10 s, nothing is charged."
            )
        return _("No jobs yet. F5 makes a clip from this prompt.")

    def _row(self, job_id: str) -> Mapping[str, Cell]:
        view = self.view(job_id)
        assert view is not None, "the list asks for rows of its own only"
        job, request, now = view.job, view.job.request, self._now
        tone: Tone = "warn" if view.retry else _TONES.get(job.state, "error")
        spent = job_rows.cost(view)
        return {
            "state": Cell(job_rows.state(view, self._ascii), tone),
            "progress": Cell(job_rows.progress(view, now, _bar_width(self._roomy), self._ascii)),
            "elapsed": Cell(job_rows.elapsed(view, now)),
            "left": Cell(job_rows.left(view, now), "warn" if job.needs_you else ""),
            "expires": Cell(
                job_rows.expires(view, now), "error" if job_rows.in_danger(view, now) else ""
            ),
            "cost": Cell(spent, "warn" if spent.endswith(("?", "!")) else ""),
            "server": Cell(clean_line(job.server.profile, 40)),
            "model": Cell(clean_line(request.model or "-", 40)),
            "size": Cell(clean_line(request.size or "-", 20)),
            "sec": Cell(clean_line(request.seconds or "-", 10)),
            "ref": Cell(job_rows.reference(view, self._ascii)),
            "prompt": Cell(job_rows.prompt(view)),
        }


def _bar_width(roomy: bool) -> int:
    return 21 if roomy else 15


def _columns(roomy: bool) -> tuple[Column, ...]:
    """The columns; `drop` is the order in which they give way as the width falls."""
    more = int(roomy)
    return (
        Column("state", _("STATE"), 14),
        Column("progress", _("PROGRESS"), _bar_width(roomy)),
        Column("elapsed", _("ELAPSED"), 7, drop=1),
        Column("left", _("LEFT"), 7 + more),
        Column("expires", _("EXPIRES"), 8 + more),
        Column("cost", _("COST"), 7 + more),
        Column("server", _("SERVER"), 9, drop=2),
        Column("model", _("MODEL"), 10, drop=3),
        Column("size", _("SIZE"), 9, drop=4),
        Column("sec", _("SEC"), 3, drop=5),
        Column("ref", _("REF"), 3, drop=6),
        # Wide enough that 80 columns are those that must never go.
        Column("prompt", _("PROMPT"), None, min_width=20),
    )
