"""The words about an order: its price, its picture, and the question before it is paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from textual.content import Content

from sora_tui.core.price import Ask, Price, PriceKind
from sora_tui.core.problem import Problem
from sora_tui.core.reference_fit import Badge, ImageFacts, ReferenceFile, badge
from sora_tui.core.request import EXACT, Fit, VideoRequest
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line, same_name
from sora_tui.engine.orders import Order
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.costs import free_words
from sora_tui.i18n.formatting import money, semicolons
from sora_tui.i18n.lineage import operation_words, with_words
from sora_tui.i18n.problems import sentences
from sora_tui.i18n.recovery import undecided_words
from sora_tui.i18n.retirement import retirement_words
from sora_tui.i18n.spending import today_words
from sora_tui.tui.state.draft import Draft


class Picture(NamedTuple):
    """The reference as it would be sent.

    Attributes:
        facts: None where the file is not there or is no picture.
        badge: How it goes with the chosen size.
    """

    path: str
    fit: Fit
    facts: ImageFacts | None
    badge: Badge


class Question(NamedTuple):
    """What has to be answered before anything is sent.

    Attributes:
        answers: The keys and what they mean, in words.
        may_always: `a` remembers the answer for this server.
        yes: The keys that agree, where they are not those of y.
    """

    asked: str
    facts: str
    answers: str
    may_always: bool = False
    yes: str = ""


def picture_of(draft: Draft, pictures: Mapping[str, ReferenceFile]) -> Picture | None:
    """The draft's reference among the pictures of `input_reference/`."""
    if draft.reference is None:
        return None
    path = draft.reference.removeprefix("input_reference/")
    file = pictures.get(path)
    if file is None and not path.isascii():
        file = next((pictures[name] for name in pictures if same_name(name, path)), None)
    facts = None if file is None else file.facts
    return Picture(path, draft.fit, facts, badge(facts, draft.size))


def price_words(price: Price | None, server: Server, count: int) -> str:
    """The price of the whole order in a word or two; honest where nobody knows."""
    if price is None:
        return ""
    if price.kind is PriceKind.FREE:
        return _("free, simulated") if server.simulated else free_words(price, count)
    if price.sum is None:
        return _("price unknown")
    return _("about {sum}").format(sum=money(price.sum * count, price.currency))


def facts_line(
    draft: Draft,
    picture: Picture | None,
    price: Price | None,
    server: Server,
    width: int,
    note: str = "",
) -> Content:
    """Picture and price on one line of `width` cells, and a warning below, if there is one."""
    right = Content.assemble(
        (_("price") + " ", "$foreground-muted"),
        (price_words(price, server, draft.count), "bold"),
        " ",
    )
    if price is not None and price.sum is None:
        right = Content.assemble((price_words(price, server, draft.count), "bold $warning"), " ")
    room = max(width - right.cell_length - 1, 0)
    left = Content(" ") + _origin_content(draft, picture)
    if left.cell_length > room:
        # What happens to the picture matters more than its size, which its own list tells.
        left = Content(" ") + _origin_content(draft, picture, size=False)
    left = left.truncate(room, ellipsis=True)
    gap = max(width - left.cell_length - right.cell_length, 1)
    line = left + " " * gap + right
    return line + Content.styled(f"\n {note}", "$warning") if note else line


def facts_block(
    draft: Draft, picture: Picture | None, price: Price | None, server: Server, note: str = ""
) -> Content:
    """What is known about the order where there is room to say it all.

    Args:
        draft: What stands in the editor.
        picture: The reference picture, if there is one.
        price: The price of one clip.
        server: The server that the clip would go to.
        note: A warning about server or model.
    """
    rows: list[tuple[str, Content]] = [
        (_("server"), Content(f"{server.name}  {_place(server)}")),
        (_("ref"), _picture_content(picture, label=False)),
    ]
    if draft.operation != "create" or draft.characters:
        rows[-1] = (_("from"), _origin_content(draft, picture))
    if picture is not None and picture.facts and draft.size and picture.badge.kind != "no":
        rows.append(("", Content.styled(_sends(picture, draft.size), "$foreground-muted")))
    rows.append((_("price"), _price_content(draft, price, server)))
    if note:
        rows.append((_("note"), Content.styled(note, "$warning")))
    label = max(len(name) for name, _content in rows) + 2
    lines = [Content.styled(f" {name:<{label}}", "$foreground-muted") + said for name, said in rows]
    return Content("\n").join(lines)


def question_for(
    ask: Ask,
    draft: Draft,
    price: Price,
    server: Server,
    today: str = "",
    refused: Problem | None = None,
    note: str = "",
    source: str = "",
) -> Question:
    """The question in place of the settings line. No single key pays: this is the second one.

    Args:
        ask: Which question the price needs.
        draft: What stands in the editor.
        price: The price of one clip.
        server: The server that the clip would go to.
        today: What the day has cost, in words.
        refused: The server refused this prompt before. Who sends it all the same agrees to its
            price with the same key, and to nothing for ever.
        note: A warning about server or model.
        source: `remix of …7f3k2m`, where it is no new clip.
    """
    clips = ngettext("{count} clip", "{count} clips", draft.count).format(count=draft.count)
    parts = [clips, draft.model, _seconds(draft.seconds), draft.size]
    if draft.operation != "create":  # the size is the source's
        parts = [] if draft.operation == "character" else parts[:3]
    told = [clean_line(part, 40) for part in parts if part]
    order = ", ".join(part for part in (source, *told, with_words(draft.characters)) if part)
    if refused is not None:
        cost = "" if price.kind is PriceKind.FREE else price_words(price, server, draft.count)
        facts = (order, cost, today, note)
        return Question(
            sentences(refused).happened + " " + _("Not sent."),
            "  ".join(fact for fact in facts if fact),
            _("s send all the same   any other key: edit"),
            yes="sS",
        )
    if ask is Ask.UNKNOWN or price.sum is None:
        return Question(
            _("{host} does not say what it charges. Send?").format(host=server.host),
            "  ".join(fact for fact in (order, note) if fact),
            _("y once   a always on this server   any other key: no"),
            may_always=True,
        )
    total = money(price.sum * draft.count, price.currency)
    return Question(
        _("Pay about {sum} on {host}?").format(sum=total, host=server.host) + f"  {order}",
        "  ".join(fact for fact in (today, note) if fact),
        _("y pay   any other key: no"),
    )


def _origin_content(draft: Draft, picture: Picture | None, *, size: bool = True) -> Content:
    """What the clip is made of: another one, characters, a picture."""
    if draft.operation != "create":
        request = VideoRequest(draft.text, operation=draft.operation, source_job=draft.source_clip)
        return Content.styled(operation_words(request, short=True), "$text-accent")
    said = _picture_content(picture, size=size)
    if not draft.characters:
        return said
    named = Content.styled(with_words(draft.characters), "$text-accent")
    missing = [name for name in draft.characters if name not in draft.text]
    if missing:
        text = _("the prompt does not mention {name}").format(name=clean_line(missing[0], 40))
        named += Content.styled(f"  ✗ {text}", "$text-warning")
    return named if picture is None else named + "  " + said


def _place(server: Server) -> str:
    if server.simulated:
        return _("practice server, on this machine")
    return f"{server.base_url}  {server.dialect}"


def _seconds(seconds: str | None) -> str:
    return _("{count} s").format(count=seconds) if seconds else ""


def _picture_content(picture: Picture | None, label: bool = True, size: bool = True) -> Content:
    head = Content.styled(_("ref") + " " if label else "", "$foreground-muted")
    if picture is None:
        return head + Content.styled(_("none"), "$foreground-muted")
    name = clean_line(picture.path, 40) + "  "
    if picture.facts is not None and size:
        name += f"{picture.facts.width}x{picture.facts.height}  "
    sign, words, style = _badge_words(picture)
    return head + Content(name) + Content.styled(f"{sign} {words}", style)


def _badge_words(picture: Picture) -> tuple[str, str, str]:
    kind, cut = picture.badge.kind, picture.badge.cut
    if picture.facts is None:
        return "✗", _("not found or no picture"), "$text-error"
    if kind == "ok":
        return "✓", _("ok"), "$text-success"
    if kind == "png":
        return "✓", _("sent as PNG"), "$text-success"
    if kind == "no":
        return "✗", _("cannot be sent"), "$text-error"
    if picture.fit == EXACT:
        return "✂", _("another size: 2, then f fits it"), "$text-warning"
    words = _("fit {fit}").format(fit=picture.fit)
    if picture.fit.how == "cover" and cut:
        words += ", " + _("cuts {percent}%").format(percent=round(cut * 100))
    return "✂", words, "$text-accent"


def _sends(picture: Picture, size: str) -> str:
    if picture.badge.kind == "fit":
        return _("sends a fitted copy of {size}; your file stays as it is").format(size=size)
    if picture.badge.kind == "png":
        return _("sends a PNG of it; your file stays as it is")
    return _("sends your file byte for byte")


def _price_content(draft: Draft, price: Price | None, server: Server) -> Content:
    if price is None:
        return Content("")
    said = price_words(price, server, draft.count)
    if price.kind is PriceKind.PRICED and price.per_second is not None:
        rate = money(price.per_second, price.currency)
        said += " = " + _("{count} x {seconds} s x {rate}").format(
            count=draft.count, seconds=draft.seconds, rate=rate
        )
        if price.dated:
            said += " " + _("(table of {day})").format(day=price.dated)
        said = semicolons((said, _("F5 asks before it pays")))
    return Content.styled(said, "bold")


def today_of(order: Order) -> str:
    """Return what the day has cost, in words; empty without limits."""
    if order.today is None:
        return ""
    return today_words(order.today, order.budget)


def note_of(order: Order, now: datetime) -> str:
    """Return the warnings about open doubts and about models of an order, in words."""
    doubts = [undecided_words(order.undecided)] if order.undecided else []
    ends = [note for end in order.retirements if (note := retirement_words(end, now.date()))]
    return "  ".join((*doubts, *ends))
