"""Batch files: what a line is, and by what it is known again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.batch import (
    Line,
    batch_id,
    earlier_batch_id,
    read_lines,
    stands_for,
    takes_of,
)
from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import Batch
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import VideoRequest
from tests.support.sample_jobs import pending

ORIGIN = "https://gw.example.org"


def test_json_lines_with_their_numbers_blank_ones_left_out() -> None:
    lines, wrong = read_lines('{"prompt": "A"}\n\n  {"file": "x.md", "count": 2}\r\n', toml=False)
    assert wrong == []
    assert [(line.number, dict(line.settings)) for line in lines] == [
        (1, {"prompt": "A"}),
        (3, {"file": "x.md", "count": 2}),
    ]


def test_toml_tables_stand_over_what_is_said_for_all() -> None:
    source = (
        'size = "720p"\n[params]\nseed = 1\nfps = 16\n'
        '[[clip]]\nprompt = """\nA\nB"""\n\n  [[ clip ]]\nprompt = "C"\nparams = { seed = 2 }\n'
    )
    lines, wrong = read_lines(source, toml=True)
    assert wrong == []
    assert [(line.number, line.settings["params"], line.settings["size"]) for line in lines] == [
        (5, {"seed": 1, "fps": 16}, "720p"),
        (10, {"seed": 2, "fps": 16}, "720p"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "not an object"),
        ("{", "no JSON"),
        ('{"prompt": "A", "colour": 1}', "no such setting"),
        ('{"seconds": 4}', "one of the two"),
        ('{"prompt": "A", "file": "x"}', "one of the two"),
        ('{"prompt": 4}', "must be text"),
        ("[" * 100_000, ""),
    ],
)
def test_an_invalid_line_is_named_by_its_number(text: str, reason: str) -> None:
    lines, (error,) = read_lines('{"prompt": "A"}\n' + text, toml=False)
    assert [line.number for line in lines] == [1]
    assert (error.problem.code, error.problem.facts["row"]) == ("batch_line", 2)
    assert reason in str(error.problem.facts["reason"])


def test_an_id_comes_once() -> None:
    _lines, (error,) = read_lines('{"prompt": "A", "id": "x"}\n' * 2, toml=False)
    assert error.problem.facts["row"] == 2


@pytest.mark.parametrize("source", ["clip = 3", "[clip]\nprompt = 1", "[[clip]\n", "\x00"])
def test_a_file_that_is_no_batch_is_refused_as_a_whole(source: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_lines(source, toml=True)
    assert refused.value.problem.code == "batch_unreadable"


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_read_or_refused(source: str, toml: bool) -> None:
    try:
        read_lines(source, toml=toml)
    except ProblemError as error:
        assert error.problem.code == "batch_unreadable"


WISHES = st.builds(
    VideoRequest,
    prompt=st.sampled_from(["A", "B"]),
    seconds=st.sampled_from([None, "4"]),
    params=st.sampled_from([{}, {"seed": 1}, {"seed": 2}]),
)


def clips(of: list[tuple[VideoRequest, int]]) -> set[tuple[str, int]]:
    """What the clips of these lines are known by."""
    lines = [(Line(n, {}), request, count) for n, (request, count) in enumerate(of, 1)]
    return {(take.line, take.index) for each in takes_of("b", lines, ORIGIN) for take in each}


@given(
    st.lists(st.tuples(WISHES, st.integers(1, 3)), max_size=8), st.randoms(use_true_random=False)
)
def test_a_clip_is_known_again_wherever_its_line_stands(
    lines: list[tuple[VideoRequest, int]], chance: Any
) -> None:
    before = clips(lines)
    assert len(before) == sum(count for _request, count in lines)  # the same twice is two clips
    moved = list(lines)
    chance.shuffle(moved)
    assert clips(moved) == before
    assert len(clips([*moved, (VideoRequest("new"), 2)]) - before) == 2
    if lines:
        (request, count), *rest = moved
        assert len(clips([(request, count + 1), *rest]) - before) == 1


def test_a_line_of_another_server_is_another_and_an_id_stays_itself() -> None:
    plain, named = Line(1, {}), Line(1, {"id": "x"})
    one, other = VideoRequest("A"), VideoRequest("B")
    here = takes_of("b", [(plain, one, 1)], ORIGIN)
    assert here != takes_of("b", [(plain, one, 1)], "https://lab.example.org")
    asked = takes_of("b", [(named, one, 2)], ORIGIN)
    assert asked == takes_of("b", [(named, other, 2)], ORIGIN)
    assert asked == [(Batch("b", 1, 2, "id:x"), Batch("b", 2, 2, "id:x"))]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("shots", "shots"),
        ("my shots (2)", "my-shots-2-"),
        ("-", "batch-"),
        ("猫", "batch-"),
        ("a" * 61, f"{'a' * 40}-"),
        ("caf\udce9", "caf-"),
    ],
)
def test_the_name_of_a_batch_can_be_looked_for_in_documents(name: str, id: str) -> None:
    known = batch_id(name)
    assert known == name if name == id else known.startswith(id)
    assert json.dumps(known) == f'"{known}"'


def test_two_files_never_have_one_id_and_one_name_has_one() -> None:
    names = ["猫", "犬", "-", "batch", "plan (1)", "plan 1", "plan-1", ".plan-1", "plan-1."]
    names += [f"{'a' * 60}{end}" for end in ("", "b", "c")] + ["caf\udce9", "caf\udcea", "café"]
    assert len({batch_id(name) for name in names}) == len(names)
    assert batch_id("café") == batch_id("cafe\u0301"), "as one file system writes it and another"


def test_what_was_sent_under_an_earlier_id_stands_for_its_line_if_that_agrees() -> None:
    assert earlier_batch_id("plan (1)") == earlier_batch_id("plan 1") == "plan-1"
    named = replace(pending(), batch=Batch("plan-1", 1, 1, "id:shot1"))
    same, other = named.request, named.request._replace(prompt="another")
    assert stands_for(named, batch_id("plan (1)"), same)
    assert not stands_for(named, batch_id("plan (1)"), other)
    assert stands_for(named, "plan-1", other), "under its own id the line's id is enough"
    hashed = replace(named, batch=Batch("plan-1", 1, 1, "0123456789abcdef"))
    assert stands_for(hashed, batch_id("plan (1)"), same)


def test_takes_survive_the_document() -> None:
    from dataclasses import replace

    job = replace(pending(), batch=Batch("shots", 2, 3, "abc"))
    assert from_document(to_document(job)).batch == job.batch
    old = {**to_document(job), "batch": {"id": "x", "index": 1}}
    assert from_document(old).batch == Batch("x", 1)
