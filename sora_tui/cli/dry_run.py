"""`generate --dry-run`: what would be sent, field by field, and what it would cost."""

from __future__ import annotations

import argparse
from typing import Any

from sora_tui.cli.console import Console
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.request import EXACT
from sora_tui.core.server import Server
from sora_tui.core.text import clean
from sora_tui.engine.orders import Answer, Order, open_question, preview
from sora_tui.i18n import _
from sora_tui.i18n.costs import free_words
from sora_tui.i18n.formatting import money
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.references import Prepared


def show_order(folder: Folder, order: Order, console: Console) -> None:
    """Print an order of one line. Fields that are not set are not sent and not shown."""
    (line,) = order.lines
    asked = preview(folder, line)
    server, request, prepared, count = asked.server, line.request, line.prepared, line.clips
    fields, url = dict(asked.fields), f"{server.base_url}{asked.path}"
    clip = request.source_file
    picture = None if prepared is None else _picture(server, prepared)
    price = order.price
    console.document(
        {
            "event": "dry_run",
            "server": server.name,
            "url": url,
            "encoding": asked.encoding,
            "count": count,
            "fields": fields,
            "reference": picture,
            "source_file": None if clip is None else clip._asdict(),
            "price": {
                "kind": price.kind.value,
                "sum": None if price.sum is None else float(price.sum),
                "currency": price.currency,
            },
        }
    )
    where = _("the built-in simulator") + asked.path if server.simulated else url
    console.result(f"POST {where}  ({asked.encoding})  x {count}")
    for name, value in fields.items():
        console.result(f"  {name} = {clean(value)}")
    if prepared is not None and picture is not None:
        console.result(f"  {picture['field']} = {_picture_words(prepared)}")
    if clip is not None:
        console.result(f"  {asked.file_field} = {clip.path}  sha256 {clip.sha256[:12]}")
    console.result(_price_words(price))
    console.result(_("Nothing was sent."))


def check_dry_run(args: argparse.Namespace, order: Order) -> None:
    """Refuse what a real run would refuse before it asks anything: limits, a missing key.

    Args:
        args: The options of `add_sending`.
        order: What would be sent.

    Raises:
        ProblemError: As `orders.open_question`.
    """
    # Whoever agrees to the price, so that only what no answer changes is left.
    open_question(order, Answer(True, args.max_spend, args.send_refused))


def _picture(server: Server, prepared: Prepared) -> dict[str, Any]:
    return {
        # The field of the specification; only a probe shows that a server wants another one.
        "field": server.reference_field or "input_reference",
        "path": prepared.reference.path,
        "filename": prepared.filename,
        "mime": prepared.mime,
        "bytes": len(prepared.data),
        "width": prepared.width,
        "height": prepared.height,
        "sha256": prepared.reference.sha256,
        "fit": str(prepared.reference.fit),
        "as_png": prepared.as_png,
        "cut": prepared.cut,
    }


def _picture_words(prepared: Prepared) -> str:
    words = [
        prepared.reference.path,
        f"{prepared.width}x{prepared.height}",
        prepared.mime,
        _("{count} bytes").format(count=len(prepared.data)),
    ]
    if prepared.as_png:
        words.append(_("as PNG"))
    elif prepared.reference.fit == EXACT:
        words.append(_("byte for byte"))
    else:
        words.append(_("fitted copy: {fit}").format(fit=prepared.reference.fit))
    if prepared.cut:
        words.append(_("cuts {percent} of the picture").format(percent=f"{prepared.cut:.0%}"))
    return "  ".join(words)


def _price_words(price: Price) -> str:
    if price.kind is PriceKind.FREE:
        return _("price: {price}").format(price=free_words(price))
    if price.unclear:
        text = _("price: unknown, what {name} says cannot be worked out")
        return text.format(name=clean(price.unclear))
    if price.sum is None:
        return _("price: unknown, the server does not say what it charges")
    sum = money(price.sum, price.currency)
    if price.dated:
        return _("price: about {sum} (table of {date})").format(sum=sum, date=price.dated)
    return _("price: about {sum}").format(sum=sum)
