"""Prompt files by keyboard: searched, copied, renamed, trashed, filled in, compared, never lost."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual import events
from textual.widgets import TextArea

from sora_tui.core.job import Job
from sora_tui.core.prompt import Prompt
from sora_tui.core.request import COVER, Reference
from sora_tui.i18n.formatting import time_or_minute
from sora_tui.workspace.drafts import Drafts
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.variable_values import load_values
from tests.support import sample_jobs
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, PROMPT, WorkspaceApp, workspace_app

FOX = """+++
# the small one
seconds = "8"   # long enough
lens = "35 mm"

[variables]
animal = "fox"
+++

A {{animal}} under {{light}} light.
"""


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
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "slash", *"snow")
        assert "1 Prompts  2 of 4" in screen.text
        assert 'match "snow"  esc all' in screen.text
        await screen.press("down", "down", "enter")
        assert screen.prompt == "Snow, too."
        await screen.press("escape", "1", "slash", *"xyz")
        assert '0 of 4 match "snowxyz"  esc clears' in screen.text
        await screen.press("escape")
        assert "1 Prompts  4" in screen.text
        assert app.bench.active == "prompts", "escape took the search away, nothing more"


async def test_a_prompt_is_renamed_with_its_draft_and_its_values(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX, wolf="Snow.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "f5", *"cold", "escape", "enter", "!")
        await screen.press("escape", "1", "r", "ctrl+u", *"lynx", "enter")
        assert "prompts/fox.md is now prompts/lynx.md" in screen.text
        assert "lynx.md" in screen.lines[1]
        assert screen.prompt.endswith("light.!")
        await screen.press("r", "ctrl+u", *"wolf", "enter")
        assert "There is a prompt wolf already" in screen.text
    assert names(tmp_path) == {"harbour", "lynx", "wolf"}
    folder = open_folder(tmp_path)
    assert load_values(folder, "prompts/lynx.md")["light"] == "cold"
    assert (tmp_path / "prompts/wolf.md").read_text() == "Snow."


async def test_what_is_trashed_comes_back_with_one_key(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.", wolf="Snow.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "!", "escape", "1", "d")
        assert names(tmp_path) == {"harbour", "wolf"}
        assert "prompts/fox.md is in prompts/.trash; u brings it back" in screen.text
        assert screen.prompt == "Snow.", "the next one takes its place in the editor"
        await screen.press("d", "u", "u")
        assert names(tmp_path) == {"harbour", "wolf", "fox"}
        await screen.press("u")
        assert "The trash is empty." in screen.text
        assert app.bench.active == "prompts"
        await screen.press("enter")
        assert screen.prompt == "A fox.!", "and what was typed in it and not kept is there, too"


async def test_a_copy_has_a_name_of_its_own(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX)
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "c")
        assert "Copied to prompts/fox-2.md" in screen.text
        assert screen.prompt == "A {{animal}} under {{light}} light."
    assert (tmp_path / "prompts/fox-2.md").read_text() == FOX


# Kept byte for byte ---------------------------------------------------------------------------


async def test_one_changed_setting_changes_one_line_of_the_file(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX.replace("\n", "\r\n") + "\r\n")
    before = (tmp_path / "prompts/fox.md").read_bytes()
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "ctrl+s")
        assert (tmp_path / "prompts/fox.md").read_bytes() == before
        await screen.press("tab", "tab", "right", "ctrl+s")
    after = (tmp_path / "prompts/fox.md").read_bytes()
    assert after == before.replace(b'"8"   # long', b'"12"   # long')


async def test_a_file_that_changed_meanwhile_and_the_draft_both_survive(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.\n")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "!")
        (tmp_path / "prompts/fox.md").write_text("A wolf, by another program.\n")
        await screen.press("ctrl+s")
        assert "prompts/fox.md was changed by another program and stays" in screen.text
        assert "fox-2" in screen.lines[1]
        await screen.press("?", "ctrl+s")
    assert (tmp_path / "prompts/fox.md").read_text() == "A wolf, by another program.\n"
    assert (tmp_path / "prompts/fox-2.md").read_text() == "A fox.!?\n"
    assert not list((tmp_path / "metadata/.drafts").glob("*.toml"))


async def test_signs_that_are_not_shown_stay_in_a_file_that_is_not_edited(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.\u202e \x0b\r\n" + "x" * 70_000)
    before = (tmp_path / "prompts/fox.md").read_bytes()
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "ctrl+s")
        assert (tmp_path / "prompts/fox.md").read_bytes() == before
        await screen.press("!", "ctrl+s")
    assert (tmp_path / "prompts/fox.md").read_text().rstrip().endswith("x" * 70_000 + "!")


async def test_an_untouched_text_follows_its_file(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.\n")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter")
        (tmp_path / "prompts/fox.md").write_text("A wolf, by another program.\n")
        app.post_message(events.AppFocus())
        await screen.settle()
        assert screen.prompt == "A wolf, by another program."
        assert "prompts/fox.md was changed by another program: read again" in screen.text
        await screen.press("!")
        (tmp_path / "prompts/fox.md").write_text("A lynx.\n")
        app.post_message(events.AppFocus())
        await screen.settle()
        assert screen.prompt == "A wolf, by another program.!", "what is typed stays"


# Never lost -----------------------------------------------------------------------------------


async def test_who_types_without_a_pause_is_saved_all_the_same(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter")
        for _ in range(25):
            await screen.pilot.press("x")
            await screen.pilot.pause(0.06)
        draft = Drafts(open_folder(tmp_path)).newest()
        assert draft is None, "while we run it is ours alone"
        [path] = (tmp_path / "metadata/.drafts").glob("*.toml")
        assert "A fox.xxxxx" in path.read_text()
    assert (tmp_path / "prompts/fox.md").read_text() == "A fox."


async def test_quick_typing_over_a_sample_makes_one_copy(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.pilot.press(*"Seals bark.")
        await screen.settle()
        app.context.saver.put_away()
    assert names(tmp_path) == {"harbour", "untitled-1"}
    assert "Seals bark." in (tmp_path / "prompts/untitled-1.md").read_text()
    assert not list((tmp_path / "metadata/.drafts").glob("*.toml")), "our own files are kept"


async def test_what_was_typed_and_taken_back_leaves_no_draft(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "!", "escape")
        assert list((tmp_path / "metadata/.drafts").glob("*.toml"))
        await screen.press("enter", "backspace", "escape")
        assert not list((tmp_path / "metadata/.drafts").glob("*.toml"))


async def test_a_draft_is_restored_and_ctrl_z_takes_it_back(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX)
    prompt = Prompt("A wolf.", {"seconds": "12", "lens": "35 mm"})
    left = Drafts(app.folder)
    left.save("prompts/fox.md", prompt, FOX)
    left.close()
    async with open_screen(app) as screen:
        assert screen.prompt == "A wolf."
        assert screen.draft.seconds == "12"
        assert (at := app.context.editor.draft_restored) is not None
        assert f"draft of {time_or_minute(at, sample_jobs.NOW)} restored (ctrl+z" in screen.text
        await screen.press("!", "ctrl+z")
        assert screen.prompt == "A wolf."
        await screen.press("ctrl+z")
        assert screen.prompt == "A {{animal}} under {{light}} light."
        assert screen.draft.seconds == "8"
        await screen.press("ctrl+z", "ctrl+y")
        assert screen.prompt == "A wolf."
        await screen.press("ctrl+s")
    kept = (tmp_path / "prompts/fox.md").read_text()
    assert kept == FOX.replace('"8"', '"12"').replace(
        "A {{animal}} under {{light}} light", "A wolf"
    )


async def test_a_draft_of_a_file_that_changed_or_went_is_restored(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A wolf, by another program.\n")
    left = Drafts(app.folder)
    left.save("prompts/fox.md", Prompt("A fox.!"), "A fox.\n")
    left.close()
    async with open_screen(app) as screen:
        assert screen.prompt == "A fox.!"
        assert "was changed by another program meanwhile" in " ".join(screen.text.split())
        await screen.press("ctrl+s")
        assert (tmp_path / "prompts/fox-2.md").read_text() == "A fox.!\n"
        assert (tmp_path / "prompts/fox.md").read_text() == "A wolf, by another program.\n"


# Variables ------------------------------------------------------------------------------------


async def test_variables_are_asked_seen_in_the_text_sent_and_remembered(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox=FOX)
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "f5")
        assert "A fox under {{light}} light." in screen.text, "defaults are filled in"
        app.release_generate()
        await screen.press("f5")
        assert "light has no value yet." in screen.text
        assert not screen.engine.orders
        await screen.press(*"cold", "up", "ctrl+u", *"wolf", "enter")
        assert "A wolf under cold light." in screen.text
        await screen.press("enter")
        [(_server, request, _consent, _count)] = screen.engine.orders
        assert request.prompt == "A wolf under cold light."
        assert request.variables == {"animal": "wolf", "light": "cold"}
        assert isinstance(app.focused, TextArea)
        app.release_generate()
        await screen.press("f5")
        assert "A wolf under cold light." in screen.text, "remembered"
        await screen.press("escape")
        assert "Not sent, nothing spent." in screen.text
    assert (tmp_path / "prompts/fox.md").read_text() == FOX, "the person's file is not touched"
    assert load_values(app.folder, "prompts/fox.md") == {"animal": "wolf", "light": "cold"}


async def test_what_is_sent_is_seen_before_it_is_paid(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    (tmp_path / "prompts/fox.md").write_text(FOX)
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "home", "enter", "f5", *"cold", "enter")
        assert "A fox under cold light." in screen.text
        assert "Pay about $0.80 on gw.example.org?" in screen.text
        await screen.press("n")
        assert "A {{animal}} under" in screen.text
        assert not screen.engine.orders


async def test_a_mistyped_setting_of_the_file_is_told_and_stops_the_order(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="+++\nsecnds = 4\nmood = 1\n+++\nA fox.\n")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter")
        assert "secnds. Did you mean seconds?" in " ".join(screen.text.split())
        await screen.press("f5")
        assert app.fake.orders == []
        (tmp_path / "prompts/fox.md").write_text("+++\nmood = 1\n+++\nA fox.\n")
        await screen.press("escape", "1", "up", "enter", "escape", "1", "down", "enter")
        app.release_generate()
        await screen.press("f5")
        assert len(app.fake.orders) == 1


async def test_one_press_held_long_does_not_send_past_the_form(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A {{animal}}.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "f5", *"fox")
        app.hold_generate()
        await screen.pilot.press("f5", "f5")
        await screen.settle()
        assert app.editor.filling
        assert not screen.engine.orders


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
    async with open_screen(app) as screen:
        await screen.press("!", "escape", "4", "e")
        draft = screen.draft
        assert (draft.text, draft.model, draft.seconds, draft.size) == (
            "A wolf.",
            "sora-2-pro",
            "12",
            "720x1280",
        )
        assert (draft.reference, draft.fit) == ("input_reference/pier.jpg", COVER)
        assert draft.params == {"seed": 7}
        await screen.press("ctrl+z")
        assert screen.prompt == PROMPT + "!"
        await screen.press("ctrl+y")
        assert screen.prompt == "A wolf."
        await screen.press("?", "ctrl+s")
    assert names(tmp_path) == {"harbour", "untitled-1", "untitled-2"}
    assert (tmp_path / "prompts/untitled-1.md").read_text().endswith(PROMPT + "!\n")
    assert (tmp_path / "prompts/untitled-2.md").read_text().endswith("A wolf.?\n")


async def test_a_question_is_not_answered_about_another_prompt(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()], servers=[PAID])
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("f5")
        app.jobs.focus_pane()
        await screen.press("e")
        assert "A question waits for its answer by the prompt." in screen.text
        assert screen.prompt == PROMPT
        await screen.press("n", "escape", "4", "e")
        assert screen.prompt == "A wolf."


async def test_what_was_trashed_is_not_restored_at_the_next_start(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A fox.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter", "!", "escape", "1", "d")
        app.context.saver.drafts.close()
    async with open_screen(workspace_app(tmp_path)) as screen:
        assert screen.prompt == PROMPT
        await screen.press("escape", "1", "u", "enter")
        assert screen.prompt == "A fox.!"


@pytest.mark.parametrize(("size", "columns"), [((80, 24), 1), ((120, 40), 2)])
async def test_the_difference_to_a_job_is_signed(
    tmp_path: Path, size: tuple[int, int], columns: int
) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()])
    (tmp_path / "prompts/harbour.md").write_text("A wolf in snow.\n")
    async with open_screen(app, size) as screen:
        await screen.press("escape", "4", "D")
        lines = [line for line in screen.lines if "A wolf." in line]
        assert "- A wolf." in lines[0]
        assert ("+ A wolf in snow." in lines[0]) is (columns == 2)
        assert "+ A wolf in snow." in screen.text
        assert "- seconds  12" in screen.text
        await screen.press("escape")
        assert app.bench.active == "jobs"


async def test_a_refused_job_is_compared_with_the_last_one_that_passed(tmp_path: Path) -> None:
    refused = sample_jobs.rejected(sample_jobs.pending(30, number=9, prompt="A riot at dawn."))
    passed = sample_jobs.saved(sample_jobs.pending(900, number=1, prompt="A feast at dawn."))
    app = workspace_app(tmp_path, jobs=[refused, passed])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "D")
        assert "which passed" in screen.lines[0]
        assert "- A feast at dawn." in screen.text
        assert "+ A riot at dawn." in screen.text
        await screen.press("D")
        assert "+ editor" in screen.lines[0]


# Figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "said"),
    [(5, "1 word  5/32000"), (30_500, "! 30500/32000, 1500 left"), (32_001, "1 too many")],
)
async def test_the_title_counts_down_to_the_limit(tmp_path: Path, length: int, said: str) -> None:
    app = with_prompts(tmp_path, fox="x" * length)
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "down", "enter")
        assert said in screen.lines[2]


async def test_the_persons_editor_comes_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nprintf 'A wolf.' > \"$1\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    app = workspace_app(tmp_path)
    monkeypatch.setattr(app, "suspend", nullcontext)
    async with open_screen(app) as screen:
        await screen.press("f4")
        assert screen.prompt == "A wolf."
        await screen.press("ctrl+z")
        assert screen.prompt == PROMPT


async def test_the_persons_editor_brings_what_no_prompt_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nprintf 'a\\342\\200\\256b' > \"$1\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    app = workspace_app(tmp_path)
    monkeypatch.setattr(app, "suspend", nullcontext)
    async with open_screen(app) as screen:
        await screen.press("f4")
        assert screen.prompt == "ab"
        assert "Left out of the prompt, because no reader sees it: U+202E" in screen.text


async def test_an_undo_that_the_disk_refuses_can_be_tried_again(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[wolf_job()])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "e", "!", "ctrl+z")
        assert screen.prompt == "A wolf."
        app.folder.drafts.rename(tmp_path / "away")
        app.folder.drafts.write_text("no folder")
        await screen.press("ctrl+z")
        assert screen.prompt == "A wolf."
        app.folder.drafts.unlink()
        (tmp_path / "away").rename(app.folder.drafts)
        await screen.press("ctrl+z")
        assert screen.prompt == PROMPT


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
    async with open_screen(app) as screen:
        await screen.press("!", "escape", "1")
        screen.list.move_to("prompts/untitled-1.md")
        await screen.press("r", "ctrl+u", *"fox", "enter")
        assert "There is a prompt fox already" in " ".join(screen.text.split())
        await screen.press("3", "?", "ctrl+s")
        assert "Kept prompts/untitled-1.md" in screen.text, "no other program wrote in it"
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
    async with open_screen(app) as screen:
        await screen.press("f7", "backspace")
        app.query_one(TextArea).post_message(events.Paste(pasted))
        await screen.settle()
        assert screen.prompt == kept


async def test_a_paste_says_what_no_prompt_may_have(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        app.query_one(TextArea).post_message(events.Paste("a\u202eb"))
        await screen.settle()
        assert "Left out of the prompt, because no reader sees it: U+202E" in screen.text


# The prompt in the editor is the one that is meant -----------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
async def test_the_list_is_entered_at_the_prompt_in_the_editor(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """The cursor stood on another one, and that was renamed or thrown away."""
    others = {f"other-{number:02}": "Another." for number in range(12)}
    app = with_prompts(tmp_path, **others)
    before = names(tmp_path)
    async with open_screen(app, size) as screen:
        await screen.press("escape", "1", "n", *"words", "ctrl+s", "escape", "1")
        (written,) = names(tmp_path) - before
        row = next(line for line in screen.lines if f"{written} " in line and "*" in line)
        assert row, "the open prompt is in sight"
        await screen.press("r", "ctrl+u", *"wanted", "enter")
        assert names(tmp_path) - before == {"wanted"}
        assert "prompts/wanted.md; u undoes" in screen.text.replace("\n", "")
        await screen.press("u")
        assert names(tmp_path) - before == {written}, "u undoes a rename, too"
        await screen.press("4", "1", "d")
        assert names(tmp_path) == before
        await screen.press("u")
        assert names(tmp_path) - before == {written}


async def test_a_cursor_that_was_moved_stays_where_it_is(tmp_path: Path) -> None:
    app = with_prompts(tmp_path, fox="A red animal.", wolf="Snow.", lynx="Snow, too.")
    async with open_screen(app) as screen:
        await screen.press("escape", "1", "end")
        there = screen.list.cursor_id
        await screen.press("c")  # opens the copy, and the editor has the keys
        await screen.press("escape", "1")
        assert screen.list.cursor_id == screen.draft.file != there
        await screen.press("up")
        moved = screen.list.cursor_id
        app.context.signals.prompts_changed.publish(None)
        await screen.settle()
        assert screen.list.cursor_id == moved


async def test_a_difference_in_a_parameter_is_shown(tmp_path: Path) -> None:
    """The window had no line for parameters: two seeds were "No difference."."""
    first = sample_jobs.saved(sample_jobs.pending(400, paid=True, prompt="A fox."))
    request = first.request._replace(params={"seed": 42, "negative_prompt": "rain"})
    first = replace(first, request=request)
    second = sample_jobs.saved(sample_jobs.pending(100, paid=True, prompt="A fox."))
    second = replace(second, request=request._replace(params={**request.params, "seed": 99}))
    app = workspace_app(tmp_path, jobs=[first, second])
    async with open_screen(app, (100, 30)) as screen:
        await screen.press("escape", "4", "home", "space", "space", "D")
        text = screen.text
        assert "- seed             42" in text
        assert "+ seed             99" in text
        assert "negative_prompt  rain" in text
