"""Prints the ratios that the project promises: `python -m bench [--keys | --memory | ...]`."""

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sora_tui
from bench.at_rest import report
from bench.clips import report_memory, report_times
from bench.first_frame import BARE, COLUMNS, ROWS, Start, compare
from bench.key_paint import BARE_KEYS, paint_times, running, told
from bench.long_history import lengthen

# One word, so that no column cuts it and no sample prompt holds it.
MARKER = "zebrafish"
PROMISED = 1.25
PROMISED_MS = 50
PROMISED_KEY_MS = 16
PROMISED_MB = 20
PROMISED_FASTER = 15
PROMISED_BADGES = 0.3
LONG = 100_000
MANY = 10_000


def main() -> None:
    """Measure the first frame, counted when the newest job is on the screen, and the rest."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=11, help="interleaved pairs (default 11)")
    parser.add_argument(
        "--history", type=int, default=0, help="also against a workspace of so many jobs"
    )
    parser.add_argument("--keys", action="store_true", help="only: from a key to its paint")
    parser.add_argument("--memory", action="store_true", help="only: resident memory")
    parser.add_argument(
        "--pictures", action="store_true", help="only: painting pictures, against textual-image"
    )
    parser.add_argument("--clips", action="store_true", help="only: posters and filmstrips")
    asked = parser.parse_args()
    if asked.pictures:
        _measure_pictures()
        return
    # As an installation has it; PYTHONDONTWRITEBYTECODE would have every start compile.
    compileall.compile_dir(Path(sora_tui.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="sora-tui-bench-") as folder:
        env = _environment(Path(folder) / "home")
        workspace = Path(folder) / "workspace"
        workspace.mkdir()
        start = _start_in(workspace)
        print("making one practice clip to show ...", file=sys.stderr)
        subprocess.run(
            [*start.argv, "generate", f"{MARKER} in a tank"],
            env=env,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        if asked.clips:
            report_times(next((workspace / "output").glob("*.mp4")))
        if asked.keys or asked.memory or asked.clips:
            count = asked.history or (LONG if asked.keys else MANY)
            print(f"making {count:,} jobs ...", file=sys.stderr)
            long = Path(folder) / "long"
            shutil.copytree(workspace, long)
            lengthen(long, count)
            if asked.clips:
                report_memory(_start_in(long), count, env)
                return
            measure = _measure_keys if asked.keys else _measure_memory
            measure(workspace, long, count, env)
            return
        bare = compare(BARE, start, pairs=asked.pairs, env=env)
        print(
            f"first frame  {bare.ratio:.2f} times a bare Textual app (promised: {PROMISED:.2f})  "
            f"{bare.second * 1000:.0f} ms against {bare.first * 1000:.0f} ms, "
            f"{COLUMNS}x{ROWS}, median of {asked.pairs} interleaved pairs"
        )
        if asked.history:
            print(f"making {asked.history:,} jobs ...", file=sys.stderr)
            long = Path(folder) / "long"
            shutil.copytree(workspace, long)
            lengthen(long, asked.history)
            grown = compare(start, _start_in(long), pairs=asked.pairs, env=env)
            print(
                f"history      {grown.added * 1000:+.0f} ms with {asked.history:,} jobs "
                f"(promised: {PROMISED_MS})  "
                f"{grown.second * 1000:.0f} ms against {grown.first * 1000:.0f} ms with one"
            )
        report(start, workspace, pairs=asked.pairs, env=env)


def _measure_keys(short: Path, long: Path, count: int, env: dict[str, str]) -> None:
    """Letters in the editor, up and down in the list, in turn with a bare app's keys."""
    with (
        running(BARE_KEYS, env) as bare,
        running(_start_in(short), env) as one,
        running(_start_in(long), env) as editor,
        running(_start_in(long), env) as jobs,
    ):
        jobs.press("\x1b")
        jobs.press("4")
        screens = [(bare, "ab"), (one, "ab"), (editor, "ab"), (jobs, "jk")]
        paint_times(screens, 20)  # the first ones fill caches
        plain, *others = paint_times(screens, 200)
    names = ("a letter, one job", f"a letter, {count:,} jobs", f"up and down among {count:,} jobs")
    for name, times in zip(names, others, strict=True):
        print(told(name, times, plain, PROMISED_KEY_MS))


def _measure_memory(_short: Path, long: Path, count: int, env: dict[str, str]) -> None:
    with running(BARE, env) as bare, running(_start_in(long), env) as screen:
        at_first = screen.megabytes
        screen.press("\x1b")
        screen.press("4")
        for _ in range(40):
            screen.press("\x04")  # half a page further
        above = screen.megabytes - bare.megabytes
        print(
            f"memory       {above:+.1f} MB above a bare Textual app with {count:,} jobs "
            f"(promised: {PROMISED_MB})  {screen.megabytes:.1f} MB against {bare.megabytes:.1f}, "
            f"{at_first - bare.megabytes:+.1f} before scrolling"
        )


def _measure_pictures() -> None:
    """In a venv with textual-image, which asks the terminal things as soon as it is imported."""
    root = Path(__file__).parent.parent
    python = root / ".venv-bench/bin/python"
    if not python.exists():
        print("making .venv-bench ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        install = ("-m", "pip", "install", "--disable-pip-version-check", "-q", "-e")
        subprocess.run([python, *install, f"{root}[pictures-bench]"], check=True, cwd=root)
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    env.pop("NO_COLOR", None)
    done = subprocess.run(
        [python, "-m", "bench.painting"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=env,
        cwd=root,
        check=True,
    )
    said = json.loads(done.stdout)
    print(
        f"painting     {said['theirs'] / said['ours']:.1f} times faster than textual-image's "
        f"half cells (promised: {PROMISED_FASTER})  "
        f"{said['ours']:.1f} ms against {said['theirs']:.0f}, 160x45"
    )
    print(
        f"badges       {said['badges']:.2f} s for 10,000 references (promised: {PROMISED_BADGES})"
    )


def _start_in(workspace: Path) -> Start:
    """What a person starts: the installed command."""
    command = Path(sys.executable).with_name("sora-tui")
    return Start((str(command), "--workspace", str(workspace)), MARKER)


def _environment(home: Path) -> dict[str, str]:
    """This environment without anybody's settings: a home of its own, nothing configured."""
    home.mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith("SORA_")}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "TMUX"):
        own.pop(name, None)
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        own[f"XDG_{name}_HOME"] = str(home / name.lower())
    return own | {"HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


if __name__ == "__main__":
    main()
