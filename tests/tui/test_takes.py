"""Several takes of one prompt in the job list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sora_tui.core.job import Batch, Job
from tests.support import sample_jobs as sample
from tests.support.tui.driver import open_screen
from tests.support.tui.snapshots import SnapCompare, after, utc
from tests.support.tui.workspace_app import WorkspaceApp, workspace_app

__all__ = ["utc"]  # the fixture


def takes(root: Path) -> WorkspaceApp:
    """Three takes of one prompt between two other jobs, one of them made in another size."""

    def take(index: int) -> Job:
        job = sample.saved(sample.pending(300 - index, number=4 + index))
        job = replace(job, batch=Batch("20261122-100000-aaaaaa", index, 3))
        if index != 2:
            return job
        return replace(job, outputs=(job.outputs[0]._replace(width=832, height=480),))

    others = [sample.saved(sample.pending(900, number=1, prompt="A fox")), sample.pending(number=9)]
    return workspace_app(root, jobs=[*others, *(take(index) for index in (1, 2, 3))])


async def test_the_filter_finds_them_by_their_order(tmp_path: Path) -> None:
    app = takes(tmp_path)
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "4", "slash", *"100000-aaaaaa", "enter")
        await screen.jobs.expect("3 of 5 match", "┌ 3/3 A", "│ 2/3", "└ 1/3")


def test_takes_stand_together(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = ("escape", "4", "down", "down")
    assert snap_compare(takes(tmp_path), terminal_size=(120, 40), run_before=after(*keys))
