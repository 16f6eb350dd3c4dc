"""The simulator's answers fit the API as its maker wrote it down."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jsonschema

from tests.support.simulator_process import Simulator

#: VideoResource, VideoListResource and DeletedVideoResource of OpenAI's published OpenAPI file.
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


def test_every_answer_of_a_life_fits(simulator: Simulator) -> None:
    headers = {"authorization": f"Bearer {simulator.key}"}
    with httpx.Client(base_url=simulator.base_url, headers=headers) as http:
        jsonschema.validate(http.get("/videos", params={"limit": 0}).json(), LIST)
        wanted = {"prompt": "A life", "size": "1280x720", "model": "any-model"}
        ids = [
            http.post("/videos", json={**wanted, "prompt": prompt}).json()["id"]
            for prompt in ("A life", "[fails]", "[blocked]")
        ]
        seen: set[str] = set()
        while not {"completed", "failed"} <= seen:
            for video_id in ids:
                answer = http.get(f"/videos/{video_id}")
                assert int(answer.headers["openai-poll-after-ms"]) > 0
                jsonschema.validate(answer.json(), VIDEO)
                seen.add(answer.json()["status"])
            time.sleep(0.02)
        assert seen == {"queued", "in_progress", "completed", "failed"}
        jsonschema.validate(http.get("/videos").json(), LIST)

        clip = f"/videos/{ids[0]}/content"
        whole = http.get(clip)
        assert whole.headers["content-type"] == "video/mp4"
        assert int(whole.headers["content-length"]) == len(whole.content)
        part = http.get(clip, headers={"range": "bytes=100-199", "if-range": whole.headers["etag"]})
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        for variant, kind in (("thumbnail", "image/webp"), ("spritesheet", "image/jpeg")):
            answer = http.get(clip, params={"variant": variant})
            assert answer.headers["content-type"] == kind
        assert http.get(f"/videos/{ids[1]}/content").status_code == 404
        jsonschema.validate(http.delete(f"/videos/{ids[0]}").json(), DELETED)
