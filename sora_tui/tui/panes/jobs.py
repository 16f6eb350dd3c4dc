"""The jobs pane: every job on a row, what can be done with them, and the engine's doings above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from sora_tui.core.job_filter import SORTS, JobFilter, Sort, insert_position
from sora_tui.core.problem import Problem
from sora_tui.i18n import N_, _
from sora_tui.i18n.answers import yes_key
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.panes.consent_line import ConsentLine
from sora_tui.tui.panes.job_intents import (
    JobHighlighted,
    JobOpened,
    JobsAnswered,
    JobsWanted,
    ListingChanged,
)
from sora_tui.tui.panes.job_rows import UNREAD, broken_row, columns, prompt_among, row
from sora_tui.tui.presenters.job_list_title import (
    Listing,
    activity,
    contents,
    empty_text,
    may_resume,
    title_line,
)
from sora_tui.tui.state.job_view import JobView, counts
from sora_tui.tui.state.listed_jobs import ListedJobs
from sora_tui.tui.widgets.virtual_list import Cell, VirtualList

if TYPE_CHECKING:
    from textual.widgets import Input

    from sora_tui.engine.events import EngineChanged
    from sora_tui.tui.panes.filter_line import FilterLine
    from sora_tui.tui.presenters.order import Question

#: From this many cells on every column has room to say more.
ROOMY: Final = 134


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
        self._jobs = ListedJobs()
        self._filter = ""
        self._sort: Sort = "newest"
        self._total = 0
        self._follows = False
        self._engine: EngineChanged | None = None
        self._title: Content | None = None
        self._question: Question | None = None
        self._label = Static("", id="jobs-title", markup=False)
        self._list = VirtualList(columns(roomy=False), self._row, show_header=True)

    def compose(self) -> ComposeResult:
        """The title of the strip, and the list."""
        yield self._label
        yield self._list

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._show_empty_text()
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
        if ids is None:
            self._jobs.replace(views)
            ids = [view.job.id for view in views]
        else:
            self._jobs.merge(views)
        self._total = len(ids) if total is None else total
        self._refresh(ids)

    def change(self, views: Sequence[JobView], now: datetime) -> None:
        """Show these as they are now; new ones take their place in the order."""
        self._now = now
        ids: list[str] | None = None
        for view in views:
            job_id = view.job.id
            is_known = job_id in self._jobs or self._list.index_of(job_id) is not None
            self._jobs.put(view)
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
        self._jobs.answer(asked, views, broken)
        if gone := set(asked) - {view.job.id for view in views} - broken.keys():
            self.take_away(gone)
        self._jobs.keep_near(self._list.visible_ids)
        self._list.refresh()

    def take_away(self, job_ids: Set[str]) -> None:
        """Take jobs off the list."""
        self._jobs.remove(job_ids)
        kept = [job_id for job_id in self._list.row_ids if job_id not in job_ids]
        self._total -= self._list.row_count - len(kept)
        self._refresh(kept)

    def tick(self, now: datetime) -> None:
        """Let the clocks go on."""
        self._now = now
        self._list.update_rows(self._jobs.live)

    def set_engine(self, engine: EngineChanged | None) -> None:
        """Say in the title what the engine does."""
        self._engine = engine
        self._show_title()
        self._list.update_rows(self._jobs.live)

    def set_simulated(self, simulated: bool) -> None:
        """Whether the next clip is made on the simulator, for the words of an empty list."""
        self._simulated = simulated
        self._show_empty_text()

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
        return self._jobs.get(job_id)

    def status(self, leave: str) -> str:
        """What the highlighted job has to say, on one line of the pane's width.

        `leave` is what must be pressed before a key of the job acts.
        """
        # Its sentences are not for the first frame.
        from sora_tui.tui.presenters.job_status import status

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
        # For the first frame the editor's keys are enough.
        from sora_tui.tui.presenters.job_keys import FOR_MARKED, RESUME, keys_for

        pause = RESUME if self.may_resume else ()
        if self.marks:
            return (*FOR_MARKED, *pause)
        view = self.cursor_view
        if view is None:
            return (("jobs.clear", N_("Clear filter")),) if self._filter else pause
        return keys_for(view.job, pause)

    @property
    def may_resume(self) -> bool:
        """Whether jobs wait until a person lets the queue go on."""
        return may_resume(self._engine)

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

    def action_track_newest(self) -> None:
        """Let the cursor go to whatever job is newest, until it is moved; or pin it again."""
        self._follows = not self._follows
        self._go_to_newest()
        self._show_title()

    def action_filter(self) -> None:
        """Type what to see; the list follows."""
        from sora_tui.tui.panes.filter_line import FilterLine  # not for the first frame

        if not self.query("#filter"):
            self.mount(FilterLine(self._filter))
        self.query_one("#filter").focus()

    def action_clear(self) -> None:
        """Take away marks, else the filter, else the following."""
        if self.marks:
            self._list.mark(())
            self._marked()
        elif self._filter:
            self._set_filter("")
        else:
            self.action_track_newest()

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

    def on_filter_line_left(self, event: FilterLine.Left) -> None:
        """The keys go to the list."""
        event.stop()
        if event.clear:
            self._set_filter("")
            self._close()
        self._list.focus()

    def _set_filter(self, text: str) -> None:
        if text == self._filter:
            return
        self._filter = text
        self._show_empty_text()
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
            self._list.set_columns(columns(roomy=self._roomy))
        self._show_title()

    def _refresh(self, ids: Sequence[str] | None) -> None:
        self._jobs.queue()
        if ids is not None:
            self._list.set_rows(ids)
            self._show_empty_text()
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
        is_strip = self.has_class("-strip")
        at_work = counts(self._jobs.live.values())
        left = activity(at_work, len(self.marks), self._engine, short=is_strip)
        line = title_line(left, contents(self._listing), self.size.width, is_strip=is_strip)
        if line != self._title:
            self._title = line
            if is_strip:
                self._label.update(line, layout=False)
            else:
                self.border_title = line

    @property
    def _listing(self) -> Listing:
        rows = self._list.row_count
        return Listing(rows, self._total, self._filter, self._sort, self._follows)

    def _show_empty_text(self) -> None:
        self._list.set_empty_text(empty_text(self._listing, simulated=self._simulated))

    def _want(self) -> None:
        """Ask for what is in sight and not known."""
        unknown = self._jobs.want(self._list.visible_ids)
        if unknown:
            self.post_message(JobsWanted(unknown))

    def _row(self, job_id: str) -> Mapping[str, Cell]:
        view = self.view(job_id)
        if view is not None:
            above = below = None
            if view.job.batch is not None:
                ids, at = self._list.row_ids, self._list.index_of(job_id) or 0
                above = self.view(ids[at - 1]) if at else None
                below = self.view(ids[at + 1]) if at + 1 < len(ids) else None
            prompt = prompt_among(view, above, below)
            paused = self._engine is not None and self._engine.paused
            return row(view, prompt, self._now, roomy=self._roomy, paused=paused, ascii=self._ascii)
        if job_id in self._jobs.broken:
            return broken_row(job_id)
        if not self._jobs.is_wanted(job_id):
            self.call_later(self._want)
        return UNREAD
