"""All keys of the screen together, and what `[keys]` in sora-tui.toml makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from textual.binding import Binding

from sora_tui.core.nearest import nearest
from sora_tui.i18n import _
from sora_tui.tui.commands.key_names import exists, normal, spell
from sora_tui.tui.commands.table import COMMANDS, EVERYWHERE, SCOPES, Command, commands_at

#: Where each table acts, from the inside out; the last one acts everywhere.
_CHAINS: Final = (
    ("list", "prompts"),
    ("list", "references"),
    ("list", "jobs"),
    ("text", "inspector"),
    ("tree", "inspector"),
    ("editor",),
    ("variables",),
    ("text", "diff"),
    ("settings",),
    ("list", "params"),
)


def key_table(wished: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Every key as a row for the command line, by place, and the complaints.

    Args:
        wished: `[keys]` as it is written.
    """
    own = {id: normal(keys) for id, keys in wished.items()}
    order = [EVERYWHERE, *(place for place in SCOPES if place != EVERYWHERE)]
    keys = sorted(with_own(COMMANDS, own), key=lambda key: order.index(key.place))
    rows = [
        {
            "id": key.id,
            "place": key.place,
            "place_words": _(SCOPES[key.place]),
            "keys": key.keys.split(","),
            "shown": key.shown,
            "words": _(key.text),
        }
        for key in keys
    ]
    return rows, complaints(own)


def with_own(keys: Iterable[Command], own: Mapping[str, str]) -> tuple[Command, ...]:
    """The keys as the person has set them (`own`: normal keys by id)."""
    return tuple(key._replace(keys=own[key.id]) if key.id in own else key for key in keys)


def complaints(own: Mapping[str, str]) -> list[str]:
    """What is wrong with a person's keys, a sentence each.

    Args:
        own: Normal keys by id.
    """
    keys = {key.id: key for key in with_own(COMMANDS, own)}
    said = [_unknown(id, keys) for id in own if id not in keys]
    said += [
        _('[keys] {id}: no key is called "{key}".').format(id=id, key=key)
        for id, names in own.items()
        for key in names.split(",")
        if not exists(key)
    ]
    said += [
        _("[keys]: in a text {key} edits, and is {id} nowhere but outside it.").format(
            key=spell(key), id=id
        )
        for id, names in own.items()
        if id in keys and keys[id].place == EVERYWHERE
        for key in names.split(",")
        if key in _text_keys()
    ]
    return said + [
        _("[keys]: {key} is {first} and {second}; only the first of them will act.").format(
            key=spell(key), first=first, second=second
        )
        for key, first, second in _clashes(keys, own)
    ]


def _unknown(id: str, known: Iterable[str]) -> str:
    text = _('[keys]: nothing is called "{id}"; sora-tui keys shows what is.').format(id=id)
    near = nearest(id, known)
    return text if near is None else text + " " + _("Did you mean {near}?").format(near=near)


def _text_keys() -> frozenset[str]:
    """The keys that Textual's text area takes before anybody else.

    Function keys are not among them: it yields those to a person's own (`PromptText`).
    """
    from textual.widgets import TextArea

    shared = {key for own in commands_at(EVERYWHERE) for key in own.keys.split(",")}
    bound = [each.key for each in TextArea.BINDINGS if isinstance(each, Binding)]
    keys = {key for each in bound for key in each.split(",")}
    return frozenset(key for key in keys if not key[1:].isdigit()) - shared


def _clashes(keys: Mapping[str, Command], own: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Key and two ids that want it in one place, for each pair of which the person chose one.

    A pane's own key goes before one that acts everywhere, a chosen one before a default.
    """
    seen = set()
    for chain in _CHAINS:
        rank = {place: number for number, place in enumerate((*chain, EVERYWHERE))}
        holders: dict[str, list[Command]] = {}
        for key in keys.values():
            if key.place in rank:
                for name in dict.fromkeys(key.keys.split(",")):
                    holders.setdefault(name, []).append(key)
        for name, both in holders.items():
            both.sort(key=lambda key: (rank[key.place], key.id not in own))
            for first, second in pairwise(both):
                found = (name, first.id, second.id)
                if {first.id, second.id} & own.keys() and found not in seen:
                    seen.add(found)
                    yield found
