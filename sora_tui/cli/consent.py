"""Consent before anything is sent: three classes of price, a question only where one is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from sora_tui.cli.streams import ask_line
from sora_tui.config.consents import remember
from sora_tui.core.job import Consent, Job
from sora_tui.core.price import Ask
from sora_tui.core.problem import problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.engine.orders import Answer, Order, consent, open_question
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.answers import is_yes
from sora_tui.i18n.costs import resend_question, resend_reason
from sora_tui.i18n.formatting import money
from sora_tui.i18n.lineage import operation_words, with_words
from sora_tui.i18n.spending import today_words

Question = Callable[[str], str]


def agree(
    order: Order,
    words: str,
    *,
    yes: bool,
    max_spend: Decimal | None,
    ask: Question | None,
    despite_refusal: bool = False,
) -> Consent:
    """Return the person's consent to an order, asked for where its price needs it.

    Args:
        order: The clips, their price, and what stands against sending them.
        words: What the order makes, in words.
        yes: `--yes`.
        max_spend: `--max-spend`.
        ask: Asks a question and returns the answer; None without a terminal.
        despite_refusal: `--send-refused`.

    Raises:
        ProblemError: As `orders.consent`; declined. Nothing was sent.
    """
    answer = Answer(yes, max_spend, despite_refusal)
    wanted = open_question(order, answer)
    if wanted is not Ask.NOTHING and ask is not None:
        question = _sum_question if wanted is Ask.SUM else _unknown_question
        said = ask(question(order, words)).strip().lower()
        if wanted is Ask.UNKNOWN and said in {"a", "always"}:
            for line in order.lines:
                if line.ask is Ask.UNKNOWN:
                    with suppress(OSError):  # it is then valid for this time only
                        remember(line.server, line.found)
        elif not is_yes(said):
            raise problem_error("declined")
        answer = answer._replace(yes=True)
    return consent(order, answer, datetime.now(UTC))


def question_on_terminal() -> Question | None:
    """Return a function that asks on stderr and reads stdin; None unless both are a terminal."""
    return ask_line if sys.stdin.isatty() and sys.stderr.isatty() else None


def order_words(request: VideoRequest, count: int) -> str:
    """Return `2 clips, sora-2, 4 s, 1280x720`: what is sent, and what it is made of."""
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


def _sum_question(order: Order, words: str) -> str:
    price, unknown = order.price, order.total.unknown
    sum = money(price.sum or Decimal(0), price.currency)
    asked = _("Pay about {sum} on {host}?").format(sum=sum, host=_hosts(order))
    if (job := _sent_before(order)) is not None:
        asked = f"{resend_question(price, _hosts(order))}  {resend_reason(job)}"
    more = ""
    if unknown:
        more = ngettext(
            "{count} of them costs what nobody says",
            "{count} of them cost what nobody says",
            unknown,
        ).format(count=unknown)
    today = "" if order.today is None else today_words(order.today, order.budget)
    parts = (asked, words, more, today, _("y pay, any other answer: no"))
    return "  ".join(part for part in parts if part)


def _sent_before(order: Order) -> Job | None:
    """Return the unconfirmed job that the order sends again; None for any other order."""
    return next((line.job for line in order.lines if line.way == "resend"), None)


def _unknown_question(order: Order, _words: str) -> str:
    if (job := _sent_before(order)) is not None:
        asked = f"{resend_question(order.price, _hosts(order))}  {resend_reason(job)}"
        return asked + "  " + _("y once, a always on this server, any other answer: no")
    return _(
        "{host} does not say what it charges. Send? y once, a always on this server, any other"
        " answer: no"
    ).format(host=_hosts(order))


def _hosts(order: Order) -> str:
    return ", ".join(dict.fromkeys(server.host for server in order.servers))
