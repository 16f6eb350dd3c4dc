"""Edit the TOML front matter of a prompt: values that changed are written, everything else stays.

tomlkit takes the text apart into statements with their comments and blanks, and puts them together
again; text that has no place in it yet is written by tomli-w. Both are imported where they are
used: the first frame and `--help` do without.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tomlkit.container import Container
    from tomlkit.items import Item, Key, Table, Trivia

#: A line of a file with its end, whichever system wrote it.
LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LONE_RETURN: Final = re.compile(r"\r(?!\n)")


def toml_of(settings: Mapping[str, Any]) -> str:
    """Return settings as TOML, one line or table after the other."""
    import tomli_w  # writing is rare, and the first frame need not wait for it

    return tomli_w.dumps(settings)


def edit_front_matter(
    front: str, there: Mapping[str, Any], wanted: Mapping[str, Any], newline: str
) -> str | None:
    """Return the front matter `front` with the settings `wanted`.

    A value that changed takes the place of the old one; the comment and the blanks around it stay.
    A new value gets a line after the last plain one of its table. A table that is new, or stands
    in several pieces and changed, is written at the end.

    Args:
        front: Whole lines: the last one, too, has its end.
        there: What `front` says.
        wanted: What it says afterwards.
        newline: How a line ends where `front` has none.

    Returns:
        None where tomlkit does not take what the standard library takes.
    """
    if same_settings(dict(there), dict(wanted)):
        return front
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    ends = set(_LINE_END.findall(front)) or {newline}
    # TOML does not know a lone \r, and tomlkit ends the lines it makes with \n. Where all lines
    # end alike, they do so afterwards; of a mixture the untouched ones stay as they are.
    alike = ends.pop() if len(ends) == 1 else None
    text = front.replace(alike, "\n") if alike else _LONE_RETURN.sub("\n", front)
    try:
        document = tomlkit.parse(text)
        edited = _edited(document, there, wanted, tomlkit.TOMLDocument(parsed=True), top=True)
        text = edited.as_string()
    except TOMLKitError:
        return None
    if left := {name: value for name, value in wanted.items() if name not in edited}:
        text += ("\n" if text.strip() else "") + toml_of(left)
    return text.replace("\n", alike) if alike else text


def _edited(
    old: Container,
    there: Mapping[str, Any],
    wanted: Mapping[str, Any],
    new: Container,
    *,
    top: bool = False,
) -> Container:
    """Fill `new` with the statements of `old`, and with the values in `wanted`.

    With `top`, tables that cannot be edited in place are left out; inside of another table they
    are written on one line.
    """
    from tomlkit.items import AoT, Table

    pieces = Counter(key.key for key, _item in old.body if key is not None)
    kept: list[tuple[Key | str | None, Item]] = []
    plain = 0  # how many of `kept` there are up to the last plain statement
    placed = set()
    for key, item in old.body:
        if key is None:
            kept.append((key, item))
            continue
        name, edited = key.key, item
        if name not in wanted:
            continue
        if not same_settings(there[name], wanted[name]):
            if pieces[name] > 1 or (top and isinstance(wanted[name], dict) and _is_plain(item)):
                continue
            changed = _edited_item(key, item, there[name], wanted[name])
            if changed is None:
                continue
            edited = changed
        kept.append((key, edited))
        placed.add(name)
        if key.is_dotted() or not isinstance(item, Table | AoT):
            plain = len(kept)
    kept[plain:plain] = [
        (name, _value(value))
        for name, value in wanted.items()
        if name not in placed and not (top and isinstance(value, dict))
    ]
    for name_or_key, item in kept:
        new.append(name_or_key, item)
    return new


def _is_plain(item: Item) -> bool:
    """Return whether an item is a value on its line and no table."""
    from tomlkit.items import AoT, InlineTable, Table

    return not isinstance(item, Table | AoT | InlineTable)


def _edited_item(key: Key, item: Item, there: Any, wanted: Any) -> Item | None:
    """Return what stands behind `key` with another value, None where its place is of no use."""
    from tomlkit.items import AoT, InlineTable, Table

    if isinstance(wanted, dict) and isinstance(item, InlineTable):
        for name in there.keys() - wanted.keys():
            del item[name]
        for name, value in wanted.items():
            if name not in there or not same_settings(there[name], value):
                item[name] = _value(value)
        return item
    if isinstance(wanted, dict) and isinstance(item, Table):
        # Dotted keys without an entry would be no text at all.
        return _edited_table(item, there, wanted, key.is_dotted()) if wanted else None
    return None if isinstance(item, Table | AoT) else _value(wanted, item.trivia)


def _edited_table(
    table: Table, there: Mapping[str, Any], wanted: Mapping[str, Any], dotted: bool
) -> Table:
    from tomlkit.container import Container
    from tomlkit.items import Table, Trivia

    # `[a.b]` alone leaves `a` without a header, until it has an entry of its own.
    headless = table.is_super_table() and not dotted
    return Table(
        _edited(table.value, there, wanted, Container(parsed=True)),
        Trivia() if headless else table.trivia,
        table.is_aot_element(),
        None if headless else table.is_super_table(),
        table.name,
        table.display_name,
    )


def _value(value: Any, around: Trivia | None = None) -> Item:
    """Return a value that stands on one line, tables included, for the place of another one."""
    import tomlkit

    # Inside an array nothing gets a header.
    item: Item = tomlkit.item(value, tomlkit.array())
    trivia = item.trivia
    trivia.trail = "\n"
    if around is not None:
        trivia.indent, trivia.trail = around.indent, around.trail
        trivia.comment_ws, trivia.comment = around.comment_ws, around.comment
    return item


def same_settings(one: Any, other: Any) -> bool:
    """Return whether two values are the same in TOML, whatever the order of names in a table."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_settings(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_settings, one, other))
    # Not by ==: true is not 1, and a NaN is the same NaN.
    return repr(one) == repr(other)
