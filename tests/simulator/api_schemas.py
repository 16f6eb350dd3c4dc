"""VideoResource, VideoListResource and DeletedVideoResource of OpenAI's published OpenAPI file."""

from __future__ import annotations

from typing import Any

VIDEO: dict[str, Any] = {
    "type": "object",
    "required": [
        "id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at",
        "prompt", "size", "seconds", "remixed_from_video_id", "error",
    ],
    "properties": {
        "id": {"type": "string"},
        "object": {"enum": ["video"]},
        "model": {"type": "string"},
        "status": {"enum": ["queued", "in_progress", "completed", "failed"]},
        "progress": {"type": "integer"},
        "created_at": {"type": "integer"},
        "completed_at": {"type": ["integer", "null"]},
        "expires_at": {"type": ["integer", "null"]},
        "prompt": {"type": ["string", "null"]},
        "size": {"enum": ["720x1280", "1280x720", "1024x1792", "1792x1024"]},
        "seconds": {"type": "string"},
        "remixed_from_video_id": {"type": ["string", "null"]},
        "error": {
            "anyOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                },
            ]
        },
    },
}  # fmt: skip


LIST: dict[str, Any] = {
    "type": "object",
    "required": ["object", "data", "first_id", "last_id", "has_more"],
    "properties": {
        "object": {"enum": ["list"]},
        "data": {"type": "array", "items": VIDEO},
        "first_id": {"type": ["string", "null"]},
        "last_id": {"type": ["string", "null"]},
        "has_more": {"type": "boolean"},
    },
}


DELETED: dict[str, Any] = {
    "type": "object",
    "required": ["object", "deleted", "id"],
    "properties": {
        "object": {"enum": ["video.deleted"]},
        "deleted": {"type": "boolean"},
        "id": {"type": "string"},
    },
}
