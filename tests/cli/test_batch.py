"""A batch's price before anything is sent, and its one consent."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sora_tui.cli.streams import read_input
from sora_tui.cli.unconfirmed_words import resolution_commands
from sora_tui.core.batch import earlier_batch_id
from sora_tui.core.job import Batch, JobError
from sora_tui.core.problem import Spent
from sora_tui.core.server import ServerRef
from sora_tui.i18n.recovery import search_words
from sora_tui.workspace.folder import open_folder
from tests.cli.conftest import Shell
from tests.support.job_states import LATER
from tests.support.stored_jobs import put, saved, wish

LAB = (
    'default = "lab"\n{more}\n[servers.lab]\nbase_url = "https://lab.example.org/v1"\n'
    'prices = {{ "sora-2" = 0.10 }}\n'
)
LINES = [
    {"prompt": "A kite", "model": "sora-2", "seconds": 4, "count": 2},
    {"prompt": "A fox", "model": "sora-2", "seconds": 8, "size": "portrait"},
    {"prompt": "A boat", "model": "other", "seconds": 4},
]


@pytest.fixture
def lab(tmp_path: Path) -> Shell:
    """A workspace with a paid server that is never reached, and a batch of four clips."""
    (tmp_path / "sora-tui.toml").write_text(LAB.format(more=""))
    lines = "".join(f"{json.dumps(line)}\n" for line in LINES)
    (tmp_path / "shots.jsonl").write_text(lines)
    return Shell(tmp_path, {})


def test_a_dry_run_shows_each_line_and_the_whole_price(lab: Shell) -> None:
    ran = lab.inside("batch", "shots.jsonl", "--dry-run")
    assert ran.code == 0, ran.err
    assert ran.err.strip() == "shots: 4 clips to send, about $1.60 + 1 unknown"
    assert ran.out.splitlines()[0] == "line 1  2 clips  sora-2  4 s  about $0.80  A kite"
    assert "720x1280" in ran.out
    (told,) = lab.inside("batch", "shots.jsonl", "--dry-run", "--json").documents
    assert told["price"] == {"kind": "priced", "sum": 1.6, "currency": "USD", "unknown": 1}
    assert lab.documents == []


@pytest.mark.parametrize(
    ("words", "more", "code", "exit"),
    [
        ([], "", "consent_price", 2),
        (["--max-spend", "5"], "", "consent_unknown", 2),
        (["--yes"], "[budget]\nper_day = 1.50", "price_unknown", 5),
        (["--yes"], "[budget]\nper_job = 0.50", "over_budget", 5),
    ],
)
def test_without_consent_or_beyond_a_limit_nothing_is_sent(
    lab: Shell, words: list[str], more: str, code: str, exit: int
) -> None:
    (lab.workspace / "sora-tui.toml").write_text(LAB.format(more=more))
    ran = lab.inside("batch", "shots.jsonl", "--json", *words)
    assert (ran.code, ran.documents[-1]["code"]) == (exit, code)
    assert lab.documents == []


def test_the_sum_of_all_is_held_to_the_day(lab: Shell) -> None:
    (lab.workspace / "sora-tui.toml").write_text(LAB.format(more="[budget]\nper_day = 1.50"))
    lines = "".join(f"{json.dumps(line)}\n" for line in LINES[:2])
    (lab.workspace / "shots.jsonl").write_text(lines)
    ran = lab.inside("batch", "shots.jsonl", "--yes", "--json")
    assert ran.documents[-1]["facts"]["sum"] == "1.6"
    assert ran.code == 5
    assert lab.inside("batch", "shots.jsonl", "--max-spend", "1.5").code == 5
    assert lab.documents == []


def test_a_file_that_is_not_there_or_no_batch(lab: Shell) -> None:
    for name, text in (
        ("none.jsonl", None),
        ("x.toml", "clip = 3"),
        ("empty.jsonl", "\n"),
        ("y.jsonl", "\udcff"),
    ):
        if text is not None:
            (lab.workspace / name).write_text(text, errors="surrogateescape")
        ran = lab.inside("batch", name, "--json")
        assert (ran.code, ran.documents[-1]["code"]) == (2, "batch_unreadable")
    assert lab.inside("batch", "shots.jsonl", "--max-active", "0").code == 2


@pytest.mark.timeout(20)
def test_what_would_be_waited_for_without_end_is_no_batch_and_no_prompt(lab: Shell) -> None:
    os.mkfifo(lab.workspace / "pipe")
    for path in ("pipe", "/dev/zero", "."):
        ran = lab.inside("batch", path, "--json")
        assert (ran.code, ran.documents[-1]["code"]) == (2, "batch_unreadable"), path
        ran = lab.inside("generate", "-f", path, "--json")
        assert (ran.code, ran.documents[-1]["code"]) == (2, "prompt_unreadable"), path
    assert "it is no file" in lab.inside("batch", "pipe").err
    ran = lab.inside("generate", "-", "--yes")
    assert (ran.code, "-f - reads one" in ran.err) == (2, True)
    assert lab.documents == []


def test_a_terminal_is_told_what_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("A kite"))
    assert read_input() == "A kite"
    assert "Ctrl+d" in capsys.readouterr().err


def test_a_batch_in_toml_from_prompt_files(shell: Shell) -> None:
    folder = shell.workspace / "prompts"
    folder.mkdir()
    (folder / "fox.md").write_text("+++\nseconds = 2\n[params]\nseed = 1\n+++\nA {{animal}}\n")
    (shell.workspace / "shots.toml").write_text(
        '[variables]\nanimal = "fox"\n[[clip]]\nfile = "fox"\n\n'
        '[[clip]]\nfile = "fox"\ncount = 2\nseconds = 1\nvariables = { animal = "owl" }\n'
    )
    ran = shell("batch", "shots.toml", "--max-active", "2", "--json")
    assert ran.code == 0, ran.err
    made = [line for line in ran.documents if line.get("schema") == 1]
    assert [(job["request"]["prompt"], job["request"]["seconds"]) for job in made] == [
        ("A fox", "2"),
        ("A owl", "1"),
        ("A owl", "1"),
    ]
    assert {job["request"]["prompt_file"] for job in made} == {"prompts/fox.md"}
    assert [(job["batch"]["index"], job["batch"]["of"]) for job in made] == [(1, 1), (1, 2), (2, 2)]
    end = ran.documents[-1]
    assert (end["event"], end["clips"], end["states"]) == ("batch_end", 3, {"saved": 3})
    assert end["unknown"] == 3  # on this machine, and nobody said what it costs


def test_files_whose_names_fold_to_one_word_are_two_batches(lab: Shell) -> None:
    """What was sent under the word they shared is not sent again where the line agrees."""
    sent = replace(
        saved(1),
        batch=Batch(earlier_batch_id("猫"), 1, 1, "id:shot1"),
        server=ServerRef("lab", "https://lab.example.org/v1"),
    )
    (lab.workspace / "metadata").mkdir(exist_ok=True)
    put(open_folder(lab.workspace), sent)
    for name, prompt in (("猫", sent.request.prompt), ("犬", "a dog")):
        line = {"id": "shot1", "prompt": prompt, "model": "sora-2", "seconds": 4}
        (lab.workspace / f"{name}.jsonl").write_text(json.dumps(line))
    same = lab.inside("batch", "猫.jsonl", "--dry-run", "--json").documents[0]
    other = lab.inside("batch", "犬.jsonl", "--dry-run", "--json").documents[0]
    assert (same["to_send"], same["sent_before"]) == (0, 1)
    assert (other["to_send"], other["sent_before"]) == (1, 0)
    assert same["id"] != other["id"]


def test_orders_of_the_batch_that_wait_are_not_called_sent(lab: Shell) -> None:
    """It said "0 clips to send, 2 sent before" of one that waited and one that asked for a yes."""
    server = ServerRef("lab", "https://lab.example.org/v1")
    first, second = (
        replace(wish(n), batch=Batch("plan", 1, 1, f"id:shot{n}"), server=server) for n in (1, 2)
    )
    copied = second.of_unknown_past(LATER, JobError("past_unknown", Spent.PERHAPS))
    put(open_folder(lab.workspace), first, copied)
    lines = [{"id": f"shot{n}", "prompt": first.request.prompt, "model": "sora-2"} for n in (1, 2)]
    (lab.workspace / "plan.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    ran = lab.inside("batch", "plan.jsonl", "--dry-run")
    assert "0 clips to send, 1 handed in before and not sent yet, 1 to be decided by you" in ran.err
    assert f"To take back: sora-tui cancel {first.id}\n" in ran.err
    assert "lost" not in search_words(copied, "12:00")
    commands = "\n".join(resolution_commands(copied))
    assert "It waits for your yes" in commands


def test_an_id_met_again_with_another_prompt_is_told(lab: Shell) -> None:
    sent = replace(
        saved(1),
        batch=Batch("plan", 1, 1, "id:shot1"),
        server=ServerRef("lab", "https://lab.example.org/v1"),
    )
    put(open_folder(lab.workspace), sent)
    line = {"id": "shot1", "prompt": "a dog", "model": "sora-2", "seconds": 4}
    (lab.workspace / "plan.jsonl").write_text(json.dumps(line))
    ran = lab.inside("batch", "plan.jsonl", "--dry-run")
    assert "0 clips to send, 1 sent before" in ran.err
    assert "line 1: its id was sent before with another prompt" in ran.err
    assert sent.id in ran.err
