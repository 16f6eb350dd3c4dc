"""The state machine: every method makes a legal step or refuses, and nothing known is unlearnt."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given

from sora_tui.core.job import (
    ACTIVE,
    MAX_EVENTS,
    NEEDS_DECISION,
    STEPS,
    Job,
    State,
)
from sora_tui.core.problem import ProblemError, Spent
from tests.support.job_states import (
    ERROR,
    LATER,
    OUTPUT,
    STATUS_WORDS,
    attempt,
    in_state,
    new_job,
    steps,
    video,
    ways,
)

FINAL = {state for state, onward in STEPS.items() if not onward}
LEAVES = {(state, to) for state, onward in STEPS.items() for to in onward if to is not state}


def test_the_map_is_whole() -> None:
    """Every state is on the map, every arrow of the map is a method's, and no method makes more."""
    seen = set()
    put_off = in_state(State.SUBMITTING).deferred(LATER, LATER, 429)
    there = in_state(State.QUEUED).remote_deleted(LATER)
    for job in (*map(in_state, State), put_off, there):
        for word in STATUS_WORDS:
            seen |= {(job.state, attempt(job, step).state) for step in steps(video(word)).values()}
    assert {(a, b) for a, b in seen if a is not b} == LEAVES


def test_final_states_are_the_ends_of_the_map() -> None:
    assert {
        State.SAVED,
        State.REJECTED,
        State.ABANDONED,
        State.UNKNOWN,
    } == FINAL
    for state in State:
        job = in_state(state)
        assert job.is_final is (state not in ACTIVE)
        assert job.is_active is not job.is_final
        assert job.needs_decision is (state in NEEDS_DECISION)
        if state in FINAL:
            assert job.is_final


@given(ways)
def test_every_step_is_on_the_map_and_in_the_record(way: list[Job]) -> None:
    for before, job in pairwise(way):
        if job.state is not before.state:
            assert job.state in STEPS[before.state]
            assert job.events[-1].state is job.state
            assert job.events[-1].at == job.updated_at
        assert job.events[: len(before.events)] == before.events


@given(ways)
def test_what_is_known_stays_known(way: list[Job]) -> None:
    """Request, estimate and attempts are never lost, and a remote id that changes is noted."""
    for before, job in pairwise(way):
        if before.remote_id is not None and job.remote_id != before.remote_id:
            notes = [event.note for event in job.events[len(before.events) :]]
            assert any(f"the server denies {before.remote_id}:" in note for note in notes)
        if before.remote is not None:
            assert job.remote is not None
        assert (job.id, job.created_at, job.server) == (before.id, before.created_at, before.server)
        assert (job.request, job.consent) == (before.request, before.consent)
        assert job.cost.estimated == before.cost.estimated
        assert [a.key for a in job.attempts][: len(before.attempts)] == [
            a.key for a in before.attempts
        ]


@given(ways)
def test_progress_never_falls_while_the_server_works(way: list[Job]) -> None:
    working = {State.QUEUED, State.IN_PROGRESS}
    for before, job in pairwise(way):
        if before.state in working and job.state in working:
            assert before.remote is not None
            assert job.remote is not None
            known = before.remote.progress
            if known is not None:
                assert job.remote.progress is not None
                assert job.remote.progress >= known


@given(ways)
def test_only_a_job_that_was_never_sent_is_sent_again(way: list[Job]) -> None:
    """Two attempts on one job mean: before the later one, the server had definitely refused."""
    for before, job in pairwise(way):
        if len(job.attempts) > len(before.attempts) and before.attempts:
            assert before.attempts[-1].outcome in {"deferred", "not_sent"}
        if job.remote_id is not None:
            assert attempt(job, steps(video("queued"))["submitting"]) is job


def test_a_refused_step_names_job_and_states() -> None:
    with pytest.raises(ProblemError) as refused:
        in_state(State.SAVED).submitting(LATER, "key")
    facts = refused.value.problem.facts
    assert facts == {"job": new_job().id, "state": "saved", "to": "submitting"}
    assert refused.value.problem.spent is Spent.NO


def test_a_stale_replica_brings_nothing_back() -> None:
    """Fault 37: `in_progress` after `completed`, `queued` after `in_progress`."""
    done = in_state(State.COMPLETED)
    assert done.progressed(LATER, video("in_progress", 90)) is done
    running = in_state(State.IN_PROGRESS).progressed(LATER, video("in_progress", 60))
    stale = running.progressed(LATER, video("queued", 10))
    assert stale.state is State.IN_PROGRESS
    assert stale.remote is not None
    assert stale.remote.progress == 60


def test_the_id_that_create_returned_survives_gateways_that_answer_with_another() -> None:
    job = in_state(State.QUEUED).progressed(LATER, video("completed", id="other"))
    assert job.remote_id == "video_1"
    assert job.remote is not None
    assert job.remote.id == "other"


@pytest.mark.parametrize("word", ["failed", "cancelled", "expired"])
def test_a_final_word_ends_a_job_when_it_is_repeated(word: str) -> None:
    """At any first telling: by the create, by a look, for a job that was lost or forgotten."""
    once = in_state(State.SUBMITTING).accepted(LATER, video(word))
    assert once.state is State.QUEUED
    assert once.error is None
    assert once.has_unconfirmed_end
    assert once.ended_at_create
    assert once.final_status_believed(LATER).state == word
    stale = in_state(State.IN_PROGRESS).progressed(LATER, video(word))
    assert stale.state is State.IN_PROGRESS
    assert stale.events[-1].note == f"{word}, says the server: asked once more"
    assert not stale.ended_at_create
    alive = stale.progressed(LATER, video("in_progress")).progressed(LATER, video(word))
    assert alive.state is State.IN_PROGRESS
    other = stale.progressed(LATER, video("pondering")).progressed(LATER, video(word))
    assert other.state is State.IN_PROGRESS
    ended = stale.progressed(LATER, video(word))
    assert ended.state == word
    assert ended.error is not None
    for lost in (State.UNCONFIRMED, State.GONE):
        job = in_state(lost)
        is_gone = lost is State.GONE
        found = (
            job.rediscovered(LATER, video(word)) if is_gone else job.accepted(LATER, video(word))
        )
        assert found.state is State.QUEUED


def test_a_job_that_ended_is_taken_up_when_the_server_says_otherwise() -> None:
    failed = in_state(State.FAILED)
    assert failed.error is not None
    found = failed.rediscovered(LATER, video("completed"))
    assert (found.state, found.error) == (State.COMPLETED, None)
    assert failed.rediscovered(LATER, video("in_progress")).state is State.IN_PROGRESS
    with pytest.raises(ProblemError):
        failed.rediscovered(LATER, video("failed"))
    with pytest.raises(ProblemError):
        in_state(State.CANCELLED).rediscovered(LATER, video("completed"))  # it was never sent


def test_an_unknown_status_word_leaves_a_running_job_running() -> None:
    job = in_state(State.IN_PROGRESS).progressed(LATER, video("pondering"))
    assert job.state is State.IN_PROGRESS
    assert job.remote is not None
    assert job.remote.status == "pondering"


def test_a_lost_answer_found_again_forgets_the_error() -> None:
    job = in_state(State.UNCONFIRMED).accepted(LATER, video("in_progress"))
    assert job.error is None
    assert job.attempts[-1].outcome == "found"


def test_an_interrupted_download_is_tried_again_and_saved() -> None:
    broken = in_state(State.DOWNLOADING).interrupted(LATER, ERROR)
    assert broken.error == ERROR
    saved = broken.downloading(LATER).saved(LATER, (OUTPUT,))
    assert (saved.error, saved.outputs) == (None, (OUTPUT,))


def test_a_job_made_elsewhere_enters_where_it_is() -> None:
    for word in STATUS_WORDS:
        job = Job.adopted("20261122-101530-7f3k2m", LATER, new_job().server, video(word))
        assert job.state in STEPS[State.QUEUED]
        assert job.remote_id == "video_1"


def test_a_character_ends_without_a_file() -> None:
    done = in_state(State.COMPLETED)
    character = replace(done, request=done.request._replace(operation="character"))
    assert character.is_final
    assert not done.is_final


def test_support_is_told_the_id_of_what_failed_and_else_of_the_request() -> None:
    job = in_state(State.SUBMITTING).accepted(LATER, video("in_progress"), 200, "req_paid")
    assert job.request_id == "req_paid"
    failed = replace(
        job.progressed(LATER, video("failed")), error=ERROR._replace(request_id="req_look")
    )
    assert failed.request_id == "req_look"
    assert replace(failed, error=ERROR).request_id == "req_paid"
    assert new_job().request_id is None


def test_the_record_of_a_patient_job_has_an_end() -> None:
    """A server that says 429 for a day must not grow a document without end."""
    job = new_job()
    for _ in range(MAX_EVENTS):
        job = job.submitting(LATER, "key").deferred(LATER, LATER, 429)
    assert len(job.events) == MAX_EVENTS
    assert job.events[0] == new_job().events[0]


def test_a_saved_job_takes_pictures_of_its_clip_one_of_each_kind() -> None:
    saved = in_state(State.DOWNLOADING).saved(LATER, (OUTPUT,))
    first, second = (OUTPUT._replace(variant="thumbnail", path=name) for name in ("a", "b"))
    both = saved.with_preview(LATER, first).with_preview(LATER, second)
    assert (both.state, both.outputs) == (State.SAVED, (OUTPUT, second))
    with pytest.raises(ProblemError):
        saved.with_preview(LATER, OUTPUT)
    with pytest.raises(ProblemError):
        in_state(State.COMPLETED).with_preview(LATER, first)
