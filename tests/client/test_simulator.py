"""Our own client against the practice server, after the public SDK passed against it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sora_tui.client.download import download_video_from_api
from sora_tui.client.outcome import Accepted, Rejected
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Upload, VideosClient
from sora_tui.core.remote_video import Phase, RemoteVideo
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Encoding, Server
from tests.support.clients import Received, client_of
from tests.support.simulator_process import Simulator, start_simulator

REQUEST = VideoRequest("a fox in the rain", model="sora-2", seconds="4", size="1280x720")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    data = tmp_path_factory.mktemp("simulator")
    with start_simulator(data, speed=100) as running:
        yield running, data


@pytest.fixture
def server(simulator: tuple[Simulator, Path]) -> Server:
    return Server("sim", simulator[0].base_url, key=Secret(simulator[0].key))


def picture(width: int = 1280, height: int = 720) -> Upload:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, "PNG")
    return Upload(buffer.getvalue(), "image/png", "teal.png", "input_reference/teal.png")


async def finished(client: VideosClient, video_id: str) -> RemoteVideo:
    async with asyncio.timeout(60):
        while True:
            look = await client.retrieve(video_id)
            assert look.after is not None
            if look.video.phase not in {Phase.QUEUED, Phase.IN_PROGRESS}:
                return look.video
            await asyncio.sleep(0.1)


async def test_from_the_prompt_to_the_file(server: Server) -> None:
    async with client_of(server) as client:
        created = await client.create(REQUEST, None, "job-1")
        assert isinstance(created, Accepted)
        video = await finished(client, created.video.id)
        assert video.phase is Phase.COMPLETED
        assert video.expires_at is not None

        sink = Received()
        await asyncio.to_thread(
            lambda: download_video_from_api(
                server,
                video.id,
                sink,
                on_body=sink.bodies.append,
                stop=threading.Event(),
                limit=10**8,
            )
        )
        clip = bytes(sink.data)
        assert clip[4:8] == b"ftyp"
        assert [body.total for body in sink.bodies] == [len(clip)]

        page = await client.list()
        assert video.id in {listed.id for listed in page.videos}
        assert page.skew is not None
        assert abs(page.skew) < 5
        assert "sora-2" in await client.models()

        await client.delete(video.id)
        await client.delete(video.id)
        with pytest.raises(ServerError) as failure:
            await client.retrieve(video.id)
        assert failure.value.not_found


@pytest.mark.parametrize("encoding", ["multipart", "json"])
async def test_the_picture_arrives_byte_for_byte(
    simulator: tuple[Simulator, Path], server: Server, encoding: Encoding
) -> None:
    upload = picture()
    async with client_of(server._replace(encoding=encoding)) as client:
        created = await client.create(REQUEST, upload, "job-1")
    assert isinstance(created, Accepted)
    arrived = (simulator[1] / f"{created.video.id}.reference").read_bytes()
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(upload.data).digest()


@pytest.mark.parametrize(
    ("prompt", "key", "kind"),
    [("[moderated] fox", None, "moderation_before"), ("a fox", "sk-wrong", "key_refused")],
)
async def test_refusals(server: Server, prompt: str, key: str | None, kind: str) -> None:
    profile = server if key is None else server._replace(key=Secret(key))
    async with client_of(profile) as client:
        outcome = await client.create(REQUEST._replace(prompt=prompt), None, "job-1")
    assert isinstance(outcome, Rejected)
    assert outcome.error.kind == kind


async def test_a_picture_of_the_wrong_size_is_refused(server: Server) -> None:
    async with client_of(server) as client:
        outcome = await client.create(REQUEST, picture(64, 64), "job-1")
    assert isinstance(outcome, Rejected)
    assert "width and height" in outcome.error.message


async def test_a_job_that_fails_on_the_way(server: Server) -> None:
    async with client_of(server) as client:
        created = await client.create(REQUEST._replace(prompt="[blocked] fox"), None, "job-1")
        assert isinstance(created, Accepted)
        video = await finished(client, created.video.id)
    assert video.phase is Phase.FAILED
    assert video.error is not None
    assert video.error.code == "moderation_blocked"
