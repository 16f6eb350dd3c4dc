"""The simulator's answers fit the API as its maker wrote it down."""

from __future__ import annotations

import time

import httpx
import jsonschema

from tests.simulator.api_schemas import DELETED, LIST, VIDEO
from tests.support.simulator_process import Simulator


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
