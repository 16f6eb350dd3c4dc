"""Calling a person: the right sequence for each terminal, none a prompt can forge, none unasked."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from textual import events

from sora_tui.core.job import Job
from sora_tui.tui.presenters.job_news import news, set_title, title
from sora_tui.tui.presenters.welcome_back import welcome
from sora_tui.tui.services.last_seen import last_seen, mark_seen
from sora_tui.tui.services.notifier import Tmux, ask_tmux, notification
from sora_tui.tui.state.job_view import JobView
from tests.support import sample_jobs as sample
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import WorkspaceApp, workspace_app

HOSTILE = "fox\x1b]52;c;aGFjaw==\x07\x9d0;owned\x9c\u202e end"


@pytest.mark.parametrize(
    ("environ", "begins"),
    [
        ({"TERM": "xterm-256color"}, "\a"),
        ({"TERM": "xterm-kitty"}, "\x1b]99;;"),
        ({"TERM": "xterm-ghostty"}, "\x1b]777;notify;sora-tui;"),
        ({"TERM": "foot"}, "\x1b]777;notify;"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "\x1b]777;notify;"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "\x1b]9;sora-tui: "),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "\x1b]9;sora-tui: "),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, "\a"),
        ({"TERM": "screen", "STY": "1.x", "LC_TERMINAL": "iTerm2"}, "\a"),
        ({}, "\a"),
    ],
)
def test_each_terminal_gets_what_it_draws(environ: dict[str, str], begins: str) -> None:
    said = notification("1 clip saved: 4;2", "auto", environ)
    assert said.startswith(begins)
    assert notification("x", "bell", environ) == "\a"
    assert notification("x", "off", environ) == ""


def test_tmux_gets_the_bell_and_passes_on_what_it_may() -> None:
    environ = {"TMUX": "/s,1,0", "TERM": "tmux-256color", "LC_TERMINAL": "iTerm2"}
    assert notification("x", "auto", environ, Tmux(True, "xterm-kitty kitty(0.41.1)")) == (
        "\x1bPtmux;\x1b\x1b]99;;x\x1b\x1b\\\x1b\\\a"
    )
    for around in (None, Tmux(False, "xterm-kitty"), Tmux(True, "xterm-256color VTE(7600)")):
        assert notification("x", "auto", environ, around) == "\a"


@pytest.mark.parametrize("term", ["xterm-kitty", "foot", "iterm2"])
def test_a_hostile_prompt_is_words(term: str) -> None:
    text = news([sample.saved(sample.pending(prompt=HOSTILE))])
    said = notification(text, "auto", {"TERM": term})
    assert said.count("\x1b") + said.count("\a") == 2, "one sequence, begun once and ended once"
    assert not set("\x9d\x9c\u202e") & set(said)
    titled = set_title(HOSTILE)
    assert (titled.count("\x1b"), titled.count("\a")) == (1, 1)


def test_news_are_of_ends_and_of_decisions_only() -> None:
    done = sample.saved(sample.pending(prompt="A kite over a grey sea"))
    failed, asking = sample.refused_after(sample.pending()), sample.unconfirmed(sample.pending())
    assert news([done]) == "1 clip saved: A kite over a grey sea"
    mossy = sample.submitting(sample.pending(prompt="Mossy", operation="character"))
    made = mossy.accepted(sample.NOW, sample.video("completed"))
    assert news([made]) == "1 character made: Mossy"
    assert news([done, done, failed, asking]) == (
        "1 job needs you: A harbour at dawn, 1 job failed: A harbour at dawn, 2 clips saved"
    )
    assert news([sample.in_progress(sample.pending()), sample.queued(sample.pending())]) == ""
    assert title(0, 0) == "sora-tui"
    assert title(2, 1) == "sora-tui 2 running, 1 needs you"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """A tmux server of our own, on a socket in `tmp_path`, without anybody's settings."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null"]
    subprocess.run([*command, "new-session", "-d", "-x", "80", "-y", "24", "cat"], check=True)
    yield command
    subprocess.run([*command, "kill-server"], check=True)


def test_a_real_tmux_says_whether_it_passes(tmux: list[str], tmp_path: Path) -> None:
    environ = {"TMUX": f"{tmp_path / 'socket'},1,0"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMUX", environ["TMUX"])
        told = ask_tmux(environ)
        assert told is not None
        assert not told.passes
        done = subprocess.run([*tmux, "set", "-g", "allow-passthrough", "on"], check=False)
        if done.returncode == 0:  # tmux 3.3 and newer
            told = ask_tmux(environ)
            assert told is not None
            assert told.passes
    assert ask_tmux({}) is None


def test_a_tmux_that_is_not_there_passes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_tmux({"TMUX": "/nowhere,1,0"}) == Tmux(False, "")


async def told(app: WorkspaceApp, job: Job, looked_at: bool | None) -> list[str]:
    """What reaches the terminal when this job comes to its end."""
    async with open_screen(app) as screen:
        if looked_at is not None:
            await screen.notice(events.AppFocus() if looked_at else events.AppBlur())
        await screen.tell(job)
    return [text for text in app.sent if not text.startswith("\x1b]2;")]


@pytest.mark.parametrize(
    ("looked_at", "notify", "calls"),
    [(None, "auto", 1), (False, "auto", 1), (True, "auto", 0), (False, "off", 0)],
)
async def test_who_looks_is_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: bool | None, notify: str, calls: int
) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.delenv("TMUX", raising=False)
    before = sample.downloading(sample.pending())
    app = workspace_app(tmp_path, jobs=[before], environ={"SORA_NOTIFY": notify})
    said = await told(app, sample.saved(sample.pending()), looked_at)
    assert said == ["\x1b]99;;1 clip saved: A harbour at dawn\x1b\\"] * calls


async def test_the_title_counts_and_changes_only_when_the_counts_do(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        for progress in (10, 20, 30):
            await screen.tell(sample.in_progress(sample.pending(), progress))
    assert app.sent == ["\x1b]2;sora-tui 1 running\x07"]


def test_welcome_tells_what_is_new_and_nothing_else() -> None:
    made = (
        sample.saved(sample.pending(500)),
        sample.in_progress(sample.pending(25, number=1)),
        sample.unconfirmed(sample.pending(60)),
        sample.refused_after(sample.pending(90)),
    )
    jobs = [JobView(job) for job in made]
    hour = timedelta(hours=1)
    utc = sample.NOW.astimezone()
    assert welcome(jobs, sample.NOW - hour, sample.ago(30), sample.NOW) == (
        "Welcome back: 1 clip downloaded, 1 failed, 1 still running, "
        f"draft of {utc:%H:%M} restored (ctrl+z undoes), 1 job needs you: press 4, enter."
    )
    assert welcome(jobs[:1], sample.NOW, None, sample.NOW) == ""
    assert welcome(jobs, None, None, sample.NOW) == "", "nobody was here before"


async def test_who_comes_back_is_told(tmp_path: Path) -> None:
    jobs = [sample.saved(sample.pending(100))]
    app = workspace_app(tmp_path, jobs=jobs)
    assert last_seen(app.folder.root) is None
    async with open_screen(app) as screen:
        assert "Welcome" not in screen.text
    mark_seen(app.folder.root)
    seen = last_seen(app.folder.root)
    assert seen is not None
    assert abs(seen.timestamp() - time.time()) < 60
    app = workspace_app(tmp_path, jobs=[sample.unconfirmed(sample.pending(50, number=1))])
    async with open_screen(app, (120, 40)) as screen:
        said = screen.status.words
    assert said.startswith("Welcome back: ")
    assert said.endswith("1 job needs you: press 4, enter.")
