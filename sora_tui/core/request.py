"""What a person asks for: prompt, model, length, size, reference picture and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sora_tui.core.problem import problem_error

#: Longest prompt in characters (CreateVideoJsonBody.prompt in the Videos API document).
MAX_PROMPT: Final = 32_000

Operation = Literal["create", "remix", "edit", "extend", "character"]
Fit = Literal["exact", "cover", "contain", "stretch"]
FITS: Final[tuple[Fit, ...]] = ("exact", "cover", "contain", "stretch")

#: Fields with a setting of their own.
_SETTINGS: Final = frozenset({"prompt", "model", "seconds", "size"})
_SIZE: Final = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")
_SECONDS: Final = re.compile(r"[1-9]\d{0,3}(\.\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Reference:
    """The picture a clip starts from.

    Attributes:
        path: The person's file, relative to the workspace, with `/`.
        sha256: Hash of the bytes that are sent, which a fit or a GIF makes differ from the file.
        fit: How it was brought to the asked size; `exact` sends the picture as it is.
    """

    path: str
    sha256: str
    fit: Fit = "exact"


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """One clip to be made. None means: not sent, the server's default holds."""

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


def check_request(request: VideoRequest) -> None:
    """Refuse what no server could mean.

    Raises:
        ProblemError: prompt_empty, prompt_too_long, size_invalid, seconds_invalid or
            param_standard, where a parameter would be a second answer to one question.
    """
    if not request.prompt.strip():
        raise problem_error("prompt_empty")
    if len(request.prompt) > MAX_PROMPT:
        raise problem_error("prompt_too_long", length=len(request.prompt), limit=MAX_PROMPT)
    if request.size is not None:
        width_height(request.size)
    if request.seconds is not None and not _SECONDS.fullmatch(request.seconds):
        raise problem_error("seconds_invalid", seconds=request.seconds)
    for name in request.params:
        if name in _SETTINGS and getattr(request, name) is not None:
            raise problem_error("param_standard", name=name)


def width_height(size: str) -> tuple[int, int]:
    """The pixels of a size written `width x height`, e.g. `1280x720`.

    Raises:
        ProblemError: size_invalid.
    """
    match = _SIZE.fullmatch(size)
    if match is None:
        raise problem_error("size_invalid", size=size)
    return int(match[1]), int(match[2])
