"""What a person may do with a job, as it is now."""

from __future__ import annotations

from typing import Literal

from sora_tui.core.job import Job, State

#: `edit`: take it back and write it anew.
JobVerb = Literal["look", "copy", "cancel", "edit", "retry", "delete"]


def refusal(job: Job, verb: JobVerb) -> str | None:
    """Return why a verb means nothing for this job now, None where it does."""
    if verb == "look":
        return None if job.outputs else "no clip"
    if verb == "cancel":
        return None if job.is_active else "over"
    if verb == "edit":
        return None if job.state is State.PENDING else "sent"
    if verb == "copy":
        return None
    return None if job.is_final and not job.needs_decision else "under way"


def is_possible(job: Job, verb: JobVerb) -> bool:
    """Return whether a verb means something for this job now."""
    return refusal(job, verb) is None
