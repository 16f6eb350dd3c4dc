"""Job ids, server origins, keys that do not show, and what a request may say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.job_id import JOB_ID, JobIds
from sora_tui.core.problem import CODES, Problem, ProblemError, problem
from sora_tui.core.request import MAX_PROMPT, VideoRequest, check_request, width_height
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server, origin_of, simulator

moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


@given(st.lists(moments, max_size=30), moments)
def test_ids_are_sorted_and_unique_whatever_the_clock_does(
    wild: list[datetime], still: datetime
) -> None:
    ids = JobIds()
    given_out = [ids.next(at) for at in (*wild, *[still] * 30)]
    assert given_out == sorted(set(given_out))
    assert all(JOB_ID.fullmatch(id) for id in given_out)


def test_an_id_tells_the_second_in_utc() -> None:
    at = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    assert JobIds().next(at).startswith("20261122-101530-000")


def test_more_ids_than_a_second_has_go_into_the_next() -> None:
    at = datetime(2026, 11, 22, 10, 15, 30, 999_999, tzinfo=UTC)
    ids = JobIds()
    assert [ids.next(at)[:15], ids.next(at)[:15]] == ["20261122-101530", "20261122-101531"]


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Lab.Example.org/v1", "https://lab.example.org"),
        ("https://lab.example.org:443/other", "https://lab.example.org"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("simulator:", "simulator:"),
    ],
)
def test_a_key_is_bound_to_scheme_host_and_port(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://192.168.1.5/v1", False),
    ],
)
def test_only_loopback_stays_on_this_machine(address: str, here: bool) -> None:
    assert Server("x", address).is_loopback is here


def test_practice_stays_here_and_is_named() -> None:
    assert simulator().is_loopback
    assert simulator().simulated
    assert simulator().ref.base_url == "simulator:"


def test_a_key_shows_itself_to_nobody_but_its_header() -> None:
    server = Server("lab", "https://lab.example.org", key=Secret("sk-very-secret"))
    assert "very" not in f"{server!r} {server.key} {server.ref}"
    assert server.key is not None
    assert server.key.reveal() == "sk-very-secret"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (VideoRequest(prompt=" \n"), "prompt_empty"),
        (VideoRequest(prompt="x" * (MAX_PROMPT + 1)), "prompt_too_long"),
        (VideoRequest(prompt="A kite", size="1280*720"), "size_invalid"),
        (VideoRequest(prompt="A kite", size="0x720"), "size_invalid"),
        (VideoRequest(prompt="A kite", seconds="-4"), "seconds_invalid"),
        (VideoRequest(prompt="A kite", seconds="4 s"), "seconds_invalid"),
    ],
)
def test_what_no_server_could_mean_is_refused(request_: VideoRequest, code: str) -> None:
    with pytest.raises(ProblemError) as refused:
        check_request(request_)
    assert refused.value.problem.code == code


def test_any_size_and_length_a_server_might_have_is_let_through() -> None:
    check_request(VideoRequest(prompt="x" * MAX_PROMPT, model="wan2.2", seconds="5.5", size="1x1"))
    assert width_height("832x480") == (832, 480)


def test_a_problem_without_words_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="made_up"):
        Problem("made_up")
    assert problem("answer_lost").spent is CODES["answer_lost"]
