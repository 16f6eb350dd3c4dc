"""Arguments that several subcommands share, and the kinds of value that arguments have."""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sora_tui.core import number
from sora_tui.i18n import _

if TYPE_CHECKING:
    from sora_tui.core.request import Fit


def add_everywhere(parser: argparse.ArgumentParser, *, first: bool) -> None:
    """Add options that may come before or after the subcommand."""

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


def add_prompt_file(command: argparse.ArgumentParser) -> None:
    """Add `--file`, the file to read the prompt from."""
    command.add_argument(
        "-f", "--file", metavar=_("FILE"), help=_("read the prompt from a file; - is stdin")
    )


def add_parameters(command: argparse.ArgumentParser) -> None:
    """Add `--param`, a field to send as it is."""
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


def add_job(command: argparse.ArgumentParser) -> None:
    """Add the one job that a subcommand works on."""
    command.add_argument("job", metavar=_("JOB"), help=_("an id, the beginning of one, @last, @2"))


def add_clip_source(command: argparse.ArgumentParser) -> None:
    """Add the clip that something is made of: a job's, or a file."""
    command.add_argument(
        "source",
        metavar=_("CLIP"),
        help=_("a job (an id, the beginning of one, @last, @2), or an MP4 in this folder"),
    )


def add_count(command: argparse.ArgumentParser) -> None:
    """Add the number of clips that are made of one prompt."""
    command.add_argument(
        "--count", type=whole_number, metavar="N", help=_("make this many clips of the same prompt")
    )


def add_sending(command: argparse.ArgumentParser) -> None:
    """Add the options of every subcommand that sends paid requests."""
    command.add_argument("--yes", action="store_true", help=_("agree to the price beforehand"))
    command.add_argument(
        "--max-spend",
        type=amount,
        metavar="X",
        help=_("agree to at most this sum for the whole order; never to an unknown price"),
    )
    add_send_refused(command)
    command.add_argument(
        "--no-wait", action="store_true", help=_("leave as soon as the server has the job")
    )
    command.add_argument(
        "--dry-run", action="store_true", help=_("show what would be sent, and send nothing")
    )


def add_send_refused(command: argparse.ArgumentParser) -> None:
    """Add `--send-refused`, to send a prompt that this server refused before."""
    command.add_argument(
        "--send-refused",
        action="store_true",
        help=_("send a prompt all the same that this server refused before (moderation)"),
    )


def whole_number(text: str) -> int:
    """Return a whole number in ASCII digits as it is sent; its range is checked elsewhere.

    Raises:
        argparse.ArgumentTypeError: It is no such number.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise argparse.ArgumentTypeError(_("not a whole number: {text}").format(text=text))
    return int(text)


def at_least_one(text: str) -> int:
    """Return a whole number, 1 or more.

    Raises:
        argparse.ArgumentTypeError: It is no such number.
    """
    if not text.isascii() or not text.isdecimal() or not text.strip("0"):
        raise argparse.ArgumentTypeError(_("not a number from 1 on: {text}").format(text=text))
    # More than there can be of anything here; it fits into a machine word.
    return int(text) if len(text) < 10 else 10**9


def day(text: str) -> datetime:
    """Return the beginning of a day on the person's own clock.

    Raises:
        argparse.ArgumentTypeError: It is no date.
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
    # From a naive midnight, so that the day of a clock change begins at its own midnight.
    return datetime.combine(said, time()).astimezone()


def fit(text: str) -> Fit:
    """Return how a picture of another size is brought to the clip's size.

    Raises:
        argparse.ArgumentTypeError: It is no fit.
    """
    from sora_tui.core.request import read_fit

    try:
        return read_fit(text)
    except ValueError:
        words = _("not a way to fit: {text}. Ways: {ways}")
        ways = "exact, cover, cover:top, contain, contain:blur, contain:#204060, stretch"
        raise argparse.ArgumentTypeError(words.format(text=text, ways=ways)) from None


def amount(text: str) -> Decimal:
    """Return a sum of money, 0 or more.

    Raises:
        argparse.ArgumentTypeError: It is no sum.
    """
    value = number.amount(text.replace(",", "."))
    if value is None:
        raise argparse.ArgumentTypeError(_("not a sum of money: {text}").format(text=text))
    return value


def examples(*lines: str) -> str:
    """Return the block of examples that a help page ends with."""
    return "\n".join((_("examples:"), *(f"  {line}" for line in lines)))
