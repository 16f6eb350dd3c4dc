"""One clock and one zone for a whole run, in every process of it; and none in the program."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from time_machine import escape_hatch

from tests.support import clock
from tests.support.clock import Draw
from tests.support.pty_session import ROOT, PtySession
from tests.support.simulator_process import start_simulator
from tests.support.start.sitecustomize import SHIFT

#: What a process knows of the time: two clocks, its zone, and what it was moved by.
_ASKED = """
import json, os, sys, time
sys.stdout.write(json.dumps({
    "time": time.time(), "monotonic": time.monotonic(), "zone": time.strftime("%z"),
}) + chr(10))
"""

pytestmark = pytest.mark.skipif(
    SHIFT not in os.environ, reason=f"{clock.VARIABLE}={clock.REAL} takes the machine's own clock"
)


def _is_ours(said: str) -> bool:
    known = json.loads(said)
    assert abs(known["time"] - time.time()) < 60
    assert abs(known["monotonic"] - time.monotonic()) < 60
    return bool(known["zone"] == time.strftime("%z"))


def _real() -> float:
    return escape_hatch.time.time()


def test_the_clock_is_the_drawn_one() -> None:
    drawn = Draw.named(os.environ[clock.VARIABLE])
    assert 0 <= time.time() - drawn.at.timestamp() < timedelta(hours=2).total_seconds()
    assert os.environ["TZ"] == clock.ZONES[drawn.zone]


@pytest.mark.parametrize("words", [(), ("-P",), ("-s", "-B")])
def test_a_process_has_the_clock_of_the_run(words: tuple[str, ...]) -> None:
    command = [sys.executable, *words, "-c", _ASKED]
    assert _is_ours(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_process_on_a_terminal_has_it(tmp_path: Path) -> None:
    """Also where a test gives a folder of its own to import from."""
    out = tmp_path / "said"
    code = f"import sys\nsys.stdout = open({str(out)!r}, 'w'){_ASKED}"
    for path in (None, str(ROOT)):
        env = {} if path is None else {"PYTHONPATH": path}
        with PtySession([sys.executable, "-c", code], env=env) as session:
            assert session.wait_exit() == 0, session.screen_text()
        assert _is_ours(out.read_text())


def test_a_process_of_a_process_has_it() -> None:
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {_ASKED!r}], check=True)"
    command = [sys.executable, "-c", code]
    assert _is_ours(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_fork_has_it() -> None:
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(write, f"{time.time()}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert abs(float(os.read(read, 100)) - time.time()) < 60
    os.close(read)
    os.close(write)


def test_all_processes_have_the_same() -> None:
    """To the microsecond: what one writes must not come before what another wrote earlier."""
    code = (
        "import time\nfrom time_machine import escape_hatch\n"
        "print(time.time_ns() - escape_hatch.time.time_ns())"
    )
    ours = time.time_ns() - escape_hatch.time.time_ns()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # A busy machine may come between the two questions, which makes a difference larger only.
    assert abs(int(done.stdout) - ours) < 50_000_000


def test_a_server_of_the_tests_has_it() -> None:
    with start_simulator() as simulator:
        date = httpx.get(f"{simulator.base_url}/videos").headers["date"]
    assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 60


def test_the_times_of_files_stay_real(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert abs(file.stat().st_mtime - _real()) < 60


def test_the_program_reads_no_variable_that_moves_its_clock() -> None:
    """What moves it is the start module, which is nowhere but here."""
    code = f"import sora_tui.cli.main, sora_tui.engine.engine\n{_ASKED}"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env[clock.VARIABLE] = str(Draw(datetime(2029, 1, 1), "paris"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert abs(json.loads(done.stdout)["time"] - _real()) < 60
    texts = {path: path.read_text("utf-8") for path in (ROOT / "sora_tui").rglob("*.py")}
    assert not [path for path, text in texts.items() if SHIFT in text or clock.VARIABLE in text]


def test_a_draw_is_taken_again_by_its_name() -> None:
    today = datetime(2026, 12, 31, 12)
    drawn = [Draw.by_chance(random.Random(seed), today) for seed in range(500)]
    assert [Draw.named(str(one)) for one in drawn] == drawn
    assert {one.zone for one in drawn} == set(clock.ZONES)
    assert all(abs(one.at - today) > timedelta(days=3) for one in drawn), "today holds by itself"
    for wrong in ("2027-02-29T12:00:00@utc", "2028-02-29T12:00:00@atlantis", "yesterday"):
        with pytest.raises(ValueError, match=r"\S"):
            Draw.named(wrong)


def test_a_run_says_its_clock_and_its_workers_have_it() -> None:
    name = "2032-02-29T12:00:00@lord-howe"
    test = f"{__file__}::{test_the_clock_is_the_drawn_one.__name__}"
    words = ("-n", "1", "-p", "no:cacheprovider", test)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env={**env, clock.VARIABLE: name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"clock: {name}" in done.stdout
    assert f"{clock.VARIABLE}={name}" in done.stdout
