"""Which clips of a batch exist in this workspace, and a lock so that one process adds the rest."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from sora_tui.core.job import Job, State
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.workspace.atomic import disk_refusals
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.inbox import waiting_and_broken
from sora_tui.workspace.job_document import SUFFIX, decode, ids_in, read_bytes


def jobs_of_batch(folder: Folder, *batch_ids: str) -> list[Job]:
    """Return every job of these batches that was handed in, whatever its state, oldest first.

    All documents themselves are read, because this decides about money. The trash counts, since
    deleting a record refunds nothing; a request that was withdrawn does not count.

    Raises:
        ProblemError: document_broken or document_newer for one that may be of this batch and
            cannot be read: it is not known what it paid for.
    """
    waiting, broken = waiting_and_broken(folder)
    if broken:
        raise ProblemError(broken[0])
    found = {job.id: job for job in waiting if _is_of(job, batch_ids)}
    needles = [f'"{batch_id}"'.encode() for batch_id in batch_ids]
    # In the order in which a document moves, so that none is missed between two places.
    for place in (folder.metadata, folder.trash):
        for job_id in ids_in(place):
            path = place / f"{job_id}{SUFFIX}"
            with suppress(FileNotFoundError):
                data, _stamp = read_bytes(path)
                is_named = any(needle in data for needle in needles)
                if not is_named and data.rstrip().endswith(b"}"):
                    continue  # a document that was cut off may have lost just that word
                job = decode(path, data)
                unsent = place == folder.trash and job.state in {State.PENDING, State.NOT_SENT}
                if _is_of(job, batch_ids) and not unsent:
                    found[job.id] = job
    return [found[job_id] for job_id in sorted(found)]


@contextmanager
def handing_in(folder: Folder, *, alone: bool = False) -> Iterator[None]:
    """Hold a lock between finding what was sent and handing in the rest.

    No other process may do the same in between.

    Args:
        folder: The workspace.
        alone: The person said that no other process works on this folder.

    Raises:
        ProblemError: batch_busy while another process is at it; lock_unsupported; disk_full or
            folder_not_writable.
    """
    path = folder.metadata / ".batch.lock"
    with disk_refusals(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise problem_error("batch_busy") from None
        except OSError as error:
            if not alone:
                place, reason = str(folder.metadata), os.strerror(error.errno or 0)
                raise problem_error("lock_unsupported", path=place, reason=reason) from error
        yield
    finally:
        os.close(descriptor)


def _is_of(job: Job, batch_ids: Collection[str]) -> bool:
    return job.batch is not None and job.batch.id in batch_ids
