"""Fills a workspace with many old jobs, as years of work would leave it."""

from datetime import timedelta
from pathlib import Path

from sora_tui.core.job_id import JobIds
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History

_APART = timedelta(seconds=500)  # 100,000 jobs in a year and a half


def lengthen(workspace: Path, count: int) -> None:
    """Give the one job of a workspace older twins, `count` jobs in all, and an index of them.

    Takes about a minute for 100,000.
    """
    folder, ids = open_folder(workspace), JobIds()
    history = History(folder)
    (job,) = history.newest(1)
    text = history.load_text(job.id)
    for back in range(count - 1, 0, -1):
        twin = ids.next(job.created_at - back * _APART)
        path = folder.metadata / f"{twin}.json"
        path.write_text(text.replace(job.id, twin), encoding="utf-8")
    history.own()
    assert history.count() == count
    history.close()
