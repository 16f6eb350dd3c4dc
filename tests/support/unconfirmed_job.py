"""A paid job whose answer was lost, made by the command on a server that charges."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.lossy_server import LossyServer
from tests.support.pty_session import PtySession
from tests.support.shell import COMMAND, Ran, Shell


@dataclass(frozen=True)
class Lost:
    """A workspace with one job whose answer was lost, on a server that charges 0.10."""

    shell: Shell
    server: LossyServer
    ran: Ran
    job_id: str

    def document(self, job_id: str | None = None) -> dict[str, Any]:
        path = self.shell.workspace / "metadata" / f"{job_id or self.job_id}.json"
        told: dict[str, Any] = json.loads(path.read_text())
        return told

    def terminal(self, *words: str) -> PtySession:
        shell = self.shell
        return PtySession([*COMMAND, *words], cols=120, env=shell.environ, cwd=shell.workspace)


def lose(workspace: Path, server: LossyServer) -> Lost:
    """Have a paid clip made whose answer is lost."""
    workspace.mkdir(exist_ok=True)
    (workspace / "sora-tui.toml").write_text(
        f'default = "lab"\n[servers.lab]\nbase_url = "{server.base_url}"\nauth = "none"\n'
        'encoding = "json"\ndefault_model = "sora-2"\ndefault_seconds = "1"\n'
        'default_size = "320x180"\nprices = {sora-2 = 0.10}\n'
    )
    shell = Shell(workspace, {})
    ran = shell("generate", "A kite over a grey sea", "--yes")
    (document,) = shell.documents
    return Lost(shell, server, ran, document.stem)
