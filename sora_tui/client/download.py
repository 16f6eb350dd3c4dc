"""Bringing one clip home, byte by byte, from a server that may lie, stall or point elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from sora_tui.client.answer import LostError, NotSentError
from sora_tui.client.decode import read_json, refusal_in, request_id, retry_after
from sora_tui.client.dialect import fitted
from sora_tui.client.server_error import ServerError
from sora_tui.client.transport import Fetcher, Incoming, base_url, without_key
from sora_tui.core.job import JobError
from sora_tui.core.problem import CODES
from sora_tui.core.remote import clip_urls
from sora_tui.core.server import Server, origin_of
from sora_tui.core.text import clean, clean_line

MAX_HOPS: Final = 5
#: Slower than this for that long is a server that holds a place for ever (curl's speed-limit).
MIN_SPEED: Final = 1024  # bytes per second
SLOW_FOR: Final = 30.0  # seconds

#: How much of an error page is read, in bytes.
_ERROR_LIMIT: Final = 64 * 1024
#: Enough of a body to tell a clip from a page: `ftyp` stands at bytes 4..8.
_HEAD: Final = 12
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TICK: Final = 0.25


def download_video_from_api(
    server: Server,
    video_id: str,
    sink: Callable[[bytes], object],
    *,
    variant: str | None = None,
    urls: Sequence[str] = (),
    on_total: Callable[[int | None], None],
    stop: threading.Event,
    limit: int,
) -> None:
    """Give a clip to `sink` in chunks. Blocks: for a worker thread.

    `/content` is asked first, without `variant` (SGLang answers 404 to it); where it gives
    nothing, the direct addresses of the job follow (videos-api, divergences 11 to 15).

    Args:
        sink: Takes each chunk; what it raises comes through.
        variant: `thumbnail` or `spritesheet`, where not the clip itself is wanted.
        on_total: Told the size in bytes, or None, before the first chunk.
        stop: Ends the transfer within about a quarter of a second.
        limit: Most bytes that are taken.

    Raises:
        ServerError: download_interrupted (worth another try), download_refused,
            download_too_large or remote_expired. Whatever `sink` got is then not the clip.
    """
    server = fitted(server)
    content = f"{base_url(server)}/videos/{quote(video_id, safe='')}/content"
    asked = {**server.query, "variant": variant} if variant else server.query
    failure: ServerError | None = None
    for url in (content, *urls):
        transfer = _Transfer(server, sink, on_total, stop, limit)
        try:
            transfer.run(url, asked if url == content else {})
        except ServerError as error:
            if transfer.received or stop.is_set():
                raise
            # The first reason is the telling one, but a try that may yet succeed outweighs it.
            if failure is None or error.error.kind == "download_interrupted":
                failure = error
        else:
            return
    assert failure is not None
    raise failure


class _Transfer:
    """One try at one address, with a watcher that ends it when it crawls or must stop."""

    def __init__(
        self,
        server: Server,
        sink: Callable[[bytes], object],
        on_total: Callable[[int | None], None],
        stop: threading.Event,
        limit: int,
    ) -> None:
        self.received = 0
        self._server = server
        self._sink = sink
        self._on_total = on_total
        self._stop = stop
        self._limit = limit
        self._cut_because = ""

    def run(self, url: str, query: Mapping[str, str]) -> None:
        fetcher = Fetcher(self._server)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(fetcher, done), daemon=True)
        watcher.start()
        try:
            self._follow(fetcher, url, query)
        except (NotSentError, LostError) as fault:
            raise _failure(
                "download_interrupted", self._cut_because or clean(fault, 400)
            ) from fault
        finally:
            done.set()
            watcher.join()
            fetcher.close()

    def _watch(self, fetcher: Fetcher, done: threading.Event) -> None:
        """A reader that waits cannot look at the clock, and httpx's timeout is one per read."""
        since, before = time.monotonic(), 0
        while not done.wait(_TICK):
            now = time.monotonic()
            if self._stop.is_set():
                self._cut_because = "stopped"
            elif now - since >= SLOW_FOR:
                if self.received - before < MIN_SPEED * SLOW_FOR:
                    self._cut_because = f"slower than {MIN_SPEED} bytes/s for {SLOW_FOR:.0f} s"
                since, before = now, self.received
            if self._cut_because:
                fetcher.cut()

    def _follow(self, fetcher: Fetcher, url: str, query: Mapping[str, str]) -> None:
        for _ in range(MAX_HOPS + 1):
            if not _may_fetch(self._server, url):
                where = clean_line(url.partition("?")[0], 200)
                raise _failure("download_refused", f"not an address to be followed: {where}")
            with fetcher.get(url, query) as incoming:
                where = incoming.headers.get("location", "")
                if incoming.status not in _REDIRECTS:
                    where = self._receive(incoming)
                    if not where:
                        return
                try:
                    url, query = urljoin(url, where), {}
                except ValueError as fault:
                    raise _failure("download_refused", "redirected to no address") from fault
        raise _failure("download_refused", f"more than {MAX_HOPS} redirects")

    def _receive(self, incoming: Incoming) -> str:
        """Take the clip; or the address where it lies, if that is all that comes."""
        if not 200 <= incoming.status < 300:
            raise _refusal(incoming, without_key(self._server, _rest(incoming.chunks)))
        if incoming.headers.get("content-encoding", "identity").lower() != "identity":
            raise _failure("download_refused", "compressed, though asked not to be")
        length = incoming.headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
        if total is not None and total > self._limit:
            raise _failure("download_too_large", f"{total} bytes")
        head = b""
        while len(head) < _HEAD and (chunk := next(incoming.chunks, b"")):
            head += chunk
        if not head or _is_page(head, incoming.headers.get("content-type", "")):
            body = without_key(self._server, head + _rest(incoming.chunks))
            if (address := _address_in(body)) is not None:
                return address
            raise _refusal(incoming, body)
        self._on_total(total)
        self._take(head)
        for chunk in incoming.chunks:
            self._take(chunk)
        return ""

    def _take(self, chunk: bytes) -> None:
        self.received += len(chunk)
        if self._stop.is_set():
            raise _failure("download_interrupted", "stopped")
        if self.received > self._limit:
            raise _failure("download_too_large", f"more than {self._limit} bytes")
        self._sink(chunk)


def _may_fetch(server: Server, url: str) -> bool:
    """https anywhere; http to the server itself, or between servers on this machine."""
    try:
        parts = urlsplit(url)
        origin = origin_of(url)
    except ValueError:
        return False
    if origin == origin_of(base_url(server)):
        return True
    near = server.is_loopback and server._replace(base_url=url).is_loopback
    secure = parts.scheme == "https" or (parts.scheme == "http" and near)
    return secure and parts.username is None


def _is_page(head: bytes, content_type: str) -> bool:
    """Whether this is words, not a clip. The bytes decide; the type only where they are silent."""
    if head[4:8] == b"ftyp":
        return False
    return head.lstrip()[:1] in {b"<", b"{", b"["} or content_type.lower().startswith(
        ("text/", "application/json", "application/problem+json")
    )


def _address_in(body: bytes) -> str | None:
    """The address in a JSON answer that stands for the clip: `{"url": "https://..."}`."""
    try:
        said = read_json(body)
    except ValueError:
        return None
    return next(iter(clip_urls(said)), None) if isinstance(said, Mapping) else None


def _refusal(incoming: Incoming, body: bytes) -> ServerError:
    """What an answer without a clip says, as the failure it means."""
    refusal, said = refusal_in(body), clean_line(body.decode("utf-8", "replace"), 200)
    status = incoming.status
    if status == 410 or "expired" in (refusal.code or ""):
        kind = "remote_expired"
    elif status in {408, 425, 429} or status >= 500:
        kind = "download_interrupted"
    else:
        kind = "download_refused"
    return ServerError(
        JobError(
            kind,
            CODES[kind],
            code=refusal.code,
            message=refusal.message or said or "an empty answer",
            status=status,
            request_id=request_id(incoming.headers),
        ),
        retry_after=retry_after(incoming.headers),
        not_found=status == 404,
    )


def _rest(chunks: Iterator[bytes]) -> bytes:
    body = b""
    try:
        for chunk in chunks:
            body += chunk
            if len(body) >= _ERROR_LIMIT:
                break
    except LostError:
        pass  # half an error page still says what is wrong
    return body[:_ERROR_LIMIT]


def _failure(kind: str, message: str) -> ServerError:
    return ServerError(JobError(kind, CODES[kind], message=message))
