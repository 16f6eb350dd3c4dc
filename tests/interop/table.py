"""The conformance table of docs/servers.md: one row per server, written by a whole run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from sora_tui.core.text import clean_line
from tests.interop.counterpart import Counterpart
from tests.support.pty_session import ROOT

PAGE = ROOT / "docs" / "servers.md"
BEGIN = "<!-- conformance: written by `make test-interop`, begins -->"
END = "<!-- conformance: ends -->"
#: What is asked of each server, in the order of the tests.
COLUMNS = (
    "found out", "create", "poll", "picture", "failure", "refusal", "download",
    "kill -9", "lost answer", "list", "adopt", "delete", "gone",
    "remix", "edit", "edit a file", "extend", "character",
)  # fmt: skip
_HEAD = ("server", "version", "what ran", *COLUMNS, "on")


def write_row(
    counterpart: Counterpart,
    cells: Mapping[str, str],
    answers: Mapping[str, str],
    today: date,
    page: Path = PAGE,
) -> None:
    """Put one server's row, and its own words for what it cannot, in place of what stood there.

    Args:
        cells: By column: `yes`, `no`, `red`, or why it was not asked.
        answers: By column, the server's answer that shows why not.
    """
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    inside, _, after = rest.partition(END)
    rows = _others(inside, "| ", counterpart.name)
    words = _others(inside, "- ", counterpart.name)
    row = [counterpart.name, counterpart.version, counterpart.note]
    row += [cells.get(column, "not asked") for column in COLUMNS]
    rows.append(_line([*row, today.isoformat()]))
    words += [
        f"- {counterpart.name}, {column}: {_code(answer)}"
        for column, answer in answers.items()
        if answer
    ]
    block = [_line(_HEAD), _line(["---"] * len(_HEAD)), *sorted(rows), "", *sorted(words)]
    page.write_text(f"{before}{BEGIN}\n\n" + "\n".join(block) + f"\n\n{END}{after}", "utf-8")


def _others(inside: str, mark: str, name: str) -> list[str]:
    """The lines of other servers."""
    own = (f"{mark}{name} |", f"{mark}{name},")
    skipped = (_line(_HEAD)[:12], "| ---", *own)
    return [
        line
        for line in inside.splitlines()
        if line.startswith(mark) and not line.startswith(skipped)
    ]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _code(answer: str) -> str:
    return "`" + clean_line(answer, 150).replace("`", "'") + "`"
