"""Every envelope servers put their errors in, and that no bytes can break the decoder."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sora_tui.client.decode import (
    MAX_DEPTH,
    poll_after,
    read_json,
    refusal_in,
    retry_after,
    video_in,
    wrapped_video,
)
from sora_tui.core.text import clean

OMNI_WORDS = """2 validation errors:
  {'type': 'string_pattern_mismatch', 'loc': 'body.seconds', 'msg': "String should match pattern '^[1-9]\\\\d*$'", 'input': '2.5', 'ctx': {'pattern': '^[1-9]\\\\d*$'}}
  {'type': 'other', 'loc': 'body.size', 'msg': 'no', 'input': 'abc'}"""  # noqa: E501 -- its own words
SDK_WORDS = "Error code: 400 - {'error': {'message': \"It's blocked\", 'code': 'sentinel_block'}}"
ENVELOPES: list[tuple[Any, str | None, str]] = [
    ({"error": {"message": "m", "type": "t", "param": None, "code": "c"}}, "c", "m"),
    ({"error": {"message": "m", "type": "t", "code": None}}, "t", "m"),
    ({"error": {"message": "m", "type": "Bad Request", "code": 400}}, "Bad Request", "m"),
    ({"error": {"message": "m", "code": "429"}}, "429", "m"),
    ({"error": "Unauthorized"}, None, "Unauthorized"),
    ({"error": {"error": {"message": "deep", "code": "c"}}}, "c", "deep"),
    ({"error": {}, "message": "m"}, None, "m"),
    ({"detail": "Video not found"}, None, "Video not found"),
    ({"detail": {"message": "m", "code": "c"}}, "c", "m"),
    (
        {"detail": [{"loc": ["body", "size"], "msg": "bad"}, {"loc": ["n"], "msg": "no"}]},
        None,
        "body.size: bad; n: no",
    ),
    ({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}, None, "m"),
    ({"code": "task_not_exist", "message": "m", "data": None}, "task_not_exist", "m"),
    ("Internal Server Error", None, "Internal Server Error"),
    ("<html><head><title>502 Bad\nGateway</title></head>", None, "502 Bad Gateway"),
    ("<p>no <b>title</b></p>", None, "no title"),
    ("", None, ""),
    ({"error": {"message": SDK_WORDS, "code": "500"}}, "sentinel_block", "It's blocked"),
    (
        {"error": {"message": OMNI_WORDS, "type": "Bad Request", "code": 400}},
        "Bad Request",
        "body.seconds: String should match pattern '^[1-9]\\d*$'; body.size: no",
    ),
    (
        {"error": {"message": 'a: {"error": {"message": "b: {\\"message\\": \\"c\\"}"}} d'}},
        None,
        "c",
    ),
    ({"error": {"message": "set {not json} here", "code": "c"}}, "c", "set {not json} here"),
    (
        {"error": {"message": 'Refused: {"code": "sentinel_block"}', "code": "500"}},
        "sentinel_block",
        'Refused: {"code": "sentinel_block"}',
    ),
]


@pytest.mark.parametrize(("body", "code", "message"), ENVELOPES)
def test_every_error_envelope_gives_code_and_message(
    body: Any, code: str | None, message: str
) -> None:
    said = refusal_in((body if isinstance(body, str) else json.dumps(body)).encode())
    assert said.message == message
    if code is not None:
        assert said.code == code


def test_a_failed_job_is_told_from_an_error_that_has_an_id() -> None:
    assert video_in({"id": "v", "object": "video", "status": "odd"}) is not None
    assert video_in({"id": "v", "status": "failed"}) is not None
    assert video_in({"id": "req_1", "status": 400, "message": "no"}) is None
    inside = {"id": "v", "object": "video", "status": "failed", "error": {"code": 500}}
    wrapped = {"error": {"message": f"Hosted_vllmException - {json.dumps(inside)} and more"}}
    video = wrapped_video(wrapped)
    assert video is not None
    assert video.id == "v"
    after_another = f'of {{"request": "r"}}: {json.dumps(inside)}'
    video = wrapped_video({"error": {"message": after_another}})
    assert video is not None
    assert video.id == "v"


def test_a_message_in_a_message_in_a_message_is_not_unwrapped_for_ever() -> None:
    said: dict[str, Any] = {"message": "the very first"}
    for _ in range(6):
        said = {"message": f"then: {json.dumps(said)}"}
    assert refusal_in(json.dumps(said).encode()).message.startswith("then: ")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("2000", 2), ("0", 1), ("1e12", 60), ("-1", None), ("abc", None), ("nan", None)],
)
def test_poll_hints_are_bounded(said: str, seconds: float | None) -> None:
    assert poll_after({"openai-poll-after-ms": said}) == seconds


def test_what_is_read_can_be_written_again() -> None:
    deep: Any = "end"
    for _ in range(400):
        deep = {"a": [deep]}
    read = read_json(json.dumps({"deep": deep, "odd": [float("nan"), float("inf")]}).encode())
    assert read["odd"] == [None, None]
    assert json.dumps(read, indent=2).count("{") < MAX_DEPTH
    with pytest.raises(ValueError, match="deep"):
        read_json(b"[" * 200_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
ENVELOPE = st.dictionaries(
    st.sampled_from(("error", "message", "detail", "code", "type", "id", "status", "object")), JSON
)


@given(st.binary() | (JSON | ENVELOPE).map(lambda value: json.dumps(value).encode()))
@example(b"{'" * 4000)
@example(json.dumps({"error": {"message": "{" * 16_000}}).encode())
@example(json.dumps({"error": {"message": "[{'a':" * 2000}}).encode())
def test_no_answer_breaks_the_extractor(body: bytes) -> None:
    said = refusal_in(body)
    assert said.message == clean(said.message, 2000)
    try:
        document = read_json(body)
    except ValueError:
        return
    video_in(document)
    wrapped_video(document)


@given(
    st.dictionaries(
        st.sampled_from(("retry-after", "retry-after-ms", "llm_provider-retry-after", "date")),
        st.text() | st.floats().map(str) | st.datetimes().map(lambda at: at.strftime("%c GMT")),
    )
)
def test_no_wait_is_out_of_bounds(headers: dict[str, str]) -> None:
    wait = retry_after(headers)
    assert wait is None or 1 <= wait <= 300
