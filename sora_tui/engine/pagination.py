"""One walk through a server's list, newest first, that ends however the server misbehaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from sora_tui.client.videos import VideosClient
from sora_tui.core.remote_video import RemoteVideo
from sora_tui.engine.rate_limit import RateLimiter


class Page(NamedTuple):
    """The rows on one page of the list.

    Attributes:
        fresh: Rows that were on no page before, in the server's order.
        first_rank: Place of the first of them in the list, from 0.
        rows: All rows of the page, those seen before included.
        more: The server says that there are others behind it, which may be wrong.
        skew: The server's clock minus ours, in seconds; None where it is not known.
    """

    fresh: tuple[RemoteVideo, ...]
    first_rank: int
    rows: int
    more: bool
    skew: float | None


async def walk_pages(
    client: VideosClient, rate_limiter: RateLimiter, pages: int
) -> AsyncIterator[Page]:
    """Yield the list, page by page.

    It ends at a page that has nothing new, however often `has_more` says true: LiteLLM ignores
    `after` and answers every page with the first (videos-api, divergence 16). If a server invents
    new rows without end, the walk stops after `pages`.

    Raises:
        ServerError: A page did not come.
    """
    seen: set[str] = set()
    after: str | None = None
    for _ in range(pages):
        async with rate_limiter.slot():
            told = await client.list(after=after)
        fresh = {video.id: video for video in told.videos if video.id not in seen}
        more = told.has_more and bool(fresh)
        yield Page(tuple(fresh.values()), len(seen), len(told.videos), more, told.skew)
        if not more:
            return
        seen.update(fresh)
        after = told.last_id or next(reversed(fresh))
