"""Create, poll, failure, download, list and delete on each server, as it is known to do them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

import sora_tui
from sora_tui.cli.commands.simulate import SIMULATED
from sora_tui.core.sniff import sniff
from sora_tui.simulator.dialects import DIALECTS
from tests.support.dialect_driver import SMALL, Driver, driving

HOUSE: Final = Path(sora_tui.__file__).parent


@dataclass(frozen=True)
class Known:
    """What a server is known to do; the defaults are OpenAI's way."""

    base: str = "/v1"
    create: int = 200
    id: str = r"video_[0-9a-f]{24}"
    words: frozenset[str] = frozenset(("queued", "in_progress"))
    #: Whether progress moves: the values that may be seen on the way, or None for any.
    progress: frozenset[Any] | None = None
    fields: frozenset[str] = frozenset(
        {"id", "object", "model", "status", "progress", "created_at", "completed_at"}
        | {"expires_at", "prompt", "size", "seconds", "remixed_from_video_id", "error"}
    )
    failed: int = 200
    error: Any = (
        ("code", "generation_error"),
        ("message", "The video could not be generated. Please try again."),
    )
    early: int = 404
    content: int = 200
    listed: int = 200
    page: frozenset[str] = frozenset(("object", "data", "first_id", "last_id", "has_more"))
    deleted: int = 200
    deletion: frozenset[str] = frozenset(("id", "object", "deleted"))
    missing: int = 404
    remix: int = 200
    deleted_early: int = 400
    #: What an answer to an unknown path has.
    nothing: str = "error"
    #: Which of `HEADERS` every answer has.
    headers: frozenset[str] = frozenset(("x-request-id",))


#: By what servers may be known.
HEADERS: Final = frozenset(("x-request-id", "server", "x-oneapi-request-id", "apim-request-id"))
UVICORN: Final = frozenset(("server",))
OPENAI: Final = Known()
MESSAGE: Final = OPENAI.error[1]
LITELLM: Final = replace(
    OPENAI,
    headers=frozenset(),
    deleted_early=405,
    nothing="detail",
    id=r"video_[A-Za-z0-9+/]{120,}={0,2}",
    fields=OPENAI.fields - {"prompt"} | {"usage"},
    listed=400,
    deleted=405,
    missing=500,
)
SGLANG: Final = replace(
    OPENAI,
    remix=404,
    headers=UVICORN,
    deleted_early=200,
    nothing="detail",
    id=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    fields=OPENAI.fields - {"prompt"}
    | {"quality", "url", "urls", "file_path", "file_paths", "num_outputs"}
    | {"inference_time_s", "peak_memory_mb", "revised_prompt", "action"},
    error=(MESSAGE,),
    deletion=OPENAI.fields - {"prompt"}
    | {"quality", "url", "urls", "file_path", "file_paths", "num_outputs"}
    | {"inference_time_s", "peak_memory_mb", "revised_prompt", "action"},
)
KNOWN: Final = {
    "openai": OPENAI,
    "litellm": LITELLM,
    "litellm-1.109": LITELLM,
    "vllm-omni": replace(
        OPENAI,
        remix=404,
        headers=UVICORN,
        deleted_early=200,
        nothing="detail",
        id=r"video_gen_[0-9a-f]{32}",
        progress=frozenset((0,)),
        fields=OPENAI.fields
        | {"quality", "media_type", "file_name", "inference_time_s", "fps", "num_frames"}
        | {"duration_s", "stage_durations", "peak_memory_mb", "metrics", "action"},
        failed=500,
        error=(("code", 500), MESSAGE),
    ),
    "sglang": SGLANG,
    "sglang-cloud": replace(SGLANG, content=400),
    "aquiles": replace(
        OPENAI,
        remix=404,
        headers=UVICORN,
        deleted_early=200,
        nothing="detail",
        id=r"video_[0-9a-f]{12}",
        words=frozenset(("queued", "processing")),
        progress=frozenset(range(0, 91, 10)),
        fields=OPENAI.fields - {"completed_at", "expires_at", "remixed_from_video_id"}
        | {"quality"},
        early=500,
    ),
    "trt-llm": replace(
        OPENAI,
        remix=404,
        headers=UVICORN,
        deleted_early=200,
        nothing="detail",
        create=202,
        id=r"video_[0-9a-f]{32}",
        words=frozenset(("queued", "generating", "postprocessing")),
        progress=frozenset((None,)),
        fields=OPENAI.fields - {"seconds"} | {"duration", "fps"},
        error=MESSAGE[1],
        early=400,
        page=frozenset(("object", "data")),
        deletion=frozenset(("deleted",)),
    ),
    "new-api": replace(
        OPENAI,
        headers=frozenset(("x-oneapi-request-id",)),
        deleted_early=404,
        id=r"task_[A-Za-z0-9]{32}",
        fields=frozenset(("id", "task_id", "object", "model", "status", "progress", "created_at"))
        | {"completed_at", "expires_at", "size", "seconds", "metadata"},
        early=400,
        listed=404,
        deleted=404,
        missing=400,
    ),
    "azure": replace(OPENAI, base="/openai/v1", headers=frozenset(("apim-request-id",))),
    "openrouter": replace(
        OPENAI,
        remix=404,
        headers=frozenset(),
        deleted_early=404,
        base="/api/v1",
        create=202,
        id=r"[0-9a-f]{24}",
        words=frozenset(("pending", "in_progress")),
        progress=frozenset((None,)),
        fields=frozenset(("id", "polling_url", "status", "unsigned_urls", "expires_at", "usage")),
        error=MESSAGE[1],
        early=409,
        listed=404,
        deleted=404,
    ),
}


@pytest.fixture(scope="module", params=KNOWN)
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """One server for all tests of a dialect; none of them needs it empty."""
    with driving(request.param, speed=300) as driver:
        yield driver


@pytest.fixture
def known(driver: Driver) -> Known:
    return KNOWN[driver.dialect]


def test_every_dialect_is_known_here_and_to_the_command_line() -> None:
    assert tuple(DIALECTS) == SIMULATED == tuple(KNOWN) == tuple(SMALL)


@pytest.mark.parametrize(
    "name",
    [
        "aquiles",
        "azure",
        "litellm",
        "new[-_]api",
        "openrouter",
        "sglang",
        "trt[-_]llm",
        "vllm[-_]omni",
    ],
)
def test_a_dialect_is_one_file_and_one_row(name: str) -> None:
    """A new one touches no other file of the simulator, and the word in the command line."""
    naming = {
        path.relative_to(HOUSE).as_posix()
        for path in [*HOUSE.glob("simulator/**/*.py"), HOUSE / "cli/commands/simulate.py"]
        if path.name != "testing.py"  # shows one of them as an example
        and re.search(name, path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    own = f"simulator/dialects/{name.replace('[-_]', '_')}.py"
    assert naming <= {own, "simulator/dialects/__init__.py", "cli/commands/simulate.py"}


def test_create_poll_and_download(driver: Driver, known: Known) -> None:
    assert driver.server.base_url.endswith(known.base)
    answer = driver.post("A kite")
    assert answer.status_code == known.create, answer.text
    video_id = answer.json()["id"]
    assert isinstance(video_id, str)

    assert re.fullmatch(known.id, video_id), video_id
    seen: list[dict[str, Any]] = [answer.json()]
    done = driver.ended(video_id, seen.append)
    assert done.status_code == 200
    assert done.json().keys() == known.fields
    assert done.json()["status"] == "completed"
    assert {video["status"] for video in seen} <= known.words
    if known.progress is not None:
        assert {video.get("progress") for video in seen} <= known.progress
    clip = driver.get(video_id, "/content")
    assert clip.status_code == known.content
    if known.content == 200:
        assert clip.headers["content-type"] == "video/mp4"
        assert sniff(clip.content) == "mp4"


def test_content_too_early(driver: Driver, known: Known) -> None:
    video_id = driver.created("[slow] kite")
    assert driver.get(video_id, "/content").status_code == known.early
    driver.ended(video_id)


def test_a_failure(driver: Driver, known: Known) -> None:
    video_id = driver.created("[fails] kite")
    answer = driver.ended(video_id)
    assert answer.status_code == known.failed
    video = answer.json()
    assert video["status"] == "failed"
    error = video["error"]
    assert (tuple(error.items()) if isinstance(error, dict) else error) == known.error
    assert driver.get(video_id, "/content").status_code in (400, 404, 409, 422, 500)


def test_the_list(driver: Driver, known: Known) -> None:
    driver.finished()
    answer = driver.http.get("/videos")
    assert answer.status_code == known.listed, answer.text
    if known.listed == 200:
        assert answer.json().keys() == known.page
        assert answer.json()["data"][0].keys() == known.fields


def test_deletion(driver: Driver, known: Known) -> None:
    video_id = driver.finished()
    answer = driver.delete(video_id)
    assert answer.status_code == known.deleted, answer.text
    if known.deleted == 200:
        assert answer.json().keys() == known.deletion
        assert driver.get(video_id).status_code == known.missing


def test_deletion_in_the_making(driver: Driver, known: Known) -> None:
    video_id = driver.created("[slow] kite")
    assert driver.delete(video_id).status_code == known.deleted_early
    if known.deleted_early != 200:
        driver.ended(video_id)


def test_an_unknown_id(driver: Driver, known: Known) -> None:
    assert driver.get("video_0").status_code == known.missing


def test_a_refusal_before_anything_starts(driver: Driver) -> None:
    answer = driver.post("[moderated] kite")
    assert answer.status_code == 400
    assert "Hmmm something didn't look right" in answer.text


def test_a_remix(driver: Driver, known: Known) -> None:
    source = driver.finished()
    answer = driver.http.post(
        f"/videos/{quote(source, safe='')}/remix", json={"prompt": "[fails] again"}
    )
    assert answer.status_code == known.remix
    if known.remix == 200:
        assert answer.json()["remixed_from_video_id"]


def test_headers_of_every_answer(driver: Driver, known: Known) -> None:
    for path in ("/nothing", "/models"):
        assert HEADERS & driver.http.get(path).headers.keys() == known.headers
    assert driver.http.get("/nothing").json().keys() == {known.nothing}
