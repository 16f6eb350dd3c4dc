"""How often a server is asked, and how late we see a clip, by the real poller in virtual time.

The wire is left out on purpose: an hour of a thousand jobs has to pass in a second.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

import pytest

from sora_tui.core.job import Job
from sora_tui.engine import poller
from sora_tui.engine.events import Retry
from sora_tui.engine.poll_plan import PollPlan
from tests.support.polled_server import LATENCY, PolledServer, now, polling, read, utc
from tests.support.virtual_time import VirtualLoop, run, until

MEDIAN, SIGMA = 105.0, 0.35


def lognormal(count: int) -> list[float]:
    chance = random.Random(7)
    return [MEDIAN * math.exp(chance.gauss(0, SIGMA)) for _ in range(count)]


def finish(
    farm: PolledServer,
    monkeypatch: pytest.MonkeyPatch,
    seconds: Iterable[float],
    every: float = 0.0,
    past: Sequence[float] = (),
) -> None:
    """Accept one job after the other and wait until all are seen completed."""

    async def play() -> None:
        async with polling(farm, monkeypatch, past) as (active_jobs, _):
            for each in seconds:
                active_jobs.put(farm.accept(each))
                if every:
                    await asyncio.sleep(every)
            await until(lambda: len(farm.seen_at) == len(farm.done_at))

    run(play())


def closest(times: Sequence[float]) -> float:
    return min((b - a for a, b in pairwise(times)), default=math.inf)


@pytest.fixture(autouse=True)
def the_same_chance() -> None:
    random.seed(7)


# Many, some, few ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tells_progress", "learnt"),
    [(False, False), pytest.param(False, True, marks=pytest.mark.long)],
)
def test_a_thousand_jobs_are_seen_soon_for_few_requests(
    monkeypatch: pytest.MonkeyPatch, tells_progress: bool, learnt: bool
) -> None:
    farm = PolledServer(tells_progress=tells_progress)
    finish(farm, monkeypatch, lognormal(1000), past=lognormal(50) if learnt else ())
    assert len(farm.asked) <= 700
    assert farm.delay <= 3.0
    assert closest(farm.sweeps) >= 5.0
    in_five_seconds = Counter(at // 5 for at in farm.asked)
    assert max(in_five_seconds.values()) <= 20 + 25  # the gate: a burst, and 5 a second


@pytest.mark.parametrize(
    ("count", "every", "requests"),
    [(1, 0, 25), (10, 0, 6), (10, 20, 12), (100, 0, 0.7), (100, 3, 2)],
)
def test_in_any_mix_there_is_at_most_one_sweep_in_five_seconds(
    monkeypatch: pytest.MonkeyPatch, count: int, every: float, requests: float
) -> None:
    farm = PolledServer(tells_progress=True)
    finish(farm, monkeypatch, lognormal(count), every)
    assert closest(farm.sweeps) >= 5.0
    assert farm.delay <= 3.5
    assert len(farm.asked) <= requests * count


def test_a_single_short_job_is_watched_every_second_or_two(monkeypatch: pytest.MonkeyPatch) -> None:
    farm = PolledServer(tells_progress=True, hint=1.0)
    finish(farm, monkeypatch, [9.0], past=[9.0] * 50)
    gaps = [b - a for a, b in pairwise(farm.asked)]
    assert farm.pages == []
    assert min(gaps) >= 1.0
    assert max(gaps) <= 2.5
    assert farm.delay <= 1.5


def test_the_one_that_runs_among_many_that_wait_is_watched_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            active_jobs.put(farm.accept(60.0, "in_progress"))
            farm.working = "queued"
            for _ in range(20):
                active_jobs.put(farm.accept(600.0))
            await asyncio.sleep(50)

    farm = PolledServer(hint=1.0)
    run(play(farm))
    assert {video_id for _, video_id in farm.gets} == {"video_0"}
    assert len(farm.gets) >= 10
    assert 8 <= len(farm.pages) <= 10


def test_progress_counts_from_the_start_and_not_from_the_queue() -> None:
    async def play() -> float:
        farm = PolledServer()
        job, began = farm.accept(60.0), now()
        plan = PollPlan(lambda job: None)
        plan.sync([job], began, utc(farm))
        plan.next_round(began + 40, room=8)
        plan.saw_job(job.id, read("video_0", "in_progress", 35), None, began + 40)
        return plan.next_round(began + 40, room=8).again - (began + 40)

    assert 2.0 <= run(play()) <= 2.2  # from the queue it would be 4: the plan's longest rest


def test_fresh_jobs_are_left_alone_until_one_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    farm = PolledServer()
    finish(farm, monkeypatch, [100.0] * 20, past=[100.0] * 50)
    first_page, _ = farm.pages[0]
    assert first_page - farm.accepted_at["video_0"] == pytest.approx(45, abs=1)
    # But the one that is next to run: a person is looking.
    assert {video_id for at, video_id in farm.gets if at < first_page} == {"video_0"}


# Servers as they are ------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_server_without_a_list_is_asked_for_one_once(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    farm = PolledServer(list_status=status)
    finish(farm, monkeypatch, [60.0] * 20)
    assert len(farm.pages) == 1
    assert max(Counter(at // 5 for at in farm.asked).values()) <= 20 + 25


def test_a_list_that_fails_leaves_the_jobs_to_be_asked_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm = PolledServer(list_status=500)
    finish(farm, monkeypatch, [150.0] * 20)
    assert len(farm.pages) <= 3
    assert farm.delay <= 20


def test_a_list_that_repeats_its_first_page_is_walked_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm = PolledServer(ignores_after=True)
    finish(farm, monkeypatch, [60.0] * 150)
    assert sum(after is not None for _, after in farm.pages) == 1
    assert len(farm.seen_at) == 150


@pytest.mark.parametrize("word", ["queued", "failed", "cancelled"])
def test_a_list_that_lies_or_keeps_silent_is_overruled_by_the_job_itself(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    farm = PolledServer(forgets={"video_3"}, stale={"video_5": word})
    finish(farm, monkeypatch, [60.0] * 20)
    assert {"video_3", "video_5"} <= farm.seen_at.keys()
    assert Counter(video_id for _, video_id in farm.gets)["video_5"] <= 30


def test_a_job_of_which_the_list_tells_nothing_new_is_asked_for_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not ahead of the job as it was accepted, so that no row is in conflict with what is known.
    farm = PolledServer(
        stale={f"video_{number}": "queued" for number in range(20)}, working="queued"
    )
    finish(farm, monkeypatch, [60.0] * 20)
    assert max(farm.seen_at.values()) <= max(farm.done_at.values()) + 400


def test_a_poll_that_hangs_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            for _ in range(100):
                active_jobs.put(farm.accept(60.0))
            await until(lambda: len(farm.seen_at) == 99)

    farm = PolledServer(list_status=404, hangs={"video_50"})
    run(play(farm))
    assert "video_50" not in farm.seen_at
    assert max(farm.seen_at.values()) - farm.done_at["video_0"] <= 45


def test_while_a_server_fails_one_request_at_a_time_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm = PolledServer(list_status=404, down=lambda at: 1030 <= at < 1630)
    finish(farm, monkeypatch, [60.0] * 100)
    during = [at for at in farm.asked if 1031 <= at < 1630]
    assert len(during) <= 40
    assert closest(during) > LATENCY
    assert max(farm.seen_at.values()) <= 1630 + 60 + 25


def test_a_denied_job_is_gone_only_after_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(farm: PolledServer) -> float:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            farm.knows_nothing = True
            seen, show = list[Retry | None](), active_jobs.show_retry

            def note(job: Job, retry: Retry | None) -> None:
                seen.append(retry)
                show(job, retry)

            monkeypatch.setattr(active_jobs, "show_retry", note)
            job = active_jobs.put(farm.accept(60.0))
            await until(lambda: job.id not in active_jobs.jobs)
            assert [retry.why for retry in seen if retry] == ["404"] * (len(farm.gets) - 1)
            return now() - 1000

    farm = PolledServer()
    assert 600 <= run(play(farm)) <= 800
    assert 5 <= len(farm.gets) <= 15


def test_a_denied_job_is_not_gone_while_its_list_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list may have it under another id; it is waited for as long again."""

    async def play(farm: PolledServer) -> float:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            farm.knows_nothing = True
            job = active_jobs.put(farm.accept(60.0))
            await until(lambda: job.id not in active_jobs.jobs)
            return now() - 1000

    assert 1200 <= run(play(PolledServer(list_status=503))) <= 1500
    assert 600 <= run(play(PolledServer(list_status=405))) <= 800


def test_a_job_that_was_deleted_while_the_server_denied_it_stays_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, worker):
            farm.knows_nothing = True
            job = active_jobs.put(farm.accept(60.0))
            while not farm.gets:  # noqa: ASYNC110 -- these seconds cost nothing
                await asyncio.sleep(LATENCY / 3)
            active_jobs.put(job.remote_deleted(utc(farm)))
            shown: list[Job] = []
            monkeypatch.setattr(active_jobs, "show_retry", lambda job, retry: shown.append(job))
            worker.wake()
            await asyncio.sleep(120)
            assert job.id not in active_jobs.jobs
            assert shown == []

    farm = PolledServer()
    run(play(farm))
    assert len(farm.gets) == 1


def test_an_answer_about_a_job_that_is_over_changes_nothing() -> None:
    """An answer may be on its way when the job leaves the active jobs."""

    async def play() -> None:
        farm = PolledServer()
        job, began = farm.accept(60.0), now()
        plan = PollPlan(lambda job: None)
        plan.sync([job], began, utc(farm))
        plan.sync([], began, utc(farm))
        word = read("video_0", "in_progress", 35)
        plan.saw_job(job.id, word, None, began)
        assert not plan.saw_row(job.id, word, 0, began)
        plan.sweep_done({job.id}, began)
        plan.defer(job.id, began)
        plan.not_answered(job.id, began)
        assert plan.next_round(began + 3600, room=8).ask == ()

    run(play())


def test_a_long_page_of_the_list_lets_others_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row may be a write, and a disk may be slow: a download must not starve meanwhile."""

    async def play(farm: PolledServer) -> list[str]:
        said: list[str] = []
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with polling(farm, monkeypatch) as (active_jobs, _):
            for _ in range(10):
                active_jobs.put(farm.accept(60.0))

            def slowly(job: Job) -> Job:
                loop.now += 2 * poller._AT_A_TIME
                loop.call_soon(said.append, "turn")
                said.append("row")
                return job

            monkeypatch.setattr(active_jobs.history, "save", slowly)
            await until(lambda: len(farm.seen_at) == 10)
        return said

    said = run(play(PolledServer()))
    assert said.count("row") >= 10
    # One row of the list, and perhaps the one job that is asked for by itself.
    assert max(len(list(same)) for what, same in groupby(said) if what == "row") <= 2


# Time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 10])
def test_a_job_stuck_for_a_day_is_asked_about_once_a_minute_at_most(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            job = farm.accept(1e9, "in_progress")
            jobs = [farm.accept(1e9, "in_progress") for _ in range(count - 1)]
            farm.jumped = 86_400.0  # all before anybody looked
            for each in (job, *jobs):
                active_jobs.put(each)
            await asyncio.sleep(3700)

    farm = PolledServer(hint=1.0)
    run(play(farm))
    per_job = Counter(video_id for _, video_id in farm.gets)
    assert len(farm.pages) + max(per_job.values(), default=0) <= 64


def test_the_servers_poll_interval_is_a_minimum_for_each_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm = PolledServer(hint=12.0, list_status=404)
    finish(farm, monkeypatch, [100.0] * 5)
    for video_id in farm.done_at:
        assert closest([at for at, asked in farm.gets if asked == video_id]) >= 12.0


def test_a_word_we_do_not_know_is_asked_about_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    farm = PolledServer(working="simmering", hint=1.0)
    finish(farm, monkeypatch, [100.0])
    assert closest(farm.asked) >= 27.0


def test_many_jobs_with_a_word_we_do_not_know_are_swept_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm = PolledServer(working="simmering")
    finish(farm, monkeypatch, [100.0] * 20)
    assert closest(farm.sweeps) >= 27.0


@pytest.mark.parametrize("jump", [8 * 3600.0, -10 * 86_400.0])
@pytest.mark.parametrize("count", [1, 3, 250])
def test_after_a_sleep_everything_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch, count: int, jump: float
) -> None:
    async def play(farm: PolledServer) -> tuple[int, float]:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            for _ in range(count):
                active_jobs.put(farm.accept(1e6))
            # A few jobs are asked about once a minute by now: only the jump explains a look.
            await asyncio.sleep(100.5 if count > 10 else 3000.5)
            farm.jumped, woken = jump, now()
            await asyncio.sleep(10)
            after = [at - woken for at in farm.asked if at > woken]
            return sum(at <= 5 for at in after), min(after)

    requests, first = run(play(PolledServer(hint=1.0)))
    assert first <= 5.0
    assert 1 <= requests <= math.ceil(count / 100) + 1
