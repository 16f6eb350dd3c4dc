"""The engine: the only mover of jobs in a workspace, in a thread and a loop of its own.

A terminal that stops reading blocks the loop of the screen; a clip may expire meanwhile. So nothing
here waits for a face: faces hand jobs in through files and hear of changes through listeners that
only take note.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from sora_tui.core.job import Batch, Consent, Cost, Job, State
from sora_tui.core.job_id import JobIds
from sora_tui.core.limits import Budget
from sora_tui.core.price import Price
from sora_tui.core.problem import Problem, ProblemError, Spent
from sora_tui.core.remote_video import RemoteVideo, inner_id
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import Listener, utc_now
from sora_tui.engine.session import EngineSession
from sora_tui.workspace.folder import Folder, check_room
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, hand_in, send_command, waiting, withdraw
from sora_tui.workspace.lock import OwnerLock
from sora_tui.workspace.queue_pause import set_paused
from sora_tui.workspace.references import Prepared, keep

Verb = Literal["cancel", "retry", "adopt", "abandon", "delete", "look"]

#: Room in bytes for a document, its intent and its answer.
_ROOM: Final = 256 * 1024
_NO_LIMITS: Final = Budget()
#: Longest wait, in seconds, for another owner to withdraw a job.
_OBEYED_WITHIN: Final = 2.0
_CHECK_EVERY: Final = 0.1


class Engine:
    """Moves the jobs of one folder, if this process holds its lock; otherwise watches.

    Args:
        folder: The workspace.
        servers: Every profile by name; a job is only ever sent to the origin it names.
        budget: The person's limits; as owner of the folder the engine sends nothing beyond them.
        simulator_speed: How many times faster than real servers the simulator is.
        alone: The person said that no other process uses the folder: locks need not be trusted.
        sends: Whether pending jobs are sent. A command such as `cancel` must not cause payments.
    """

    def __init__(
        self,
        folder: Folder,
        servers: Mapping[str, Server],
        *,
        budget: Budget = _NO_LIMITS,
        simulator_speed: float = 1.0,
        alone: bool = False,
        sends: bool = True,
    ) -> None:
        self._folder = folder
        self._servers = servers
        self._budget = budget
        self._speed = simulator_speed
        self._alone = alone
        self._sends = sends
        self._ids = JobIds()
        self._ids_lock = threading.Lock()
        self._listeners: list[Listener] = []
        #: Ids of jobs that this process handed in to be sent.
        self._handed_in: list[str] = []
        self._thread: threading.Thread | None = None
        self._run: EngineSession | None = None

    # For the faces; every method may be called from any thread --------------------------------

    def start(self) -> None:
        """Start in a thread of its own; returns at once. May be called again after `stop`."""
        run = EngineSession(
            self._folder,
            self._servers,
            self._speed,
            self._listeners,
            budget=self._budget,
            alone=self._alone,
            sends=self._sends,
        )
        self._run = run
        self._thread = threading.Thread(target=run.run_forever, name="engine", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 2.5) -> bool:
        """Stop between two durable writes, waiting only for a paid request in flight.

        Returns:
            Whether everything came to rest within `timeout` seconds. If not, nothing is lost
            either: the intent is on disk and the next start searches for the answer.
        """
        if self._run is None or self._thread is None:
            return True
        self._run.ask_to_stop()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of changes. The listener runs in the engine's thread and must only take note.

        Returns:
            A function that ends the subscription.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def submit(
        self,
        server: Server,
        request: VideoRequest,
        price: Price,
        consent: Consent,
        prepared: Prepared | None = None,
        count: int = 1,
        *,
        parent: str | None = None,
        once_more: bool = False,
        takes: Sequence[Batch] | None = None,
    ) -> list[Job]:
        """Hand in one order of `count` clips; durable when this returns.

        Blocks for a few fsyncs: a screen calls it in a worker.

        Args:
            server: The server that the clips are for.
            request: What is asked for.
            price: The price of one clip.
            consent: What the person agreed to.
            prepared: The reference picture, where the request has one.
            count: How many clips of the request.
            parent: The job that this one sends again. An unconfirmed one is abandoned when this is
                sent; if it was found meanwhile, or sent again by another, nothing is sent.
            once_more: The person saw how `parent` had ended: it stays as it is, and this is sent.
            takes: Which takes of a batch these clips are, in place of `count`.

        Raises:
            ProblemError: the request is invalid (prompt_empty, size_invalid, ...), or the folder
                cannot take it (disk_full, folder_not_writable). Nothing was sent, unless the
                problem says that money is perhaps spent.
        """
        # The profile's own parameters are sent too, so the record has them.
        request = request._replace(params=server.with_own(request.params))
        check_request(request)
        count = count if takes is None else len(takes)
        check_room(self._folder, _ROOM * count)
        if prepared is not None:
            keep(self._folder, prepared)
        cost = Cost(price.sum, None, price.currency, price.per_second, price.clips)
        jobs: list[Job] = []
        for index in range(1, count + 1):
            at = utc_now()
            job_id = self._next_id()
            batch = Batch(jobs[0].id if jobs else job_id, index, count) if count > 1 else None
            if takes is not None:
                batch = takes[index - 1]
            job = Job.new(
                job_id,
                at,
                server.ref,
                request,
                cost=cost,
                consent=consent,
                simulated=server.simulated,
                parent=parent,
                once_more=once_more,
                batch=batch,
            )
            try:
                job = hand_in(self._folder, job)
            except ProblemError as error:
                self._take_back(jobs, error.problem)
                raise
            jobs.append(job)
        self._handed_in += [job.id for job in jobs]
        self._wake()
        return jobs

    def take_back(self) -> list[Job]:
        """Withdraw what was handed in here and is not being sent. Call it after `stop`.

        A command that ends early would otherwise leave an order that the next one sends, beside
        the one that the person gives again. Blocks, up to two seconds where another process owns
        the folder and is asked to do it.

        Returns:
            Every job that was handed in here, as it stands now.

        Raises:
            ProblemError: disk_full or folder_not_writable: the rest still waits.
        """
        job_ids, self._handed_in = self._handed_in, []
        if not job_ids:
            return []
        lock = OwnerLock(self._folder, alone=self._alone)
        history = History(self._folder)
        jobs: list[Job] = []
        try:
            owns = lock.try_acquire()
            for job_id in job_ids:
                request = next((job for job in waiting(self._folder) if job.id == job_id), None)
                if request is not None and withdraw(self._folder, job_id):
                    jobs.append(request.withdrawn(utc_now()))
                    continue
                job = history.load(job_id)
                if job.state is State.PENDING and not job.attempts:
                    job = self._withdrawn(job, history, owns)
                jobs.append(job)
        finally:
            lock.release()
            history.close()
        return jobs

    def may_take_back(self, job: Job) -> bool:
        """Return whether this engine handed the job in, and nothing of it was sent yet."""
        is_own = job.id in self._handed_in
        return is_own and job.state is State.PENDING and not job.attempts

    def _withdrawn(self, job: Job, history: History, owns: bool) -> Job:
        if owns:
            return history.save(job.withdrawn(utc_now()))
        send_command(self._folder, Command(job.id, "cancel"))
        end = time.monotonic() + _OBEYED_WITHIN
        while job.state is State.PENDING and time.monotonic() < end:
            time.sleep(_CHECK_EVERY)
            job = history.load(job.id)
        return job

    def pause_queue(self, paused: bool) -> None:
        """Stop sending pending jobs, or resume; every process of the folder follows it.

        Raises:
            ProblemError: disk_full or folder_not_writable; nothing is changed.
        """
        set_paused(self._folder, paused)
        if not paused:
            history = History(self._folder)
            self.go_on(job for job in history.active() if job.is_stopped)
            history.close()
        self._wake()

    def go_on(self, jobs: Iterable[Job]) -> None:
        """Have jobs sent that wait because answers to other paid requests were unclear.

        Durable on return; the owner of the folder does it, in any process.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        for job in jobs:
            self.command(job.id, "retry")

    def command(self, job_id: str, verb: Verb, argument: str = "") -> None:
        """Ask the owner, in any process, to do something with a job; durable on return."""
        send_command(self._folder, Command(job_id, verb, argument))
        self._wake()

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Replace the profiles; returns at once."""
        self._servers = servers
        if self._run is not None:
            self._run.use_servers(servers)

    def list_remote(self, name: str, pages: int | None = None) -> None:
        """Ask which videos the server of this profile has that the workspace does not know.

        Returns at once; a `RemoteListed` event follows. Costs nothing and needs no lock.

        Args:
            name: The name of the profile.
            pages: Most pages of its list to read; None reads as many as are reasonable.
        """
        if self._run is not None:
            self._run.list_remote(name, pages)

    def adopt_remote(self, server: Server, videos: Iterable[RemoteVideo]) -> list[Job]:
        """Adopt jobs that were made elsewhere; durable when this returns.

        They are polled and downloaded like any other, and never sent. Blocks for a few fsyncs.

        Returns:
            The new jobs; a video that a job of this workspace has already makes none.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        from sora_tui.engine.remote_jobs import known_ids  # brings the client

        history = History(self._folder)
        known = known_ids(self._folder, history, server.origin)
        history.close()
        jobs: list[Job] = []
        for video in videos:
            if inner_id(video.id) in known:
                continue
            known.add(inner_id(video.id))
            job = Job.adopted(
                self._next_id(),
                utc_now(),
                server.ref,
                video,
                simulated=server.simulated,
                free=server.free,
            )
            hand_in(self._folder, job)
            jobs.append(job)
        self._wake()
        return jobs

    def _take_back(self, jobs: list[Job], why: Problem) -> None:
        """Withdraw the jobs of an order that failed half way, unless an owner has some of it.

        Raises:
            ProblemError: `why`, saying that it may cost money all the same.
        """
        if [job for job in jobs if not withdraw(self._folder, job.id)]:
            raise ProblemError(replace(why, spent=Spent.PERHAPS))

    def _next_id(self) -> str:
        with self._ids_lock:
            return self._ids.next(utc_now())

    def _wake(self) -> None:
        if self._run is not None:
            self._run.wake()
