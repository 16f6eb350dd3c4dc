"""Which clips of a batch a folder has: nothing that may have been paid is overlooked."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from sora_tui.core.job import Batch, Job
from sora_tui.core.problem import ProblemError
from sora_tui.workspace.batches import jobs_of_batch
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import hand_in
from tests.support.stored_jobs import document, saved, wish


def of_batch(job: Job, name: str) -> Job:
    return replace(job, batch=Batch(name, 1, 1, "id:shot1"))


@pytest.mark.parametrize("size", [0, 40, 300])
def test_a_record_that_was_cut_off_may_be_of_any_batch(folder: Folder, size: int) -> None:
    """The name of the batch stands at its end, and may be what is missing."""
    history = History(folder)
    mine, other = of_batch(saved(1), "plan"), of_batch(saved(2), "other")
    for job in (mine, other):
        history.save(job)
    history.close()
    assert jobs_of_batch(folder, "plan") == [mine]
    os.truncate(document(folder, other), size)
    with pytest.raises(ProblemError, match="document_broken"):
        jobs_of_batch(folder, "plan")


def test_a_request_that_cannot_be_read_may_be_of_any_batch(folder: Folder) -> None:
    job = of_batch(wish(1), "other")
    hand_in(folder, job)
    assert jobs_of_batch(folder, "plan") == []
    os.truncate(folder.inbox / f"{job.id}.json", 100)
    with pytest.raises(ProblemError, match="document_broken"):
        jobs_of_batch(folder, "plan")
