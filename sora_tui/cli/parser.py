"""The words of the command line: every subcommand, option and example."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, NoReturn

from sora_tui.i18n import _, ngettext

FITS: Final = ("exact", "cover", "contain", "stretch")


class Parser(argparse.ArgumentParser):
    """An argparse parser whose own words come from our catalogue."""

    def __init__(self, **options: Any) -> None:
        # argparse asks its module's `_` each time it speaks. This is the one door it leaves to a
        # language that is not the locale's.
        vars(argparse).update(_=_, ngettext=ngettext)
        # The raw formatter keeps the examples line by line, and leaves the wrapping to us.
        width = max(min(shutil.get_terminal_size().columns, 100) - 2, 20)
        options["description"] = textwrap.fill(options["description"], width)
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=raw, **options)

    def error(self, message: str) -> NoReturn:
        """Wrong use: what was wrong, and where help is; exit code 2."""
        hint = _("Help: {command} --help").format(command=self.prog)
        self.exit(2, f"{self.prog}: {message}\n{hint}\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, in the language that is set now."""
    parser = Parser(
        prog="sora-tui",
        description=_(
            "Make videos from prompts, on any server that speaks the OpenAI Videos API. Without a"
            " command the screen opens; with nothing configured everything runs on a built-in"
            " simulator and costs nothing."
        ),
        epilog=_examples(
            "sora-tui",
            'sora-tui generate "A paper boat in a gutter, macro, rain"',
            "sora-tui generate --help",
        ),
    )
    _common(parser, first=True)
    commands = parser.add_subparsers(dest="command", metavar=_("COMMAND"), title=_("commands"))

    def add(name: str, help: str, *examples: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=help, description=help, epilog=_examples(*examples)
        )
        _common(command, first=False)
        return command

    _generate(add)
    _history(add)
    _keeping(add)
    _servers(add)
    return parser


Add = Callable[..., argparse.ArgumentParser]


def _common(parser: argparse.ArgumentParser, *, first: bool) -> None:
    """Options that stand before or after the subcommand alike."""

    def default(value: Any) -> Any:
        return value if first else argparse.SUPPRESS

    group = parser.add_argument_group(_("everywhere"))
    group.add_argument(
        "--json",
        action="store_true",
        default=default(False),
        help=_("print JSON Lines on stdout, everything else on stderr"),
    )
    group.add_argument(
        "--workspace",
        type=Path,
        metavar=_("DIR"),
        default=default(None),
        help=_("work in this folder instead of SORA_WORKSPACE or the current one"),
    )
    group.add_argument(
        "--server",
        metavar=_("NAME"),
        default=default(None),
        help=_("use this profile of sora-tui.toml, or simulator"),
    )
    group.add_argument(
        "--debug",
        action="store_true",
        default=default(False),
        help=_("write wire facts to the log; never a prompt, never a key"),
    )
    group.add_argument(
        "--i-am-alone",
        action="store_true",
        default=default(False),
        help=_("send although this file system has no locks: nothing else uses this folder"),
    )
    if first:
        group.add_argument("--version", action="store_true", help=_("print the version and exit"))


def _generate(add: Add) -> None:
    command = add(
        "generate",
        _("Send a prompt, wait for the clip and save it in output/."),
        'sora-tui generate "A kite over a grey sea" --seconds 4 --size 1280x720',
        "sora-tui generate -f prompts/harbour.md -r pier.jpg --fit cover --count 2",
        "sora-tui generate --dry-run",
        "sora-tui generate --json --max-spend 1.50 | jq -r 'select(.schema).outputs[0].path'",
    )
    command.add_argument(
        "text", nargs="?", metavar=_("TEXT"), help=_("the prompt; without TEXT and -f: prompt.md")
    )
    command.add_argument(
        "-f", "--file", metavar=_("FILE"), help=_("read the prompt from a file; - is stdin")
    )
    command.add_argument(
        "-r",
        "--reference-image",
        metavar=_("IMAGE"),
        help=_("start from this picture of input_reference/"),
    )
    command.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    command.add_argument("--seconds", metavar="N", help=_("length of the clip"))
    command.add_argument("--size", metavar="WxH", help=_("width x height in pixels"))
    command.add_argument(
        "--count", type=int, metavar="N", help=_("make this many clips of the same prompt")
    )
    command.add_argument(
        "--fit",
        choices=FITS,
        help=_("how a picture of another size becomes one that fits (a copy; default: exact)"),
    )
    command.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="K=V",
        help=_("send one more field; V may be JSON"),
    )
    command.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="K=V",
        help=_("put V in place of {{K}} in the prompt"),
    )
    command.add_argument("--yes", action="store_true", help=_("agree to the price beforehand"))
    command.add_argument(
        "--max-spend",
        type=amount,
        metavar="X",
        help=_("agree to at most this sum for the whole order; never to an unknown price"),
    )
    command.add_argument(
        "--send-refused",
        action="store_true",
        help=_("send a prompt all the same that this server refused before (moderation)"),
    )
    command.add_argument(
        "--no-wait", action="store_true", help=_("leave as soon as the server has the job")
    )
    command.add_argument(
        "--dry-run", action="store_true", help=_("show what would be sent, and send nothing")
    )


def _history(add: Add) -> None:
    jobs = add(
        "jobs",
        _("List the jobs of this folder, newest first."),
        "sora-tui jobs --state failed",
        'sora-tui jobs --search "paper boat" --limit 5',
        "sora-tui jobs --json | jq -r .id",
    )
    jobs.add_argument(
        "--state", action="append", metavar=_("STATE"), help=_("only jobs in this state")
    )
    jobs.add_argument("--search", metavar=_("TEXT"), help=_("only jobs whose prompt or id has it"))
    jobs.add_argument("--limit", type=int, default=50, metavar="N", help=_("at most N (50)"))
    show = add(
        "show",
        _("Show everything about one job."),
        "sora-tui show @last",
        "sora-tui show 20261122-1015",
        "sora-tui show @2 --json",
    )
    show.add_argument("job", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2"))
    wait = add(
        "wait",
        _("Finish everything unfinished: look for lost answers, wait, download."),
        "sora-tui wait",
        "sora-tui wait @last",
        "sora-tui wait 20261122-1011 --adopt video_9c1e",
        "sora-tui wait @last --send-again --yes",
    )
    wait.add_argument("jobs", nargs="*", metavar=_("JOB"), help=_("only these jobs"))
    decision = wait.add_argument_group(
        _("decide about JOB, whose answer was lost (asked for in a terminal)")
    ).add_mutually_exclusive_group()
    decision.add_argument(
        "--adopt", metavar=_("VIDEO_ID"), help=_("it is this video of the server; no new cost")
    )
    decision.add_argument(
        "--send-again",
        action="store_true",
        help=_("send the same request as a new job; it may be billed twice"),
    )
    decision.add_argument(
        "--give-up", action="store_true", help=_("look for it no longer; the record stays")
    )
    wait.add_argument("--yes", action="store_true", help=_("agree to the price beforehand"))
    wait.add_argument(
        "--max-spend",
        type=amount,
        metavar="X",
        help=_("agree to at most this sum for sending again; never to an unknown price"),
    )


def _keeping(add: Add) -> None:
    verify = add(
        "verify",
        _("Hash the files in output/ once more: are they what was downloaded? Deletes nothing."),
        "sora-tui verify",
        "sora-tui verify @last",
        "sora-tui verify --json | jq -r 'select(.result != \"ok\").path'",
    )
    verify.add_argument("jobs", nargs="*", metavar=_("JOB"), help=_("only these jobs"))
    cancel = add(
        "cancel",
        _(
            "Withdraw a pending job. One that was sent is not stopped at the server. Other pending"
            " jobs that were agreed to may be sent meanwhile."
        ),
        "sora-tui cancel @last",
        "sora-tui cancel 20261122-1015",
    )
    delete = add(
        "delete",
        _("Move the record of a finished job to metadata/.trash/. Its files stay."),
        "sora-tui delete @last",
        "sora-tui delete 20261122-1015 --yes",
    )
    for command in (cancel, delete):
        command.add_argument(
            "job", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2")
        )
    delete.add_argument("--yes", action="store_true", help=_("do not ask"))


def _servers(add: Add) -> None:
    add(
        "doctor",
        _("Check settings, key, server, folder and terminal; show where everything lies."),
        "sora-tui doctor",
        "sora-tui doctor --server team-gw --json",
    )
    add(
        "keys",
        _("List every key of the screen by the id that [keys] in sora-tui.toml gives keys to."),
        "sora-tui keys",
        "sora-tui keys --json | jq -r 'select(.place == \"jobs\")'",
    )
    simulate = add(
        "simulate",
        _("Run the practice server on its own, for any client; nothing is charged."),
        "sora-tui simulate",
        "sora-tui simulate --port 8000 --speed 10 --data practice",
    )
    simulate.add_argument(
        "--host", default="127.0.0.1", metavar=_("ADDRESS"), help=_("listen here (127.0.0.1)")
    )
    simulate.add_argument("--port", default="0", metavar="N", help=_("0 takes a free one"))
    simulate.add_argument("--speed", default="1", metavar="X", help=_("10 is ten times as quick"))
    simulate.add_argument("--key", help=_("the key to ask for; made up if missing"))
    simulate.add_argument("--data", metavar=_("DIR"), help=_("keep jobs and clips here"))


def amount(text: str) -> Decimal:
    """A sum of money, 0 or more.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(_("not a sum of money: {text}").format(text=text))
    return value


def _examples(*lines: str) -> str:
    return "\n".join((_("examples:"), *(f"  {line}" for line in lines)))
