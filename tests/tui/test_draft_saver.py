"""What was typed comes to the disk in the order in which it was typed, screen or no screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.tui.services.draft_saver import DraftSaver
from sora_tui.tui.state.draft import Draft
from sora_tui.tui.state.editor_session import EditorSession
from sora_tui.workspace.folder import open_folder

FILE = "prompts/untitled-1.md"


def draft(text: str) -> Draft:
    return Draft(text, file=FILE)


@pytest.fixture
def editor() -> EditorSession:
    return EditorSession()


@pytest.fixture
def saver(tmp_path: Path, editor: EditorSession) -> DraftSaver:
    return DraftSaver(open_folder(tmp_path), editor)


def safe_text(saver: DraftSaver) -> str | None:
    stored = saver.drafts.load(FILE)
    return None if stored is None else stored.prompt.text


@pytest.mark.parametrize("kept", [False, True])
def test_a_write_that_comes_late_is_dropped(saver: DraftSaver, kept: bool) -> None:
    first = saver.write_call(draft("first"), kept=kept)
    second = saver.write_call(draft("second"), kept=False)
    assert second() == draft("second")
    assert first() is None
    assert safe_text(saver) == "second"


def test_a_write_that_comes_after_the_end_is_dropped(
    saver: DraftSaver, editor: EditorSession
) -> None:
    first = saver.write_call(draft("first"), kept=False)
    editor.unkept, editor.is_safe = draft("last"), False
    assert saver.make_safe()
    assert first() is None
    assert (safe_text(saver), editor.is_safe) == ("last", True)
    assert not saver.make_safe(), "it is there already"


def test_putting_away_keeps_a_file_that_we_named(
    tmp_path: Path, saver: DraftSaver, editor: EditorSession
) -> None:
    first = saver.write_call(draft("first"), kept=False)
    editor.unkept, editor.is_safe = draft("last"), False
    after = saver.put_away()
    assert after is not None
    assert after.file == FILE
    assert editor.unkept is None
    assert editor.is_safe
    assert "last" in (tmp_path / FILE).read_text()
    assert first() is None
    assert safe_text(saver) is None, "the file has it"
    assert saver.put_away() is None


def test_what_the_disk_refuses_is_still_to_be_written(
    tmp_path: Path, saver: DraftSaver, editor: EditorSession
) -> None:
    editor.unkept, editor.is_safe = draft("last"), True
    saver.drafts.close()
    (tmp_path / "metadata" / ".drafts").rename(tmp_path / "away")
    (tmp_path / "metadata" / ".drafts").write_text("no folder")
    with pytest.raises(ProblemError):
        saver.put_away()
    assert (editor.unkept, editor.is_safe) == (draft("last"), False)
