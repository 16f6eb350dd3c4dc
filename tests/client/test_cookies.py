"""Cookies of one job: which are kept, where they go, and that no other request has them."""

from __future__ import annotations

import logging
import threading

import pytest

from sora_tui.client.cookies import cookie_header, cookies_in
from sora_tui.client.download import download_video_from_api
from sora_tui.client.outcome import Accepted
from sora_tui.core.cookie import MAX_COOKIES, Cookie
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from tests.support.clients import Received, at, client_of
from tests.support.raw_server import RawServer, answer, replies

URL = "https://lab.example/v1/videos"
VIDEO = {"id": "video_1", "object": "video", "status": "queued"}
CLIP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


def kept(*lines: str, url: str = URL) -> dict[str, tuple[str, str]]:
    return {c.name: (c.value.reveal(), c.path) for c in cookies_in(lines, url)}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("LB=B; Path=/; HttpOnly", ("B", "/")),
        ("LB=B", ("B", "/v1")),
        ("LB=a=b==; Path=/v1; SameSite=None", ("a=b==", "/v1")),
        ("LB=B; Path=relative", ("B", "/v1")),
        ("LB=B; Domain=lab.example; Path=/", ("B", "/")),
        ("LB=B; Domain=.example; Path=/", ("B", "/")),
        ("LB=B; Path=/; Max-Age=3600; Expires=Thu, 01 Dec 2033 16:00:00 GMT", ("B", "/")),
        ("LB=; Path=/", ("", "/")),
        ("LB=B; Max-Age=soon; Path=/", ("B", "/")),
        # Not of this host, taken back, or no cookie at all.
        ("LB=B; Domain=evil.example", None),
        ("LB=B; Domain=my-lab.example", None),
        ("LB=B; Max-Age=0", None),
        ("LB=B; Max-Age=-1", None),
        ("no equals sign", None),
        ("=B", None),
        ("L B=B", None),
        ("LB=a\x00b", None),
        ("LB=a b", None),
        ("LB=\u00e9", None),
        (f"LB={'x' * 5000}", None),
    ],
)
def test_the_cookies_that_one_header_sets(line: str, value: tuple[str, str] | None) -> None:
    assert kept(line).get("LB") == value


def test_the_last_of_a_name_counts_and_their_number_is_bounded() -> None:
    assert kept("LB=A; Path=/", "LB=B; Path=/") == {"LB": ("B", "/")}
    assert kept("LB=A; Path=/", "LB=; Path=/; Max-Age=0") == {}
    many = cookies_in([f"c{n}=1" for n in range(100)], URL)
    assert len(many) == MAX_COOKIES


def test_a_cookie_goes_below_its_path_and_encrypted_if_it_says_so() -> None:
    cookies = cookies_in(["a=1; Path=/v1/videos", "b=2; Path=/", "c=3; Secure; Path=/"], URL)
    assert cookie_header(cookies, f"{URL}/x/content") == "a=1; b=2; c=3"
    assert cookie_header(cookies, "http://lab.example/v1/videos?x=1") == "a=1; b=2"
    assert cookie_header(cookies, "http://lab.example/v1/videos2") == "b=2"
    assert cookie_header(cookies, "http://127.0.0.1:4000/v1") == "b=2; c=3"
    assert cookie_header((), URL) is None


def test_a_cookie_does_not_show_itself() -> None:
    assert "hush" not in repr(Cookie("LB", Secret("hush"))) + str(at(URL).cookies)


async def test_only_the_requests_of_a_job_have_what_its_create_answer_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A probe, the list and another job set and get their own, which are kept by nobody."""
    probe = answer(200, {"data": []}, set_cookie="LB=A-probe; Path=/")
    created = answer(200, VIDEO, set_cookie="LB=B-secret; Path=/")
    look = answer(200, VIDEO, set_cookie="LB=C-look; Path=/")
    caplog.set_level(logging.DEBUG)
    with RawServer(replies(probe, look, look, probe, look), replies(created)) as server:
        async with client_of(at(server.url)) as client:
            await client.models()
            made = await client.create(VideoRequest("a fox"), None, "k")
            assert isinstance(made, Accepted)
            assert [cookie.name for cookie in made.cookies] == ["LB"]
            await client.retrieve("video_1", made.cookies)
            await client.retrieve("video_2")
            await client.list()
            await client.delete("video_1", made.cookies)
        sent = [(r.method, r.target, r.headers.get("cookie")) for r in server.requests]
    assert sent == [
        ("GET", "/v1/models", None),
        ("POST", "/v1/videos", None),
        ("GET", "/v1/videos/video_1", "LB=B-secret"),
        ("GET", "/v1/videos/video_2", None),
        ("GET", "/v1/videos?limit=100&order=desc", None),
        ("DELETE", "/v1/videos/video_1", "LB=B-secret"),
    ]
    assert "B-secret" not in caplog.text


def test_a_download_takes_the_jobs_cookies_along_and_leaves_them_at_home_elsewhere() -> None:
    with RawServer(replies(answer(200, CLIP, content_type="video/mp4"))) as cdn:
        away = answer(302, location=f"{cdn.url}/clip.mp4", set_cookie="LB=Z; Path=/")
        with RawServer(replies(away)) as server:
            job_server = at(server.url, cookies=(Cookie("LB", Secret("B")),))
            got = Received()
            download_video_from_api(
                job_server,
                "video_1",
                got,
                on_body=got.bodies.append,
                stop=threading.Event(),
                limit=2**20,
            )
            assert server.requests[0].headers["cookie"] == "LB=B"
        assert "cookie" not in cdn.requests[0].headers
        assert bytes(got.data) == CLIP


async def test_a_cookie_of_the_profile_stays() -> None:
    with RawServer(replies(answer(200, VIDEO))) as server:
        async with client_of(at(server.url, headers={"Cookie": "own=1"})) as client:
            await client.retrieve("video_1", (Cookie("LB", Secret("B")),))
        assert server.requests[0].headers["cookie"] == "own=1; LB=B"
