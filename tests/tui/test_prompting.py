"""Prompt files by keyboard: searched, copied, renamed, trashed, filled in, compared, never lost."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import TextArea

from sora_tui.core.job import Job
from sora_tui.core.prompt import Prompt
from sora_tui.core.request import COVER, Reference
from sora_tui.i18n.formatting import time_or_minute
from sora_tui.workspace.drafts import Drafts
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.variable_values import load_values
from tests.support import sample_jobs
from tests.support.tui.workspace_app import (
    PAID,
    PROMPT,
    WorkspaceApp,
    screen,
    settle,
    workspace_app,
)

FOX = """+++
# the small one
seconds = "8"   # long enough
lens = "35 mm"

[variables]
animal = "fox"
+++

A {{animal}} under {{light}} light.
"""


def text_of(app: WorkspaceApp) -> str:
    return app.query_one(TextArea).text


def shown(app: WorkspaceApp) -> str:
    return "\n".join(screen(app))


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def with_prompts(root: Path, **texts: str) -> WorkspaceApp:
    """The sample, and these prompts: each older than the one before it."""
    app = workspace_app(root)
    for age, (name, text) in enumerate(texts.items(), 1):
        path = root / "prompts" / f"{name}.md"
        path.write_text(text)
        stamp = (sample_jobs.NOW - timedelta(minutes=age)).timestamp()
        os.utime(path, (stamp, stamp))
    return app


def names(root: Path) -> set[str]:
    return {path.stem for path in (root / "prompts").glob("*.md")}


# The list -------------------------------------------------------------------------------------


async def test_the_search_narrows_the_list_and_escape_gives_it_back(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A red animal.", wolf="Snow.", lynx="Snow, too.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "slash", *"snow")
        assert "1 Prompts  2 of 4" in shown(app)
        assert 'match "snow"  esc all' in shown(app)
        await press(pilot, "down", "down", "enter")
        assert text_of(app) == "Snow, too."
        await press(pilot, "escape", "1", "slash", *"xyz")
        assert '0 of 4 match "snowxyz"  esc clears' in shown(app)
        await press(pilot, "escape")
        assert "1 Prompts  4" in shown(app)
        assert app.bench.active == "prompts", "escape took the search away, nothing more"


async def test_a_prompt_is_renamed_with_its_draft_and_its_values(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX, wolf="Snow.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "f5", *"cold", "escape", "enter", "!")
        await press(pilot, "escape", "1", "r", "ctrl+u", *"lynx", "enter")
        assert "prompts/fox.md is now prompts/lynx.md" in shown(app)
        assert "lynx.md" in screen(app)[1]
        assert text_of(app).endswith("light.!")
        await press(pilot, "r", "ctrl+u", *"wolf", "enter")
        assert "There is a prompt wolf already" in shown(app)
    assert names(tmp_path) == {"harbour", "lynx", "wolf"}
    folder = open_folder(tmp_path)
    assert load_values(folder, "prompts/lynx.md")["light"] == "cold"
    assert (tmp_path / "prompts/wolf.md").read_text() == "Snow."


async def test_what_is_trashed_comes_back_with_one_key(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.", wolf="Snow.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "!", "escape", "1", "d")
        assert names(tmp_path) == {"harbour", "wolf"}
        assert "prompts/fox.md is in prompts/.trash; u brings it back" in shown(app)
        assert text_of(app) == "Snow.", "the next one takes its place in the editor"
        await press(pilot, "d", "u", "u")
        assert names(tmp_path) == {"harbour", "wolf", "fox"}
        await press(pilot, "u")
        assert "The trash is empty." in shown(app)
        assert app.bench.active == "prompts"
        await press(pilot, "enter")
        assert text_of(app) == "A fox.!", "and what was typed in it and not kept is there, too"


async def test_a_copy_has_a_name_of_its_own(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "c")
        assert "Copied to prompts/fox-2.md" in shown(app)
        assert text_of(app) == "A {{animal}} under {{light}} light."
    assert (tmp_path / "prompts/fox-2.md").read_text() == FOX


# Kept byte for byte ---------------------------------------------------------------------------


async def test_one_changed_setting_changes_one_line_of_the_file(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX.replace("\n", "\r\n") + "\r\n")
    before = (tmp_path / "prompts/fox.md").read_bytes()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "ctrl+s")
        assert (tmp_path / "prompts/fox.md").read_bytes() == before
        await press(pilot, "tab", "tab", "right", "ctrl+s")
    after = (tmp_path / "prompts/fox.md").read_bytes()
    assert after == before.replace(b'"8"   # long', b'"12"   # long')


async def test_a_file_that_changed_meanwhile_and_the_draft_both_survive(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.\n")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "!")
        (tmp_path / "prompts/fox.md").write_text("A wolf, by another program.\n")
        await press(pilot, "ctrl+s")
        assert "prompts/fox.md was changed by another program and stays" in shown(app)
        assert "fox-2" in screen(app)[1]
        await press(pilot, "?", "ctrl+s")
    assert (tmp_path / "prompts/fox.md").read_text() == "A wolf, by another program.\n"
    assert (tmp_path / "prompts/fox-2.md").read_text() == "A fox.!?\n"
    assert not list((tmp_path / "metadata/.drafts").glob("*.toml"))


async def test_signs_that_are_not_shown_stay_in_a_file_that_is_not_edited(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.\u202e \x0b\r\n" + "x" * 70_000)
    before = (tmp_path / "prompts/fox.md").read_bytes()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "ctrl+s")
        assert (tmp_path / "prompts/fox.md").read_bytes() == before
        await press(pilot, "!", "ctrl+s")
    assert (tmp_path / "prompts/fox.md").read_text().rstrip().endswith("x" * 70_000 + "!")


async def test_an_untouched_text_follows_its_file(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.\n")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter")
        (tmp_path / "prompts/fox.md").write_text("A wolf, by another program.\n")
        app.post_message(events.AppFocus())
        await settle(pilot)
        assert text_of(app) == "A wolf, by another program."
        assert "prompts/fox.md was changed by another program: read again" in shown(app)
        await press(pilot, "!")
        (tmp_path / "prompts/fox.md").write_text("A lynx.\n")
        app.post_message(events.AppFocus())
        await settle(pilot)
        assert text_of(app) == "A wolf, by another program.!", "what is typed stays"


# Never lost -----------------------------------------------------------------------------------


async def test_who_types_without_a_pause_is_saved_all_the_same(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter")
        for _ in range(25):
            await pilot.press("x")
            await pilot.pause(0.06)
        draft = Drafts(open_folder(tmp_path)).newest()
        assert draft is None, "while we run it is ours alone"
        [path] = (tmp_path / "metadata/.drafts").glob("*.toml")
        assert "A fox.xxxxx" in path.read_text()
    assert (tmp_path / "prompts/fox.md").read_text() == "A fox."


async def test_quick_typing_over_a_sample_makes_one_copy(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press(*"Seals bark.")
        await settle(pilot)
        app.context.saver.put_away()
    assert names(tmp_path) == {"harbour", "untitled-1"}
    assert "Seals bark." in (tmp_path / "prompts/untitled-1.md").read_text()
    assert not list((tmp_path / "metadata/.drafts").glob("*.toml")), "our own files are kept"


async def test_what_was_typed_and_taken_back_leaves_no_draft(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "!", "escape")
        assert list((tmp_path / "metadata/.drafts").glob("*.toml"))
        await press(pilot, "enter", "backspace", "escape")
        assert not list((tmp_path / "metadata/.drafts").glob("*.toml"))


async def test_a_draft_is_restored_and_ctrl_z_takes_it_back(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX)
    prompt = Prompt("A wolf.", {"seconds": "12", "lens": "35 mm"})
    left = Drafts(app.folder)
    left.save("prompts/fox.md", prompt, FOX)
    left.close()
    async with app.run_test() as pilot:
        await settle(pilot)
        assert text_of(app) == "A wolf."
        assert app.editor.draft.seconds == "12"
        assert (at := app.context.editor.draft_restored) is not None
        assert f"draft of {time_or_minute(at, sample_jobs.NOW)} restored (ctrl+z" in shown(app)
        await press(pilot, "!", "ctrl+z")
        assert text_of(app) == "A wolf."
        await press(pilot, "ctrl+z")
        assert text_of(app) == "A {{animal}} under {{light}} light."
        assert app.editor.draft.seconds == "8"
        await press(pilot, "ctrl+z", "ctrl+y")
        assert text_of(app) == "A wolf."
        await press(pilot, "ctrl+s")
    kept = (tmp_path / "prompts/fox.md").read_text()
    assert kept == FOX.replace('"8"', '"12"').replace(
        "A {{animal}} under {{light}} light", "A wolf"
    )


async def test_a_draft_of_a_file_that_changed_or_went_is_restored(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A wolf, by another program.\n")
    left = Drafts(app.folder)
    left.save("prompts/fox.md", Prompt("A fox.!"), "A fox.\n")
    left.close()
    async with app.run_test() as pilot:
        await settle(pilot)
        assert text_of(app) == "A fox.!"
        assert "was changed by another program meanwhile" in " ".join(shown(app).split())
        await press(pilot, "ctrl+s")
        assert (tmp_path / "prompts/fox-2.md").read_text() == "A fox.!\n"
        assert (tmp_path / "prompts/fox.md").read_text() == "A wolf, by another program.\n"


# Variables ------------------------------------------------------------------------------------


async def test_variables_are_asked_seen_in_the_text_sent_and_remembered(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "f5")
        assert "A fox under {{light}} light." in shown(app), "defaults are filled in"
        app.release_generate()
        await press(pilot, "f5")
        assert "light has no value yet." in shown(app)
        assert not app.fake.orders
        await press(pilot, *"cold", "up", "ctrl+u", *"wolf", "enter")
        assert "A wolf under cold light." in shown(app)
        await press(pilot, "enter")
        [(_server, request, _consent, _count)] = app.fake.orders
        assert request.prompt == "A wolf under cold light."
        assert request.variables == {"animal": "wolf", "light": "cold"}
        assert isinstance(app.focused, TextArea)
        app.release_generate()
        await press(pilot, "f5")
        assert "A wolf under cold light." in shown(app), "remembered"
        await press(pilot, "escape")
        assert "Not sent, nothing spent." in shown(app)
    assert (tmp_path / "prompts/fox.md").read_text() == FOX, "the person's file is not touched"
    assert load_values(app.folder, "prompts/fox.md") == {"animal": "wolf", "light": "cold"}


async def test_what_is_sent_is_seen_before_it_is_paid(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    (tmp_path / "prompts/fox.md").write_text(FOX)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "home", "enter", "f5", *"cold", "enter")
        assert "A fox under cold light." in shown(app)
        assert "Pay about $0.80 on gw.example.org?" in shown(app)
        await press(pilot, "n")
        assert "A {{animal}} under" in shown(app)
        assert not app.fake.orders


async def test_one_press_held_long_does_not_send_past_the_form(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A {{animal}}.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "f5", *"fox")
        app.hold_generate()
        await pilot.press("f5", "f5")
        await settle(pilot)
        assert app.editor.filling
        assert not app.fake.orders


# A job's prompt -------------------------------------------------------------------------------


def wolf_job() -> Job:
    reference = Reference("input_reference/pier.jpg", "0" * 64, COVER)
    job = sample_jobs.pending(
        900,
        number=1,
        prompt="A wolf.",
        seconds="12",
        size="720x1280",
        model="sora-2-pro",
        params={"seed": 7},
        reference=reference,
    )
    return sample_jobs.saved(job)


async def test_a_job_is_edited_again_and_nothing_is_lost(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "!", "escape", "4", "e")
        draft = app.editor.draft
        assert (draft.text, draft.model, draft.seconds, draft.size) == (
            "A wolf.",
            "sora-2-pro",
            "12",
            "720x1280",
        )
        assert (draft.reference, draft.fit) == ("input_reference/pier.jpg", COVER)
        assert draft.params == {"seed": 7}
        await press(pilot, "ctrl+z")
        assert text_of(app) == PROMPT + "!"
        await press(pilot, "ctrl+y")
        assert text_of(app) == "A wolf."
        await press(pilot, "?", "ctrl+s")
    assert names(tmp_path) == {"harbour", "untitled-1", "untitled-2"}
    assert (tmp_path / "prompts/untitled-1.md").read_text().endswith(PROMPT + "!\n")
    assert (tmp_path / "prompts/untitled-2.md").read_text().endswith("A wolf.?\n")


async def test_a_question_is_not_answered_about_another_prompt(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()], servers=[PAID])
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "f5")
        app.jobs.focus_pane()
        await press(pilot, "e")
        assert "A question waits for its answer by the prompt." in shown(app)
        assert text_of(app) == PROMPT
        await press(pilot, "n", "escape", "4", "e")
        assert text_of(app) == "A wolf."


async def test_what_was_trashed_is_not_restored_at_the_next_start(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter", "!", "escape", "1", "d")
        app.context.saver.drafts.close()
    again = workspace_app(tmp_path)
    async with again.run_test() as pilot:
        await settle(pilot)
        assert text_of(again) == PROMPT
        await press(pilot, "escape", "1", "u", "enter")
        assert text_of(again) == "A fox.!"


@pytest.mark.parametrize(("size", "columns"), [((80, 24), 1), ((120, 40), 2)])
async def test_the_difference_to_a_job_is_signed(
    tmp_path: Path, size: tuple[int, int], columns: int
) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()])
    (tmp_path / "prompts/harbour.md").write_text("A wolf in snow.\n")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "D")
        lines = [line for line in screen(app) if "A wolf." in line]
        assert "- A wolf." in lines[0]
        assert ("+ A wolf in snow." in lines[0]) is (columns == 2)
        assert "+ A wolf in snow." in shown(app)
        assert "- seconds  12" in shown(app)
        await press(pilot, "escape")
        assert app.bench.active == "jobs"


async def test_a_refused_job_is_compared_with_the_last_one_that_passed(tmp_path: Path) -> None:
    refused = sample_jobs.rejected(sample_jobs.pending(30, number=9, prompt="A riot at dawn."))
    passed = sample_jobs.saved(sample_jobs.pending(900, number=1, prompt="A feast at dawn."))
    app = workspace_app(tmp_path, jobs=[refused, passed])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "D")
        assert "which passed" in screen(app)[0]
        assert "- A feast at dawn." in shown(app)
        assert "+ A riot at dawn." in shown(app)
        await press(pilot, "D")
        assert "+ editor" in screen(app)[0]


# Figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "said"),
    [(5, "1 word  5/32000"), (30_500, "! 30500/32000, 1500 left"), (32_001, "1 too many")],
)
async def test_the_title_counts_down_to_the_limit(tmp_path: Path, length: int, said: str) -> None:
    app = with_prompts(tmp_path, fox="x" * length)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "down", "enter")
        assert said in screen(app)[2]


async def test_the_persons_editor_comes_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nprintf 'A wolf.' > \"$1\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    app = workspace_app(tmp_path)
    monkeypatch.setattr(app, "suspend", nullcontext)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "f4")
        assert text_of(app) == "A wolf."
        await press(pilot, "ctrl+z")
        assert text_of(app) == PROMPT


async def test_the_persons_editor_brings_what_no_prompt_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nprintf 'a\\342\\200\\256b' > \"$1\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    app = workspace_app(tmp_path)
    monkeypatch.setattr(app, "suspend", nullcontext)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "f4")
        assert text_of(app) == "ab"
        assert "Left out of the prompt, because no reader sees it: U+202E" in shown(app)


async def test_an_undo_that_the_disk_refuses_can_be_tried_again(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "e", "!", "ctrl+z")
        assert text_of(app) == "A wolf."
        app.folder.drafts.rename(tmp_path / "away")
        app.folder.drafts.write_text("no folder")
        await press(pilot, "ctrl+z")
        assert text_of(app) == "A wolf."
        app.folder.drafts.unlink()
        (tmp_path / "away").rename(app.folder.drafts)
        await press(pilot, "ctrl+z")
        assert text_of(app) == PROMPT


def test_jobs_of_another_server_or_later_did_not_pass_before() -> None:
    from sora_tui.core.request import VideoRequest
    from sora_tui.tui.presenters.prompt_diff import comparisons

    refused = sample_jobs.rejected(sample_jobs.pending(100, paid=True, prompt="A riot."))
    later = sample_jobs.saved(sample_jobs.pending(10, paid=True, prompt="later"))
    elsewhere = sample_jobs.saved(sample_jobs.pending(900, prompt="elsewhere"))
    other_file = sample_jobs.saved(sample_jobs.pending(300, paid=True, prompt="other"))
    mine = sample_jobs.saved(sample_jobs.pending(400, paid=True, prompt="mine"))
    mine, refused = (
        replace(job, request=job.request._replace(prompt_file="prompts/riot.md"))
        for job in (mine, refused)
    )
    jobs = [later, refused, other_file, mine, elsewhere]
    first, second = comparisons(refused, jobs, VideoRequest("x"), "lab")
    assert first.before[-1] == "mine"
    assert first.after[-1] == "A riot."
    assert second.after_name == "editor"
    assert len(comparisons(refused, [later, refused, elsewhere], VideoRequest("x"), "lab")) == 1


async def test_a_name_that_is_taken_changes_nothing_for_the_text(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "!", "escape", "1")
        assert app.bench.prompts is not None
        app.bench.prompts._list.move_to("prompts/untitled-1.md")
        await press(pilot, "r", "ctrl+u", *"fox", "enter")
        assert "There is a prompt fox already" in " ".join(shown(app).split())
        await press(pilot, "3", "?", "ctrl+s")
        assert "Kept prompts/untitled-1.md" in shown(app), "no other program wrote in it"
    assert names(tmp_path) == {"harbour", "fox", "untitled-1"}


# Pasting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        # Terminals send the line ends of a paste as carriage returns (xterm, kitty, tmux).
        ("boats\rlow sun\r\rSound: bell", "boats\nlow sun\n\nSound: bell"),
        ("boats\r\nlow sun\n\rbell", "boats\nlow sun\n\nbell"),
        ("\u05d0\u200f flag", "\u05d0\u200f flag"),
    ],
)
async def test_a_paste_keeps_its_lines(tmp_path: Path, pasted: str, kept: str) -> None:
    app = workspace_app(tmp_path)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "f7", "backspace")
        app.query_one(TextArea).post_message(events.Paste(pasted))
        await settle(pilot)
        assert text_of(app) == kept


async def test_a_paste_says_what_no_prompt_may_have(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with app.run_test() as pilot:
        await settle(pilot)
        app.query_one(TextArea).post_message(events.Paste("a\u202eb"))
        await settle(pilot)
        assert "Left out of the prompt, because no reader sees it: U+202E" in shown(app)


# The prompt in the editor is the one that is meant -----------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_the_list_is_entered_at_the_prompt_in_the_editor(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """The cursor stood on another one, and that was renamed or thrown away."""
    others = {f"other-{number:02}": "Another." for number in range(12)}
    app = with_prompts(tmp_path, **others)
    before = names(tmp_path)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "n", *"words", "ctrl+s", "escape", "1")
        (written,) = names(tmp_path) - before
        row = next(line for line in screen(app) if f"{written} " in line and "*" in line)
        assert row, "the open prompt is in sight"
        await press(pilot, "r", "ctrl+u", *"wanted", "enter")
        assert names(tmp_path) - before == {"wanted"}
        assert "prompts/wanted.md; u undoes" in shown(app).replace("\n", "")
        await press(pilot, "u")
        assert names(tmp_path) - before == {written}, "u undoes a rename, too"
        await press(pilot, "4", "1", "d")
        assert names(tmp_path) == before
        await press(pilot, "u")
        assert names(tmp_path) - before == {written}


async def test_a_cursor_that_was_moved_stays_where_it_is(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A red animal.", wolf="Snow.", lynx="Snow, too.")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "1", "end")
        there = app.bench.prompts._list.cursor_id if app.bench.prompts else None
        await press(pilot, "c")  # opens the copy, and the editor has the keys
        await press(pilot, "escape", "1")
        assert app.bench.prompts is not None
        assert app.bench.prompts._list.cursor_id == app.editor.draft.file != there
        await press(pilot, "up")
        moved = app.bench.prompts._list.cursor_id
        app.context.signals.prompts_changed.publish(None)
        await settle(pilot)
        assert app.bench.prompts._list.cursor_id == moved


async def test_a_difference_in_a_parameter_is_shown(tmp_path: Path) -> None:
    """The window had no line for parameters: two seeds were "No difference."."""
    first = sample_jobs.saved(sample_jobs.pending(400, paid=True, prompt="A fox."))
    request = first.request._replace(params={"seed": 42, "negative_prompt": "rain"})
    first = replace(first, request=request)
    second = sample_jobs.saved(sample_jobs.pending(100, paid=True, prompt="A fox."))
    second = replace(second, request=request._replace(params={**request.params, "seed": 99}))
    app = workspace_app(tmp_path, jobs=[first, second])
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "home", "space", "space", "D")
        text = shown(app)
        assert "- seed             42" in text
        assert "+ seed             99" in text
        assert "negative_prompt  rain" in text
