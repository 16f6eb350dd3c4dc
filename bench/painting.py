"""Paints a picture by our widget and by textual-image's, and judges a folder of pictures.

Runs in a venv of its own, which `python -m bench --pictures` makes: textual-image is for this
comparison alone. Prints a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual_image.widget import HalfcellImage  # type: ignore[import-not-found]

from sora_tui.core.reference_fit import badge
from sora_tui.media.cells import to_cells
from sora_tui.tui.terminal.diff_output import DiffUpdate, Shown
from sora_tui.tui.widgets.picture import PictureView
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.references import Shelf

COLUMNS: Final = 160
ROWS: Final = 45
ROUNDS: Final = 15
PICTURES: Final = 10_000
SAMPLE: Final = Path(__file__).parent.parent / "input_reference/dawn.jpg"


class OneWidget(App[None]):
    """A screen full of one widget."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        """The widget."""
        yield self.widget


def main() -> None:
    """Measure and tell."""
    with Image.open(SAMPLE) as file:
        # Two pixels to a cell already, so that nobody has to scale it.
        frame = file.convert("RGB").resize((COLUMNS, 2 * ROWS), Image.Resampling.BOX)
    frames = [frame, frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    cells = [to_cells(frame, COLUMNS, ROWS) for frame in frames]
    ours, theirs = PictureView(), HalfcellImage(frames[0])
    ours_ms = asyncio.run(_painted(ours, lambda number: ours.show(cells[number % 2])))

    def show(number: int) -> None:
        theirs.image = frames[number % 2]

    theirs.styles.width, theirs.styles.height = COLUMNS, ROWS
    theirs_ms = asyncio.run(_painted(theirs, show))
    json.dump({"ours": ours_ms, "theirs": theirs_ms, "badges": _judged()}, sys.stdout)


async def _painted(widget: Widget, show: Callable[[int], None]) -> float:
    """Milliseconds of processor time from another picture to the bytes for the terminal; median."""
    app, shown, times = OneWidget(widget), Shown(), []
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        show(1)
        for number in range(ROUNDS):
            await pilot.pause()  # the first time it is given its place
            began = time.process_time()
            show(number)
            update = app.screen._compositor.render_full_update()
            written = DiffUpdate(update, shown).render_segments(app.console)
            times.append((time.process_time() - began) * 1000)
            assert len(written) > 10 * COLUMNS * ROWS, "the picture was painted"
    return statistics.median(times)


def _judged() -> float:
    """Seconds of processor time until 10,000 pictures, in the disk's cache, have their badges."""
    with tempfile.TemporaryDirectory(prefix="sora-tui-bench-") as place:
        folder = open_folder(Path(place))
        image = Image.effect_noise((320, 180), 50).convert("RGB")
        formats = ("JPEG", "PNG", "WEBP")
        for number in range(PICTURES):
            path = folder.references / f"p{number:05}"
            if number < len(formats):
                image.save(path, formats[number])
            else:
                shutil.copyfile(path.with_name(f"p{number % len(formats):05}"), path)
        times = []
        for _ in range(5):
            shelf = Shelf(folder)
            began = time.process_time()
            badges = [badge(file.facts, "1280x720") for file in shelf.read(shelf.files())]
            times.append(time.process_time() - began)
            assert {each.kind for each in badges} == {"fit"}
            assert len(badges) == PICTURES
    return min(times)


if __name__ == "__main__":
    main()
