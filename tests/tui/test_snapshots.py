"""How the screen looks: the mocks that matter, at the sizes that matter, with a still clock."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from sora_tui.core.limits import Budget
from tests.support.sample_jobs import busy
from tests.support.tui.snapshots import SnapCompare, after, utc
from tests.support.tui.workspace_app import PAID, UNPRICED, workspace_app

__all__ = ["utc"]  # the fixture


def test_first_start(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())


def test_mock_a_busy_simulator(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())


def test_mock_a2_the_question_before_paying(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, jobs=busy(True), servers=[PAID])
    app.settings = app.settings._replace(budget=Budget(per_day=Decimal(10)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("f5"))


def test_a_server_that_does_not_say_its_price(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, servers=[UNPRICED])
    assert snap_compare(app, terminal_size=(120, 40), run_before=after("f5"))


def test_mock_b_everything_at_once(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, jobs=busy(True), servers=[PAID])
    app.settings = app.settings._replace(budget=Budget(per_day=Decimal(10)))
    keys = ("escape", "4", "down", "down", "down")
    assert snap_compare(app, terminal_size=(160, 45), run_before=after(*keys))
