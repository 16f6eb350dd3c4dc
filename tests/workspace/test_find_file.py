"""A file is found by its name, whichever way the accents are composed."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from sora_tui.core.request import EXACT
from sora_tui.workspace.find_file import existing
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.prompts import PromptShelf
from sora_tui.workspace.references import read_reference_image
from tests.support.pictures import encoded, picture

NAME = "caf\u00e9 \u00e0 l\u2019aube"
Form = Literal["NFC", "NFD"]
FORMS: list[tuple[Form, Form]] = [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")]


@pytest.mark.parametrize(("kept", "typed"), FORMS)
def test_a_reference_is_found_by_either_spelling(tmp_path: Path, kept: Form, typed: Form) -> None:
    folder = open_folder(tmp_path)
    there = folder.references / f"{unicodedata.normalize(kept, NAME)}.png"
    there.write_bytes(encoded(picture(64, 36), "PNG"))
    name = f"{unicodedata.normalize(typed, NAME)}.png"
    prepared = read_reference_image(folder, name, "64x36", EXACT)
    assert folder.root / prepared.reference.path == there, "opened by the name that it has"


def test_a_folder_on_the_way_may_be_spelled_in_the_other_way(tmp_path: Path) -> None:
    inside = tmp_path / unicodedata.normalize("NFD", NAME)
    inside.mkdir()
    (inside / "fox.md").write_text("A fox.")
    assert existing(tmp_path / NAME / "fox.md") == inside / "fox.md"
    assert existing(tmp_path / NAME / "wolf.md") is None
    assert existing(tmp_path / "cafe" / "fox.md") is None
    assert existing(Path("a\0b\u00e9")) is None


@pytest.mark.parametrize(("kept", "typed"), FORMS)
def test_the_search_finds_either_spelling(tmp_path: Path, kept: Form, typed: Form) -> None:
    folder = open_folder(tmp_path)
    path = folder.prompts / f"{unicodedata.normalize(kept, NAME)}.md"
    path.write_text(unicodedata.normalize(kept, "Une for\u00eat"))
    shelf = PromptShelf(folder)
    shelf.list()
    for words in ("CAF\u00c9", "for\u00eat"):
        assert shelf.search(unicodedata.normalize(typed, words)) == {folder.relative(path)}
