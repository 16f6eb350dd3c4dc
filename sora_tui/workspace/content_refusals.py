"""What servers refused for its content: it stands in the documents, and the index finds it."""

from __future__ import annotations

from contextlib import closing, suppress
from itertools import islice
from typing import Final

from sora_tui.core.job import Job
from sora_tui.core.moderation import fingerprint
from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.request import VideoRequest
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.index_sync import IndexSync
from sora_tui.workspace.job_document import SUFFIX, decode, read_bytes

#: Documents that are read where there is no index to find the right ones.
_READ: Final = 200


def refusal_before(folder: Folder, origin: str, request: VideoRequest) -> Problem | None:
    """Return `refused_before` as the problem that stops the request, with the time and the job."""
    job = refused_before(folder, origin, request)
    if job is None:
        return None
    refused = next(event.at for event in reversed(job.events) if event.state is job.state)
    return problem("refused_before", at=refused.isoformat(timespec="seconds"), job=job.id)


def refused_before(folder: Folder, origin: str, request: VideoRequest) -> Job | None:
    """Return the job in which a server of this origin last refused this request for its content.

    None where it never did, or accepted the same request later: filters change. A deleted document
    does not count, and without an index only the newest ones are read.
    """
    asked = fingerprint(request)

    def read() -> list[str]:
        rows = islice(index_sync.rows(), _READ)
        such = (r for r in rows if (r.origin, r.judged, r.trashed) == (origin, asked, False))
        return [row.name for row in such]

    with closing(IndexSync(folder)) as index_sync:
        names = index_sync.ask(lambda index: index.with_content_verdict(origin, asked), read)
    for job_id in names:
        path = folder.metadata / f"{job_id}{SUFFIX}"
        with suppress(FileNotFoundError, ProblemError):
            job = decode(path, read_bytes(path)[0])
            if (refused := job.was_content_refused) is not None:
                return job if refused else None
    return None
