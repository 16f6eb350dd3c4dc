"""Drafts: nothing typed is lost, and two screens on one folder do not write over each other."""

from __future__ import annotations

import os
import stat

import pytest

from sora_tui.core.prompt import Prompt
from sora_tui.workspace.drafts import Drafts
from sora_tui.workspace.folder import Folder

FOX = "prompts/animals/fox.md"


def test_a_draft_comes_back_to_the_letter(folder: Folder) -> None:
    drafts = Drafts(folder)
    prompt = Prompt("+++ an odd beginning\n\ttab \u202e, blank line at the end\n\n", {"count": 2})
    assert drafts.load(FOX) is None
    drafts.save(FOX, prompt, "A fox.\r\n")
    found = drafts.load(FOX)
    assert found is not None
    assert (found.file, found.prompt, found.base) == (FOX, prompt, "A fox.\r\n")
    [path] = folder.drafts.glob("*.toml")
    assert found.at.timestamp() == pytest.approx(path.stat().st_mtime), "the file system's clock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("text = ")
    assert drafts.load(FOX) is None
    drafts.clear(FOX)
    drafts.clear(FOX)
    assert not list(folder.drafts.glob("*.toml"))


def test_two_screens_keep_their_drafts_apart_and_a_dead_one_leaves_its_own(folder: Folder) -> None:
    one, two = Drafts(folder), Drafts(folder)
    one.save(FOX, Prompt("one"), "")
    two.save(FOX, Prompt("two"), "")
    for drafts, text in ((one, "one"), (two, "two")):
        found = drafts.load(FOX)
        assert found is not None
        assert found.prompt.text == text
    two.close()  # as the kernel does for a process that was killed
    one.clear(FOX)
    left = one.newest()
    assert left is not None
    assert left.prompt.text == "two"
    one.clear(FOX)
    assert one.newest() is None, "what was taken over is ours to clear"


def test_the_newest_draft_is_found_and_follows_a_new_name(folder: Folder) -> None:
    drafts = Drafts(folder)
    long = f"prompts/{'é' * 100}.md"
    for age, file in enumerate((long, FOX)):
        drafts.save(file, Prompt(file), "")
        path = max(folder.drafts.glob("*.toml"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    newest = drafts.newest()
    assert newest is not None
    assert newest.file == long
    drafts.rename(FOX, "prompts/lynx.md")
    assert drafts.load(FOX) is None
    moved = drafts.load("prompts/lynx.md")
    assert moved is not None
    assert moved.prompt.text == FOX


def test_without_locks_there_are_still_drafts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int, _how: int) -> None:
        raise OSError(38, "no locks here")

    monkeypatch.setattr("fcntl.flock", refuse)
    Drafts(folder).save(FOX, Prompt("kept"), "")
    found = Drafts(folder).load(FOX)
    assert found is not None
    assert found.prompt.text == "kept"
