"""The input of an order: what the command line and the prompt's file ask for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from sora_tui.cli.build_request import param_pairs
from sora_tui.cli.console import Console
from sora_tui.cli.streams import complain, read_input
from sora_tui.config.order_options import (
    Choices,
    check_names,
    count,
    from_front_matter,
    unused_variables,
)
from sora_tui.config.profiles import seconds, size
from sora_tui.core.problem import problem_error
from sora_tui.core.prompt import Prompt, parse_prompt
from sora_tui.core.text import clean_line, left_out
from sora_tui.i18n import _
from sora_tui.i18n.formatting import left_out_words
from sora_tui.workspace.find_file import existing
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import read_prompt


def order_input(
    args: argparse.Namespace, folder: Folder, console: Console
) -> tuple[Prompt, str | None, Choices]:
    """Return the prompt, the name of its file as in documents, and the choices of both.

    Raises:
        ProblemError: prompt_missing, prompt_unreadable, front_matter_broken, front_matter_name,
            variable_unknown, or what is wrong with an option.
    """
    _refuse_empty(args)
    prompt, file = _prompt(args, folder)
    if gone := left_out(prompt.text):
        console.note(left_out_words(gone))
    check_names(prompt.settings, file or "-")
    options, written = _options(args), from_front_matter(prompt.settings, file or "-")
    for name in unused_variables(options.variables, prompt.text):
        said = _("The prompt has no variable {name}; its value is not used.")
        console.note(said.format(name=clean_line(name, 80)))
    return prompt, file, options.over(written)


def _refuse_empty(args: argparse.Namespace) -> None:
    """Refuse an option with an empty value, as of `-r "$PICTURE"` where nothing is in PICTURE.

    A clip would be paid for without it. An empty variable or setting counts as none.
    """
    given = {
        "-r/--reference-image": args.reference_image,
        "-f/--file": args.file,
        "--model": args.model,
        "--preset": args.preset,
        "--character": "" if "" in (args.character or ()) else None,
    }
    for shown, value in given.items():
        if value == "":
            text = _("argument {name}: it is empty; give a value, or leave it out")
            _wrong_use(args.command, text.format(name=shown))


def _prompt(args: argparse.Namespace, folder: Folder) -> tuple[Prompt, str | None]:
    if args.text is not None and args.file is not None:
        _wrong_use(args.command, _("give TEXT or -f FILE, not both"))
    if args.text is None and args.file is None and args.command != "generate":
        _wrong_use(args.command, _("give TEXT or -f FILE"))
    if args.text == "-":
        _wrong_use(args.command, _("- is no prompt; -f - reads one from standard input"))
    if args.text is not None:
        return Prompt(args.text), None
    if args.file == "-":
        try:
            return parse_prompt(read_input()), None
        except UnicodeDecodeError:
            raise problem_error("prompt_unreadable", path="-", reason="not UTF-8") from None
        except OSError as error:  # a stream that was opened for writing
            reason = error.strerror or type(error).__name__
            raise problem_error("prompt_unreadable", path="-", reason=reason) from None
    path = folder.prompt_md if args.file is None else found_prompt(args.file, folder)
    prompt = read_prompt(path)  # before `resolve`: a missing file keeps its name in the report
    resolved = path.resolve()
    inside = resolved.is_relative_to(folder.root)
    return prompt, folder.relative(resolved) if inside else path.name


def found_prompt(name: str, folder: Folder) -> Path:
    """Return the file a person means: in the current folder, in the workspace, or in prompts/."""
    places = (Path(name), folder.root / name, folder.prompts / name, folder.prompts / f"{name}.md")
    found = (there for place in places if (there := _existing(place)) is not None)
    return next((path for path in found if path.is_file()), Path(name))


def _existing(place: Path) -> Path | None:
    try:
        return existing(place)
    except OSError:  # a folder on the way cannot be read
        return None


def _options(args: argparse.Namespace) -> Choices:
    """Return the choices on the command line."""
    return Choices(
        model=args.model,
        seconds=None if args.seconds is None else seconds(args.seconds),
        size=None if args.size is None else size(args.size),
        reference=args.reference_image,
        fit=args.fit,
        count=None if args.count is None else count(args.count),
        variables=param_pairs(args.var, "variable_invalid"),
        characters=tuple(args.character or ()),
    )


def _wrong_use(command: str, message: str) -> NoReturn:
    program = f"sora-tui {command}"
    hint = _("Help: {command} --help").format(command=program)
    complain(f"{program}: {message}\n{hint}")
    sys.exit(2)
