"""A prompt as text: TOML front matter between `+++` lines, variables, the old script's habit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sora_tui.core.problem import problem_error

_FENCE: Final = "+++"
_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file's content.

    Attributes:
        text: What follows the front matter, stripped of surrounding blank lines.
        settings: The front matter: model, seconds, size, reference, fit, count, tags, params,
            variables; anything else survives.
    """

    text: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def parse_prompt(source: str) -> Prompt:
    """Split a prompt file into settings and text.

    Raises:
        ProblemError: front_matter_broken, with `line` counted in the file.
    """
    # Not splitlines(): a U+2028 or U+0085 inside a TOML string ends no line.
    lines = re.split(r"\r\n|\r|\n", source.removeprefix("\ufeff"))
    if lines[0].strip() != _FENCE:
        return Prompt("\n".join(lines).strip("\n").rstrip())
    fences = (number for number, line in enumerate(lines) if number and line.strip() == _FENCE)
    end = next(fences, None)
    if end is None:
        raise problem_error("front_matter_broken", line=1, reason="the closing +++ is missing")
    try:
        settings = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line_number = int(place[1]) + 1 if place else end  # "(at end of document)"
        raise problem_error("front_matter_broken", line=line_number, reason=str(error)) from None
    return Prompt("\n".join(lines[end + 1 :]).strip("\n").rstrip(), settings)


def format_prompt(prompt: Prompt) -> str:
    """The file for a prompt: front matter only where there are settings, or +++ opens the text."""
    if not prompt.settings and not prompt.text.lstrip().startswith(_FENCE):
        return prompt.text + "\n"
    import tomli_w  # writing is rare, and the first frame need not wait for it

    return f"{_FENCE}\n{tomli_w.dumps(prompt.settings)}{_FENCE}\n\n{prompt.text}\n"


def script_text(text: str) -> str:
    """What the one-file script read in `prompt.md`: no blank lines, no lines beginning with `#`."""
    kept = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return "\n".join(kept)


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
