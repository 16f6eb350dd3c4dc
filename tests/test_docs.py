"""What docs/dev says of the code is there: every file, and every name in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "sora_tui"
PAGES = sorted((ROOT / "docs" / "dev").glob("*.md"))
#: `engine/orders.py: prepare`, `tests/test_house.py`, `core/`.
PLACE = re.compile(r"`([a-zA-Z_0-9./*-]+/[a-zA-Z_0-9.*-]*|[a-z_]+\.(?:py|toml|md))(?:: (\w+))?`")

#: These are in the folder that a person works in, and `/v1/videos` is at a server.
FOLDERS_OF_A_PERSON = ("/", "metadata/", "prompts/", "output/", "input_reference/")


def found(place: str) -> Path | None:
    """The file or folder that a page means: from the root of the repository, or of the package."""
    return next((path for base in (ROOT, HOUSE) if (path := base / place).exists()), None)


def names_in(path: Path) -> set[str]:
    """What a module defines or imports at its top, and the methods of its classes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    for each in tree.body:
        targets = each.targets if isinstance(each, ast.Assign) else []
        targets = [each.target] if isinstance(each, ast.AnnAssign) else targets
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(each, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in each.names}
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_place_that_a_page_names_is_there(page: Path) -> None:
    wrong = []
    for place, name in PLACE.findall(page.read_text(encoding="utf-8")):
        if place.startswith(FOLDERS_OF_A_PERSON) or "*" in place or "NAME" in place:
            continue
        path = found(place)
        if path is None or (name and name not in names_in(path)):
            wrong.append(f"{place}: {name}".removesuffix(": "))
    assert not wrong


def test_thirty_questions_have_their_answer() -> None:
    text = (ROOT / "docs" / "dev" / "where.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "?" in line]
    assert len(rows) >= 30
    assert all(PLACE.search(row.split("|")[2]) for row in rows)


def test_the_architecture_names_every_part_of_the_house() -> None:
    text = (ROOT / "docs" / "dev" / "architecture.md").read_text(encoding="utf-8")
    parts = [
        path.parent.relative_to(HOUSE).as_posix() + "/"
        for path in HOUSE.rglob("__init__.py")
        if path.parent != HOUSE and path.parent.name != "data"
    ]
    assert len(parts) > 15
    assert [part for part in parts if f"`{part}`" not in text] == []
