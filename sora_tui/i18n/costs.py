"""What a job or an order costs, in words: free, estimated, or as the server says."""

from __future__ import annotations

from sora_tui.core.job import Job
from sora_tui.core.price import Price, PriceKind
from sora_tui.i18n import _
from sora_tui.i18n.formatting import money


def resend_question(price: Price, host: str) -> str:
    """Return the question before an unconfirmed job is sent again: what is paid, and again."""
    if price.kind is PriceKind.FREE:
        return _("Send it again on {host}? It may make a second clip.").format(host=host)
    if price.sum is None:
        text = _("{host} does not say what it charges. Send again? It may be billed twice.")
        return text.format(host=host)
    sum = money(price.sum, price.currency)
    text = _("Pay about {sum} on {host}, perhaps for the second time?")
    return text.format(sum=sum, host=host)


def resend_reason(job: Job) -> str:
    """Return why it is asked before an unconfirmed job is sent again."""
    if not job.attempts:
        return _("it may have been sent from another folder or machine: then both are billed")
    if job.is_free:
        return _("the first request may have reached the server: then it makes both clips")
    return _("the first request may have reached the server: then both are billed")


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


def price_words(price: Price) -> str:
    """Return what an order costs in a word or two: free, `about $0.40`, or that nobody knows."""
    if price.kind is PriceKind.FREE:
        return free_words(price)
    if price.sum is None:
        return _("price unknown")
    return _("about {sum}").format(sum=money(price.sum, price.currency))


def free_words(price: Price, count: int = 1) -> str:
    """Return `free`, or what a server that is called free charged for the same all the same."""
    if not price.sum:
        return _("free")
    sum = money(price.sum * count, price.currency)
    return _("about {sum}, said the server last time").format(sum=sum)
