"""Path and fields of a request, by its operation and the server's dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sora_tui.client.dialect import dialect_of, with_dialect_defaults
from sora_tui.core.request import Operation, VideoRequest
from sora_tui.core.server import Encoding, Server

#: The path of each operation (videos-api, 1.1).
_PATHS: Final[Mapping[Operation, str]] = {
    "create": "/videos",
    "remix": "/videos/{video}/remix",
    "edit": "/videos/edits",
    "extend": "/videos/extensions",
    "character": "/videos/characters",
}


class WireRequest(NamedTuple):
    """A paid request, without its file.

    Attributes:
        path: Below the base address, percent-encoded.
        fields: Only what is set: some servers refuse fields they do not know (divergence 21).
        file_field: The field for a picture or a clip.
    """

    path: str
    fields: Mapping[str, Any]
    encoding: Encoding
    file_field: str


def build_request(server: Server, request: VideoRequest) -> WireRequest:
    """Return the request as this server takes it."""
    path = _PATHS[request.operation].format(video=quote(request.source_video or "", safe=""))
    row, settled = dialect_of(server), with_dialect_defaults(server)
    fields = {**server.with_own(request.params), **_settings(request, row.seconds_field)}
    fields = {
        _encodable(name): _encodable(value) if isinstance(value, str) else value
        for name, value in fields.items()
        if value is not None
    }
    if request.operation == "create":
        encoding = settled.encoding or "multipart"
        if request.characters:
            fields["characters"] = [{"id": character.id} for character in request.characters]
            encoding = server.encoding or row.characters_encoding
        file_field = settled.reference_field or "input_reference"
    else:
        # In JSON, by an id that the SDK cannot send (18).
        encoding, file_field = "json", "video"
        if request.source_file is not None:
            encoding = "multipart"
            if row.upload_model_field and request.model:
                fields[row.upload_model_field] = request.model
        elif request.operation != "remix":
            fields["video"] = {"id": request.source_video}
    if encoding == "json" and row.seconds_as_number and row.seconds_field in fields:
        number = float(fields[row.seconds_field])
        fields[row.seconds_field] = int(number) if number.is_integer() else number
    return WireRequest(path, fields, encoding, file_field)


def _settings(request: VideoRequest, seconds_field: str) -> dict[str, str]:
    """Return the settings that the API has for this operation; others come from the source clip."""
    settings = {"name" if request.operation == "character" else "prompt": request.prompt}
    if request.operation in {"create", "extend"} and request.seconds is not None:
        settings[seconds_field] = request.seconds
    # A parameter of the same name may be set instead ("768P").
    if request.operation == "create" and request.model is not None:
        settings["model"] = request.model
    if request.operation == "create" and request.size is not None:
        settings["size"] = request.size
    return settings


def _encodable(text: str) -> str:
    # A command line may have undecodable bytes as lone surrogates; no encoder takes them.
    return text.encode("utf-8", "replace").decode()
