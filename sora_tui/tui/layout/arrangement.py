"""How much room each pane gets at a size of the terminal, and what a person changes about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from textual.geometry import Size, clamp

from sora_tui.core.pane_layout import Layout
from sora_tui.i18n import N_
from sora_tui.tui.state.smallest_terminal import is_too_small

#: Pane names in the order of their numbers.
PANES: Final[Mapping[str, str]] = {
    "prompts": N_("Prompts"),
    "references": N_("References"),
    "editor": N_("Editor"),
    "jobs": N_("Jobs"),
    "inspector": N_("Inspector"),
}
#: Below this many rows there is room for one pane only, the job list included.
_LEAST_FOR_JOBS: Final = 20
#: From these widths and heights on there is more to see.
_TWO_COLUMNS: Final = 100
_THREE_COLUMNS: Final = 150
_ALL_PANES: Final = 30
_TALL: Final = 40
#: What stays free for each, however much another one is given; the editor for its settings line.
_LEAST_WIDTH: Final = {"side": 24, "inspector": 30, "editor": 66}
_LEAST_ROWS: Final = {"jobs": 4, "upper": 8}
#: Banner, tabs, status and keys.
_LINES: Final = 4


class Shape(Enum):
    """How much of the workbench a terminal holds."""

    TOO_SMALL = "notice"
    #: One pane behind tabs, over the jobs where they fit.
    ONE = "one"
    #: Narrow and high: the editor over one other pane over the jobs.
    TALL = "tall"
    #: The editor beside one other pane.
    TWO = "two"
    #: Wide and low: the editor between the inspector and one of prompts and references.
    WIDE = "wide"
    ALL = "all"


def shape_of(size: Size) -> Shape:
    """The shape for a terminal of `size` (columns x rows)."""
    width, height = size
    if is_too_small(width, height):
        return Shape.TOO_SMALL
    if height >= _LEAST_FOR_JOBS:
        if width >= _THREE_COLUMNS:
            return Shape.ALL if height >= _ALL_PANES else Shape.WIDE
        if width >= _TWO_COLUMNS:
            return Shape.TWO
        if height >= _TALL:
            return Shape.TALL
    return Shape.ONE


def has_jobs_below(size: Size) -> bool:
    """Whether the job list has a place below the others."""
    return size.height >= _LEAST_FOR_JOBS


class Room(NamedTuple):
    """Columns of the two side panes, and rows of the job list."""

    side: int
    inspector: int
    jobs: int


def room_at(size: Size, layout: Layout, seen: set[str]) -> Room:
    """The room at this size for these panes, the wishes kept within what the others need."""
    usual = default_room(size)
    side = inspector = 0
    if seen & {"prompts", "references"}:
        rest = _LEAST_WIDTH["editor"] + ("inspector" in seen) * _LEAST_WIDTH["inspector"]
        least = _LEAST_WIDTH["side"]
        side = clamp(usual.side + layout.side, least, max(size.width - rest, least))
    if "inspector" in seen:
        least = _LEAST_WIDTH["inspector"]
        most = max(size.width - side - _LEAST_WIDTH["editor"], least)
        inspector = clamp(usual.inspector + layout.inspector, least, most)
    most = max(size.height - _LINES - _LEAST_ROWS["upper"], _LEAST_ROWS["jobs"])
    return Room(side, inspector, clamp(usual.jobs + layout.jobs, _LEAST_ROWS["jobs"], most))


def default_room(size: Size) -> Room:
    """The room that nobody asked for."""
    beyond = max(size.width - 160, 0)
    if size.width >= _THREE_COLUMNS:
        side, inspector = 40 + beyond // 8, 50 + beyond // 3
    else:
        side, inspector = 40, max(size.width * 2 // 5, 40)
    rows = size.height // 4 if shape_of(size) is Shape.TALL else jobs_height(size.height)
    return Room(side, inspector, rows)


def jobs_height(rows: int) -> int:
    """Rows for the job list: 8 of 24, and its share of what is more."""
    return 8 + max(rows - 24, 0) * 9 // 21


def resized(
    layout: Layout, size: Size, seen: set[str], pane: str, *, columns: int = 0, rows: int = 0
) -> Layout:
    """The layout with this pane wider by `columns` and higher by `rows`, as far as there is room.

    The editor takes from its neighbour and gives to it; so does everything above to the jobs.
    """
    beside = {"inspector": "inspector", "jobs": "", "editor": ""}.get(pane, "side")
    if pane == "editor":
        columns = -columns
        at_side = bool(seen & {"prompts", "references"})
        beside = "side" if at_side else "inspector" if "inspector" in seen else ""
    # What there is no room for is not kept, or the way back would begin with dead keys.
    usual = default_room(size)
    if columns and beside == "side":
        room = room_at(size, layout._replace(side=layout.side + columns), seen)
        layout = layout._replace(side=room.side - usual.side)
    elif columns and beside == "inspector":
        room = room_at(size, layout._replace(inspector=layout.inspector + columns), seen)
        layout = layout._replace(inspector=room.inspector - usual.inspector)
    if rows and "jobs" in seen:
        more = rows if pane == "jobs" else -rows
        room = room_at(size, layout._replace(jobs=layout.jobs + more), seen)
        layout = layout._replace(jobs=room.jobs - usual.jobs)
    return layout
