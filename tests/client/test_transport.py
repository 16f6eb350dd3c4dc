"""Where keys may go, what is logged, and which surroundings count."""

from __future__ import annotations

import logging
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sora_tui.client.certificates import trusted
from sora_tui.client.outcome import Accepted, NotSent
from sora_tui.client.videos import VideosClient
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from tests.support.clients import at, client_of
from tests.support.raw_server import RawServer, answer, replies
from tests.support.untrusted_server import CERTIFICATE, untrusted_server

VIDEO = {"id": "video_1", "object": "video", "status": "queued"}


async def headers_sent(**changes: Any) -> dict[str, str]:
    with RawServer(replies(answer(200, VIDEO))) as server:
        async with client_of(at(server.url, **changes)) as client:
            await client.retrieve("video_1")
            created = await client.create(VideoRequest("a fox"), None, "k")
        assert isinstance(created, Accepted)
        look, paid = (request.headers for request in server.requests)
    names = ("authorization", "api-key", "x-org")
    assert [look.get(name) for name in names] == [paid.get(name) for name in names]
    return look


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"authorization": "Bearer sk-secret"}),
        ({"auth": "api-key"}, {"api-key": "sk-secret"}),
        ({"auth": "none"}, {}),
        ({"key": None, "auth": "api-key"}, {}),
        # Aquiles-Image wants the header even where there is no key.
        ({"key": None}, {"authorization": "Bearer none"}),
        ({"key": None, "dialect": "openai"}, {}),
        ({"headers": {"authorization": "Basic Zm94"}}, {"authorization": "Basic Zm94"}),
        ({"headers": {"X-Org": "lab"}, "auth": "none"}, {"x-org": "lab"}),
    ],
)
async def test_the_key_as_the_profile_says(
    changes: dict[str, Any], expected: dict[str, str]
) -> None:
    sent = await headers_sent(**changes)
    names = ("authorization", "api-key", "x-org")
    assert {name: sent[name] for name in names if name in sent} == expected


async def test_the_log_has_facts_and_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    with RawServer(replies(answer(200, VIDEO, x_request_id="req_7"))) as server:
        profile = at(server.url, query={"sig": "query-secret"})
        with caplog.at_level(logging.DEBUG):
            async with client_of(profile) as client:
                await client.create(VideoRequest("prompt-secret"), None, "k")
    assert "POST /v1/videos 200" in caplog.text
    assert "req_7" in caplog.text
    for secret in ("sk-secret", "query-secret", "prompt-secret", "127.0.0.1"):
        assert secret not in "".join(
            record.getMessage() for record in caplog.records if record.name != "asyncio"
        )


async def test_loopback_needs_no_proxy_and_netrc_is_never_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login fox password netrc-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with RawServer(replies(answer(200, VIDEO))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert "authorization" not in await headers_sent(auth="none")
        assert proxy.connections == 0


async def test_another_host_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(replies(answer(200, VIDEO))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with client_of(at("http://video.example.invalid/v1")) as client:
            created = await client.create(VideoRequest("a fox"), None, "k")
        assert isinstance(created, Accepted)
        assert proxy.requests[0].target == "http://video.example.invalid/v1/videos"


async def test_a_host_that_needs_no_proxy_is_not_looked_for_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(replies(answer(200, VIDEO))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "video.example.invalid")
        async with client_of(at("http://video.example.invalid/v1")) as client:
            assert isinstance(await client.create(VideoRequest("a fox"), None, "k"), NotSent)
        assert proxy.connections == 0


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (Server("a", "ftp://x.example/v1"), "base_url_invalid"),
        (Server("a", "http://"), "base_url_invalid"),
        (Server("a", "http://x.example:port/v1"), "base_url_invalid"),
        (Server("a", "simulator:"), "base_url_invalid"),
        (Server("a", "http://x.example", key=Secret("a\nb")), "key_unusable"),
        (Server("a", "http://x.example", key=Secret("clé")), "key_unusable"),
        (Server("a", "http://x.example", headers={"X-Ö": "a"}), "config_invalid"),
    ],
)
def test_what_no_request_can_carry_is_refused_before_any(profile: Server, code: str) -> None:
    with pytest.raises(ProblemError) as refusal:
        VideosClient(profile)
    assert refusal.value.problem.code == code
    assert not any("clé" in str(fact) for fact in refusal.value.problem.facts.values())


def test_httpx_comes_with_the_client_only() -> None:
    """The first frame imports what core, prices and outcomes need, and pays for no client."""
    code = (
        "import sys, sora_tui.client.outcome, sora_tui.client.prices, sora_tui.client.dialect;"
        "sys.exit('httpx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The file of the trusted certificates, read anew for this test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    trusted.cache_clear()
    yield tmp_path / "ca.pem"
    trusted.cache_clear()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_wants_a_certificate_of_ours_got_no_prompt(
    tmp_path: Path, certificates: Path, version: ssl.TLSVersion
) -> None:
    """In TLS 1.3 the refusal comes after the handshake: the order counted as perhaps billed."""
    with untrusted_server(tmp_path, client_certificate=True, version=version) as url:
        client = VideosClient(Server("lab", url))
        outcome = await client.create(VideoRequest("a kite"), None, "20261122-101530-7f3k2m")
        await client.aclose()
    assert isinstance(outcome, NotSent), outcome
    assert outcome.error.kind == "handshake_refused"


def test_no_log_of_keys_is_written(
    tmp_path: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk under that log broke a paid request in the middle."""
    certificates.write_text(CERTIFICATE)
    monkeypatch.setenv("SSLKEYLOGFILE", "/dev/full")
    assert trusted().keylog_filename is None
