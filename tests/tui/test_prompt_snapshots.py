"""How writing looks: the list searched, values asked, jobs compared, a text near its limit."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import sample_jobs as sample
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app
from tests.tui.test_snapshots import SnapCompare, after, utc

__all__ = ["utc"]  # the fixture

FOX = (
    '+++\nseconds = "8"\nsize = "720x1280"\n\n[variables]\nanimal = "fox"\n+++\n\n'
    "A {{animal}} trots through an empty alley in the rain. {{light}} signs shiver in the puddles, "
    "steam rises from a grate. Low angle, slow tracking shot.\n\n"
    "Sound: rain on tin, paws on wet stone.\n"
)
WOLF = (
    "A wolf trots through an empty street in the rain. Neon signs shiver in the puddles, "
    "steam rises from a grate. Low angle, slow tracking shot.\n\n"
    "Sound: rain on tin."
)
SIZES = [(80, 24), (120, 40)]


def writing(root: Path, paid: bool = False) -> WorkspaceApp:
    """Four prompts, a job that was saved and one that was refused."""
    refused = sample.rejected(sample.pending(60, paid, 9, prompt=WOLF, seconds="8"))
    passed = sample.saved(
        sample.pending(900, paid, 1, prompt=WOLF.replace("A wolf", "A fox"), seconds="8")
    )
    app = workspace_app(root, jobs=[refused, passed], servers=[PAID] if paid else [])
    texts = {"fox-rain": FOX, "paper-boat": "A paper boat in a gutter, rain.", "kite": "A kite."}
    for age, (name, text) in enumerate(texts.items(), 1):
        path = root / "prompts" / f"{name}.md"
        path.write_text(text)
        stamp = (sample.NOW - timedelta(hours=20 * age)).timestamp()
        os.utime(path, (stamp, stamp))
    return app


@pytest.mark.parametrize("size", SIZES)
def test_values_are_asked_for(
    tmp_path: Path, snap_compare: SnapCompare, size: tuple[int, int]
) -> None:
    keys = ("escape", "1", "down", "enter", "f5", *"neon", "up")
    assert snap_compare(writing(tmp_path), terminal_size=size, run_before=after(*keys))


def test_the_question_shows_what_is_sent(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = ("escape", "1", "down", "enter", "f5", *"neon", "enter")
    assert snap_compare(
        writing(tmp_path, paid=True), terminal_size=(80, 24), run_before=after(*keys)
    )


@pytest.mark.parametrize("size", SIZES)
def test_a_refused_job_beside_the_one_that_passed(
    tmp_path: Path, snap_compare: SnapCompare, size: tuple[int, int]
) -> None:
    keys = ("escape", "4", "D")
    assert snap_compare(writing(tmp_path), terminal_size=size, run_before=after(*keys))


def test_the_list_searched(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = ("escape", "1", "slash", *"rain")
    assert snap_compare(writing(tmp_path), terminal_size=(80, 24), run_before=after(*keys))


def test_a_search_in_vain(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = ("escape", "1", "slash", *"whale", "enter")
    assert snap_compare(writing(tmp_path), terminal_size=(120, 40), run_before=after(*keys))


def test_what_was_trashed_can_be_brought_back(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = ("escape", "1", "down", "d")
    assert snap_compare(writing(tmp_path), terminal_size=(80, 24), run_before=after(*keys))


def test_a_prompt_is_renamed(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = ("escape", "1", "down", "r")
    assert snap_compare(writing(tmp_path), terminal_size=(160, 45), run_before=after(*keys))


def test_a_long_text_near_its_limit(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = writing(tmp_path)
    long = "The camera follows the gulls over the masts and out to sea. "
    (tmp_path / "prompts/harbour.md").write_text(long * 532)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())
