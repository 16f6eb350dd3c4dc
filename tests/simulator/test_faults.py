"""Scripted misbehaviour, as a client sees it over a socket; and what a faults file may not say."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from sora_tui.simulator.faults import FaultsError, load_faults, parse_faults
from tests.support.dialect_driver import Driver, driving


def faulty(text: str, **options: Any) -> Any:
    return driving(options.pop("dialect", "openai"), faults=text, **options)


def known(driver: Driver) -> int:
    """How many jobs the server has."""
    return len(driver.http.get("/videos").json()["data"])


def raw(driver: Driver, target: str) -> tuple[bytes, BaseException | None]:
    """What comes back on a connection, and how it ended: with an error, or in good order."""
    url = httpx.URL(driver.server.base_url)
    assert url.port is not None
    head = f"GET {url.path.rstrip('/')}{target} HTTP/1.1\r\nhost: {url.host}\r\n"
    head += f"authorization: Bearer {driver.server.key}\r\n\r\n"
    received = b""
    with socket.create_connection((url.host, url.port), timeout=60) as line:
        line.sendall(head.encode())
        try:
            while data := line.recv(65536):
                received += data
        except OSError as error:
            return received, error
    return received, None


def test_an_answer_in_place_of_the_servers() -> None:
    fault = """
        [[fault]]
        method = "POST"
        path = "/v1/videos"
        nth = [1, 3]
        status = 503
        headers = { Retry-After = "2" }
        body = "busy"
    """
    with faulty(fault) as driver:
        answers = [driver.post("A kite") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [503, 200, 503, 200]
        assert (answers[0].text, answers[0].headers["retry-after"]) == ("busy", "2")
        assert driver.http.get("/videos").status_code == 200, "another method"
        assert known(driver) == 2, "what was answered for it never reached the server"


def test_a_lost_and_a_false_answer_to_a_request_that_was_carried_out() -> None:
    fault = """
        [[fault]]
        method = "POST"
        nth = 1
        reset = true
        carried_out = true
        [[fault]]
        method = "POST"
        nth = 2
        status = 502
        body = "<html>Bad Gateway</html>"
        carried_out = true
    """
    with faulty(fault) as driver:
        with pytest.raises(httpx.TransportError):
            driver.post("A kite")
        assert driver.post("Another").status_code == 502
        assert known(driver) == 2
        assert driver.server.posts == {"/v1/videos": 2}


def test_wrong_json() -> None:
    cut_short = '[[fault]]\npath = "/v1/videos/*"\nbody = \'{"id": "video_\'\n'
    with faulty(cut_short + '[[fault]]\nmethod = "GET"\njson = [1, {}]\n') as driver:
        answer = driver.get("video_0")
        assert (answer.status_code, answer.text) == (200, '{"id": "video_')
        listed = driver.http.get("/videos")
        assert (listed.json(), listed.headers["content-type"]) == ([1, {}], "application/json")


def test_a_path_fits_part_by_part() -> None:
    with faulty('[[fault]]\npath = "/v1/videos/*"\nstatus = 418\n') as driver:
        assert driver.http.get("/videos").status_code == 200
        assert driver.get("video_0").status_code == 418
        assert driver.get("video_0", "/content").status_code == 404


def test_the_first_of_two_faults_acts_and_both_count() -> None:
    fault = "[[fault]]\nnth = 1\nstatus = 500\n[[fault]]\nnth = [1, 2]\nstatus = 501\n"
    with faulty(fault) as driver:
        assert [driver.get("video_0").status_code for _ in range(3)] == [500, 501, 404]


def test_delay() -> None:
    with faulty('[[fault]]\nmethod = "GET"\nnth = 1\ndelay = 0.3\n') as driver:
        began = time.monotonic()
        assert driver.get("video_0").status_code == 404
        assert time.monotonic() - began >= 0.3


def test_reset_without_an_answer() -> None:
    with faulty("[[fault]]\nreset = true\n") as driver:
        received, error = raw(driver, "/videos")
        assert received == b""
        assert isinstance(error, ConnectionResetError)


def test_cut_in_good_order_and_with_a_reset() -> None:
    fault = """
        [[fault]]
        path = "/v1/videos/*/content"
        nth = 1
        cut = 1000
        [[fault]]
        path = "/v1/videos/*/content"
        nth = 2
        cut = 1000
        reset = true
    """
    with faulty(fault) as driver:
        video_id = driver.finished()
        cut, error = raw(driver, f"/videos/{video_id}/content")
        head, _, body = cut.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert (len(body), error) == (1000, None)
        broken, error = raw(driver, f"/videos/{video_id}/content")
        assert len(broken.partition(b"\r\n\r\n")[2]) == 1000
        assert isinstance(error, ConnectionResetError)
        whole = driver.get(video_id, "/content")
        assert whole.content[:1000] == body
        assert int(whole.headers["content-length"]) == len(whole.content) > 1000


def test_a_scripted_body_can_be_cut_too() -> None:
    with faulty('[[fault]]\nbody = "0123456789"\ncut = 4\n') as driver:
        received, error = raw(driver, "/videos")
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"content-length: 10" in head
        assert (body, error) == (b"0123", None)


def test_hang_before_and_within_the_answer() -> None:
    fault = """
        [[fault]]
        path = "/v1/videos"
        hang = true
        [[fault]]
        path = "/v1/models"
        cut = 10
        hang = true
    """
    with faulty(fault) as driver:
        with pytest.raises(httpx.ReadTimeout):
            driver.http.post("/videos", json={"prompt": "A kite"}, timeout=0.2)
        began = time.monotonic()
        with (
            pytest.raises(httpx.ReadTimeout),
            driver.http.stream("GET", "/models", timeout=0.2) as answer,
        ):
            received = b""
            for piece in answer.iter_raw():
                received += piece
        assert len(received) == 10
        assert time.monotonic() - began < 3


def test_a_hanging_create_may_have_been_carried_out() -> None:
    fault = '[[fault]]\nmethod = "POST"\nhang = true\ncarried_out = true\n'
    with faulty(fault) as driver:
        with pytest.raises(httpx.ReadTimeout):
            driver.http.post("/videos", json={"prompt": "A kite"}, timeout=0.3)
        assert known(driver) == 1


def test_a_forwarded_address_changes_nothing() -> None:
    with faulty("[[fault]]\nreset = true\n") as driver, pytest.raises(httpx.NetworkError):
        driver.http.get("/videos", headers={"x-forwarded-for": "192.0.2.1"}, timeout=60)


def test_a_client_that_goes_away_leaves_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    with faulty("") as driver:
        url = httpx.URL(driver.server.base_url)
        assert url.port is not None
        head = f"POST /v1/videos HTTP/1.1\r\nhost: {url.host}\r\ncontent-length: 99\r\n"
        head += f"content-type: application/json\r\nauthorization: Bearer {driver.server.key}\r\n"
        with socket.create_connection((url.host, url.port), timeout=60) as line:
            line.sendall(f"{head}\r\n{{".encode())
        deadline = time.monotonic() + 5
        while not driver.server.posts:
            assert time.monotonic() < deadline
        assert known(driver) == 0
    assert not caplog.records


def test_a_slow_drip() -> None:
    with faulty('[[fault]]\nbody = "0123456789"\nbytes_per_second = 40\n') as driver:
        began = time.monotonic()
        pieces = []
        with driver.http.stream("GET", "/videos") as answer:
            pieces = [piece for piece in answer.iter_raw() if piece]
        assert b"".join(pieces) == b"0123456789"
        assert len(pieces) >= 4
        assert time.monotonic() - began >= 0.2


def test_pretending_at_create() -> None:
    words = ("moderated", "blocked", "unanswered", "expires")
    tables = (
        f'[[fault]]\nmethod = "POST"\nnth = {number}\npretend = "{word}"\n'
        for number, word in enumerate(words, 1)
    )
    with faulty("".join(tables), speed=300) as driver:
        assert driver.post("A kite").json()["error"]["code"] == "sentinel_block"
        blocked = driver.ended(driver.created("A kite")).json()
        assert blocked["error"]["code"] == "moderation_blocked"
        with pytest.raises(httpx.RemoteProtocolError):
            driver.post("A kite")
        assert known(driver) == 2
        soon = driver.ended(driver.created("A kite")).json()
        assert soon["expires_at"] - soon["completed_at"] <= 1


def test_pretending_later() -> None:
    fault = """
        [[fault]]
        method = "GET"
        path = "/v1/videos/*"
        nth = 1
        pretend = "lost"
        [[fault]]
        method = "GET"
        path = "/v1/videos/*"
        nth = 2
        pretend = "stale"
        [[fault]]
        path = "/v1/videos/*/content"
        nth = 1
        pretend = "expired"
    """
    with faulty(fault) as driver:
        video_id = driver.created("A kite")
        lost = driver.get(video_id)
        assert (lost.status_code, "not found" in lost.text) == (404, True)
        deadline = time.monotonic() + 10
        while driver.http.get("/videos").json()["data"][0]["status"] != "completed":
            assert time.monotonic() < deadline
        stale = driver.get(video_id).json()
        assert (stale["status"], stale["progress"]) == ("queued", 0)
        assert driver.ended(video_id).json()["status"] == "completed"
        assert "expired" in driver.get(video_id, "/content").json()["error"]["message"]
        assert driver.get(video_id, "/content").status_code == 200


def test_faults_speak_the_dialect() -> None:
    lost = '[[fault]]\nmethod = "GET"\nnth = 1\npretend = "lost"\n'
    with faulty(lost, dialect="trt-llm") as driver:
        video_id = driver.created("A kite")
        assert driver.get(video_id).json()["type"] == "NotFoundError"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fault = 1", "nothing but [[fault]] tables"),
        ("[[faults]]\nstatus = 500", "nothing but [[fault]] tables"),
        ("[[fault]", "not TOML"),
        (
            "[[fault]]\nstatus = 500\n[[fault]]\nwait = 1",
            "fault 2: unknown key wait; known: method",
        ),
        ("[[fault]]\nstatus = 99", "fault 1: status must be a whole number from 200 to 599"),
        ("[[fault]]\nstatus = true", "status must be a whole number"),
        ("[[fault]]\ndelay = -1", "delay must be seconds from 0 to 3600"),
        ("[[fault]]\nstatus = 500\nnth = 0", "nth must be a number from 1"),
        ('[[fault]]\npretend = "gone"', "pretend must be one of moderated, blocked"),
        (
            "[[fault]]\nstatus = 500\nheaders = { a = 1 }",
            "headers must be a table of names and texts",
        ),
        ('[[fault]]\nheaders = { "a b" = "" }', "headers must be a table of names and texts"),
        ('[[fault]]\nheaders = { a = "\\n" }', "headers must be a table of names and texts"),
        ('[[fault]]\nmethod = "get"\nhang = true', "method must be a word in capitals such as GET"),
        ('[[fault]]\npath = "videos"\nhang = true', "path must be a path from the root"),
        ('[[fault]]\nstatus = 204\nbody = "x"', "204 or 304 has no body"),
        ('[[fault]]\nheaders = { Content-Length = "1" }', "are set by cut, reset and hang"),
        ('[[fault]]\nmethod = "GET"', "nothing happens; give one of"),
        ('[[fault]]\nbody = ""\njson = 1', "body or json, not both"),
        ("[[fault]]\nreset = true\nhang = true", "reset or hang, not both"),
        ("[[fault]]\nreset = true\nstatus = 500", "an answer and none at all"),
        ('[[fault]]\npretend = "lost"\nstatus = 500', "pretend leaves the answer to the server"),
        ("[[fault]]\ndelay = 1\ncarried_out = false", "what is not carried out needs"),
    ],
)
def test_a_wrong_file_is_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(FaultsError) as error:
        parse_faults(text)
    assert told in str(error.value)
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(FaultsError, match=r"faults\.toml: "):
        load_faults(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match=r"none\.toml"):
        load_faults(tmp_path / "none.toml")
