"""A paid clip is found under whatever name a relay gives its address; what is none is not tried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sora_tui.core.clip_addresses import (
    ADDRESSES,
    HOLDERS,
    MAX_OUTPUTS,
    clip_addresses,
    output_count,
    strings_in,
)
from sora_tui.core.remote_video import MAX_DOCUMENT, read_video

URL = "https://cdn.example/clip.mp4?sig=1"


def found(document: object) -> list[tuple[int, str]]:
    return [(each.output, each.text) for each in clip_addresses(document)]


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_name_counts_wherever_it_stands(name: str) -> None:
    for inner in ({name: URL}, {name: [URL]}, {name.upper(): URL}, {name.replace("_", ""): URL}):
        assert found({"id": "v", **inner}) == [(0, URL)]
        for holder in HOLDERS:
            assert found({"id": "v", holder: inner}) == [(0, URL)], holder
            assert found({"id": "v", holder: [inner]}) == [(0, URL)], holder


@pytest.mark.parametrize(
    "document",
    [
        {"output": URL},
        {"output": [URL]},
        {"video": URL},
        {"outputs": {"video_url": URL}},  # Together
        {"content": {"video_url": URL, "last_frame_url": "https://cdn.example/last.png"}},  # Ark
        {"data": {"task_result": {"videos": [{"id": "1", "url": URL}]}}},  # Kling
        {"task": {"content": {"url": URL}}},  # MiniMax
        {"data": [{"outputs": [{"type": "video", "url": URL}]}]},  # Kling 3.0
        {"outputs": [{"type": "image", "content_type": "video/mp4", "url": URL}]},  # Comfy
        {"outputs": [{"type": "image", "url": "https://cdn.example/a.png"}, {"url": URL}]},
        {"type": "image_to_video", "result": {"url": URL}},
        {"urls": {"get": "https://api.example/jobs/1"}, "output": URL},  # Replicate
        {"generatedVideos": [{"video": {"uri": URL}}]},
        [{"url": URL}],
        [URL],
        {"outputs": {"0": {"url": URL}}},
        {"video_result": [{"url": URL, "cover_image_url": "https://cdn.example/a.png"}]},  # Zhipu
        {"video_list": [{"video_url": URL}]},
        {"video_file": URL},
        {"video": {"src": URL}},
        {"output": json.dumps({"video_url": URL})},
        {"output": json.dumps([URL])},
        {"data": {"result": json.dumps({"data": json.dumps({"url": URL})})}},
        {"video_1": {"url": URL}},
        {"video_url_1": URL},
    ],
)
def test_answers_of_known_services(document: object) -> None:
    assert found(document) == [(0, URL)]


@pytest.mark.parametrize(
    "value",
    [
        "file:///etc/passwd",
        "gs://bucket/clip.mp4",
        "data:video/mp4;base64,AAAA",
        "done",
        "",
        " ",
        "a clip/of a kite",
        "https://cdn.example/a\x1b.mp4",
        "/" + "x" * 9000,
        None,
        7,
    ],
)
def test_a_value_that_is_no_address_is_left_out(value: object) -> None:
    assert found({"url": value, "output": value}) == []


@pytest.mark.parametrize("name", ["thumbnail_url", "cover_url", "polling_url", "image_url", "self"])
def test_other_addresses_are_no_clips(name: str) -> None:
    assert found({name: URL, "data": {name: URL}}) == []


@pytest.mark.parametrize("text", ["/files/a.mp4", "files/a.mp4", "../a.mp4", "a.mp4", "//cdn/a"])
def test_relative_addresses_are_kept_as_they_are(text: str) -> None:
    assert found({"video_url": text}) == [(0, text)]


def test_a_list_has_one_entry_a_clip() -> None:
    document = {
        "url": "https://a.example/0",
        "urls": ["https://a.example/0", "https://a.example/1"],
        "data": {"videos": [{"url": "https://b.example/0"}, {"url": "https://b.example/1"}]},
    }
    assert found(document) == [
        (0, "https://a.example/0"),
        (0, "https://b.example/0"),
        (1, "https://a.example/1"),
        (1, "https://b.example/1"),
    ]


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ({}, 1),
        ({"num_outputs": 3}, 3),
        ({"num_outputs": "3"}, 3),
        ({"num_outputs": 1000}, MAX_OUTPUTS),
        ({"num_outputs": 10**400}, 1),
        ({"num_outputs": True}, 1),
        ({"num_outputs": -2}, 1),
        ({"num_outputs": 2.5}, 1),
        ({"file_paths": ["/srv/0.mp4", "/srv/1.mp4"]}, 2),
        ({"videos": [{"url": f"https://a.example/{n}"} for n in range(4)]}, 4),
        ({"url": URL, "unsigned_urls": [URL]}, 1),
        ({"data": [{"b64_json": "", "url": None}, {"b64_json": ""}]}, 2),
    ],
)
def test_how_many_clips_there_are(document: dict[str, Any], count: int) -> None:
    assert output_count(document, clip_addresses(document)) == count
    video = read_video({"id": "v", "status": "completed", **document})
    assert video is not None
    assert video.outputs == count


def test_what_we_sent_is_found_however_deep() -> None:
    assert URL in strings_in({"video_url": URL})
    assert URL in strings_in({"extra_params": [{"video": {"url": URL}}], "seed": 7, "on": None})


def test_a_document_that_is_cut_keeps_an_address_of_each_clip() -> None:
    urls = [f"https://a.example/{n}.mp4" for n in range(3)]
    document = {"id": "v", "status": "completed", "noise": "x" * MAX_DOCUMENT, "urls": urls}
    video = read_video(document)
    assert video is not None
    again = read_video(json.loads(json.dumps(video.document)))
    assert again is not None
    assert "noise" not in again.document
    assert again.addresses == video.addresses
    assert again.outputs == 3


def test_a_document_made_to_be_walked_for_ever_is_not() -> None:
    document: Any = {"url": URL}
    for _ in range(40):
        document = {"data": [document] * 2}
    assert found(document) == []
    assert len(found({"urls": [f"https://a.example/{n}" for n in range(1000)]})) <= 64


def test_the_clip_without_a_watermark_comes_first() -> None:
    document = {"url": "https://cdn.example/marked.mp4", "no_watermark_url": URL}
    assert [text for _, text in found(document)] == [URL, "https://cdn.example/marked.mp4"]


@pytest.mark.parametrize(
    "document",
    [
        {"outputs": {"1": {"url": "/b.mp4"}, "0": {"url": "/a.mp4"}}},
        {"outputs": {"2": {"url": "/b.mp4"}, "1": {"url": "/a.mp4"}}},
        {"outputs": {"10": "/b.mp4", "9": "/a.mp4"}},
        {"video_url_2": "/b.mp4", "video_url_1": "/a.mp4"},
        {"output_1": {"url": "/b.mp4"}, "output_0": {"url": "/a.mp4"}},
        {"output": json.dumps([{"url": "/a.mp4"}, {"url": "/b.mp4"}])},
    ],
)
def test_clips_that_are_counted_by_name_are_as_many(document: dict[str, Any]) -> None:
    assert found(document) == [(0, "/a.mp4"), (1, "/b.mp4")]
    assert output_count(document, clip_addresses(document)) == 2


@pytest.mark.parametrize(
    ("text", "is_address"),
    [
        ("https://cdn.example/my clip.mp4", True),
        ("https://cdn.example/my clip.mp4?a=b c", True),
        ("/files/my clip.mp4", True),
        ("https://cdn.example/a.mp4 https://cdn.example/b.mp4", False),
        ("https://cdn.example/ will have it soon", False),
        ("not made yet", False),
    ],
)
def test_a_blank_in_an_address_is_not_its_end(text: str, is_address: bool) -> None:
    assert bool(found({"url": text})) is is_address
    assert found({"output": text}) == []


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"url": 1}', '"https://x.example/a.mp4"'])
def test_a_text_that_only_begins_like_json_is_a_text(text: str) -> None:
    assert found({"output": text}) == []
