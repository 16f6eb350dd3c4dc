"""The installed program in a workspace of its own, beside a server that misbehaves."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sora_tui.core.job import Consent, Job
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine.engine import Engine
from sora_tui.engine.quote import quote
from sora_tui.media.practice.render import ClipPlan, render_clip
from sora_tui.workspace.folder import open_folder
from tests.support.fault_server import FaultServer

#: Planted in the environment; its bytes must never be seen anywhere but in a header.
KEY = "sk-planted-4f1c9a7be2"
#: Commands that send what costs.
_PAID = frozenset({"generate", "batch", "remix", "edit", "extend", "character"})


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    code: int
    out: bytes
    err: bytes

    @property
    def words(self) -> str:
        """Both streams, for a message."""
        return f"exit {self.code}\n{self.out.decode('utf-8', 'replace')}\n" + self.err.decode(
            "utf-8", "replace"
        )


class Workspace:
    """A folder, the server its jobs go to, and the program that runs in it."""

    def __init__(self, root: Path, server: FaultServer) -> None:
        self.root = root
        self.server = server
        self.metadata = root / "metadata"
        self.processes: list[subprocess.Popen[bytes]] = []

    # Running --------------------------------------------------------------------------------

    def start(
        self,
        *words: str,
        before: Sequence[str] = (),
        preexec: Callable[[], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """`sora-tui` with these words; `before` runs it under another program.

        The server does not say what it is, and nobody is there to be asked: an order to it is
        agreed to beforehand.
        """
        agreed = ("--yes",) if words[0] in _PAID and "--server" not in words else ()
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "sora_tui", *words, *agreed],
            cwd=self.root,
            env={
                **os.environ,
                "SORA_BASE_URL": self.server.base_url,
                "SORA_API_KEY": KEY,
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=preexec,
        )
        self.processes.append(process)
        return process

    def run(self, *words: str, timeout: float = 60) -> Ended:
        """Run to the end."""
        return ended(self.start(*words), timeout)

    def generate(self, prompt: str, *words: str, base_url: str | None = None) -> Ended:
        """`sora-tui generate`, to the end."""
        environment = {"SORA_BASE_URL": base_url} if base_url else None
        return ended(self.start("generate", prompt, *words, environment=environment))

    def killed(self, *words: str) -> None:
        """Run until the server kills it."""
        process = self.start(*words)
        self.server.hunt(process.pid)
        assert ended(process).code == -signal.SIGKILL
        self.server.victim.clear()

    def ask_for(self, *prompts: str) -> list[Job]:
        """Hand requests in, as another terminal would; nobody owns the folder yet."""
        folder = open_folder(self.root)
        server = Server(name="env", base_url=self.server.base_url)
        engine = Engine(folder, {})
        jobs = []
        for prompt in prompts:
            request = VideoRequest(prompt=prompt)
            price = quote(server, request)
            jobs += engine.submit(server, request, price, Consent("unknown", datetime.now(UTC)))
        return jobs

    # Looking --------------------------------------------------------------------------------

    def documents(self) -> list[dict[str, Any]]:
        """Every document, oldest first; one that cannot be parsed fails the test."""
        return [json.loads(path.read_bytes()) for path in sorted(self.metadata.glob("[12]*.json"))]

    def states(self) -> dict[str, int]:
        """How many jobs are in which state."""
        return dict(Counter(document["state"] for document in self.documents()))

    def check(self) -> None:
        """The invariants that hold at every rest: I1, I2, I3, I4, I5 and I6."""
        assert self.server.broken == []
        known = set()
        for document in self.documents():
            if document["remote_id"]:
                assert document["remote_id"] not in known, "two jobs share a video"
                known.add(document["remote_id"])
            for output in document["outputs"]:
                data = (self.root / output["path"]).read_bytes()
                assert hashlib.sha256(data).hexdigest() == output["sha256"]
                assert data == self.server.clip
        names = {path.name for path in (self.root / "output").iterdir()}
        recorded = {Path(o["path"]).name for d in self.documents() for o in d["outputs"]}
        assert {name for name in names if not name.startswith(".")} == recorded
        home = Path(os.environ["HOME"])
        for path in (*self.root.rglob("*"), *home.rglob("*")):
            if path.is_file():
                assert KEY.encode() not in path.read_bytes(), f"the key is in {path.name}"

    def check_all_saved(self, count: int = 1) -> None:
        """Every job is at home, and nothing was paid twice."""
        assert self.states() == {"saved": count}
        assert len(self.server.videos) == count
        self.check()


@contextmanager
def workspace(tmp_path: Path, *, looks: int = 1) -> Iterator[Workspace]:
    """A fresh workspace and its server; every process is gone when the block ends."""
    root = tmp_path / "workspace"
    root.mkdir()
    with FaultServer(clip(), root / "metadata", looks=looks) as server:
        place = Workspace(root, server)
        try:
            yield place
        finally:
            for process in place.processes:
                if process.poll() is None:
                    process.kill()
                process.communicate()


def ended(process: subprocess.Popen[bytes], timeout: float = 60) -> Ended:
    """Wait for a process; what it said must not hold the key."""
    out, err = process.communicate(timeout=timeout)
    assert KEY.encode() not in out + err
    return Ended(process.returncode, out, err)


@functools.cache
def clip() -> bytes:
    """A small valid MP4, rendered once per test process."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "clip.mp4"
        render_clip(ClipPlan("A fault", 64, 64, 1), path, lambda share: None)
        return path.read_bytes()
