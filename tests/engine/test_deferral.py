"""Whether a "not now" is believed: every shape of a list, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.engine.deferral import DeferralCheck, check_deferral
from tests.support.job_states import LATER, new_job

PROMPT = "A kite  over a grey se\u0301a"
REQUEST = VideoRequest(PROMPT, model="sora-2", seconds="4", size="1280x720")
SENT = LATER


def put_off(*, bare: bool = False, proven: bool = False, request: VideoRequest = REQUEST) -> Job:
    job = replace(new_job(), request=request).submitting(SENT, "key")
    later = SENT + timedelta(seconds=2)
    return job.deferred(SENT, later, 429, names_limit=not bare, is_proven=proven)


def row(after: float | None = 1.0, length: str = "4", **told: Any) -> RemoteVideo:
    """A video in the list, made so long after the request; a field of None is not told."""
    made = None if after is None else int((SENT + timedelta(seconds=after)).timestamp())
    fields = {"prompt": PROMPT, "model": "sora-2", "seconds": length, "size": "1280x720", **told}
    document = {"id": "video_1", "status": "queued", "created_at": made, **fields}
    found = read_video({name: value for name, value in document.items() if value is not None})
    assert found is not None
    return found


def judged(
    job: Job, rows: Sequence[RemoteVideo] | None, *, is_late: bool = True, skew: float | None = 0.0
) -> DeferralCheck:
    return check_deferral(job, rows, {"video_of_ours"}, skew, is_late=is_late)


OTHER = row(prompt="Another's boat")

MAY_BE_IT = {
    "the same": row(),
    "no prompt": row(prompt=None),
    "an empty prompt": row(prompt=""),
    "no model": row(model=None),
    "another name of the model": row(model="openai/sora-2"),
    "the model's date": row(model="sora-2-2025-12-08"),
    "the size by a word": row(size="720p"),
    "the size by another word": row(size="landscape"),
    "the length as a fraction": row(length="4.0"),
    "other composed letters": row(prompt="A kite over a grey séa"),
    "cut short": row(prompt="A kite over a"),
    "words in front": row(prompt="Cinematic. A kite over a grey séa"),
    "made after minutes": row(280),
    "a clock behind": row(-50),
    "no time, the prompt told": row(None),
    "a clock of another zone": row(8 * 3600),
    "another length, the prompt told": row(length="5"),
    "a rounded size, the prompt told": row(size="1280x704"),
    "a model of its own, the prompt told": row(model="wan2.2"),
    "the prompt rewritten": row(prompt="A bright kite soars over a calm grey séa at dawn"),
}
IS_ANOTHERS = {
    "another prompt": OTHER,
    "ours already": row(id="video_of_ours"),
    "another model": row(prompt=None, model="veo-3"),
    "another size": row(prompt=None, size="720x1280"),
    "another length": row(prompt=None, length="8"),
    "made before": row(-7200, prompt=None),
    "made long after": row(7200, prompt=None),
}


@pytest.mark.parametrize("found", MAY_BE_IT.values(), ids=MAY_BE_IT)
@pytest.mark.parametrize("bare", [True, False])
def test_a_video_that_may_be_it_is_a_doubt_whatever_was_said(
    found: RemoteVideo, bare: bool
) -> None:
    assert judged(put_off(bare=bare), [OTHER, found]) is DeferralCheck.DOUBT


@pytest.mark.parametrize("found", IS_ANOTHERS.values(), ids=IS_ANOTHERS)
@pytest.mark.parametrize("bare", [True, False])
def test_another_jobs_video_is_no_reason_to_doubt_a_deferral(
    found: RemoteVideo, bare: bool
) -> None:
    assert judged(put_off(bare=bare), [OTHER, found]) is DeferralCheck.SEND


@pytest.mark.parametrize(
    ("rows", "bare", "is_late", "comes_to"),
    [
        (None, False, False, DeferralCheck.DOUBT),
        (None, True, True, DeferralCheck.DOUBT),
        ([], False, False, DeferralCheck.CHECK_AGAIN),
        ([], False, True, DeferralCheck.SEND),
        ([], True, False, DeferralCheck.CHECK_AGAIN),
        ([], True, True, DeferralCheck.SEND),
        ([OTHER], True, False, DeferralCheck.CHECK_AGAIN),
        ([row(-7200, prompt=None)], True, True, DeferralCheck.DOUBT),
        ([row(-7200, prompt=None)], False, False, DeferralCheck.CHECK_AGAIN),
        ([row(-7200, prompt=None)], False, True, DeferralCheck.SEND),
        # A clock that is off by no time zone; only a bare "not now" is that much distrusted.
        ([row(3 * 3600 + 500)], True, True, DeferralCheck.DOUBT),
        ([row(3 * 3600 + 500)], False, True, DeferralCheck.SEND),
        ([OTHER, row(None, prompt=None)], True, True, DeferralCheck.DOUBT),
        ([OTHER, row(None, prompt=None)], False, True, DeferralCheck.SEND),
    ],
)
def test_without_such_a_video_its_words_and_the_list_decide(
    rows: Sequence[RemoteVideo] | None, bare: bool, is_late: bool, comes_to: DeferralCheck
) -> None:
    assert judged(put_off(bare=bare), rows, is_late=is_late) is comes_to


@pytest.mark.parametrize("rows", [None, [], [OTHER], [row(-7200, prompt=None)]])
def test_words_that_come_before_anything_is_made_are_believed_without_a_list(
    rows: Sequence[RemoteVideo] | None,
) -> None:
    assert judged(put_off(proven=True), rows, is_late=False) is DeferralCheck.SEND
    both = put_off().submitting(SENT, "key-2")
    both = both.deferred(SENT, SENT + timedelta(seconds=2), 429, is_proven=True)
    assert judged(both, rows, is_late=False) is not DeferralCheck.SEND


def test_the_servers_clock_counts() -> None:
    assert judged(put_off(), [row(3600, prompt=None)], skew=3600.0) is DeferralCheck.DOUBT
    assert judged(put_off(), [row(1, prompt=None)], skew=3600.0) is DeferralCheck.SEND


def test_of_an_operation_only_the_prompt_can_disagree() -> None:
    remix = put_off(request=REQUEST._replace(operation="remix", source_video="video_0"))
    assert judged(remix, [row(size="1x1", length="12")]) is DeferralCheck.DOUBT
    assert judged(remix, [OTHER]) is DeferralCheck.SEND


def test_one_deferral_without_a_named_limit_is_enough_to_doubt_the_job() -> None:
    job = put_off(bare=True).submitting(SENT, "key-2")
    job = job.deferred(SENT, SENT + timedelta(seconds=2), 429)
    assert (job.state, job.was_deferred, job.was_deferred_without_limit) == (
        State.PENDING,
        True,
        True,
    )
    assert judged(job, None) is DeferralCheck.DOUBT
