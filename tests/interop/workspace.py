"""The installed program in a folder, against the counterpart, and what was found out about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sora_tui.client.server_error import ServerError
from tests.interop.counterpart import Counterpart

COMMAND = str(Path(sys.executable).parent / "sora-tui")


@dataclass
class Row:
    """What was found out about the counterpart, by column."""

    counterpart: Counterpart
    cells: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def cannot(self, column: str, asked: str, said: ServerError | str) -> None:
        """The server has no such thing: its answer stands for it."""
        if isinstance(said, ServerError):
            said = f"{said.error.status} {said.error.code or ''} {said.error.message}"
        self.cells[column] = "no"
        self.answers[column] = f"{asked}: {said}"


@dataclass(frozen=True)
class Workspace:
    """A folder in which the installed program runs against the counterpart."""

    folder: Path
    counterpart: Counterpart

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`sora-tui WORDS --json`, without a terminal, to its end."""
        return subprocess.run(
            [COMMAND, *words, "--json"],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
        )

    def generate(self, prompt: str, *more: str) -> subprocess.CompletedProcess[str]:
        """One clip, with the counterpart's own model, length and size."""
        return self.run("generate", prompt, *self.settings, *more)

    @property
    def settings(self) -> tuple[str, ...]:
        """What is asked for in each request."""
        its = self.counterpart
        model = ("--model", its.model) if its.model else ()
        return (*model, "--seconds", its.seconds, "--size", its.size, "--yes")

    @property
    def environ(self) -> Mapping[str, str]:
        """Points the program at the counterpart."""
        its = self.counterpart
        key = {"SORA_API_KEY": its.key} if its.key else {}
        return {**os.environ, "SORA_BASE_URL": its.base_url, **key}

    @property
    def document(self) -> dict[str, Any]:
        """The newest job's document."""
        newest = sorted(self.folder.glob("metadata/2*.json"))[-1]
        document: dict[str, Any] = json.loads(newest.read_bytes())
        return document
