"""What a job or an order costs, in words: free, estimated, or as the server says."""

from __future__ import annotations

from sora_tui.core.job import Job
from sora_tui.core.price import Price
from sora_tui.i18n import _
from sora_tui.i18n.formatting import money


def reported_words(job: Job) -> str:
    """Return `$0.20, says the server`; empty where the server said nothing.

    What it said before the end is its estimate (`about`); whether a job without a clip is charged
    is not known (`perhaps`).
    """
    cost = job.cost
    if cost.reported is None:
        return ""
    text = _("{sum}, says the server")
    if job.is_perhaps_charged:
        text = _("perhaps {sum}, says the server")
    elif not job.is_cost_final:
        text = _("about {sum}, says the server")
    return text.format(sum=money(cost.reported, cost.currency))


def free_words(price: Price, count: int = 1) -> str:
    """Return `free`, or what a server that is called free charged for the same all the same."""
    if not price.sum:
        return _("free")
    sum = money(price.sum * count, price.currency)
    return _("about {sum}, said the server last time").format(sum=sum)
