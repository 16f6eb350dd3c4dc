"""A video object may have any shape: what is read of it is bounded, and reading never fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sora_tui.core.remote_video import MAX_DOCUMENT, Phase, moment, read_video

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from((10**14, 10**400, "50%", "\ud800", "https://a.example/b", "x" * 70_000)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = """
    object model progress created_at created completed_at expires_at prompt size seconds duration
    error url urls unsigned_urls videos output metadata data usage cost
"""
VIDEO = st.fixed_dictionaries(
    {"id": st.just("video_1") | st.text(), "status": st.sampled_from(("queued", "done")) | JSON},
    optional=dict.fromkeys(NAMES.split(), JSON),
)


@given(JSON | VIDEO)
@example({"id": "v", "status": "x", "created_at": float("nan"), "progress": float("inf")})
@example({"id": "v", "status": "x", "cost": "sNaN", "usage": {"cost": "-0"}})
def test_any_json_gives_a_bounded_video_or_none(document: Any) -> None:
    video = read_video(document)
    if video is None:
        return
    assert video.id == document["id"]
    assert isinstance(video.phase, Phase)
    assert video.progress is None or 0 <= video.progress <= 100
    assert all(url.startswith(("http://", "https://")) for url in video.urls)
    assert len(json.dumps(video.document)) <= 4 * MAX_DOCUMENT
    for said in (video.status, video.model, video.size, video.seconds, video.prompt):
        assert said is None or (said.isascii() or said.encode("utf-8"))


@given(VIDEO)
def test_a_stored_video_document_reads_the_same_again(document: Any) -> None:
    video = read_video(document)
    if video is None or "sora_tui_cut" in video.document:
        return
    again = read_video(json.loads(json.dumps(video.document)))
    assert again is not None
    assert again._replace(document={}) == video._replace(document={})


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("queued", Phase.QUEUED),
        ("NOT_START", Phase.QUEUED),
        ("In-Progress", Phase.IN_PROGRESS),
        ("postprocessing", Phase.IN_PROGRESS),
        ("succeeded", Phase.COMPLETED),
        ("canceled", Phase.CANCELLED),
        ("expired", Phase.EXPIRED),
        ("In Queue", Phase.QUEUED),
        ("IN_QUEUE", Phase.QUEUED),
        ("throttled", Phase.QUEUED),
        ("SUSPENDED", Phase.QUEUED),
        ("Queueing", Phase.QUEUED),
        ("starting", Phase.QUEUED),
        ("Preparing", Phase.IN_PROGRESS),
        ("canceling", Phase.IN_PROGRESS),
        (" Post Processing ", Phase.IN_PROGRESS),
        ("succeed", Phase.COMPLETED),
        ("Success", Phase.COMPLETED),
        ("FAILED", Phase.FAILED),
        # Endings of one service, which mean nothing here.
        ("error", Phase.UNKNOWN),
        ("Fail", Phase.UNKNOWN),
        ("deleted", Phase.UNKNOWN),
        ("aborted", Phase.UNKNOWN),
        ("incomplete", Phase.UNKNOWN),
        ("budget_exceeded", Phase.UNKNOWN),
        ("UNKNOWN", Phase.UNKNOWN),
        ("requires_action", Phase.UNKNOWN),
        ("dreaming", Phase.UNKNOWN),
        ("", Phase.UNKNOWN),
        (None, Phase.UNKNOWN),
        (7, Phase.UNKNOWN),
    ],
)
def test_status_words_of_the_field(word: object, phase: Phase) -> None:
    video = read_video({"id": "v", "status": word})
    assert video is not None
    assert video.phase is phase


@pytest.mark.parametrize(
    "said",
    [
        1764064800,
        1764064800.0,
        1764064800000,
        "1764064800",
        "2025-11-25T10:00:00Z",
        "2025-11-25T11:00:00+01:00",
        "2025-11-25 10:00:00",
    ],
)
def test_a_time_is_read_however_it_is_written(said: object) -> None:
    assert moment(said) == datetime(2025, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "said", [None, True, 0, -1, 10**14, 10**400, float("nan"), "", "soon", "²", "-5", "9" * 400, {}]
)
def test_an_invalid_time_is_none(said: object) -> None:
    assert moment(said) is None


@pytest.mark.parametrize(
    ("fields", "sum", "currency"),
    [
        ({"cost": 0.9}, "0.9", None),
        ({"cost": "0.90"}, "0.90", None),
        ({"cost": "$0.90"}, "0.90", "USD"),
        ({"cost": "US$ 0.90"}, "0.90", "USD"),
        ({"cost": "0.90 €"}, "0.90", "EUR"),
        ({"cost": "0.90 usd"}, "0.90", "USD"),
        ({"cost": 0.9, "currency": "EUR"}, "0.9", "EUR"),
        ({"cost": {"total": 0.9, "currency": "USD"}}, "0.9", "USD"),
        ({"cost": {"amount": "0.9"}}, "0.9", None),
        ({"usage": {"cost": 0.9}, "cost": 0.1}, "0.9", None),
        ({"usage": {"cost": {"total": 0.9}}}, "0.9", None),
        ({"usage": {"total_cost": 0.9}}, "0.9", None),
        ({"cost_usd": 0.9}, "0.9", "USD"),
        ({"price": 0.9}, "0.9", None),
        ({"metadata": {"cost": 0.9}}, "0.9", None),
        ({"metadata": {"cost": 0.1}, "usage": {"total_cost": 0.9}}, "0.9", None),
        ({"cost": 0}, "0", None),
        ({"cost": {"total": 5, "currency": "credits"}}, None, None),
        ({"cost": "5 credits"}, None, None),
        ({"cost": {"per_second": 0.1}}, None, None),
        ({"cost": "free"}, None, None),
        ({"cost": "-0.9"}, None, None),
        ({"cost": "0.9.1"}, None, None),
        ({"metadata": "cost: 0.9", "usage": [1]}, None, None),
    ],
)
def test_a_cost_is_read_under_the_names_that_servers_use(
    fields: dict[str, Any], sum: str | None, currency: str | None
) -> None:
    video = read_video({"id": "v", "status": "completed", **fields})
    assert video is not None
    assert (video.cost, video.currency) == (None if sum is None else Decimal(sum), currency)


@pytest.mark.parametrize("wrong", [None, "", 7, ["a"], ".", "..", "a\nb", "a\x1bb", "x" * 2000])
def test_an_id_that_cannot_be_used_is_no_video(wrong: object) -> None:
    assert read_video({"id": wrong, "status": "queued"}) is None


def test_every_place_of_an_address_is_known() -> None:
    url = "https://cdn.example/clip.mp4?sig=1"
    for document in (
        {"url": url},
        {"urls": [url]},
        {"unsigned_urls": [url]},
        {"videos": [{"url": url}]},
        {"output": {"videos": [{"url": url}]}},
        {"metadata": {"url": url}},
        {"data": [{"url": url}]},
    ):
        video = read_video({"id": "v", "status": "completed", **document})
        assert video is not None
        assert video.urls == (url,)
    local = read_video({"id": "v", "status": "completed", "url": "file:///etc/passwd"})
    assert local is not None
    assert local.urls == ()
