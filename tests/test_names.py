"""Names are nouns that a stranger knows: none uses a word of the stop list.

What each thing is called, and what it is not to be called, stands in `docs/dev/glossary.md`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "sora_tui"
GLOSSARY = ROOT / "docs" / "dev" / "glossary.md"

#: Metaphors, riddles, and words that were several things at once.
STOP = frozenset(
    {
        "anew",
        "beyond",
        "catalogue",
        "desk",
        "endings",
        "errand",
        "farewell",
        "follow",
        "follows",
        "framing",
        "ground",
        "grown",
        "heir",
        "kin",
        "learnt",
        "look",
        "looks",
        "lost",
        "made",
        "notice",
        "places",
        "plain",
        "purse",
        "regular",
        "replies",
        "returning",
        "said",
        "signs",
        "sparing",
        "telling",
        "told",
        "tones",
        "usual",
        "verdicts",
        "wish",
        "wishes",
    }
)

#: Names that others rely on, by the file that has them: fields of JSON, and asyncio's own words.
CONTRACT = {
    "core/output_check.py": {"made"},  # `differences` in the JSON of finished jobs
    "simulator/socket_faults.py": {"connection_made", "connection_lost"},  # asyncio's protocol
}


def names_of(path: Path) -> Iterator[str]:
    """The public names that a file defines: classes, functions, parameters, fields, constants."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.ClassDef):
            yield node.name
            yield from _fields(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
            if not node.name.startswith("_"):
                yield from (a.arg for a in (*node.args.args, *node.args.kwonlyargs))
        elif isinstance(node, ast.Module):
            yield from _fields(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _fields(node: ast.ClassDef | ast.Module) -> Iterator[str]:
    for each in node.body:
        targets = each.targets if isinstance(each, ast.Assign) else []
        if isinstance(each, ast.AnnAssign):
            targets = [each.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def words_of(name: str) -> set[str]:
    """The words of a name: `MAX_LOOKS`, `LooksLike` and `looks_like` all have `looks`."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def stopped(path: Path) -> list[str]:
    """The names of a file, its own included, that use a word of the stop list."""
    name = path.relative_to(HOUSE).as_posix()
    allowed = CONTRACT.get(name, set())
    public = {each for each in names_of(path) if not each.startswith("_")} - allowed
    return sorted(each for each in (path.stem, *public) if words_of(each) & STOP)


def test_no_name_uses_a_word_of_the_stop_list() -> None:
    found = {
        name: bad
        for path in sorted(HOUSE.rglob("*.py"))
        if (name := path.relative_to(HOUSE).as_posix()) and (bad := stopped(path))
    }
    assert not found


@pytest.mark.parametrize("name", ["MAX_LOOKS", "LooksLike", "looks_like", "Purse", "told"])
def test_a_stopped_word_is_found_in_every_spelling(name: str) -> None:
    assert words_of(name) & STOP


def test_the_glossary_names_each_term_once() -> None:
    rows = re.findall(r"(?m)^\| \*\*(.+?)\*\* \|", GLOSSARY.read_text(encoding="utf-8"))
    assert len(rows) == len(set(rows)) >= 40
