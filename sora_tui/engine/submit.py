"""The paid request: the intent durable first, sent once, and the job after its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

from sora_tui.client.dialect import has_no_route
from sora_tui.client.outcome import Accepted, CreateOutcome, Later, NotSent, Rejected, Unclear
from sora_tui.client.videos import Upload, VideosClient
from sora_tui.core.job import Job, JobError, Output, State
from sora_tui.core.problem import Problem, ProblemError, Spent, problem, problem_error
from sora_tui.core.remote_video import inner_id
from sora_tui.core.request import OPERATIONS
from sora_tui.core.server import Server, sending_refusal
from sora_tui.engine.active_jobs import ActiveJobs, local_error, utc_now
from sora_tui.engine.clip_files import DamagedError, clip_numbers, published
from sora_tui.engine.orders import unmet
from sora_tui.engine.quote import quote
from sora_tui.engine.rate_limit import UNCLEAR_WAIT
from sora_tui.engine.recovery import replace_parent
from sora_tui.engine.threads import in_daemon_thread
from sora_tui.workspace.content_refusals import refusal_before
from sora_tui.workspace.folder import Folder, check_room, open_folder
from sora_tui.workspace.folder_mark import key_of, note_begun
from sora_tui.workspace.inbox import Command, send_command
from sora_tui.workspace.outputs import PartFile
from sora_tui.workspace.references import sent_bytes, sent_path
from sora_tui.workspace.source_clips import clip_bytes

#: How much a document may grow, in bytes, until the answer is written (reserve before spend).
_ROOM: Final = 256 * 1024
#: Deferrals after which a server that always says 429 is no longer asked (fault 11).
_MAX_DEFERRALS: Final = 3
_SUFFIX: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


async def generate_video(  # noqa: C901 -- the order is the promise, so it stands in one place
    active_jobs: ActiveJobs,
    folder: Folder,
    client: VideosClient,
    server: Server,
    job: Job,
    taken_at: datetime | None = None,
) -> Job:
    """Send a pending job's paid request, once.

    The order is the promise: the picture or clip is read and its hash compared, room on the disk is
    checked for the new clip and reserved for the answer, the request is built, the intent with its
    key is durable, and only then the first byte is sent.
    Whatever happens after that, the document says at least that it may have been sent.

    Args:
        active_jobs: The jobs of this engine; writes their documents.
        folder: The workspace.
        client: Reaches the server.
        server: The server that the job is for.
        job: The pending job.
        taken_at: When the server last took or had a job of ours, which distinguishes a busy server
            from one that never will.

    Returns:
        The job after its outcome is durable.

    Raises:
        ProblemError: disk_full or similar, over_budget, price_unknown or refused_before, with
            nothing sent: the job still waits. Or owned_elsewhere.
    """
    try:
        upload = await _upload(folder, job)
    except ProblemError as error:
        return active_jobs.put(job.not_sent(utc_now(), local_error(error.problem)))
    if active_jobs.jobs.get(job.id) is not job:  # withdrawn, or given notes, while a clip was read
        return active_jobs.jobs.get(job.id, job)
    check_room(folder, _ROOM)
    # Nothing is awaited between the last check of the limits and the intent that reserves the
    # money.
    if (why := _last_doubt(active_jobs, folder, server, job)) is not None:
        raise ProblemError(why)
    if job.parent is not None:
        job = replace_parent(active_jobs, job)
        if job.state is not State.PENDING:
            return job
    key = key_of(job)
    paid = client.prepare(job.request, upload, key)
    active_jobs.history.reserve(job)
    try:
        job = active_jobs.put(job.submitting(utc_now(), key, client.clock_skew))
    except ProblemError as error:
        if error.problem.code != "owned_elsewhere":  # then the room belongs to another owner
            active_jobs.history.release(job.id)
        raise
    note_begun(folder, key)
    active_jobs.sent_at_clock(job.id)
    with _Clips(folder, job.id) as clips:
        outcome = await client.send(paid, clips.take)
        if isinstance(outcome, Accepted) and _is_repeated(active_jobs, job, outcome):
            outcome = Unclear(JobError("answer_repeated", Spent.PERHAPS, message=outcome.video.id))
        after = _after(active_jobs, job, outcome, taken_at)
        if isinstance(outcome, Accepted) and outcome.clips:
            after = await _with_clips(after, server, clips, outcome.clips)
    try:
        job = await active_jobs.put_with_retry(after)
        active_jobs.history.release(job.id)
        return job
    except ProblemError:
        if not folder.metadata.is_dir():
            return _kept_anyway(active_jobs, folder, after)
        # The folder got another owner meanwhile. It believes the answer lost: send it the id.
        if isinstance(outcome, Accepted):
            send_command(folder, Command(job.id, "adopt", outcome.video.id))
        raise


def refusal(server: Server, job: Job, folder: Folder | None = None) -> Problem | None:
    """Return why this configuration must not send the job, or None when it may.

    The person agreed to a sum; if the price has risen since, or a key is missing, the job waits
    (DESIGN.md, section 2).
    """
    if job.request.operation not in OPERATIONS:
        return problem("word_unknown", word=job.request.operation)
    if (why := sending_refusal(server)) is not None:
        return why
    return unmet(server, quote(server, job.request, folder), job.consent)


def _last_doubt(
    active_jobs: ActiveJobs, folder: Folder, server: Server, job: Job
) -> Problem | None:
    """Return why the job must not be sent at this moment, which another job may have changed."""
    over = active_jobs.budget_guard.refusal(server, job, utc_now())
    if over is not None or (job.consent is not None and job.consent.despite_refusal):
        return over
    return refusal_before(folder, job.server.origin, job.request)


def _after(
    active_jobs: ActiveJobs, job: Job, outcome: CreateOutcome, taken_at: datetime | None
) -> Job:
    at = utc_now()
    match outcome:
        case Accepted(video, status, request_id, cookies=cookies):
            return job.accepted(at, video, status, request_id, cookies)
        case NotSent(error):
            return job.not_sent(at, error)
        case Rejected(error):
            return job.rejected(at, _as_missing(active_jobs, job, error))
        case Later(_, error, is_proven=True) if is_deferred_for_good(job, taken_at, more=1):
            return job.rejected(at, error._replace(kind="server_stayed_busy"))
        case Later(wait, error, names_limit, is_proven):
            later = at + timedelta(seconds=wait)
            return job.deferred(
                at,
                later,
                error.status or 429,
                names_limit=names_limit,
                is_proven=is_proven,
            )
        case Unclear(error, wait):
            rest = UNCLEAR_WAIT if wait is None else wait
            return job.unconfirmed(at, error, at + timedelta(seconds=rest))
        case _:
            assert_never(outcome)


def _is_repeated(active_jobs: ActiveJobs, job: Job, outcome: Accepted) -> bool:
    """Return whether an answer names a video that another job of this workspace has.

    Its own video is then another one, if there is one, and the list shows it. A clip that came with
    the answer is its own, and a character may be made twice of one clip.
    """
    if outcome.clips or job.request.operation == "character":
        return False
    return inner_id(outcome.video.id) in active_jobs.history.known_remote_ids(job.server.origin)


def _kept_anyway(active_jobs: ActiveJobs, folder: Folder, job: Job) -> Job:
    """Write the outcome of a paid request into a folder whose `metadata/` was removed meanwhile.

    That folder has no owner, so no other process writes there.

    Raises:
        ProblemError: answer_not_kept, with the id that is stored nowhere else.
    """
    try:
        open_folder(folder.root)
        active_jobs.history.save(job)
    except ProblemError as error:
        if job.remote_id is None:
            raise
        raise problem_error(
            "answer_not_kept", video=job.remote_id, path=str(folder.metadata)
        ) from error
    return job


class _Clips:
    """Files for the clips in the answer to the paid request, until they are complete."""

    def __init__(self, folder: Folder, job_id: str) -> None:
        self.folder = folder
        self._job_id = job_id
        self.parts: dict[int, PartFile] = {}

    def __enter__(self) -> _Clips:
        return self

    def __exit__(self, *error: object) -> None:
        for part in self.parts.values():
            part.discard()

    def take(self, number: int, chunk: bytes) -> None:
        """Write the next bytes of a clip, counted from 0.

        Raises:
            ProblemError: The disk refuses it.
        """
        part = self.parts.get(number)
        if part is None:
            part = self.parts[number] = PartFile(self.folder, self._job_id)
        part.write(chunk)


async def _with_clips(job: Job, server: Server, clips: _Clips, whole: Sequence[int]) -> Job:
    """Return the completed job with its clips saved: the answer may be the only copy.

    A file has its name before the record says so: a kill in between leaves a file too many. A clip
    that is damaged is noted, and downloaded, like one that the answer did not have.
    """
    outputs: list[Output] = []
    source = job.request.source_file
    for number in whole:
        if source is not None and clips.parts[number].sha256 == source.sha256:
            continue  # the answer repeats what was sent
        try:
            outputs.append(
                await in_daemon_thread(
                    partial(_published, clips.parts[number], clips.folder, job, number),
                    f"publish {job.id}",
                )
            )
        except DamagedError as damage:
            note = f"the clip in the answer cannot be kept: clip_damaged ({damage.reason})"
            job = job.noted(utc_now(), note)
        except ProblemError as error:
            job = job.noted(utc_now(), f"the clip in the answer cannot be kept: {error}")
    if not outputs:
        return job
    at = utc_now()
    job = job.downloading(at)
    if len(outputs) == len(clip_numbers(server, job)):
        return job.saved(at, tuple(outputs))
    for output in outputs:
        job = job.fetched(at, output)
    return job.interrupted(at)


def _published(part: PartFile, folder: Folder, job: Job, number: int) -> Output:
    """Publish the clip; one whose kind cannot be checked here cannot be asked for again."""
    try:
        return published(part, folder, job, number)
    except DamagedError as damage:
        if not damage.is_media:
            raise
        return published(part, folder, job, number, keeps=True)


def is_deferred_for_good(job: Job, taken_at: datetime | None, *, more: int = 0) -> bool:
    """Return whether this is the third "later", and the server took no other job since the first.

    Args:
        job: The pending job.
        taken_at: When the server last took or had a job of ours.
        more: Deferrals that are not in the record yet.
    """
    deferred = [attempt.at for attempt in job.attempts if attempt.is_deferred]
    if not deferred or len(deferred) + more < _MAX_DEFERRALS:
        return False
    return taken_at is None or taken_at < deferred[0]


def _as_missing(active_jobs: ActiveJobs, job: Job, refused: JobError) -> JobError:
    """Return the refusal, named as a missing operation or as missing videos where it means that.

    Where no video was ever made, a missing route means a wrong address, not a wrong request.
    """
    if not has_no_route(refused.status, refused.message):
        return refused
    if job.request.operation != "create":
        return refused._replace(kind="operation_unsupported")
    if active_jobs.history.known_remote_ids(job.server.origin):
        return refused
    return refused._replace(kind="videos_missing")


async def _upload(folder: Folder, job: Job) -> Upload | None:
    source = job.request.source_file
    if source is not None:
        clip = await in_daemon_thread(lambda: clip_bytes(folder, source), f"read {source.path}")
        return Upload(clip, "video/mp4", _as_text(source.path.rsplit("/", 1)[-1]), source.path)
    reference = job.request.reference
    if reference is None:
        return None
    data, mime = sent_bytes(folder, reference)
    filename = _as_text(f"{reference.path.rsplit('/', 1)[-1].rsplit('.', 1)[0]}.{_SUFFIX[mime]}")
    # A server that takes a path shares our disk, and must see the bytes that were agreed to.
    path = str(sent_path(folder, reference))
    return Upload(data=data, mime=mime, filename=filename, path=path)


def _as_text(name: str) -> str:
    """Return a file name that can be encoded: bytes that are not text become `?`."""
    return name.encode("utf-8", "replace").decode()
