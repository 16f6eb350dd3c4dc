"""Prints the ratios that the project promises: `python -m bench [--pairs N] [--history N]`."""

import argparse
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sora_tui
from bench.at_rest import report
from bench.first_frame import BARE, COLUMNS, ROWS, Start, compare
from bench.long_history import lengthen

# One word, so that no column cuts it and no sample prompt holds it.
MARKER = "zebrafish"
PROMISED = 1.25
PROMISED_MS = 50


def main() -> None:
    """Measure the first frame, counted when the newest job is on the screen, and the rest."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=11, help="interleaved pairs (default 11)")
    parser.add_argument(
        "--history", type=int, default=0, help="also against a workspace of so many jobs"
    )
    told = parser.parse_args()
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
        bare = compare(BARE, start, pairs=told.pairs, env=env)
        print(
            f"first frame  {bare.ratio:.2f} times a bare Textual app (promised: {PROMISED:.2f})  "
            f"{bare.second * 1000:.0f} ms against {bare.first * 1000:.0f} ms, "
            f"{COLUMNS}x{ROWS}, median of {told.pairs} interleaved pairs"
        )
        if told.history:
            print(f"making {told.history:,} jobs ...", file=sys.stderr)
            long = Path(folder) / "long"
            shutil.copytree(workspace, long)
            lengthen(long, told.history)
            grown = compare(start, _start_in(long), pairs=told.pairs, env=env)
            print(
                f"history      {grown.added * 1000:+.0f} ms with {told.history:,} jobs "
                f"(promised: {PROMISED_MS})  "
                f"{grown.second * 1000:.0f} ms against {grown.first * 1000:.0f} ms with one"
            )
        report(start, workspace, pairs=told.pairs, env=env)


def _start_in(workspace: Path) -> Start:
    return Start((sys.executable, "-m", "sora_tui", "--workspace", str(workspace)), MARKER)


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
