"""Prompt files come back as they were kept, and nothing of the person's is lost."""

from __future__ import annotations

import os
import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.core.prompt import Prompt
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import (
    PromptShelf,
    list_prompts,
    new_prompt,
    read_prompt,
    read_source,
    rename_prompt,
    save_prompt,
    trash_prompt,
    untrash_prompt,
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
def test_an_unreadable_prompt_is_named(
    folder: Folder, data: bytes | None, code: str, facts: dict[str, object]
) -> None:
    path = folder.prompts / "harbour.md"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ProblemError) as caught:
        read_prompt(path)
    assert caught.value.problem.code == code
    assert caught.value.problem.facts.items() >= {"path": str(path), **facts}.items()


@pytest.mark.timeout(10)
def test_a_stream_of_the_shell_is_read_and_no_other(folder: Folder) -> None:
    """What `-f <(echo A fox.)` hands over; a pipe with a name was waited for without end."""
    reading, writing = os.pipe()
    os.write(writing, b"A fox.")
    os.close(writing)
    assert read_prompt(Path(f"/dev/fd/{reading}")).text == "A fox."
    os.close(reading)
    os.mkfifo(folder.prompts / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder.prompts / "socket.md"))
        for path in (folder.prompts / "pipe.md", folder.prompts / "socket.md", Path("/dev/zero")):
            with pytest.raises(ProblemError) as caught:
                read_prompt(path)
            assert caught.value.problem.facts["reason"] == "not_regular"


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
    assert path.read_text() == "+++\nmodel = \n+++\n"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "output/evil.md", "prompts/../evil.md"])
def test_prompts_are_kept_nowhere_else(folder: Folder, name: str) -> None:
    with pytest.raises(ProblemError) as caught:
        save_prompt(folder, name, Prompt("x"))
    assert caught.value.problem.code == "prompt_name_invalid"


def test_new_names_are_free_ones(folder: Folder) -> None:
    assert new_prompt(folder, "A fox.") == "prompts/untitled-1.md"
    assert new_prompt(folder) == "prompts/untitled-2.md"
    assert (folder.prompts / "untitled-1.md").read_text() == "A fox."
    _write(folder.prompts / "animals" / "fox-2.md", "taken")
    assert new_prompt(folder, "x", "prompts/animals/fox.md") == "prompts/animals/fox-3.md"
    assert new_prompt(folder, "x", "prompts/animals/fox-3.md") == "prompts/animals/fox-4.md"
    assert new_prompt(folder, "x", "prompt.md") == "prompts/prompt-2.md"


def test_a_file_that_another_program_changed_is_not_written_over(folder: Folder) -> None:
    path = folder.prompts / "fox.md"
    _write(path, "A fox.\n")
    base = read_source(path)
    path.write_text("A wolf.\n")
    with pytest.raises(ProblemError) as caught:
        save_prompt(folder, "fox", Prompt("Two foxes."), base=base)
    assert caught.value.problem.code == "prompt_changed"
    assert path.read_text() == "A wolf.\n"


def test_keeping_the_same_again_does_not_touch_the_file(folder: Folder) -> None:
    path = folder.prompts / "fox.md"
    path.write_bytes(b"+++\r\nseconds = 8 # long\r\n+++\r\n\r\n\r\nA fox.\r\n")
    before = path.stat()
    save_prompt(folder, "fox", read_prompt(path), base=read_source(path))
    assert path.stat() == before


def test_a_renamed_prompt_takes_no_name_from_another(folder: Folder) -> None:
    _write(folder.prompts / "fox.md", "A fox.")
    _write(folder.prompts / "wolf.md", "A wolf.")
    with pytest.raises(ProblemError, match="prompt_taken"):
        rename_prompt(folder, "prompts/fox.md", "wolf")
    for bad in ("", " ", "../fox", ".fox", "/etc/fox", "a/../../fox"):
        with pytest.raises(ProblemError, match="prompt_name_invalid"):
            rename_prompt(folder, "prompts/fox.md", bad)
    assert rename_prompt(folder, "prompts/fox.md", "animals/fox 2") == "prompts/animals/fox 2.md"
    assert (folder.prompts / "animals/fox 2.md").read_text() == "A fox."
    assert not (folder.prompts / "fox.md").exists()
    with pytest.raises(ProblemError, match="prompt_missing"):
        rename_prompt(folder, "prompts/fox.md", "lynx")
    with pytest.raises(ProblemError, match="prompt_taken"):
        rename_prompt(folder, "prompts/wolf.md", "animals/fox 2.md")


def test_what_was_trashed_last_comes_back_first(folder: Folder) -> None:
    now = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    for name in ("fox", "animals/fox", "wolf"):
        _write(folder.prompts / f"{name}.md", name)
    _write(folder.prompt_md, "default")
    assert untrash_prompt(folder) is None
    trash_prompt(folder, "prompts/fox.md", now)
    trash_prompt(folder, "prompts/animals/fox.md", now + timedelta(seconds=1))
    trash_prompt(folder, "prompt.md", now + timedelta(seconds=1))
    assert [file.name for file in list_prompts(folder)] == ["wolf"]
    _write(folder.prompts / "fox.md", "another fox")
    assert [untrash_prompt(folder) for _ in range(3)] == [
        ("prompts/.trash/20261122-101501.000000-1/prompt.md", "prompt.md"),
        (
            "prompts/.trash/20261122-101501.000000/prompts/animals/fox.md",
            "prompts/animals/fox.md",
        ),
        # The name was taken meanwhile.
        ("prompts/.trash/20261122-101500.000000/prompts/fox.md", "prompts/fox-2.md"),
    ]
    assert untrash_prompt(folder) is None
    assert (folder.prompts / "fox.md").read_text() == "another fox"
    assert (folder.prompts / "fox-2.md").read_text() == "fox"
    assert not list(folder.prompts_trash.iterdir())


def test_the_search_looks_at_names_and_whole_texts(folder: Folder) -> None:
    _write(folder.prompts / "night" / "fox.md", "A red animal.")
    _write(folder.prompts / "wolf.md", "word " * 2000 + "\nÉcume at the end.")
    _write(folder.prompts / "gone.md", "word " * 2000 + "Écume")
    shelf = PromptShelf(folder)
    shelf.list()
    (folder.prompts / "gone.md").unlink()
    assert shelf.search("FOX red") == {"prompts/night/fox.md"}
    assert shelf.search("night") == {"prompts/night/fox.md"}
    assert shelf.search("écume") == {"prompts/wolf.md"}
    assert shelf.search("") == {"prompts/night/fox.md", "prompts/wolf.md", "prompts/gone.md"}
    assert shelf.search("lynx") == set()


def test_a_shelf_reads_again_only_what_changed(folder: Folder) -> None:
    same, other = folder.prompts / "same.md", folder.prompts / "other.md"
    for path in (same, other):
        _write(path, "A fox.")
    shelf = PromptShelf(folder)
    shelf.list()
    for path, age in ((same, 0), (other, 10)):  # the first one looks as if nobody wrote in it
        with path.open("w") as file:
            file.write("A dog.")
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    assert [file.title for file in shelf.list()] == ["A fox.", "A dog."]
    assert shelf.search("dog") == {"prompts/other.md"}
