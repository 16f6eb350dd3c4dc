"""What docs/simulator.md shows does what it says: its commands, its files, its tests."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from sora_tui.cli.parser import build_parser
from sora_tui.simulator.dialects import DIALECTS
from sora_tui.simulator.faults import PRETENCES, Fault, parse_faults
from sora_tui.simulator.triggers import TRIGGERS

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
#: Language and text of each block.
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def file_blocks(folder: Path) -> None:
    """Write every block that begins with a comment with its name."""
    for _, text in BLOCKS:
        if named := re.match(r"# (\w+\.\w+)\n", text):
            (folder / named[1]).write_text(text)


def test_the_pages_commands_parse() -> None:
    lines = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert len(lines) >= 4
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "sora-tui"
        assert build_parser().parse_args(words).command == "simulate"


def test_the_pages_faults_are_valid() -> None:
    (text,) = [text for kind, text in BLOCKS if kind == "toml"]
    assert [fault.nth for fault in parse_faults(text)] == [(1,), (2,), (1,)]
    for key in [*(each.name for each in fields(Fault)), "json", *PRETENCES]:
        assert f"`{key}`" in PAGE, key


def test_the_pages_tables_name_every_dialect_and_trigger() -> None:
    for dialect in DIALECTS:
        assert f"\n| `{dialect}` | " in PAGE
    for word, told in TRIGGERS.items():
        assert f"\n| `[{word}]` | {told} |\n" in PAGE


def test_the_pages_tests_pass(tmp_path: Path) -> None:
    file_blocks(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "3 passed" in told.stdout
    assert "Traceback" not in told.stderr


def test_the_pages_script_prints_what_the_page_says(tmp_path: Path) -> None:
    file_blocks(tmp_path)
    command = [sys.executable, "example.py"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == ("202 queued\n", "")


def test_only_the_testing_module_needs_pytest() -> None:
    script = (
        "import sys, sora_tui.simulator.__main__, sora_tui.simulator.server;"
        "print('pytest' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout == "False\n"


def test_a_server_that_is_asked_for_wrongly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sora_tui.simulator", "--json"]
    faults = tmp_path / "faults.toml"
    faults.write_text("[[fault]]\nstatus = 1\n")
    for words, expected in (
        (["--faults", str(faults)], "fault 1: status must be a whole number from 200 to 599"),
        (["--dialect", "klingon"], "invalid choice: 'klingon'"),
    ):
        told = subprocess.run(command + words, capture_output=True, text=True, check=False)
        assert (told.returncode != 0, told.stdout) == (True, "")
        assert expected in told.stderr.splitlines()[-1]
