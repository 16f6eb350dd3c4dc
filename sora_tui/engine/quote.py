"""What a request would cost here: the price rule of core with the tables of client."""

from __future__ import annotations

from sora_tui.client.prices import ending_of, measures_for, table_for
from sora_tui.core.price import Ending, Price, price_of
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server


def quote(server: Server, request: VideoRequest) -> Price:
    """The price of one clip of this request on this server."""
    return price_of(server, request, table_for(server), measures_for(server))


def ending(server: Server, model: str | None) -> Ending | None:
    """When this model ends or ended; None where nobody said."""
    return ending_of(server, model)


def usual_quote(server: Server) -> Price:
    """The price of a clip as the profile would have it: what a server charges, before any wish."""
    wish = VideoRequest("-", model=server.model, seconds=server.seconds or "4", size=server.size)
    return quote(server, wish)
