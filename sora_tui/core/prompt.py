"""A prompt as text: TOML front matter between `+++` lines, variables, `prompt.md` of the script."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sora_tui.core.front_matter import LINE, edit_front_matter, same_settings, toml_of
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.text import prompt_text

_FENCE: Final = "+++"
_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")


class Prompt(NamedTuple):
    """A prompt file's content.

    Attributes:
        text: What follows the front matter, stripped of surrounding blank lines.
        settings: The front matter: model, seconds, size, reference, fit, count, tags, params,
            variables; anything else survives.
    """

    text: str
    settings: Mapping[str, Any] = MappingProxyType({})


def parse_prompt(source: str) -> Prompt:
    """Split a prompt file into settings and text.

    Raises:
        ProblemError: front_matter_broken, with `line` counted in the file.
    """
    # Not splitlines(): a U+2028 or U+0085 inside a TOML string ends no line.
    lines = re.split(r"\r\n|\r|\n", source.removeprefix("\ufeff"))
    if lines[0].strip() != _FENCE:
        return Prompt(_stripped("\n".join(lines)))
    fences = (number for number, line in enumerate(lines) if number and line.strip() == _FENCE)
    end = next(fences, None)
    if end is None:
        raise problem_error("front_matter_broken", line=1, reason="the closing +++ is missing")
    try:
        settings = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        from sora_tui.core.toml_fault import toml_fault  # only a mistake needs it

        line, reason = toml_fault(error, end - 1)
        raise problem_error("front_matter_broken", line=line + 1, reason=reason) from None
    return Prompt(_stripped("\n".join(lines[end + 1 :])), settings)


def format_prompt(prompt: Prompt) -> str:
    """Return the text of a prompt file.

    It has front matter only where there are settings, or where the text itself begins with +++.
    """
    if not prompt.settings and not prompt.text.lstrip().startswith(_FENCE):
        return prompt.text + "\n"
    return f"{_FENCE}\n{toml_of(prompt.settings)}{_FENCE}\n\n{prompt.text}\n"


def edit_source(source: str, prompt: Prompt) -> str:
    """Return a prompt file with this text and these settings; the rest of it stays as it is.

    Comments, order, line ends, blank lines and a byte order mark stay; of a setting that changed
    only its value is written again.

    Raises:
        ProblemError: front_matter_broken where `source` cannot be read.
    """
    there, text = parse_prompt(source), _stripped(prompt.text)
    lines = LINE.findall(source)
    end = _closing_fence(lines)
    front, body = "".join(lines[1:end]), "".join(lines[end + 1 :] if end else lines)
    newline = "\r\n" if "\r\n" in source else "\n"
    if text != there.text:
        body = _around(body, text.replace("\n", newline))
    wanted = Prompt(text, prompt.settings)
    edited_front = edit_front_matter(front, there.settings, prompt.settings, newline)
    if edited_front is None:
        return format_prompt(wanted)
    if end:
        edited = lines[0] + edited_front + lines[end] + body
    elif edited_front:
        fence = _FENCE + newline
        edited = f"{fence}{edited_front}{fence}{newline}" + body.removeprefix("\ufeff")
    else:
        edited = body
    # Odd front matter, or a text that begins with +++: all of it written again, not misread.
    return edited if _reads_as(edited, wanted) else format_prompt(wanted)


def _closing_fence(lines: list[str]) -> int:
    """Return the number of the line that ends the front matter, 0 where there is none."""
    if not lines or lines[0].removeprefix("\ufeff").strip() != _FENCE:
        return 0
    return next(number for number, line in enumerate(lines) if number and line.strip() == _FENCE)


def _around(body: str, text: str) -> str:
    """Return `body` with `text` in place of its text; the blank space around it stays."""
    bare = body.removeprefix("\ufeff")
    mark = body[: len(body) - len(bare)]
    gap = bare[: len(bare) - len(bare.lstrip("\r\n"))]
    tail = bare[len(bare.rstrip()) :] if bare.strip() else "\n"
    return mark + gap + text + tail


def _reads_as(source: str, prompt: Prompt) -> bool:
    try:
        read = parse_prompt(source)
    except ProblemError:
        return False
    return read.text == prompt.text and same_settings(dict(read.settings), dict(prompt.settings))


def _stripped(text: str) -> str:
    return text.strip("\n").rstrip()


def script_text(text: str) -> str:
    """Return what the one-file script read in `prompt.md`: no blank lines, no lines with `#`."""
    kept = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return "\n".join(kept)


def variables_in(text: str) -> tuple[str, ...]:
    """Return the names of the `{{variables}}` of a text, in the order of their first use."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def split_at_variables(text: str) -> list[tuple[str, str | None]]:
    """Split a text into pieces: (characters, None), or (as written, name) for a variable."""
    pieces: list[tuple[str, str | None]] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        pieces += [(text[at : found.start()], None), (found[0], found[1])]
        at = found.end()
    return [*pieces, (text[at:], None)]


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Put values in place of `{{name}}`.

    Raises:
        ProblemError: variable_missing, naming the first one without a value.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in variables:
            raise problem_error("variable_missing", name=name)
        return variables[name]

    return _VARIABLE.sub(value, text)


def text_to_send(text: str, variables: Mapping[str, str]) -> str:
    """Return a prompt as it is sent: variables filled, without blanks around it.

    Raises:
        ProblemError: variable_missing, naming the first one without a value.
    """
    return prompt_text(fill(text, variables)).strip()
