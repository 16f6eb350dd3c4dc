"""What a verb would do to jobs of the list, some of which were never in sight. Blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sora_tui.core.job import Job
from sora_tui.engine.orders import OrderSettings, retry
from sora_tui.tui.presenters.job_questions import (
    Plan,
    may_be_retried,
    plan_cancel,
    plan_delete,
    question_retry,
)
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History


def read_jobs(folder: Folder, job_ids: Sequence[str], known: Mapping[str, Job]) -> list[Job]:
    """Return these jobs, without those whose document cannot be read.

    A job that is not among `known` is read from its document.
    """
    history = History(folder)
    read = history.load_each([id for id in job_ids if id not in known])
    history.close()
    found = {**known, **{id: job for id, job in read.items() if isinstance(job, Job)}}
    return [found[id] for id in job_ids if id in found]


def make_plan(
    verb: str, jobs: Sequence[Job], folder: Folder, settings: OrderSettings, now: datetime
) -> Plan:
    """Return what `cancel`, `delete` or `retry` would do to these jobs.

    Raises:
        ProblemError: As `plan_retry`.
    """
    if verb == "cancel":
        return plan_cancel(jobs)
    if verb == "delete":
        return plan_delete(jobs)
    return plan_retry(jobs, folder, settings, now)


def plan_retry(jobs: Sequence[Job], folder: Folder, settings: OrderSettings, now: datetime) -> Plan:
    """Make the same once more, as new jobs with a price of their own.

    A job that was never sent is tried again itself: it was agreed to, and nothing was paid.

    Raises:
        ProblemError: profile_unknown, key_missing, over_budget, operation_unsupported: nothing is
            sent.
    """
    over, note = may_be_retried(jobs)
    if not over:
        return Plan("retry", note=note)
    order = retry(folder, over, settings, now)
    order.check()
    return Plan("retry", (), order, question_retry(order, note, now), note)
