"""A workspace is no place to import from: what lies there under a module's name stays unread."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

#: The installed command: `python -m` would put the current folder first itself.
COMMAND = Path(sys.executable).with_name("sora-tui")


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """A folder with a file of every standard module's name, which says so when it is imported."""
    for name in {*sys.stdlib_module_names, "PIL", "av", "starlette", "sora_tui"}:
        poison = f"open({str(tmp_path / 'imported')!r}, 'a').write({name + ' '!r})\n"
        (tmp_path / f"{name}.py").write_text(poison)
    return tmp_path


def environ(folder: Path) -> dict[str, str]:
    unwanted = ("SORA_", "PYTHONPATH", "PYTHONSAFEPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return kept | {name: str(folder / ".home") for name in ("HOME", "XDG_CONFIG_HOME")}


def imported(folder: Path) -> str:
    file = folder / "imported"
    return file.read_text() if file.exists() else ""


def test_a_practice_clip_out_of_a_poisoned_folder(poisoned: Path) -> None:
    words = ("generate", "A kite", "--seconds", "1", "--size", "128x128")
    ran = subprocess.run(
        [COMMAND, *words],
        cwd=poisoned,
        env=environ(poisoned),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert imported(poisoned) == ""
    assert ran.returncode == 0, ran.stderr
    assert list(poisoned.glob("output/*.mp4"))


def test_the_simulator_on_its_own_in_a_poisoned_folder(poisoned: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "simulate", "--json"],
        cwd=poisoned,
        env=environ(poisoned),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert imported(poisoned) == ""
    assert json.loads(line)["base_url"]
