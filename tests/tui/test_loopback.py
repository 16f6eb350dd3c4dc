"""One clip on a loopback port: whole or in parts, to who knows the word, until it is closed."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from sora_tui.tui.services.clip_server import ClipServer

DATA = bytes(range(256)) * 4000


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ClipServer]:
    clip = tmp_path / "a clip of mine.mp4"
    clip.write_bytes(DATA)
    (tmp_path / "secret.txt").write_text("not for you")
    server = ClipServer(clip.open("rb"), ".mp4")
    yield server
    server.close()


def ask(
    server: ClipServer, method: str = "GET", path: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, server.path if path is None else path, headers=named)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_a_browser_at_its_address_gets_the_clip(served: ClipServer) -> None:
    with urllib.request.urlopen(served.url, timeout=60) as answer:
        assert answer.read() == DATA
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["Accept-Ranges"] == "bytes"
    assert served.tunnel("me@box") == f"ssh -N -L {served.port}:127.0.0.1:{served.port} me@box"


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-", 0, len(DATA)),
        ("bytes=0-0", 0, 1),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=1023000-", 1_023_000, len(DATA)),
        ("bytes=1023000-99999999", 1_023_000, len(DATA)),
        ("bytes=-500", len(DATA) - 500, len(DATA)),
        ("bytes=-99999999", 0, len(DATA)),
    ],
)
def test_a_player_may_ask_for_a_part(served: ClipServer, wanted: str, start: int, end: int) -> None:
    status, headers, body = ask(served, Range=wanted)
    assert (status, body) == (206, DATA[start:end])
    assert headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wanted", ["bytes=9999999-", "bytes=-0", f"bytes={len(DATA)}-"])
def test_a_part_that_is_not_there_is_not_to_be_had(served: ClipServer, wanted: str) -> None:
    status, headers, body = ask(served, Range=wanted)
    assert (status, body) == (416, b"")
    assert headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(
    "wanted", ["bytes=5-2", "bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=1"]
)
def test_what_is_no_range_gives_the_whole(served: ClipServer, wanted: str) -> None:
    status, _headers, body = ask(served, Range=wanted)
    assert (status, body) == (200, DATA)


def test_head_says_what_get_would_send(served: ClipServer) -> None:
    status, headers, body = ask(served, "HEAD")
    assert (status, headers["content-length"], body) == (200, str(len(DATA)), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "*",
        "/clip.mp4",
        "/secret.txt",
        "/../secret.txt",
        "/{word}/",
        "/{word}/secret.txt",
        "/{word}/../secret.txt",
        "/{word}/clip.mp4/..",
        "/{word}/%63lip.mp4",
        "/{word}/clip.mp4?x",
        "/x{word}/clip.mp4",
        "/{word}/clip.mp4\u00e9",
    ],
)
def test_there_is_nothing_else_to_be_had(served: ClipServer, path: str) -> None:
    word = served.path.split("/")[1]
    raw = path.format(word=word).encode("latin-1")
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(b"GET " + raw + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split(b"\r\n")[0].split(b" ")[1] in {b"404", b"400"}
    assert b"not for you" not in answer
    assert word.encode() not in answer
    assert len(answer) < 1000


def test_the_word_is_another_one_each_time(served: ClipServer, tmp_path: Path) -> None:
    other = ClipServer((tmp_path / "secret.txt").open("rb"), ".mp4")
    assert other.path != served.path
    assert ask(other, path=served.path)[0] == 404
    other.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9999", 200),  # the port at the other end of the tunnel may be another one
        ("localhost:80", 200),
        ("LOCALHOST", 200),
        ("[::1]:80", 200),
        ("evil.example.org", 404),
        ("evil.example.org:80", 404),
        ("127.0.0.1.evil.example.org", 404),
    ],
)
def test_a_page_from_elsewhere_cannot_use_a_name_of_its_own(
    served: ClipServer, host: str, status: int
) -> None:
    assert ask(served, "HEAD", Host=host)[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE"])
def test_nothing_can_be_done_but_reading(served: ClipServer, method: str) -> None:
    status, headers, _body = ask(served, method)
    assert status == 501
    assert "access-control-allow-origin" not in headers


def test_it_listens_on_loopback_alone(served: ClipServer) -> None:
    """Who listens everywhere is reached at each address of the machine, so at 127.0.0.2 too."""
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", served.port), timeout=1)


def test_closing_ends_it_also_for_who_is_in_the_middle(served: ClipServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("GET", served.path)
    answer = connection.getresponse()
    assert answer.read(1000) == DATA[:1000]
    slow = socket.create_connection(("127.0.0.1", served.port), timeout=60)
    slow.sendall(b"GET ")
    served.close()
    assert _is_closed(slow)
    slow.close()
    connection.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", served.port), timeout=5)
    served.close()


def test_many_may_watch_at_once_but_not_any_number(served: ClipServer) -> None:
    results: list[bytes] = []

    def watch() -> None:
        results.append(ask(served)[2])

    threads = [threading.Thread(target=watch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [DATA] * 8
    held = [socket.create_connection(("127.0.0.1", served.port), timeout=60) for _ in range(40)]
    gone = [connection for connection in held[20:] if _is_closed(connection)]
    assert len(gone) == 20
    for connection in held:
        connection.close()


def test_the_file_that_was_opened_is_served_whatever_becomes_of_its_name(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    clip.write_bytes(DATA)
    server = ClipServer(clip.open("rb"), ".avi")
    clip.unlink()
    clip.write_bytes(b"another")
    status, headers, body = ask(server)
    assert (status, headers["content-type"], body) == (200, "video/x-msvideo", DATA)
    server.close()


def test_a_file_that_shrinks_meanwhile_breaks_the_answer_not_the_server(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(DATA)
    server = ClipServer(clip.open("rb"), ".mp4")
    clip.write_bytes(DATA[:1000])
    with pytest.raises(http.client.IncompleteRead):
        ask(server)
    assert ask(server, Range="bytes=0-9")[2] == DATA[:10]
    server.close()


def test_an_empty_file_is_served_as_that(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    server = ClipServer((tmp_path / "clip.mp4").open("rb"), ".mp4")
    assert ask(server)[2] == b""
    with pytest.raises(HTTPError) as refused:
        request = urllib.request.Request(server.url, headers={"Range": "bytes=0-"})
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 416
    server.close()


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
