"""One life of the engine between start and stop: own the folder, or watch its owner."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, assert_never

from sora_tui.core.job import Job, JobError, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Problem, ProblemError, Spent, problem, problem_error
from sora_tui.core.remote_video import inner_id
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import ActiveJobs, EventBus, Listener, utc_now
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.capabilities import with_known_dialect
from sora_tui.engine.downloads import WORKERS, Downloads
from sora_tui.engine.events import (
    EngineChanged,
    EngineFault,
    JobChanged,
    RecordsFound,
    RemoteListed,
)
from sora_tui.engine.previews import Previews
from sora_tui.engine.simulator_process import SimulatorProcess
from sora_tui.engine.threads import in_daemon_thread
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.folder_mark import folder_mark, has_known_past, sweep_begun
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, claim, commands, done
from sora_tui.workspace.lock import OwnerLock
from sora_tui.workspace.outputs import sweep_parts
from sora_tui.workspace.queue_pause import is_paused

if TYPE_CHECKING:
    from sora_tui.engine.rate_limit import CreateLimit
    from sora_tui.engine.server_worker import ServerWorker

#: Seconds between checks of the lock, the inbox and, with another owner, the documents.
_ROUND: Final = 1.0
#: A part that failed on a fault of ours starts again after this many seconds.
_AGAIN: Final = 5.0

_log = logging.getLogger("sora_tui.engine")


class EngineSession:
    """Everything the engine's thread holds; made by `Engine.start`, gone after `stop`."""

    def __init__(
        self,
        folder: Folder,
        servers: Mapping[str, Server],
        simulator_speed: float,
        listeners: list[Listener],
        *,
        budget: Budget,
        alone: bool,
        sends: bool = True,
    ) -> None:
        self._folder = folder
        self._budget = budget
        self._servers = servers
        self._practice = SimulatorProcess(folder, simulator_speed)
        self._listeners = listeners
        self._lock = OwnerLock(folder, alone=alone)
        self._sends = sends
        self._owns = False
        self._began = utc_now()
        self._paused = False
        self._refused: Problem | None = None
        self._published: EngineChanged | None = None
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake: asyncio.Event | None = None
        #: Requests of faces: a listing (profile, pages), or other profiles.
        self._requests: SimpleQueue[tuple[str, int | None] | Mapping[str, Server]] = SimpleQueue()

    # From any thread --------------------------------------------------------------------------

    def ask_to_stop(self) -> None:
        """Ask the session to come to rest."""
        self._stopping.set()
        self.wake()

    def list_remote(self, name: str, pages: int | None) -> None:
        """Publish which videos the server of this profile has that the workspace does not know."""
        self._requests.put((name, pages))
        self.wake()

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Replace the profiles."""
        self._requests.put(servers)
        self.wake()

    def wake(self) -> None:
        """Read the inbox now."""
        loop, awake = self._loop, self._awake
        if loop is not None and awake is not None and not loop.is_closed():
            loop.call_soon_threadsafe(awake.set)

    # In the engine's thread -------------------------------------------------------------------

    def run_forever(self) -> None:
        """Run the thread; a fault of ours is reported, never swallowed."""
        while not self._stopping.is_set():
            try:
                asyncio.run(self._main())
            except Exception as error:  # noqa: BLE001 -- the report is the handling
                self._report(error)
                self._stopping.wait(_AGAIN)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._awake = awake = asyncio.Event()
        self._event_bus = EventBus(self._listeners)
        self._reset()
        try:
            while not self._stopping.is_set():
                awake.clear()
                await self._guarded_round()
                try:
                    await asyncio.wait_for(awake.wait(), _ROUND)
                except TimeoutError:
                    continue
        finally:
            try:
                await self._rest()
            finally:
                self._lock.release()

    def _reset(self) -> None:
        """Reset what belongs to one ownership."""
        self._owns = False
        self._workers: dict[str, ServerWorker] = {}
        self._limits: dict[str, CreateLimit] = {}
        self._polling: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: set[Path] = set()
        self._history = History(self._folder)
        self._cache = CapabilityCache(self._folder)
        budget_guard = BudgetGuard(self._budget, self._folder, self._servers)
        self._active_jobs = ActiveJobs(
            self._history, self._event_bus, budget_guard, lambda: self._lock.held, self._servers
        )
        self._active_jobs.on_step = self._stepped
        self._previews = Previews(self._active_jobs, self._folder, self._cache, self._server_of)
        self._downloads = Downloads(
            self._active_jobs, self._folder, self._server_of, self._previews.want
        )

    async def _guarded_round(self) -> None:
        """Run one round; a refusal of the disk is reported once, as it may end a moment later."""
        try:
            await self._round()
        except ProblemError as error:
            if error.problem != self._refused:
                self._refused = error.problem
                self._report(error)
        else:
            self._refused = None

    async def _round(self) -> None:
        if self._owns and not self._lock.held:
            # The lock file was removed: another process may be the owner by now.
            await self._rest()
            self._reset()
        if not self._owns and self._folder.writable and self._lock.try_acquire():
            try:
                self._take_over()
            except ProblemError:
                # Half a takeover would leave jobs behind: all of it, or another owner's turn.
                await self._rest()
                self._reset()
                self._lock.release()
                raise
        if self._owns:
            self._take_in(self._claim(), found=False)
            for path, command in commands(self._folder):
                self._execute_command(path, command)
            self._active_jobs.take_notes()
            self._take_external_changes()
        else:
            self._publish_changes()
        while not self._requests.empty():
            request = self._requests.get()
            if isinstance(request, tuple):
                work = self._list_remote(*request)
                self._keep(asyncio.create_task(work, name=f"remote jobs of {request[0]}"))
            else:
                self._keep(asyncio.create_task(self._use_servers(request), name="other profiles"))
        if self._paused != (paused := is_paused(self._folder)):
            self._paused = paused
            for worker in self._workers.values():
                worker.wake()
        self._publish_state()

    def _publish_changes(self) -> None:
        """Publish what another owner did."""
        for job in self._history.poll_changes():
            self._event_bus.job(JobChanged(job))
        for job_id in self._history.poll_gone():
            self._event_bus.removed(job_id)

    async def _rest(self) -> None:
        """Wait for what is worth money and stop the rest, so that another process may own."""
        self._downloads.stop()
        self._previews.stop()
        for worker in self._workers.values():
            await worker.settle()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers.values():
            await worker.close()
        for job in tuple(self._active_jobs.jobs.values()):
            if job.state is State.DOWNLOADING:
                with suppress(ProblemError):  # the next owner finds it so and does the same
                    self._active_jobs.put(job.interrupted(utc_now()))
        await self._practice.stop()
        self._event_bus.flush()

    # Owning -----------------------------------------------------------------------------------

    def _take_over(self) -> None:
        # What the last owner did last: faces that followed it have not heard of that.
        self._publish_changes()
        self._owns = True
        sweep_parts(self._folder)
        sweep_begun(self._folder)
        folder_mark(self._folder)  # from the first start on
        came = self._history.own()
        for number in range(1, WORKERS + 1):
            self._spawn(self._downloads.work, f"download worker {number}")
        self._spawn(self._previews.work, "previews")
        self._take_in(self._history.active(), found=True)
        self._publish_found(came)

    def _take_external_changes(self) -> None:
        """Go on with jobs whose documents another program put here, and publish the others."""
        jobs, count, gone = self._history.take_external_changes()
        self._take_in((job for job in jobs if job.is_active or job.needs_decision), found=True)
        for job_id in gone:
            if (
                job_id not in self._active_jobs.jobs
            ):  # its document is written again at its next step
                self._event_bus.removed(job_id)
        self._publish_found(count)

    def _publish_found(self, count: int) -> None:
        if count:
            for listener in tuple(self._listeners):
                listener(RecordsFound(count))

    def _claim(self) -> list[Job]:
        """Return the requests that came in; a video that two processes adopted comes in once."""
        claimed: list[Job] = []
        for job in claim(self._folder):
            self._history.save(job)  # the document says it already; the index does not
            if job.is_adopted and any(
                inner_id(other.remote_id or "") == inner_id(job.remote_id or "")
                and other.server.origin == job.server.origin
                for other in (*self._active_jobs.jobs.values(), *claimed)
            ):
                self._history.trash(job.id)
            else:
                claimed.append(job)
        return claimed

    def _take_in(self, jobs: Iterable[Job], *, found: bool) -> None:
        """Take jobs on.

        Args:
            jobs: The jobs to work on.
            found: The jobs stood in documents at a start: what happened to them since is not known.
        """
        for job in jobs:
            if job.is_final and not job.needs_decision:  # adopted, and over already
                self._event_bus.job(JobChanged(job))
                continue
            self._active_jobs.take_in(job)
            try:
                now = self._as_found(job)
                if now is not job:
                    self._active_jobs.put(now)
                    continue
                if found and job.state is State.PENDING and not job.simulated:
                    self._active_jobs.unchecked.add(job.id)
                self._stepped(job)
            except ProblemError:
                raise
            except Exception as error:  # noqa: BLE001 -- a fault of ours: reported; others go on
                self._active_jobs.report_fault(job, error)

    def _as_found(self, job: Job) -> Job:
        """Return what a job on disk has become after the process that moved it has ended."""
        match job.state:
            case State.SUBMITTING:
                message = "the program ended while it was sending"
                why = JobError("answer_lost", Spent.PERHAPS, message=message)
                return job.unconfirmed(utc_now(), why)
            case State.DOWNLOADING:
                return job.interrupted(utc_now())
            case State.PENDING if self._sends and not has_known_past(self._folder, job):
                return job.of_unknown_past(utc_now(), JobError("past_unknown", Spent.PERHAPS))
        return job

    def _stepped(self, job: Job) -> None:
        """Handle a step of a job: a worker may have something to do now."""
        if job.state is State.COMPLETED and job.is_active:
            self._downloads.want(job)
        server = self._active_jobs.server_of(job)
        if server is not None and (job.is_active or job.needs_decision):
            self._worker(server).wake()
        elif server is not None and (worker := self._workers.get(server.name)) is not None:
            worker.wake()
        elif job.is_active or job.needs_decision:
            ref = job.server
            why = problem("profile_unknown", name=ref.profile, url=ref.base_url)
            self._active_jobs.report_blocked(job, why, timedelta(days=1))
            return
        for other in self._workers.values():  # a doubt that is over stops no profile of it
            if other.server.origin == job.server.origin:
                other.wake()
        self._publish_state()

    def _worker(self, server: Server) -> ServerWorker:
        worker = self._workers.get(server.name)
        if worker is None:
            # It imports the client, which a folder without moving jobs does not need.
            from sora_tui.engine.server_worker import ServerWorker

            worker = ServerWorker(
                server,
                self._active_jobs,
                self._folder,
                self._connect,
                self._report,
                self._cache,
                self._limit(server.origin),
                sends=self._sends,
            )
            self._workers[server.name] = worker
            self._polling[server.name] = self._spawn(
                worker.wait_for_completion, f"poller {server.name}"
            )
        return worker

    def _limit(self, origin: str) -> CreateLimit:
        """Return the limit that all profiles of one server share: paid requests at once."""
        from sora_tui.engine.rate_limit import CreateLimit

        return self._limits.setdefault(origin, CreateLimit(self._began))

    def _go_on(self, job: Job) -> None:
        """Send this job although answers of its server were unclear: a person wants it sent."""
        self._limit(job.server.origin).go_on(utc_now())
        if job.is_stopped:
            self._active_jobs.put(job.unblocked(utc_now()))

    async def _server_of(self, job: Job) -> Server:
        """Return the server for this job, with the cookies that are its own."""
        server = self._active_jobs.server_of(job)
        if server is None:
            raise problem_error("profile_unknown", name=job.server.profile)
        return (await self._connect(server))._replace(cookies=job.cookies)

    async def _connect(self, server: Server) -> Server:
        if server.simulated:
            return await self._practice.connect(server)
        if server.key is not None and not server.key.is_at_hand:
            # A password manager may wait for a person; the jobs of other servers do not.
            await in_daemon_thread(server.key.reveal, f"key of {server.name}")
        return with_known_dialect(server, self._cache)

    # Requests of faces ------------------------------------------------------------------------

    async def _list_remote(self, name: str, pages: int | None) -> None:
        server = self._servers.get(name)
        if server is None:
            listed = RemoteListed(name, problem=problem("profile_unknown", name=name))
        elif server.simulated and not self._owns:
            # The owner's simulator has them; a second one on the same files must not run.
            listed = RemoteListed(name, problem=problem("owned_elsewhere"))
        else:
            try:
                listed = await self._worker(server).remote_jobs(pages)
            except Exception as error:  # noqa: BLE001 -- reported; the face that asked must get an answer
                self._report(error)
                listed = RemoteListed(name, problem=problem("internal_fault"))
        for listener in tuple(self._listeners):
            listener(listed)

    async def _use_servers(self, servers: Mapping[str, Server]) -> None:
        """Go on with other profiles. A paid request in flight is completed with the old one."""
        self._servers = servers
        self._active_jobs.use_servers(servers)
        for name, worker in tuple(self._workers.items()):
            if self._servers.get(name) == worker.server:
                continue
            await worker.settle()
            if self._workers.get(name) is worker:
                del self._workers[name]
                self._polling.pop(name).cancel()
                await worker.close()
        for job in tuple(self._active_jobs.jobs.values()):
            self._active_jobs.show_retry(job, None)
            self._stepped(job)

    # Commands ---------------------------------------------------------------------------------

    def _execute_command(self, path: Path, command: Command) -> None:  # noqa: C901, PLR0912 -- one case a verb
        """Execute a face's command. Replay is harmless: a step that is done is illegal twice."""
        if path in self._asking:
            return
        at = utc_now()
        try:
            job = self._active_jobs.jobs.get(command.job_id) or self._history.load(command.job_id)
            match command.verb:
                case "cancel":
                    self._active_jobs.put(job.withdrawn(at))
                case "retry" if job.state is State.PENDING:
                    self._go_on(job)
                case "retry":
                    self._active_jobs.put(job.retried(at, folder_mark(self._folder)))
                case "abandon":
                    self._active_jobs.put(job.abandoned(at))
                case "look" if job.can_recheck_remote:
                    self._ask(path, job, lambda worker: worker.recheck(job))
                    return
                case "look":
                    self._active_jobs.put(job.download_retried(at))
                case "adopt":
                    self._adopt(path, job, command.argument)
                    return
                case "delete" if command.argument == "remote":
                    self._delete_there(path, job)
                    return
                case "delete":
                    if job.is_active or job.needs_decision:
                        raise problem_error("step_illegal", job=job.id, state=job.state.value)
                    self._history.trash(job.id)
                    self._event_bus.removed(job.id)
                case _:
                    assert_never(command.verb)
        except ProblemError as error:
            _log.warning("%s %s: %s", command.verb, command.job_id, error)
        done(path)

    def _adopt(self, path: Path, job: Job, video_id: str) -> None:
        """Adopt a video that was named for an unconfirmed job, after asking the server."""
        if job.state is State.UNCONFIRMED:
            self._ask(path, job, lambda worker: worker.adopt(job.id, video_id))
        else:
            self._refuse(path, job)

    def _delete_there(self, path: Path, job: Job) -> None:
        """Delete a video at its server, then the record."""
        if job.can_delete_remote:
            self._ask(path, job, lambda worker: worker.delete(job))
        else:
            self._refuse(path, job)

    def _ask(self, path: Path, job: Job, ask: Callable[[ServerWorker], Awaitable[None]]) -> None:
        """Execute a command that waits for a server, without waiting for it."""
        server = self._active_jobs.server_of(job)
        if server is None:
            # The process that waits for the answer has to learn that none comes.
            self._active_jobs.put(job.noted(utc_now(), "not asked: no profile has its server"))
            self._refuse(path, job)
            return
        self._asking.add(path)
        worker = self._worker(server)

        async def carry_out() -> None:
            try:
                await ask(worker)
            except Exception as error:  # noqa: BLE001 -- reported; the person may ask once more
                self._report(error)
            # Only now: if this process ends, the next owner of the folder executes it.
            done(path)
            self._asking.discard(path)

        self._keep(asyncio.create_task(carry_out(), name=f"command for {job.id}"))

    def _refuse(self, path: Path, job: Job) -> None:
        _log.warning("a command for %s: not possible", job.id)
        done(path)

    # Tasks and events -------------------------------------------------------------------------

    def _spawn(self, work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
        async def again_and_again() -> None:
            while True:
                try:
                    await work()
                except Exception as error:  # noqa: BLE001 -- reported; the others go on
                    self._report(error)
                await asyncio.sleep(_AGAIN)

        task = asyncio.create_task(again_and_again(), name=name)
        self._keep(task)
        return task

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _report(self, error: Exception) -> None:
        why = error.problem if isinstance(error, ProblemError) else problem("internal_fault")
        # format_exception shows no local variables: a key may be among them.
        fault = EngineFault(why, "".join(traceback.format_exception(error)))
        _log.error("%s\n%s", why.code, fault.report)
        for listener in tuple(self._listeners):
            listener(fault)

    def _publish_state(self) -> None:
        pollers = tuple(self._workers.values())
        offline = {p.server.name: until for p in pollers if (until := p.offline_until) is not None}
        state = EngineChanged(
            owner=self._owns,
            holder=None if self._owns else self._lock.holder(),
            running=sum(job.is_active for job in self._active_jobs.jobs.values()),
            workers=sum(worker.at_work for worker in pollers),
            downloads=self._downloads.at_work,
            downloads_max=WORKERS,
            offline=offline,
            paused=self._paused,
            stopped=any(worker.is_stopped for worker in pollers),
        )
        if state != self._published:
            self._published = state
            for listener in tuple(self._listeners):
                listener(state)
