"""A document as a tree: names left, values right, what is long or deep folded away."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, NamedTuple

from textual import on
from textual.binding import BindingType
from textual.events import Resize
from textual.message import Message

from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import _
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.widgets.columns import Cell, Column, Tone
from sora_tui.tui.widgets.virtual_list import VirtualList

#: Parts that are open until somebody folds them; the others are long, and mostly the server's.
_OPEN: Final = frozenset(
    {".server", ".request", ".cost", ".error", ".outputs", ".outputs[0]", ".notes"}
)
_INDENT: Final = 2
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: A part with more members shows so many: nobody reads on, and `y` copies all of it.
_MOST_MEMBERS: Final = 2000
_MAX_DEPTH: Final = 40


class Node(NamedTuple):
    """One row.

    Attributes:
        path: As jq writes it: `.events[3].note`.
        value: What is copied.
        shown: The value on one line; of what is folded, how much there is.
        folds: Whether it can be opened and folded; None for what has nothing inside.
    """

    path: str
    name: str
    value: object
    shown: str
    tone: Tone
    depth: int
    is_open: bool | None = None


def nodes(document: object, opened: Mapping[str, bool], width: int) -> Iterator[Node]:
    """The rows of a document, in its own order.

    Args:
        document: The parsed JSON.
        opened: By path: what a person opened or folded.
        width: Cells of the value; a longer string can be opened, and is wrapped then.
    """
    yield from _members(document, "", 0, opened, width)


def path_of(path: str, name: str | int) -> str:
    """The path of a member, as jq writes it."""
    if isinstance(name, int):
        return f"{path or '.'}[{name}]"
    if _PLAIN_NAME.fullmatch(name):
        return f"{path}.{name}"
    return f"{path or '.'}[{json.dumps(name, ensure_ascii=False)}]"


def copied(value: object) -> str:
    """A value as it is copied: a string as it is, anything else as JSON."""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, indent=2)
    return value.encode(errors="replace").decode()  # half a surrogate pair cannot leave


def _members(
    value: object, path: str, depth: int, opened: Mapping[str, bool], width: int
) -> Iterator[Node]:
    if isinstance(value, dict):
        pairs: list[tuple[str | int, object]] = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return
    for name, member in pairs[:_MOST_MEMBERS]:
        at = path_of(path, name)
        shown_name = f"[{name}]" if isinstance(name, int) else clean_line(name, 60)
        node = Node(at, shown_name, member, *_shown(member), depth)
        if not _folds(member, node.shown, width) or depth >= _MAX_DEPTH:
            yield node
            continue
        is_open = opened.get(at, at in _OPEN and not isinstance(member, str))
        if not is_open:
            yield Node(at, shown_name, member, node.shown, node.tone, depth, False)
        elif isinstance(member, str):
            # The first row says how long it is, the others what it says.
            size = _("{count} characters").format(count=len(member))
            yield Node(at, shown_name, member, size, "muted", depth, True)
            for number, line in enumerate(_wrapped(member, width)):
                yield Node(f"{at} {number}", "", member, line, node.tone, depth)
        else:
            yield Node(at, shown_name, member, "", "", depth, True)
            yield from _members(member, at, depth + 1, opened, width)


def _folds(value: object, shown: str, width: int) -> bool:
    if isinstance(value, dict | list):
        return bool(value)
    return isinstance(value, str) and (len(shown) > width or "\n" in value)


def _shown(value: object) -> tuple[str, Tone]:
    if isinstance(value, dict):
        return (f"{{{len(value)}}}" if value else "{}"), "muted"
    if isinstance(value, list):
        return (f"[{len(value)}]" if value else "[]"), "muted"
    if isinstance(value, str):
        return clean_line(value, 2000), ""
    if value is None or isinstance(value, bool):
        return json.dumps(value), "muted"
    return clean_line(json.dumps(value), 60), "accent"


def _wrapped(text: str, width: int) -> Iterator[str]:
    for line in clean(text, 40_000).split("\n"):
        yield from textwrap.wrap(line, max(width, 8)) or [""]


class JsonTree(VirtualList):
    """The tree on the screen. What was opened stays so for the next document, too."""

    WHERE: ClassVar = "tree"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("tree")]

    class Copied(Message):
        """Something of the document is wanted on the clipboard."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__((), self._cells_of)
        self._document: object = None
        self._opened: dict[str, bool] = {}
        self._shown: dict[str, Node] = {}
        self._width_of_values = 0
        self._room = 40

    def show(self, document: object) -> None:
        """Show this document; the cursor stays where it is in it."""
        self._document = document
        self._build()

    @property
    def cursor_node(self) -> Node | None:
        """The row under the cursor."""
        return self._shown.get(self.cursor_id or "")

    def action_copy(self, path: bool) -> None:
        """Copy the value under the cursor, or where it stands."""
        node = self.cursor_node
        if node is not None:
            where = node.path.partition(" ")[0] if not node.name else node.path
            self.post_message(self.Copied(where if path else copied(node.value)))

    def action_select(self) -> None:
        """Open or fold."""
        node = self.cursor_node
        if node is not None and node.is_open is not None:
            self._opened[node.path] = not node.is_open
            self._build()

    def action_fold_all(self, is_open: bool) -> None:
        """Open or fold everything there is."""
        if is_open:
            # Each round opens one level more.
            before = -1
            while before != len(self._shown) < _MOST_MEMBERS:
                before = len(self._shown)
                self._opened |= {n.path: True for n in self._shown.values() if n.is_open is False}
                self._build()
        else:
            self._opened = {n.path: False for n in self._shown.values() if n.is_open is not None}
            self._build()

    @on(Resize)
    def _fit(self, event: Resize) -> None:
        """Another width cuts and wraps elsewhere."""
        if event.size.width != self._width_of_values:
            self._width_of_values = event.size.width
            name = min(max(event.size.width * 2 // 5, 14), 30)
            self.set_columns((Column("name", "", name), Column("value", "", None, min_width=8)))
            self._room = event.size.width - name - 3
            self._build()

    def _build(self) -> None:
        found = nodes(self._document, self._opened, self._room)
        self._shown = {node.path: node for node in found}
        self.set_rows(list(self._shown))
        self.update_rows()
        self.refresh()

    def _cells_of(self, path: str) -> Mapping[str, Cell]:
        node = self._shown[path]
        fold = {None: " ", True: "-", False: "+"}[node.is_open]
        name = f"{' ' * (_INDENT * node.depth)}{fold} {node.name}" if node.name else ""
        return {"name": Cell(name, "accent"), "value": Cell(node.shown, node.tone)}
