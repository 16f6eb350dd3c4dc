"""The exception of calls that are not paid: they gave no usable answer."""

from __future__ import annotations

from sora_tui.core.job import JobError


class ServerError(Exception):
    """A call other than create gave no usable answer.

    Attributes:
        error: The reason; its `spent` is about this call, which itself costs nothing, or, for a
            download, about the clip that was paid before.
        retry_after: Seconds for which the server asks not to be called, 1..300.
        not_found: The server says that it does not know such a video.
        asked: The server that a gateway asked about it, where that is not the one that made it.
    """

    def __init__(
        self,
        error: JobError,
        *,
        retry_after: float | None = None,
        not_found: bool = False,
        asked: str = "",
    ) -> None:
        super().__init__(f"{error.kind} ({error.status or 'no answer'}) {error.message}".rstrip())
        self.error = error
        self.retry_after = retry_after
        self.not_found = not_found
        self.asked = asked
