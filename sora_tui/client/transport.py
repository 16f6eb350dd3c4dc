"""The wire: three clients of httpx, each with limits, none with surprises.

- The paid POST has a client of its own without keep-alive: on a pooled connection the server may
  close while we send, and 4 of 150 requests then end in doubt (reliability, httpx facts).
- JSON calls share kept connections and have one total deadline each, because httpx counts its
  timeouts per read and a byte now and then never trips them.
- Downloads run in a worker thread on a synchronous client (`fetcher.py`), which halves their work.

None of them follows a redirect: httpx would hand `api-key` headers, and on 307 the prompt, to
another host. The key is put on a request by `_KeyForOrigin` alone, and only for its own origin.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlsplit
from urllib.request import getproxies

from sora_tui.client.certificates import nothing_trusted, trusted
from sora_tui.client.content_coding import CodingError, Decoder
from sora_tui.client.cookies import cookie_header, cookies_in, no_store
from sora_tui.client.decode import JSON_LIMIT, http_date, request_id
from sora_tui.client.dialect import dialect_of, with_dialect_defaults
from sora_tui.client.httpx_compat import hear_early_responses, httpx
from sora_tui.client.inline_clip import InlineClip
from sora_tui.client.proxy import ProxyRules, read_proxies
from sora_tui.client.response import (
    File,
    HandshakeRefusedError,
    NoResponseError,
    NotSentError,
    Response,
    UntrustedError,
)
from sora_tui.core.cookie import Cookie
from sora_tui.core.problem import problem_error
from sora_tui.core.server import Server, is_header, key_flaw, origin_of

_log: Final = logging.getLogger("sora_tui.client")
#: Seconds for one JSON call, from the first packet to the last byte of the answer.
CALL_DEADLINE: Final = 30.0
CONNECT_TIMEOUT: Final = 10.0
#: Seconds for the answer to a paid request, after its last byte was sent.
ANSWER_TIMEOUT: Final = 30.0
#: Seconds for a paid request in all: this, and its upload at the slowest speed that is accepted.
PAID_DEADLINE: Final = 60.0
SLOWEST_UPLOAD: Final = 64 * 1024  # bytes per second

#: Stands for the body of an answer in an unknown coding.
UNREADABLE: Final = "the answer is compressed, though identity was asked for"

_CHUNK: Final = 64 * 1024
_SECRET_LENGTH: Final = 8
_SECRET_NAME: Final = re.compile("key|token|secret|sig|pass|auth|code", re.IGNORECASE)

#: The complete list of faults that prove "not sent". Each of these ends before the first byte of
#: the request; everything else that httpx raises may come after the server has read it all.
_NOT_SENT: Final = (
    # Refused, unreachable, unknown host, or a TLS handshake that failed: there is no connection.
    httpx.ConnectError,
    # The same, after a timeout.
    httpx.ConnectTimeout,
    # No connection was even tried: our own pool was full.
    httpx.PoolTimeout,
    # The proxy would not open a tunnel (CONNECT, SOCKS): the request waits for the tunnel.
    httpx.ProxyError,
    # The address has no scheme that is supported.
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
# Not in the list, on purpose: LocalProtocolError (h11 also raises it in mid body), ReadTimeout,
# WriteTimeout, ReadError, WriteError, RemoteProtocolError (the server may have read everything
# before it stopped answering), and our own deadline.

#: A kept connection that the server closed while we wrote to it (videos-api, divergence 28).
_STALE: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


#: Whatever the wire can do to us. OSError holds TLS errors and our own deadline.
FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, OSError)


#: A request that is built and not sent; only this module reads it.
Built = httpx.Request


class Wire:
    """The connections to one server. Belongs to one event loop."""

    def __init__(self, server: Server) -> None:
        """Prepare the connections without opening any.

        Raises:
            ProblemError: base_url_invalid; key_unusable; config_invalid for a header that HTTP
                cannot carry, an unsupported proxy, certificates that cannot be read.
        """
        self._server = server = with_dialect_defaults(server)
        self._base = base_url(server)
        self._calls = httpx.AsyncClient(
            **client_options(server, self._base),
            timeout=httpx.Timeout(CALL_DEADLINE, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
        )
        self._paid = httpx.AsyncClient(
            **client_options(server, self._base),
            timeout=httpx.Timeout(ANSWER_TIMEOUT, connect=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        hear_early_responses(self._paid)
        self._server_ahead: float | None = None  # minus our monotonic clock, in seconds

    @property
    def clock_skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours now; None until an answer had a date.

        It is kept relative to the monotonic clock, since ours may be set meanwhile.
        """
        if self._server_ahead is None:
            return None
        return self._server_ahead + time.monotonic() - time.time()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._calls.aclose()
        await self._paid.aclose()

    async def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        limit: int = JSON_LIMIT,
        *,
        at_root: bool = False,
        cookies: Sequence[Cookie] = (),
        without_clips: bool = False,
    ) -> Response:
        """Make one idempotent call; repeat it once when a kept connection turns out to be closed.

        Args:
            method: The HTTP method.
            path: Below the base address, percent-encoded.
            query: Parameters to add to the address.
            limit: Bytes of the answer that are read.
            at_root: The path is below the address without its `/v1`.
            cookies: Of the job that the call is about.
            without_clips: Clips inside the answer are left out, and do not count against
                `limit`.

        Raises:
            NotSentError, NoResponseError: There is no answer.
        """

        def no_clips() -> InlineClip | None:
            return InlineClip(lambda _number, _chunk: None) if without_clips else None

        base = self._base.removesuffix("/v1") if at_root else self._base
        url = f"{base}{path}"
        parameters = {**self._server.query, **(query or {})}
        deadline = asyncio.get_running_loop().time() + CALL_DEADLINE
        try:
            request = self._calls.build_request(method, url, params=parameters)
            _add_cookies(request, cookies)
            try:
                answer = await _exchange(self._calls, request, limit, deadline, no_clips())
            except _STALE:
                answer = await _exchange(self._calls, request, limit, deadline, no_clips())
        except FAULTS as fault:
            raise classify_fault(fault) from fault
        return self._taken(answer)

    def paid_request(
        self,
        path: str,
        headers: Mapping[str, str],
        *,
        form: Sequence[tuple[str, str]] = (),
        files: Mapping[str, File] | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> Built:
        """Build the request that costs money, headers and body; nothing is sent.

        Args:
            path: Below the base address, percent-encoded.
            headers: Headers of this request, beside those of the server.
            form: Fields of a multipart body; a name may come more than once.
            files: Files of a multipart body, by field name.
            document: A JSON body, instead.
        """
        url = f"{self._base}{path}"
        if document is not None:
            body = json.dumps(document, default=str).encode()
            return self._paid.build_request(
                "POST",
                url,
                params=self._server.query,
                headers={
                    **headers,
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                },
                content=_in_chunks(body),
            )
        # Every field is sent as a part, because a form without a file would not be multipart; a
        # picture is sent as a stream, because httpx writes bytes in one piece, under one timeout.
        parts: list[tuple[str, tuple[str | None, Any] | tuple[str, Any, str]]] = [
            (name, (None, value)) for name, value in form
        ]
        parts += [
            (name, (filename, io.BytesIO(data), mime))
            for name, (filename, data, mime) in (files or {}).items()
        ]
        return self._paid.build_request(
            "POST", url, params=self._server.query, headers=dict(headers), files=parts
        )

    async def post_paid(self, request: Built, clip: InlineClip | None = None) -> Response:
        """Send what `paid_request` built: once, on a connection of its own.

        The deadline is 60 s and the time that both bodies take at 64 KiB/s; after the last byte
        was sent, 30 s of silence end it.

        Args:
            request: What `paid_request` returned.
            clip: Takes the clip out of an answer that has one.

        Raises:
            NotSentError: Provably no byte left.
            NoResponseError: Anything else without a status line.
        """
        try:
            size = int(request.headers["content-length"])
            deadline = asyncio.get_running_loop().time() + PAID_DEADLINE + size / SLOWEST_UPLOAD
            answer = await _exchange(self._paid, request, JSON_LIMIT, deadline, clip)
        except FAULTS as fault:
            raise classify_fault(fault) from fault
        return self._taken(answer)

    def _taken(self, answer: Response) -> Response:
        """Note the server's clock; return the answer without our secrets."""
        server_time = http_date(answer.headers.get("date"))
        if server_time is not None:
            self._server_ahead = server_time - time.monotonic()
        headers = {
            name: without_key(self._server, value.encode()).decode()
            for name, value in answer.headers.items()
        }
        body = without_key(self._server, answer.body)
        return answer._replace(headers=headers, body=body)


def check_settings(server: Server) -> None:
    """Refuse settings with which no request can be sent, whatever the server would answer.

    Nothing is opened. A command that prints a key is not run.

    Raises:
        ProblemError: As `Wire`.
    """
    client_options(server, base_url(server))
    if server.key is None or server.key.is_at_hand:
        _credentials(server)


def proxies_for(server: Server) -> ProxyRules:
    """Return what the environment says about proxies to a server.

    A proxy is never used between us and this machine.
    """
    return ProxyRules({}) if server.is_loopback else read_proxies(os.environ, getproxies())


def base_url(server: Server) -> str:
    """Return the server's address without a trailing slash.

    Raises:
        ProblemError: base_url_invalid.
    """
    try:
        url = httpx.URL(server.base_url)
    except httpx.InvalidURL as fault:
        raise problem_error("base_url_invalid", base_url=server.base_url) from fault
    if url.scheme not in {"http", "https"} or not url.host:
        raise problem_error("base_url_invalid", base_url=server.base_url)
    return str(url).rstrip("/")


def without_key(server: Server, text: bytes) -> bytes:
    """Return a server's text without the secrets that we sent.

    "Incorrect API key provided: sk-..." would go into documents, logs and messages. Words shorter
    than eight characters are no secrets: local servers are often given `EMPTY`. Of a query only a
    parameter with the name of a secret is one: what a server says of an `api-version` is useful.
    """
    secrets = [server.key.reveal()] if server.key else []
    secrets += [word for value in server.headers.values() for word in value.split()]
    secrets += [cookie.value.reveal() for cookie in server.cookies]
    for name, value in server.query.items():
        if _SECRET_NAME.search(name):
            secrets += [value, quote(value, safe=""), quote_plus(value)]
    for secret in secrets:
        if len(secret) >= _SECRET_LENGTH:
            text = text.replace(secret.encode(), b"[redacted]")
    return text


def client_options(server: Server, url: str) -> dict[str, Any]:
    """Return the options that every client for this server has, for the origin of `url`."""
    proxy = proxies_for(server).proxy_for(url)
    encrypted = "https" in {urlsplit(url).scheme, urlsplit(proxy or "").scheme}
    return {
        "auth": _KeyForOrigin(server),
        # What comes compressed all the same is decompressed by `content_coding`, never by httpx: a
        # gzip bomb of 1 MB became 1 GB in memory.
        "headers": {"Accept-Encoding": "identity", "User-Agent": "sora-tui"},
        # Certificates that cannot be read are no reason to refuse what needs none.
        "verify": trusted() if encrypted else nothing_trusted(),
        "proxy": proxy,
        # We read proxies and SSL_CERT_FILE ourselves, and ignore what else httpx would read
        # (.netrc).
        "trust_env": False,
        "follow_redirects": False,
        "cookies": no_store(),
    }


class _KeyForOrigin(httpx.Auth):
    """Adds key, headers and cookies, on the profile's own origin and nowhere else."""

    def __init__(self, server: Server) -> None:
        self._origin = origin_of(base_url(server))
        self._headers = _credentials(server)
        self._cookies = server.cookies

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin_of(str(request.url)) == self._origin:
            of_call = request.headers.get("cookie")
            request.headers.update(self._headers)
            of_job = cookie_header(self._cookies, str(request.url))
            every = (self._headers.get("cookie"), of_job, of_call)
            if cookies := "; ".join(cookie for cookie in every if cookie):
                request.headers["Cookie"] = cookies
        yield request


def _credentials(server: Server) -> httpx.Headers:
    headers: dict[str, str] = {}
    server = with_dialect_defaults(server)
    key = server.key.reveal() if server.key else None
    if key and server.auth != "none" and (flaw := key_flaw(key)) is not None:
        named = {"variable": server.key_from or ""}
        raise problem_error("key_unusable", **named, **flaw._asdict())
    if server.auth == "bearer":
        token = key or dialect_of(server).bearer_without_key
        if token:
            headers["Authorization"] = f"Bearer {token}"
    elif server.auth == "api-key" and key:
        headers["api-key"] = key
    # The profile's headers come last, so that a person may set `Authorization = "Basic …"`.
    for name, value in (*headers.items(), *server.headers.items()):
        if not is_header(name, value):
            raise problem_error("config_invalid", key=f"servers.{server.name}: {name}")
    credentials = httpx.Headers(headers)
    credentials.update(server.headers)
    return credentials


async def _exchange(
    client: httpx.AsyncClient,
    request: httpx.Request,
    limit: int,
    deadline: float,
    clip: InlineClip | None = None,
) -> Response:
    """Send, and read what comes; a break after the status line ends the body, not the answer.

    Args:
        client: The connections to use.
        request: The request to send.
        limit: Most bytes of the body that are read.
        deadline: When it must be over, in seconds of the loop's clock.
        clip: What it takes does not count against `limit`, and has time of its own.
    """
    began = time.monotonic()
    response: httpx.Response | None = None
    body = bytearray()
    try:
        async with asyncio.timeout_at(deadline) as timeout:
            response = await client.send(request, stream=True)
            decoder = Decoder(response.headers.get("content-encoding", ""))
            if decoder.unreadable:
                body += f"{UNREADABLE} ({decoder.unreadable})"[:limit].encode()
            async for piece in _unpacked(response, decoder):
                rest = piece if clip is None else clip.sift(piece)
                body += rest[: limit - len(body)]
                if len(body) >= limit:
                    break
                if len(rest) < len(piece):
                    deadline += (len(piece) - len(rest)) / SLOWEST_UPLOAD
                    timeout.reschedule(deadline)
            if clip is not None:
                body += clip.sift(b"")[: limit - len(body)]
    except (CodingError, *FAULTS) as fault:
        _log.debug("%s %s: %s", request.method, request.url.path, type(fault).__name__)
        if response is None:
            raise
    finally:
        if response is not None:
            await response.aclose()
    headers = lower_names(response.headers)
    log_call(request, response.status_code, began, len(body), headers)
    cookies = cookies_in(response.headers.get_list("set-cookie"), str(request.url))
    return Response(response.status_code, headers, bytes(body), cookies)


async def _unpacked(response: httpx.Response, decoder: Decoder) -> AsyncIterator[bytes]:
    """Yield the decoded body; nothing of one in an unknown coding."""
    if decoder.unreadable:
        return
    async for chunk in response.aiter_raw():
        for piece in decoder.pieces(chunk):
            yield piece


def lower_names(headers: httpx.Headers) -> dict[str, str]:
    """Return headers by lower-case name, without cookies: these may be secrets."""
    found = {name.lower(): value for name, value in headers.items()}
    found.pop("set-cookie", None)
    return found


def _add_cookies(request: httpx.Request, cookies: Sequence[Cookie]) -> None:
    header = cookie_header(cookies, str(request.url))
    if header is not None:
        request.headers["Cookie"] = header


def log_call(
    request: httpx.Request, status: int, began: float, size: int, headers: Mapping[str, str]
) -> None:
    """Log one line for `--debug`: never a body, a query, a header or a key."""
    _log.debug(
        "%s %s %d %.0f ms %d bytes %s",
        request.method,
        request.url.path,
        status,
        (time.monotonic() - began) * 1000,
        size,
        request_id(headers) or "-",
    )


async def _in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]


#: How OpenSSL names a certificate that it does not trust; httpx passes on only its text.
_UNTRUSTED: Final = "CERTIFICATE_VERIFY_FAILED"
#: How OpenSSL names the reason that the other side sends before it closes the connection.
_ALERT: Final = "_ALERT_"
#: The alert of a server that got no certificate from us. It belongs to the handshake of TLS 1.3
#: (RFC 8446, 6.2), which it ends; we may have sent a request after our own part.
_CERTIFICATE_REQUIRED: Final = "ALERT_CERTIFICATE_REQUIRED"


def classify_fault(fault: Exception) -> NotSentError | NoResponseError:
    """Decide whether a request was sent; this is the one place for it."""
    words = fault_words(fault)
    not_sent = isinstance(fault, _NOT_SENT)
    if not_sent and _UNTRUSTED in words:
        return UntrustedError(words)
    if _CERTIFICATE_REQUIRED in words or (not_sent and _ALERT in words):
        return HandshakeRefusedError(words)
    return NotSentError(words) if not_sent else NoResponseError(words)


def fault_words(fault: BaseException) -> str:
    """Return the first text in a chain of faults: the outer ones often have none."""
    cause: BaseException | None = fault
    while cause is not None:
        if words := str(cause):
            return words
        cause = cause.__cause__ or cause.__context__
    return type(fault).__name__
