"""Draws the picture of the README: the real screen, a still clock, work as it looks in the middle.

`python -m tests.tui.draw_screen docs/screen.svg`, or `make picture`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sora_tui.core.job import Job, Output
from sora_tui.core.limits import Budget
from sora_tui.engine.events import EngineChanged, JobChanged, Transfer
from tests.support import clock, environment
from tests.support import sample_jobs as sample
from tests.support.pty_session import ROOT
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, workspace_app

SIZE = (112, 34)


def made(job: Job, seconds: float) -> Job:
    """A job whose clip was on the disk after so many seconds."""
    at = job.created_at + timedelta(seconds=seconds)
    path = f"output/{at:%Y%m%d-%H%M%SZ}_video_9c1e.mp4"
    output = Output("video", path, 3_010_000, sample.SHA256, 1280, 720, 4.0, 30.0, "h264")
    ready = sample.in_progress(job).progressed(at, sample.video("completed"))
    return ready.downloading(at).saved(at, (output,))


def work() -> list[Job]:
    """A morning's jobs, newest first."""
    return [
        sample.queued(sample.pending(12, True, 9, prompt="A kite over a grey sea, long lens")),
        sample.in_progress(sample.pending(41, True, 8, prompt="A fishing harbour at dawn"), 62),
        sample.downloading(sample.pending(96, True, 7, prompt="A paper boat, macro, rain"), 240),
        sample.searched(
            sample.unconfirmed(sample.pending(150, True, 6, prompt="Neon fox, low angle")),
            "video_9c1e",
        ),
        sample.rejected(sample.pending(420, True, 5, prompt="Crowd outside a stadium")),
        made(sample.pending(900, True, 4, prompt="Lighthouse, storm, drone orbit"), 83),
        made(sample.pending(1300, True, 3, prompt="Golden hour, glass, rack focus"), 91),
        made(sample.pending(1500, False, 2, prompt="Snow market, handheld, lamps"), 9),
    ]


async def draw() -> str:
    """The screen as SVG, without a font from elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = work()
        app = workspace_app(Path(folder), jobs=jobs, servers=[PAID])
        app.settings = app.settings._replace(budget=Budget(per_day=Decimal(10)))
        for name in ("dawn.jpg", "lighthouse.jpg", "alley.png"):
            shutil.copy(ROOT / "input_reference" / name, app.folder.references)
        async with open_screen(app, SIZE) as screen:
            await screen.press("escape", "2", "end", "enter", "4", "down")
            await screen.tell(
                EngineChanged(owner=True, workers=1, downloads=1),
                JobChanged(jobs[2], Transfer(1_900_000, 3_000_000)),
            )
            drawn = app.export_screenshot(title="sora-tui")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


if __name__ == "__main__":
    environment.clear()
    clock.set_zone(clock.ZONES["utc"])
    Path(sys.argv[1]).write_text(asyncio.run(draw()), encoding="utf-8")
