"""The parser of the command line, and the subcommands in the table."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sora_tui.cli.arguments import add_everywhere, examples
from sora_tui.cli.commands import COMMANDS, load_command
from sora_tui.cli.streams import write_out
from sora_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class Parser(argparse.ArgumentParser):
    """An argparse parser whose own texts come from our catalogue."""

    def __init__(self, **options: Any) -> None:
        # argparse calls `_` of its module for each text. This is its only way to a language that
        # is not the locale's.
        vars(argparse).update(_=_, ngettext=ngettext)
        # The raw formatter keeps the lines of examples; we wrap the other texts.
        width = max(min(shutil.get_terminal_size().columns, 100) - 2, 20)
        options["description"] = textwrap.fill(options["description"], width)
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(allow_abbrev=False, formatter_class=raw, **options)
        # The innermost subcommand puts itself into the result: it knows its own options.
        self.set_defaults(parser=self)

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help on stdout; unlike argparse's own method, report a failure.

        Raises:
            OutputError: As `write_out`.
        """
        write_out(self.format_help())

    def refuse(self, words: Sequence[str]) -> NoReturn:
        """Report words that this subcommand does not take, and options that are likely meant."""
        message = _("unrecognized arguments: %s") % " ".join(words)
        first = next((word.partition("=")[0] for word in words if word.startswith("--")), "")
        self.error(message + _likely(first, self._option_string_actions))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is not among the choices, as argparse does; name the likely one."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            if isinstance(value, str) and action.choices is not None:
                error.message += _likely(value, map(str, action.choices))
            raise

    def error(self, message: str) -> NoReturn:
        """Report wrong use: what was wrong, and where help is; end with exit code 2."""
        hint = _("Help: {command} --help").format(command=self.prog)
        self.exit(2, f"{self.prog}: {message}\n{hint}\n")


def _likely(word: str, known: Iterable[str]) -> str:
    """Return words for the known name that a mistyped one is like; empty where none is."""
    from sora_tui.core.nearest import nearest  # only a mistake needs it

    near = nearest(word, known)
    return "" if near is None else _("; did you mean {near}?").format(near=near)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return the words as options; wrong use ends the program with code 2, `--help` with 0."""
    # The screen has no subcommand, so its first frame need not wait 4 ms for all of them.
    screen = Parser(prog="sora-tui", description="", add_help=False, exit_on_error=False)
    add_everywhere(screen, first=True)
    screen.set_defaults(command=None)
    try:
        args, rest = screen.parse_known_args(words)
    except argparse.ArgumentError:  # the parser with subcommands reports it
        rest = ["", *words]
    if rest:
        # Any of these words may be the subcommand; the other subcommands are only listed.
        args, rest = build_parser(COMMANDS.keys() & set(words)).parse_known_args(words)
        named: Parser = args.parser
        if rest:
            named.refuse(rest)
        del args.parser
    return _checked(args)


#: Arguments that name a file, whose name may have any bytes.
_PATHS: Final = frozenset(
    {"file", "reference_image", "workspace", "batch", "source", "clip", "data", "faults"}
)
#: Arguments without an option.
_POSITIONAL: Final = frozenset({"text", "name", "url", "job", "jobs"})


def _checked(args: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments, if all texts in them are valid; report wrong use otherwise.

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


def build_parser(named: Collection[str] = COMMANDS.keys()) -> argparse.ArgumentParser:
    """Return the whole command line, in the language that is set now.

    Args:
        named: The subcommands that get their arguments; the others are listed only.
    """
    parser = Parser(
        prog="sora-tui",
        description=_(
            "Make videos from prompts, on any server that speaks the OpenAI Videos API. Without a"
            " command the screen opens; with nothing configured everything runs on a built-in"
            " simulator and costs nothing."
        ),
        epilog=examples(
            "sora-tui",
            'sora-tui generate "A paper boat in a gutter, macro, rain"',
            "sora-tui generate --help",
        ),
    )
    add_everywhere(parser, first=True)
    commands = parser.add_subparsers(dest="command", metavar=_("COMMAND"), title=_("commands"))
    for name, row in COMMANDS.items():
        summary = _(row.summary)
        if name not in named:
            commands.add_parser(name, help=summary, description="")
            continue
        module = load_command(name)
        command = commands.add_parser(
            name, help=summary, description=summary, epilog=examples(*module.EXAMPLES)
        )
        add_everywhere(command, first=False)
        module.add_arguments(command)
    return parser
