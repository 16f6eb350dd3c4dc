"""What the documents say of a day's money. The index only says which ones need no reading."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from sora_tui.core.budget import DayRecords, spent_at
from sora_tui.core.job import Job
from sora_tui.core.job_id import creation_time
from sora_tui.core.problem import ProblemError
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.inbox import waiting_and_broken
from sora_tui.workspace.index_sync import IndexSync
from sora_tui.workspace.job_document import SUFFIX, Stamp, decode, read_bytes


def read_day_records(folder: Folder, since: datetime) -> DayRecords:
    """Read every job that may have cost money since a moment, or may soon, handed-in ones too.

    The times of the attempts in the documents count, never the time of a file. `core.budget`
    decides which of the jobs count, and for what. A request that was withdrawn lies in the trash,
    still pending, and is left out. Other jobs in the trash are included, since deleting a record
    refunds nothing.
    """
    waiting, broken = waiting_and_broken(folder)
    jobs: dict[str, Job] = {job.id: job for job in waiting}
    unreadable = [str(problem.facts["path"]) for problem in broken]
    with closing(IndexSync(folder)) as index_sync:
        try:
            for job_id, trashed, stamp in index_sync.to_count(since):
                path = (folder.trash if trashed else folder.metadata) / f"{job_id}{SUFFIX}"
                try:
                    job = decode(path, read_bytes(path)[0])
                except FileNotFoundError:
                    continue  # on its way to the trash, which is read later
                except ProblemError:
                    if _may_be_since(job_id, stamp, since):
                        unreadable.append(_shown(path))
                    continue
                sent = job.attempts or job.remote_id or not trashed
                if sent and spent_at(job) >= since:
                    jobs.setdefault(job.id, job)
        except OSError as error:
            unreadable.append(_shown(Path(error.filename or folder.metadata)))
    return DayRecords(tuple(jobs.values()), tuple(unreadable))


def _may_be_since(job_id: str, stamp: Stamp, since: datetime) -> bool:
    """Return whether a document that cannot be read may be of a job sent since then.

    Its name says when the job was made. An older job may have been sent today, and its document was
    written then; the time of the file is used here because it can only add documents.
    """
    made = creation_time(job_id)
    return made is None or made >= since or stamp.mtime_ns >= since.timestamp() * 1e9


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
