"""What the job list says of itself: in its title, and in its place where it is empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from textual.content import Content

from sora_tui.core.job_filter import Sort
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from sora_tui.engine.events import EngineChanged

_ORDERS: Final[Mapping[Sort, str]] = {
    "newest": N_("newest first"),
    "oldest": N_("oldest first"),
    "state": N_("by state"),
    "expires": N_("soonest to expire first"),
    "cost": N_("dearest first"),
    "server": N_("by server"),
}


class Listing(NamedTuple):
    """What the list holds.

    Attributes:
        rows: How many jobs the filter lets through, of `total`.
        filter: As it was typed.
        is_following: The cursor goes to whatever job is newest.
    """

    rows: int
    total: int
    filter: str
    sort: Sort
    is_following: bool


def may_resume(engine: EngineChanged | None) -> bool:
    """Return whether jobs wait until a person lets the queue go on."""
    return engine is not None and (engine.paused or engine.stopped)


def activity(  # noqa: C901 -- one test for each part of a line of words
    counts: tuple[int, int], marked: int, engine: EngineChanged | None, *, short: bool
) -> str:
    """Return what goes on, for the left end of the title.

    Args:
        counts: How many jobs run, and how many need the person.
        marked: How many are marked.
        engine: What the engine does; None: it has not started yet.
        short: There is no room for downloads.
    """
    running, waiting = counts
    parts = [_("Jobs")]
    if engine is not None and engine.paused:
        parts.append(_("PAUSED, p goes on"))
    elif may_resume(engine):
        parts.append(_("STOPPED, p goes on"))
    if marked:
        parts.append(ngettext("{count} marked", "{count} marked", marked).format(count=marked))
    if running:
        parts.append(ngettext("{count} running", "{count} running", running).format(count=running))
    if waiting:
        parts.append(
            ngettext("{count} needs you", "{count} need you", waiting).format(count=waiting)
        )
    if engine is not None and not engine.owner:
        if engine.holder is not None:
            facts = {"pid": engine.holder.pid, "host": clean_line(engine.holder.host, 40)}
            parts.append(_("moved by pid {pid} on {host}").format(**facts))
    elif engine is not None:
        if engine.workers:
            parts.append(_("pollers {count}").format(count=engine.workers))
        if engine.downloads and not short:
            at_work = f"{engine.downloads}/{engine.downloads_max}"
            parts.append(_("downloads {count}").format(count=at_work))
    return "  ".join(parts)


def contents(listing: Listing) -> tuple[str, ...]:
    """Return what the list holds, from the fullest form to the shortest, for the right end."""
    order = _(_ORDERS[listing.sort])
    if listing.is_following:
        order += "  " + _("following")
    if listing.filter:
        matches = _matches(listing)
        clears = f"{matches}  " + _("esc clears")
        return f"{clears}  {order}", clears, matches
    if listing.total < 2:
        return (order,)
    return _("all {count}").format(count=f"{listing.total:,}") + f"  {order}", order


def title_line(left: str, rights: Iterable[str], width: int, *, is_strip: bool) -> Content:
    """Return the title with the fullest of the right ends that fits.

    Args:
        left: What stands at the left end.
        rights: The right ends, the fullest first.
        width: Of the pane, in cells.
        is_strip: The title is a row of its own; else it stands in the border.
    """
    left = left if is_strip else f"4 {left}"
    width -= 2 if is_strip else 4
    right = next((form for form in rights if cell_len(left) + cell_len(form) + 2 <= width), "")
    if not right:
        return Content(left)
    gap = width - cell_len(left) - cell_len(right)
    fill = " " * gap if is_strip else f" {'─' * (gap - 2)} "
    return Content.assemble(left, (fill, "$border-blurred"), right)


def empty_text(listing: Listing, *, simulated: bool) -> str:
    """Return what stands in place of rows.

    Args:
        listing: What the list shows, and of how many.
        simulated: The next clip is made on the simulator.
    """
    if listing.filter:
        typed = clean_line(listing.filter, 60)
        return f'{_matches(listing)} "{typed}"  ' + _("esc clears")
    if simulated:
        return _("No jobs yet. F5 makes a clip from this prompt: about 10 s, nothing is charged.")
    return _("No jobs yet. F5 makes a clip from this prompt.")


def _matches(listing: Listing) -> str:
    facts = {"count": f"{listing.rows:,}", "all": f"{listing.total:,}"}
    return _("{count} of {all} match").format(**facts)
