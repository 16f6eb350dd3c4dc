"""The long way round: a kill at random moments, and the N-th system call that fails or kills."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import system_clock
from tests.support.fault_server import (
    Act,
    Call,
    behave,
    clip_cut,
    kill_client,
    make_and_say,
    reset,
    say,
    vanish,
)
from tests.support.installed_program import Ended, Workspace, ended, workspace

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

#: Where a kill may come, besides "any time".
PHASES = ("start", "post", "lost", "look", "content")


def bring_home(place: Workspace) -> None:
    """One healthy start: what was made is saved, what was not is told, nothing is paid twice."""
    before = place.documents() if place.metadata.exists() else []
    doubtful = [d["id"] for d in before if d["state"] in {"submitting", "unconfirmed"}]
    if doubtful and not place.server.videos:
        # Never made, and only a person can know: it stays, visible, and is not sent again.
        done = place.run("jobs")
        assert doubtful[0] in done.out.decode()
        return
    done = place.run("wait")
    # What was not sent stays, or was taken back by the run that ordered it.
    at_rest = set(place.states()) <= {"cancelled", "pending"}
    is_unsent = done.code == 5 and not place.server.paid and at_rest
    assert done.code == 0 or is_unsent, done.words
    assert len(place.server.videos) == place.server.paid
    if place.server.videos:
        place.check_all_saved(len(place.server.videos))
    place.check()
    if b"Nothing is unfinished" in done.err:
        return  # nobody owned the folder: the next owner sweeps it
    assert not list((place.root / "output").glob(".*"))
    assert not list(place.metadata.glob(".*.tmp"))
    assert not list(place.metadata.glob(".*.next"))


def killed_soon(process: subprocess.Popen[bytes], delay: float, post: Act = behave) -> Act:
    """Behave, and kill the client a moment later; a POST is answered by `post`."""

    def act(call: Call) -> None:
        threading.Timer(delay, process.kill).start()
        path = call.request.target.removeprefix("/v1/videos/")
        if call.request.method == "POST":
            post(call)
        elif path.endswith("/content"):
            call.reply(call.server.clip, content_type="video/mp4")
        else:
            call.reply(call.server.look(path))

    return act


@pytest.mark.parametrize("seed", range(10))
def test_twenty_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    """200 runs in all, each with a fresh workspace; 0 lost and 0 paid twice."""
    chance = random.Random(seed)
    for run in range(20):
        phase = chance.choice(PHASES)
        delay = chance.uniform(0.0, 0.06)
        (tmp_path / str(run)).mkdir()
        with workspace(tmp_path / str(run)) as place:
            process = place.start("generate", f"Run {run}")
            act = killed_soon(process, delay)
            if phase == "start":
                threading.Timer(chance.uniform(0.3, 1.5), process.kill).start()
            elif phase == "lost":
                place.server.posts["*"] = [killed_soon(process, delay, vanish)]
            else:
                scripts = {
                    "post": place.server.posts,
                    "look": place.server.gets,
                    "content": place.server.contents,
                }
                scripts[phase]["*"] = [act]
            done = ended(process)
            assert done.code in {0, -signal.SIGKILL}, (phase, delay, done.words)
            assert place.server.paid <= 1, (phase, delay)
            bring_home(place)
            assert place.server.paid <= 1, (phase, delay)


STRACE = shutil.which("strace")

CALLS = {"fsync": "fsync", "rename": "rename,renameat,renameat2", "link": "link,linkat"}


def traced(place: Workspace, name: str, what: str, number: int) -> Ended:
    """Run one `generate` with a fault at the N-th such call of a thread."""
    assert STRACE is not None
    calls = CALLS[name]
    inject = f"inject={calls}:{what}:when={number}"
    before = [STRACE, "-f", "-qqq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    return ended(place.start("generate", "A kite", before=before), 120)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: no system call can be failed")
@pytest.mark.parametrize(
    ("name", "numbers"), [("fsync", range(1, 25)), ("rename", range(1, 14)), ("link", range(1, 3))]
)
def test_a_kill_at_the_nth_call(tmp_path: Path, name: str, numbers: range) -> None:
    for number in numbers:
        (tmp_path / str(number)).mkdir()
        with workspace(tmp_path / str(number)) as place:
            traced(place, name, "signal=SIGKILL", number)
            assert place.server.paid <= 1
            bring_home(place)
            assert place.server.paid <= 1, (name, number)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: no system call can be failed")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize(("name", "numbers"), [("fsync", range(1, 16)), ("rename", range(1, 10))])
def test_an_error_at_the_nth_call(tmp_path: Path, name: str, numbers: range, error: str) -> None:
    for number in numbers:
        (tmp_path / str(number)).mkdir()
        with workspace(tmp_path / str(number)) as place:
            done = traced(place, name, f"error={error}", number)
            paid = place.server.paid
            assert paid <= 1
            assert done.code in {0, 5}, (name, error, number, done.words)
            # A person who is told that nothing was sent does it again: nothing may come of it.
            goes_on = b"Come back with" in done.err
            assert not paid or b"othing was sent" not in done.err, (number, done.words)
            bring_home(place)
            assert place.server.paid <= 1, (name, error, number)
            assert paid or goes_on or done.code == 0 or place.server.paid == 0, (number, done.words)


@pytest.mark.skipif(system_clock.MISSING is not None, reason=str(system_clock.MISSING))
@pytest.mark.parametrize("clock", ["1970-01-02T00:00:00", "2099-01-01T00:00:00"])
def test_a_clock_that_is_decades_wrong_loses_nothing(tmp_path: Path, clock: str) -> None:
    """Fault 86: a clip that was left behind is fetched, whatever year the machine believes in."""
    lie = ("env", *(f"{name}={value}" for name, value in system_clock.moved(clock).items()))

    def complete(call: Call) -> None:
        video = call.make()
        video["expires_at"] = video["created_at"] + 3600
        call.reply(video)

    with workspace(tmp_path) as place:
        place.server.posts["*"] = [complete]
        place.server.contents["*"] = [clip_cut(0.5, kill_client)]
        place.killed("generate", "Left behind")
        done = ended(place.start("wait", before=lie))
        assert done.code == 0, done.words
        place.check_all_saved(1)
        done = ended(place.start("generate", "Made in another year", before=lie))
        assert done.code == 0, done.words
        place.server.posts["*"] = [vanish]
        done = ended(place.start("generate", "Lost in another year", before=lie))
        assert done.code == 0, done.words
        place.check_all_saved(3)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_soak(tmp_path: Path, seed: int) -> None:
    """Two minutes of orders, lies and kills by three processes; memory and files stay bounded."""
    chance = random.Random(seed)
    count = 0

    def lie(call: Call) -> None:
        does = chance.choice([behave, vanish, reset, make_and_say(500), say(429, retry_after="1")])
        does(call)

    def look(call: Call) -> None:
        if chance.random() < 0.2:
            call.reply({"error": {"message": "upstream"}}, chance.choice([404, 429, 500, 503]))
        else:
            call.reply(call.server.look(call.request.target.rpartition("/")[2]))

    def content(call: Call) -> None:
        clip_cut(chance.choice([0.0, 0.5, 0.99, 1.0, 1.0, 1.0]))(call)

    with workspace(tmp_path, looks=3) as place:
        for script, act in (
            (place.server.posts, lie),
            (place.server.gets, look),
            (place.server.contents, content),
        ):
            script["*"] = [act] * 100_000
        end = time.monotonic() + 120
        waiting = [place.start("wait") for _ in range(3)]
        biggest, most_files = 0, 0
        while time.monotonic() < end:
            count += 1
            place.ask_for(f"Order {count}")
            if chance.random() < 0.15:
                chance.choice(waiting).kill()
            waiting = [p if p.poll() is None else place.start("wait") for p in waiting]
            for process in waiting:
                biggest = max(biggest, resident(process.pid))
                most_files = max(most_files, open_files(process.pid))
            time.sleep(chance.uniform(0.2, 1.0))
        for process in waiting:
            process.kill()
            ended(process)
        place.server.posts.clear()
        place.server.gets.clear()
        place.server.contents.clear()
        done = ended(place.start("wait"), 300)
        assert done.code in {0, 4, 6}, done.words  # 4: a job that the server was too busy for
        # Who was killed before his request arrived can only say so: nothing was made of it. Nor
        # of one that heard "later" three times, while the server took no other.
        states = Counter(place.states())
        assert states["saved"] == len(place.server.videos)
        assert states["saved"] + states["unconfirmed"] + states["rejected"] == count
        refused = [d for d in place.documents() if d["state"] == "rejected"]
        assert {a["status"] for d in refused for a in d["attempts"]} <= {429}
        place.check()
        assert biggest < 150 * 2**20
        assert most_files < 60


def resident(pid: int) -> int:
    """Bytes of memory in use; 0 for a process that is no more."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024
    return 0


def open_files(pid: int) -> int:
    """Descriptors in use; 0 for a process that is no more."""
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0
