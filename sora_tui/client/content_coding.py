"""Decompresses an answer (RFC 9110, 8.4.1), a small piece at a time.

We ask for `identity`; a middlebox or a server may compress all the same. A bomb of 1 MB that holds
1 GB is never in memory: each piece is at most `PIECE` bytes, and the reader stops at its own limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

#: Largest piece that is returned at once, in bytes.
PIECE: Final = 64 * 1024
#: A body that was compressed more often than this is refused, as curl does.
_MAX_CODINGS: Final = 5

#: Names that some servers write there, and that stand for no coding.
_PLAIN: Final = frozenset(
    {"", "identity", "none", "binary", "8bit", "7bit", "utf-8", "utf8", "aws-chunked", "chunked"}
)
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_MAGIC: Final = b"\x1f\x8b"


class CodingError(Exception):
    """The compressed bytes are broken."""


class Decoder:
    """Takes the bytes of one body as they come and returns them decoded.

    Attributes:
        unreadable: The codings that this module does not know, e.g. `br`; empty where it knows all.
        is_coded: The body is compressed.
    """

    def __init__(self, content_encoding: str) -> None:
        """Read the header's value; nothing is decoded yet."""
        names = [name.strip().lower() for name in content_encoding.split(",")]
        codings = [name for name in names if name not in _PLAIN]
        known = _GZIP | {"deflate"}
        self.is_coded = bool(codings)
        self.unreadable = ", ".join(name for name in codings if name not in known)
        if len(codings) > _MAX_CODINGS:
            self.unreadable = f"{len(codings)} codings"
        # The last one named was applied last.
        self._steps = [] if self.unreadable else [_Inflater(name) for name in reversed(codings)]

    @property
    def is_whole(self) -> bool:
        """Whether every compressed stream came to its own end; True where there was none."""
        return all(step.is_whole for step in self._steps)

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the decoded form of the next bytes of the body.

        Raises:
            CodingError: They are no such stream, or a broken one.
        """
        yield from self._through(chunk, 0)

    def _through(self, data: bytes, step: int) -> Iterator[bytes]:
        if step == len(self._steps):
            if data:
                yield data
            return
        for piece in self._steps[step].pieces(data):
            yield from self._through(piece, step + 1)


class _Inflater:
    """Decodes one coding. A body that only claims to be compressed passes unchanged."""

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding in _GZIP
        self._stream = zlib.decompressobj(31 if self._is_gzip else zlib.MAX_WBITS)
        self._head = b""  # the first bytes, until they are enough to recognize the stream
        self._is_known = False
        self._is_plain = False
        self.is_whole = False

    def pieces(self, data: bytes) -> Iterator[bytes]:  # noqa: C901 -- the states of one stream; cut, each would need the others' variables
        if not self._is_known:
            self._head += data
            if len(self._head) < len(_MAGIC):
                return
            data, self._head, self._is_known = self._head, b"", True
            self._choose(data)
        if self._is_plain:
            yield data
            return
        while data or not self.is_whole:
            if self.is_whole:
                # gzip may have several members; padding after the last one means nothing.
                data, self._head = self._head + data, b""
                if not self._is_gzip or not data.startswith(_MAGIC[: len(data)]):
                    self._is_gzip = False
                    return
                if len(data) < len(_MAGIC):
                    self._head = data
                    return
                self._stream, self.is_whole = zlib.decompressobj(31), False
            try:
                piece = self._stream.decompress(data, PIECE)
            except zlib.error as fault:
                raise CodingError(f"the compressed answer is broken: {fault}") from fault
            data = self._stream.unconsumed_tail
            if self._stream.eof:
                self.is_whole, data = True, self._stream.unused_data
            if piece:
                yield piece
            elif not data:
                return

    def _choose(self, data: bytes) -> None:
        """Find out what the stream is by its first two bytes."""
        if self._is_gzip:
            # A proxy that decompresses may leave the header unchanged.
            self._is_plain = self.is_whole = not data.startswith(_MAGIC)
            return
        # `deflate` is a zlib stream (RFC 1950); old servers send it without that wrapping.
        is_zlib = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
        if not is_zlib:
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
