"""A clip becomes another one by keyboard: its price first, its source named, its kin a key away."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.job import Job
from sora_tui.core.request import Character
from sora_tui.media.practice.render import ClipPlan, render_clip
from sora_tui.tui.panes.editor.settings_bar import SettingField
from sora_tui.tui.widgets.message import MessageLine
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.history import History
from tests.support import sample_jobs as sample
from tests.support.sample_jobs import pending, saved
from tests.support.tui.driver import open_screen
from tests.support.tui.snapshots import SnapCompare, after, utc
from tests.support.tui.workspace_app import PAID, UNPRICED, WorkspaceApp, workspace_app

__all__ = ["utc"]

CLIP = saved(pending(300, True, 1))
REMIX = saved(
    pending(
        200, True, 2, prompt="At night", operation="remix", source_video="v", source_job=CLIP.id
    ),
    "video_2",
)
EDIT = saved(
    pending(100, True, 3, prompt="In snow", operation="edit", source_video="v", source_job=CLIP.id),
    "video_3",
)
MOSSY = sample.submitting(
    pending(50, True, 4, prompt="Mossy", operation="character", source_job=CLIP.id, size=None)
).accepted(sample.ago(49), sample.video("completed")._replace(id="char_1"))


async def test_a_remix_names_price_and_source_and_takes_two_keys(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP], servers=[PAID])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "m")
        assert f"remix of …{CLIP.id[-6:]}" in screen.text
        shown = [field.id for field in app.query(SettingField) if field.display]
        assert shown == ["set-clips"], "what is not sent is not asked for"
        await screen.press("x", "y", "f5")
        assert screen.engine.orders == []
        assert "Pay about $0.40 on gw.example.org?" in screen.text
        await screen.expect_question(f"remix of …{CLIP.id[-6:]}, 1 clip, sora-2, 4 s")
        await screen.press("n")
        assert screen.engine.orders == []
        app.release_generate()  # a second has passed: it is no key held down
        await screen.press("f5", "y")
        [(server, request, consent, count)] = screen.engine.orders
        assert (server, count, consent.sum) == (PAID, 1, Decimal("0.40"))
        assert request.prompt == "A harbour at dawnxy"
        assert (request.operation, request.source_video) == ("remix", "video_9c1e")
        assert (request.source_job, request.prompt_file) == (CLIP.id, "prompts/untitled-1.md")


async def test_what_is_written_for_a_clip_survives_the_end(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP], servers=[PAID])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "x", "o", "n")
        app.context.saver.put_away()
    front = (tmp_path / "prompts" / "untitled-1.md").read_text()
    assert 'operation = "extend"' in front
    assert f'source = "{CLIP.id}"' in front
    again = workspace_app(tmp_path, servers=[PAID])
    async with open_screen(again) as screen:
        assert f"extension of …{CLIP.id[-6:]}" in screen.text
        await screen.press("f5", "y")
        [(_, request, _, _)] = screen.engine.orders
        assert (request.operation, request.source_video) == ("extend", "video_9c1e")


async def test_a_clip_is_worked_on_where_it_lies(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP], servers=[UNPRICED, PAID])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "t")
        assert app.settings.server.name == "team-gw"
        app.context.session.use_server("lab")
        await screen.press("s", "n", "o", "w", "f5")
        assert "lies on another server: team-gw" in screen.words
        assert screen.engine.orders == []


@pytest.mark.parametrize("key", ["m", "x", "t"])
async def test_another_server_is_named_and_undo_brings_the_former_one_back(
    tmp_path: Path, key: str
) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP], servers=[UNPRICED, PAID])
    async with open_screen(app) as screen:
        before = screen.draft
        await screen.press("escape", "4", key)
        assert "This goes to team-gw, which made the clip." in screen.text
        assert app.editor.query_one(MessageLine).has_class("-paid"), "in the colour of money"
        await screen.press("ctrl+z")
        assert app.settings.server.name == "lab"
        assert screen.draft.text == before.text
        assert "The next clip goes to lab again." in screen.text
        await screen.press("ctrl+y")
        assert app.settings.server.name == "team-gw"
        await screen.press("ctrl+z")
        app.context.session.use_server("team-gw")
        await screen.press("escape", "4", key)
        assert "This goes to" not in screen.text, "nothing changes"
        app.context.session.use_server("lab")
        await screen.press("ctrl+z")
        assert app.settings.server.name == "lab", "chosen since"


async def test_an_undo_to_a_server_that_is_gone_does_not_name_it(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP], servers=[UNPRICED, PAID])
    async with open_screen(app) as screen:
        before = screen.draft
        await screen.press("escape", "4", "m")
        app.settings = app.settings._replace(servers={PAID.name: PAID})
        await screen.press("ctrl+z")
        assert screen.draft.text == before.text
        assert app.settings.server.name == "team-gw"
        assert "again." not in screen.text


async def test_what_a_server_cannot_is_refused_at_once(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP], servers=[UNPRICED, PAID])
    CapabilityCache(app.folder).record(PAID.origin, "extend", False)
    async with open_screen(app) as screen:
        before = screen.draft
        await screen.press("escape", "4", "x")
        assert "gw.example.org cannot do this: extend" in screen.words
        assert (app.settings.server.name, screen.draft) == ("lab", before)


async def test_what_a_server_cannot_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP, REMIX], servers=[PAID])
    CapabilityCache(app.folder).record(PAID.origin, "remix", False)
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "m")
        assert "cannot do this: remix" in screen.words
        assert not app.editor.asking
        await screen.press("escape", "4", "r", "y")
        assert screen.engine.orders == [], "nor is it made once more"


async def test_a_character_is_made_of_the_file_and_chosen_for_a_prompt(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP, MOSSY], servers=[PAID])
    render_clip(ClipPlan("A", 64, 48, 1), tmp_path / CLIP.outputs[0].path, lambda share: None)
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "C")  # on the character itself: there is no clip
        assert app.bench.active == "jobs"
        await screen.press("down", "C", "T", "o", "m", "f5")
        assert "gw.example.org does not say what it charges" in screen.words
        assert f"character Tom of {CLIP.outputs[0].path}" in screen.words
        await screen.press("y")
        [(_, request, consent, _)] = screen.engine.orders
        assert (request.operation, request.prompt, consent.kind) == ("character", "Tom", "unknown")
        assert request.source_file is not None
        assert request.source_file.path == CLIP.outputs[0].path
        await screen.press("escape", "1", "n", "A", "escape", "@")
        assert "Characters on team-gw" in screen.text
        await screen.press("enter")
        assert "with Mossy" in screen.text
        assert "does not mention Mossy" in screen.text
        app.release_generate()
        await screen.press("f5")
        assert "with Mossy" in screen.text
        await screen.press("y")
        _, request, _, _ = screen.engine.orders[-1]
        assert request.characters == (Character("Mossy", "char_1", MOSSY.id),)


async def test_one_walks_from_a_clip_to_what_became_of_it_and_back(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[CLIP, REMIX, EDIT], servers=[PAID])
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "5")
        assert f"from       {CLIP.id}, edited" in screen.text
        await screen.press("u")
        assert screen.highlighted == CLIP.id
        assert f"became     {REMIX.id}, remix" in screen.text
        await screen.press("w")
        assert screen.highlighted == REMIX.id
        await screen.press("u")
        assert screen.highlighted == CLIP.id
        await screen.press("w")
        assert screen.highlighted == EDIT.id, "the next one, not the same again"
        await screen.press("w")
        assert screen.highlighted == EDIT.id
        assert "Nothing was made of it yet." in screen.text
        history = History(app.folder)
        history.own()
        history.trash(CLIP.id)
        history.close()
        await screen.press("u")
        assert screen.highlighted == EDIT.id
        assert "is not here any more" in screen.text


def app_with(root: Path, *jobs: Job) -> WorkspaceApp:
    return workspace_app(root, jobs=jobs, servers=[PAID])


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_the_question_before_a_remix(
    snap_compare: SnapCompare, tmp_path: Path, utc: None, size: tuple[int, int]
) -> None:
    app = app_with(tmp_path, CLIP, REMIX, EDIT)
    keys = ("escape", "4", "down", "down", "m", "f5")
    assert snap_compare(app, terminal_size=size, run_before=after(*keys))


def test_the_kin_in_the_inspector(snap_compare: SnapCompare, tmp_path: Path, utc: None) -> None:
    app = app_with(tmp_path, CLIP, REMIX, EDIT)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("escape", "5", "u"))


async def test_a_file_of_ones_own_goes_along_after_its_price(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    render_clip(ClipPlan("A", 64, 48, 2), tmp_path / "mine.mp4", lambda share: None)
    async with open_screen(app) as screen:
        await screen.press("escape", "V")
        assert "mine.mp4" in screen.text
        await screen.press("t")
        assert "edit of mine.mp4" in screen.text
        assert "price unknown" in screen.text, "how long it is is known when it is read"
        await screen.press("s", "f5")
        await screen.expect_question("Pay about $0.20", "edit of mine.mp4, 1 clip, sora-2, 2 s")
        await screen.press("y")
        [(_, request, _, _)] = screen.engine.orders
        assert request.source_file is not None
        assert (request.source_file.path, request.source_job) == ("mine.mp4", None)
        assert (request.operation, request.seconds, request.size) == ("edit", "2", "64x48")
