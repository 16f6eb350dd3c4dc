"""Asking before anything is sent: three classes of price, a question only where one is due."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from sora_tui.cli.streams import ask_line
from sora_tui.config.consents import is_always, remember
from sora_tui.core.job import Consent
from sora_tui.core.price import Ask, Price, PriceKind, ask_for
from sora_tui.core.problem import problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.amounts import money
from sora_tui.i18n.kinship import operation_words, with_words

Question = Callable[[str], str]


def agree(
    server: Server,
    order: str,
    price: Price,
    count: int,
    *,
    unknown: int = 0,
    yes: bool,
    max_spend: Decimal | None,
    ask: Question | None,
    today: str = "",
    despite_refusal: bool = False,
) -> Consent:
    """The person's consent to an order, asked for where the price needs it.

    Args:
        order: What is made, in words.
        price: Of one clip.
        unknown: Clips of the order that `price` says nothing of, because nobody knows theirs.
        yes: `--yes`.
        max_spend: `--max-spend`, for the whole order, in the currency of the price.
        ask: Puts a question and returns the answer; None without a terminal.
        today: What the day has cost, in words that stand beside the question.
        despite_refusal: The person knows that the server refused this prompt before.

    Returns:
        The consent of one clip of the order.

    Raises:
        ProblemError: over_budget, consent_price, consent_unknown or declined. Nothing was sent.
    """
    wanted = ask_for(price, server, always=is_always(server.origin))
    if max_spend is not None and (unknown or price.kind is PriceKind.UNKNOWN):
        # A limit that nobody can check must not pass for one.
        raise problem_error("consent_unknown", host=server.host)
    total = None if price.sum is None else price.sum * count
    if max_spend is not None and total is not None and total > max_spend:
        raise problem_error(
            "over_budget",
            sum=str(total),
            limit=str(max_spend),
            currency=price.currency,
            setting="--max-spend",
        )
    told = yes or (max_spend is not None and price.kind is not PriceKind.UNKNOWN)
    if wanted is Ask.SUM and total is not None and not told:
        if ask is None:
            raise problem_error(
                "consent_price", sum=str(total), currency=price.currency, host=server.host
            )
        sum = money(total, price.currency)
        if not is_yes(ask(_sum_question(server, order, sum, unknown, today))):
            raise problem_error("declined")
    elif wanted is Ask.UNKNOWN and not told:
        if ask is None:
            raise problem_error("consent_unknown", host=server.host)
        answer = ask(_unknown_question(server))
        if answer.strip().lower() in {"a", "always"}:
            with suppress(OSError):  # it holds for this time then
                remember(server.origin)
        elif not is_yes(answer):
            raise problem_error("declined")
    return Consent(
        kind=price.kind.value,
        at=datetime.now(UTC),
        sum=price.sum,
        currency=price.currency,
        max_spend=None if max_spend is None else max_spend / count,
        despite_refusal=despite_refusal,
    )


def is_yes(answer: str) -> bool:
    """Whether an answer agrees, in either language."""
    return answer.strip().lower() in {"y", "yes", "o", "oui"}


def question_on_terminal() -> Question | None:
    """How to ask here: on stderr, answered on stdin; None unless both are a terminal."""
    return ask_line if sys.stdin.isatty() and sys.stderr.isatty() else None


def order_words(request: VideoRequest, count: int) -> str:
    """`2 clips, sora-2, 4 s, 1280x720`; what is not sent is left out, what it is made of is not."""
    clips = ngettext("{count} clip", "{count} clips", count).format(count=count)
    seconds = _("{count} s").format(count=request.seconds) if request.seconds else None
    made = operation_words(request)
    if request.operation == "character":
        return made
    words = (
        made,
        clips,
        request.model,
        seconds,
        request.size,
        with_words(c.name for c in request.characters),
    )
    return ", ".join(word for word in words if word)


def _sum_question(server: Server, order: str, sum: str, unknown: int, today: str) -> str:
    asked = _("Pay about {sum} on {host}?").format(sum=sum, host=server.host)
    more = ""
    if unknown:
        more = ngettext(
            "{count} of them costs what nobody says",
            "{count} of them cost what nobody says",
            unknown,
        ).format(count=unknown)
    parts = (asked, order, more, today, _("y pay, any other answer: no"))
    return "  ".join(part for part in parts if part)


def _unknown_question(server: Server) -> str:
    return _(
        "{host} does not say what it charges. Send? y once, a always on this server, any other"
        " answer: no"
    ).format(host=server.host)
