"""The `notify` setting: how the screen notifies a person who is doing something else."""

from __future__ import annotations

from typing import Final, Literal, cast, get_args

from sora_tui.config.config_files import TomlFile
from sora_tui.core.problem import problem_error

#: `auto`: a notification where the terminal draws one, the bell elsewhere.
Notify = Literal["off", "bell", "auto"]

_REASON: Final = 'must be "off", "bell" or "auto"'


def check_notify(word: str) -> str:
    """Return the word, if it is one of the three.

    Raises:
        ProblemError: config_invalid for any other word.
    """
    if word not in get_args(Notify):
        raise problem_error("config_invalid", key="notify", reason=_REASON)
    return word


def read_notify(value: str | None, *files: TomlFile | None) -> Notify:
    """Return `value` (the variable, checked), else what the first file sets, else `auto`.

    Raises:
        ProblemError: config_invalid, naming file and line.
    """
    if value is not None:
        return cast(Notify, value)
    for file in files:
        word = file.values.get("notify") if file else None
        if file and word is not None:
            if word not in get_args(Notify):
                raise file.invalid("", "notify", _REASON)
            return cast(Notify, word)
    return "auto"
