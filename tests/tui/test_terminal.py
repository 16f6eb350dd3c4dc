"""The hardened terminal, on a real pty: signals, hang-ups, stalls, stray bytes, crashes, rest."""

import asyncio
import inspect
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual import work
from textual.app import App, ComposeResult
from textual.drivers import linux_driver
from textual.widgets import Static

from sora_tui.tui.terminal import app as terminal
from sora_tui.tui.terminal import crash_report as crash
from sora_tui.tui.terminal import output
from sora_tui.tui.terminal.output_rate import Pace
from tests.support.pty_session import ROOT, PtySession
from tests.support.tui.host import open_app
from tests.support.tui.tiny_app import SECRET

ENDS_WITHIN = 3.0
FULL_BUFFER = 65536

Start = Callable[..., PtySession]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    sessions: list[PtySession] = []

    def begin(mode: str = "calm", wrapper: tuple[str, ...] = ()) -> PtySession:
        argv = [*wrapper, sys.executable, "-m", "tests.support.tui.tiny_app", str(tmp_path), mode]
        session = PtySession(argv, cols=120, rows=40, cwd=ROOT)
        sessions.append(session)
        session.wait_for("ready")
        return session

    yield begin
    for session in sessions:
        session.close()


def seconds_to_end(session: PtySession, expected: int) -> float:
    began = time.monotonic()
    assert session.wait_exit(ENDS_WITHIN + 5) == expected
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_signal_ends_in_order(
    start: Start, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    session = start()
    session.signal(number)
    assert seconds_to_end(session, code) < ENDS_WITHIN
    assert session.is_restored()
    assert (tmp_path / "unmounted").exists()
    assert (tmp_path / "quit").exists()


@pytest.mark.parametrize("mode", ["calm", "busy"])
def test_hang_up_ends_in_order(start: Start, tmp_path: Path, mode: str) -> None:
    session = start(mode)
    session.close_master()
    assert seconds_to_end(session, 129) < ENDS_WITHIN
    assert (tmp_path / "quit").exists()


def test_lost_terminal_ends_even_where_sighup_is_ignored(start: Start) -> None:
    session = start(wrapper=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))
    session.close_master()
    assert seconds_to_end(session, 129) < ENDS_WITHIN


def test_stalled_terminal_does_not_hold_the_program(start: Start, tmp_path: Path) -> None:
    session = start("busy")
    session.stop_reading()
    session.wait_stalled()
    session.signal(signal.SIGTERM)
    assert seconds_to_end(session, 143) < ENDS_WITHIN
    assert (tmp_path / "unmounted").exists()
    session.resume_reading()
    session.wait_quiet(0.5)
    assert session.is_restored()


def test_stuck_loop_ends_by_force_after_the_engine_was_told(start: Start, tmp_path: Path) -> None:
    session = start()
    session.send("hang\r")
    session.wait_quiet(0.5)
    session.signal(signal.SIGTERM)
    assert seconds_to_end(session, 143) < ENDS_WITHIN
    assert (tmp_path / "quit").exists()
    assert session.is_restored()


@pytest.mark.parametrize(
    "stray",
    [b"\xff", b"\x1b[M \xa0!", b"\x1b[M \xc3\xa9", b"\x1b[99999999999u"],
    ids=["0xFF", "X10 past column 95", "X10 that looks like UTF-8", "key without end"],
)
def test_stray_bytes_do_no_harm(start: Start, stray: bytes) -> None:
    session = start()
    session.send(stray)
    session.wait_quiet(0.2)
    session.send("still here\r")
    session.wait_for("still here" if stray == b"\xff" else "heard still here")
    session.send("\x11")
    assert session.wait_exit() == 0


@pytest.mark.parametrize("where", ["crash", "worker"])
def test_crash_tells_where_and_not_what(start: Start, tmp_path: Path, where: str) -> None:
    session = start()
    session.send(f"{where}\r")
    assert session.wait_exit() == terminal.CRASHED
    assert session.is_restored()
    (report,) = (tmp_path / "crashes").iterdir()
    session.wait_for(f"report: {report.name}")
    text = report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600
    assert "break_something" in text
    assert "ValueError" in text
    for told in (text, session.raw.decode()):
        assert SECRET not in told
        assert "a fox" not in told


def test_crash_report_redacts_keys_in_code(tmp_path: Path) -> None:
    try:
        exec(compile(f"{SECRET!r}.nothing", "<key in code>", "exec"))
    except AttributeError as error:
        path = crash.write_crash_report(
            tmp_path, TypeError(f"Bearer {SECRET}x").with_traceback(error.__traceback__)
        )
    assert path is not None
    assert SECRET not in path.read_text()
    assert crash.write_crash_report(tmp_path / path.name, ValueError()) is None


def test_idle_writes_nothing(start: Start) -> None:
    session = start()
    session.wait_quiet(0.5)
    seen = session.bytes_seen
    time.sleep(3)  # the length of the silence is what is measured
    assert session.bytes_seen == seen


def test_garbage_collection_is_back_once_the_screen_has_come(start: Start) -> None:
    session = start()
    session.wait_quiet(1.2)
    session.send("gc\r")
    session.wait_for("gc on True, frozen True")


def test_a_line_is_as_fast_as_it_took_what_had_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("sora_tui.tui.terminal.output_rate.time.monotonic", lambda: now)
    pace = Pace()
    assert (pace.lag, pace.stride) == (0.0, 16 * 1024), "a first try"
    pace.wrote(20_000, 0.001, waited=False)
    assert (pace.lag, pace.stride) == (0.0, 40_000), "all was taken, so twice as much is tried"
    pace.wrote(20_000, 2.0, waited=True)
    assert pace.stride == 2500
    assert pace.lag == pytest.approx(0.41, abs=0.01), "the system has some of it still"
    now = 100.2
    pace.wrote(1000, 0.001, waited=False)
    assert pace.lag == pytest.approx(0.31, abs=0.01)
    now = 101.0
    assert pace.lag == 0.0
    pace.wrote(20_000, 2.0, waited=True)
    pace.wrote(500, 20.0, waited=True)
    pace.wrote(20_000, 20.0, waited=True)
    assert pace.stride == 2500, "once the terminal stood still: the line is not slower for that"
    pace.wrote(20_000, 0.1, waited=True)
    assert pace.stride == 2500, "nor faster, where the system took nearly all"
    for _ in range(2):
        pace.wrote(20_000, 20.0, waited=True)
    assert pace.stride == 250


def test_textual_still_has_the_private_parts_we_hold() -> None:
    """When this fails, read the new Textual and mend sora_tui/tui/terminal/app.py."""
    from textual._xterm_parser import XTermParser
    from textual.drivers._writer_thread import WriterThread

    for name in ("_handle_exception", "_fatal_error", "_print_error_renderables"):
        assert callable(getattr(App, name))
    assert list(inspect.signature(App._handle_exception).parameters) == ["self", "error"]
    app = App[None]()
    assert app._exit_renderables == []
    assert app._return_code is None
    assert app._driver is None
    assert callable(app._close_messages_no_wait)
    assert callable(app._suspend_signal)
    assert app.animation_level in ("none", "basic", "full")
    assert "self._fatal_error()" in inspect.getsource(App._handle_exception)
    assert "show_locals=True" in inspect.getsource(App._fatal_error)

    driver = inspect.getsource(linux_driver.LinuxDriver)
    assert "WriterThread(self._file)" in driver
    assert "self.run_input_thread()" in driver
    for name in ("exit_event", "attrs_before", "fileno", "_get_terminal_size"):
        assert f"self.{name}" in driver
    writer = inspect.getsource(WriterThread)
    assert "self._queue: Queue" in writer
    assert "self._writer_thread = WriterThread" in driver
    assert set(re.findall(r"self\._file\.(\w+)", writer)) == {"write", "flush", "fileno"}
    assert list(inspect.signature(XTermParser.feed).parameters) == ["self", "data"]
    assert callable(XTermParser.tick)


def test_forced_leave_undoes_every_mode_that_textual_sets() -> None:
    source = inspect.getsource(linux_driver)
    # 7 and 25 are on in a shell; 1007 stands in a comment.
    switched_on = set(re.findall(r"\\x1b\[\?(\d+)h", source)) - {"7", "25", "1007"}
    master, program = os.openpty()
    os.set_blocking(master, False)
    output.TerminalOutput(program).leave()
    left = os.read(master, 4096)
    os.close(master)
    os.close(program)
    assert switched_on <= set(re.findall(r"\?(\d+)l", left.decode()))
    assert b"\x1b[?25h" in left


class LateApp(terminal.TerminalApp):
    """Has a thread that brings something when the screen is going."""

    def __init__(self, crash_folder: Path) -> None:
        super().__init__(crash_folder=crash_folder)
        self.taken: list[str] = []

    @work(thread=True)
    def bring(self) -> None:
        self.call_from_thread(self.taken.append, "early")
        while self.is_running:
            time.sleep(0.001)
        self.call_from_thread(self.taken.append, "late")


async def test_what_a_thread_brings_to_a_screen_that_is_going_is_dropped(tmp_path: Path) -> None:
    app = LateApp(tmp_path)
    async with open_app(app) as pilot:
        app.bring()
        while not app.taken:
            await pilot.pause(0.01)
    assert app.taken == ["early"]
    assert not app.crashed


class TickingApp(terminal.TerminalApp):
    """Looks at a widget all the time, at its end too, which takes a while."""

    def compose(self) -> ComposeResult:
        yield Static("tick", id="tick")

    def on_mount(self) -> None:
        self.set_interval(0.001, lambda: self.query_one("#tick"))

    async def _close_all(self) -> None:
        await self.query_one("#tick").remove()
        await asyncio.sleep(0.05)
        await super()._close_all()


async def test_no_timer_looks_at_a_screen_that_is_going(tmp_path: Path) -> None:
    app = TickingApp(crash_folder=tmp_path)
    async with open_app(app) as pilot:
        await pilot.pause(0.02)
    assert not app.crashed
