"""Reads the body of a create request, and checks it with the rules and words of OpenAI's spec.

Sizes, lengths and models are open: all values from which a clip can be made are accepted. The
requirements of other servers are in create_requests.py.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sora_tui.media.image import ImageFacts, ImageRefusedError, check_image
from sora_tui.simulator.errors import ApiError

MULTIPART: Final = "multipart/form-data"
JSON: Final = "application/json"
MAX_BODY_BYTES: Final = 32 * 2**20
MAX_PROMPT: Final = 32_000
MAX_SECONDS: Final = 60
MAX_CHARACTERS: Final = 2
MAX_FPS: Final = 60
MAX_SEED: Final = 2**63 - 1
SIDES: Final = range(16, 4097)

_IMAGE_TYPES: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """A create request that was accepted.

    `asked` is what else this server's answers, or the drawing, need to know; `characters` are ids.
    """

    prompt: str
    model: str
    width: int
    height: int
    seconds: int
    reference: bytes | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    characters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """The fields of a body; a file is an `UploadFile`. `media_type` is in lower case, bare."""

    media_type: str
    fields: dict[str, Any]

    @property
    def multipart(self) -> bool:
        """Whether the body is a multipart form."""
        return self.media_type == MULTIPART


async def read_body(request: Request) -> Body:
    """Return the fields of a multipart or JSON body; a body of another kind has none.

    Raises:
        ApiError: 400 when it is no JSON object; 413 comes from reading.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == MULTIPART:
        form = await request.form(max_part_size=MAX_BODY_BYTES)
        fields: dict[str, Any] = dict(form)
        if ids := form.getlist("characters[][id]"):  # as OpenAI's client writes a list of objects
            fields["characters"] = [{"id": id} for id in ids]
        return Body(media_type, fields)
    return Body(media_type, await _json_object(request) if media_type == JSON else {})


async def openai_create(request: Request) -> CreateRequest:
    """Read a multipart or JSON request, as OpenAI's spec has it.

    Raises:
        ApiError: 400, with the parameter's name; 404 for a file id.
    """
    body = await read_body(request)
    if body.media_type not in (MULTIPART, JSON):
        raise unsupported(body, f"'{MULTIPART}' or '{JSON}'")
    return await judged(body)


async def judged(body: Body) -> CreateRequest:
    """Return the request in a body of a right encoding; the reference must have its size.

    Raises:
        ApiError: 400, with the parameter's name; 404 for a file id.
    """
    fields = body.fields
    if body.multipart:
        reference = await _uploaded_reference(fields)
    else:
        reference = _reference_object(fields.get("input_reference"))
    prompt = prompt_of(fields)
    width, height = size_of(text_of(fields, "size", "720x1280"))
    seconds = seconds_of(text_of(fields, "seconds", "4"))
    model = text_of(fields, "model", "sora-2")
    if reference is not None:
        _fits(reference, width, height)
    characters = characters_of(fields)
    return CreateRequest(
        prompt, model, width, height, seconds, reference, drawing_of(fields), characters
    )


def drawing_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of open models that this server can show: `seed`, `negative_prompt`, `fps`.

    Only fields that were sent are returned, numbers as whole numbers, from JSON or a form.

    Raises:
        ApiError: 400.
    """
    asked: dict[str, Any] = {}
    for name, low, high in (("seed", 0, MAX_SEED), ("fps", 1, MAX_FPS)):
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None:
            if not isinstance(value, str):
                raise wrong_type(name, "an integer", value)
            asked[name] = bounded_int(value, name, low, high)
    if text := text_of(fields, "negative_prompt", ""):
        asked["negative_prompt"] = text[:MAX_PROMPT]
    return asked


def characters_of(fields: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids in `characters`: a list of objects, or in a form that list as JSON.

    The spec's schemas do not have it yet; OpenAI's guide does, with at most two.

    Raises:
        ApiError: 400.
    """
    said = fields.get("characters")
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            raise wrong_type("characters", "an array of objects", said) from None
    if said is None:
        return ()
    if not isinstance(said, list):
        raise wrong_type("characters", "an array of objects", said)
    if len(said) > MAX_CHARACTERS:
        raise ApiError(
            400,
            f"Invalid 'characters': array too long. Expected an array with maximum length "
            f"{MAX_CHARACTERS}, but got an array with length {len(said)} instead.",
            code="array_above_max_length",
            param="characters",
        )
    for number, one in enumerate(said):
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise wrong_type(f"characters[{number}]", "an object with an id", one)
    return tuple(one["id"] for one in said)


def unsupported(body: Body, accepted: str) -> ApiError:
    """Return the refusal of a body of the wrong content type."""
    return ApiError(
        400,
        f"Unsupported content type: '{body.media_type}'. This API method only accepts "
        f"{accepted} requests.",
        code="unsupported_content_type",
    )


def missing(name: str) -> ApiError:
    """Return the refusal of a request without a field that it needs."""
    return ApiError(
        400,
        f"Missing required parameter: '{name}'.",
        code="missing_required_parameter",
        param=name,
    )


def bounded_int(text: str, name: str, low: int, high: int) -> int:
    """Return a whole number from a query string or a form.

    Raises:
        ApiError: 400 in OpenAI's words.
    """
    if not re.fullmatch(r"-?\d{1,19}", text):
        raise ApiError(
            400,
            f"Invalid type for '{name}': expected an integer, but got a string instead.",
            code="invalid_type",
            param=name,
        )
    value = int(text)
    if value > high:
        raise ApiError(
            400,
            f"Invalid '{name}': integer above maximum value. Expected a value <= {high}, "
            f"but got {value} instead.",
            code="integer_above_max_value",
            param=name,
        )
    if value < low:
        raise ApiError(
            400,
            f"Invalid '{name}': integer below minimum value. Expected a value >= {low}, "
            f"but got {value} instead.",
            code="integer_below_min_value",
            param=name,
        )
    return value


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, "We could not parse the JSON body of your request.")
    return body


def text_of(fields: dict[str, Any], name: str, default: str) -> str:
    """Return a text field, or its default; an ApiError in OpenAI's words for another value."""
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def prompt_of(fields: dict[str, Any]) -> str:
    """Return the prompt, 1 to 32,000 characters; an ApiError in OpenAI's words otherwise."""
    if fields.get("prompt") is None:
        raise missing("prompt")
    prompt = text_of(fields, "prompt", "")
    if not prompt:
        raise ApiError(
            400,
            "Invalid 'prompt': empty string. Expected a string with minimum length 1, "
            "but got an empty string instead.",
            code="empty_string",
            param="prompt",
        )
    if len(prompt) > MAX_PROMPT:
        raise ApiError(
            400,
            f"Invalid 'prompt': string too long. Expected a string with maximum length "
            f"{MAX_PROMPT}, but got a string with length {len(prompt)} instead.",
            code="string_above_max_length",
            param="prompt",
        )
    return prompt


def size_of(text: str) -> tuple[int, int]:
    """Return width and height that can be drawn; an ApiError in OpenAI's words otherwise."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    sides = [int(side) for side in match.groups()] if match else []
    if not all(side in SIDES and side % 2 == 0 for side in sides) or not sides:
        raise ApiError(
            400,
            f"Invalid value: '{text}'. Expected a size such as '1280x720', with an even width "
            f"and height from {SIDES.start} to {SIDES.stop - 1}.",
            code="invalid_value",
            param="size",
        )
    return sides[0], sides[1]


def seconds_of(text: str) -> int:
    """Return a length that can be drawn; an ApiError in OpenAI's words otherwise."""
    if not re.fullmatch(r"\d{1,3}", text) or not 1 <= int(text) <= MAX_SECONDS:
        raise ApiError(
            400,
            f"Invalid value: '{text}'. Expected whole seconds from '1' to '{MAX_SECONDS}'.",
            code="invalid_value",
            param="seconds",
        )
    return int(text)


async def _uploaded_reference(fields: dict[str, Any]) -> bytes | None:
    url = fields.get("input_reference[image_url]")
    if isinstance(url, str):
        return _reference_object({"image_url": url})
    part = fields.get("input_reference")
    if part is None:
        return None
    if not isinstance(part, UploadFile):
        raise wrong_type("input_reference", "a file", part)
    media_type = (part.content_type or "application/octet-stream").partition(";")[0]
    _supported(media_type)
    return await part.read()


def _reference_object(value: Any) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_type("input_reference", "an object", value)
    url, file_id = value.get("image_url"), value.get("file_id")
    if (url is None) == (file_id is None):
        raise ApiError(
            400,
            "Invalid 'input_reference': provide exactly one of 'image_url' or 'file_id'.",
            code="invalid_value",
            param="input_reference",
        )
    if url is None:
        raise ApiError(404, f"No such File object: {file_id}", param="input_reference.file_id")
    return data_url(url)


def data_url(url: Any) -> bytes:
    """Return the picture in a base64 data URL; the simulator fetches nothing from the network.

    Raises:
        ApiError: 400.
    """
    if not isinstance(url, str):
        raise wrong_type("input_reference.image_url", "a string", url)
    match = re.match(r"data:([\w/+.-]+);base64,", url)
    if match is None:
        raise ApiError(
            400,
            "Invalid 'input_reference.image_url': this simulator only takes base64 data URLs.",
            code="invalid_image_url",
            param="input_reference.image_url",
        )
    _supported(match[1])
    try:
        return base64.b64decode(url[match.end() :], validate=True)
    except binascii.Error:
        raise ApiError(
            400,
            "Invalid 'input_reference.image_url': the data URL is not valid base64.",
            code="invalid_base64",
            param="input_reference.image_url",
        ) from None


def _supported(media_type: str) -> None:
    if media_type not in _IMAGE_TYPES:
        raise ApiError(
            400,
            f"Invalid file 'input_reference': unsupported mimetype ('{media_type}'). Supported "
            "file formats are 'image/jpeg', 'image/png', and 'image/webp'.",
            code="unsupported_file_mimetype",
            param="input_reference",
        )


def checked_picture(reference: bytes) -> ImageFacts:
    """Return the facts of a picture of any size.

    Raises:
        ApiError: 400 when it is no picture.
    """
    try:
        facts = check_image(reference)
    except ImageRefusedError:
        facts = None
    if facts is None or facts.format not in _IMAGE_TYPES.values():
        raise ApiError(
            400,
            "Invalid image file or mode for 'input_reference', please check your image file.",
            code="invalid_image_file",
            param="input_reference",
        )
    return facts


def _fits(reference: bytes, width: int, height: int) -> None:
    facts = checked_picture(reference)
    if (facts.width, facts.height) != (width, height):
        raise ApiError(400, "Inpaint image must match the requested width and height")


def wrong_type(name: str, expected: str, value: Any) -> ApiError:
    """Return the refusal of a field whose value has the wrong type."""
    return ApiError(
        400,
        f"Invalid type for '{name}': expected {expected}, but got {_kind(value)} instead.",
        code="invalid_type",
        param=name,
    )


def _kind(value: Any) -> str:  # noqa: PLR0911 -- one return a type
    match value:
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "a file"
