"""The price of a request: the price rule of core with the tables of client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from sora_tui.client.prices import measures_for, retirement_of, table_for
from sora_tui.core.job import Cost, Job
from sora_tui.core.price import (
    Amount,
    Measures,
    Price,
    PriceKind,
    Retirement,
    amount_of,
    price_of,
    rounded,
)
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server, profile_for
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.reported_costs import jobs_with_reported_cost

#: Most reports of a server that are searched for one of the same kind.
_LATEST: Final = 100


def quote(server: Server, request: VideoRequest, folder: Folder | None = None) -> Price:
    """Return the price of this request on this server.

    A server that is called free, and reports costs all the same, has as price its last report for
    the same model, size and length: it needs no question, and limits count it.

    Args:
        server: The server that would make the clips.
        request: What is asked for.
        folder: The workspace whose history is searched for reports; a few documents are read for a
            free server, none for others.
    """
    measures = measures_for(server)
    price = price_of(server, request, table_for(server), measures)
    if folder is None or price.kind is not PriceKind.FREE or server.simulated:
        return price
    asked = _amount(server, request, measures)
    for job in islice(jobs_with_reported_cost(folder, server.origin), _LATEST):
        price = price._replace(reports=True)
        told, made = job.cost, _amount(server, job.request, measures)
        if (
            told.reported is not None
            and told.currency == server.currency
            and _without_amount(job.request) == _without_amount(request)
            and made._replace(clips=asked.clips) == asked
        ):
            return price._replace(sum=rounded(told.reported / made.clips * asked.clips))
    return price


def priced_now(job: Job, servers: Mapping[str, Server]) -> Job:
    """Return a job of unknown price with the price that its profile has by now, if any."""
    if job.cost.estimated is not None or job.cost.reported is not None:
        return job
    server = profile_for(servers, job.server)
    price = None if server is None else quote(server, job.request)
    if price is None or price.sum is None:
        return job
    return replace(job, cost=Cost(price.sum, None, price.currency, price.per_second, price.clips))


def _amount(server: Server, request: VideoRequest, measures: Measures) -> Amount:
    params = server.with_own(request.params)
    return amount_of(request.seconds, params, measures, server.query)


def _without_amount(request: VideoRequest) -> tuple[str, str | None, str | None]:
    """Return what else decides about a price, as far as it is known."""
    return request.operation, request.model, request.size


def retirement(server: Server, model: str | None) -> Retirement | None:
    """Return when this model ends or ended; None if that is not known."""
    return retirement_of(server, model)


def default_quote(server: Server) -> Price:
    """Return the price of a clip with the profile's defaults."""
    wish = VideoRequest("-", model=server.model, seconds=server.seconds or "4", size=server.size)
    return quote(server, wish)
