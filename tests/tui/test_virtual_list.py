"""The long list: what the cursor does, what is asked for, and what goes over the wire."""

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from textual.events import MouseScrollDown
from textual.geometry import Region
from textual.pilot import Pilot

from sora_tui.tui.widgets.columns import Column, fit, place_columns
from sora_tui.tui.widgets.virtual_list import VirtualList
from tests.support.pty_session import KEYS, ROOT, PtySession
from tests.support.tui.host import open_app
from tests.support.tui.list_app import COLUMNS, ListApp, row_ids

# 24 lines: one of titles, 23 of rows.
PAGE = 23


@asynccontextmanager
async def shown(count: int) -> AsyncIterator[tuple[ListApp, VirtualList, Pilot[None]]]:
    app = ListApp(count)
    async with open_app(app) as pilot:
        yield app, app.rows, pilot


def line_of_cursor(rows: VirtualList) -> int:
    index = rows.index_of(rows.cursor_id or "")
    assert index is not None
    return index - round(rows.scroll_y)


def last_heard(app: ListApp) -> tuple[str, str | None]:
    return app.heard[-1]


async def test_keys_move_the_cursor_and_tell() -> None:
    async with shown(100) as (app, rows, pilot):
        for keys, number in [
            ("down j", 2),
            ("up", 1),
            ("pagedown", 1 + PAGE),
            ("ctrl+d", 1 + PAGE + PAGE // 2),
            ("ctrl+u k", PAGE),
            ("G", 99),
            ("down", 99),
            ("g", 0),
        ]:
            await pilot.press(*keys.split())
            assert rows.cursor_id == f"job-{number:06}"
            assert 0 <= line_of_cursor(rows) < PAGE
        await pilot.press("enter")
        assert app.heard[-2:] == [("highlighted", "job-000000"), ("selected", "job-000000")]


async def test_new_rows_leave_cursor_and_window_where_they_are() -> None:
    async with shown(100) as (app, rows, pilot):
        rows.move_to("job-000050")
        await pilot.pause()
        line, heard = line_of_cursor(rows), list(app.heard)
        rows.set_rows([f"new-{number}" for number in range(7)] + row_ids(100))
        await pilot.pause()
        assert rows.cursor_id == "job-000050"
        assert line_of_cursor(rows) == line

        # The cursor is out of sight: the window stays on what is read.
        rows.scroll_to(y=80, animate=False)
        await pilot.pause()
        rows.set_rows(["newer", *rows.row_ids])
        await pilot.pause()
        assert rows.cursor_id == "job-000050"
        assert rows.scroll_y == 81
        assert app.heard == heard


async def test_at_the_top_new_rows_are_seen() -> None:
    async with shown(100) as (_app, rows, pilot):
        rows.set_rows(["new", *row_ids(100)])
        await pilot.pause()
        assert rows.cursor_id == "job-000000"
        assert rows.scroll_y == 0
        assert "new" in rows.render_line(1).text


async def test_cursor_of_a_lost_row_goes_to_its_neighbour() -> None:
    async with shown(5) as (app, rows, pilot):
        rows.move_to("job-000004")
        await pilot.pause()
        rows.set_rows(row_ids(4))
        await pilot.pause()
        assert rows.cursor_id == "job-000003"
        assert last_heard(app) == ("highlighted", "job-000003")
        rows.set_rows([])
        await pilot.pause()
        assert last_heard(app) == ("highlighted", None)
        assert rows.render_line(1).text.startswith(" No jobs yet.")
        assert rows.render_line(2).text.startswith(" F5 makes a clip.")
        await pilot.press("down", "G", "pageup", "enter")
        assert last_heard(app) == ("highlighted", None)


async def test_one_changed_cell_repaints_its_region_only(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown(1000) as (app, rows, pilot):
        painted: list[tuple[Region, ...]] = []
        refresh = rows.refresh

        def watched(*regions: Region, **options: bool) -> VirtualList:
            painted.append(regions)
            return refresh(*regions, **options)

        monkeypatch.setattr(rows, "refresh", watched)
        app.asked.clear()
        app.percent = 50
        rows.update_rows(row_ids(1000))
        assert painted == [(Region(16, 4, 20, 1),)]
        assert app.asked == row_ids(PAGE)  # those in sight, and no other
        await pilot.pause()
        assert " 50%" in rows.render_line(4).text

        painted.clear()
        rows.update_rows()
        rows.update_rows(["job-000999", "nobody"])
        assert painted == []


async def test_mouse_chooses_and_the_wheel_leaves_the_cursor() -> None:
    async with shown(100) as (app, rows, pilot):
        app.heard.clear()
        await pilot.click(VirtualList, offset=(5, 3))
        assert rows.cursor_id == "job-000002"
        await pilot.click(VirtualList, offset=(5, 3))
        assert app.heard == [("highlighted", "job-000002"), ("selected", "job-000002")]
        await pilot.click(VirtualList, offset=(5, 0))
        assert len(app.heard) == 2
        rows.post_message(MouseScrollDown(rows, 5, 5, 0, 0, 0, False, False, False))
        await pilot.pause()
        assert rows.scroll_y > 0
        assert rows.cursor_id == "job-000002"


async def test_a_smaller_window_keeps_the_cursor_in_sight() -> None:
    async with shown(100) as (_app, rows, pilot):
        rows.move_to("job-000020")
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        assert line_of_cursor(rows) == 8
        assert rows.render_line(9).text.startswith(">")


async def test_every_theme_knows_the_colours() -> None:
    async with shown(3) as (app, rows, pilot):
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            assert "job-000001" in rows.render_line(2).text


async def test_sign_stands_without_colour_and_text_is_literal() -> None:
    async with shown(3) as (_app, rows, _pilot):
        assert rows.render_line(1).text.startswith(">▶ in_progress")
        assert rows.render_line(2).text.startswith(" ▶ in_progress")
        assert "[b]job-000000[/b]" in rows.render_line(1).text


async def test_a_hundred_thousand_rows_cost_no_more_to_use() -> None:
    async with shown(0) as (app, rows, pilot):
        ids = row_ids(100_000)
        began = time.process_time()
        rows.set_rows(ids)
        spent = time.process_time() - began
        await pilot.pause()
        app.asked.clear()
        await pilot.press("down")
        assert len(app.asked) <= 2
        await pilot.press("G")
        assert rows.cursor_id == ids[-1]
        assert spent < 0.25  # 0.05 on a quiet machine; DataTable needs 17


def test_columns_vanish_by_their_number_until_the_rest_fits() -> None:
    def keys(width: int) -> list[str]:
        return [place.column.key for place in place_columns(COLUMNS, width)]

    assert keys(80) == ["state", "progress", "left", "size", "ref", "prompt"]
    assert keys(70) == ["state", "progress", "left", "size", "prompt"]
    assert keys(60) == ["state", "progress", "left", "prompt"]
    assert keys(40) == ["state", "progress", "left"]
    for width in range(1, 200):
        places = place_columns(COLUMNS, width)
        assert all(place.x + place.width <= width for place in places)
        assert width < 60 or places[-1].x + places[-1].width == width


@pytest.mark.parametrize(
    ("text", "width", "shown_as"),
    [("abc", 5, "abc  "), ("abcdef", 3, "abc"), ("港の", 3, "港 "), ("a\x1b[2J\x9bb", 6, "a�[2J�")],
)
def test_text_fills_its_cells_exactly(text: str, width: int, shown_as: str) -> None:
    assert fit(text, width) == shown_as
    assert cell_len(fit(text, width)) == width
    assert fit("7", 3, "right") == "  7"
    assert Column("key", "", 3).justify == "left"


def test_wire_carries_little() -> None:
    argv = [sys.executable, "-m", "tests.support.tui.list_app", "1000"]
    with PtySession(argv, cols=120, rows=40, cwd=ROOT) as session:
        session.wait_for("PROMPT")
        session.wait_quiet()

        seen = session.bytes_seen
        session.send(KEYS["down"])
        session.wait_quiet()
        assert 0 < session.bytes_seen - seen < 1000

        seen = session.bytes_seen
        session.send("".join(f"\x1b[<35;10;{y}M" for y in range(3, 33)))
        session.wait_quiet()
        assert session.bytes_seen == seen  # nothing lights up under the mouse

        session.send("t")
        session.wait_for("  1%")
        seen = session.bytes_seen
        session.wait_for("  4%")
        assert (session.bytes_seen - seen) / 3 <= 300
