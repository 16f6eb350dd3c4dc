"""The job list: what it holds, what it hears from the engine, and the status line below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from sora_tui.core.job import Job, State
from sora_tui.core.job_filter import JobFilter, with_live
from sora_tui.core.problem import Problem
from sora_tui.i18n import _, ngettext
from sora_tui.tui.state.job_store import Kind, kind_of
from sora_tui.tui.state.job_view import JobView
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.config.settings import Settings
    from sora_tui.engine.events import EngineChanged, JobChanged
    from sora_tui.tui.context import Context
    from sora_tui.tui.layout.status_bar import WidthChanged
    from sora_tui.tui.panes.job_intents import JobHighlighted, JobsWanted, ListingChanged
    from sora_tui.workspace.lock import Holder

#: Jobs in the first frame, and those read before anybody scrolls.
_FIRST_JOBS: Final = 40
_AT_HAND: Final = 60
#: Seconds after which a list that is filtered or sorted is read again when jobs changed.
_RELIST: Final = 1.0
#: Seconds between ticks while jobs run, with the focus of the terminal and without.
_TICK: Final = 1.0
_TICK_AWAY: Final = 5.0


class Listing(NamedTuple):
    """What was read of the history.

    Attributes:
        ids: Of the jobs that the filter lets through, in its order.
        total: How many jobs there are without the filter.
        jobs: Those that are needed first.
        past: How many seconds jobs of a kind took.
    """

    job_filter: JobFilter
    ids: list[str]
    total: int
    jobs: list[Job]
    past: Mapping[Kind, list[float]]


class Jobs:
    """Keeps store and job list as the disk and the engine have them.

    It shows the newest jobs in the first frame, so what it imports at the top counts there.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pane = context.ui.workbench.jobs
        self._holder: Holder | None = None
        self._tick_every: float | None = None
        self._was_read = False
        signals = context.signals
        signals.server_changed.subscribe(self._change_server)
        signals.jobs_added.subscribe(self._add)
        signals.jobs_changed.subscribe(self._change)
        signals.jobs_removed.subscribe(self._remove)
        signals.records_found.subscribe(self._read_found)
        signals.engine_changed.subscribe(self._show_engine)
        signals.engine_failed.subscribe(context.ui.complain)
        signals.focus_moved.subscribe(lambda _moved: self.show_status())
        signals.view_changed.subscribe(self._set_tick)

    # What the list holds ----------------------------------------------------------------------

    def show_newest(self) -> None:
        """Show the newest jobs, read here and now from the index."""
        context = self._context
        history = History(context.session.folder)
        context.store.load(history.newest(_FIRST_JOBS))
        history.close()
        self._pane.set_simulated(context.session.settings.server.simulated)
        self._pane.show(context.store.newest(), context.session.clock())

    def load(self) -> None:
        """Read the order of the list, and how long such jobs usually take.

        Until that has been shown once, read the jobs at its top too, and all that are under way.
        """
        store = self._context.store
        read = partial(
            self._read, self._pane.job_filter, store.live, store.unknown_kinds(), not self._was_read
        )
        self._context.ui.run(read, self._show, group="history", latest=True)

    def change_listing(self, _intent: ListingChanged) -> None:
        """Read the list in another order, or with another filter."""
        self.load()

    def _read(
        self, job_filter: JobFilter, live: Sequence[Job], kinds: set[Kind], with_jobs: bool
    ) -> Listing:
        history = History(self._context.session.folder)
        ids, total = with_live(history.matching(job_filter), job_filter, live), history.count()
        jobs = [*history.active(), *history.newest(_AT_HAND)] if with_jobs else []
        kinds = kinds | {kind_of(job) for job in jobs if job.is_active}
        past = {kind: history.durations(*kind) for kind in kinds}
        history.close()
        return Listing(job_filter, ids, total, jobs, past)

    def _show(self, listing: Listing) -> None:
        context = self._context
        self._was_read = True
        views = context.store.load(listing.jobs)
        views += context.store.learn(listing.past)
        if listing.job_filter == self._pane.job_filter:
            known = {view.job.id: view for view in views}
            now = context.session.clock()
            self._pane.show(list(known.values()), now, listing.ids, listing.total)
        self.show_status()
        context.signals.history_read.publish(None)
        context.signals.view_changed.publish(None)

    def load_rows(self, intent: JobsWanted) -> None:
        """Read jobs that came into sight."""
        ids = intent.job_ids
        self._context.ui.run(partial(self._read_rows, ids), partial(self._fill, ids), group="rows")

    def _read_rows(self, job_ids: Sequence[str]) -> dict[str, Job | Problem]:
        history = History(self._context.session.folder)
        found = history.load_each(job_ids)
        history.close()
        return found

    def _fill(self, job_ids: Sequence[str], found: Mapping[str, Job | Problem]) -> None:
        store = self._context.store
        views = store.load(job for job in found.values() if isinstance(job, Job))
        # What was handed in is on the screen before its document is there.
        read = {view.job.id for view in views}
        views += [view for id in job_ids if id not in read and (view := store.get(id))]
        broken = {id: why for id, why in found.items() if isinstance(why, Problem)}
        self._pane.fill(job_ids, views, broken, self._context.session.clock())
        if self._pane.cursor_id in job_ids:
            self.show_status()
            self._context.ui.workbench.show_keys()

    # What happens to jobs ---------------------------------------------------------------------

    def _add(self, jobs: list[Job]) -> None:
        """Show jobs that have just been handed in."""
        context = self._context
        context.store.load(jobs)
        known = [view for job in jobs if (view := context.store.get(job.id)) is not None]
        self._pane.change(known, context.session.clock())
        if context.ui.workbench.active == "editor":
            # Who has just written it means this one by the next key; who reads another stays there.
            self._pane.select(jobs[0].id)
        # Where the cursor has moved the first of them speaks for itself instead.
        text = ngettext("{count} clip is on its way.", "{count} clips are on their way.", len(jobs))
        if jobs[0].request.operation == "character":
            text = _("The character is on its way.")
        context.ui.say(text.format(count=len(jobs)))
        self._refresh()

    def _change(self, events: list[JobChanged]) -> None:
        """Show these jobs as they are now."""
        context = self._context
        moved = context.store.moved(events)
        context.signals.jobs_moved.publish(moved)
        self._pane.change(context.store.apply(events), context.session.clock())
        self._tell(moved)
        if context.store.unknown_kinds():
            self.load()
        elif moved and self._pane.job_filter != JobFilter() and not context.ui.has_timer("relist"):
            context.ui.every("relist", _RELIST, self._relist, once=True)
        self._refresh()

    def _tell(self, moved: Sequence[Job]) -> None:
        """Say in the status line what jobs have come to."""
        from sora_tui.tui.presenters.job_news import news
        from sora_tui.tui.presenters.job_status import status

        ui, now = self._context.ui, self._context.session.clock()
        for job in moved:
            text = news([job])
            if not text:
                continue
            if job.id == self._pane.cursor_id:
                ui.say("")  # its own words are better than what was said of it before
            elif job.state is State.SAVED:
                ui.say(status(JobView(job), now, ui.workbench.size.width - 2, None))
            else:
                ui.say(text)

    def _relist(self) -> None:
        self._context.ui.every("relist", None, self._relist)
        self.load()

    def _remove(self, job_ids: frozenset[str]) -> None:
        self._context.store.remove(job_ids)
        self._pane.take_away(job_ids)
        self._context.ui.workbench.show_keys()
        self._refresh()

    def _read_found(self, count: int) -> None:
        """Read the list again: documents came in beside us."""
        from sora_tui.i18n.formatting import thousands

        self.load()
        text = ngettext("{count} record came in.", "{count} records came in.", count)
        self._context.ui.say(text.format(count=thousands(count)))

    def _show_engine(self, engine: EngineChanged) -> None:
        self._pane.set_engine(engine)
        self._context.ui.workbench.show_keys()
        if engine.holder is not None and self._holder is None:
            text = _(
                "Another sora-tui (pid {pid}) runs this folder. This screen shows the same jobs "
                "and hands yours to it."
            )
            self._context.ui.say(text.format(pid=engine.holder.pid))
        self._holder = engine.holder

    def _change_server(self, before: Settings) -> None:
        """Say that jobs of the other server go on."""
        context = self._context
        server = context.session.settings.server
        self._pane.set_simulated(server.simulated)
        left = [job for job in context.store.active if job.server.profile == before.server.name]
        text = ngettext(
            "{count} job of the other server goes on beside it.",
            "{count} jobs of the other server go on beside it.",
            len(left),
        )
        moved = bool(left) and server.name != before.server.name
        context.ui.say(text.format(count=len(left)) if moved else "")

    # The cursor, the status line and time -----------------------------------------------------

    def highlight(self, intent: JobHighlighted) -> None:
        """Announce that the cursor stands on another job, or that its job is marked."""
        context, workbench = self._context, self._context.ui.workbench
        if workbench.inspector is None:
            return  # all of this comes with the panes
        context.ui.say("")
        self.show_status()
        workbench.show_keys()
        context.signals.view_changed.publish(None)
        context.signals.job_highlighted.publish(intent.job_id)

    def change_width(self, _intent: WidthChanged) -> None:
        """Say it in other words: the status line has another width."""
        self.show_status()

    def show_status(self) -> None:
        """Show what the highlighted job says, and how many there are."""
        workbench = self._context.ui.workbench
        writes = workbench.active == "editor" and not workbench.editor.has_focus
        workbench.status.show_job(self._pane.status(_("esc, then ") if writes else ""))
        workbench.banner.show_counts(*self._context.store.counts)

    def _refresh(self) -> None:
        self.show_status()
        self._context.signals.view_changed.publish(None)

    def _set_tick(self, _changed: None) -> None:
        """Tick each second while something moves, less often without the focus, not at rest."""
        context = self._context
        is_away = context.session.has_focus is False
        every = (_TICK_AWAY if is_away else _TICK) if context.store.moves else None
        if every != self._tick_every:
            self._tick_every = every
            context.ui.every("tick", every, self.tick)

    def tick(self) -> None:
        """Let the clocks go on."""
        self._pane.tick(self._context.session.clock())
        self.show_status()
