"""What the jobs pane wants done."""

from __future__ import annotations

from sora_tui.tui.intent import Intent


class JobHighlighted(Intent):
    """The cursor stands on another job; None: there is no job at all."""

    owner = "jobs"
    method = "highlight"

    def __init__(self, job_id: str | None) -> None:
        super().__init__()
        self.job_id = job_id


class JobOpened(Intent):
    """The person wants to see everything about a job."""

    owner = "panes"
    method = "open_job"

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id


class JobsWanted(Intent):
    """Rows came into sight that nothing is known of yet."""

    owner = "jobs"
    method = "load_rows"

    def __init__(self, job_ids: tuple[str, ...]) -> None:
        super().__init__()
        self.job_ids = job_ids


class ListingChanged(Intent):
    """The person wants other jobs in the list, or another order."""

    owner = "jobs"
    method = "change_listing"


class JobsAnswered(Intent):
    """The question in the pane was answered."""

    owner = "job_actions"
    method = "answer"

    def __init__(self, yes: bool) -> None:
        super().__init__()
        self.yes = yes
