"""The controller of title, notification and welcome, on its own: no Textual, no event loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sora_tui.core.job import Job
from sora_tui.engine.events import JobChanged
from sora_tui.tui.context import Signals
from sora_tui.tui.controllers.alerts import Alerts
from sora_tui.tui.services.last_seen import last_seen, mark_seen
from sora_tui.tui.state.job_store import JobBook
from tests.support import sample_jobs as sample


class InstantUi:
    """Does at once what the screen does in threads, and notes what a person gets."""

    def __init__(self) -> None:
        self.sequences: list[str] = []
        self.texts: list[str] = []
        self.send_sequence = self.sequences.append
        self.say = self.texts.append

    def run(
        self, blocking: Callable[[], Any], then: Callable[[Any], object], *, group: str
    ) -> None:
        then(blocking())


@pytest.fixture
def ui() -> InstantUi:
    return InstantUi()


@pytest.fixture
def context(tmp_path: Path, ui: InstantUi) -> Any:
    """Return a context with what alerts need, and nothing else.

    A mock, because the real one has a screen: what is tested is that none is needed.
    """
    session = SimpleNamespace(
        settings=SimpleNamespace(notify="bell"),
        folder=SimpleNamespace(root=tmp_path),
        clock=lambda: sample.NOW,
        has_focus=None,
    )
    editor = SimpleNamespace(draft_restored=None)
    return SimpleNamespace(
        session=session, ui=ui, store=JobBook(), editor=editor, signals=Signals()
    )


def running(*jobs: Job) -> list[JobChanged]:
    return [JobChanged(job) for job in jobs]


def test_the_title_follows_the_store_and_is_written_only_when_it_changes(
    context: Any, ui: InstantUi
) -> None:
    Alerts(context)
    job = sample.pending()
    for progress in (10, 20):
        context.store.apply(running(sample.in_progress(job, progress)))
    context.store.apply(running(sample.unconfirmed(job)))
    context.store.remove([job.id])
    titles = ["sora-tui 1 running", "sora-tui 1 needs you", "sora-tui"]
    assert ui.sequences == [f"\x1b]2;{title}\x07" for title in titles]


def test_another_program_may_have_changed_the_title(context: Any, ui: InstantUi) -> None:
    context.store.apply(running(sample.in_progress(sample.pending())))
    alerts = Alerts(context)
    alerts.show_title()
    assert ui.sequences == ["\x1b]2;sora-tui 1 running\x07"] * 2


@pytest.mark.parametrize(
    ("has_focus", "notify", "calls"),
    [(None, "bell", 1), (False, "bell", 1), (True, "bell", 0), (False, "off", 0)],
)
def test_only_who_looks_elsewhere_is_called(
    context: Any, ui: InstantUi, has_focus: bool | None, notify: str, calls: int
) -> None:
    context.session.has_focus, context.session.settings.notify = has_focus, notify
    Alerts(context)
    context.signals.jobs_moved.publish([sample.saved(sample.pending())])
    context.signals.jobs_moved.publish([sample.in_progress(sample.pending())])
    assert ui.sequences == ["\a"] * calls


@pytest.mark.parametrize(("has_focus", "is_seen"), [(None, True), (True, True), (False, False)])
def test_what_ends_before_the_eyes_of_the_person_is_no_news_after_a_kill(
    context: Any, has_focus: bool | None, is_seen: bool
) -> None:
    context.session.has_focus = has_focus
    Alerts(context)
    assert last_seen(context.session.folder.root) is None
    context.signals.jobs_moved.publish([sample.in_progress(sample.pending())])
    assert last_seen(context.session.folder.root) is None
    context.signals.jobs_moved.publish([sample.saved(sample.pending())])
    assert (last_seen(context.session.folder.root) is not None) == is_seen


def test_the_welcome_comes_once_and_after_the_history(context: Any, ui: InstantUi) -> None:
    mark_seen(context.session.folder.root)
    context.editor.draft_restored = sample.ago(30)
    Alerts(context)
    assert ui.texts == []
    for _ in range(2):
        context.signals.history_read.publish(None)
    (text,) = ui.texts
    assert text.startswith("Welcome back: draft of ")
