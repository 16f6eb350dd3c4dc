"""What comes back from a server: an answer, or why there is none. Without httpx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sora_tui.core.cookie import Cookie

#: A file part: name, bytes, media type.
File = tuple[str, bytes, str]


class NotSentError(Exception):
    """No byte of the request was sent to the server.

    Attributes:
        kind: A code of `problem.CODES`.
    """

    kind = "server_unreachable"


class UntrustedError(NotSentError):
    """The server showed a certificate that is not trusted."""

    kind = "certificate_untrusted"


class HandshakeRefusedError(NotSentError):
    """The server ended the TLS handshake: it wants a certificate, or no version is common."""

    kind = "handshake_refused"


class NoResponseError(Exception):
    """The request may have arrived; its answer did not.

    Attributes:
        kind: A code of `problem.CODES`, for requests that are not paid.
    """

    kind = "server_unreachable"


class Response(NamedTuple):
    """What a server answered.

    Attributes:
        headers: By lower-case name; without the cookies.
        body: As far as it came: cut at the limit, at the deadline or where the connection broke.
        cookies: What it set.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[Cookie, ...] = ()
