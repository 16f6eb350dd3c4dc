"""The simulator as a process: it outlives a restart with its jobs, but never its parent."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from sora_tui.media.mp4 import inspect_mp4
from tests.support.pictures import encoded, picture
from tests.support.simulator_process import Simulator, start_simulator


def client(simulator: Simulator) -> httpx.Client:
    return httpx.Client(
        base_url=simulator.base_url, headers={"authorization": f"Bearer {simulator.key}"}
    )


def awaited(http: httpx.Client, video_id: str, *statuses: str, progress: int = 0) -> dict[str, Any]:
    """The video once it has one of these statuses and at least this progress."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        video: dict[str, Any] = http.get(f"/videos/{video_id}").json()
        if video["status"] in statuses and video["progress"] >= progress:
            return video
        time.sleep(0.01)
    raise AssertionError(video)


def test_unfinished_jobs_go_on_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    reference = encoded(picture(320, 180), "JPEG")
    with start_simulator(data, speed=4) as first, client(first) as http:
        posted = {"prompt": "Go on", "size": "320x180", "seconds": "1"}
        files = {"input_reference": ("r.jpg", reference, "image/jpeg")}
        running = http.post("/videos", data=posted, files=files).json()["id"]
        waiting = http.post("/videos", json={**posted, "prompt": "Next"}).json()["id"]
        before = awaited(http, running, "in_progress", progress=20)
        first.process.kill()
    kept = (data / f"{running}.reference").read_bytes()
    assert hashlib.sha256(kept).digest() == hashlib.sha256(reference).digest()

    with start_simulator(data, speed=50) as second, client(second) as http:
        listed = [video["id"] for video in http.get("/videos").json()["data"]]
        assert listed == [waiting, running]
        after = http.get(f"/videos/{running}").json()
        assert after["progress"] >= before["progress"] // 10 * 10
        for video_id in (running, waiting):
            awaited(http, video_id, "completed")
            path = tmp_path / "clip.mp4"
            path.write_bytes(http.get(f"/videos/{video_id}/content").content)
            facts = inspect_mp4(path)
            assert (facts.width, facts.height, facts.seconds) == (320, 180, 1.0)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()}
    assert modes == {0o600}
    assert not list(data.glob("*.part"))


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(
    [sys.executable, "-m", "sora_tui.simulator", "--json", "--parent-pipe", "--data", sys.argv[1]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)
print(child.pid, child.stdout.readline(), flush=True)
time.sleep(60)
"""


def test_it_ends_when_its_parent_is_killed_in_mid_render(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, _, said = parent.stdout.readline().partition(" ")
        where = json.loads(said)
        headers = {"authorization": f"Bearer {where['key']}"}
        with httpx.Client(base_url=where["base_url"], headers=headers) as http:
            wanted = {"prompt": "Long", "size": "1792x1024", "seconds": "60"}
            video_id = http.post("/videos", json=wanted).json()["id"]
            awaited(http, video_id, "in_progress")
        os.kill(int(pid), signal.SIGINT)  # ctrl+c goes to the whole group: the parent decides
        port = httpx.URL(where["base_url"]).port
        assert port is not None
        socket.create_connection(("127.0.0.1", port)).close()
        parent.kill()
    deadline = time.monotonic() + 3
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
        assert time.monotonic() < deadline, "the simulator outlived its parent"
        time.sleep(0.02)


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def test_the_simulator_ends_when_its_folder_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_simulator(data, speed=20) as simulator, client(simulator) as http:
        http.post("/videos", json={"prompt": "Where is my folder?", "size": "64x64"})
        shutil.rmtree(data)
        assert simulator.process.wait(timeout=20) == 128 + signal.SIGTERM


def test_without_json_it_speaks_to_a_person_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sora_tui.simulator", "--key", "my key", "--speed", "5"]
    room = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=room
    ) as process:
        assert process.stdout is not None
        assert "nothing is charged" in process.stdout.readline()
        export = process.stdout.readline()
        assert len(list(tmp_path.iterdir())) == 1, "its temporary folder"
        process.terminate()
        assert process.communicate()[1] == "", "nothing is logged"
    assert process.returncode == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())
    assert export.startswith("export SORA_BASE_URL=http://127.0.0.1:")
    assert export.endswith(" SORA_API_KEY='my key'\n")


def test_parameters_of_open_models_are_honoured_and_repeated(tmp_path: Path) -> None:
    asked = {"seed": 7, "negative_prompt": "people", "fps": 12}
    small = {"prompt": "A kite", "size": "64x64", "seconds": "1"}
    with start_simulator(tmp_path, speed=100) as running, client(running) as http:
        made = http.post("/videos", json={**small, **asked}).json()
        awaited(http, made["id"], "completed")
        in_form = {name: str(value) for name, value in asked.items()}
        remix = http.post(f"/videos/{made['id']}/remix", json={"prompt": "B", **asked}).json()
        edit = {"prompt": "C", "video": {"id": made["id"]}, **asked}
        edited = http.post("/videos/edits", json=edit).json()
        longer = http.post("/videos/extensions", json={**edit, "seconds": "1"}).json()
        fields = {name: (None, value) for name, value in {**small, **in_form}.items()}
        plain = http.post("/videos", files=fields).json()
        for video in (made, remix, edited, longer, plain):
            done = awaited(http, video["id"], "completed")
            assert {name: done[name] for name in asked} == asked
            assert inspect_mp4(tmp_path / f"{video['id']}.mp4").fps == 12
