"""What the documents tell of a day's money. The index may only say which ones to read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import Final

from sora_tui.core.job import Job
from sora_tui.core.problem import ProblemError
from sora_tui.workspace.catalogue import Catalogue
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting
from sora_tui.workspace.jobfile import SUFFIX, decode, read_bytes

#: A file's time may come from a clock that ticks more slowly than ours.
_TICK: Final = timedelta(minutes=1)


def jobs_of_the_day(folder: Folder, since: datetime) -> Collection[Job]:
    """Every job that may have cost money since a moment, or is about to, handed-in ones included.

    Each is read anew. Which of them count, and for what, `core.budget` knows. A request that was
    taken back lies in the trash, still pending: it is none.
    """
    written = (job for job in _written_since(folder, since) if job.attempts or job.remote_id)
    with closing(History(folder)) as history:
        jobs = (*waiting(folder), *history.active(), *written)
    return {job.id: job for job in jobs}.values()


def _written_since(folder: Folder, since: datetime) -> Iterator[Job]:
    """Jobs whose document was written since a moment: whoever sends a job writes its document.

    The trash counts: what was paid is not refunded by deleting its record.
    """
    at = int((since - _TICK).timestamp() * 1e9)
    with closing(Catalogue(folder)) as catalogue:
        names = catalogue.ask(
            lambda index: index.written_since(at), lambda: catalogue.written_since(at)
        )
    for job_id, trashed in names:
        place = folder.trash if trashed else folder.metadata
        path = place / f"{job_id}{SUFFIX}"
        with suppress(FileNotFoundError, ProblemError):
            yield decode(path, read_bytes(path)[0])
