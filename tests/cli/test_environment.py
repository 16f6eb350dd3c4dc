"""The installed program on odd machines: streams, homes, folders, proxies, certificates, keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from sora_tui.core.request import VideoRequest
from sora_tui.workspace.folder import open_folder
from tests.cli.conftest import Ran
from tests.support.simulator_process import Simulator
from tests.support.stored_jobs import put, wish

PROGRAM: Final = Path(sys.executable).with_name("sora-tui")
KEY: Final = "sk-local-0123456789"
#: Nobody listens there, and no name has to be looked up.
NOWHERE: Final = "https://127.0.0.1:9/v1"


def run(
    words: Sequence[str],
    cwd: Path,
    redirect: str = "",
    environ: Mapping[str, str | None] | None = None,
    *,
    may_read_all: bool = True,
) -> Ran:
    """Run the program as a shell does, with these redirections; None takes a variable away.

    Args:
        may_read_all: False takes from root what no other account may do.
    """
    command = ["sh", "-c", f'exec "$0" "$@" {redirect}', str(PROGRAM), *words]
    if not may_read_all and os.geteuid() == 0:
        program = shutil.which("setpriv")
        if program is None:
            pytest.skip("root may read everything, and there is no setpriv to take that away")
        command = [program, "--bounding-set", "-dac_override,-dac_read_search", *command]
    variables = {**os.environ, "SSL_CERT_FILE": None, **(environ or {})}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={name: value for name, value in variables.items() if value is not None},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def handed_in(workspace: Path) -> list[str]:
    """Every job document there is, wherever it lies."""
    return [path.name for path in workspace.glob("metadata/**/2*.json")]


# Streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "redirect", "code", "told"),
    [
        (["keys"], ">&-", 0, ""),
        (["jobs"], "2>&-", 0, ""),
        (["keys"], "<&- >&- 2>&-", 0, ""),
        (["keys"], ">/dev/full", 1, "The output cannot be written: No space left on device.\n"),
        (["--help"], ">/dev/full", 1, "The output cannot be written: No space left on device.\n"),
        (["generate", "a", "-f", "b"], "2>/dev/full", 2, ""),
        (["generate", "-f", "-"], "<&-", 2, "The prompt is empty."),
    ],
)
def test_streams_that_are_closed_or_full_leave_the_work_its_exit_code(
    tmp_path: Path, words: list[str], redirect: str, code: int, told: str
) -> None:
    ran = run(words, tmp_path, redirect)
    assert (ran.code, ran.err[: len(told)]) == (code, told)
    assert "Traceback" not in ran.err
    assert "Exception ignored" not in ran.err


def test_an_order_whose_lines_cannot_be_written_is_not_begun(tmp_path: Path) -> None:
    ran = run(["generate", "one kite", "--json"], tmp_path, ">/dev/full")
    assert (ran.code, ran.out) == (1, "")
    assert "The output cannot be written" in ran.err
    assert handed_in(tmp_path) == []  # nothing that the next start would pay for, too


def test_a_clip_that_is_paid_is_saved_whatever_becomes_of_its_line(
    tmp_path: Path, simulator: Simulator
) -> None:
    environ = {"SORA_BASE_URL": simulator.base_url, "SORA_API_KEY": simulator.key}
    words = ["generate", "k", "--yes", "--seconds", "1", "--size", "320x180", "--model", "sora-2"]
    ran = run(words, tmp_path, ">/dev/full <&-", environ)
    assert ran.code == 0, ran.err
    assert "The output cannot be written" in ran.err
    assert "Saved output/" in ran.err
    assert len(list(tmp_path.glob("output/2*.mp4"))) == 1


@pytest.mark.parametrize("words", [["keys"], ["--help"]])
def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path, words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, *words], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_an_output_that_cannot_spell_a_prompt_escapes_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    folder = open_folder(tmp_path)
    put(folder, replace(wish(), request=VideoRequest("caf\u00e9 \u65e5\u672c \U0001f98a")))
    ran = run(["jobs"], tmp_path, environ=environ)
    assert ran.code == 0, ran.err
    assert r"caf\xe9 \u65e5\u672c \U0001f98a" in ran.out


def test_a_path_that_is_no_text_goes_to_a_pipe_as_it_is(
    tmp_path: Path, simulator: Simulator
) -> None:
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m"))
    place.mkdir()
    words = ["generate", "k", "--yes", "--seconds", "1", "--size", "320x180", "--model", "sora-2"]
    done = subprocess.run(
        [PROGRAM, *words, "--workspace", place],
        cwd=tmp_path,
        env={**os.environ, "SORA_BASE_URL": simulator.base_url, "SORA_API_KEY": simulator.key},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / os.fsdecode(done.stdout.rstrip(b"\n"))).is_file()
    assert b"Saved " in done.stderr
    assert b"\x1b" not in done.stderr  # what stands in a name is not for the terminal


# Homes and folders ---------------------------------------------------------------------------


@pytest.mark.parametrize("home", ["", "relative"])
def test_no_home_means_no_files_of_our_own(tmp_path: Path, home: str) -> None:
    environ = {name: None for name in os.environ if name.startswith("XDG_")}
    ran = run(["jobs"], tmp_path, environ={**environ, "HOME": home})
    assert (ran.code, ran.err) == (0, "No jobs yet.\n")
    assert not (tmp_path / "relative").exists()
    assert not Path("/.config/sora-tui").exists()


def test_a_home_that_is_closed_to_us_holds_no_settings_of_ours(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0)
    environ = {name: None for name in os.environ if name.startswith("XDG_")}
    ran = run(["jobs"], tmp_path, environ={**environ, "HOME": str(home)}, may_read_all=False)
    assert (ran.code, ran.err) == (0, "No jobs yet.\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another account")
def test_servers_that_another_account_keeps_are_missed_with_a_word(tmp_path: Path) -> None:
    """Without them another server is chosen, and jobs of theirs are not asked about."""
    kept = tmp_path / "config" / "sora-tui" / "servers.toml"
    kept.parent.mkdir(parents=True)
    kept.write_text('default = "lab"\n[servers.lab]\nbase_url = "http://127.0.0.1:9/v1"\n')
    kept.chmod(0o600)
    os.chown(kept, 54321, 54321)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    told = f"Your own settings in {kept} cannot be read: they belong to 54321."
    for words, code in (
        (["wait"], 0),
        (["generate", "k", "--dry-run"], 0),
        (["generate", "k", "--server", "lab"], 2),
    ):
        ran = run(words, tmp_path, environ=environ, may_read_all=False)
        assert (ran.code, ran.err.count(told)) == (code, 1), ran.err


def test_a_current_folder_that_is_gone_is_named_or_not_needed(tmp_path: Path) -> None:
    gone, there = tmp_path / "gone", tmp_path / "there"
    gone.mkdir()
    there.mkdir()
    script = f'cd "{gone}" && rmdir "{gone}"; exec "$0" "$@"'
    codes = {}
    for words in (["jobs"], ["jobs", "--workspace", str(there)]):
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            ["sh", "-c", script, str(PROGRAM), *words], capture_output=True, text=True
        )
        codes[done.returncode] = done.stderr.splitlines()[0]
    assert codes == {
        2: "The current folder does not exist any more. Nothing was sent and nothing was billed.",
        0: "No jobs yet.",
    }


@pytest.mark.parametrize("words", [["jobs"], ["verify"], ["generate", "k", "--yes"]])
def test_a_history_that_cannot_be_read_is_not_none(tmp_path: Path, words: list[str]) -> None:
    metadata = tmp_path / "metadata"
    metadata.mkdir(mode=0)
    try:
        ran = run(words, tmp_path, may_read_all=False)
    finally:
        metadata.chmod(0o700)
    assert ran.code == 5
    assert f"{metadata} cannot be read: it belongs to " in ran.out + ran.err
    assert "No jobs" not in ran.out + ran.err


@pytest.mark.parametrize("kind", ["file", "dead link", "other device"])
def test_a_folder_of_ours_that_is_none_is_named_before_anything_is_sent(
    tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "output"
    if kind == "file":
        place.write_text("a file")
    elif kind == "dead link":
        place.symlink_to("nowhere")
    else:
        memory, place = Path("/dev/shm"), tmp_path / "metadata" / ".inbox"
        if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no second device here that may be written")
        elsewhere = memory / f"sora-tui-{os.getpid()}"
        elsewhere.mkdir()
        place.parent.mkdir()
        place.symlink_to(elsewhere)
    try:
        ran = run(["generate", "k"], tmp_path)
    finally:
        if kind == "other device":
            elsewhere.rmdir()
    assert ran.code == 5, ran.err
    assert f"The folder {place} cannot be written: " in ran.err
    assert "Nothing was sent" in ran.err


# Settings that no waiting heals --------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"ALL_PROXY": "socks5://127.0.0.1:9"}, "ALL_PROXY (a SOCKS proxy cannot be used here"),
        ({"SSL_CERT_FILE": "missing.pem"}, "SSL_CERT_FILE (No such file or directory)"),
        ({"SSL_CERT_DIR": "."}, "SSL_CERT_DIR (there is no certificate in it)"),
        ({"SSL_CERT_FILE": "pipe.pem"}, "SSL_CERT_FILE (it is no file)"),
        ({"SSL_CERT_FILE": "/dev/null"}, "SSL_CERT_FILE (it is no file)"),
        ({"SORA_API_KEY": "sk-local-0123\u200b456789"}, "SORA_API_KEY cannot be sent: "),
    ],
)
def test_settings_that_no_waiting_heals_are_refused_before_anything_is_written(
    tmp_path: Path, environ: dict[str, str], told: str
) -> None:
    # Not loopback, for which no proxy counts; nothing gets as far as looking the name up.
    settings = {"SORA_BASE_URL": "https://lab.invalid/v1", "SORA_API_KEY": KEY}
    os.mkfifo(tmp_path / "pipe.pem")
    ran = run(["generate", "k", "--yes"], tmp_path, environ={**settings, **environ})
    assert ran.code == 2, ran.err
    assert told in ran.err
    assert "0123" not in ran.err
    assert handed_in(tmp_path) == []


def test_doctor_survives_all_of_it_and_says_it(tmp_path: Path) -> None:
    broken = {
        **{name: None for name in os.environ if name.startswith("XDG_")},
        "HOME": "relative",
        "NO_PROXY": "localhost,[::1],fd07::/64,a:b",
        "SORA_BASE_URL": "https://lab.invalid/v1",
        "SORA_API_KEY": KEY,
        "PYTHONIOENCODING": "ascii",
        "SSL_CERT_FILE": "missing.pem",
    }
    (tmp_path / "output").symlink_to("nowhere")
    ran = run(["doctor"], tmp_path, "<&-", broken)
    assert ran.code == 5, ran.err
    for told in (
        "no file, and no home folder to keep one in",
        "NO_PROXY: a:b is no host, and is left out.",
        "SSL_CERT_FILE (No such file or directory)",
        f"The folder {tmp_path / 'output'} cannot be written",
        "none: there is no home folder here",
    ):
        assert told in ran.out
    assert "0123" not in ran.out


def test_doctor_survives_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "sora-tui.toml").write_text("servers = [\n")
    ran = run(["doctor"], tmp_path)
    assert ran.code == 2
    assert f"The settings file {'sora-tui.toml'}" in ran.out
    assert "can be written" in ran.out
    assert "sora-tui.log" in ran.out
