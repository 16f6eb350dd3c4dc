"""Retry-After is obeyed whatever was asked: one job, the list, a deletion, a denied job."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise

import pytest

from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Poll, VideoPage
from sora_tui.core.job import JobError
from sora_tui.core.problem import Spent
from sora_tui.engine.rate_limit import RateLimiter
from tests.support.clients import at, client_of
from tests.support.polled_server import PolledServer, now, polling
from tests.support.raw_server import RawServer, answer, replies
from tests.support.virtual_time import run, until

BUSY = JobError("server_busy", Spent.NO, status=429)


class Resting(PolledServer):
    """A server that asks to be left alone: at first `busy` times, by this failure."""

    failure = ServerError(BUSY, retry_after=40.0)
    busy = 3

    async def retrieve(self, video_id: str, cookies: object = ()) -> Poll:
        poll = await super().retrieve(video_id)
        if len(self.gets) <= self.busy:
            raise self.failure
        return poll


class RestingList(PolledServer):
    """The same of its list."""

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        page = await super().list(after, limit)
        if len(self.pages) == 1:
            raise ServerError(BUSY, retry_after=40.0)
        return page


@pytest.mark.parametrize(
    "failure",
    [
        ServerError(BUSY, retry_after=40.0),
        ServerError(BUSY._replace(status=503), retry_after=40.0),
        ServerError(BUSY._replace(status=500, kind="server_unreachable"), retry_after=40.0),
        ServerError(
            BUSY._replace(status=404, kind="remote_gone"), retry_after=40.0, not_found=True
        ),
    ],
    ids=["429", "503", "500", "404"],
)
def test_a_poll_is_repeated_when_the_server_asks_for_it(
    failure: ServerError, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            active_jobs.put(farm.accept(5.0))
            await until(lambda: bool(farm.seen_at))

    farm = Resting(list_status=404)
    farm.failure = failure
    run(play(farm))
    waits = [later - earlier for (earlier, _), (later, _) in pairwise(farm.gets)]
    assert len(waits) == 3
    assert min(waits) >= 40


def test_a_list_that_wants_rest_rests_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            for _each in range(20):
                active_jobs.put(farm.accept(5.0))
            await until(lambda: len(farm.seen_at) == 20)

    farm = RestingList()
    run(play(farm))
    asked_at = farm.pages[0][0]
    assert [at for at in farm.asked if asked_at + 1 < at < asked_at + 40] == []


def test_any_request_that_passes_the_gate_counts() -> None:
    """A deletion, an adoption, a listing for a person: none of them looks at the header itself."""

    async def play() -> None:
        rate_limiter = RateLimiter()
        with pytest.raises(ServerError):
            async with rate_limiter.slot():
                raise ServerError(BUSY, retry_after=40.0)
        assert rate_limiter.paused_for == pytest.approx(40, abs=0.1)
        began = now()
        async with rate_limiter.slot():
            assert now() - began == pytest.approx(40, abs=0.1)
        rate_limiter.opened()
        with pytest.raises(ServerError):
            async with rate_limiter.slot():
                raise ServerError(BUSY._replace(status=404), retry_after=40.0, not_found=True)
        assert rate_limiter.paused_for == 0
        await asyncio.sleep(0)

    run(play())


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "7", "openai-poll-after-ms": "2000"}, 2),
        ({"retry-after": "99999"}, 300),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "9" * 400}, None),
        (
            {
                "retry-after": format_datetime(datetime(2026, 12, 31, 23, 0, 9, tzinfo=UTC), True),
                "date": format_datetime(datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), True),
            },
            9,
        ),
    ],
)
async def test_a_good_answer_may_ask_for_patience_too(
    headers: dict[str, str], after: float | None
) -> None:
    """A 202 of a job that waits says when the next look makes sense (RFC 9110, 10.2.3)."""
    video = {"id": "video_1", "status": "queued"}
    with RawServer(replies(answer(202, video, **headers))) as server:
        async with client_of(at(server.url)) as client:
            assert (await client.retrieve("video_1")).after == after
