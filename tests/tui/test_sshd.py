"""Over a real sshd on a loopback port: another terminal, a client that is killed, a way back."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.lock import OwnerLock
from tests.support.pty_session import KEYS, PtySession
from tests.tui.test_session import workspace
from tests.tui.test_terminal import is_restored

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]

_SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
Login = Callable[[], PtySession]


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    """Opens the program at the other end of an ssh connection, as a plain `xterm`."""
    if _SSHD is None or shutil.which("ssh") is None:
        pytest.skip("openssh-server and openssh-client are not installed")
    if os.getuid() == 0 and not Path("/run/sshd").is_dir():
        pytest.skip("sshd as root needs /run/sshd")
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for name in ("host", "client"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
        subprocess.run(make, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (keys / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys / 'host'}\nPidFile none\n"
        f"AuthorizedKeysFile {keys / 'client.pub'}\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\nAcceptEnv LANG LC_*\n"
    )
    server = subprocess.Popen(
        [_SSHD, "-D", "-e", "-f", str(keys / "config")],
        stdout=subprocess.DEVNULL,
        stderr=(keys / "log").open("wb"),
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    passed = ("XDG_", "HOME", "TZ", "TESTS_", "PYTHONPATH")
    own = {name: value for name, value in os.environ.items() if name.startswith(passed)}
    words = ["env", *(f"{name}={value}" for name, value in own.items())]
    words += [sys.executable, "-m", "sora_tui"]
    remote = f"cd {shlex.quote(str(workspace(folder)))} && exec {shlex.join(words)}"
    ssh = ["ssh", "-tt", "-F", "/dev/null", "-i", str(keys / "client"), "-p", str(port)]
    ssh += ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={keys / 'known'}"]
    ssh += ["-o", "LogLevel=ERROR", f"{getpass.getuser()}@127.0.0.1", remote]
    sessions: list[PtySession] = []

    def open_session() -> PtySession:
        env = {"TERM": "xterm", "COLORTERM": None, "SSH_AUTH_SOCK": None}
        sessions.append(PtySession(ssh, cols=120, rows=40, env=env))
        return sessions[-1]

    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield open_session
    for session in sessions:
        session.close()
    server.terminate()
    server.wait(10)


def test_the_client_is_killed_and_the_job_comes_home(login: Login, tmp_path: Path) -> None:
    first = login()
    first.wait_for("draft safe", timeout=30)
    first.wait_quiet(1.0)
    written = first.bytes_seen
    time.sleep(3)  # the length of the silence is what is measured
    assert first.bytes_seen == written
    assert not re.search(rb"[34]8;[25];", first.raw), "xterm without COLORTERM: 16 colours"
    first.send("! ")
    first.wait_for("untitled-1")
    first.send(KEYS["f5"])
    first.wait_for("in_progress", timeout=60)
    first.process.kill()
    first.process.wait()
    folder, lock = open_folder(tmp_path / "folder"), None
    until = time.monotonic() + 20
    while lock is None and time.monotonic() < until:  # the program at the other end has ended
        tried = OwnerLock(folder)
        if tried.try_acquire():
            lock = tried
        time.sleep(0.1)
    assert lock is not None
    lock.release()
    [job] = History(folder).active()
    assert job.remote_id is not None, "what was sent is known"

    second = login()
    second.wait_for("Welcome back: 1 still running", timeout=30)
    second.wait_for("engine.!")
    second.wait_for("✓ saved", timeout=60)
    second.send(KEYS["ctrl+q"])
    assert second.wait_exit() == 0
    assert is_restored(second)
    [clip] = (tmp_path / "folder/output").glob("*.mp4")
    assert clip.read_bytes()[4:8] == b"ftyp"


def test_a_clip_is_watched_through_a_tunnel_until_its_window_closes(
    login: Login, tmp_path: Path
) -> None:
    """What the screen says is typed at the other end, where a browser asks for parts of it."""
    session = login()
    session.wait_for("draft safe", timeout=60)
    session.send(KEYS["f5"])
    session.wait_for("✓ saved", timeout=60)
    session.send(KEYS["escape"])
    session.wait_quiet(0.5, timeout=60)
    session.send("4")
    session.wait_for("[4 Jobs]", timeout=60)
    session.send("o")
    session.wait_for("/clip.mp4", timeout=60)
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\S+/clip\.mp4)", session.screen_text())
    assert found is not None
    far, path = found.groups()
    assert f"ssh -N -L {far}:127.0.0.1:{far} " in session.screen_text()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        near = probe.getsockname()[1]
    keys = tmp_path / "keys"
    at = re.search(r"Port (\d+)", (keys / "config").read_text())
    assert at is not None
    tunnel = ["ssh", "-N", "-L", f"{near}:127.0.0.1:{far}", "-F", "/dev/null", "-p", at[1]]
    tunnel += ["-i", str(keys / "client"), "-o", f"UserKnownHostsFile={keys / 'known'}"]
    process = subprocess.Popen([*tunnel, f"{getpass.getuser()}@127.0.0.1"])
    try:
        until = time.monotonic() + 60
        while not _answers(near):
            assert time.monotonic() < until
            time.sleep(0.1)
        [clip] = (tmp_path / "folder/output").glob("*.mp4")
        url = f"http://127.0.0.1:{near}{path}"
        with urlopen(url, timeout=60) as answer:
            assert answer.read() == clip.read_bytes()
        with urlopen(Request(url, headers={"Range": "bytes=4-7"}), timeout=60) as answer:
            assert (answer.status, answer.read()) == (206, b"ftyp")
        with pytest.raises(HTTPError):
            urlopen(f"http://127.0.0.1:{near}/", timeout=60)
        session.send(KEYS["escape"])
        session.wait_for("[4 Jobs]", timeout=60)
        with pytest.raises((OSError, HTTPException)):
            urlopen(url, timeout=60)
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
