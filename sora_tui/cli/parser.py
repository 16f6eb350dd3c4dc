"""The words of the command line: every subcommand, option and example."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sora_tui.cli.streams import write_out
from sora_tui.core import number
from sora_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from sora_tui.core.request import Fit

#: The dialects of the simulator, which is not imported here: it is a process of its own.
SIMULATED: Final = (
    *("openai", "litellm", "litellm-1.109", "vllm-omni", "sglang", "sglang-cloud", "aquiles"),
    *("trt-llm", "new-api", "azure", "openrouter"),
)


#: Options of `generate` that its source decides for everything made out of a clip.
_DECIDED: Final = dict.fromkeys(("model", "size", "reference_image", "fit", "character"))


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

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print it on stdout; unlike argparse's own, say where that takes nothing.

        Raises:
            OutputError: As `write_out`.
        """
        write_out(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Wrong use: what was wrong, and where help is; exit code 2."""
        hint = _("Help: {command} --help").format(command=self.prog)
        self.exit(2, f"{self.prog}: {message}\n{hint}\n")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The words as options; wrong use ends the program with exit code 2, `--help` with 0."""
    # The screen has no subcommand: the 4 ms that all of them take are not for its first frame.
    screen = Parser(prog="sora-tui", description="", add_help=False, exit_on_error=False)
    _common(screen, first=True)
    screen.set_defaults(command=None)
    try:
        args, rest = screen.parse_known_args(words)
    except argparse.ArgumentError:  # told by whoever knows the subcommand
        return _checked(build_parser().parse_args(words))
    return _checked(build_parser().parse_args(words) if rest else args)


#: Arguments that name a file, which may have any bytes in its name.
_PATHS: Final = frozenset(
    {"file", "reference_image", "workspace", "batch", "source", "clip", "data", "faults"}
)
#: Arguments without an option.
_POSITIONAL: Final = frozenset({"text", "name", "url", "job", "jobs"})


def _checked(args: argparse.Namespace) -> argparse.Namespace:
    """The arguments, if each text among them is one; wrong use otherwise.

    Python decodes bytes that are not UTF-8 as lone surrogates, and they would be sent as "?".
    """
    for name, value in vars(args).items():
        values = value if isinstance(value, list) else [value]
        if name in _PATHS or not any(isinstance(v, str) and _is_undecoded(v) for v in values):
            continue
        shown = name.upper() if name in _POSITIONAL else f"--{name.replace('_', '-')}"
        prog = "sora-tui" if args.command is None else f"sora-tui {args.command}"
        text = _("argument {name}: not UTF-8; nothing was sent")
        Parser(prog=prog, description="", add_help=False).error(text.format(name=shown))
    return args


def _is_undecoded(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


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
    _derive(add)
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
    _prompt_file(command)
    command.add_argument(
        "-r",
        "--reference-image",
        metavar=_("IMAGE"),
        help=_("start from this picture of input_reference/"),
    )
    command.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    command.add_argument("--seconds", metavar="N", help=_("length of the clip"))
    command.add_argument(
        "--size",
        metavar="WxH",
        help=_("width x height in pixels, or landscape, portrait, square, 720p"),
    )
    command.add_argument(
        "--count", type=whole_number, metavar="N", help=_("make this many clips of the same prompt")
    )
    command.add_argument(
        "--fit",
        type=_fit,
        metavar=_("FIT"),
        help=_(
            "how a picture of another size becomes one that fits (a copy): cover, contain,"
            " stretch; cover:top keeps that side, contain:blur or contain:#204060 fills;"
            " default: exact"
        ),
    )
    _params(command)
    command.add_argument(
        "--character",
        action="append",
        metavar=_("NAME"),
        help=_("let this character appear; the prompt mentions it by name"),
    )
    _sending(command)
    batch = add(
        "batch",
        _(
            "Send the clips of a file: one JSON object a line, or [[clip]] tables in TOML. The"
            " whole price is agreed to once; started again, only what was not sent yet is sent."
        ),
        "sora-tui batch shots.jsonl",
        "sora-tui batch shots.toml --max-active 2 --max-spend 5",
        "sora-tui batch shots.jsonl --name second-try --dry-run",
        """echo '{"prompt": "A kite", "seconds": 4, "count": 2}' >> shots.jsonl""",
    )
    batch.add_argument("batch", metavar=_("FILE"), help=_("the lines; - is stdin, as JSON"))
    batch.add_argument(
        "--name",
        metavar=_("NAME"),
        help=_("what the batch is known by; another one sends all of it again (the file's name)"),
    )
    batch.add_argument(
        "--max-active", type=at_least_one, metavar="N", help=_("send at most N jobs at once")
    )
    _sending(batch)
    params = add(
        "params",
        _("List what a server takes of a model beyond the standard, with ranges and defaults."),
        "sora-tui params",
        "sora-tui params --server lab --model wan2.2-t2v",
        "sora-tui params --preset ltx-2 --json | jq .preset",
    )
    params.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    params.add_argument("--preset", metavar=_("NAME"), help=_("of this model instead"))


def _prompt_file(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-f", "--file", metavar=_("FILE"), help=_("read the prompt from a file; - is stdin")
    )


def _params(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="K=V",
        help=_("send one more field; V may be JSON (sora-tui params lists the known ones)"),
    )
    command.add_argument(
        "--preset",
        metavar=_("NAME"),
        help=_("send what the makers of this model use; --param stands above it"),
    )
    command.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="K=V",
        help=_("put V in place of {{K}} in the prompt"),
    )


def _derive(add: Add) -> None:
    remix = add(
        "remix",
        _("Make a new clip out of a finished one, with another prompt."),
        'sora-tui remix @last "the same street, at night"',
        "sora-tui remix @last -f prompts/night.md --param seed=7",
    )
    edit = add(
        "edit",
        _("Change a finished clip, or an MP4 of your own, as a prompt says."),
        'sora-tui edit @last "make the umbrella red"',
        'sora-tui edit holiday.mp4 "make it snow" --dry-run',
    )
    extend = add(
        "extend",
        _("Go on with a finished clip, or an MP4 of your own, where it ends."),
        'sora-tui extend @last "the boat reaches the sea" --seconds 4',
        'sora-tui extend output/20261122-101530Z_video_9c1e.mp4 "night falls" --seconds 8',
    )
    remix.add_argument("source", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2"))
    for command in (edit, extend):
        command.add_argument(
            "source",
            metavar=_("CLIP"),
            help=_("a job (an id, the beginning of one, @last, @2), or an MP4 in this folder"),
        )
    for command in (remix, edit, extend):
        command.add_argument("text", nargs="?", metavar=_("TEXT"), help=_("the prompt"))
        _prompt_file(command)
        command.add_argument(
            "--count",
            type=whole_number,
            metavar="N",
            help=_("make this many clips of the same prompt"),
        )
        _params(command)
        command.set_defaults(seconds=None, **_DECIDED)
        _sending(command)
    character = add(
        "character",
        _("Make a character out of a clip, for other clips to show."),
        "sora-tui character Mossy @last",
        "sora-tui character Mossy teapot.mp4 --server team-gw",
        'sora-tui generate "Mossy, a teapot, crosses a market" --character Mossy',
    )
    character.add_argument(
        "text", metavar=_("NAME"), help=_("what prompts call it; 80 characters at most")
    )
    character.add_argument(
        "source",
        metavar=_("CLIP"),
        help=_("a job (an id, the beginning of one, @last, @2), or an MP4 in this folder"),
    )
    character.set_defaults(
        seconds=None, count=None, file=None, param=[], preset=None, var=[], **_DECIDED
    )
    _sending(character)
    characters = add(
        "characters",
        _("List the characters that were made from this folder, or show one."),
        "sora-tui characters",
        "sora-tui characters Mossy",
        "sora-tui characters --json | jq -r .remote_id",
    )
    characters.add_argument("name", nargs="?", metavar=_("NAME"), help=_("of a character"))
    extend.add_argument(
        "--seconds", metavar="N", help=_("how much longer; as long as the clip if missing")
    )


def _sending(command: argparse.ArgumentParser) -> None:
    """Options of everything that is paid for."""
    command.add_argument("--yes", action="store_true", help=_("agree to the price beforehand"))
    command.add_argument(
        "--max-spend",
        type=amount,
        metavar="X",
        help=_("agree to at most this sum for the whole order; never to an unknown price"),
    )
    _send_refused(command)
    command.add_argument(
        "--no-wait", action="store_true", help=_("leave as soon as the server has the job")
    )
    command.add_argument(
        "--dry-run", action="store_true", help=_("show what would be sent, and send nothing")
    )


def _send_refused(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--send-refused",
        action="store_true",
        help=_("send a prompt all the same that this server refused before (moderation)"),
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
    jobs.add_argument(
        "--limit", type=at_least_one, default=50, metavar="N", help=_("at most N (50)")
    )
    show = add(
        "show",
        _("Show everything about one job."),
        "sora-tui show @last",
        "sora-tui show 20261122-1015",
        "sora-tui show @2 --json",
    )
    show.add_argument("job", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2"))
    cost = add(
        "cost",
        _("Sum up what was spent here, by day, server and model; practice costs nothing."),
        "sora-tui cost",
        "sora-tui cost --since 2026-11-01",
        "sora-tui cost --since 7d --json | jq -s 'map(.reported) | add'",
    )
    cost.add_argument(
        "--since",
        type=day,
        metavar=_("DAY"),
        help=_("from this day on: 2026-11-01, today, or 7d for the last seven days"),
    )
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
    _send_refused(wait)


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
        _("Withdraw a pending job. One that was sent is not stopped at the server."),
        "sora-tui cancel @last",
        "sora-tui cancel 20261122-1015",
    )
    delete = add(
        "delete",
        _("Move the record of a finished job to metadata/.trash/. Its files stay."),
        "sora-tui delete @last",
        "sora-tui delete 20261122-1015 --yes",
        "sora-tui delete @last --remote",
    )
    for command in (cancel, delete):
        command.add_argument(
            "job", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2")
        )
    delete.add_argument("--yes", action="store_true", help=_("do not ask"))
    delete.add_argument(
        "--remote",
        action="store_true",
        help=_("delete the video at the server as well; says what that server does with it"),
    )


def _servers(add: Add) -> None:
    adopt = add(
        "adopt",
        _(
            "List jobs of the server that this folder does not know; with IDs, take them in and"
            " save their clips. Costs nothing."
        ),
        "sora-tui adopt --server team-gw",
        "sora-tui adopt video_9c1e",
        "sora-tui adopt --all --no-wait",
    )
    adopt.add_argument(
        "ids", nargs="*", metavar="ID", help=_("video ids, as the server tells them")
    )
    adopt.add_argument(
        "--all", action="store_true", help=_("all that are listed and may have a clip")
    )
    adopt.add_argument(
        "--no-wait", action="store_true", help=_("leave as soon as they are in the history")
    )
    _profiles(add)
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
        "sora-tui simulate --dialect vllm-omni --faults faults.toml",
        'sora-tui generate "A kite [blocked] over a grey sea"',
    )
    simulate.add_argument(
        "--host", default="127.0.0.1", metavar=_("ADDRESS"), help=_("listen here (127.0.0.1)")
    )
    simulate.add_argument("--port", default="0", metavar="N", help=_("0 takes a free one"))
    simulate.add_argument(
        "--dialect",
        choices=SIMULATED,
        default="openai",
        metavar=_("SERVER"),
        help=_("behave like this server: {servers}").format(servers=", ".join(SIMULATED)),
    )
    simulate.add_argument(
        "--faults",
        metavar=_("FILE"),
        help=_("misbehave as this TOML file says; docs/simulator.md shows how"),
    )
    simulate.add_argument("--speed", default="1", metavar="X", help=_("10 is ten times as quick"))
    simulate.add_argument("--key", help=_("the key to ask for; made up if missing"))
    simulate.add_argument("--data", metavar=_("DIR"), help=_("keep jobs and clips here"))
    simulate.add_argument_group(
        _("words in a prompt that bring a misfortune to its job, to practise"),
        "\n".join(f"{word:<14}{told}" for word, told in _misfortunes().items()),
    )


def _misfortunes() -> dict[str, str]:
    """The simulator's words, by its own names for them."""
    return {
        "[moderated]": _("refused at once; nothing starts"),
        "[blocked]": _("fails on the way: moderation"),
        "[fails]": _("fails on the way: a fault of the server"),
        "[unanswered]": _("the job starts, but the connection closes before the answer"),
        "[slow]": _("takes ten times as long"),
        "[expires]": _("its clip can be fetched for a minute only"),
        "[forgotten]": _("the server forgets it half way"),
    }


def _profiles(add: Add) -> None:
    servers = add(
        "servers",
        _("List the server profiles; add, edit, test, use or remove one."),
        "sora-tui servers",
        "sora-tui servers add team-gw https://gw.example.org/v1 --api-key-env TEAM_KEY",
        "sora-tui servers test team-gw",
        "sora-tui servers use team-gw",
    )
    actions = servers.add_subparsers(dest="action", metavar=_("ACTION"), title=_("actions"))

    def action(name: str, help: str, *examples: str) -> argparse.ArgumentParser:
        command = actions.add_parser(name, help=help, description=help, epilog=_examples(*examples))
        _common(command, first=False)
        command.add_argument("name", metavar=_("NAME"), help=_("of the profile"))
        return command

    adding = action(
        "add",
        _("Write a profile into a file of ours. A key is never written: name where it is found."),
        "sora-tui servers add lab http://127.0.0.1:8000/v1 --free --default",
        "sora-tui servers add team-gw https://gw.example.org/v1 --api-key-env TEAM_KEY",
        "sora-tui servers add gw https://gw.example.org/v1 --api-key-command 'pass show gw'",
    )
    adding.add_argument("url", metavar="URL", help=_("whole, mostly up to /v1"))
    editing = action(
        "edit",
        _("Change a profile that was added here; an empty value takes a setting out."),
        "sora-tui servers edit team-gw --price sora-2=0.10 --model sora-2",
        "sora-tui servers edit lab --url http://127.0.0.1:9000/v1",
    )
    editing.add_argument("--url", metavar="URL", help=_("whole, mostly up to /v1"))
    for command in (adding, editing):
        _profile_options(command)
    action(
        "test",
        _("Ask a server free questions: what it is, what works there, what does not."),
        "sora-tui servers test team-gw",
        "sora-tui servers test team-gw --json",
    )
    action(
        "use",
        _("Send to this server from now on, where nothing else says which."),
        "sora-tui servers use team-gw",
        "sora-tui servers use simulator",
    )
    removing = action(
        "remove",
        _("Forget a profile that was added here. Jobs that were sent there stay."),
        "sora-tui servers remove lab",
    )
    removing.add_argument("--yes", action="store_true", help=_("do not ask"))


def _profile_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dialect", metavar="D", help=_("which server it is; auto finds out (auto)")
    )
    command.add_argument("--auth", metavar="A", help=_("bearer, api-key or none"))
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--api-key-env", metavar=_("VARIABLE"), help=_("the variable that holds the key")
    )
    source.add_argument(
        "--api-key-command",
        metavar=_("COMMAND"),
        help=_("a command that prints the key (a password manager); run without a shell"),
    )
    command.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    command.add_argument("--seconds", metavar="N", help=_("length of the clip"))
    command.add_argument("--size", metavar="WxH", help=_("width x height in pixels"))
    command.add_argument(
        "--price",
        action="append",
        metavar=_("[MODEL=]X"),
        help=_("what a second costs; without MODEL for every one, MODEL@720p for one size"),
    )
    command.add_argument("--currency", metavar="C", help=_("of the prices (USD)"))
    yes_or_no = argparse.BooleanOptionalAction
    command.add_argument("--free", action=yes_or_no, default=None, help=_("it charges nothing"))
    command.add_argument(
        "--allow-http",
        action=yes_or_no,
        default=None,
        help=_("prompt and key may cross a network you trust in clear"),
    )
    command.add_argument(
        "--max-active", type=whole_number, metavar="N", help=_("send at most N jobs at once")
    )
    command.add_argument(
        "--header", action="append", metavar="K=V", help=_("goes along with every request; no key")
    )
    command.add_argument(
        "--query", action="append", metavar="K=V", help=_("added to every address; no key")
    )
    command.add_argument("--default", action="store_true", help=_("use it from now on"))


def whole_number(text: str) -> int:
    """A whole number in ASCII digits, as it is sent; whether it may be is judged elsewhere.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise argparse.ArgumentTypeError(_("not a whole number: {text}").format(text=text))
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number, 1 or more.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isascii() or not text.isdecimal() or not text.strip("0"):
        raise argparse.ArgumentTypeError(_("not a number from 1 on: {text}").format(text=text))
    # More than there can be of anything here; a machine word holds it.
    return int(text) if len(text) < 10 else 10**9


def day(text: str) -> datetime:
    """The beginning of a day on the person's own clock.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    today = date.today()
    try:
        if text.endswith("d") and text.isascii() and text[:-1].isdecimal():
            said = today - timedelta(days=int(text[:-1]) - 1)
        else:
            said = today if text == "today" else date.fromisoformat(text)
    except (ValueError, OverflowError):
        said = None
    if said is None or said > today:
        raise argparse.ArgumentTypeError(_("not a day: {text}").format(text=text))
    # From a naive midnight, so that the day of a clock change begins at its own.
    return datetime.combine(said, time()).astimezone()


def _fit(text: str) -> Fit:
    from sora_tui.core.request import read_fit

    try:
        return read_fit(text)
    except ValueError:
        words = _("not a way to fit: {text}. Ways: {ways}")
        ways = "exact, cover, cover:top, contain, contain:blur, contain:#204060, stretch"
        raise argparse.ArgumentTypeError(words.format(text=text, ways=ways)) from None


def amount(text: str) -> Decimal:
    """A sum of money, 0 or more.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    value = number.amount(text.replace(",", "."))
    if value is None:
        raise argparse.ArgumentTypeError(_("not a sum of money: {text}").format(text=text))
    return value


def _examples(*lines: str) -> str:
    return "\n".join((_("examples:"), *(f"  {line}" for line in lines)))
