"""Keep the catalogues in step with the texts: `python tools/catalogue.py update | check`.

`update` takes every text out of `sora_tui/` and out of argparse, puts the new ones (empty) into
each `.po`, drops those that nobody says any more, and compiles the `.mo`. `check` only complains.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[1]
CATALOGUES: Final = ROOT / "sora_tui" / "i18n"
KEYWORDS: Final = {"_": None, "N_": None, "ngettext": (1, 2)}
#: argparse's own words change between Python versions: one that this version does not say is kept.
ARGPARSE: Final = "argparse.py"
_PLACEHOLDER: Final = re.compile(r"\{\w*\}|%\(\w+\)[rsd]|%[rsd]")


def main() -> int:
    """Run one of the two commands; 1 when `check` has something to complain of."""
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command not in {"update", "check"}:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    if command == "update":
        for path in sources():
            update(path)
    complaints = [complaint for path in sources() for complaint in check(path)]
    sys.stderr.writelines(f"{complaint}\n" for complaint in complaints)
    return 1 if complaints else 0


def sources() -> list[Path]:
    """Every catalogue in its source form."""
    return sorted(CATALOGUES.glob("*/LC_MESSAGES/*.po"))


def said() -> Catalog:
    """Every text that the program and argparse say today."""
    catalogue = Catalog()
    found = extract_from_dir(ROOT / "sora_tui", [("**.py", "python")], keywords=KEYWORDS)
    for filename, _line, message, _comments, _context in found:
        catalogue.add(message, locations=[(f"sora_tui/{filename}", 0)])
    words = extract_from_file("python", argparse.__file__, keywords=KEYWORDS)
    for _line, message, _comments, _context in words:
        catalogue.add(message, locations=[(ARGPARSE, 0)])
    return catalogue


def update(path: Path) -> None:
    """Bring one catalogue into step and compile it."""
    catalogue, template = _read(path), said()
    for message in _entries(catalogue):
        if ARGPARSE in _places(message) and _key(message) not in template:
            template.add(message.id, locations=[(ARGPARSE, 0)])
    template.creation_date = catalogue.creation_date
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with path.open("wb") as stream:
        write_po(stream, catalogue, width=100, sort_by_file=True, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as stream:
        write_mo(stream, catalogue)


def check(path: Path) -> Iterator[str]:
    """What is wrong with one catalogue, a line each."""
    catalogue, today = _read(path), said()
    name = path.relative_to(ROOT)
    for message in _entries(today):
        if _key(message) not in catalogue:
            yield f"{name}: missing: {_key(message)!r}"
    for message in _entries(catalogue):
        key = _key(message)
        translations = _translations(message)
        if key not in today and ARGPARSE not in _places(message):
            yield f"{name}: nobody says it any more: {key!r}"
        if message.fuzzy:
            yield f"{name}: not certain (fuzzy): {key!r}"
        if not all(translations):
            yield f"{name}: not translated: {key!r}"
        elif any(_placeholders(text) != _placeholders(key) for text in translations):
            yield f"{name}: other placeholders: {key!r}"
    compiled = path.with_suffix(".mo")
    entries = list(_entries(_read_compiled(compiled))) if compiled.exists() else []
    if _by_key(entries) != _by_key(_entries(catalogue)):
        yield f"{name}: the .mo is out of date; run: python tools/catalogue.py update"


def _read_compiled(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_mo(stream)


def _by_key(entries: Iterable[Message]) -> dict[str, list[str]]:
    return {_key(message): _translations(message) for message in entries}


def _translations(message: Message) -> list[str]:
    said = message.string
    return list(said) if isinstance(said, tuple | list) else [said or ""]


def _read(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=path.parts[-3])


def _entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _places(message: Message) -> set[str]:
    return {place for place, _line in message.locations}


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


if __name__ == "__main__":
    sys.exit(main())
