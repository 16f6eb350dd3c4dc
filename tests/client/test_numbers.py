"""A number that cannot be one is none, for every reader of what a server says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.client.decode import http_date, poll_after, read_json, refusal_in, retry_after
from sora_tui.client.outcome import Accepted
from sora_tui.client.response import Response
from sora_tui.client.videos import outcome_of
from sora_tui.core.document import from_document, to_document
from sora_tui.core.number import amount, number, whole
from sora_tui.core.output_check import is_checkable
from sora_tui.core.remote_video import read_video
from sora_tui.workspace.job_document import decode, encode
from tests.support.job_states import LATER, new_job

HUGE: Final = 10**400
#: What a server may say where a number belongs, and what is none.
NONE: Final = {
    "digits beyond a float": HUGE,
    "as text": "9" * 400,
    "digits beyond Python": "1" * 5000,
    "NaN": math.nan,
    "the word": "NaN",
    "infinity": math.inf,
    "the other one": -math.inf,
    "its word": "Infinity",
    "1e999": "1e999",
    "other digits": "\uff11\uff12",
    "a power": "\u00b2",
    "underscores": "1_000",
    "hexadecimal": "0x10",
    "true": True,
    "a list": [4],
    "an object": {"figure": 4},
    "nothing": None,
    "empty": "",
    "a word": "soon",
}


def video_of(**fields: Any) -> Any:
    found = read_video({"id": "v", "status": "queued", **fields})
    assert found is not None
    return found


def header_of(name: str) -> Callable[[Any], Any]:
    reader = poll_after if name == "openai-poll-after-ms" else retry_after
    return lambda value: reader({name: str(value)})


#: Every reader of a number, and what 4 is to it.
READERS: Final[dict[str, tuple[Callable[[Any], Any], Any]]] = {
    "number": (number, 4.0),
    "whole": (whole, 4),
    "amount": (amount, Decimal(4)),
    "progress": (lambda value: video_of(progress=value).progress, 4.0),
    "created_at": (
        lambda value: video_of(created_at=value).created_at,
        datetime(1970, 1, 1, 0, 0, 4, tzinfo=UTC),
    ),
    "expires_at": (
        lambda value: video_of(expires_at=value).expires_at,
        datetime(1970, 1, 1, 0, 0, 4, tzinfo=UTC),
    ),
    "cost": (lambda value: video_of(cost=value).cost, Decimal(4)),
    "usage.cost": (lambda value: video_of(usage={"cost": value}).cost, Decimal(4)),
}
#: Where a word may stand as well: text that is no number is a word.
WORDS: Final[dict[str, Callable[[Any], Any]]] = {
    "seconds": lambda value: video_of(seconds=value).seconds,
    "duration": lambda value: video_of(duration=value).seconds,
    "size": lambda value: video_of(size=value).size,
    "model": lambda value: video_of(model=value).model,
    "error.code": lambda value: video_of(error={"code": value}).error.code,
    "code": lambda value: refusal_in(_json({"error": {"code": value}})).code,
}
HEADERS: Final = ("retry-after", "llm_provider-retry-after", "openai-poll-after-ms")


@pytest.mark.parametrize("name", READERS)
def test_every_reader_gives_none_for_an_invalid_number(name: str) -> None:
    reader, four = READERS[name]
    assert reader(4) == reader("4") == reader(4.0) == reader(" 4 ") == four
    for case, value in NONE.items():
        assert reader(value) is None, case


@pytest.mark.parametrize("name", ["number", "whole", "amount", "created_at", "cost"])
def test_nothing_that_is_counted_is_negative(name: str) -> None:
    reader = READERS[name][0]
    for value in (-1, -0.5, "-1", "-1e9", -HUGE):
        assert reader(value) is None, value


@pytest.mark.parametrize("name", WORDS)
def test_where_a_word_may_stand_no_number_is_made_up(name: str) -> None:
    reader = WORDS[name]
    assert reader("720p") == "720p"
    for value in (HUGE, -HUGE, math.nan, math.inf, True, [4], {"figure": 4}, None):
        assert reader(value) is None, value


def test_a_length_is_a_length() -> None:
    assert [WORDS["seconds"](value) for value in (4, "4", 4.5, "4.0", "8s")] == [
        "4",
        "4",
        "4.5",
        "4.0",
        "8s",
    ]
    for value in (0, -4, 1e12, "nan", "9" * 40, "1e999", "\uff14"):
        assert WORDS["seconds"](value) is None, value


@pytest.mark.parametrize("name", HEADERS)
def test_an_invalid_number_in_a_header_is_no_wait(name: str) -> None:
    reader = header_of(name)
    assert reader("4000") is not None
    for case, value in NONE.items():
        assert reader(value) is None, case
    assert reader("-4") is None


@pytest.mark.parametrize(
    "said",
    ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 1601 00:00:00 GMT", "Fri, 31 Dec 99999999999"],
)
def test_a_date_that_no_clock_shows_is_none(said: str) -> None:
    """Such a date moves a search by eight thousand years: no sum of dates can hold that."""
    assert http_date(said) is None
    assert video_of(expires_at="9999-12-31T23:59:59+00:00").expires_at is None


@pytest.mark.parametrize("name", ["progress", "created_at", "expires_at", "seconds", "n", "width"])
@pytest.mark.parametrize("value", ["1" + "0" * 400, "1" + "0" * 5000, "1e999", "NaN", "-Infinity"])
def test_a_bad_number_costs_no_answer_its_id(name: str, value: str) -> None:
    """The id of what was paid stands beside it, and is written down and read again."""
    body = f'{{"id": "video_1", "status": "queued", "{name}": {value}}}'.encode()
    outcome = outcome_of(Response(200, {}, body))
    assert isinstance(outcome, Accepted)
    job = new_job().submitting(LATER, "key").accepted(LATER, outcome.video)
    again = decode(Path(f"{job.id}.json"), encode(job))
    assert again.remote_id == "video_1"
    assert again.state is job.state


def test_a_document_of_an_earlier_version_with_such_a_number_is_read() -> None:
    job = new_job().submitting(LATER, "key").accepted(LATER, video_of(id="v"))
    document = to_document(job)
    document["remote"] |= {"progress": HUGE, "seconds": HUGE, "created_at": HUGE}
    document["request"]["params"] = {"fps": HUGE}
    again = from_document(json.loads(json.dumps(document)))
    assert again.remote is not None
    assert again.remote.progress is None
    assert is_checkable(again)


@given(st.recursive(st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_no_value_breaks_a_reader(value: Any) -> None:
    for reader, _ in READERS.values():
        reader(value)
    for reader in WORDS.values():
        reader(value)


def test_json_keeps_no_number_that_cannot_be_written_again() -> None:
    body = b'{"a": 1' + b"0" * 30 + b', "b": -1e999, "c": [NaN], "d": 12345678901234567890}'
    assert read_json(body) == {"a": None, "b": None, "c": [None], "d": 12345678901234567890}


def _json(document: object) -> bytes:
    return json.dumps(document).encode()
