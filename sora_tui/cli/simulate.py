"""`sora-tui simulate`: the practice server on its own, as a child process."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
from types import FrameType

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.config.settings import Settings
from sora_tui.core.problem import problem_error
from sora_tui.core.server import is_loopback_host
from sora_tui.core.text import clean_line
from sora_tui.i18n import _


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Serve until ctrl+c or a signal.

    Raises:
        ProblemError: config_invalid for a wrong option, or simulator_failed; with the child's last
            line.
    """
    # -P because the current folder is no place to import from.
    words = [sys.executable, "-P", "-m", "sora_tui.simulator", "--json", "--parent-pipe"]
    # In one word: a value may begin with a dash.
    words += [f"--host={args.host}", f"--port={args.port}", f"--speed={args.speed}"]
    words += [f"--dialect={args.dialect}"]
    words += [f"--faults={args.faults}"] if args.faults else []
    words += [f"--key={args.key}"] if args.key else []
    words += [f"--data={args.data}"] if args.data else []
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    line = child.stdout.readline()
    if not line:
        reason = clean_line((child.stderr.read().strip().splitlines() or [""])[-1])
        child.wait()
        if wrong := re.search(r"error: argument (--[a-z]+): (.+)", reason):
            raise problem_error("config_invalid", key=wrong[1], reason=wrong[2])
        raise problem_error("simulator_failed", reason=reason)
    if not is_loopback_host(args.host):
        text = _("It listens on {host}: others on the network can reach it, with this key.")
        console.note(text.format(host=clean_line(args.host, 60) or _("every address")))
    _say_where(json.loads(line), console)
    stdin = child.stdin

    def end(number: int, frame: FrameType | None) -> None:
        stdin.close()  # the child ends with its parent's pipe

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    child.wait()
    return exits.DONE


def _say_where(told: dict[str, str], console: Console) -> None:
    base_url, key = told["base_url"], told["key"]
    console.document(told)
    console.note(_("The practice server listens; nothing is charged. Ctrl+c ends it."))
    console.note(_("Use it from another terminal:"))
    console.result(f"export SORA_BASE_URL={base_url} SORA_API_KEY={key}")
    console.note('sora-tui generate "A kite over a grey sea" --seconds 4 --size 1280x720')
    console.note(_("Words such as [blocked] in a prompt bring a misfortune; all of them:"))
    console.note("sora-tui simulate --help")
