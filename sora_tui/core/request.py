"""What a person asks for: prompt, model, length, size, reference picture and parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from sora_tui.core.problem import problem_error
from sora_tui.core.text import is_blank, is_invisible

#: Longest prompt in characters (CreateVideoJsonBody.prompt in the Videos API document).
MAX_PROMPT: Final = 32_000
#: All parameters of a request together, in bytes of JSON; a document holds twice as much.
MAX_PARAMS: Final = 512 * 1024
_MAX_DEPTH: Final = 100
#: Most clips of one prompt in one order: more is a slip of the finger.
MAX_COUNT: Final = 100
#: Longest name of a character (CreateVideoCharacterBody.name).
MAX_NAME: Final = 80

Operation = Literal["create", "remix", "edit", "extend", "character"]
OPERATIONS: Final[tuple[Operation, ...]] = ("create", "remix", "edit", "extend", "character")
How = Literal["exact", "cover", "contain", "stretch"]
HOWS: Final[tuple[How, ...]] = ("exact", "cover", "contain", "stretch")
Gravity = Literal["centre", "top", "bottom", "left", "right"]
GRAVITIES: Final[tuple[Gravity, ...]] = ("centre", "top", "bottom", "left", "right")
#: What fills the frame around a contained picture: the picture itself, blurred, or a colour.
BLUR: Final = "blur"
BLACK: Final = "black"
COLOURS: Final = {"black": (0, 0, 0), "white": (255, 255, 255), "grey": (128, 128, 128)}

#: Fields with a setting of their own.
_SETTINGS: Final = frozenset({"prompt", "model", "seconds", "size"})
_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_SIZE: Final = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_COMMA: Final = re.compile(r"\d+,\d+", re.ASCII)
_SECONDS: Final = re.compile(r"[1-9][0-9]{0,3}(\.[0-9]{1,3})?")


class Fit(NamedTuple):
    """How a picture is brought to the asked size.

    Written in one word, without what is usual: `exact`, `cover`, `cover:top`, `contain`,
    `contain:blur`, `contain:#204060`, `stretch`.

    Attributes:
        how: `exact` sends it as it is and takes no other size, `cover` fills the frame and cuts
            what stands over, `contain` shows all of it, `stretch` distorts.
        gravity: The side that `cover` does not cut.
        fill: What `contain` adds: `blur`, a name of `COLOURS` or `#rrggbb`.
    """

    how: How = "exact"
    gravity: Gravity = "centre"
    fill: str = BLACK

    def __str__(self) -> str:
        if self.how == "cover" and self.gravity != "centre":
            return f"cover:{self.gravity}"
        if self.how == "contain" and self.fill != BLACK:
            return f"contain:{self.fill}"
        return self.how

    @property
    def colour(self) -> tuple[int, int, int]:
        """The colour that `contain` adds: red, green and blue in 0..255; black for a blur."""
        if self.fill.startswith("#"):
            red, green, blue = bytes.fromhex(self.fill[1:])
            return red, green, blue
        return COLOURS.get(self.fill, COLOURS[BLACK])


EXACT: Final = Fit()
COVER: Final = Fit("cover")


def with_point(seconds: str) -> str:
    """Return a length as it is sent: `1,5`, as French writes it, is 1.5."""
    return seconds.replace(",", ".") if _COMMA.fullmatch(seconds) else seconds


def read_fit(text: str) -> Fit:
    """Return the fit that a text means.

    Raises:
        ValueError: It means none.
    """
    word, mark, detail = text.lower().partition(":")
    how = next((known for known in HOWS if known == word), None)
    if how is None or (mark and not detail):
        raise ValueError(text)
    if not detail:
        return Fit(how)
    if how == "cover":
        named = "centre" if detail == "center" else detail
        gravity = next((known for known in GRAVITIES if known == named), None)
        if gravity is not None:
            return Fit(how, gravity)
    if how == "contain" and is_fill(detail):
        return Fit(how, fill=detail)
    raise ValueError(text)


def is_fill(text: str) -> bool:
    """Return whether `contain` can fill the frame with it."""
    return text == BLUR or text in COLOURS or _HEX.fullmatch(text) is not None


class Reference(NamedTuple):
    """The picture a clip starts from.

    Attributes:
        path: The person's file, relative to the workspace, with `/`.
        sha256: Hash of the bytes that are sent, which a fit or a GIF makes differ from the file.
        fit: How it was brought to the asked size.
    """

    path: str
    sha256: str
    fit: Fit = EXACT


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


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class VideoRequest(NamedTuple):
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
    params: Mapping[str, Any] = _NONE
    variables: Mapping[str, str] = _NONE
    prompt_file: str | None = None
    operation: Operation = "create"
    source_video: str | None = None
    source_file: SourceFile | None = None
    source_job: str | None = None
    characters: tuple[Character, ...] = ()


def check_request(request: VideoRequest) -> None:
    """Refuse a request that no server could fulfil.

    Raises:
        ProblemError: prompt_empty, prompt_too_long, size_invalid or seconds_invalid;
            request_not_text; request_too_large;
            param_standard, where a parameter repeats what another setting says;
            character_name for an invalid name of a character; param_name for a parameter whose name
            has an invisible character: some server may read another name.
    """
    if request.operation == "character":
        name = request.prompt
        if len(name.strip()) > MAX_NAME or is_blank(name) or not name.isprintable():
            raise problem_error("character_name", length=len(name), limit=MAX_NAME)
        return
    if is_blank(request.prompt):
        raise problem_error("prompt_empty")
    if len(request.prompt) > MAX_PROMPT:
        raise problem_error("prompt_too_long", length=len(request.prompt), limit=MAX_PROMPT)
    if request.size is not None:
        width_height(request.size)
    if request.seconds is not None and not _SECONDS.fullmatch(request.seconds):
        raise problem_error("seconds_invalid", seconds=request.seconds)
    _check_text(request)
    for name in request.params:
        if (hidden := hidden_in(name)) is not None:
            raise problem_error("param_name", name=name, character=hidden)
        if (name in _SETTINGS and getattr(request, name) is not None) or (
            name == "video" and request.operation != "create"
        ):
            raise problem_error("param_standard", name=name)


def hidden_in(name: str) -> str | None:
    """Return the first invisible character of a name, as `U+200B`; None where all are visible.

    A blank is visible; other white space looks like a blank.
    """
    found = (one for one in name if not one.isprintable() or is_invisible(one))
    return next((f"U+{ord(one):04X}" for one in found), None)


def _depth(value: object) -> int:
    """Return how deep objects and lists are nested."""
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list | tuple) else 0


def _check_text(request: VideoRequest) -> None:
    """Refuse what no document can hold: half a character, and parameters of megabytes.

    Raises:
        ProblemError: request_not_text or request_too_large.
    """
    named = {"model": request.model, "params": dict(request.params)}
    try:
        for name, value in named.items():
            written = json.dumps(value, ensure_ascii=False).encode()
            if len(written) > MAX_PARAMS:
                size, limit = len(written), MAX_PARAMS
                raise problem_error("request_too_large", name=name, size=size, limit=limit)
            if _depth(value) > _MAX_DEPTH:
                raise problem_error("request_not_text", name=name)
    except UnicodeEncodeError:
        raise problem_error("request_not_text", name=name) from None
    except (RecursionError, TypeError, ValueError):
        # Nested deeper than a reader goes, or no JSON at all.
        raise problem_error("request_not_text", name=name) from None


def has_fixed_seed(request: VideoRequest) -> bool:
    """Return whether all clips of this request come out alike, on servers that take a seed."""
    return request.params.get("seed") not in {None, "", -1}


def unmentioned(request: VideoRequest) -> tuple[str, ...]:
    """Return the names of characters that the prompt does not mention word for word."""
    names = (character.name for character in request.characters)
    return tuple(name for name in names if name not in request.prompt)


@lru_cache(64)
def width_height(size: str) -> tuple[int, int]:
    """Return the pixels of a size written `width x height`, e.g. `1280x720`.

    Raises:
        ProblemError: size_invalid.
    """
    match = _SIZE.fullmatch(size)
    if match is None:
        raise problem_error("size_invalid", size=size)
    return int(match[1]), int(match[2])
