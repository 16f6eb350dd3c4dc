"""`sora-tui simulate`: the simulator on its own, as a child process."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
from types import FrameType
from typing import Final

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.config.settings import Settings
from sora_tui.core.problem import problem_error
from sora_tui.core.server import is_loopback_host
from sora_tui.core.text import clean_line
from sora_tui.i18n import _

#: The dialects of the simulator, which is not imported here: it is a process of its own.
SIMULATED: Final = (
    *("openai", "litellm", "litellm-1.109", "vllm-omni", "sglang", "sglang-cloud", "aquiles"),
    *("trt-llm", "new-api", "azure", "openrouter"),
)
EXAMPLES: Final = (
    "sora-tui simulate",
    "sora-tui simulate --port 8000 --speed 10 --data practice",
    "sora-tui simulate --dialect vllm-omni --faults faults.toml",
    'sora-tui generate "A kite [blocked] over a grey sea"',
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "--host", default="127.0.0.1", metavar=_("ADDRESS"), help=_("listen here (127.0.0.1)")
    )
    command.add_argument("--port", default="0", metavar="N", help=_("0 takes a free one"))
    command.add_argument(
        "--dialect",
        choices=SIMULATED,
        default="openai",
        metavar=_("SERVER"),
        help=_("behave like this server: {servers}").format(servers=", ".join(SIMULATED)),
    )
    command.add_argument(
        "--faults",
        metavar=_("FILE"),
        help=_("misbehave as this TOML file says; docs/simulator.md shows how"),
    )
    command.add_argument("--speed", default="1", metavar="X", help=_("10 is ten times as quick"))
    command.add_argument(
        "--key", metavar=_("KEY"), help=_("the key to ask for; made up if missing")
    )
    command.add_argument("--data", metavar=_("DIR"), help=_("keep jobs and clips here"))
    command.add_argument_group(
        _("words in a prompt that bring a misfortune to its job, to practise"),
        "\n".join(f"{word:<14}{told}" for word, told in _misfortunes().items()),
    )


def _misfortunes() -> dict[str, str]:
    """Return the words in a prompt that cause faults, from the simulator itself."""
    return {
        "[moderated]": _("refused at once; nothing starts"),
        "[blocked]": _("fails on the way: moderation"),
        "[fails]": _("fails on the way: a fault of the server"),
        "[unanswered]": _("the job starts, but the connection closes before the answer"),
        "[slow]": _("takes ten times as long"),
        "[expires]": _("its clip can be fetched for a minute only"),
        "[forgotten]": _("the server forgets it half way"),
    }


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Serve until ctrl+c or a signal.

    Raises:
        ProblemError: config_invalid for a wrong option, or simulator_failed; with the last line
            that the child printed.
    """
    # -P because nothing may be imported from the current folder.
    words = [sys.executable, "-P", "-m", "sora_tui.simulator", "--json", "--parent-pipe"]
    # As one word, because a value may begin with a dash.
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
        stdin.close()  # the child ends when this pipe is closed

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
