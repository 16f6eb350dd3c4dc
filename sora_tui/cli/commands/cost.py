"""`sora-tui cost`: what was spent here, by day, server and model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sora_tui.cli import exits
from sora_tui.cli.arguments import day
from sora_tui.cli.console import Console
from sora_tui.cli.table import aligned
from sora_tui.config.settings import Settings
from sora_tui.core.spending_report import GroupTotal, SpendingGroup, merge_groups, spending_report
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.i18n.formatting import labelled, money, semicolons
from sora_tui.workspace.day_records import read_day_records
from sora_tui.workspace.folder import open_folder

#: A time before any job.
_EVER: Final = datetime.min.replace(tzinfo=UTC)
#: What sums are grouped by, with the head of the table.
_BY: Final = (("day", N_("DAY")), ("server", N_("SERVER")), ("model", N_("MODEL")))


EXAMPLES: Final = (
    "sora-tui cost",
    "sora-tui cost --since 2026-11-01",
    "sora-tui cost --since 7d --json | jq -s 'map(.reported) | add'",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "--since",
        type=day,
        metavar=_("DAY"),
        help=_("from this day on: 2026-11-01, today, or 7d for the last seven days"),
    )


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Sum up the documents; those in the trash count, because deleting refunds nothing."""
    folder = open_folder(settings.workspace)
    since = args.since or _EVER
    records = read_day_records(folder, since)
    kept = spending_report(records.jobs, since)
    for account, tally in kept.items():
        console.document(_document(account, tally))
    for path in records.unreadable:
        console.note(
            _("{path} cannot be read: what its job cost is not counted.").format(path=path)
        )
    if not kept:
        console.result(_("Nothing that may be billed was sent to a real server from this folder."))
        return exits.DONE
    for name, head in _BY:
        for line in _table(_(head), merge_groups(kept, name, "currency")):
            console.result(line)
        console.result("")
    for (currency,), tally in merge_groups(kept, "currency").items():
        console.result(_total(currency, tally))
    return exits.DONE


def _document(account: SpendingGroup, tally: GroupTotal) -> dict[str, Any]:
    spent = tally.spent
    return {
        "event": "cost",
        "day": account.day.isoformat(),
        "server": account.server,
        "model": account.model or None,
        "currency": account.currency,
        "clips": tally.clips,
        "estimated": float(spent.estimated),
        "reported": float(spent.reported),
        "unknown": spent.unknown,
    }


def _table(head: str, sums: Mapping[tuple[str, ...], GroupTotal]) -> Iterator[str]:
    heads = (head, _("CLIPS"), _("ESTIMATED"), _("REPORTED"), _("UNKNOWN"))
    rows = [heads, *(_cells(name, currency, t) for (name, currency), t in sorted(sums.items()))]
    return aligned(rows, numbers_from=1)


def _cells(name: str, currency: str, tally: GroupTotal) -> tuple[str, ...]:
    spent = tally.spent
    return (
        clean_line(name or "-", 40),
        str(tally.clips),
        f"~{money(spent.estimated, currency)}" if spent.estimated else "-",
        money(spent.reported, currency) if spent.reported else "-",
        str(spent.unknown or "-"),
    )


def _total(currency: str, tally: GroupTotal) -> str:
    """Return `12 clips: about $4.20 by the price tables, $0.40 as servers say, 2 unknown`."""
    clips = ngettext("{count} clip", "{count} clips", tally.clips).format(count=tally.clips)
    spent = tally.spent
    parts = []
    if spent.estimated or not (spent.reported or spent.unknown):
        sum = money(spent.estimated, currency)
        parts.append(_("about {sum}, estimated").format(sum=sum))
    if spent.reported:
        parts.append(_("{sum}, says the server").format(sum=money(spent.reported, currency)))
    if spent.unknown:
        unknown = ngettext("{count} unknown", "{count} unknown", spent.unknown)
        parts.append(unknown.format(count=spent.unknown))
    return labelled(clips, semicolons(parts))
