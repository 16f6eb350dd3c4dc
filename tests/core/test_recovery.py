"""What the search for a lost answer says to a person."""

from __future__ import annotations

from sora_tui.core.recovery import Refusal
from tests.support.job_states import LATER


def test_a_video_that_is_another_jobs_is_refused_with_the_name_of_that_job() -> None:
    taken = Refusal(LATER, "video_1", "video_taken", "20261122-101530-aaaaaa").problem
    assert taken.facts == {"video": "video_1", "job": "20261122-101530-aaaaaa"}
    assert Refusal(LATER, "video_1", "video_unknown").problem.facts == {"video": "video_1"}
