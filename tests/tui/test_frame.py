"""The frame: what is where at which size, what a person changes there, how things are found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Size
from textual.widget import Widget

from sora_tui.config.ui_state import load_ui_state
from sora_tui.core.pane_layout import Layout
from sora_tui.tui.layout.arrangement import PANES, Shape, jobs_height, resized, room_at, shape_of
from sora_tui.tui.terminal.ascii_filter import AsciiFilter
from tests.support import sample_jobs as sample
from tests.support.sample_jobs import busy
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app

# Shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((39, 12), Shape.TOO_SMALL),
        ((40, 11), Shape.TOO_SMALL),
        ((40, 12), Shape.ONE),
        ((80, 24), Shape.ONE),
        ((200, 19), Shape.ONE),
        ((80, 40), Shape.TALL),
        ((100, 20), Shape.TWO),
        ((120, 40), Shape.TWO),
        ((150, 29), Shape.WIDE),
        ((150, 30), Shape.ALL),
        ((200, 60), Shape.ALL),
    ],
)
def test_the_size_decides_about_the_shape(size: tuple[int, int], shape: Shape) -> None:
    assert shape_of(Size(*size)) is shape


def test_the_job_list_gets_its_share_of_the_rows() -> None:
    assert (jobs_height(20), jobs_height(24), jobs_height(45)) == (8, 8, 17)


EVERYTHING = set(PANES)
#: At 80x24, two columns, and everything: which panes are seen.
SHAPES: Mapping[tuple[int, int], set[str]] = {
    (80, 24): {"editor", "jobs"},
    (80, 50): {"prompts", "editor", "jobs"},
    (120, 40): {"prompts", "editor", "jobs"},
    (160, 25): {"prompts", "editor", "inspector", "jobs"},
    (160, 45): EVERYTHING,
    (60, 15): {"editor"},
}


async def test_every_size_shows_what_it_holds_and_nothing_is_cut(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app) as screen:
        for size, panes in SHAPES.items():
            await screen.resize(*size)
            assert app.bench.seen == panes
            shown = [widget for name in panes if (widget := app.bench.query_one(f"#{name}"))]
            room = app.screen.region
            assert all(room.contains_region(widget.region) for widget in shown)
            assert sum(widget.region.area for widget in shown) >= 0.6 * room.area
        await screen.resize(39, 11)
        assert "needs 40x12, has 39x11; jobs go on" in screen.text


async def test_every_pane_is_reached_at_every_size(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app) as screen:
        for size in SHAPES:
            await screen.resize(*size)
            for number, name in enumerate(PANES, 1):
                await screen.press(f"alt+{number}")
                assert app.bench.active == name
                assert name in app.bench.seen
                assert app.focused is not None
                assert app.bench.query_one(f"#{name}").has_focus_within


# Resizing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pane", ["prompts", "editor", "inspector", "jobs"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
def test_nothing_can_be_squeezed_away(pane: str, size: tuple[int, int]) -> None:
    for step in (-4, 4):
        layout = Layout()
        for _ in range(60):
            layout = resized(layout, Size(*size), EVERYTHING, pane, columns=step, rows=step)
        room = room_at(Size(*size), layout, EVERYTHING)
        assert 4 <= room.jobs <= size[1] - 12
        if size[0] >= 150:
            assert room.side >= 24
            assert room.inspector >= 30
            assert size[0] - room.side - room.inspector >= 66
        # The way back begins at once: no dead keys.
        back = resized(layout, Size(*size), EVERYTHING, pane, columns=-step, rows=-step)
        assert room_at(Size(*size), back, EVERYTHING) != room


async def test_a_pane_is_made_wider_and_higher_and_stays_so(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (160, 45)) as screen:
        prompts, jobs = app.bench.query_one("#prompts"), app.bench.jobs
        width, height = prompts.region.width, jobs.region.height
        await screen.press("escape", "1", "greater_than_sign", "greater_than_sign")
        assert prompts.region.width == width + 8
        await screen.press("3", "escape", "greater_than_sign")
        assert prompts.region.width == width + 4
        await screen.press("4", "minus", "minus", "plus")
        assert jobs.region.height == height - 2
        app.context.memory.keep()
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (160, 45)) as screen:
        assert app.bench.query_one("#prompts").region.width == width + 4
        assert app.bench.jobs.region.height == height - 2
        await screen.press("escape", "equals_sign")
        assert app.bench.query_one("#prompts").region.width == width
        app.context.memory.keep()
    assert load_ui_state(tmp_path).layout == Layout()


async def test_the_job_strip_of_a_small_screen_gives_rows_too(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app) as screen:
        await screen.press("escape", *["plus"] * 9)
        assert app.bench.jobs.region.height == 4
        assert app.bench.editor.region.height == 16
        assert app.bench.arranged == Layout(jobs=-4)
        await screen.press("greater_than_sign", "less_than_sign", "less_than_sign")
        assert app.bench.arranged == Layout(jobs=-4)


async def test_a_pane_is_hidden_until_somebody_goes_there(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape")
        for number in "245":
            await screen.press(number, "H")
        assert app.bench.seen == {"prompts", "editor"}
        # Letters are commands still.
        assert app.bench.active == "prompts"
        await screen.press("H")
        assert app.bench.active == "editor"
        await screen.press("escape", "H")
        assert "The editor stays" in screen.text
        await screen.press("4")
        assert app.bench.seen == {"editor", "jobs"}
        app.context.memory.keep()
    assert load_ui_state(tmp_path).layout.hidden == ("references", "inspector", "prompts")


async def test_a_zoomed_pane_has_it_all_and_gives_it_back(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "4", "z", "greater_than_sign")
        assert app.bench.seen == {"jobs"}
        assert app.bench.jobs.region.height > 30
        await screen.press("escape")
        assert app.bench.seen == {"prompts", "editor", "jobs"}
        assert app.bench.arranged == Layout()


async def test_news_of_jobs_move_nothing(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    for size in ((80, 24), (160, 45)):
        async with open_screen(app, size) as screen:
            before = places(app)
            await screen.tell(
                sample.in_progress(sample.pending(25, False, 9), 73),
                sample.saved(sample.pending(24, number=7, prompt="A new one " * 30)),
            )
            assert "73%" in screen.text
            assert places(app) == before
        app = workspace_app(tmp_path / "second", jobs=busy())


def places(app: WorkspaceApp) -> dict[str, Any]:
    return {
        widget.id: widget.region
        for widget in app.bench.walk_children(Widget)
        if widget.id is not None and widget.display
    }


# Finding ------------------------------------------------------------------------------------------


async def test_help_begins_with_the_keys_of_the_pane(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[sample.saved(sample.pending(500))])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "question_mark")
        rows = screen.lines
        assert "Keys: Jobs" in rows[0]
        assert "Look at the clip" in rows[2]
        assert "jobs" in rows[2]
        # Once only: here "o" is the job list's, not the one of everywhere.
        assert not any("say how to fetch it" in row for row in rows)
        await screen.press("escape")
        assert app.bench.jobs.has_focus_within
        await screen.press("f1")
        assert screen.dialog.is_there
        await screen.press("f1")
        assert not screen.dialog.is_there


async def test_help_is_for_the_smallest_screen_too(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app, (40, 12)) as screen:
        await screen.press("f1")
        assert " F5  ^R  Make a clip from this " in screen.lines[3]


async def test_help_does_what_it_finds(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[sample.pending(20)])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "f1").type("take sent").press("enter")
        await screen.press("y")
        assert [verb for _id, verb, _argument in screen.engine.commands] == ["cancel"]


async def test_the_palette_finds_everything(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "colon").type("inspector").press("down", "up", "enter")
        assert app.bench.active == "inspector"
        await screen.press("ctrl+p").type("json").press("enter")
        assert app.bench.inspector is not None
        assert app.bench.inspector.page == "json"
        await screen.press("ctrl+p").type("nothing").type("xyz").press("enter")
        assert 'Nothing is called "nothingxyz".' in screen.text
        await screen.press("escape", "ctrl+p").type("server").press("pagedown", "pageup", "enter")
        assert "Server for the next clip" in screen.text


# ASCII --------------------------------------------------------------------------------------------


async def test_a_poor_font_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_US.ISO-8859-1")
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (160, 45)) as screen:
        rows = screen.lines
        await screen.press("f1").expect("Keys:")
        rows += screen.lines
        assert all(row.isascii() for row in rows)
        text = "\n".join(rows)
        for word in ("> in_progress", "v downloading", "? unconfirmed", "ok saved", "x rejected"):
            assert word in text
        assert ". queued" in text
        assert "+-" in text


def test_every_sign_keeps_its_cells() -> None:
    from rich.cells import cell_len
    from rich.segment import Segment
    from textual.color import Color

    text = "─│┌╭━█▏▶⇣✓✗✂·…‹›←→↑↓“’é日本€🦊\u00a0e\u0301"
    for letters in (True, False):
        (drawn,) = AsciiFilter(letters=letters).apply([Segment(text)], Color(0, 0, 0))
        assert drawn.text.isascii() is not letters
        assert cell_len(drawn.text) == cell_len(text)
    assert "é日本" in AsciiFilter(letters=True).apply([Segment(text)], Color(0, 0, 0))[0].text


# Too small ----------------------------------------------------------------------------------------


async def test_below_the_smallest_size_letters_go_on_into_the_text(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    async with open_screen(app) as screen:
        await screen.resize(38, 10)
        assert "needs 40x12, has 38x10" in screen.text
        await screen.type("quick").press("f5", "y")
        assert not screen.engine.orders, "nobody has seen the question"
        await screen.resize(80, 24)
        assert "quick" in screen.draft.text
        assert "y pay" in screen.text
        await screen.press("y")
        assert len(screen.engine.orders) == 1


@pytest.mark.parametrize("size", [(60, 20), (40, 14)])
async def test_the_button_is_whole_at_any_width(tmp_path: Path, size: tuple[int, int]) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app, size) as screen:
        said = screen.text
        for whole in ("model sora-2", "seconds 4", "size 1280x720", "clips 1", "[ Generate ]"):
            assert whole in said
