"""Prints the ratios that the project promises: `python -m bench [--pairs N]`."""

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import sora_tui
from bench.first_frame import COLUMNS, ROWS, compare

# One word, so that no column cuts it and no sample prompt holds it.
MARKER = "zebrafish"
PROMISED = 1.5


def main() -> None:
    """Measure the first frame, counted when the newest job is on the screen."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=11, help="interleaved pairs (default 11)")
    pairs = parser.parse_args().pairs
    # As an installation has it; PYTHONDONTWRITEBYTECODE would have every start compile.
    compileall.compile_dir(Path(sora_tui.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="sora-tui-bench-") as folder:
        env = _environment(Path(folder) / "home")
        workspace = Path(folder) / "workspace"
        workspace.mkdir()
        command = [sys.executable, "-m", "sora_tui"]
        in_workspace = ["--workspace", str(workspace)]
        print("making one practice clip to show ...", file=sys.stderr)
        subprocess.run(
            [*command, "generate", f"{MARKER} in a tank", *in_workspace],
            env=env,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        result = compare([*command, *in_workspace], MARKER, pairs=pairs, env=env)
    print(
        f"first frame  {result.ratio:.2f} times a bare Textual app (promised: {PROMISED:.2f})  "
        f"{result.measured * 1000:.0f} ms against {result.bare * 1000:.0f} ms, "
        f"{COLUMNS}x{ROWS}, median of {pairs} interleaved pairs"
    )


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
