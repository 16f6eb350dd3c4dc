"""TOML front matter changed in place: only the values that changed are written again."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

#: A line of a file with its end, whichever system wrote it.
LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class _Part(NamedTuple):
    """Lines that belong to one top-level key.

    Attributes:
        end: The line after the last one.
        in_table: They stand under a header, or are one.
    """

    key: str
    start: int
    end: int
    in_table: bool


def toml_of(settings: Mapping[str, Any]) -> str:
    """Return settings as TOML, one line or table after the other."""
    import tomli_w  # writing is rare, and the first frame need not wait for it

    return tomli_w.dumps(settings)


def edit_front_matter(
    front: str, there: Mapping[str, Any], wanted: Mapping[str, Any], newline: str
) -> str:
    """Return the front matter `front`, changed from saying `there` to saying `wanted`.

    A value that changed is written in the place of the old one; comment and spaces around it stay.
    A new value gets a line after the last plain one. The same holds inside a table that stands in
    one piece; any other table that changed is written again at the end.

    Args:
        front: Whole lines: the last one, too, has its end.
        there: The values that `front` has now.
        wanted: The values that it must have afterwards.
        newline: The line ending to write.
    """
    # Not by ==: true is not 1, and a NaN is the same NaN.
    changed = {k: v for k, v in wanted.items() if k not in there or repr(v) != repr(there[k])}
    gone = there.keys() - wanted.keys()
    if not changed and not gone:
        return front
    lines = LINE.findall(front)
    parts = list(_parts(lines))
    plain: list[str] = []
    tables: list[str] = []
    for key, value in changed.items():
        mine = [part for part in parts if part.key == key]
        fresh = toml_of({key: value}).replace("\n", newline)
        edited = None
        if len(mine) == 1 and not mine[0].in_table and not isinstance(value, dict):
            edited = _with_value(lines[mine[0].start : mine[0].end], key, value)
        if edited is None and (body := _body(lines, mine)) is not None:
            before = there.get(key)
            if _is_flat(value) and isinstance(before, dict):
                old = "".join(lines[body])
                new = edit_front_matter(old, before, value, newline)
                # As many lines as before, or the places of the other parts would move.
                lines[body.start - 1] += new
                lines[body] = [""] * (body.stop - body.start)
                continue
        if edited is not None:
            lines[mine[0].start : mine[0].end] = [edited, *[""] * (mine[0].end - mine[0].start - 1)]
            continue
        gone |= {key}
        is_table = fresh.lstrip().startswith("[")
        (tables if is_table else plain).append(fresh)
    for part in parts:
        if part.key in gone:
            lines[part.start : part.end] = [""] * (part.end - part.start)
    if plain:
        lines.insert(_end_of_plain(parts), "".join(plain))
    text = "".join(lines)
    return text + (newline if tables and text.strip() else "") + newline.join(tables)


def _body(lines: list[str], parts: list[_Part]) -> slice | None:
    """Return the lines below the header of a table in one piece that holds no other tables."""
    if not parts or not parts[0].in_table or not lines[parts[0].start].lstrip().startswith("["):
        return None
    if any(lines[part.start].lstrip().startswith("[") for part in parts[1:]):
        return None
    return slice(parts[0].end, parts[-1].end)


def _is_flat(value: Any) -> bool:
    """Return whether each entry of a table takes a line of its own, and none a header."""
    return isinstance(value, dict) and not any(
        isinstance(entry, dict) or (isinstance(entry, list) and any(map(_is_table, entry)))
        for entry in value.values()
    )


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _parts(lines: list[str]) -> Iterator[_Part]:
    at, header = 0, None
    while at < len(lines):
        said = lines[at].strip()
        if not said or said.startswith("#"):
            at += 1
            continue
        end, key = _statement(lines, at)
        if said.startswith("["):
            header = key
        yield _Part(key if header is None else header, at, end, header is not None)
        at = end


def _statement(lines: list[str], start: int) -> tuple[int, str]:
    """Return the line after a statement that begins here, and its first key.

    Arrays and strings may go on over several lines.
    """
    for end in range(start + 1, len(lines) + 1):
        text = "\n".join(line.rstrip("\r\n") for line in lines[start:end])
        try:
            return end, next(iter(tomllib.loads(text)))
        except tomllib.TOMLDecodeError:
            continue
    return len(lines), ""


def _with_value(lines: list[str], key: str, value: Any) -> str | None:
    """Return a statement with another value; what stands before and after the value stays."""
    text = "".join(lines)
    head = re.match(r"[^=\"'.]*=[ \t]*", text)
    if head is None:  # a quoted or dotted key
        return None
    end = len(text.rstrip())
    for sign in re.finditer("#", text):
        try:
            tomllib.loads(text[: sign.start()].replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError:
            continue
        end = len(text[: sign.start()].rstrip())
        break
    return head[0] + toml_of({key: value}).partition("=")[2].strip() + text[end:]


def _end_of_plain(parts: list[_Part]) -> int:
    return max((part.end for part in parts if not part.in_table), default=0)
