"""What a person asks for: prompt, model, length, size, reference picture and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from sora_tui.core.problem import problem_error

#: Longest prompt in characters (CreateVideoJsonBody.prompt in the Videos API document).
MAX_PROMPT: Final = 32_000
#: Longest name of a character (CreateVideoCharacterBody.name).
MAX_NAME: Final = 80

Operation = Literal["create", "remix", "edit", "extend", "character"]
OPERATIONS: Final[tuple[Operation, ...]] = ("create", "remix", "edit", "extend", "character")
Fit = Literal["exact", "cover", "contain", "stretch"]
FITS: Final[tuple[Fit, ...]] = ("exact", "cover", "contain", "stretch")

_SIZE: Final = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_SECONDS: Final = re.compile(r"[1-9]\d{0,3}(\.\d{1,3})?")


class Reference(NamedTuple):
    """The picture a clip starts from.

    Attributes:
        path: The person's file, relative to the workspace, with `/`.
        sha256: Hash of the bytes that are sent, which a fit or a GIF makes differ from the file.
        fit: How it was brought to the asked size; `exact` sends the picture as it is.
    """

    path: str
    sha256: str
    fit: Fit = "exact"


class SourceFile(NamedTuple):
    """A clip that goes along with an edit, an extension or a character.

    Attributes:
        path: Relative to the workspace, with `/`.
        sha256: Hash of the bytes that were agreed to; others are not sent.
    """

    path: str
    sha256: str


class Character(NamedTuple):
    """A character that a clip is made with.

    Attributes:
        name: The prompt has to mention it word for word (the guide of the Videos API).
        id: What the server calls it; another server does not know it.
        job: The job of this workspace that made it.
    """

    name: str
    id: str
    job: str


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """One clip to be made, or a character. None means: not sent, the server's default holds.

    Attributes:
        prompt: What to show; of a character its name.
        source_video: The server's id of the clip that an operation starts from.
        source_file: That clip itself, where no id is named.
        source_job: The job of this workspace that made that clip.
    """

    prompt: str
    model: str | None = None
    seconds: str | None = None
    size: str | None = None
    reference: Reference | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    prompt_file: str | None = None
    operation: Operation = "create"
    source_video: str | None = None
    source_file: SourceFile | None = None
    source_job: str | None = None
    characters: tuple[Character, ...] = ()


def check_request(request: VideoRequest) -> None:
    """Refuse what no server could mean.

    Raises:
        ProblemError: prompt_empty, prompt_too_long, size_invalid or seconds_invalid;
            character_name for a character whose name is none.
    """
    if request.operation == "character":
        name = request.prompt
        if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
            raise problem_error("character_name", length=len(name), limit=MAX_NAME)
        return
    if not request.prompt.strip():
        raise problem_error("prompt_empty")
    if len(request.prompt) > MAX_PROMPT:
        raise problem_error("prompt_too_long", length=len(request.prompt), limit=MAX_PROMPT)
    if request.size is not None:
        width_height(request.size)
    if request.seconds is not None and not _SECONDS.fullmatch(request.seconds):
        raise problem_error("seconds_invalid", seconds=request.seconds)


def unmentioned(request: VideoRequest) -> tuple[str, ...]:
    """The names of characters that the prompt does not have word for word."""
    names = (character.name for character in request.characters)
    return tuple(name for name in names if name not in request.prompt)


def width_height(size: str) -> tuple[int, int]:
    """The pixels of a size written `width x height`, e.g. `1280x720`.

    Raises:
        ProblemError: size_invalid.
    """
    match = _SIZE.fullmatch(size)
    if match is None:
        raise problem_error("size_invalid", size=size)
    return int(match[1]), int(match[2])
