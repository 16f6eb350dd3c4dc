"""The jobs pane: every job on a row, what can be done with them, and the engine's doings above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from sora_tui.core.job import State
from sora_tui.core.job_filter import SORTS, JobFilter, Sort, insert_position
from sora_tui.core.problem import Problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.i18n.answers import yes_key
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent
from sora_tui.tui.panes.editor.pane import ConsentLine
from sora_tui.tui.presenters import job_columns as job_rows
from sora_tui.tui.presenters.job_columns import JobView
from sora_tui.tui.state.job_verbs import JobVerb, is_possible
from sora_tui.tui.widgets.virtual_list import Cell, Column, Tone, VirtualList

if TYPE_CHECKING:
    from textual.widgets import Input

    from sora_tui.engine.events import EngineChanged
    from sora_tui.tui.presenters.order import Question

#: From this many cells on every column has room to say more.
ROOMY: Final = 134
#: Rows whose jobs are kept at hand besides those that live.
_KEPT: Final = 200
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
    State.UNKNOWN: "warn",
}
_SORTED: Final[Mapping[Sort, str]] = {
    "newest": N_("newest first"),
    "oldest": N_("oldest first"),
    "state": N_("by state"),
    "expires": N_("soonest to expire first"),
    "cost": N_("dearest first"),
    "server": N_("by server"),
}


#: What the app does with any job.
_EDIT_ANY: Final = ("edit_job", N_("Edit"))
_ANY_JOB: Final = (_EDIT_ANY, ("diff_job", N_("Diff")))
#: And what it makes of a clip.
DERIVES: Final = (
    ("remix_job", N_("Remix")),
    ("extend_job", N_("Extend")),
    ("change_clip", N_("Change")),
    ("make_character", N_("Character")),
)


class JobHighlighted(Message):
    """The cursor stands on another job; None: there is no job at all."""

    def __init__(self, job_id: str | None) -> None:
        super().__init__()
        self.job_id = job_id


class JobOpened(Intent):
    """The person wants to see everything about a job."""

    owner = "panes"
    method = "open_job"

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id


class JobsWanted(Message):
    """Rows came into sight that nothing is known of yet."""

    def __init__(self, job_ids: tuple[str, ...]) -> None:
        super().__init__()
        self.job_ids = job_ids


class ListingChanged(Message):
    """The person wants other jobs in the list, or another order."""


class JobsAnswered(Intent):
    """The question in the pane was answered."""

    owner = "job_actions"
    method = "answer"

    def __init__(self, yes: bool) -> None:
        super().__init__()
        self.yes = yes


class JobsPane(Vertical):
    """The job list. With the class `-strip` its title is its own first row."""

    DEFAULT_CSS = """
    JobsPane > #jobs-title { display: none; height: 1; padding: 0 1; }
    JobsPane.-strip > #jobs-title { display: block; }
    JobsPane > VirtualList { height: 1fr; }
    JobsPane > #filter { height: 1; border: none; padding: 0 1; background: $surface; }
    JobsPane > ConsentLine { background: $surface; }
    """
    WHERE: ClassVar = "jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("jobs")]

    def __init__(
        self,
        *,
        simulated: bool = False,
        ascii: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._simulated = simulated
        self._ascii = ascii
        self._roomy = False
        self._now = datetime.min.replace(tzinfo=UTC)
        self._views: dict[str, JobView] = {}
        self._broken: dict[str, Problem] = {}
        #: The few that change with time: ticks, counts and places look at no others.
        self._live: dict[str, JobView] = {}
        self._places: dict[str, int] = {}
        self._filter = ""
        self._sort: Sort = "newest"
        self._total = 0
        self._follows = False
        #: Asked for with `JobsWanted`; the answer is on its way.
        self._wanted: set[str] = set()
        self._engine: EngineChanged | None = None
        self._title: Content | None = None
        self._question: Question | None = None
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
        self.border_subtitle = Content(
            _("enter inspect  space mark  / filter  s sort  r again  d delete  p pause queue")
        )

    # Values in --------------------------------------------------------------------------------

    def show(
        self,
        views: Sequence[JobView],
        now: datetime,
        ids: Sequence[str] | None = None,
        total: int | None = None,
    ) -> None:
        """Show these jobs and no others, in this order; the cursor stays on its job.

        Args:
            views: The jobs to show.
            now: The present time.
            ids: The whole list, where `views` are only those known so far; the others are
                asked for when they come into sight.
            total: How many jobs there are without the filter.
        """
        self._now = now
        self._wanted.clear()
        if ids is None:
            self._views = {}
            ids = [view.job.id for view in views]
        self._views |= {view.job.id: view for view in views}
        self._live = {
            id: view for id, view in self._views.items() if job_rows.changes_with_time(view)
        }
        self._total = len(ids) if total is None else total
        self._refresh(ids)

    def change(self, views: Sequence[JobView], now: datetime) -> None:
        """Show these as they are now; new ones take their place in the order."""
        self._now = now
        ids: list[str] | None = None
        for view in views:
            job_id = view.job.id
            is_known = job_id in self._views or self._list.index_of(job_id) is not None
            self._put(view)
            if is_known:
                continue
            self._total += 1
            if self.job_filter.includes(view.job):
                ids = list(self._list.row_ids) if ids is None else ids
                ids.insert(insert_position(job_id, ids, self._sort), job_id)
        self._refresh(ids)

    def fill(
        self,
        asked: Sequence[str],
        views: Sequence[JobView],
        broken: Mapping[str, Problem],
        now: datetime,
    ) -> None:
        """Answer `JobsWanted`: what these rows say; who is not among them is gone."""
        self._now = now
        self._wanted.difference_update(asked)
        self._broken |= broken
        for view in views:
            self._put(view)
        if gone := set(asked) - {view.job.id for view in views} - broken.keys():
            self.take_away(gone)
        if len(self._views) > _KEPT + len(self._live):
            near = set(self._list.visible_ids) | self._live.keys()
            self._views = {id: view for id, view in self._views.items() if id in near}
        self._list.refresh()

    def take_away(self, job_ids: set[str]) -> None:
        """Take jobs off the list."""
        for job_id in job_ids:
            self._views.pop(job_id, None)
            self._live.pop(job_id, None)
            self._broken.pop(job_id, None)
        kept = [job_id for job_id in self._list.row_ids if job_id not in job_ids]
        self._total -= self._list.row_count - len(kept)
        self._refresh(kept)

    def tick(self, now: datetime) -> None:
        """Let the clocks go on."""
        self._now = now
        self._list.update_rows(self._live)

    def set_engine(self, engine: EngineChanged | None) -> None:
        """Say in the title what the engine does."""
        self._engine = engine
        self._show_title()
        self._list.update_rows(self._live)

    def set_simulated(self, simulated: bool) -> None:
        """Whether the next clip is made on the simulator, for the words of an empty list."""
        self._simulated = simulated
        self._list.set_empty_text(self._empty_text())

    def select(self, job_id: str) -> bool:
        """Put the cursor on a job; False when it is not in the list."""
        return self._list.move_to(job_id)

    def focus_pane(self) -> None:
        """Take the keys, or give them to the question that stands here."""
        (self.query_one(ConsentLine) if self.asking else self._list).focus()

    def ask(self, question: Question) -> None:
        """Put a question below the list; `JobsAnswered` follows."""
        self._close()
        self._question = question
        self.mount(ConsentLine(question))

    # Values out -------------------------------------------------------------------------------

    @property
    def job_filter(self) -> JobFilter:
        """What the person wants to see in the list."""
        return JobFilter.read(self._filter, self._sort)

    @property
    def asking(self) -> bool:
        """Whether a question waits for its answer."""
        return self._question is not None

    @property
    def marks(self) -> frozenset[str]:
        """The ids of the marked jobs."""
        return self._list.marks

    @property
    def cursor_id(self) -> str | None:
        """The id of the highlighted job."""
        return self._list.cursor_id

    @property
    def cursor_view(self) -> JobView | None:
        """The highlighted job, once it is known."""
        return None if self.cursor_id is None else self.view(self.cursor_id)

    def view(self, job_id: str) -> JobView | None:
        """A job of the list."""
        view = self._views.get(job_id)
        return None if view is None else view._replace(ahead=self._places.get(job_id))

    def status(self, leave: str) -> str:
        """What the highlighted job has to say, on one line of the pane's width.

        `leave` is what must be pressed before a key of the job acts.
        """
        from sora_tui.tui.presenters.job_status import (
            status,  # its sentences are not for the first frame
        )

        view = self.cursor_view
        return "" if view is None else status(view, self._now, max(self.size.width - 2, 1), leave)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something for the highlighted job, or the marked ones."""
        if self._question is not None:
            return ((self._question.yes[:1] or yes_key(), N_("Yes")), ("esc", N_("No")))
        if self.query("#filter:focus"):
            keep, clear = ("enter", N_("Keep filter")), ("esc", N_("Clear filter"))
            return (keep, clear, ("↓", N_("To the list")))
        pause = (("jobs.pause", N_("Resume queue")),) if self.may_resume else ()
        if self.marks:
            return (
                ("jobs.mark", N_("Mark")),
                ("jobs.retry", N_("Again")),
                ("jobs.delete", N_("Delete")),
                ("jobs.cancel", N_("Take back")),
                ("jobs.clear", N_("Clear marks")),
                *pause,
            )
        view = self.cursor_view
        if view is None:
            return (("jobs.clear", N_("Clear filter")),) if self._filter else pause
        waits = view.job.state is State.PENDING
        acts: tuple[tuple[JobVerb, str], ...] = (
            ("look", N_("Look")),
            ("edit", N_("Edit")),
            ("cancel", N_("Take back") if waits else N_("Cancel")),
            ("copy", N_("Copy")),
            ("retry", N_("Again")),
            ("delete", N_("Delete")),
        )
        possible = tuple(
            (f"jobs.{verb}", text) for verb, text in acts if is_possible(view.job, verb)
        )
        rest = (("jobs.filter", N_("Filter")), ("jobs.mark", N_("Mark")), ("jobs.sort", N_("Sort")))
        # The key of a waiting job's edit is the same.
        more = tuple(pair for pair in _ANY_JOB if not (waits and pair is _EDIT_ANY))
        more += DERIVES if view.job.has_remote_clip else ()
        return (("list.select", N_("Inspect")), *pause, *possible, *rest, *more)

    @property
    def _is_paused(self) -> bool:
        return self._engine is not None and self._engine.paused

    @property
    def may_resume(self) -> bool:
        """Whether jobs wait until a person lets the queue go on."""
        return self._engine is not None and (self._engine.paused or self._engine.stopped)

    # What a key does --------------------------------------------------------------------------

    def selected(self, *, single: bool) -> tuple[str, ...]:
        """The jobs that a command means: the marked ones, else the highlighted one.

        Args:
            single: The highlighted one alone, whatever is marked.
        """
        marked = () if single else tuple(id for id in self._list.row_ids if id in self.marks)
        return marked or ((self.cursor_id,) if self.cursor_id is not None else ())

    def action_mark(self) -> None:
        """Mark the highlighted job and go on to the next one."""
        self._list.mark_cursor()
        self._marked()

    def action_mark_all(self) -> None:
        """Mark all, or none."""
        whole = len(self.marks) == self._list.row_count
        self._list.mark(() if whole else self._list.row_ids)
        self._marked()

    def action_sort(self) -> None:
        """Another order."""
        self._sort = SORTS[(SORTS.index(self._sort) + 1) % len(SORTS)]
        self._show_title()
        self.post_message(ListingChanged())

    def stand_on(self, job_id: str) -> None:
        """Put the cursor on a job, if the filter lets it through."""
        self._list.move_to(job_id)

    def action_follow(self) -> None:
        """Let the cursor go to whatever job is newest, until it is moved; or pin it again."""
        self._follows = not self._follows
        self._go_to_newest()
        self._show_title()

    def action_filter(self) -> None:
        """Type what to see; the list follows."""
        from textual.widgets import Input  # its import is not for the first frame

        if not self.query("#filter"):
            hint = _("words, state:failed, server:lab; enter keeps, esc clears")
            line = Input(self._filter, placeholder=hint, id="filter", select_on_focus=False)
            self.mount(line)
        self.query_one("#filter").focus()

    def action_clear(self) -> None:
        """Take away marks, else the filter, else the following."""
        if self.marks:
            self._list.mark(())
            self._marked()
        elif self._filter:
            self._set_filter("")
        else:
            self.action_follow()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape clears only what is there to be cleared; otherwise it goes on to the app."""
        return action != "clear" or bool(self.marks or self._filter or self._follows)

    @on(VirtualList.Highlighted)
    def _highlighted(self, message: VirtualList.Highlighted) -> None:
        message.stop()
        if self._follows and message.row_id != self._newest:
            self._follows = False
            self._show_title()
        self.post_message(JobHighlighted(message.row_id))

    @on(VirtualList.Selected)
    def _selected(self, message: VirtualList.Selected) -> None:
        message.stop()
        self.post_message(JobOpened(message.row_id))

    @on(ConsentLine.Answered)
    def _answered(self, event: ConsentLine.Answered) -> None:
        event.stop()
        self._close()
        self.post_message(JobsAnswered(event.yes))

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list follows what is typed."""
        event.stop()
        self._set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The filter stays, the keys go to the list."""
        event.stop()
        self._close()
        self._list.focus()

    def on_key(self, event: events.Key) -> None:
        """In the filter line escape clears, and down goes into the list."""
        if self.asking or not self.query("#filter:focus"):
            return
        if event.key == "escape":
            event.stop()
            self._set_filter("")
            self._close()
        elif event.key == "down":
            event.stop()
            self._list.focus()

    def _set_filter(self, text: str) -> None:
        if text == self._filter:
            return
        self._filter = text
        self._list.set_empty_text(self._empty_text())
        self.post_message(ListingChanged())

    def _marked(self) -> None:
        self._show_title()
        # The keys that matter are others now, with the same job under the cursor.
        self.post_message(JobHighlighted(self.cursor_id))

    def _close(self) -> None:
        """Take the question or the filter line away."""
        self._question = None
        lines = self.query("ConsentLine, #filter")
        if lines:
            if self.has_focus_within:
                self._list.focus()
            lines.remove()

    # Drawing ----------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """More width, more words."""
        if self._roomy != (event.size.width >= ROOMY):
            self._roomy = not self._roomy
            self._list.set_columns(_columns(self._roomy))
        self._show_title()

    def _put(self, view: JobView) -> None:
        self._views[view.job.id] = view
        self._broken.pop(view.job.id, None)
        if job_rows.changes_with_time(view):
            self._live[view.job.id] = view
        else:
            self._live.pop(view.job.id, None)

    def _refresh(self, ids: Sequence[str] | None) -> None:
        self._places = job_rows.places(self._live.values())
        if ids is not None:
            self._list.set_rows(ids)
            self._list.set_empty_text(self._empty_text())
            self._go_to_newest()
        self._list.update_rows()
        self._show_title()

    @property
    def _newest(self) -> str | None:
        ids = self._list.row_ids
        return max(ids[0], ids[-1]) if ids else None

    def _go_to_newest(self) -> None:
        if self._follows and (newest := self._newest) is not None:
            self._list.move_to(newest)

    def _show_title(self) -> None:
        if not self.is_attached:
            return
        left, rights = self._titles()
        is_strip = self.has_class("-strip")
        left = left if is_strip else f"4 {left}"
        width = self.size.width - (2 if is_strip else 4)
        right = next((form for form in rights if cell_len(left) + cell_len(form) + 2 <= width), "")
        gap = width - cell_len(left) - cell_len(right)
        line = Content(left)
        if right:
            fill = " " * gap if is_strip else f" {'─' * (gap - 2)} "
            line = Content.assemble(left, (fill, "$border-blurred"), right)
        if line != self._title:
            self._title = line
            if is_strip:
                self._label.update(line, layout=False)
            else:
                self.border_title = line

    def _titles(self) -> tuple[str, tuple[str, ...]]:  # noqa: C901 -- the screen is being rebuilt
        running, waiting = job_rows.counts(self._live.values())
        parts = [_("Jobs")]
        if self._is_paused:
            parts.append(_("PAUSED, p goes on"))
        elif self.may_resume:
            parts.append(_("STOPPED, p goes on"))
        if self.marks:
            count = len(self.marks)
            parts.append(ngettext("{count} marked", "{count} marked", count).format(count=count))
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
            if engine.workers:
                parts.append(_("pollers {count}").format(count=engine.workers))
            if engine.downloads and not self.has_class("-strip"):
                at_work = f"{engine.downloads}/{engine.downloads_max}"
                parts.append(_("downloads {count}").format(count=at_work))
        return "  ".join(parts), self._what_is_listed()

    def _what_is_listed(self) -> tuple[str, ...]:
        """What the list holds, from the fullest form to the shortest."""
        order = _(_SORTED[self._sort])
        if self._follows:
            order += "  " + _("following")
        if self._filter:
            matches = self._matches()
            clears = f"{matches}  " + _("esc clears")
            return f"{clears}  {order}", clears, matches
        if self._total < 2:
            return (order,)
        return _("all {count}").format(count=f"{self._total:,}") + f"  {order}", order

    def _matches(self) -> str:
        facts = {"count": f"{self._list.row_count:,}", "all": f"{self._total:,}"}
        return _("{count} of {all} match").format(**facts)

    def _empty_text(self) -> str:
        if self._filter:
            typed = clean_line(self._filter, 60)
            return f'{self._matches()} "{typed}"  ' + _("esc clears")
        if self._simulated:
            return _(
                "No jobs yet. F5 makes a clip from this prompt: about 10 s, nothing is charged."
            )
        return _("No jobs yet. F5 makes a clip from this prompt.")

    def _want(self) -> None:
        """Ask for what is in sight and not known."""
        unknown = tuple(
            id
            for id in self._list.visible_ids
            if id not in self._views and id not in self._broken and id not in self._wanted
        )
        if unknown:
            self._wanted.update(unknown)
            self.post_message(JobsWanted(unknown))

    def _row(self, job_id: str) -> Mapping[str, Cell]:
        view = self.view(job_id)
        if view is None:
            return self._unread_row(job_id)
        job, request, now = view.job, view.job.request, self._now
        tone: Tone = "warn" if view.retry else _TONES.get(job.state, "error")
        spent = job_rows.cost(view)
        progress = job_rows.progress(view, now, _bar_width(self._roomy), self._ascii)
        if self._is_paused and job.state is State.PENDING:
            progress = _("paused")
        return {
            "state": Cell(job_rows.state(view, self._ascii), tone),
            "progress": Cell(progress, "warn" if job_rows.is_otherwise(job) else ""),
            "elapsed": Cell(job_rows.elapsed(view, now)),
            "left": Cell(job_rows.left(view, now), "warn" if job.needs_decision else ""),
            "expires": Cell(
                job_rows.expires(view, now), "error" if job_rows.in_danger(view, now) else ""
            ),
            "cost": Cell(spent, "warn" if spent.endswith(("?", "!")) else ""),
            "server": Cell(clean_line(job.server.profile, 40)),
            "model": Cell(clean_line(request.model or "-", 40)),
            "size": Cell(clean_line(request.size or "-", 20)),
            "sec": Cell(clean_line(request.seconds or "-", 10)),
            "ref": Cell(job_rows.reference(view, self._ascii)),
            "prompt": Cell(self._prompt(view)),
        }

    def _prompt(self, view: JobView) -> str:
        """The prompt; of several takes that stand together only the first says it."""
        take = job_rows.take(view.job)
        if not take:
            return job_rows.prompt(view)
        ids, at = self._list.row_ids, self._list.index_of(view.job.id) or 0
        above = self._views.get(ids[at - 1]) if at else None
        below = self._views.get(ids[at + 1]) if at + 1 < len(ids) else None
        return job_rows.grouped(
            job_rows.prompt(view),
            take,
            job_rows.are_takes(view.job, above),
            job_rows.are_takes(view.job, below),
            self._ascii,
        )

    def _unread_row(self, job_id: str) -> Mapping[str, Cell]:
        """A document that cannot be read, or that is on its way from the disk."""
        problem = self._broken.get(job_id)
        if problem is None:
            if job_id not in self._wanted:
                self.call_later(self._want)
            return {"state": Cell("…", "muted")}
        return {
            "state": Cell(f"{job_rows.plain('✗', self._ascii)} broken", "error"),
            "progress": Cell(_("not readable")),
            "prompt": Cell(f"{job_id}.json"),
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
