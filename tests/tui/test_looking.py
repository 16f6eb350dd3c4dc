"""What `y` copies of a job that the server refused: what its support asks for, and no more."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from sora_tui.config.settings import load_settings
from sora_tui.core.job import Consent, Cost, Job
from sora_tui.core.remote_video import read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import ServerRef
from sora_tui.tui.services.player import play, what_to_copy

AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 10, 17, 0, tzinfo=UTC)


def test_a_refusal_is_copied_for_support_without_its_prompt(tmp_path: Path) -> None:
    error = {"code": "moderation_blocked", "message": "A famous singer is not allowed"}
    queued = read_video({"id": "video_7", "status": "queued"})
    failed = read_video({"id": "video_7", "status": "failed", "error": error})
    assert queued is not None
    assert failed is not None
    job = Job.new(
        "20261122-101530-7f3k2m",
        AT,
        ServerRef("lab", "https://lab.example.org/v1"),
        VideoRequest("A famous singer", model="sora-2"),
        cost=Cost(Decimal("0.40")),
        consent=Consent("priced", AT, Decimal("0.40")),
    )
    job = job.submitting(AT, "key").accepted(AT, queued, 200, "req_1")
    job = job.progressed(AT, failed).progressed(LATER, failed)
    said = what_to_copy(job, tmp_path, {})
    assert said == (
        "video video_7  request req_1  model sora-2  2026-11-22 10:15:30 UTC  moderation_blocked"
    )


def test_a_player_has_no_key_of_ours(tmp_path: Path) -> None:
    told = tmp_path / "told"
    player = tmp_path / "player"
    # The name comes last: a file that has it is whole.
    player.write_text(f'#!/bin/sh\nenv > "{told}.part"\nmv "{told}.part" "{told}"\n')
    player.chmod(0o755)
    settings = load_settings(workspace=tmp_path, server=None, environ={})
    environ = {**os.environ, "SORA_API_KEY": "sk-local-0123456789"}
    play([str(player)], tmp_path / "clip.mp4", settings.without_keys(environ))
    end = time.monotonic() + 30
    while not told.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "PATH=" in told.read_text()
    assert "sk-local" not in told.read_text()
