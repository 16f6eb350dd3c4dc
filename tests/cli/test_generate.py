"""`generate` and `wait` as real processes against a real practice server."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from sora_tui.media.mp4 import inspect_mp4
from tests.support.pictures import encoded, picture
from tests.support.pty_session import PtySession
from tests.support.shell import COMMAND, Shell


def test_a_prompt_becomes_a_checked_file(shell: Shell) -> None:
    ran = shell("generate", "A kite over a grey sea")
    assert ran.code == 0, ran.err
    path = shell.workspace / ran.out.strip()
    assert path.parent.name == "output"
    clip = inspect_mp4(path)
    assert (clip.width, clip.height) == (320, 180)
    assert clip.seconds == pytest.approx(1.0)
    (document,) = shell.documents
    assert stat.S_IMODE(document.stat().st_mode) == 0o600
    told = json.loads(document.read_text())
    assert told["state"] == "saved"
    assert told["outputs"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["request"]["prompt"] == "A kite over a grey sea"
    states = [line.split()[1] for line in ran.err.splitlines() if line.startswith("2")]
    assert states[-1] == "saved"


def test_the_key_is_nowhere_on_disk(shell: Shell, tmp_path: Path) -> None:
    assert shell("--debug", "generate", "A kite").code == 0
    key = shell.environ["SORA_API_KEY"].encode()
    written = [*tmp_path.rglob("*"), *Path(os.environ["HOME"]).rglob("*")]
    files = [path for path in written if path.is_file()]
    assert any(path.name == "sora-tui.log" for path in files)
    assert [path for path in files if key in path.read_bytes()] == []


def test_json_lines_end_with_the_documents(shell: Shell) -> None:
    ran = shell("generate", "A kite", "--count", "2", "--json")
    assert ran.code == 0
    events = [line for line in ran.documents if line.get("event") == "job"]
    finals = [line for line in ran.documents if line.get("schema") == 1]
    assert "saved" in {event["state"] for event in events}
    assert [final["state"] for final in finals] == ["saved", "saved"]
    assert [final["batch"]["index"] for final in finals] == [1, 2]
    assert all((shell.workspace / final["outputs"][0]["path"]).is_file() for final in finals)


def test_prompt_md_and_env_as_the_old_script_had_them(shell: Shell) -> None:
    (shell.workspace / "prompt.md").write_text("# Title\n\nA kite\n\nover the sea\n")
    env = "".join(f"{name}={value}\n" for name, value in shell.environ.items())
    (shell.workspace / ".env").write_text(env)
    (shell.workspace / ".env").chmod(0o600)
    ran = Shell(shell.workspace, {})("generate")
    assert ran.code == 0, ran.err
    told = json.loads(shell.documents[0].read_text())
    assert told["request"]["prompt"] == "A kite\nover the sea"
    assert told["request"]["prompt_file"] == "prompt.md"


def test_front_matter_stands_between_command_line_and_environment(shell: Shell) -> None:
    folder = shell.workspace / "prompts"
    folder.mkdir()
    (folder / "fox.md").write_text(
        '+++\nmodel = "from-file"\nsize = "640x360"\n[variables]\nanimal = "fox"\n+++\n'
        "A {{animal}} in {{weather}}\n"
    )
    words = ["generate", "-f", "fox", "--var", "weather=rain", "--size", "320x240", "--dry-run"]
    (order,) = shell.inside(*words, "--json").documents
    assert order["fields"] == {
        "prompt": "A fox in rain",
        "model": "from-file",
        "seconds": "1",
        "size": "320x240",
    }


def test_a_dry_run_shows_the_order_and_leaves_no_trace(shell: Shell) -> None:
    references = shell.workspace / "input_reference"
    references.mkdir()
    (references / "pier.png").write_bytes(encoded(picture(400, 300), "PNG"))
    (references / "loop.gif").write_bytes(encoded(picture(320, 180), "GIF"))
    fitted = shell.inside("generate", "x", "-r", "pier.png", "--fit", "cover", "--dry-run")
    assert fitted.code == 0, fitted.err
    assert "fitted copy: cover  cuts 25% of the picture" in fitted.out
    assert "  input_reference = input_reference/pier.png" in fitted.out
    assert "price: unknown" in fitted.out
    as_png = shell.inside(
        "generate", "x", "-r", "loop.gif", "--dry-run", "--param", 'extra={"a": 1}'
    )
    assert "image/png" in as_png.out
    assert "as PNG" in as_png.out
    assert "extra = {'a': 1}" in as_png.out
    assert shell.documents == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing.png", "reference_missing"),
        ("../secret.png", "reference_outside"),
        ("https://example.org/a.png", "reference_is_url"),
        ("pipe.png", "reference_not_file"),
        ("text.png", "reference_not_image"),
        ("large.png", "reference_wrong_size"),
        ("link.png", "reference_outside"),
    ],
)
def test_a_bad_reference_sends_nothing_and_writes_nothing(
    shell: Shell, name: str, code: str
) -> None:
    references = shell.workspace / "input_reference"
    references.mkdir()
    (shell.workspace / "secret.png").write_bytes(encoded(picture(320, 180), "PNG"))
    os.mkfifo(references / "pipe.png")
    (references / "text.png").write_text("no picture")
    (references / "large.png").write_bytes(encoded(picture(640, 360), "PNG"))
    (references / "link.png").symlink_to(shell.workspace / "secret.png")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        ran = shell.inside("generate", "x", "-r", name, "--json", SORA_BASE_URL=base_url)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert ran.code == 2
    assert [line["code"] for line in ran.documents] == [code]
    assert "Nothing was sent and nothing was billed." in ran.err
    assert shell.documents == []


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (["A [moderated] kite"], 3),
        (["A [blocked] kite"], 3),
        (["A [fails] kite"], 1),
        ([""], 2),
        (["x", "--size", "big"], 2),
        (["x", "--count", "0"], 2),
        (["x", "--fit", "crop"], 2),
        (["x", "--server", "nowhere"], 2),
        (["x", "-f", "missing.md"], 2),
        (["-f", "missing.md"], 2),
        ([], 2),
    ],
)
def test_exit_codes(shell: Shell, words: list[str], exit_code: int) -> None:
    ran = shell.inside("generate", *words)
    assert ran.code == exit_code, ran.err
    assert ran.out == ""
    assert ran.err
    assert "Traceback" not in ran.err


def test_a_server_that_is_not_there_is_exit_4_and_nothing_was_sent(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nowhere = f"http://127.0.0.1:{port}/v1"
    ran = shell.inside("generate", "x", SORA_BASE_URL=nowhere)
    assert ran.code == 4, "asked what it is, it does not answer"
    assert shell.documents == []
    ran = shell.inside("generate", "x", "--yes", SORA_BASE_URL=nowhere)
    assert ran.code == 4
    assert json.loads(shell.documents[0].read_text())["state"] == "not_sent"


def test_a_wrong_key_is_exit_4(shell: Shell) -> None:
    ran = shell.inside("generate", "x", SORA_API_KEY="wrong")
    assert ran.code == 4
    assert "refused the key" in ran.err


LAB = '[servers.lab]\nbase_url = "https://lab.invalid/v1"\n'
PRICED = LAB + 'prices = { "*" = 0.10 }\n'


@pytest.mark.parametrize(
    ("toml", "words", "exit_code", "code"),
    [
        (PRICED, [], 2, "consent_price"),
        (PRICED, ["--max-spend", "0.05"], 5, "over_budget"),
        (PRICED, ["--max-spend", "0.19", "--count", "2"], 5, "over_budget"),
        (LAB, [], 2, "consent_unknown"),
        (LAB, ["--max-spend", "100"], 2, "consent_unknown"),
        (LAB, ["--max-spend", "100", "--yes"], 2, "consent_unknown"),
        (LAB.replace("https", "http"), ["--yes"], 2, "base_url_insecure"),
        (LAB + 'api_key_env = "LAB_KEY"\n', ["--yes"], 2, "key_missing"),
    ],
)
def test_without_a_terminal_nothing_is_paid_that_was_not_agreed_to(
    shell: Shell, toml: str, words: list[str], exit_code: int, code: str
) -> None:
    (shell.workspace / "sora-tui.toml").write_text(toml)
    ran = shell.inside("generate", "x", "--server", "lab", "--json", *words)
    assert (ran.code, ran.documents[-1]["code"]) == (exit_code, code)
    assert shell.documents == []


@pytest.mark.parametrize("words", [["--yes"], ["--max-spend", "0.10"]])
def test_what_was_agreed_to_beforehand_is_sent_and_remembered(
    shell: Shell, words: list[str]
) -> None:
    base_url = shell.environ["SORA_BASE_URL"]
    (shell.workspace / "sora-tui.toml").write_text(
        f'[servers.lab]\nbase_url = "{base_url}"\napi_key_env = "SORA_API_KEY"\n'
        'prices = { "*" = 0.10 }\n'
    )
    ran = shell.inside("generate", "x", "--server", "lab", *words)
    assert ran.code == 0, ran.err
    assert "about $0.10" in ran.err
    consent = json.loads(shell.documents[0].read_text())["consent"]
    assert (consent["kind"], consent["sum"]) == ("priced", 0.1)
    assert consent["max_spend"] == (0.1 if "--max-spend" in words else None)


@pytest.mark.parametrize(("answer", "exit_code"), [("n", 2), ("", 2), ("y", 2), ("o", 0)])
def test_on_a_terminal_the_sum_is_asked_for(shell: Shell, answer: str, exit_code: int) -> None:
    base_url = shell.environ["SORA_BASE_URL"]
    (shell.workspace / "sora-tui.toml").write_text(
        f'[servers.lab]\nbase_url = "{base_url}"\napi_key_env = "SORA_API_KEY"\n'
        'prices = { "*" = 0.10 }\n'
    )
    environ = {**shell.environ, "SORA_LANG": "fr"}
    words = [*COMMAND, "generate", "x", "--server", "lab"]
    with PtySession(words, cols=120, env=environ, cwd=shell.workspace) as session:
        session.send("o\n")  # before there is a question: it answers none
        session.wait_for("Payer environ 0,10\u00a0$ sur 127.0.0.1\u00a0?")
        session.send(f"{answer}\n")
        assert session.wait_exit(60) == exit_code
        text = session.screen_text()
    assert ("output/" in text) == (exit_code == 0)
    assert bool(shell.documents) == (exit_code == 0)


def test_no_wait_leaves_with_the_id_and_wait_brings_the_clip(shell: Shell) -> None:
    left = shell("generate", "A kite", "--no-wait")
    assert left.code == 0, left.err
    job_id = left.out.strip()
    told = json.loads((shell.workspace / "metadata" / f"{job_id}.json").read_text())
    assert told["remote_id"]
    finished = shell("wait")
    assert finished.code == 0, finished.err
    assert (shell.workspace / finished.out.strip()).is_file()
    assert shell.inside("wait").err == "Nothing is unfinished here.\n"


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_the_job_safe(shell: Shell, number: signal.Signals, exit_code: int) -> None:
    """The clip takes a minute; the process is gone within three seconds, and the job stays."""
    environ = {**os.environ, **shell.environ, "SORA_DURATION": "12"}
    with subprocess.Popen(
        [*COMMAND, "--server", "simulator", "generate", "A kite", "--json"],
        cwd=shell.workspace,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("state") in {"queued", "in_progress"}:
                break
        process.send_signal(number)
        assert process.wait(5) == exit_code
        assert process.stderr is not None
        assert "sora-tui wait" in process.stderr.read()
    (document,) = shell.documents
    assert json.loads(document.read_text())["state"] in {"queued", "in_progress"}


def test_a_lost_terminal_leaves_the_job_safe(shell: Shell) -> None:
    environ = {**shell.environ, "SORA_DURATION": "12"}
    words = [*COMMAND, "--server", "simulator", "generate", "A kite"]
    with PtySession(words, cols=120, env=environ, cwd=shell.workspace) as session:
        session.wait_for("queued", 30)
        session.close_master()
        assert session.wait_exit(5) == 129
    (document,) = shell.documents
    assert json.loads(document.read_text())["state"] in {"queued", "in_progress"}


def test_the_prompt_may_come_from_stdin(shell: Shell) -> None:
    ran = shell("generate", "-f", "-", "--dry-run", "--json", stdin="A boat\n")
    assert ran.documents[0]["fields"]["prompt"] == "A boat"


def test_a_fitted_reference_arrives_as_it_was_shown(shell: Shell) -> None:
    references = shell.workspace / "input_reference"
    references.mkdir()
    stored = io.BytesIO()
    picture(400, 300).save(stored, "JPEG")
    (references / "pier.jpg").write_bytes(stored.getvalue())
    ran = shell.inside("generate", "x", "-r", "pier.jpg", "--fit", "contain")
    assert ran.code == 0, ran.err
    reference = json.loads(shell.documents[0].read_text())["request"]["reference"]
    assert (reference["path"], reference["fit"]) == ("input_reference/pier.jpg", "contain")
    sent = shell.workspace / "metadata" / ".sent" / reference["sha256"]
    assert hashlib.sha256(sent.read_bytes()).hexdigest() == reference["sha256"]
    assert (references / "pier.jpg").read_bytes() == stored.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ("caf\udce9 noir",),
        ("a kite", "--model", "sora-\udcff"),
        ("a kite", "--var", "who=\udce9"),
    ],
)
def test_an_argument_that_is_not_utf_8_sends_nothing(shell: Shell, words: tuple[str, ...]) -> None:
    """Python hands such bytes on as lone surrogates; they would have been sent as "?"."""
    ran = shell.inside("generate", *words, "--yes")
    assert ran.code == 2
    assert "not UTF-8; nothing was sent" in ran.err
    assert shell.documents == []


def test_both_faces_send_the_same_text(shell: Shell) -> None:
    ran = shell.inside("generate", " boats\rlow\u202e sun\u200f \n", "--dry-run")
    assert ran.code == 0
    assert "Left out of the prompt, because no reader sees it: U+202E" in ran.err
    assert "boats\nlow sun" in ran.out


@pytest.mark.parametrize(("seed", "warned"), [("42", True), ("-1", False)])
def test_clips_of_one_seed_are_told_to_come_out_alike(
    shell: Shell, seed: str, warned: bool
) -> None:
    ran = shell.inside(
        "generate", "a kite", "--count", "3", "--param", f"seed={seed}", "--yes", "--no-wait"
    )
    assert ("all 3 clips have seed 42: they come out alike" in ran.err) is warned


@pytest.mark.parametrize(
    ("redirected", "asks"),
    [("2>err", False), ("<empty", False), (">out", True), (">out 2>err", False)],
)
def test_a_question_is_asked_only_where_it_is_seen_and_can_be_answered(
    shell: Shell, redirected: str, asks: bool
) -> None:
    base_url = shell.environ["SORA_BASE_URL"]
    (shell.workspace / "sora-tui.toml").write_text(
        f'[servers.lab]\nbase_url = "{base_url}"\napi_key_env = "SORA_API_KEY"\n'
        'prices = { "*" = 0.10 }\n'
    )
    (shell.workspace / "empty").touch()
    command = f"{shlex.join(COMMAND)} generate x --server lab {redirected}"
    with PtySession(
        ["sh", "-c", command], cols=120, env=shell.environ, cwd=shell.workspace
    ) as session:
        if asks:
            session.wait_for("Pay about $0.10 on 127.0.0.1?", 30)
            session.send("n\n")
        assert session.wait_exit(60) == 2
    if not asks and "2>err" in redirected:
        said = (shell.workspace / "err").read_text()
        assert ("nobody has agreed to it" in said, "Pay about" in said) == (True, False)
        assert "in a terminal (error output as well)" in said
    assert shell.documents == []
