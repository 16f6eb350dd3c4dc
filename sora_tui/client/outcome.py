"""The outcome of the paid request: one of five."""

from __future__ import annotations

from dataclasses import dataclass

from sora_tui.core.cookie import Cookie
from sora_tui.core.job import JobError
from sora_tui.core.remote_video import RemoteVideo


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has a job; `video` may already be completed or failed.

    Attributes:
        clips: It is completed, and the answer itself had these of its clips, complete, counted
            from 0.
        cookies: What the answer set; they are sent with this job's requests.
    """

    video: RemoteVideo
    status: int
    request_id: str | None = None
    clips: tuple[int, ...] = ()
    cookies: tuple[Cookie, ...] = ()


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
    """The server definitely said "not now"; `wait` in seconds, 1..300.

    Attributes:
        names_limit: It names the limit: a rate, a number at once, a quota. Without that the answer
            may come from something before the server, and be wrong.
        is_proven: Its words are in the row of a server, with the source that shows that they come
            before anything is made.
    """

    wait: float
    error: JobError
    names_limit: bool = True
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may be running, and billed: that is not known, and it must never be sent again by itself.

    Attributes:
        wait: Seconds, 1..300, until the server wants to be asked again; None if it does not say.
    """

    error: JobError
    wait: float | None = None


CreateOutcome = Accepted | NotSent | Rejected | Later | Unclear
