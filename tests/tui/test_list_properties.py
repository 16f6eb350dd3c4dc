"""Whatever happens to the rows of a list, cursor, marks and the line that is read stay."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sora_tui.tui.widgets.virtual_list import VirtualList
from tests.support.tui.host import open_app
from tests.support.tui.list_app import ListApp, row_ids

Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "drop", "move", "scroll", "mark", "sort", "tick"]),
        st.integers(0, 59),
        st.integers(1, 9),
    ),
    max_size=25,
)


def after(ids: Sequence[str], step: Step, number: int, keep: str | None) -> list[str]:
    """The rows after an update that leaves `keep` in the list."""
    what, at, count = step
    if what == "add":
        return [*ids[:at], *(f"new-{number}-{n}" for n in range(count)), *ids[at:]]
    if what == "drop":
        return [id for n, id in enumerate(ids) if id == keep or not at <= n < at + count]
    return sorted(ids, key=lambda id: hash((id, at)))


async def live_through(script: list[Step]) -> None:
    app = ListApp(40)
    async with open_app(app, (60, 12)) as pilot:
        rows = app.query_one(VirtualList)
        for number, step in enumerate(script):
            what, at, count = step
            before, top = rows.cursor_id, round(rows.scroll_y)
            index = rows.index_of(before or "")
            assert index is not None
            line = index - top
            seen = 0 <= line < 11
            marks = rows.marks
            if what in {"add", "drop", "sort"}:
                ids = after(rows.row_ids, step, number, before)
                rows.set_rows(ids)
                await pilot.pause()
                assert rows.cursor_id == before, "the cursor stays on its row"
                assert rows.marks == marks & set(ids), "marks stay on theirs"
                now = rows.index_of(before or "")
                assert now is not None
                room = max(len(ids) - 11, 0)
                if seen and top and 0 < now - line < room:
                    assert now - round(rows.scroll_y) == line, "and on its line of the screen"
                assert 0 <= round(rows.scroll_y) <= room
            elif what == "move":
                rows.action_move(count if at % 2 else -count)
            elif what == "scroll":
                rows.scroll_to(y=at, animate=False)
            elif what == "mark":
                rows.mark_cursor()
                assert rows.marks == marks ^ {before}
            else:
                app.percent += 1
                rows.update_rows()
                assert (rows.cursor_id, round(rows.scroll_y)) == (before, top)
            await pilot.pause()
            for y in range(12):
                assert rows.render_line(y).cell_length == rows.scrollable_content_region.width


@settings(max_examples=12, deadline=None, phases=(Phase.generate,))
@given(steps)
def test_updates_move_nothing_that_is_looked_at(script: list[Step]) -> None:
    asyncio.run(live_through(script))


def test_ten_thousand_marks_and_a_hundred_thousand_rows_are_no_wait() -> None:
    async def mark() -> None:
        app = ListApp(0)
        async with open_app(app, (60, 12)) as pilot:
            rows = app.query_one(VirtualList)
            rows.set_rows(row_ids(100_000))
            rows.action_last()
            rows.mark(row_ids(10_000))
            await pilot.pause()
            rows.set_rows(["new", *row_ids(100_000)])
            assert rows.cursor_id == "job-099999"
            assert len(rows.marks) == 10_000

    asyncio.run(mark())
