"""How a person has arranged the panes of the screen."""

from __future__ import annotations

from typing import NamedTuple


class Layout(NamedTuple):
    """How a person has arranged the workbench, as the difference from the default for a size.

    Attributes:
        side: Columns more (or less) for prompts and references.
        inspector: Columns more for the inspector.
        jobs: Rows more for the job list.
        hidden: Panes that are hidden.
    """

    side: int = 0
    inspector: int = 0
    jobs: int = 0
    hidden: tuple[str, ...] = ()
