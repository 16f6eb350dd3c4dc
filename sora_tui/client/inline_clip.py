"""Extracts a clip that comes inside a JSON answer, while the answer is read.

Dynamo answers a create with the finished clip in `data[].b64_json` (videos-api, divergence 11);
other servers send a `data:` address when they are polled, or asked for the content. Such an answer
is far larger than any other JSON, and may be the only copy of what was paid: so it is never held in
memory, and what surrounds the clip is read like every other answer.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Final

from sora_tui.core.problem import ProblemError

#: Most bytes of a clip that are taken: some eight times a clip of 20 s at 1080p.
INLINE_LIMIT: Final = 512 * 1024**2

#: A quote inside a JSON string has a backslash before it, so no prompt can look like this.
_BEGINS: Final = re.compile(
    rb'"(?:b64_json|b64_mp4|b64_video|video_b64|video_base64|base64_video)"\s{0,8}:\s{0,8}"'
    rb'(?:data:[^",]{0,60},)?'
    rb'|[:\[,]\s{0,8}"data:(?:video\\?/[\w.+-]{1,30}|application\\?/octet-stream)[^",]{0,40}'
    rb";base64,",
    re.IGNORECASE,
)
_LONGEST_BEGINNING: Final = 128
#: A backslash that JSON may write before a slash, and line breaks of MIME.
_ESCAPES: Final = re.compile(rb"\\r|\\n|\\(?=/)")


class InlineClip:
    """The clips of an answer, one after the other.

    Attributes:
        whole: The clips, counted from 0, that were complete, every byte of them Base64, and that
            `sink` accepted in full.
    """

    def __init__(self, sink: Callable[[int, bytes], object]) -> None:
        """Begin without a clip.

        Args:
            sink: Takes the number and the next bytes of a clip; if it raises a ProblemError, no
                more of that clip is taken. Reading goes on, because the rest of the answer says
                what was paid.
        """
        self.whole: set[int] = set()
        self._sink = sink
        self._kept = b""  # the end of the last chunk, which may be the beginning of a clip
        self._inside = False
        self._number = -1
        self._passed = 0  # clips that began, taken or not
        self._taken = 0
        self._padded = False  # `=` comes last.
        self._broken = False

    def sift(self, chunk: bytes) -> bytes:
        """Return the next part of the answer without the clip; with an empty chunk, the rest.

        Beyond the limit everything counts as part of the answer, whose own limit then ends it.
        """
        if self._passed > INLINE_LIMIT * 4 / 3:
            return chunk
        data, out = self._kept + chunk, b""
        self._kept = b""
        while data:
            if not self._inside:
                begin = _BEGINS.search(data)
                if begin is None:
                    cut = max(0, len(data) - _LONGEST_BEGINNING) if chunk else len(data)
                    self._kept = data[cut:]
                    return out + data[:cut]
                if chunk and begin.end() + _LONGEST_BEGINNING > len(data):
                    self._kept = data[begin.start() :]  # `data:` may follow.
                    return out + data[: begin.start()]
                out, data = out + data[: begin.end()], data[begin.end() :]
                self._inside = True
                self._number += 1
                self._taken, self._padded, self._broken = 0, False, False
            else:
                text, quote, rest = data.partition(b'"')
                self._take(text, is_end=bool(quote))
                if not quote:
                    return out
                out, data, self._inside = out + quote, rest, False
        return out

    def _take(self, text: bytes, *, is_end: bool) -> None:
        self._passed += len(text)
        if self._broken:
            return
        if text.endswith(b"\\") and not is_end:
            text, self._kept = text[:-1], b"\\"
        text = _ESCAPES.sub(b"", text)
        cut = len(text) if is_end else len(text) - len(text) % 4
        self._kept = text[cut:] + self._kept
        try:
            if self._padded and cut:
                raise ValueError("goes on behind its end")
            self._padded = text[:cut].endswith(b"=")
            clip = binascii.a2b_base64(text[:cut], strict_mode=True)
            self._taken += len(clip)
            if clip:
                self._sink(self._number, clip)
        except (ValueError, ProblemError):
            self._broken = True
        else:
            if is_end and self._taken:
                self.whole.add(self._number)
