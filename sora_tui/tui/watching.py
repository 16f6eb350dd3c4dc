"""The watching half of the screen: jobs, what the engine says of them, and the document of one."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual import on, work
from textual.app import ComposeResult
from textual.worker import get_current_worker

from sora_tui.config.settings import Settings
from sora_tui.core.job import Job, State
from sora_tui.core.job_filter import JobFilter, with_live
from sora_tui.core.problem import Problem, ProblemError
from sora_tui.i18n import _, ngettext
from sora_tui.tui.commands.key_names import normal
from sora_tui.tui.commands.registry import Controllers
from sora_tui.tui.context import Context, Signals
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.workbench import Workbench
from sora_tui.tui.panes.jobs import JobHighlighted, JobsPane, JobsWanted, ListingChanged
from sora_tui.tui.presenters.job_columns import JobView
from sora_tui.tui.services.decoder import Decoder
from sora_tui.tui.services.screen_memory import ScreenMemory
from sora_tui.tui.state.job_store import JobBook, Kind, kind_of
from sora_tui.tui.state.reference_store import ReferenceStore
from sora_tui.tui.state.session import Session, utc_now
from sora_tui.tui.terminal.app import HardenedApp
from sora_tui.tui.ui import ScreenUi
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.core.lineage import Lineage
    from sora_tui.engine.engine import Verb
    from sora_tui.engine.events import EngineChanged, EngineEvent, JobChanged
    from sora_tui.tui.day_money import DayMoney
    from sora_tui.tui.engine_api import EngineApi
    from sora_tui.tui.widgets.json_tree import JsonTree
    from sora_tui.workspace.lock import Holder

#: Jobs in the first frame, and those read before anybody scrolls.
_FIRST_JOBS: Final = 40
_AT_HAND: Final = 60
#: Seconds after which a list that is filtered or sorted is made anew when jobs moved.
_RELIST: Final = 1.0
#: Seconds between ticks while jobs run, with the focus of the terminal and without.
_TICK: Final = 1.0
_TICK_AWAY: Final = 5.0


class WatchingApp(HardenedApp, part=True):
    """Shows jobs as they are. Blocking calls run in worker threads."""

    def __init__(
        self,
        settings: Settings,
        folder: Folder,
        *,
        crash_folder: Path,
        make_engine: Callable[[Settings, Folder], EngineApi],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(crash_folder=crash_folder, preview=settings.screen.preview)
        signals = Signals()
        own_keys = {id: normal(keys) for id, keys in settings.screen.keys.items()}
        self.session = Session(settings, folder, signals.server_changed, clock)
        self.folder = folder
        self.book = JobBook()
        self.clock = clock
        self.context = Context(
            self.session,
            ScreenUi(self, own_keys),
            self.book,
            ReferenceStore(),
            Decoder(folder),
            ScreenMemory(folder.root),
            own_keys,
            signals,
        )
        self.controllers = Controllers(self.context)
        self._make_engine = make_engine
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._heard: dict[str, EngineEvent] = {}
        self._heard_lock = threading.Lock()
        self._holder: Holder | None = None
        self._tick_every: float | None = None
        self.window_title = "sora-tui"
        self.draft_restored: datetime | None = None
        """When the text in the editor was put in safety, if it comes from a draft."""
        #: Job id and stamp of the document that the inspector shows.
        self._document: tuple[str, object] | None = None
        #: Of that job: where its clip lies, which a person may move or replace.
        self._clip_path: Path | None = None
        self._money: DayMoney | None = None
        #: Jobs that moved before the day's money was read.
        self._unsummed: list[Job] = []

    @property
    def settings(self) -> Settings:
        """What holds now."""
        return self.session.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.session.settings = settings

    @property
    def engine(self) -> EngineApi | None:
        """The engine, once the first frame stands."""
        return self.session.engine

    @on(Intent)
    def _route(self, intent: Intent) -> None:
        """Have the controller do it that the intent names."""
        self.controllers.route(intent)

    def action_command(self, command_id: str) -> None:
        """Have the controller do it that the command table names."""
        self.controllers.run(command_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether it means something now; a key goes on to the next table else."""
        if action == "command":
            return self.controllers.refusal(str(parameters[0])) is None
        return super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        """One widget that arranges all others."""
        yield Workbench()

    @property
    def bench(self) -> Workbench:
        """All panes."""
        return self.query_one(Workbench)

    @property
    def jobs(self) -> JobsPane:
        """The job list."""
        return self.bench.jobs

    # What the app says ------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell the person something, in the line below the jobs."""
        self.context.ui.say(text)

    def complain(self, problem: Problem) -> None:
        """Say what happened, what of the money, and what to do: by the prompt if it is seen."""
        self.context.ui.complain(problem)

    # Jobs -------------------------------------------------------------------------------------

    def show_first_jobs(self) -> None:
        """The newest jobs, for the first frame: read here and now, from the index."""
        self._event_loop = asyncio.get_running_loop()
        history = History(self.folder)
        self.book.load(history.newest(_FIRST_JOBS))
        history.close()
        self.jobs.set_simulated(self.settings.server.simulated)
        self.jobs.show(self.book.newest(), self.clock())
        signals = self.context.signals
        signals.server_changed.subscribe(self._server_changed)
        signals.jobs_changed.subscribe(self.take_jobs)
        signals.jobs_added.subscribe(self._show_added)
        signals.view_changed.subscribe(self._set_timers)
        signals.pane_chosen.subscribe(lambda _pane: self.read_document())

    def _server_changed(self, before: Settings) -> None:
        """Say that jobs of the other server go on."""
        name = self.settings.server.name
        self.jobs.set_simulated(self.settings.server.simulated)
        left = [job for job in self.book.active if job.server.profile == before.server.name]
        text = ngettext(
            "{count} job of the other server goes on beside it.",
            "{count} jobs of the other server go on beside it.",
            len(left),
        )
        moved = bool(left) and name != before.server.name
        self.say(text.format(count=len(left)) if moved else "")
        self.show_today()

    def start_engine(self) -> None:
        """Let jobs move."""
        signals = self.context.signals
        signals.copy_wanted.subscribe(self.copy)
        engine = self.session.engine = self._make_engine(self.settings, self.folder)
        engine.subscribe(self._hear)
        engine.start()
        self.load_history(first=True)
        self.retune()

    @work(thread=True, group="history", exclusive=True)
    def load_history(self, *, first: bool = False) -> None:
        """Read the order of the list, the jobs at its top, and how long such jobs usually take."""
        job_filter, live = self.jobs.job_filter, self.book.live
        history = History(self.folder)
        ids, total = with_live(history.matching(job_filter), job_filter, live), history.count()
        jobs = [*history.active(), *history.newest(_AT_HAND)] if first else []
        kinds = self.book.unknown_kinds() | {kind_of(job) for job in jobs if job.is_active}
        past = {kind: history.durations(*kind) for kind in kinds}
        history.close()
        if get_current_worker().is_cancelled:
            return
        self.call_from_thread(self._take_history, job_filter, ids, total, jobs, past)
        if first:
            self.call_from_thread(self.welcome_back)

    def _take_history(
        self,
        job_filter: JobFilter,
        ids: list[str],
        total: int,
        jobs: list[Job],
        past: Mapping[Kind, list[float]],
    ) -> None:
        views = self.book.load(jobs)
        views += self.book.learn(past)
        if job_filter == self.jobs.job_filter:
            known = {view.job.id: view for view in views}
            self.jobs.show(list(known.values()), self.clock(), ids, total)
        self.show_status()
        self.show_today()
        self.retune()

    @on(ListingChanged)
    def _list_anew(self) -> None:
        self.load_history()

    @on(JobsWanted)
    def _jobs_wanted(self, event: JobsWanted) -> None:
        self._read_jobs(event.job_ids)

    @work(thread=True, group="rows")
    def _read_jobs(self, job_ids: tuple[str, ...]) -> None:
        """Read what came into sight."""
        history = History(self.folder)
        found = history.load_each(job_ids)
        history.close()
        self.call_from_thread(self._take_rows, job_ids, found)

    def _take_rows(self, asked: tuple[str, ...], found: dict[str, Job | Problem]) -> None:
        views = self.book.load(job for job in found.values() if isinstance(job, Job))
        # What was handed in is on the screen before its document is there.
        read = {view.job.id for view in views}
        views += [view for id in asked if id not in read and (view := self.book.get(id))]
        broken = {id: why for id, why in found.items() if isinstance(why, Problem)}
        self.jobs.fill(asked, views, broken, self.clock())
        if self.jobs.cursor_id in asked:
            self.show_status()
            self.bench.show_keys()

    def _show_added(self, jobs: list[Job]) -> None:
        """Show jobs that have just been handed in."""
        self.book.load(jobs)
        known = [view for job in jobs if (view := self.book.get(job.id)) is not None]
        self.jobs.change(known, self.clock())
        if self.bench.active == "editor":
            # Who has just written it means this one by the next key; who reads another stays there.
            self.jobs.stand_on(jobs[0].id)
        # Where the cursor has moved the first of them speaks for itself instead.
        text = ngettext("{count} clip is on its way.", "{count} clips are on their way.", len(jobs))
        if jobs[0].request.operation == "character":
            text = _("The character is on its way.")
        self.say(text.format(count=len(jobs)))
        self.show_status()
        self.show_today(jobs)
        self.retune()

    def take_jobs(self, events: list[JobChanged]) -> None:
        """Show these jobs as they are now."""
        from sora_tui.tui.presenters.job_news import news
        from sora_tui.tui.presenters.job_status import status

        moved = self.book.moved(events)
        finished = [job for job in moved if news([job])]
        self.call_person(moved)
        self.jobs.change(self.book.apply(events), self.clock())
        for job in finished:
            if job.id == self.jobs.cursor_id:
                self.say("")  # its own words are better than what was said of it before
            elif job.state is State.SAVED:
                self.say(status(JobView(job), self.clock(), self.size.width - 2, None))
            else:
                self.say(news([job]))
        if self.book.unknown_kinds():
            self.load_history()
        elif (
            moved
            and self.jobs.job_filter != JobFilter()
            and not self.context.ui.has_timer("relist")
        ):
            self.restart("relist", _RELIST, self._relist, once=True)
        shown = self.jobs.cursor_id
        if any(shown in {e.job.id, e.job.parent, e.job.request.source_job} for e in events):
            self._document = None
            self.read_document()
        self.show_status()
        self.show_today(event.job for event in events)
        self.retune()

    def _relist(self) -> None:
        self.restart("relist", None, self._relist)
        self.load_history()

    def show_today(self, jobs: Iterable[Job] = ()) -> None:
        """What the day has cost, now that these jobs are as they are; nothing while practising."""
        from sora_tui.core.budget import day_began
        from sora_tui.i18n.spending import today_words

        if self.settings.server.simulated:
            self.bench.banner.show_today("")
            self._money = None  # what moves meanwhile is read when it matters again
            return
        self._unsummed += jobs
        if self._money is None or self._money.day != day_began(self.clock()):
            self._count_today()
            return
        self._money.note(self._unsummed)
        self._unsummed = []
        self.bench.banner.show_today(today_words(self._money.spent, self.settings.budget))

    @work(thread=True, group="today", exclusive=True)
    def _count_today(self) -> None:
        """Read what was spent before this screen came, once a day."""
        from sora_tui.tui.day_money import DayMoney
        from sora_tui.workspace.day_records import read_day_records

        money = DayMoney(self.clock(), self.settings.budget.currency)
        money.read(read_day_records(self.folder, money.day))
        self.call_from_thread(self._take_money, money)

    def _take_money(self, money: DayMoney) -> None:
        self._money = money
        self.show_today()

    def on_status_line_width_changed(self) -> None:
        """Say it in other words."""
        self.show_status()

    def show_status(self) -> None:
        """What the highlighted job says, and how many there are."""
        editor = self.bench.editor
        writes = self.bench.active == "editor" and not editor.has_focus
        self.bench.status.show_job(self.jobs.status(_("esc, then ") if writes else ""))
        self.bench.banner.show_counts(*self.book.counts)
        self.show_title()

    # Somebody who looks elsewhere --------------------------------------------------------------

    def show_title(self) -> None:
        """What goes on, in the title of the window."""
        from sora_tui.tui.presenters.job_news import set_title, title

        text = title(*self.book.counts)
        if text != self.window_title:
            self.window_title = text
            self.send_sequence(set_title(text))

    def call_person(self, jobs: list[Job]) -> None:
        """Tell of jobs that have just ended or need the person, unless they look at us."""
        from sora_tui.tui.presenters.job_news import news

        text = news(jobs)
        if text and self.settings.notify != "off" and not self.session.has_focus:
            self._call(text)

    @work(thread=True, group="call")
    def _call(self, text: str) -> None:
        from sora_tui.tui.presenters.job_news import ask_tmux, call

        sequence = call(text, self.settings.notify, os.environ, ask_tmux(os.environ))
        self.call_from_thread(self.send_sequence, sequence)

    @work(thread=True, group="seen")
    def welcome_back(self) -> None:
        """Say what happened since this person's last screen, once the history is read."""
        from sora_tui.tui.presenters.welcome_back import last_seen, mark_seen, welcome

        before = last_seen(self.folder.root)
        with suppress(OSError):  # a state folder that cannot be written: no welcome next time
            mark_seen(self.folder.root)
        text = welcome(self.book.newest(), before, self.draft_restored, self.clock())
        if text:
            self.call_from_thread(self.say, text)

    @on(JobHighlighted)
    def _highlighted(self, event: JobHighlighted) -> None:
        if self.bench.inspector is None:
            return  # all of this comes with the panes
        self.say("")
        self.show_status()
        self.bench.show_keys()
        self.retune()
        self.read_document()
        self.context.signals.job_highlighted.publish(event.job_id)

    # What the engine says ---------------------------------------------------------------------

    def _hear(self, event: EngineEvent) -> None:
        """In the engine's thread: take note, and never wait for the screen."""
        from sora_tui.engine.events import JobChanged, JobRemoved

        with self._heard_lock:
            first = not self._heard
            match event:
                case JobChanged():
                    key = event.job.id
                case JobRemoved():
                    key = event.job_id
                case _:
                    key = type(event).__name__
            self._heard[key] = event
        if first and self._event_loop is not None:
            with suppress(RuntimeError):  # the loop has closed: nobody looks any more
                self._event_loop.call_soon_threadsafe(self.call_later, self._take_news)

    def _take_news(self) -> None:
        from sora_tui.engine.events import (
            EngineChanged,
            EngineFault,
            JobChanged,
            JobRemoved,
            RecordsFound,
            RemoteListed,
        )

        with self._heard_lock:
            heard, self._heard = self._heard, {}
        for event in heard.values():
            if isinstance(event, EngineChanged):
                self._take_engine(event)
            elif isinstance(event, EngineFault):
                self.complain(event.problem)
            elif isinstance(event, RemoteListed):
                self.context.signals.remote_listed.publish(event)
            elif isinstance(event, RecordsFound):
                self._take_found_records(event.number)
        jobs = [event for event in heard.values() if isinstance(event, JobChanged)]
        if jobs:
            self.context.signals.jobs_changed.publish(jobs)
        gone = {event.job_id for event in heard.values() if isinstance(event, JobRemoved)}
        if gone:
            self._take_away(gone)

    def _take_found_records(self, count: int) -> None:
        """Read the list again: documents came in beside us."""
        from sora_tui.i18n.formatting import thousands

        self.load_history()
        text = ngettext("{count} record came in.", "{count} records came in.", count)
        self.say(text.format(count=thousands(count)))

    def _take_away(self, job_ids: set[str]) -> None:
        for job_id in job_ids:
            self.book.remove(job_id)
        self.jobs.take_away(job_ids)
        self.bench.show_keys()
        self.show_status()
        self.retune()

    def _take_engine(self, engine: EngineChanged) -> None:
        self.jobs.set_engine(engine)
        self.bench.show_keys()
        if engine.holder is not None and self._holder is None:
            text = _(
                "Another sora-tui (pid {pid}) runs this folder. This screen shows the same jobs "
                "and hands yours to it."
            )
            self.say(text.format(pid=engine.holder.pid))
        self._holder = engine.holder

    # Time -------------------------------------------------------------------------------------

    def retune(self) -> None:
        """Announce that some timers are needed now, and others not."""
        self.context.signals.view_changed.publish(None)

    def _set_timers(self, _changed: None) -> None:
        """A tick a second while something moves, fewer without the focus, none at rest."""
        every = (_TICK if self.app_focus else _TICK_AWAY) if self.book.moves else None
        if every != self._tick_every:
            self._tick_every = every
            self.restart("tick", every, self._tick)
        watched = "inspector" in self.bench.seen and self.jobs.cursor_id is not None
        if watched != self.context.ui.has_timer("document"):
            self.restart("document", _TICK if watched else None, self.read_document)

    def restart(
        self, name: str, every: float | None, call: Callable[[], object], *, once: bool = False
    ) -> None:
        """Set the timer of this name anew, in seconds; None stops it."""
        self.context.ui.every(name, every, call, once=once)

    def _tick(self) -> None:
        self.jobs.tick(self.clock())
        self.show_status()

    def on_app_focus(self) -> None:
        """Somebody looks."""
        self.session.has_focus = True
        self.retune()

    def on_app_blur(self) -> None:
        """Nobody looks."""
        self.session.has_focus = False
        self.retune()

    # One job's document -----------------------------------------------------------------------

    def read_document(self) -> None:
        """Show the highlighted job in the inspector, if that is seen."""
        if "inspector" in self.bench.seen and self.bench.inspector is not None:
            self._read_document(self.jobs.cursor_id)

    @work(thread=True, group="document", exclusive=True)
    def _read_document(self, job_id: str | None) -> None:
        record = None if job_id is None else self.folder.metadata / f"{job_id}.json"
        before = _stamp(record)
        if (job_id, (before, _stamp(self._clip_path))) == self._document:
            return
        text = problem = job = parsed = lineage = None
        if job_id is not None:
            history = History(self.folder)
            try:
                text = history.load_text(job_id)
                job = history.load(job_id)
                lineage = history.lineage(job)
                parsed = json.loads(text)
            except ProblemError as error:
                problem = error.problem
            except (ValueError, RecursionError):
                parsed = None  # edited between the two readings: the next one tells
            history.close()
        stamp = (before, _stamp(self._clip_of(job)))
        said = (text, problem, job, parsed, lineage)
        self.call_from_thread(self._show_document, job_id, stamp, *said)

    def _clip_of(self, job: Job | None) -> Path | None:
        return self.folder.root / job.outputs[0].path if job is not None and job.outputs else None

    def _show_document(
        self,
        job_id: str | None,
        stamp: object,
        text: str | None,
        problem: Problem | None,
        job: Job | None,
        parsed: object,
        lineage: Lineage | None,
    ) -> None:
        if job_id != self.jobs.cursor_id:
            return
        self._document = None if job_id is None else (job_id, stamp)
        self._clip_path = self._clip_of(job)
        view = None if job_id is None else self.jobs.view(job_id)
        if job is not None and (view is None or not job.is_before(view.job)):
            view = JobView(job) if view is None else view._replace(job=job)
        if problem is not None and problem.code == "job_unknown":
            problem = None  # not claimed yet: its document is still on the way
        inspector = self.bench.inspector
        if inspector is not None:
            inspector.show(view, text, problem, self.clock(), parsed, lineage)
            self.bench.show_keys()
        self.context.signals.document_shown.publish(None)

    def on_json_tree_copied(self, event: JsonTree.Copied) -> None:
        """A part of a document is wanted."""
        self.context.ui.copy(event.text)

    # Looking and copying ----------------------------------------------------------------------

    def action_look(self) -> None:
        """Look at the highlighted job's clip."""
        view = self.jobs.cursor_view
        if view is not None:
            self.context.signals.clip_wanted.publish(view.job)

    def action_copy_path(self) -> None:
        """Copy what fetches the highlighted job's clip."""
        view = self.jobs.cursor_view
        if view is not None:
            self.copy(view.job)

    def copy(self, job: Job) -> None:
        """Copy what a person wants of a job."""
        from sora_tui.tui.services.player import what_to_copy

        self.context.ui.copy(what_to_copy(job, self.folder.root, os.environ))

    @work(thread=True, group="command")
    def command(self, job_id: str, verb: Verb, argument: str = "") -> None:
        """Ask the owner of the folder to do something with a job."""
        assert self.engine is not None
        try:
            self.engine.command(job_id, verb, argument)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)


def _stamp(path: Path | None) -> object:
    """What tells that a file became another one; None where there is none."""
    if path is not None:
        with suppress(OSError, ValueError):  # a NUL in a path that a document names
            facts = path.lstat()
            return (facts.st_mtime_ns, facts.st_size, facts.st_ino)
    return None
