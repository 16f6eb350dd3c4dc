"""An update of a part of a line sends that part, and draws the same screen."""

import inspect

from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.strip import Strip

from sora_tui.tui.narrow_update import NarrowUpdate


def test_only_the_changed_stretch_is_sent() -> None:
    row = Strip([Segment("a long beginning "), Segment("0:25"), Segment(" an end")])
    other = Strip([Segment("beside")])
    update = ChopsUpdate([{0: row, row.cell_length: other}], [(0, 17, 21)], [[28, 34]])
    assert NarrowUpdate.of(update).render_segments(Console()) == "\x1b[1;18H0:25"
    across = ChopsUpdate([{0: row, row.cell_length: other}], [(0, 25, 31)], [[28, 34]])
    assert NarrowUpdate.of(across).render_segments(Console()) == "\x1b[1;26Hend\x1b[1;29Hbes"


def test_textual_still_has_the_private_parts_we_take() -> None:
    """When this fails, read the new Textual and mend tui/narrow_update.py, or drop it."""
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert "renderable.render_segments(console)" in inspect.getsource(App._display)
    fields = list(inspect.signature(ChopsUpdate).parameters)
    assert fields == ["chops", "spans", "chop_ends"]
