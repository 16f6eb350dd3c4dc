"""What became of a call: five outcomes of the paid request, one exception for all other calls."""

from __future__ import annotations

from dataclasses import dataclass

from sora_tui.core.job import JobError
from sora_tui.core.remote import RemoteVideo


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has a job; `video` may already be completed or failed.

    Attributes:
        has_clip: It is completed, and the answer itself brought its clip, whole.
    """

    video: RemoteVideo
    status: int
    request_id: str | None = None
    has_clip: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the request reached a server: it may be sent again."""

    error: JobError


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server definitely refused; nothing was made, nothing is charged."""

    error: JobError


@dataclass(frozen=True, slots=True)
class Later:
    """The server said, definitely, not now; `wait` in seconds, 1..300."""

    wait: float
    error: JobError


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may be running, and billed: nobody knows, and it must never be sent again by itself."""

    error: JobError


CreateOutcome = Accepted | NotSent | Rejected | Later | Unclear


class ServerError(Exception):
    """A call other than create gave no answer that can be used.

    Attributes:
        error: The reason; its `spent` speaks of this call, which itself costs nothing, or, for a
            download, of the clip that was paid before.
        retry_after: Seconds the server asks to be left alone, 1..300.
        not_found: The server says that it knows no such video.
    """

    def __init__(
        self, error: JobError, *, retry_after: float | None = None, not_found: bool = False
    ) -> None:
        super().__init__(f"{error.kind} ({error.status or 'no answer'}) {error.message}".rstrip())
        self.error = error
        self.retry_after = retry_after
        self.not_found = not_found
