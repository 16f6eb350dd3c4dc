"""A job and its document: nothing is lost on the way to disk and back, and nonsense is named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.cookie import Cookie
from sora_tui.core.document import SCHEMA, from_document, stored_document, to_document
from sora_tui.core.job import Batch, Consent, Cost, FolderMark, Job, JobError, Notes, Output, State
from sora_tui.core.problem import CODES, ProblemError, Spent
from sora_tui.core.recovery import Candidate, RecoverySearch, Refusal
from sora_tui.core.request import Character, Reference, SourceFile, VideoRequest, read_fit
from sora_tui.core.secret import Secret
from sora_tui.core.server import ServerRef
from tests.support.job_states import LATER, OUTPUT, in_state, ways

# What UTF-8 can write; a lone surrogate never gets as far as a document.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
words = texts.filter(bool)

money = st.none() | st.decimals(0, 10_000, places=4, allow_nan=False)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
seconds = st.none() | st.floats(0, 1e6, allow_nan=False)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
params = st.dictionaries(words, json_values, max_size=3)

WAYS = ("exact", "cover", "cover:top", "contain", "contain:blur", "contain:#204060", "stretch")
FITS = [read_fit(way) for way in WAYS]
requests = st.builds(
    VideoRequest,
    prompt=texts,
    model=st.none() | words,
    seconds=st.none() | words,
    size=st.none() | words,
    reference=st.none() | st.builds(Reference, words, words, st.sampled_from(FITS)),
    params=params,
    variables=st.dictionaries(words, texts, max_size=3),
    prompt_file=st.none() | words,
    operation=st.sampled_from(["create", "remix", "edit", "extend", "character"]),
    source_video=st.none() | words,
)
finite = st.floats(allow_nan=False, allow_infinity=False)
errors = st.builds(
    JobError,
    st.sampled_from(sorted(CODES)),
    st.sampled_from(Spent),
    code=st.none() | words,
    message=texts,
    status=st.none() | st.integers(100, 599),
    request_id=st.none() | words,
    facts=st.dictionaries(words, texts | st.integers(0, 2**53) | finite, max_size=3),
)
outputs = st.builds(
    Output,
    words,
    words,
    st.integers(0, 2**50),
    words,
    width=st.none() | st.integers(1, 9999),
    height=st.none() | st.integers(1, 9999),
    seconds=seconds,
    fps=seconds,
    codec=st.none() | words,
)

searches = st.builds(
    RecoverySearch,
    moments,
    moments,
    st.integers(0, 99),
    st.booleans(),
    st.lists(
        st.builds(
            Candidate, words, st.none() | moments, *3 * (st.lists(words, max_size=2).map(tuple),)
        ),
        max_size=3,
    ).map(tuple),
    st.none()
    | st.builds(Refusal, moments, words, st.sampled_from(sorted(CODES)), st.none() | words),
    st.integers(0, 9999),
)


SEARCH = {"began": "2026-11-22T10:15:30Z", "at": "2026-11-22T10:15:30Z", "found": []}
REFUSED = {"at": "2026-11-22T10:15:30Z", "video": "video_1", "code": "video_taken", "job": None}


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """A job somewhere on its way, with every optional field drawn."""
    return replace(
        draw(ways)[-1],
        created_at=draw(moments),
        updated_at=draw(moments),
        request=draw(requests),
        outputs=tuple(draw(st.lists(outputs, max_size=3))),
        cost=Cost(draw(money), draw(money), draw(words)),
        error=draw(st.none() | errors),
        consent=draw(st.none() | st.builds(Consent, words, moments, money, words, max_spend=money)),
        not_before=draw(st.none() | moments),
        expires_at=draw(st.none() | moments),
        clock_skew=draw(seconds),
        search=draw(st.none() | searches),
        parent=draw(st.none() | words),
        batch=draw(st.none() | st.builds(Batch, words, st.integers(1, 99))),
        notes=Notes(
            draw(st.none() | st.integers(0, 5)), tuple(draw(st.lists(texts, max_size=3))), "text"
        ),
        handed_in=draw(
            st.none() | st.builds(FolderMark, words, st.integers(0, 2**64), st.none() | words)
        ),
        extra=draw(st.dictionaries(words.map(lambda word: f"x-{word}"), json_values, max_size=3)),
    )


def through_disk(job: Job) -> dict[str, Any]:
    """The document as another process reads it."""
    document: dict[str, Any] = json.loads(json.dumps(to_document(job), allow_nan=False))
    return document


@given(jobs())
def test_a_job_survives_its_document(job: Job) -> None:
    document = through_disk(job)
    again = from_document(document)
    assert through_disk(again) == document
    # The remote object is kept as it came, so a progress that a stale poll lowered comes back low.
    assert replace(again, remote=job.remote) == job
    assert (again.remote is None) is (job.remote is None)


@given(jobs(), params)
def test_fields_of_a_later_version_survive(job: Job, unknown: dict[str, Any]) -> None:
    extra = {f"later_{name}": value for name, value in unknown.items()}
    again = from_document({**through_disk(job), **extra})
    assert {name: through_disk(again)[name] for name in extra} == extra


@given(jobs(), st.data())
def test_nonsense_in_a_field_is_refused_by_name_or_read(job: Job, data: st.DataObject) -> None:
    document = through_disk(job)
    name = data.draw(st.sampled_from(sorted(document)))
    document[name] = data.draw(json_values)
    try:
        from_document(document)
    except ProblemError as error:
        assert error.problem.code in {"document_broken", "document_newer"}
        if error.problem.code == "document_broken":
            assert error.problem.facts["field"] == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", 7),
        ("request", {"prompt": "A kite", "operation": 7}),
        ("error", {"message": "no kind"}),
        ("created_at", "2026-11-22T10:15:30"),  # no time zone
        ("created_at", "0001-01-01T00:00:00+14:00"),  # before the calendar, in UTC
        ("clock_skew", 10**400),
        ("batch", {"id": "b", "index": float("inf")}),
        ("id", None),
    ],
)
def test_an_invalid_document_names_the_field(name: str, value: object) -> None:
    with pytest.raises(ProblemError) as broken:
        from_document({**through_disk(in_state(State.QUEUED)), name: value})
    assert broken.value.problem.code == "document_broken"
    assert broken.value.problem.facts["field"] == name


@pytest.mark.parametrize(
    "sum", [-500, "-0.01", "NaN", "Infinity", "1e999", 1e308, "x", True, [1], "\u0661", "1_0"]
)
@pytest.mark.parametrize("name", ["estimated", "reported"])
def test_an_invalid_sum_of_money_makes_a_document_unreadable(name: str, sum: object) -> None:
    """Counted as it stands it would lift the limit of the day."""
    document = through_disk(in_state(State.SAVED))
    document["cost"][name] = sum
    with pytest.raises(ProblemError) as refusal:
        from_document(document)
    assert refusal.value.problem.code == "document_broken"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", "wide"),
        ("width", 10**400),
        ("height", -1),
        ("height", True),
        ("height", 1.5),
        ("seconds", [4]),
        ("seconds", -4.0),
        ("fps", 1e300),
    ],
)
def test_what_no_clip_measures_is_unknown(name: str, value: object) -> None:
    """A screen divides by these; a document may come with a folder from anybody."""
    output = {"variant": "video", "path": "output/a.mp4", "bytes": 9, "sha256": ""}
    measures = {"width": 1280, "height": 720, "seconds": 4.0, "fps": 30.0}
    document = {**through_disk(in_state(State.SAVED)), "outputs": [{**output, **measures}]}
    read = from_document(document).outputs[0]
    assert (read.width, read.height, read.seconds, read.fps) == (1280, 720, 4.0, 30.0)
    document["outputs"][0][name] = value
    assert getattr(from_document(document).outputs[0], name) is None


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_a_document_must_be_an_object(document: object) -> None:
    with pytest.raises(ProblemError) as broken:
        from_document(document)
    assert broken.value.problem.code == "document_broken"


def test_a_newer_document_is_left_alone() -> None:
    with pytest.raises(ProblemError) as newer:
        from_document({"schema": SCHEMA + 1})
    assert newer.value.problem.code == "document_newer"


def test_the_document_of_a_new_job_reads_as_promised() -> None:
    """The contract of schema 1: names, order and forms that other programs may rely on."""
    document = through_disk(in_state(State.PENDING))
    assert " ".join(document) == (
        "schema id state created_at updated_at server request remote remote_id outputs cost error "
        "simulated events attempts consent not_before expires_at clock_skew parent batch notes"
    )
    assert document["created_at"] == "2026-11-22T10:15:30.000000Z"
    assert document["server"] == {
        "profile": "lab",
        "base_url": "https://lab.example.org/v1",
        "dialect": "auto",
    }
    assert document["cost"] == {"estimated": 0.4, "reported": None, "currency": "USD"}
    assert from_document(document).cost.estimated == Decimal("0.4")


def test_unknown_fields_of_inner_objects_survive_a_later_step() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    job = Job.new(
        "20261122-101530-7f3k2m",
        at,
        ServerRef("lab", "http://127.0.0.1/v1"),
        VideoRequest("A kite"),
        cost=Cost(),
        consent=Consent("free", at),
    )
    document = to_document(job)
    document["request"]["camera"] = {"lens": "35 mm"}
    document["notes"]["colour"] = "red"
    later = to_document(from_document(document).submitting(at, "key"))
    assert later["request"]["camera"] == {"lens": "35 mm"}
    assert later["notes"]["colour"] == "red"
    assert later["request"]["prompt"] == "A kite"


def test_a_record_of_a_later_version_survives_a_round_trip_and_a_later_step() -> None:
    """Whatever object of the document its fields stand in."""
    job = replace(
        in_state(State.UNCONFIRMED),
        outputs=(OUTPUT,),
        cookies=(Cookie("LB", Secret("B")),),
        search=RecoverySearch(LATER, LATER, found=(Candidate("v1", None), Candidate("v2", None))),
        request=VideoRequest(
            "A kite",
            reference=Reference("input_reference/a.png", "0" * 64),
            source_file=SourceFile("output/a.mp4", "1" * 64),
            characters=(Character("Ann", "char_1", "20261122-101530-7f3k2m"),),
        ),
    )
    document = json.loads(json.dumps(stored_document(job)))
    search, request = document["search"], document["request"]
    holders = [
        document,
        search,
        *search["found"],
        request,
        request["reference"],
        request["source_file"],
        *request["characters"],
        *(row for name in ("outputs", "events", "attempts", "cookies") for row in document[name]),
    ]
    for number, holder in enumerate(holders):
        holder["later"] = {"number": number}
    document["error"]["spent"] = "partly"
    read = from_document(document)
    assert read.error is not None
    assert read.error.spent is Spent.PERHAPS
    assert json.loads(json.dumps(stored_document(read))) == document
    shown = to_document(read)
    assert all("later" not in cookie for cookie in shown["cookies"]), "it may be a secret"
    # What a step replaces goes; what it keeps, keeps its own.
    again = stored_document(read.noted(LATER, "seen").searched(LATER, RecoverySearch(LATER, LATER)))
    assert again["events"][: len(document["events"])] == document["events"]
    assert "later" not in again["events"][-1]
    assert (again["outputs"], again["search"]["found"]) == (document["outputs"], [])
    other = replace(read, error=JobError("answer_lost", Spent.NO))
    assert stored_document(other)["error"]["spent"] == "no"


@pytest.mark.parametrize("word", ["partly", ["a", "list"], {"sum": 1}, None, 7])
def test_any_later_word_for_what_is_spent_is_a_perhaps(word: object) -> None:
    document = to_document(in_state(State.FAILED))
    document["error"]["spent"] = word
    job = from_document(document)
    assert job.error is not None
    assert job.error.spent is Spent.PERHAPS
    assert to_document(job)["error"]["spent"] == word


def test_an_error_that_is_over_takes_its_unknown_fields_along() -> None:
    document = through_disk(in_state(State.NOT_SENT))
    document["error"]["colour"] = "red"
    job = from_document(document)
    assert to_document(job)["error"]["colour"] == "red"
    assert to_document(job.retried(job.updated_at))["error"] is None


# Words of later versions ------------------------------------------------------------------------


def test_words_of_a_later_version_are_shown_and_kept() -> None:
    """Such a document was called broken, and its clip was in no list."""
    document = to_document(in_state(State.FAILED))
    document["state"] = "archived"
    document["events"].append(
        {"at": "2026-11-30T10:00:00.000000Z", "state": "archived", "note": "moved"}
    )
    document["error"] |= {"kind": "gpu_on_fire", "spent": "partly"}
    document["request"]["operation"] = "upscale"
    job = from_document(document)
    assert job.state is State.UNKNOWN
    assert job.state_word == "archived"
    assert job.events[-1].state_word == "archived"
    assert job.is_final
    assert not job.needs_decision
    assert job.error is not None
    assert job.error.problem.code == "word_unknown"
    assert job.error.problem.facts["word"] == "gpu_on_fire"
    assert job.error.spent is Spent.PERHAPS, "an unknown word frees no money"
    again = to_document(job)
    assert again["state"] == "archived"
    assert again["events"] == document["events"]
    assert again["error"]["kind"] == "gpu_on_fire"
    assert again["request"]["operation"] == "upscale"


def test_a_reason_names_no_exception() -> None:
    document = to_document(in_state(State.FAILED))
    for part, value, reason in (
        ("error", {"message": "no"}, "kind is missing"),
        ("created_at", "yesterday", "yesterday"),
        ("cost", [1], "not the kind of value"),
        ("state", 7, "7"),
    ):
        with pytest.raises(ProblemError) as broken:
            from_document({**document, part: value})
        said = str(broken.value.problem.facts["reason"])
        assert reason in said
        assert "Error" not in said


@pytest.mark.parametrize("fact", [float("inf"), float("-inf"), float("nan")])
def test_no_fact_of_a_reason_keeps_a_record_from_being_written(fact: float) -> None:
    job = replace(
        in_state(State.PENDING), error=JobError("over_budget", Spent.NO, facts={"limit": fact})
    )
    assert through_disk(job)["error"]["facts"] == {"limit": str(fact)}
