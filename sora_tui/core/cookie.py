"""A cookie that the answer to a create set; a load balancer finds the job's replica by it."""

from __future__ import annotations

from typing import Final, NamedTuple

from sora_tui.core.secret import Secret

#: More than a load balancer and a gateway before it need.
MAX_COOKIES: Final = 8


class Cookie(NamedTuple):
    """One cookie of one job. It may hold the secret of a session, so its value is never shown.

    Attributes:
        path: Requests whose path begins with it carry the cookie.
        secure: Only over an encrypted connection.
    """

    name: str
    value: Secret
    path: str = "/"
    secure: bool = False
