"""Every time that a screen shows, on each frozen date and in each zone: as the reader's clock has
it, with the day where it is another one than the reader's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import Job, JobError
from sora_tui.core.problem import Problem, Spent, problem
from sora_tui.engine.active_jobs import local_error
from sora_tui.engine.events import RemoteListed
from sora_tui.i18n import _, set_language
from sora_tui.i18n.formatting import time_or_minute
from sora_tui.i18n.recovery import created_words, found_words
from sora_tui.tui.presenters.exit_message import exit_message
from sora_tui.tui.presenters.job_details import events, facts, timeline
from sora_tui.tui.presenters.job_status import status
from sora_tui.tui.presenters.welcome_back import welcome
from sora_tui.tui.state.job_view import JobView
from tests.support import sample_jobs as sample
from tests.support.moments import Moment
from tests.support.tui import workspace_app as apps
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app


@pytest.fixture(autouse=True)
def now(moment: Moment, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The moment is also that of the sample jobs and of the screen."""
    for module in (sample, apps):
        monkeypatch.setattr(module, "NOW", moment.at)
    return moment.at


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    set_language("en")


def test_a_time_has_its_day_where_it_is_another_one(moment: Moment, now: datetime) -> None:
    for hours in range(-30, 30):
        at = now + timedelta(hours=hours)
        same = moment.shown(at, "%j") == moment.shown(now, "%j")
        form = "%H:%M" if same else "%Y-%m-%d %H:%M"
        assert time_or_minute(at, now) == moment.shown(at, form)


def test_the_line_below_the_list(moment: Moment, now: datetime) -> None:
    view = JobView(sample.in_progress(sample.pending(25)))
    assert f"started {moment.shown(sample.ago(25), '%H:%M')};" in status(view, now, 100)
    # Yesterday in every zone.
    view = JobView(sample.in_progress(sample.pending(86_400)))
    assert f"started {moment.shown(sample.ago(86_400), '%Y-%m-%d %H:%M')};" in status(
        view, now, 100
    )


def test_the_facts_of_a_job(moment: Moment, now: datetime) -> None:
    job = sample.completed(sample.pending(3600, paid=True), expires_in=23 * 3600)
    lines = [line.text for line in facts(JobView(job), now)]
    created = moment.shown(sample.ago(3600), "%Y-%m-%d %H:%M:%S")
    ends = moment.shown(now + timedelta(hours=23), "%Y-%m-%d %H:%M")
    assert [line.split()[1:] for line in lines if line.startswith("created")] == [created.split()]
    assert [line for line in lines if line.startswith("expires") and f"23 h  ({ends})" in line]


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            problem("sending_stopped", host="127.0.0.1", count=2),
            "The server 127.0.0.1 gave unclear",
        ),
        (problem("over_budget", sum="0.4", limit="0.1", currency="USD"), "the limit of $0.10"),
        (problem("disk_full", path="output"), "output cannot be written"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_facts_of_a_reason_are_no_words_of_the_server(
    now: datetime, why: Problem, said: str, lang: str
) -> None:
    waiting = replace(sample.pending(25), error=local_error(why))
    kept = from_document(json.loads(json.dumps(to_document(waiting))))
    # As earlier versions wrote it.
    earlier = replace(waiting, error=JobError(why.code, why.spent, message="127.0.0.1, 2"))
    set_language(lang)
    for job in (waiting, kept, earlier):
        lines = [line.text for line in facts(JobView(job), now)]
        assert not [line for line in lines if ": 127.0.0.1, 2" in line]
        assert not [line for line in lines if line.startswith(_("The server says: {words}")[:12])]
    if lang == "en":
        assert said in facts(JobView(kept), now)[1].text
    refused = JobError("operation_unsupported", Spent.NO, message="no remix here", status=404)
    lines = [line.text for line in facts(JobView(replace(waiting, error=refused)), now)]
    assert [line for line in lines if line.endswith(": no remix here")]


def test_the_life_of_a_job(moment: Moment) -> None:
    """A day stands once above its events, also where midnight is between two of them."""
    job = sample.saved(sample.pending(20 * 3600))
    assert [line.text[:10] for line in events(job)] == [
        moment.shown(at, "%H:%M:%S.%f")[:10] for at in _steps(job)
    ]
    days = list(dict.fromkeys(moment.shown(at, "%Y-%m-%d") for at in _steps(job)))
    lines = [line.text for line in timeline(job)]
    assert [line for line in lines if line[4:5] == "-"] == days


def _steps(job: Job) -> list[datetime]:
    return sorted([*(event.at for event in job.events), *(tried.at for tried in job.attempts)])


def test_the_last_words_and_the_first(moment: Moment, now: datetime) -> None:
    ending = sample.completed(sample.pending(60, paid=True), expires_in=3600)
    (said,) = exit_message([ending], False, None)
    assert f"expires {moment.shown(now + timedelta(hours=1), '%H:%M')}." in said
    draft = sample.ago(20 * 3600)
    said = welcome([], now - timedelta(days=1), draft, now)
    assert f"draft of {time_or_minute(draft, now)} restored" in said


def test_what_was_found_for_a_lost_answer(moment: Moment) -> None:
    job = sample.searched(sample.unconfirmed(sample.pending(240, True)), "video_9c1e")
    assert job.search is not None
    assert f"since {moment.shown(job.attempts[-1].at, '%H:%M')}:" in found_words(job)
    [found] = job.search.found
    assert found.created_at is not None
    assert created_words(found) == moment.shown(found.created_at, "%H:%M:%S")


@pytest.fixture
def app(tmp_path: Path, now: datetime) -> Iterator[WorkspaceApp]:
    jobs = [
        sample.saved(sample.pending(20 * 3600, paid=True, number=1)),
        sample.in_progress(sample.pending(25, paid=True, number=2), 38),
    ]
    made = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    for hours, name in ((1, "kite"), (30, "fox")):
        path = tmp_path / "prompts" / f"{name}.md"
        path.write_text("A kite.")
        at = (now - timedelta(hours=hours)).timestamp()
        os.utime(path, (at, at))
    yield made


async def test_the_screen(moment: Moment, now: datetime, app: WorkspaceApp) -> None:
    """The list of prompts, the inspector, and the jobs that were made elsewhere."""
    an_hour_ago = now - timedelta(hours=1)
    same = moment.shown(an_hour_ago, "%j") == moment.shown(now, "%j")
    shown = {
        "kite": moment.shown(an_hour_ago, "today %H:%M" if same else "%Y-%m-%d"),
        "fox": moment.shown(now - timedelta(hours=30), "%Y-%m-%d"),
        "created": moment.shown(sample.ago(25), "%Y-%m-%d %H:%M:%S"),
    }
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "4")
        rows = screen.lines
        for word, time in shown.items():
            row = next(row for row in rows if word in row)
            assert time in " ".join(row.split()), rows
        await screen.press("R")
        made = now - timedelta(minutes=90)
        listed = sample.video("in_progress", created_at=made.timestamp())
        listed = listed._replace(expires_at=now + timedelta(hours=73))
        await screen.tell(RemoteListed("team-gw", (listed,), more=False, unconfirmed={}))
        row = next(row for row in screen.lines if moment.shown(made, "%m-%d %H:%M") in row)
        assert " 3 d " in row, "as the job list words it"
