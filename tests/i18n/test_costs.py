"""What a job costs in words: a server's word wins, and how sure it is stands beside it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sora_tui.core.budget import NOTHING, Spending, cost_of
from sora_tui.core.job import Cost, Job, JobError, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.i18n.costs import free_words, reported_words
from sora_tui.i18n.problems import job_sentences
from tests.support.job_states import LATER, new_job

TOLD = Decimal("0.20")


def remote(status: str, cost: float | None = None) -> RemoteVideo:
    document = {"id": "video_1", "status": status}
    found = read_video(document if cost is None else {**document, "usage": {"cost": cost}})
    assert found is not None
    return found


def job_of(status: str, at_end: float | None, estimated: str = "0") -> Job:
    """A job whose create answer told a cost in a header, and then went so, told twice."""
    wish = replace(new_job(), cost=Cost(Decimal(estimated))).submitting(LATER, "key")
    job = wish.accepted(LATER, remote("queued")._replace(cost=TOLD))
    job = job.progressed(LATER, remote(status, at_end))
    return job.progressed(LATER, remote(status, at_end))


@pytest.mark.parametrize(
    ("status", "at_end", "words", "counted"),
    [
        ("in_progress", None, "about $0.20, says the server", TOLD),
        ("completed", None, "about $0.20, says the server", TOLD),
        ("completed", 0.25, "$0.25, says the server", Decimal("0.25")),
        ("failed", None, "perhaps $0.20, says the server", TOLD),
        ("cancelled", None, "perhaps $0.20, says the server", TOLD),
        ("failed", 0.2, "$0.20, says the server", TOLD),
        ("failed", 0.0, "$0.00, says the server", Decimal(0)),
    ],
)
@pytest.mark.parametrize("estimated", ["0", "0.40"])
def test_what_a_server_says_wins_over_what_was_assumed(
    status: str, at_end: float | None, words: str, counted: Decimal, estimated: str
) -> None:
    job = job_of(status, at_end, estimated)
    assert reported_words(job) == words
    assert cost_of(job, "USD") == Spending(reported=counted)
    assert job.is_free == (estimated == "0" and counted == 0)


@pytest.mark.parametrize(
    ("at_end", "money"),
    [
        (None, "$0.20 is perhaps charged: the server said so at the start, and nothing since."),
        (0.2, "$0.20 is charged, says the server."),
        (0.0, "Nothing is charged"),
    ],
)
def test_a_failed_job_is_not_free_and_summed_at_once(at_end: float | None, money: str) -> None:
    said = job_sentences(job_of("failed", at_end))
    assert said is not None
    assert said.money.startswith(money)


def test_a_definite_word_that_nothing_was_billed_outweighs_an_estimate() -> None:
    not_billed = JobError("generation_failed", Spent.NO)
    assert cost_of(replace(job_of("failed", None), error=not_billed), "USD") == NOTHING
    assert cost_of(replace(job_of("failed", 0.2), error=not_billed), "USD").reported == TOLD


def test_a_free_job_that_nobody_charged_for_stays_free() -> None:
    job = replace(new_job(), cost=Cost(Decimal(0)))
    assert job.is_free
    assert reported_words(job) == ""
    assert job.state is State.PENDING


def test_a_free_server_names_what_it_charged_last() -> None:
    price = Price(PriceKind.FREE, Decimal(0))
    assert free_words(price) == "free"
    assert free_words(price._replace(sum=TOLD), 3) == "about $0.60, said the server last time"
