"""What servers said they charge: it stands in the documents, and the index finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from typing import Final

from sora_tui.core.job import Job
from sora_tui.core.problem import ProblemError
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.index_sync import IndexSync
from sora_tui.workspace.job_document import SUFFIX, decode, read_bytes

#: Documents that are read where there is no index to find the right ones.
_READ: Final = 200


def jobs_with_reported_cost(folder: Folder, origin: str) -> Iterator[Job]:
    """Yield the jobs for which this server said what it charges, newest first.

    Deleted ones count: their cost is evidence for the next clip too.
    """

    def read() -> list[tuple[str, bool]]:
        rows = islice(index_sync.rows(), _READ)
        return [(r.name, r.trashed) for r in rows if r.origin == origin and r.reported]

    with closing(IndexSync(folder)) as index_sync:
        found = index_sync.ask(lambda index: index.with_reported_cost(origin), read)
    for job_id, trashed in found:
        path = (folder.trash if trashed else folder.metadata) / f"{job_id}{SUFFIX}"
        with suppress(FileNotFoundError, ProblemError):  # `day_records` reports what is broken
            job = decode(path, read_bytes(path)[0])
            if job.cost.reported:
                yield job
