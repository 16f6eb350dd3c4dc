"""From no server to a clip of one through a pty, with the real engine and a real server."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from sora_tui.config.paths import saved_servers_path
from tests.support.pty_session import KEYS, PtySession
from tests.support.simulator_process import start_simulator
from tests.tui.test_session import workspace

PROGRAM = [sys.executable, "-m", "sora_tui"]


def test_a_server_is_added_and_the_next_clip_is_its_own(tmp_path: Path) -> None:
    with start_simulator(speed=50) as server:
        environ = {**os.environ, "LAB_KEY": server.key}
        root = workspace(tmp_path)
        with PtySession(PROGRAM, cwd=root, env=environ) as session:
            session.wait_for("draft safe")
            session.send(KEYS["f2"])
            session.wait_for("add ...")
            session.send("a")
            session.wait_for("New server")
            session.send("lab" + KEYS["enter"] + server.base_url + KEYS["enter"])
            session.send(KEYS["enter"] + "LAB_KEY")
            session.wait_for("LAB_KEY is set here.")
            session.send("\x14")  # ctrl+t
            session.wait_for("key accepted")
            session.send(KEYS["ctrl+s"])
            session.wait_for("lab is kept in")
            session.send(KEYS["enter"])
            session.wait_gone("Server for the next clip")
            session.send(KEYS["f5"])
            session.wait_for("✓ saved", timeout=60)
            session.send(KEYS["escape"])
            time.sleep(0.3)  # a lone escape is told from a sequence by silence
            session.send(KEYS["ctrl+q"])
            assert session.wait_exit() == 0
        assert server.key not in session.raw.decode(errors="replace")
    (document,) = (tmp_path / "metadata").glob("2*.json")
    job = json.loads(document.read_text())
    assert (job["server"]["profile"], job["server"]["base_url"]) == ("lab", server.base_url)
    assert (job["state"], job["simulated"]) == ("saved", False)
    assert server.key not in document.read_text() + saved_servers_path().read_text()
