"""Fetches one clip from a server that may send wrong data, stall, break off or redirect.

A transfer that broke off is resumed if the server gave a strong validator (RFC 9110, 13.1.5 and
14.2); otherwise it begins again. Every address under a known name is tried before the clip is given
up: it was paid for.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote, urljoin, urlsplit

from sora_tui.client.content_coding import Decoder
from sora_tui.client.decode import (
    JSON_LIMIT,
    http_date,
    read_json,
    refusal_in,
    request_id,
    retry_after,
    video_in,
)
from sora_tui.client.dialect import dialect_of, with_dialect_defaults
from sora_tui.client.fetcher import Fetcher, Incoming
from sora_tui.client.inline_clip import InlineClip
from sora_tui.client.response import NoResponseError, NotSentError
from sora_tui.client.server_error import ServerError
from sora_tui.client.transport import UNREADABLE, base_url, without_key
from sora_tui.core.clip_addresses import clip_addresses
from sora_tui.core.job import JobError
from sora_tui.core.problem import CODES, ProblemError
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import Server, origin_of
from sora_tui.core.sniff import sniff
from sora_tui.core.text import clean, clean_line

MAX_HOPS: Final = 5
#: Addresses that one try asks, in all: an answer may name any number of them.
MAX_ADDRESSES: Final = 24
#: A server that is slower than this for this long would never end (curl's speed-limit).
MIN_SPEED: Final = 1024  # bytes per second
SLOW_FOR: Final = 30.0  # seconds
#: Longest wait that a server can ask for before the next try, in seconds.
MAX_WAIT: Final = 3600.0

#: How much of an error page is read, in bytes.
_ERROR_LIMIT: Final = 64 * 1024
#: Enough of a body to distinguish a clip from a page or text.
_HEAD: Final = 512
#: As many bytes as `core/sniff.py` needs.
_SNIFFED: Final = 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TICK: Final = 0.25
#: A clip is compressed already: a body that decompresses to more than this many times its size is
#: no clip, beyond the first bytes.
_MAX_RATIO: Final = 50
_RATIO_FREE: Final = 64 * 1024 * 1024

_STRONG_ETAG: Final = re.compile(r'"[\x21\x23-\x7e]*"')
_RANGE: Final = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)
_UNSATISFIED: Final = re.compile(r"bytes\s+\*/(\d{1,18})", re.IGNORECASE)
#: Words by which a server says that a clip, not a key, has expired.
_EXPIRED: Final = re.compile(
    r"\b(video|clip|file|asset|content|download|output|result)s?\b.{0,60}\bexpired\b", re.IGNORECASE
)
#: The same as a code. `api_key_expired`, `token_expired`, `cert_expired` and `url_expired` are
#: about the access to the clip: that can be repaired, and the clip still exists.
_EXPIRED_CODE: Final = re.compile(
    r"((video|clip|file|asset|content|output|result|job|task|generation)s?[-_. ]?)?"
    r"((is|has)[-_. ])?expired",
    re.IGNORECASE,
)
#: Bytes that no text in a usual coding has.
_NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ADDRESS_ALONE: Final = re.compile(rb"\s*https?://[^\s<>\"]{1,8192}\s*", re.IGNORECASE)


class ClipSink(Protocol):
    """Where a clip is written to; it can begin again from nothing."""

    @property
    def size(self) -> int:
        """How many bytes it holds."""

    def write(self, chunk: bytes) -> None:
        """Append a chunk; an exception comes out of the download."""

    def restart(self) -> None:
        """Drop what it holds."""


class ClipBody(NamedTuple):
    """What a server says of a clip before its first byte.

    Attributes:
        url: The address that was asked, before any redirect.
        total: Its size in bytes; None where the server does not say.
        validator: A strong one, with which the rest can be asked for. None where there is none.
        has_end: The server says where the body ends, so that a cut is noticed.
    """

    url: str
    total: int | None = None
    validator: str | None = None
    has_end: bool = True


def download_video_from_api(  # noqa: C901 -- one loop over addresses; what ends it reads in order
    server: Server,
    video_id: str,
    sink: ClipSink,
    *,
    variant: str | None = None,
    output: int = 0,
    addresses: Sequence[str] = (),
    sent: Container[str] = (),
    resume: ClipBody | None = None,
    on_body: Callable[[ClipBody], object],
    stop: threading.Event,
    limit: int,
) -> ClipBody:
    """Write a clip to `sink` in chunks. Blocks: for a worker thread.

    `/content` is asked first, without `variant` (SGLang answers 404 to it); where that gives
    nothing, the direct addresses of the job follow, and those of a new poll: a signed address may
    have expired while the clip still exists (videos-api, divergences 11 to 15).

    Args:
        server: The server that made the clip.
        video_id: The server's id of the video.
        sink: May hold the beginning of the body that `resume` describes.
        variant: `thumbnail` or `spritesheet`, where not the clip itself is wanted.
        output: Which clip of the job, from 0. For those after the first, the direct addresses are
            asked first: a server that does not count gives the first clip under any number.
        addresses: Of this clip, as the server wrote them.
        sent: Addresses that were sent with the request: a server may repeat them, and they are not
            our clips.
        resume: What an earlier try learnt about the body that `sink` holds a part of.
        on_body: Called with each body before its first chunk.
        stop: Ends the transfer within about a quarter of a second.
        limit: Most bytes that are accepted.

    Returns:
        The body that `sink` now holds completely.

    Raises:
        ServerError: download_interrupted (worth another try), download_refused,
            download_too_large or remote_expired. The content of `sink` is then not the clip.
    """
    server = with_dialect_defaults(server)
    job_url = f"{base_url(server)}/videos/{quote(video_id, safe='')}"
    told = [
        place
        for text in addresses
        if text not in sent
        for place in _possible_addresses(server, text)
    ]
    content = list(_content_addresses(server, f"{job_url}/content", variant, output))
    todo = deque(content + told if output == 0 else told + content)
    asked: set[_Address] = set()
    failure: ServerError | None = None
    is_fresh = variant is not None
    while True:
        while todo and len(asked) < MAX_ADDRESSES:
            place = todo.popleft()
            if place in asked:
                continue
            asked.add(place)
            transfer = _Transfer(server, sink, on_body, stop, limit, output)
            try:
                found = transfer.run(place, resume)
            except ServerError as error:
                if transfer.received or stop.is_set():
                    raise
                # The first reason says most, but a try that may still succeed counts more.
                if failure is None or error.error.kind == "download_interrupted":
                    failure = error
                if error.retry_after is not None:
                    todo = deque(p for p in todo if origin_of(p.url) != origin_of(place.url))
                continue
            if isinstance(found, ClipBody):
                return found
            # An answer in place of the clip: the addresses in it come next.
            todo.extendleft(
                place
                for text in reversed(_of_output(found.document, output))
                if text not in sent
                for place in reversed(_possible_addresses(server, text, found.url))
            )
        waits = failure is not None and (
            failure.error.kind in {"download_interrupted", "remote_expired"}
            or failure.retry_after is not None
        )
        if is_fresh or waits:
            break
        is_fresh = True
        transfer = _Transfer(server, sink, on_body, stop, limit, output, documents_only=True)
        fresh = _fresh_addresses(transfer, server, job_url, output)
        if isinstance(fresh, ClipBody):
            return fresh
        todo.extend(
            p for text in fresh if text not in sent for p in _possible_addresses(server, text)
        )
        if not any(place not in asked for place in todo):
            break
    raise failure or _failure("download_refused", "an address came that leads nowhere")


class _Address(NamedTuple):
    """An address, and the query that goes with it."""

    url: str
    query: tuple[tuple[str, str], ...] = ()


class _Document(NamedTuple):
    """A JSON answer in place of a clip, and the address that it came from."""

    url: str
    document: object


class _NotTheRestError(Exception):
    """The answer does not continue the part: the whole clip is asked for."""


def _content_addresses(
    server: Server, url: str, variant: str | None, output: int
) -> Iterator[_Address]:
    """Yield the ways to ask `/content` for this clip."""
    base = dict(server.query)
    if variant is not None:
        base["variant"] = variant
    if output == 0:
        yield _Address(url, tuple(base.items()))
        return
    for names in dialect_of(server).output_fields:
        yield _Address(url, tuple({**base, **dict.fromkeys(names, str(output))}.items()))


def _possible_addresses(server: Server, text: str, page: str | None = None) -> list[_Address]:
    """Return the addresses that a text in the page `page` may mean, the likeliest first.

    Args:
        server: The server that made the clip.
        text: The address, as the server wrote it.
        page: The answer of another origin is relative to itself; one of the server's own is
            relative to the server's base address, or to the root of its host.
    """
    base, text = base_url(server), text.replace(" ", "%20")
    try:
        if re.match("https?://", text, re.IGNORECASE):
            origin_of(text)  # raises for a text that is no address
            return [_Address(text)]
        if page is not None and origin_of(page) != origin_of(base):
            return [_Address(urljoin(page, text))]
        root = urljoin(base, "/")
        bases = [f"{base}/", root]
        if text.startswith("/"):
            bases = [root] if urlsplit(base).path in {"", "/"} else [root, f"{base}/"]
        if text.startswith("//"):
            return [_Address(urljoin(base, text))]
        found = [urljoin(each, text if each == root else text.lstrip("/")) for each in bases]
    except ValueError:
        return []
    return [_Address(url) for url in dict.fromkeys(found)]


def _of_output(document: object, output: int) -> list[str]:
    """Return the addresses of one clip in an answer; an answer about one clip counts from 0."""
    found = clip_addresses(document)
    numbered = [address.text for address in found if address.output == output]
    if numbered or any(address.output for address in found):
        return numbered
    return [address.text for address in found]


def _fresh_addresses(
    transfer: _Transfer, server: Server, job_url: str, output: int
) -> ClipBody | Iterable[str]:
    """Ask for the job again: return its addresses, or the clip that is in the answer.

    Nothing is returned where no answer came.
    """
    try:
        found = transfer.run(_Address(job_url, tuple(server.query.items())), hops=0)
    except ServerError:
        if transfer.received:
            raise
        return ()
    if isinstance(found, ClipBody):
        return found
    video = read_video(found.document) or video_in(found.document)
    return () if video is None else _of_output(video.document, output)


class _Transfer:
    """One try at one address, with a thread that ends it when it is too slow or must stop."""

    def __init__(
        self,
        server: Server,
        sink: ClipSink,
        on_body: Callable[[ClipBody], object],
        stop: threading.Event,
        limit: int,
        output: int = 0,
        *,
        documents_only: bool = False,
    ) -> None:
        self.received = 0
        self._output = output
        self._documents_only = documents_only
        self._disk_refusal: ProblemError | None = None
        self._server = server
        self._sink = sink
        self._on_body = on_body
        self._stop = stop
        self._limit = limit
        self._cut_because = ""

    def run(
        self, place: _Address, resume: ClipBody | None = None, hops: int = MAX_HOPS
    ) -> ClipBody | _Document:
        """Take the clip, or the document that came in its place.

        Args:
            place: The address to fetch from.
            resume: The body that `sink` already holds a part of, if any.
            hops: Redirects that are followed.
        """
        if resume is not None and (
            resume.url != place.url or resume.validator is None or not self._sink.size
        ):
            resume = None
        fetcher = Fetcher(self._server)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(fetcher, done), daemon=True)
        watcher.start()
        try:
            try:
                return self._follow(fetcher, place, resume, hops)
            except _NotTheRestError:
                return self._follow(fetcher, place, None, hops)
        except (NotSentError, NoResponseError) as fault:
            raise _failure(
                "download_interrupted", self._cut_because or clean(fault, 400)
            ) from fault
        finally:
            done.set()
            watcher.join()
            fetcher.close()

    def _watch(self, fetcher: Fetcher, done: threading.Event) -> None:
        """End a slow transfer: a blocked reader cannot, and httpx's timeout is one per read."""
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

    def _follow(
        self, fetcher: Fetcher, place: _Address, resume: ClipBody | None, hops: int
    ) -> ClipBody | _Document:
        url, query = place.url, dict(place.query)
        headers = {}
        if resume is not None and resume.validator is not None:
            headers = {"Range": f"bytes={self._sink.size}-", "If-Range": resume.validator}
        for _ in range(hops + 1):
            if not _may_fetch(self._server, url):
                where = clean_line(url.partition("?")[0], 200)
                raise _failure("download_refused", f"not an address to be followed: {where}")
            with fetcher.get(url, query, headers) as incoming:
                where = incoming.headers.get("location", "")
                if incoming.status not in _REDIRECTS or not where:
                    if resume is not None:
                        return self._continue(incoming, place, url, resume)
                    return self._receive(incoming, place, url)
                try:
                    url, query = urljoin(url, where), {}
                except ValueError as fault:
                    raise _failure("download_refused", "redirected to no address") from fault
        raise _failure("download_refused", f"more than {hops} redirects")

    def _continue(
        self, incoming: Incoming, place: _Address, url: str, resume: ClipBody
    ) -> ClipBody | _Document:
        """Take the rest of a part, or the whole clip if the server sends that instead."""
        headers = incoming.headers
        if incoming.status == 416:
            size = _UNSATISFIED.fullmatch(headers.get("content-range", "").strip())
            if size is None or int(size[1]) != self._sink.size:
                raise _NotTheRestError
            return resume  # it was complete already: only its end was missing
        if incoming.status != 206:
            return self._receive(incoming, place, url)
        span = _range_of(headers)
        # By the entity tag that was sent, or by the date.
        is_tag = (resume.validator or "").startswith('"')
        validator = headers.get("etag" if is_tag else "last-modified", resume.validator)
        if (
            span is None
            or span.start != self._sink.size
            or Decoder(headers.get("content-encoding", "")).is_coded
            or validator != resume.validator
            or (None not in (span.total, resume.total) and span.total != resume.total)
        ):
            raise _NotTheRestError
        total = resume.total if span.total is None else span.total
        if total is not None and total > self._limit:
            raise _failure("download_too_large", f"{total} bytes")
        body = resume._replace(total=total, has_end=True)
        self._on_body(body)
        for chunk in incoming.chunks:
            self._take(chunk)
        # A server may give a range in pieces: the next try asks for what follows.
        if self._sink.size < (span.end + 1 if total is None else total):
            raise NoResponseError("the rest was cut off")
        return body

    def _receive(self, incoming: Incoming, place: _Address, url: str) -> ClipBody | _Document:  # noqa: C901, PLR0912 -- the checks of a body, in the order in which it comes
        """Take a whole clip, or a document in its place."""
        if not 200 <= incoming.status < 300:
            raise _refusal(self._server, url, incoming, self._rest(incoming))
        headers = incoming.headers
        coding = Decoder(headers.get("content-encoding", ""))
        if coding.unreadable:
            raise _failure("download_refused", f"{UNREADABLE} ({coding.unreadable})")
        total = None if coding.is_coded else _size(headers.get("content-length", ""))
        if incoming.status == 206 or "content-range" in headers:
            # The whole may come as if it were a part; without a total the check of the clip
            # decides.
            said = clean_line(headers.get("content-range", ""), 80)
            span = _range_of(headers)
            if said and (span is None or not span.may_be_whole or total not in {None, span.length}):
                raise _failure("download_refused", f"a part that nobody asked for: {said}")
            if span is not None:
                total = None if coding.is_coded else span.length
        if total is not None and total > self._limit:
            raise _failure("download_too_large", f"{total} bytes")
        head = b""
        while len(head) < _HEAD and (chunk := next(incoming.chunks, b"")):
            head += chunk
        if not head or _is_page(head):
            page, body = self._page(incoming, head, place)
            if body is not None:
                return body
            if (document := _address_page(page)) is not None:
                return _Document(url, document)
            raise _refusal(self._server, url, incoming, page)
        if self._documents_only:
            raise _failure("download_refused", "no document")
        body = ClipBody(
            url=place.url,
            total=total,
            validator=None if coding.is_coded else _strong_validator(headers),
            has_end=total is not None or coding.is_coded or _is_chunked(headers),
        )
        if self._sink.size:
            self._sink.restart()
        self._on_body(body)
        self._take(head)
        for chunk in incoming.chunks:
            self._take(chunk)
            unpacked, packed = self.received, incoming.received()
            if unpacked > _RATIO_FREE and unpacked > _MAX_RATIO * max(packed, 1):
                raise _failure("download_refused", f"unpacks to {_MAX_RATIO} times its size")
        if total is not None and self._sink.size != total:
            raise NoResponseError(f"{self._sink.size} bytes of {total} came")
        return body

    def _take(self, chunk: bytes) -> None:
        self.received += len(chunk)
        if self._stop.is_set():
            raise _failure("download_interrupted", "stopped")
        if self._sink.size + len(chunk) > self._limit:
            raise _failure("download_too_large", f"more than {self._limit} bytes")
        self._sink.write(chunk)

    def _page(
        self, incoming: Incoming, head: bytes, place: _Address
    ) -> tuple[bytes, ClipBody | None]:
        """Read a page, and take the clip that is embedded in it."""
        body = ClipBody(url=place.url)
        began = False

        def take(number: int, chunk: bytes) -> None:
            nonlocal began
            if number != self._output:
                return
            if not began:
                began = True
                if self._sink.size:
                    self._sink.restart()
                self._on_body(body)
            try:
                self._take(chunk)
            except ProblemError as refusal:  # `InlineClip` only stops taking the clip.
                self._disk_refusal = refusal
                raise

        clip = InlineClip(take)

        def sifted() -> Iterator[bytes]:
            for chunk in incoming.chunks:
                yield clip.sift(chunk)
            yield clip.sift(b"")

        page = without_key(self._server, _rest(clip.sift(head), sifted()))
        if self._disk_refusal is not None:
            raise self._disk_refusal
        if began and self._output not in clip.whole:
            raise _failure("download_interrupted", "the clip in the answer did not come whole")
        return page, body if began else None

    def _rest(self, incoming: Incoming, head: bytes = b"") -> bytes:
        """Return the beginning of a page, without the key and other secrets."""
        return without_key(self._server, _rest(head, incoming.chunks))


class _Span(NamedTuple):
    """The values of a `Content-Range`; `end` is the last byte, `total` None where it is unknown."""

    start: int
    end: int
    total: int | None

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.end + 1 - self.start

    @property
    def may_be_whole(self) -> bool:
        """Whether it can be the whole file."""
        return self.start == 0 and self.total in {None, self.end + 1}


def _range_of(headers: Mapping[str, str]) -> _Span | None:
    found = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None or int(found[1]) > int(found[2]):
        return None
    total = None if found[3] == "*" else int(found[3])
    return (
        None
        if total is not None and int(found[2]) >= total
        else _Span(int(found[1]), int(found[2]), total)
    )


def _size(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= 18 else None


def _is_chunked(headers: Mapping[str, str]) -> bool:
    return headers.get("transfer-encoding", "").lower().split(",")[-1].strip() == "chunked"


def _strong_validator(headers: Mapping[str, str]) -> str | None:
    """Return the validator with which the rest may be asked for (RFC 9110, 8.8.2.2 and 13.1.5).

    A weak entity tag is none, and where there is one a date must not replace it. A date is strong
    where the file was at least a second old when the answer was made.
    """
    if headers.get("accept-ranges", "").strip().lower() == "none":
        return None
    if (tag := headers.get("etag", "").strip()) != "":
        return tag if _STRONG_ETAG.fullmatch(tag) else None
    changed = headers.get("last-modified", "").strip()
    at, now = http_date(changed), http_date(headers.get("date"))
    return changed if at is not None and now is not None and now - at >= 1 else None


def _may_fetch(server: Server, url: str) -> bool:
    """Return whether an address may be fetched.

    https is fetched from anywhere; http from the server itself, or between servers on this machine.
    """
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


def _is_page(head: bytes) -> bool:
    """Return whether this is text, not a clip. The bytes decide, whatever the type says."""
    kind = sniff(head)
    if kind != "other":
        return kind in {"html", "json"} and not _NO_TEXT.search(head[:_SNIFFED])
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return True
    # The first 512 bytes of any clip have such bytes. A server that does not know a file's kind may
    # call it text, and a proxy's page may come as a clip.
    return not _NO_TEXT.search(head)


def _address_page(body: bytes) -> object:
    """Return the document that an answer in place of the clip is: JSON, or a bare address."""
    if _ADDRESS_ALONE.fullmatch(body):
        return {"url": body.decode("latin-1").strip()}
    try:
        document = read_json(body)
    except ValueError:
        return None
    if isinstance(document, str):
        document = {"url": document}
    return document if clip_addresses(document) else None


def _refusal(server: Server, url: str, incoming: Incoming, body: bytes) -> ServerError:
    """Return the failure that an answer without a clip means."""
    refusal, said = refusal_in(body), clean_line(body.decode("utf-8", "replace"), 200)
    status = incoming.status
    # Only the server itself knows: a signed address elsewhere may expire while the clip exists.
    is_own = origin_of(url) == origin_of(base_url(server))
    is_told = _EXPIRED.search(refusal.message) or _EXPIRED_CODE.fullmatch(refusal.code or "")
    is_over = is_own and 400 <= status < 500 and status != 401 and is_told
    if status == 410 or is_over:
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
        retry_after=retry_after(incoming.headers, MAX_WAIT),
        not_found=status == 404,
    )


def _rest(head: bytes, chunks: Iterator[bytes]) -> bytes:
    body = bytearray(head)
    try:
        for chunk in chunks:
            body += chunk
            # A document may name an address far from its beginning; a page is recognized by its
            # first bytes.
            kind = sniff(bytes(body[:_HEAD])) if len(body) >= _SNIFFED else "json"
            if len(body) >= (JSON_LIMIT if kind == "json" else _ERROR_LIMIT):
                break
    except NoResponseError:
        pass  # half an error page still says what is wrong
    return bytes(body[:JSON_LIMIT])


def _failure(kind: str, message: str) -> ServerError:
    return ServerError(JobError(kind, CODES[kind], message=message))
