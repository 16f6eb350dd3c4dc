"""What the calls raise that are not paid for: they gave no answer that can be used."""

from __future__ import annotations

from sora_tui.core.job import JobError


class ServerError(Exception):
    """A call other than create gave no answer that can be used.

    Attributes:
        error: The reason; its `spent` speaks of this call, which itself costs nothing, or, for a
            download, of the clip that was paid before.
        retry_after: Seconds the server asks to be left alone, 1..300.
        not_found: The server says that it knows no such video.
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
