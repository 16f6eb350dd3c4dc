"""Jobs of a server that this workspace does not know: listed, and read one by one to be adopted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sora_tui.client.probe import NO_LIST
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import VideosClient
from sora_tui.core.job import Job, State
from sora_tui.core.problem import Problem, problem, problem_error
from sora_tui.core.remote_video import RemoteVideo, inner_id, is_usable_id
from sora_tui.core.server import Server
from sora_tui.engine.events import RemoteListed
from sora_tui.engine.matching import candidates
from sora_tui.engine.pagination import walk_pages
from sora_tui.engine.rate_limit import RateLimiter
from sora_tui.engine.simulator_process import SimulatorProcess
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting
from sora_tui.workspace.lock import OwnerLock

T = TypeVar("T")

#: Pages of a whole listing, and of a quick one: a hundred rows each where the server can.
ALL_PAGES: Final = 20
ONE_PAGE: Final = 1


async def remote_jobs(
    client: VideosClient,
    rate_limiter: RateLimiter,
    server: Server,
    folder: Folder,
    history: History,
    pages: int,
) -> RemoteListed:
    """Return what the server has and this workspace does not know, newest first.

    Documents in the trash and requests that no owner has claimed yet count as known. A server
    without a list, or one that does not answer, is a `problem` of the event, not an error.
    """
    videos: list[RemoteVideo] = []
    skew: float | None = None
    more = False
    try:
        async for page in walk_pages(client, rate_limiter, pages):
            videos += page.fresh
            skew = page.skew if page.skew is not None else skew
            more = page.more
    except ServerError as failure:
        # What came before a page that failed is reported all the same.
        return _unknown(server, folder, history, videos, videos != [], skew, _why(server, failure))
    return _unknown(server, folder, history, videos, more, skew, None)


def known_ids(folder: Folder, history: History, origin: str) -> set[str]:
    """Return every id (`inner_id`) that a job of the workspace has there, or is about to have."""
    asked = (job.remote_id for job in waiting(folder) if job.server.origin == origin)
    return history.known_remote_ids(origin) | {
        inner_id(remote_id) for remote_id in asked if remote_id
    }


def without_taken(folder: Folder, history: History, job: Job) -> Job:
    """Return an unconfirmed job without candidates that another job has got since the search."""
    if job.search is None or not job.search.found:
        return job
    known = known_ids(folder, history, job.server.origin)
    free = (
        each for each in job.search.found if "id" in each.other or inner_id(each.id) not in known
    )
    return replace(job, search=job.search._replace(found=tuple(free)))


def unconfirmed_by_candidate(folder: Folder, history: History, origin: str) -> dict[str, str]:
    """Return the unconfirmed job for which the last search offered each video, by `inner_id`."""
    lost = (job for job in history.active() if job.state is State.UNCONFIRMED and job.search)
    return {
        inner_id(candidate.id): job.id
        for job in (without_taken(folder, history, each) for each in lost)
        if job.server.origin == origin and job.search is not None
        for candidate in job.search.found
    }


def list_remote(folder: Folder, server: Server) -> RemoteListed:
    """Return the same for a script: blocks, needs no engine, sends nothing that costs.

    Raises:
        ProblemError: owned_elsewhere, where another process runs the simulator;
            folder_not_writable, where it cannot run; the reason why the server cannot be reached
            (key_missing, key_command_failed, ...).
    """

    async def ask(client: VideosClient) -> RemoteListed:
        history = History(folder)
        try:
            return await remote_jobs(client, RateLimiter(), server, folder, history, ALL_PAGES)
        finally:
            history.close()

    return asyncio.run(_spoken_to(folder, server, ask))


def read_remote(
    folder: Folder, server: Server, video_ids: Sequence[str]
) -> list[RemoteVideo | Problem]:
    """Poll each of these videos once, for a script; return the problem where one is not available.

    Raises:
        ProblemError: As `list_remote`.
    """

    async def ask(client: VideosClient) -> list[RemoteVideo | Problem]:
        return [await _read(client, server, video_id) for video_id in video_ids]

    return asyncio.run(_spoken_to(folder, server, ask))


async def _read(client: VideosClient, server: Server, video_id: str) -> RemoteVideo | Problem:
    if not is_usable_id(video_id):
        return problem("video_unknown", host=server.host, video=video_id)
    try:
        video = (await client.retrieve(video_id)).video
    except ServerError as failure:
        if failure.not_found:
            said = failure.error.message
            return problem("video_unknown", host=server.host, video=video_id, message=said)
        return failure.error.problem
    # The id that was named is the one that answers; some gateways report another.
    return video._replace(id=video_id)


async def _spoken_to(
    folder: Folder, server: Server, ask: Callable[[VideosClient], Awaitable[T]]
) -> T:
    """Ask a server something from a process that has no engine."""
    if server.simulated and not folder.writable:
        raise problem_error("folder_not_writable", path=str(folder.metadata))
    practice = SimulatorProcess(folder)
    lock = OwnerLock(folder)
    if server.simulated and not lock.try_acquire():
        raise problem_error("owned_elsewhere")  # the other process's simulator has these jobs
    try:
        client = VideosClient(await practice.connect(server) if server.simulated else server)
        try:
            return await ask(client)
        finally:
            await client.aclose()
    finally:
        await practice.stop()
        lock.release()


def _unknown(
    server: Server,
    folder: Folder,
    history: History,
    videos: Sequence[RemoteVideo],
    more: bool,
    skew: float | None,
    why: Problem | None,
) -> RemoteListed:
    known = known_ids(folder, history, server.origin)
    unknown = tuple(video for video in videos if inner_id(video.id) not in known)
    lost = {
        video.id: job.id
        for job in history.active()
        # One whose answer is still to come has no id either.
        if job.state in {State.SUBMITTING, State.UNCONFIRMED} and job.server.origin == server.origin
        for video in candidates(job, unknown, known, skew)
    }
    return RemoteListed(server.name, unknown, more, lost, why)


def _why(server: Server, failure: ServerError) -> Problem:
    if failure.not_found or failure.error.status in NO_LIST:
        return problem("no_list", host=server.host, message=failure.error.message)
    return failure.error.problem
