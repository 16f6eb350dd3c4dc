"""Words in a prompt bring the misfortune that `simulate --help` says."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from sora_tui.cli import parser
from sora_tui.simulator.triggers import FAILURES, TRIGGERS
from tests.support.dialect_driver import Driver, driving


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with driving("openai", speed=300) as driver:
        yield driver


def test_the_help_names_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser.build_parser().parse_args(["simulate", "--help"])
    lines = capsys.readouterr().out.splitlines()
    for word, told in TRIGGERS.items():
        assert any(line.split() == [f"[{word}]", *told.split()] for line in lines), word


def test_failures_on_the_way(driver: Driver) -> None:
    for word, (code, message) in FAILURES.items():
        video = driver.ended(driver.created(f"A [{word}] kite")).json()
        assert (video["status"], video["error"]) == ("failed", {"code": code, "message": message})
        assert 0 < video["progress"] < 100


def test_a_failure_shows_how_far_it_came_on_any_machine() -> None:
    with driving("sglang", speed=1_000_000) as driver:  # ended before the first look at the clock
        assert driver.ended(driver.created("A [fails] kite")).json()["progress"] > 0


def test_unanswered_starts_the_job_and_closes_the_connection(driver: Driver) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        driver.post("An [unanswered] kite")
    (video,) = [
        video
        for video in driver.http.get("/videos").json()["data"]
        if video["prompt"] == "An [unanswered] kite"
    ]
    assert driver.ended(video["id"]).json()["status"] == "completed"


def test_slow_takes_ten_times_as_long(driver: Driver) -> None:
    began = time.monotonic()
    driver.finished("A [slow] kite")
    assert time.monotonic() - began >= 10 * 5.75 / 300


def test_expires_soon(driver: Driver) -> None:
    video_id = driver.finished("It [expires]")
    assert driver.get(video_id, "/content").status_code == 200
    time.sleep(60 / 300)
    gone = driver.get(video_id, "/content")
    assert (gone.status_code, "expired" in gone.text) == (404, True)
    assert driver.get(video_id).json()["status"] == "completed"


def test_forgotten_half_way(driver: Driver) -> None:
    video_id = driver.created("A [forgotten] kite")
    deadline = time.monotonic() + 10
    seen = set()
    while (answer := driver.get(video_id)).status_code == 200:
        seen.add(answer.json()["status"])
        assert time.monotonic() < deadline
    assert answer.status_code == 404
    assert seen <= {"queued", "in_progress"}
    assert driver.finished("The next one goes on")
