"""Every column's words, and the line below the list, in tables."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from rich.segment import Segment
from textual.color import Color

from sora_tui.core.job import Batch, Cost, Job, State
from sora_tui.core.request import COVER, EXACT, Reference
from sora_tui.engine.events import Retry, Transfer
from sora_tui.tui.presenters import job_columns as job_rows
from sora_tui.tui.presenters.job_status import status
from sora_tui.tui.state.job_view import JobView, counts, queue_positions
from sora_tui.tui.terminal.ascii_filter import AsciiFilter
from tests.support.sample_jobs import (
    NOW,
    ago,
    completed,
    downloading,
    in_progress,
    not_sent,
    pending,
    queued,
    refused_after,
    rejected,
    saved,
    submitting,
    unconfirmed,
    video,
)

PAID = pending(paid=True)
RETRY = Retry(2, NOW + timedelta(seconds=8.5), "503")


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def in_plain_signs(text: str) -> str:
    """Return a text as a terminal without other signs shows it."""
    [drawn] = AsciiFilter(letters=False).apply([Segment(text)], Color(0, 0, 0))
    return drawn.text


@pytest.mark.parametrize(
    ("view", "shown", "in_ascii"),
    [
        (JobView(pending()), "· pending", ". pending"),
        (JobView(submitting(pending())), "▶ submitting", "> submitting"),
        (JobView(queued(pending())), "· queued", ". queued"),
        (JobView(in_progress(pending())), "▶ in_progress", "> in_progress"),
        (JobView(completed(pending())), "⇣ completed", "v completed"),
        (JobView(downloading(pending())), "⇣ downloading", "v downloading"),
        (JobView(saved(pending())), "✓ saved", "ok saved"),
        (JobView(completed(pending(operation="character"))), "✓ completed", "ok completed"),
        (JobView(unconfirmed(PAID)), "? unconfirmed", "? unconfirmed"),
        (JobView(rejected(PAID)), "✗ rejected", "x rejected"),
        (JobView(in_progress(pending()), retry=RETRY), "~ retry 2", "~ retry 2"),
    ],
)
def test_state_is_a_sign_and_the_word_of_the_document(
    view: JobView, shown: str, in_ascii: str
) -> None:
    assert job_rows.state(view) == shown
    assert in_plain_signs(job_rows.state(view, ascii=True)) == in_ascii


def test_every_state_has_a_sign() -> None:
    for state in State:
        assert job_rows.sign(JobView(replace(PAID, state=state))) in "▶⇣?✓✗·"


@pytest.mark.parametrize(
    ("view", "narrow", "wide"),
    [
        (JobView(in_progress(pending(), 38)), "███▍·····   38%", "█████▋·········   38%"),
        (JobView(in_progress(pending())), "no figure, 0:25", "no figure, 0:25"),
        (
            JobView(in_progress(pending()), typical_seconds=83),
            "usual 83 s",
            "no figure, usual 83 s",
        ),
        (JobView(queued(pending()), ahead=2), "behind 2", "behind 2"),
        (JobView(queued(pending()), ahead=0), "waiting", "waiting"),
        (
            JobView(downloading(pending()), Transfer(1_100_000, 3_000_000)),
            "1.1/3.0 MB",
            "1.1 of 3.0 MB  36%",
        ),
        (JobView(downloading(pending()), Transfer(1_100_000)), "1.1 MB", "1.1 MB"),
        (JobView(downloading(pending())), "starting", "starting"),
        (JobView(saved(pending())), "4.0 s  3.0 MB", "4.0 s  3.0 MB  #9c1e"),
        (JobView(unconfirmed(PAID)), "answer lost", "answer lost"),
        (JobView(rejected(PAID)), "moderation", "moderation, before"),
        (JobView(refused_after(PAID)), "moderation", "moderation, after"),
        (JobView(not_sent(PAID)), "not reached", "not reached"),
        (JobView(in_progress(PAID), retry=RETRY), "503, in 8 s", "503, again in 8 s"),
        (
            JobView(submitting(PAID).deferred(ago(1), NOW + timedelta(seconds=30), 429)),
            "again in 30 s",
            "again in 30 s",
        ),
        (JobView(pending().withdrawn(NOW)), "withdrawn", "withdrawn"),
    ],
)
def test_progress_says_what_the_server_said(view: JobView, narrow: str, wide: str) -> None:
    assert job_rows.progress(view, NOW, 15) == narrow
    assert job_rows.progress(view, NOW, 21) == wide


@pytest.mark.parametrize(
    ("percent", "drawn"),
    [
        (0, "·········    0%"),
        (50, "████▌····   50%"),
        (99.6, "████████▉   99%"),
        (100, "█████████  100%"),
    ],
)
def test_bar(percent: float, drawn: str) -> None:
    assert job_rows.bar(percent, 15) == drawn
    plain = in_plain_signs(job_rows.bar(percent, 15, ascii=True))
    assert plain == re.sub("[▏▎▍▌▋▊▉]", ".", drawn).replace("█", "#").replace("·", ".")


@pytest.mark.parametrize(
    ("view", "left"),
    [
        (JobView(in_progress(pending(), 38)), "~0:41"),
        (JobView(in_progress(pending(), 1)), "-"),
        (JobView(in_progress(pending(), 1), typical_seconds=83), "~0:58"),
        (JobView(in_progress(pending(90)), typical_seconds=83), "-"),
        (JobView(queued(pending(4)), typical_seconds=80, ahead=2), "~3 min"),
        (JobView(queued(pending(4))), "-"),
        (JobView(downloading(pending()), Transfer(1_000_000, 3_000_000)), "~0:10"),
        (JobView(unconfirmed(PAID)), "you"),
        (JobView(in_progress(pending(), 38), retry=RETRY), "-"),
        (JobView(saved(pending())), "-"),
    ],
)
def test_left_is_an_estimate_or_nothing(view: JobView, left: str) -> None:
    assert job_rows.left(view, NOW) == left


@pytest.mark.parametrize(
    ("job", "expires"),
    [
        (in_progress(pending()), "-"),
        (completed(pending()), "-"),
        (downloading(pending(), 58 * 60 + 20), "58 min"),
        (downloading(pending(), 23 * 3600), "23 h"),
        (downloading(pending(), 4 * 60 + 20), "! 4 min"),
        (downloading(pending(), -5), "! 0 s"),
        (saved(pending()), "kept"),
        (replace(PAID, state=State.GONE), "gone"),
        (replace(PAID, state=State.EXPIRED), "gone"),
        (rejected(PAID), "-"),
    ],
)
def test_expires(job: Job, expires: str) -> None:
    assert job_rows.expires(JobView(job), NOW) == expires
    assert job_rows.in_danger(JobView(job), NOW) == expires.startswith("!")


UNPRICED = replace(PAID, cost=Cost())


@pytest.mark.parametrize(
    ("view", "cost"),
    [
        (JobView(in_progress(pending())), "free"),
        (JobView(rejected(pending())), "0"),
        (JobView(in_progress(PAID)), "~0.40"),
        (JobView(in_progress(replace(PAID, cost=Cost(Decimal("0.004"))))), "~0.0040"),
        (JobView(replace(in_progress(PAID), cost=Cost(None, Decimal("0.4")))), "~0.40"),
        (JobView(replace(in_progress(PAID), cost=Cost(Decimal(0), Decimal("0.4")))), "~0.40"),
        (JobView(replace(refused_after(PAID), cost=Cost(Decimal(0), Decimal("0.4")))), "0.40?"),
        (JobView(in_progress(UNPRICED)), "unknown"),
        (JobView(unconfirmed(PAID)), "0.40?"),
        (JobView(unconfirmed(UNPRICED)), "unknown"),
        (JobView(refused_after(PAID)), "0.40 !"),
        (JobView(rejected(PAID)), "0"),
        (JobView(not_sent(PAID)), "0"),
        (JobView(PAID.withdrawn(NOW)), "0"),
        (JobView(PAID, retry=RETRY), "0"),
        (JobView(in_progress(PAID), retry=RETRY), "~0.40"),
    ],
)
def test_cost_says_how_sure_it_is(view: JobView, cost: str) -> None:
    assert job_rows.cost(view) == cost


@pytest.mark.parametrize(
    ("view", "elapsed"),
    [
        (JobView(in_progress(pending(25))), "0:25"),
        (JobView(unconfirmed(pending(242))), "4:02"),
        (JobView(saved(pending(83))), "1:22"),
        (JobView(rejected(pending(500))), "0:01"),
        (JobView(in_progress(pending(3725))), "1h02m"),
        (JobView(in_progress(pending(3 * 86400 + 5))), "3 d"),
    ],
)
def test_elapsed_stands_still_once_it_is_over(view: JobView, elapsed: str) -> None:
    assert job_rows.elapsed(view, NOW) == elapsed


def test_what_was_found_elsewhere_counts_from_when_the_server_began_it() -> None:
    remote = video("in_progress", progress=50, created_at=ago(60).timestamp())
    view = JobView(Job.adopted("20261122-101530-adopted", NOW, PAID.server, remote))
    assert job_rows.left(view, NOW) == "~1:00"


def test_places_count_our_own_jobs_on_the_same_server() -> None:
    jobs = {
        "running": in_progress(pending(50, number=1)),
        "second": queued(pending(40, number=2)),
        "third": pending(30, number=3),
        "elsewhere": queued(pending(20, number=4, paid=True)),
        "over": saved(pending(60, number=5)),
    }
    found = queue_positions(JobView(job) for job in reversed(jobs.values()))
    assert found == {jobs["second"].id: 1, jobs["third"].id: 2, jobs["elsewhere"].id: 0}
    assert counts(JobView(job) for job in jobs.values()) == (1, 0)


def test_foreign_text_is_made_harmless_and_short() -> None:
    evil = pending(prompt="two\nlines\t\x1b[31mred \u202eback", model="sora-2")
    assert job_rows.prompt(JobView(evil)) == "two lines [31mred back"
    used = {
        fit: job_rows.reference(JobView(pending(reference=Reference("a.png", "0", fit))))
        for fit in (EXACT, COVER)
    }
    assert used == {EXACT: "✓", COVER: "✂"}
    assert job_rows.reference(JobView(evil)) == "-"


@pytest.mark.parametrize(
    ("view", "width", "said"),
    [
        (
            JobView(in_progress(pending())),
            78,
            "running on the simulator for 0:25, started 10:15; you may quit, it resumes",
        ),
        (JobView(in_progress(pending())), 50, "running on the simulator for 0:25"),
        (
            JobView(saved(pending())),
            120,
            "Saved output/20261122-101530Z_video_9c1e.mp4  3.0 MB  sha256 9c1e..."
            "  o look here  y copy scp line",
        ),
        (
            JobView(saved(pending())),
            78,
            "Saved output/20261122-101530Z_video_9c1e.mp4  3.0 MB  o look  y copy",
        ),
        (
            JobView(saved(pending(), "video_61a6e33d538a05481e69bbc1")),
            78,
            "Saved output/20261122-101530Z_….mp4  3.0 MB  o look here  y copy scp line",
        ),
        (
            JobView(in_progress(PAID), retry=RETRY),
            78,
            "team-gw: 503; asked again by itself in 8 s, you need not do anything",
        ),
    ],
)
def test_the_line_below_says_the_most_that_fits(view: JobView, width: int, said: str) -> None:
    assert status(view, NOW, width) == said


def test_the_line_below_says_how_to_come_to_the_keys() -> None:
    view = JobView(saved(pending()))
    assert status(view, NOW, 78, "esc, then ").endswith("3.0 MB  esc, then o look  y copy")
    assert status(view, NOW, 78, None).endswith("mp4  3.0 MB"), "of a job that no key acts on"
    assert status(view, NOW, 30) == "Saved  3.0 MB  o look  y copy"
    assert status(JobView(not_sent(PAID)), NOW, 66, "esc, then ").endswith(
        "esc, then 5 says why, and what to do"
    )


def test_the_line_below_keeps_the_money_longest() -> None:
    view = JobView(unconfirmed(PAID))
    assert "answer was lost" in status(view, NOW, 200)
    assert status(view, NOW, 1).startswith("It may be running, and billed")


def test_a_clip_that_is_not_what_was_asked_says_how_it_is() -> None:
    job = saved(pending(30))
    size = replace(job, outputs=(job.outputs[0]._replace(width=1280, height=704),))
    assert job_rows.progress(JobView(size), NOW, 15) == "≠ 1280x704"
    assert job_rows.progress(JobView(size), NOW, 15, ascii=True) == "!= 1280x704"
    assert job_rows.progress(JobView(size), NOW, 21).startswith("≠ 1280x704  ")
    assert job_rows.is_otherwise(size)
    assert not job_rows.is_otherwise(job)


def test_takes_of_one_prompt_stand_together_and_say_it_once() -> None:
    def take(index: int, batch: str = "b", line: str = "") -> Job:
        return replace(pending(number=index), batch=Batch(batch, index, 3, line))

    one, two = take(1), take(2)
    assert job_rows.take(one) == "1/3"
    assert job_rows.take(replace(one, batch=Batch("b", 1))) == ""  # of a version that did not say
    assert job_rows.are_takes(one, JobView(two))
    assert not job_rows.are_takes(one, JobView(take(2, "c")))
    assert not job_rows.are_takes(one, JobView(take(2, line="x")))
    assert not job_rows.are_takes(one, JobView(pending()))
    assert not job_rows.are_takes(one, None)
    said = [("3/3", False, True), ("2/3", True, True), ("1/3", True, False)]
    assert [job_rows.grouped("A kite", *each) for each in said] == [
        "┌ 3/3 A kite",
        "│ 2/3",
        "└ 1/3",
    ]
    assert job_rows.grouped("A kite", "1/3", False, False) == "1/3 A kite"
    assert job_rows.grouped("A kite", "", True, True) == "A kite"
    assert in_plain_signs(job_rows.grouped("A kite", "3/3", False, True)) == "+ 3/3 A kite"
