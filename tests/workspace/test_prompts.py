"""Prompt files come back as they were kept, and nothing of the person's is lost."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.core.prompt import Prompt
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import (
    clear_draft,
    list_prompts,
    load_draft,
    new_prompt_name,
    read_prompt,
    read_source,
    save_draft,
    save_prompt,
)


def _write(path: Path, text: str, age: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))


@pytest.mark.timeout(10)
def test_the_default_comes_first_then_the_newest(folder: Folder) -> None:
    _write(folder.prompts / "old.md", "# Old\n", age=20)
    _write(folder.prompts / "animals" / "fox.md", '+++\nsize = "64x36"\n+++\n\nA fox.\n', age=10)
    _write(folder.prompts / "notes.txt", "no prompt")
    _write(folder.prompts / ".hidden.md", "no prompt")
    _write(folder.prompt_md, "A harbour", age=99)
    os.mkfifo(folder.prompts / "pipe.md")
    listed = [(file.path, file.name, file.title) for file in list_prompts(folder)]
    assert listed == [
        ("prompt.md", "prompt.md", "A harbour"),
        ("prompts/animals/fox.md", "animals/fox", "A fox."),
        ("prompts/old.md", "old", "Old"),
    ]


def test_prompt_md_is_read_as_the_script_did(folder: Folder) -> None:
    text = "# a title\n\nA harbour.\n#a note\nGulls.\n"
    _write(folder.prompt_md, text)
    _write(folder.prompts / "harbour.md", text)
    assert read_prompt(folder.prompt_md).text == "A harbour.\nGulls."
    assert read_prompt(folder.prompts / "harbour.md").text == text.rstrip()
    assert read_source(folder.prompt_md) == text


@pytest.mark.parametrize(
    ("data", "code", "facts"),
    [
        (None, "prompt_missing", {}),
        (b"A caf\xe9", "prompt_unreadable", {"reason": "line 1 is not UTF-8"}),
        (b"x" * 1_100_000, "prompt_unreadable", {}),
        (b'+++\nmodel = "sora-2"\nseconds = \n+++\n', "front_matter_broken", {"line": 3}),
    ],
)
def test_what_cannot_be_read_is_named(
    folder: Folder, data: bytes | None, code: str, facts: dict[str, object]
) -> None:
    path = folder.prompts / "harbour.md"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ProblemError) as caught:
        read_prompt(path)
    assert caught.value.problem.code == code
    assert caught.value.problem.facts.items() >= {"path": str(path), **facts}.items()


def test_keeping_a_prompt_keeps_what_is_not_ours_and_the_mode(folder: Folder) -> None:
    path = folder.prompts / "fox.md"
    _write(path, '+++\nmodel = "old"\nsize = "64x36"\ncamera = "35 mm"\n+++\n\nA fox.\n')
    path.chmod(0o640)
    assert save_prompt(folder, "fox", Prompt("Two foxes.", {"model": "new"})) == path
    kept = read_prompt(path)
    assert kept == Prompt("Two foxes.", {"camera": "35 mm", "model": "new"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert save_prompt(folder, Path("prompts/fox.md"), kept) == path
    assert save_prompt(folder, "prompt.md", Prompt("A harbour.")) == folder.prompt_md
    path.write_text("+++\nmodel = \n+++\n")
    with pytest.raises(ProblemError, match="front_matter_broken"):
        save_prompt(folder, "fox", kept)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "output/evil.md", "prompts/../evil.md"])
def test_prompts_are_kept_nowhere_else(folder: Folder, name: str) -> None:
    with pytest.raises(ProblemError) as caught:
        save_prompt(folder, name, Prompt("x"))
    assert caught.value.problem.code == "folder_not_writable"


def test_new_names_are_free_ones(folder: Folder) -> None:
    assert new_prompt_name(folder) == "untitled-1"
    save_prompt(folder, "untitled-1", Prompt("x"))
    assert new_prompt_name(folder) == "untitled-2"


def test_a_draft_comes_back_to_the_letter(folder: Folder) -> None:
    draft = Prompt("+++ an odd beginning\n\ttab \u202e, blank line at the end\n\n", {"count": 2})
    assert load_draft(folder, "prompts/animals/fox.md") is None
    save_draft(folder, "prompts/animals/fox.md", draft)
    assert load_draft(folder, "prompts/animals/fox.md") == draft
    (path,) = folder.drafts.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("text = ")
    assert load_draft(folder, "prompts/animals/fox.md") is None
    clear_draft(folder, "prompts/animals/fox.md")
    clear_draft(folder, "prompts/animals/fox.md")
    assert not list(folder.drafts.iterdir())
