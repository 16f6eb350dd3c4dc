"""Which server somebody else wrote is asked, and how LiteLLM's proxy is started to be one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from tests.support.pty_session import ROOT
from tests.support.simulator_process import start_simulator

LITELLM = ROOT / ".venv-interop" / "bin" / "litellm"
_KEY = "sk-interop-0001"
_START_SECONDS = 120.0


@dataclass(frozen=True)
class Counterpart:
    """A running server, and what has to be said to it.

    Attributes:
        name, version, note: How its row in docs/servers.md begins.
        model: None sends no model.
        dialect: What the program must find out that it is; empty where it has no row.
        fails: Words in a prompt that make a job of it fail; empty where nobody can.
    """

    name: str
    version: str
    note: str
    base_url: str
    key: str | None
    model: str | None
    seconds: str
    size: str
    fails: str
    dialect: str

    @property
    def server(self) -> Server:
        """The profile."""
        return Server("counterpart", self.base_url, key=Secret(self.key) if self.key else None)


def counterpart_in(environ: Mapping[str, str]) -> Counterpart | None:
    """The server that `SORA_INTEROP_URL` points to, described by its fellow variables."""
    if not (url := environ.get("SORA_INTEROP_URL")):
        return None

    def said(name: str, default: str = "") -> str:
        return environ.get(f"SORA_INTEROP_{name}", default)

    return Counterpart(
        name=said("NAME", "a server"),
        version=said("VERSION", "?"),
        note=said("NOTE"),
        base_url=url,
        key=said("KEY") or None,
        model=said("MODEL") or None,
        seconds=said("SECONDS", "4"),
        size=said("SIZE", "1280x720"),
        fails=said("FAILS"),
        dialect=said("DIALECT"),
    )


@contextmanager
def start_litellm(folder: Path) -> Iterator[Counterpart]:
    """LiteLLM's proxy out of `.venv-interop`, in front of our simulator.

    Raises:
        RuntimeError: It did not come up; its own words are in the message.
    """
    with start_simulator(folder / "simulator", speed=20) as simulator, socket.socket() as probe:
        behind = {"api_base": simulator.base_url, "api_key": simulator.key}
        config = {
            "model_list": [
                {"model_name": "sora-2", "litellm_params": {"model": "openai/sora-2", **behind}}
            ],
            "litellm_settings": {"telemetry": False},
            "general_settings": {"master_key": _KEY},
        }
        (folder / "config.yaml").write_text(json.dumps(config))  # YAML understands JSON
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        log = folder / "litellm.log"
        command = [str(LITELLM), "--config", str(folder / "config.yaml")]
        command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        # Without the first it asks a public host for prices at start. Its own client to the
        # simulator must find no proxy, and no key of the person who runs this.
        environ = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "OPENAI_API_KEY": "sk-none",
            "NO_PROXY": "*",
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        }
        with (
            log.open("wb") as out,
            subprocess.Popen(command, env=environ, cwd=folder, stdout=out, stderr=out) as process,
        ):
            try:
                _wait_for(f"http://127.0.0.1:{port}/health/liveliness", process, log)
                yield Counterpart(
                    name="LiteLLM proxy",
                    version=_version(),
                    note="whole, before our simulator",
                    base_url=f"http://127.0.0.1:{port}/v1",
                    key=_KEY,
                    model="sora-2",
                    seconds="4",
                    size="1280x720",
                    fails="[fails]",
                    dialect="litellm",
                )
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)  # nothing announces that a foreign server is ready
    raise RuntimeError(f"the proxy did not come up:\n{log.read_text(errors='replace')[-2000:]}")


def _version() -> str:
    asked = "import importlib.metadata as m; print(m.version('litellm'))"
    command = [str(LITELLM.parent / "python"), "-c", asked]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
