"""A lost answer is found in the server's list only where there is no doubt."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sora_tui.core.job import Consent, Cost, Job, JobError, State
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import RemoteVideo, inner_id, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import ServerRef
from sora_tui.engine.matching import candidates, for_a_person, matches

SENT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)


def lost_job(id: str = "20261122-101530-aaaaaa", prompt: str = "A kite") -> Job:
    job = Job.new(
        id,
        SENT,
        ServerRef("lab", "http://127.0.0.1:9/v1"),
        VideoRequest(prompt=prompt, model="sora-2", seconds="4", size="1280x720"),
        cost=Cost(Decimal(0)),
        consent=Consent("free", SENT),
    )
    job = job.submitting(SENT, "key")
    return job.unconfirmed(SENT + timedelta(seconds=30), JobError("answer_lost", Spent.PERHAPS))


def video(**fields: Any) -> RemoteVideo:
    document = {
        "id": "video_1",
        "status": "queued",
        "created_at": int(SENT.timestamp()) + 1,
        "model": "sora-2",
        "seconds": "4",
        "size": "1280x720",
        "prompt": "A kite",
    }
    found = read_video({**document, **fields})
    assert found is not None
    return found


def test_an_equal_request_in_the_time_window_is_a_candidate() -> None:
    assert [v.id for v in candidates(lost_job(), [video()], set(), None)] == ["video_1"]


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "Another kite"},
        {"model": "sora-2-pro"},
        {"seconds": "8"},
        {"size": "720x1280"},
        {"created_at": int(SENT.timestamp()) - 60},
        {"created_at": int(SENT.timestamp()) + 3600},
        {"created_at": None},
    ],
)
def test_any_difference_speaks_against_it(fields: dict[str, Any]) -> None:
    assert candidates(lost_job(), [video(**fields)], set(), None) == []


def test_what_the_server_does_not_tell_cannot_speak_against_it() -> None:
    silent = video(prompt=None, model=None, size=None, seconds=4)
    assert candidates(lost_job(), [silent], set(), None) == [silent]


def test_a_job_this_workspace_knows_is_not_found_twice() -> None:
    assert candidates(lost_job(), [video()], {"video_1"}, None) == []


def test_the_servers_clock_counts() -> None:
    an_hour_ahead = video(created_at=int(SENT.timestamp()) + 3601)
    assert candidates(lost_job(), [an_hour_ahead], set(), 3600.0) == [an_hour_ahead]


def test_a_lost_remix_is_one_of_the_video_it_was_made_of() -> None:
    job = lost_job()
    remix = replace(job, request=job.request._replace(operation="remix", source_video="video_7"))
    mine, other = video(remixed_from_video_id="video_7"), video(remixed_from_video_id="video_8")
    assert candidates(remix, [mine, other], set(), None) == [mine]
    assert candidates(job, [mine, other], set(), None) == [], "that was asked for by itself"


def test_a_character_has_no_candidates_in_a_list() -> None:
    job = lost_job()
    character = replace(job, request=job.request._replace(operation="character"))
    assert candidates(character, [video()], set(), None) == []


def test_two_candidates_or_two_claimants_are_a_persons_decision() -> None:
    first, twin = lost_job(), lost_job("20261122-101530-bbbbbb")
    other = replace(lost_job("20261122-101530-cccccc", "A boat"))
    boat = video(id="video_2", prompt="A boat")
    assert matches([first, twin], [video()], set(), None) == {}
    assert matches([first], [video(), video(id="video_9")], set(), None) == {}
    assert matches([first, twin, other], [video(), boat], set(), None) == {other.id: boat}


def test_equal_jobs_are_matched_with_as_many_candidates() -> None:
    first, twin = lost_job(), lost_job("20261122-101530-bbbbbb")
    both = [video(id="video_9", created_at=int(SENT.timestamp()) + 2), video()]
    assert matches([twin, first], both, set(), None) == {first.id: both[1], twin.id: both[0]}
    # One that may yet name its own, one that only looks alike, a prompt that is not told: doubts.
    waiting = replace(twin, state=State.SUBMITTING)
    seeded = replace(twin, request=twin.request._replace(params={"seed": 7}))
    untold = [found._replace(prompt=None) for found in both]
    assert matches([first, waiting], both, set(), None) == {}
    assert matches([first, seeded], both, set(), None) == {}
    assert matches([first, twin], untold, set(), None) == {}


def test_without_its_prompt_even_the_only_candidate_is_a_persons_decision() -> None:
    # SGLang 0.5.23: somebody else's clip of the same size and length, made in the same second
    # that our request got lost on its way, was the only one in the list.
    job, silent = lost_job(), video(prompt=None)
    assert candidates(job, [silent], set(), None) == [silent]
    assert matches([job], [silent], set(), None) == {}
    assert [c.id for c in for_a_person(job, [silent], set(), None)] == ["video_1"]


def test_beside_one_with_the_prompt_a_strangers_row_without_is_no_rival() -> None:
    job, ours = lost_job(), video()
    silent = video(id="video_of_a_stranger", prompt=None, model=None, size=None, seconds=None)
    assert matches([job], [silent, ours], set(), None) == {job.id: ours}
    assert [c.id for c in for_a_person(job, [silent, ours], set(), None)] == [ours.id, silent.id]
    twin = lost_job("20261122-101530-bbbbbb")
    assert matches([job, twin], [silent, ours], set(), None) == {}, "two of us, and one of them"


LONG = "A kite over a grey sea, " * 60
HOURS = 3600


@pytest.mark.parametrize(
    ("prompt", "fields", "near", "other"),
    [
        ("A kite", {"model": "openai/sora-2"}, ("model",), ()),
        ("A kite", {"model": "sora-2-2025-12-08"}, ("model",), ()),
        ("A kite", {"model": "Sora-2@20251208"}, ("model",), ()),
        ("A kite", {"size": "720p"}, ("size",), ()),
        ("A kite", {"size": "1280 × 720"}, ("size",), ()),
        ("A kite", {"size": "landscape"}, ("size",), ()),
        ("A kite", {"seconds": "4 s"}, ("seconds",), ()),
        ("A kite", {"seconds": "short"}, ("seconds",), ()),
        (LONG, {"prompt": LONG[:50]}, ("prompt",), ()),
        ("Un cerf-volant d\u00e9chu", {"prompt": "Un cerf-volant de\u0301chu"}, ("prompt",), ()),
        (LONG, {"prompt": LONG[:1000]}, ("prompt",), ()),
        (LONG, {"prompt": LONG[:999] + "…"}, ("prompt",), ()),
        ("A  kite\nover\tthe sea", {"prompt": "A kite over the sea"}, ("prompt",), ()),
        ("A kite", {"prompt": "Create a video of: A kite"}, ("prompt",), ()),
        ("A kite", {"prompt": "A small red kite, in the wind"}, ("prompt",), ()),
        ("\u98a8\u306e\u5d50", {"prompt": "\u5d50\u3068\u98a8\u306e\u6d77"}, ("prompt",), ()),
        ("A kite", {"prompt": "A dragon of paper, in the wind"}, (), ("prompt",)),
        ("A kite", {"model": "wan2.2", "size": "832x480"}, (), ("model", "size")),
        ("A kite", {"created_at": None}, (), ("time",)),
        ("A kite", {"created_at": int(SENT.timestamp()) + 3 * HOURS + 2}, (), ("time",)),
        ("A kite", {"created_at": int(SENT.timestamp()) - 3 * HOURS + 2}, (), ("time",)),
        ("A kite", {"created_at": int(SENT.timestamp()) - 2 * HOURS - 1234}, (), ("time",)),
        ("A kite", {"created_at": int(SENT.timestamp()) + 900}, ("time",), ()),
        ("A kite", {"prompt": None, "created_at": None}, (), ("time",)),
        ("A kite", {"prompt": None, "created_at": int(SENT.timestamp()) + HOURS}, (), ("time",)),
    ],
)
def test_what_a_server_tells_in_words_of_its_own_is_offered_and_not_adopted(
    prompt: str, fields: dict[str, Any], near: tuple[str, ...], other: tuple[str, ...]
) -> None:
    job, theirs = lost_job(prompt=prompt), video(**{"prompt": prompt, **fields})
    assert matches([job], [theirs], set(), None) == {}
    [offered] = for_a_person(job, [theirs], set(), None)
    assert (offered.near, offered.other) == (near, other)
    assert not offered.is_exact


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "A boat", "size": "720x1280"},
        {"prompt": "A boat", "created_at": int(SENT.timestamp()) - 3 * HOURS},
        {"prompt": "A boat", "created_at": None},
        {"prompt": None, "model": "wan2.2"},
        {"prompt": None, "created_at": int(SENT.timestamp()) - 1234},
        {"created_at": int(SENT.timestamp()) - 30 * HOURS},
        {"created_at": 1},
        {"remixed_from_video_id": "video_7"},
    ],
)
def test_a_video_that_is_surely_another_jobs_is_not_offered(fields: dict[str, Any]) -> None:
    assert for_a_person(lost_job(), [video(**fields)], set(), None) == ()


def test_candidates_that_agree_in_most_come_first() -> None:
    told = [
        video(id="other_prompt", prompt="A boat"),
        video(id="no_time", created_at=None),
        video(id="cut", prompt="A kite."),
        video(id="exact"),
    ]
    found = for_a_person(lost_job(), told, set(), None)
    assert [c.id for c in found] == ["exact", "cut", "no_time", "other_prompt"]


def test_the_clock_of_the_sending_counts_and_not_that_of_the_search() -> None:
    """Sent by a clock three hours ahead, which was set right before the search."""
    ours = video(created_at=int(SENT.timestamp()) - 3 * HOURS + 1)
    told = replace(lost_job(), clock_skew=-3.0 * HOURS)
    assert matches([told], [ours], set(), 0.0) == {told.id: ours}
    assert matches([lost_job()], [ours], set(), 0.0) == {}
    assert matches([lost_job()], [ours], set(), -3.0 * HOURS) != {}


@pytest.mark.parametrize("skew", [1e12, -1e12, float("inf")])
def test_a_clock_that_is_none_does_no_harm(skew: float) -> None:
    job = lost_job()
    assert matches([job], [video()], set(), skew) == {job.id: video()}
    assert for_a_person(replace(job, clock_skew=skew), [video()], set(), None)


def test_an_id_that_was_used_before_is_offered_and_never_adopted() -> None:
    job = lost_job()
    assert matches([job], [video()], {"video_1"}, None) == {}
    assert for_a_person(job, [video()], {"video_1"}, None) == ()
    [offered] = for_a_person(job, [video()], {"video_1"}, None, {"video_1"})
    assert offered.other == ("id",)


def test_an_order_of_unknown_past_may_have_been_made_ever_since() -> None:
    waiting = Job.new(
        "20261122-101530-aaaaaa",
        SENT,
        ServerRef("lab", "http://127.0.0.1:9/v1"),
        VideoRequest(prompt="A kite", model="sora-2", seconds="4", size="1280x720"),
        cost=Cost(Decimal(0)),
        consent=Consent("free", SENT),
    )
    job = waiting.of_unknown_past(SENT, JobError("past_unknown", Spent.PERHAPS))
    late = video(created_at=int(SENT.timestamp()) + 9 * 24 * HOURS)
    early = video(id="video_9", created_at=int(SENT.timestamp()) - 60)
    assert matches([job], [late, early], set(), None) == {job.id: late}


def litellm_id(*facts: str) -> str:
    told = "litellm:custom_llm_provider:hosted_vllm;" + ";".join(facts)
    return "video_" + b64encode(told.encode()).decode()


def test_litellm_names_our_own_job_in_its_list_by_another_id() -> None:
    # As 1.108.7 wrote them: at create with its deployment, in the list with the model behind it.
    ours = litellm_id("model_id:wan", "video_id:video_9b3c", "deployment_id:5c0d3acc")
    listed = litellm_id("model_id:wan2.2", "video_id:video_9b3c")
    other = litellm_id("model_id:wan2.2", "video_id:video_6c71")
    assert inner_id(ours) == inner_id(listed) == "video_9b3c" != inner_id(other)
    known = {inner_id(ours)}
    videos = [video(id=listed), video(id=other)]
    assert [found.id for found in candidates(lost_job(), videos, known, None)] == [other]


@pytest.mark.parametrize("plain", ["video_1", "video_gen_4a38", "a=b+c/", "", "vidéo", "bGl0ZQ"])
def test_an_id_that_wraps_nothing_is_itself(plain: str) -> None:
    assert inner_id(plain) == plain
