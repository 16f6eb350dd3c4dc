"""The other commands, and the words of all: help, French, tables, doctor, simulate."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sora_tui.cli import commands, exits
from sora_tui.cli.commands import COMMANDS
from sora_tui.cli.parser import build_parser
from sora_tui.core.problem import CODES
from sora_tui.simulator.__main__ import main as run_simulator
from tests.support.pty_session import PtySession
from tests.support.shell import COMMAND, Shell


def test_a_subcommand_is_one_file_and_one_row() -> None:
    files = {path.stem for path in Path(commands.__file__).parent.glob("*.py")}
    assert files - {"__init__"} == set(COMMANDS)


def test_only_the_named_subcommand_is_imported() -> None:
    code = (
        "import sys; from sora_tui.cli.parser import parse; parse(['jobs', '--limit', '5']);"
        "print([m for m in sys.modules if m.startswith('sora_tui.cli.commands.')])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout == "['sora_tui.cli.commands.jobs']\n"


def test_every_problem_has_one_exit_code() -> None:
    assert set(exits.BY_PROBLEM) == set(CODES)
    assert exits.worst([0, 3, 6, 1]) == 6
    assert exits.worst([]) == 0


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_help_has_examples_in_the_language(shell: Shell, lang: str) -> None:
    for command in ([], *([name] for name in COMMANDS)):
        said = shell.inside(*command, "--help", SORA_LANG=lang).out
        assert ("exemples\u00a0:" if lang == "fr" else "examples:") in said
        assert ("afficher cette aide" if lang == "fr" else "show this help") in said


def test_argparse_complains_in_french(shell: Shell) -> None:
    ran = shell.inside("generate", "--sizes", "1x1", SORA_LANG="fr")
    assert ran.code == 2
    assert "arguments inconnus\u00a0: --sizes" in ran.err
    (shell.workspace / ".env").write_text("SORA_LANG=fr\n")
    assert "usage\u00a0: sora-tui" in shell.inside("--help").out


@pytest.mark.parametrize(
    ("words", "help", "near"),
    [
        (("genrate", "x"), "sora-tui", "generate"),
        (("generate", "x", "--secnds", "4"), "sora-tui generate", "--seconds"),
        (("wait", "--adpot=v"), "sora-tui wait", "--adopt"),
        (("servers", "edti", "lab"), "sora-tui servers", "edit"),
        (("servers", "edit", "lab", "--fre"), "sora-tui servers edit", "--free"),
        (("jobs", "--zzzzzzz"), "sora-tui jobs", None),
    ],
)
def test_wrong_use_names_the_help_of_its_subcommand_and_what_is_likely_meant(
    shell: Shell, words: tuple[str, ...], help: str, near: str | None
) -> None:
    ran = shell.inside(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == f"Help: {help} --help"
    assert (f"did you mean {near}?" in ran.err) is (near is not None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-f", "typo.md"), "does not know: secnds. Did you mean seconds?"),
        (("-f", "table.md"), "does not know: seed. Did you mean [params] seed?"),
        (("A {{name}}", "--var", "nmae=x"), "no variable nmae. Did you mean name?"),
        (("A", "-r", ""), "argument -r/--reference-image: it is empty"),
        (("A", "--model", ""), "argument --model: it is empty"),
    ],
)
def test_what_is_likely_a_mistake_is_told_before_anything_is_sent(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    (shell.workspace / "typo.md").write_text("+++\nsecnds = 4\n+++\nA kite\n")
    (shell.workspace / "table.md").write_text("+++\nseed = 4\n+++\nA kite\n")
    lab = replace(shell, environ={})
    ran = lab.inside("generate", *words)
    assert (ran.code, said in ran.err, shell.documents) == (2, True, []), ran.err
    (shell.workspace / "shots.jsonl").write_text(
        '{"file": "typo.md"}\n{"prompt": "A {{name}}", "variables": {"nmae": "x"}}\n'
        '{"prompt": "A", "secnds": 4}\n'
    )
    ran = lab.inside("batch", "shots.jsonl")
    assert (ran.code, ran.err.count("Did you mean"), shell.documents) == (2, 3, []), ran.err


def test_what_may_be_a_mistake_is_told_beside_the_order(shell: Shell) -> None:
    lab = replace(shell, environ={"SORA_DURATON": "8"})
    words = ("A kite", "--var", "sky=red", "--param", "sed=4", "--dry-run")
    ran = lab.inside("generate", *words)
    assert ran.code == 0
    assert "The prompt has no variable sky; its value is not used." in ran.err
    assert "The parameter sed is not known on this server" in ran.err
    assert ran.err.count("does not read SORA_DURATON. Did you mean SORA_DURATION?") == 1


@pytest.mark.parametrize(
    ("limit", "words", "code"),
    [
        ("per_job = 0.1", (), 5),
        ("per_day = 0.1", (), 5),
        ("per_day = 10", (), 0),
        ("per_day = 10", ("--max-spend", "0.1"), 5),
    ],
)
def test_a_dry_run_gives_the_verdict_of_a_real_one(
    shell: Shell, limit: str, words: tuple[str, ...], code: int
) -> None:
    (shell.workspace / "sora-tui.toml").write_text(f"[budget]\n{limit}\n")
    (shell.workspace / "shots.jsonl").write_text('{"prompt": "A kite"}\n')
    lab = replace(shell, environ={"SORA_API_KEY": "sk-planted-4f1c9a7be2"})
    for order in (("generate", "A kite"), ("batch", "shots.jsonl")):
        ran = lab.inside(*order, "--dry-run", *words)
        assert (ran.code, "over the limit" in ran.err) == (code, code == 5), ran.err
        assert "Nothing was sent." in ran.out
    assert shell.documents == []


def test_a_length_may_have_a_comma(shell: Shell) -> None:
    """As a sum may: a French reader types it so."""
    ran = shell.inside("generate", "A kite", "--seconds", "1,5", "--dry-run")
    assert (ran.code, "  seconds = 1.5\n" in ran.out) == (0, True), ran.err
    assert shell.inside("generate", "A kite", "--seconds", "1,5,2", "--dry-run").code == 2


def test_doctor_checks_the_keys(shell: Shell) -> None:
    keys = '[keys]\n"jobs.cancl" = "x"\n"jobs.retry" = "f7"\n"jobs.cancel" = "f7"\n'
    (shell.workspace / "sora-tui.toml").write_text(keys)
    told = [line for line in shell.inside("doctor", "--json").documents if line["check"] == "keys"]
    first, second = (line["detail"] for line in told)
    assert "Did you mean jobs.cancel?" in first
    assert "F7 is jobs.cancel and jobs.retry" in second
    assert [line["sign"] for line in told] == ["!", "!"]


@pytest.mark.parametrize(
    ("words", "said", "english"),
    [
        (("batch", "no.jsonl"), "ce fichier ou dossier n’existe pas", "No such file"),
        (("batch", "broken.toml"), "lot broken.toml est illisible, ligne 1", "Invalid"),
        (("batch", "shots.jsonl"), "colour : ce réglage n’existe pas", "no such"),
        (("generate", "-f", "broken.md"), "ligne 2", "Expected"),
        (("generate", "x", "--var", "z"), "--var lieu=Lisbonne", "--param"),
        (("simulate", "--port", "x"), "de 0 à 65535, et non x", "not x"),
        (("simulate", "--faults", "no.toml"), "n’existe pas", "No such file"),
        (("servers", "test", "simulator"), "reconnu à : intégré", "built in"),
    ],
)
def test_no_english_is_left_in_what_a_french_reader_gets(
    shell: Shell, words: tuple[str, ...], said: str, english: str
) -> None:
    (shell.workspace / "broken.toml").write_text("[[clip]\n")
    (shell.workspace / "broken.md").write_text("+++\nseconds\n+++\nA kite\n")
    (shell.workspace / "shots.jsonl").write_text('{"prompt": "A", "colour": 1}\n')
    french = replace(shell, environ={"SORA_LANG": "fr"})
    ran = french.inside(*words)
    told = (ran.out + ran.err).replace("\u00a0", " ")
    assert said in told, told
    assert english not in told


def test_a_refusal_in_french(shell: Shell) -> None:
    ran = shell.inside("generate", "x", "-r", "rien.png", SORA_LANG="fr")
    assert "L’image de référence rien.png n’existe pas." in ran.err
    assert "Rien n’a été envoyé et rien n’a été facturé." in ran.err


def test_without_a_terminal_the_screen_says_what_to_do(shell: Shell) -> None:
    ran = shell()
    assert ran.code == 2
    assert "sora-tui generate" in ran.err
    assert ran.out == ""


def test_a_dumb_terminal_is_refused_with_advice(shell: Shell) -> None:
    environ = {**shell.environ, "TERM": "dumb"}
    with PtySession(COMMAND, env=environ, cwd=shell.workspace) as session:
        assert session.wait_exit() == 2
        assert "TERM=dumb" in session.screen_text()


def test_options_may_stand_on_either_side_of_the_command() -> None:
    parser = build_parser()
    for words in (["--json", "--server", "a", "jobs"], ["jobs", "--json", "--server", "a"]):
        args = parser.parse_args(words)
        assert (args.json, args.server, args.debug, args.command) == (True, "a", False, "jobs")


def test_history_is_listed_shown_and_filtered(shell: Shell) -> None:
    assert "No jobs yet." in shell.inside("jobs").err
    assert shell.inside("generate", "A paper boat").code == 0
    assert shell.inside("generate", "A [fails] kite").code == 1
    lines = shell.inside("jobs").out.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["failed", "saved"]
    found = shell.inside("jobs", "--json", "--state", "saved", "--search", "PAPER").documents
    assert [document["request"]["prompt"] for document in found] == ["A paper boat"]
    assert shell.inside("jobs", "--limit", "1").out.count("\n") == 2
    assert shell.inside("jobs", "--state", "ended").code == 2
    (document,) = shell.inside("show", "@2", "--json").documents
    assert document["id"] == found[0]["id"]
    shown = shell.inside("show", "@last").out
    assert "generation_error" in shown
    assert "The generation failed" in shown
    assert shell.inside("show", found[0]["id"][:-1]).code == 0
    assert shell.inside("show", "20").code == 2
    assert shell.inside("show", "@9").code == 2


def test_a_broken_document_is_named_and_the_rest_is_listed(shell: Shell) -> None:
    assert shell.inside("generate", "A paper boat").code == 0
    (document,) = shell.documents
    broken = document.with_name("20200101-000000-aaaaaa.json")
    broken.write_text('{"schema": 1,\n "id": }')
    ran = shell.inside("jobs")
    assert ran.code == 0
    assert "A paper boat" in ran.out
    shown = shell.inside("show", "20200101-000000-aaaaaa")
    assert shown.code == 1
    assert "line 2" in shown.err


def test_doctor_tells_where_everything_is_and_never_the_key(shell: Shell) -> None:
    ran = shell("doctor", "--json")
    assert ran.code == 0, ran.out
    checks = {line["check"]: line for line in ran.documents}
    assert {"server", "key", "reach", "folder", "lock", "log", "terminal"} <= set(checks)
    assert all(check["ok"] for check in checks.values())
    assert shell.environ["SORA_API_KEY"] not in ran.out + ran.err
    assert checks["clips"]["value"]["pyav"]
    wrong = shell.inside("doctor", SORA_API_KEY="wrong")
    assert wrong.code == 4
    assert "x  key         key refused" in wrong.out


def test_doctor_tells_whether_clips_can_be_shown(shell: Shell, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "av.py").write_text("raise ImportError('libavcodec.so.62: cannot open')\n")
    ran = shell("doctor", "--json", PYTHONPATH=str(broken))
    assert ran.code == 0, "everything but looking works all the same"
    (clips,) = (line for line in ran.documents if line["check"] == "clips")
    assert (clips["ok"], clips["sign"], clips["value"]["pyav"]) == (True, "-", None)


@contextmanager
def simulating(shell: Shell, *words: str) -> Iterator[dict[str, str]]:
    """`sora-tui simulate WORDS` says where it is, and ends well with ctrl+c."""
    with subprocess.Popen(
        [*COMMAND, "simulate", "--json", *words],
        cwd=shell.workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0


def test_simulate_serves_any_client_until_it_is_ended(shell: Shell) -> None:
    with simulating(shell, "--speed", "50") as told:
        ran = shell("generate", "x", SORA_BASE_URL=told["base_url"], SORA_API_KEY=told["key"])
    assert ran.code == 0, ran.err


def test_simulate_speaks_a_dialect_and_misbehaves(shell: Shell) -> None:
    faults = shell.workspace / "faults.toml"
    faults.write_text('[[fault]]\nmethod = "GET"\nstatus = 418\n')
    with simulating(shell, "--dialect", "azure", "--faults", str(faults)) as told:
        assert told["base_url"].endswith("/openai/v1")
        assert httpx.get(f"{told['base_url']}/videos").status_code == 418


def test_a_simulator_that_cannot_listen_says_why(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = shell("simulate", f"--port={taken.getsockname()[1]}")
    assert ran.code == 2
    assert "--port (Address already in use)" in ran.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--port=70000", "--port: from 0 to 65535, not 70000"),
        ("--port=-1", "--port: from 0 to 65535, not -1"),
        ("--port=\u0663", "--port: from 0 to 65535, not \u0663"),
        ("--speed=fast", "--speed: from 0.01 to 1000, not fast"),
        ("--speed=nan", "--speed: from 0.01 to 1000, not nan"),
        ("--speed=inf", "--speed: from 0.01 to 1000, not inf"),
        ("--host=a..b", "--host: there is no such host"),
        ("--faults=/dev/zero", "--faults: /dev/zero: it is no file"),
    ],
)
def test_a_wrong_value_of_the_simulator_is_named(
    words: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulator", words])
    before = os.umask(0o077)
    try:
        with pytest.raises(SystemExit) as ended:
            run_simulator()
    finally:
        os.umask(before)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: argument {told}")


def test_a_simulator_that_others_can_reach_says_so(shell: Shell) -> None:
    with subprocess.Popen(
        [*COMMAND, "simulate", "--host", "0.0.0.0"],
        cwd=shell.workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("export SORA_BASE_URL=http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert "others on the network can reach it" in process.communicate()[1]


def test_wrong_options_of_the_simulator_are_wrong_use(shell: Shell) -> None:
    faults = shell.workspace / "faults.toml"
    faults.write_text("[[fault]]\nstatus = 1\n")
    ran = shell("simulate", "--faults", str(faults))
    assert ran.code == 2
    assert "A setting is not valid: --faults (" in ran.err
    assert "faults.toml: fault 1: status must be a whole number from 200 to 599)" in ran.err
    assert shell("simulate", "--port", "many").code == 2
    assert shell.inside("simulate", "--dialect", "klingon").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("edit", "nope.mp4", "in snow"), "There is no clip nope.mp4 to begin with"),
        (("jobs", "--limit", "-1"), "not a number from 1 on: -1"),
        (("adopt", "video_x", "--server", "simulator"), "The server simulator does not know"),
        (("--workspace", "{file}", "jobs"), "There is no folder {file}."),
    ],
)
def test_an_invalid_argument_is_reported_as_it_was_written(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    file = shell.workspace / "file"
    file.write_text("")
    ran = shell.inside(*(word.format(file=file) for word in words))
    assert ran.code == 2
    assert said.format(file=file) in ran.err


@pytest.mark.parametrize(
    "words",
    [
        *(("--count", text) for text in ("\uff12", "1_0", "\u0662", "+2", " 2", "1e1", "9" * 40)),
        *(("--max-spend", text) for text in ("\uff15", "1_0", "1e400", "nan", "-1", "inf")),
    ],
)
def test_a_number_is_one_in_plain_digits(shell: Shell, words: tuple[str, str]) -> None:
    ran = shell.inside("generate", "x", *words, "--dry-run")
    assert ran.code == 2, ran.err
    assert "price" not in ran.out
