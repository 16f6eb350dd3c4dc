"""A whole session through a pty, against the real engine and the real practice server."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.lock import OwnerLock
from tests.support import sample_jobs
from tests.support.pty_session import KEYS, PtySession
from tests.support.tui.workspace_app import PROMPT

PROGRAM = [sys.executable, "-m", "sora_tui"]


def workspace(root: Path) -> Path:
    (root / "prompts").mkdir()
    (root / "prompts/harbour.md").write_text(PROMPT + "\n")
    return root


def test_from_the_first_letter_to_a_file_and_out(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), env={"TERM": "xterm-256color"}) as session:
        session.wait_for("draft safe")
        before = session.terminal_mode()
        session.send(" Seals bark.")
        session.wait_for("untitled-1")
        session.send(KEYS["f5"])
        session.wait_for("✓ saved", timeout=60)
        session.send(KEYS["escape"])
        time.sleep(0.3)  # a lone escape is told from a sequence by silence
        session.send("4")
        session.send("y")
        session.wait_for("Copied")
        session.send("q")
        assert session.wait_exit() == 0
        assert before != session.terminal_mode()
        assert b"\x1b]52;c;" in session.raw, "the path went to the terminal's clipboard"
        assert b"\x1b]2;sora-tui 1 running\x07" in session.raw, "the title of the window"
        assert re.sub(rb"\x1b\][^\x07]*\x07", b"", session.raw).count(b"\x07") == 1, "one bell"
    [clip] = (tmp_path / "output").glob("*.mp4")
    assert clip.read_bytes()[4:8] == b"ftyp"
    [document] = (tmp_path / "metadata").glob("*.json")
    job = json.loads(document.read_text())
    assert job["state"] == "saved"
    assert job["simulated"] is True
    assert job["request"]["prompt"] == PROMPT + " Seals bark."
    assert (tmp_path / "prompts/harbour.md").read_text() == PROMPT + "\n"


def test_keys_that_come_in_one_go_act_as_one_after_the_other(tmp_path: Path) -> None:
    """A slow line, or tmux with its usual escape-time, joins what was typed apart."""
    with PtySession(PROGRAM, cwd=workspace(tmp_path), env={"TERM": "xterm-256color"}) as session:
        session.wait_for("draft safe")
        session.send("\t\t8\t\t3")
        session.wait_for("seconds 8")
        session.wait_for("clips‹3›")
        session.send("\x1b4")
        session.wait_for("[4 Jobs]")
        session.send("3")
        session.wait_for("[3 Editor]")
        session.send("Gulls.\x1b?")
        session.wait_for("Keys: Editor")
        session.send("\x1b\x1b4:")
        session.wait_for("What do you want to do?")
        session.send("\x1b")
        session.wait_for("[4 Jobs]")
        session.send("q")
        assert session.wait_exit() == 0
    assert (tmp_path / "prompts/untitled-1.md").read_text().endswith(f"{PROMPT}Gulls.\n")


def test_a_paused_practice_job_is_named_on_the_way_out(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path)) as session:
        session.wait_for("draft safe")
        session.send(KEYS["f5"])
        session.wait_for("in_progress", timeout=30)
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0
        assert b"1 simulated job is paused and goes on next time." in session.raw


def test_an_idle_screen_writes_nothing(tmp_path: Path) -> None:
    folder = open_folder(workspace(tmp_path))
    history = History(folder)
    history.save(sample_jobs.saved(sample_jobs.pending()))
    history.close()
    with PtySession(PROGRAM, cols=160, rows=45, cwd=tmp_path) as session:
        session.wait_for("✓ SAVED")  # the inspector watches a document
        session.wait_until(lambda: OwnerLock(folder).holder() is not None, what="the engine")
        session.wait_quiet(1.0, timeout=20)
        written = session.bytes_seen
        time.sleep(5)
        assert session.bytes_seen == written


def test_typing_before_the_editor_is_there_is_not_lost(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path)) as session:
        session.wait_for("SIMULATOR")
        session.send(" q and z")
        session.wait_for("engine. q and z")


def test_what_was_typed_outlives_a_kill(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / "prompts/fox.md").write_text("A fox.\n")
    with PtySession(PROGRAM, cwd=root) as session:
        session.wait_for("draft safe")
        session.send(KEYS["escape"])
        time.sleep(0.3)  # a lone escape is told from a sequence by silence
        session.send("1")
        session.wait_for("fox")
        session.send("g\r")
        session.wait_for("A fox.")
        for letter in " Seals bark, and nobody hears it.":
            session.send(letter)
            time.sleep(0.05)
        session.wait_for("nobody hears it.")
        time.sleep(1.5)
        session.signal(signal.SIGKILL)
        assert session.wait_exit() == -signal.SIGKILL
    assert (root / "prompts/fox.md").read_text() == "A fox.\n", "the file is the person's"
    with PtySession(PROGRAM, cwd=root) as session:
        session.wait_for("A fox. Seals bark, and nobody hears it.")
        session.wait_for("restored (ctrl+z undoes)")
        session.send(b"\x1a")
        session.wait_gone("Seals")
        session.send(b"\x19")  # ctrl+y
        session.wait_for("Seals")
        session.send(b"\x13")  # ctrl+s
        session.wait_for("Kept prompts/fox.md")
    assert "nobody hears it." in (root / "prompts/fox.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_was_typed_just_before_the_end_is_kept(tmp_path: Path, number: signal.Signals) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path)) as session:
        session.wait_for("draft safe")
        session.send(" Seals bark.")
        session.wait_for("Seals bark.")
        session.signal(number)
        assert session.wait_exit() == 128 + number
    assert "Seals bark." in (tmp_path / "prompts/untitled-1.md").read_text()


def test_ctrl_z_frees_the_folder_and_fg_comes_back(tmp_path: Path) -> None:
    folder = open_folder(workspace(tmp_path))
    with PtySession(PROGRAM, cwd=tmp_path) as session:
        session.wait_for("draft safe")
        session.send(KEYS["escape"])
        time.sleep(0.3)  # a lone escape is told from a sequence by silence
        session.send(KEYS["ctrl+z"])
        os.waitpid(session.process.pid, os.WUNTRACED)
        lock = OwnerLock(folder)
        assert lock.try_acquire()
        lock.release()
        session.wait_until(lambda: b"\x1b[23;2t" in session.raw, what="the shell's own title")
        os.kill(session.process.pid, signal.SIGCONT)
        session.wait_until(lambda: OwnerLock(folder).holder() is not None, what="the engine")
        session.send("4")
        session.send(KEYS["f5"])
        session.wait_for("✓ saved", timeout=60)
        session.send("q")
        assert session.wait_exit() == 0
        assert session.raw.count(b"\x1b[22;2t") == session.raw.count(b"\x1b[23;2t") == 2


def test_a_lost_terminal_ends_the_program_and_keeps_the_job(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path)) as session:
        session.wait_for("draft safe")
        session.send(KEYS["f5"])
        session.wait_for("in_progress", timeout=30)
        session.close_master()
        assert session.process.wait(3) == 129
    [job] = History(open_folder(tmp_path)).active()
    assert job.remote_id is not None


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_terminal_that_stops_reading_for_two_minutes_holds_up_no_job(tmp_path: Path) -> None:
    with PtySession(PROGRAM, cwd=workspace(tmp_path), cols=160, rows=45) as session:
        session.wait_for("draft safe")
        session.send(KEYS["f5"])
        session.wait_for("in_progress", timeout=30)
        session.stop_reading()
        for _ in range(200):  # keys whose echo nobody takes: the loop of the screen stands still
            session.send("x")
        time.sleep(120)
        [document] = (tmp_path / "metadata").glob("2*.json")
        assert json.loads(document.read_text())["state"] == "saved"
        session.resume_reading()
        session.wait_for("✓ saved", timeout=30)
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit() == 0
