"""What each server but OpenAI requires of a create request, and how it refuses one.

All can draw only what the simulator can: even sides, whole seconds, pictures as base64 data URLs.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.parameters import (
    JSON,
    MULTIPART,
    CreateRequest,
    checked_picture,
    data_url,
    judged,
    prompt_of,
    read_body,
    seconds_of,
    size_of,
    unsupported,
)

GATEWAY_MODELS: Final = ("sora-2", "sora-2-pro")
VLLM_MODEL: Final = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
SGLANG_MODEL: Final = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
AQUILES_MODEL: Final = "ltx-2"
TRT_MODEL: Final = "Wan-AI/Wan2.1-T2V-14B-Diffusers"
OPENROUTER_MODELS: Final = ("google/veo-3.1", "openai/sora-2-pro")

_OPEN_SIZE: Final = "832x480"
_SORA_SIZES: Final = ("1024x1792", "1280x720", "1792x1024", "720x1280")

#: Fields of TensorRT-LLM's newer protocol, which refuses any other name.
_TRT_FIELDS: Final = {
    *("prompt", "model", "seconds", "size", "fps", "frame_rate", "n", "num_frames", "seed"),
    *("num_inference_steps", "guidance_scale", "guidance_rescale", "negative_prompt"),
    *("output_format", "response_format", "extra_params", "input_reference"),
    *("image_reference", "video_reference", "audio_reference"),
}


async def litellm_create(request: Request) -> CreateRequest:
    """Read a request as LiteLLM: it has its own model names and passes the rest on as multipart."""
    body = await read_body(request)
    model = body.fields.get("model")
    if model not in GATEWAY_MODELS:
        raise ApiError(
            400,
            f"/videos: Invalid model name passed in model={model}. Call `/v1/models` to view "
            "available models for your key.",
            by_gateway=True,
        )
    if isinstance(body.fields.get("input_reference"), dict):
        raise ApiError(
            400,
            "Invalid request format: litellm.InternalServerError: InternalServerError: "
            "OpenAIException - Failed to send bytes into the underlying connection: "
            "AttributeError(\"'dict' object has no attribute 'read'\") LiteLLM Retried: 2 times",
            by_gateway=True,
        )
    if isinstance(seconds := body.fields.get("seconds"), int):
        body.fields["seconds"] = str(seconds)
    return await judged(body)


async def azure_create(request: Request) -> CreateRequest:
    """Read a request as Azure: multipart only; the model is the name of a deployment."""
    body = await read_body(request)
    if not body.multipart:
        raise unsupported(body, f"'{MULTIPART}'")
    model = body.fields.get("model")
    if model not in GATEWAY_MODELS:
        raise ApiError(
            404,
            f"The API deployment '{model}' for this resource does not exist. If you created the "
            "deployment within the last 5 minutes, please wait a moment and try again.",
            type_="video_generation_user_error",
        )
    return await judged(body)


async def vllm_create(request: Request) -> CreateRequest:
    """Read a request as vLLM-Omni: multipart only, the served model if any, any size and length."""
    body = await read_body(request)
    fields = body.fields if body.multipart else {}
    if "prompt" not in fields:
        raise ApiError(400, "Field required: prompt", param="prompt")
    seconds, size = str(fields.get("seconds", "4")), fields.get("size")
    if not re.fullmatch(r"[1-9]\d*", seconds):
        raise ApiError(400, r"String should match pattern '^[1-9]\d*$': seconds", param="seconds")
    if size is not None and not re.fullmatch(r"\d+x\d+", str(size)):
        raise ApiError(400, r"String should match pattern '^\d+x\d+$': size", param="size")
    steps = str(fields.get("num_inference_steps", "1"))
    if not steps.isdigit() or not 1 <= int(steps) <= 200:
        raise ApiError(
            400,
            "Input should be greater than or equal to 1 and at most 200: num_inference_steps",
            param="num_inference_steps",
        )
    model = fields.get("model", VLLM_MODEL)
    if model != VLLM_MODEL:
        raise ApiError(
            400,
            f"Model mismatch: request specifies '{model}' but server is running '{VLLM_MODEL}'.",
        )
    drawn = str(size or _sides(fields) or _OPEN_SIZE)
    reference = await _any_upload(fields.get("input_reference"))
    if reference is None and "image_reference" in fields:
        reference = _json_reference(str(fields["image_reference"]))
    return _open_request(
        fields,
        model=VLLM_MODEL,
        size=drawn,
        seconds=seconds,
        reference=reference,
        asked={"size": size, "quality": fields.get("quality", "default")},
    )


async def sglang_create(request: Request) -> CreateRequest:
    """Read a request as SGLang: both encodings.

    Multipart values are read as JSON; a reference in JSON is a path.
    """
    body = await read_body(request)
    fields, reference = dict(body.fields), None
    if body.multipart:
        if not fields.get("prompt"):
            raise ApiError(400, "prompt is required")
        if not re.fullmatch(r"[+-]?\d+", str(fields.get("seconds", "4"))):
            raise _detail("seconds", "integer, unable to parse string as an integer", "int_parsing")
        reference = await _any_upload(fields.pop("input_reference", None))
        size = fields.get("size", _OPEN_SIZE)
        if isinstance(size, str) and size.isdigit():
            raise _invalid_body("size", "Input should be a valid string")
    elif "prompt" not in fields:
        raise _invalid_body("prompt", "Field required")
    elif not isinstance(path := fields.get("input_reference"), str | None):
        raise _invalid_body("input_reference", "Input should be a valid string")
    elif path is not None:
        raise ApiError(400, f"Failed to process image source: no such file: {path}")
    elif not re.fullmatch(r"\d+", str(fields.get("seconds", 4))):
        raise _invalid_body("seconds", "Input should be a valid integer")
    if url := fields.get("reference_url"):
        reference = data_url(url)
    return _open_request(
        fields,
        model=str(fields.get("model") or SGLANG_MODEL),
        size=str(fields.get("size") or _sides(fields) or _OPEN_SIZE),
        seconds=str(fields.get("seconds", 4)),
        reference=reference,
    )


async def aquiles_create(request: Request) -> CreateRequest:
    """Read a request as Aquiles-Image: a wrong value gives a 500 and a closed connection."""
    body = await read_body(request)
    fields = body.fields
    size, seconds = fields.get("size", _SORA_SIZES[-1]), fields.get("seconds", "4")
    wrong = not isinstance(fields.get("prompt"), str) or not isinstance(seconds, str)
    if wrong or size not in _SORA_SIZES or body.media_type not in (MULTIPART, JSON):
        raise HandlerFault
    model = str(fields.get("model", "sora-2"))
    part, reference = fields.get("input_reference"), None
    if body.multipart and part is not None:
        if not model.startswith(("ltx-2", "minimax-h3")):
            raise ApiError(400, f"'{model}' does not support input_reference.")
        if not isinstance(part, UploadFile):
            raise HandlerFault
        if part.content_type not in ("image/jpeg", "image/png", "image/webp"):
            raise ApiError(400, "Unsupported image format.")
        reference = await part.read()
    return _open_request(
        fields,
        model=model,
        size=size,
        seconds=seconds,
        reference=reference,
        asked={"quality": fields.get("quality", "standard")},
    )


async def trt_create(request: Request) -> CreateRequest:
    """Read a request as TensorRT-LLM: both encodings, no unknown fields, at most 60 seconds."""
    body = await read_body(request)
    fields = body.fields
    if body.media_type not in (MULTIPART, JSON):
        raise ApiError(
            400,
            f"Unsupported content-type: {body.media_type}. Use 'application/json' or "
            "'multipart/form-data'",
        )
    if "prompt" not in fields:
        raise ApiError(400, "'prompt' is required")
    if unknown := sorted(fields.keys() - _TRT_FIELDS):
        raise ApiError(422, f"Extra inputs are not permitted: {unknown[0]}", param=unknown[0])
    try:
        seconds = float(fields.get("seconds", 4))
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 < seconds <= 60:
        raise ApiError(422, "Input should be a number greater than 0 and at most 60: seconds")
    if seconds % 1:
        raise ApiError(400, "this simulator only draws whole seconds")
    size = str(fields.get("size", "auto"))
    picture = fields.get("image_reference", fields.get("input_reference"))
    reference = await _any_upload(picture) if isinstance(picture, UploadFile) else None
    if reference is None and picture is not None:
        reference = data_url(picture)
    return _open_request(
        fields,
        model=str(fields.get("model") or TRT_MODEL),
        size=_OPEN_SIZE if size == "auto" else size,
        seconds=str(int(seconds)),
        reference=reference,
        asked={"path": fields.get("response_format") == "path"},
    )


async def openrouter_create(request: Request) -> CreateRequest:
    """Read a request as OpenRouter: JSON in a schema of its own; unknown fields are ignored."""
    body = await read_body(request)
    fields = body.fields
    if body.media_type != JSON:
        raise ApiError(400, "Invalid request: the body must be JSON")
    model = fields.get("model")
    if model not in OPENROUTER_MODELS:
        raise ApiError(400, f"{model} is not a valid model ID")
    if not isinstance(fields.get("prompt"), str) or not fields["prompt"]:
        raise ApiError(400, "Invalid request: prompt: Required")
    duration = fields.get("duration", 4)
    if not isinstance(duration, int) or isinstance(duration, bool):
        raise ApiError(400, "Invalid request: duration: Expected number, received string")
    size = fields.get("size") or _framed(
        str(fields.get("resolution", "720p")), str(fields.get("aspect_ratio", "16:9"))
    )
    reference = None
    if frames := fields.get("frame_images"):
        try:
            reference = data_url(frames[0]["image_url"]["url"])
        except (KeyError, IndexError, TypeError):
            raise ApiError(400, "Invalid request: frame_images.0.image_url: Required") from None
    return _open_request(
        fields, model=model, size=str(size), seconds=str(duration), reference=reference
    )


class HandlerFault(Exception):  # noqa: N818 - no refusal: the handler itself broke
    """A handler raised: 500 in plain text, and the connection is closed."""


def _open_request(
    fields: dict[str, Any],
    *,
    model: str,
    size: str,
    seconds: str,
    reference: bytes | None,
    asked: dict[str, Any] | None = None,
) -> CreateRequest:
    """Return a request whose reference may have any size."""
    width, height = size_of(size)
    if reference is not None:
        checked_picture(reference)
    return CreateRequest(
        prompt_of(fields), model, width, height, seconds_of(seconds), reference, asked or {}
    )


def _sides(fields: dict[str, Any]) -> str | None:
    width, height = fields.get("width"), fields.get("height")
    return f"{width}x{height}" if width and height else None


def _framed(resolution: str, ratio: str) -> str:
    """Return the size of a resolution such as 720p (its shorter side) in a ratio such as 16:9."""
    side, ratios = re.fullmatch(r"(\d{3,4})p", resolution), re.fullmatch(r"(\d+):(\d+)", ratio)
    if side is None or ratios is None:
        raise ApiError(400, "Invalid request: resolution or aspect_ratio: Invalid enum value")
    short, (across, up) = int(side[1]), (int(ratios[1]), int(ratios[2]))
    long = round(short * max(across, up) / min(across, up) / 2) * 2
    return f"{long}x{short}" if across >= up else f"{short}x{long}"


async def _any_upload(part: Any) -> bytes | None:
    if part is None:
        return None
    if not isinstance(part, UploadFile):
        raise ApiError(400, "Value error, Expected UploadFile, received: <class 'str'>")
    return await part.read()


def _json_reference(text: str) -> bytes:
    try:
        return data_url(json.loads(text)["image_url"])
    except (ValueError, KeyError, TypeError):
        raise ApiError(400, "Invalid JSON in image_reference", param="image_reference") from None


def _detail(param: str, expected: str, type_: str) -> ApiError:
    return ApiError(422, f"Input should be a valid {expected}", param=param, type_=type_)


def _invalid_body(field: str, message: str) -> ApiError:
    return ApiError(
        400,
        "Invalid request body: 1 validation error for VideoGenerationsRequest\n"
        f"{field}\n  {message}",
    )
