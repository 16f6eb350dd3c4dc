"""All keys of the screen together, and what `[keys]` in sora-tui.toml makes of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, KEY_TO_UNICODE_NAME, Keys

from sora_tui.i18n import N_, _
from sora_tui.tui.commands.table import KEYS, Key, spell

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
EVERYWHERE: Final = "everywhere"
#: Message ids for the places of a table.
PLACES: Final[Mapping[str, str]] = {
    "prompts": N_("prompts"),
    "references": N_("references"),
    "editor": N_("editor"),
    "settings": N_("settings"),
    "jobs": N_("jobs"),
    "inspector": N_("inspector"),
    "list": N_("lists"),
    "text": N_("long texts"),
    "tree": N_("the document"),
    "variables": N_("variables"),
    "diff": N_("comparing"),
    "params": N_("parameters"),
    EVERYWHERE: N_("everywhere"),
}
_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
_NAMES: Final = frozenset(key.value for key in Keys)


def place_of(key: Key) -> str:
    """Where a key acts: the part of its id before the dot, if that is a table of its own."""
    place = key.id.partition(".")[0]
    return place if place in PLACES and place != key.id else EVERYWHERE


def all_keys() -> tuple[Key, ...]:
    """Every key of every pane, as they are by default; imports all panes."""
    from sora_tui.tui.dialogs.params import ParamsWindow
    from sora_tui.tui.dialogs.prompt_diff import DiffWindow
    from sora_tui.tui.panes.editor.prompt_area import PromptText
    from sora_tui.tui.panes.editor.settings_bar import GenerateButton, SettingField
    from sora_tui.tui.panes.editor.variables_form import VariablesForm
    from sora_tui.tui.panes.inspector.pane import InspectorPane
    from sora_tui.tui.panes.jobs import JobsPane
    from sora_tui.tui.panes.prompts import PromptsPane
    from sora_tui.tui.panes.references import ReferencesPane
    from sora_tui.tui.widgets.json_tree import JsonTree
    from sora_tui.tui.widgets.scroll_text import LongText
    from sora_tui.tui.widgets.virtual_list import VirtualList

    return (
        *KEYS,
        *PromptText.KEYS,
        *SettingField.KEYS,
        *GenerateButton.KEYS,
        *PromptsPane.KEYS,
        *ReferencesPane.KEYS,
        *JobsPane.KEYS,
        *InspectorPane.KEYS,
        *VirtualList.KEYS,
        *LongText.KEYS,
        *JsonTree.KEYS,
        *VariablesForm.KEYS,
        *DiffWindow.KEYS,
        *ParamsWindow.KEYS,
    )


def key_table(wished: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Every key as a row for the command line, by place, and the complaints.

    Args:
        wished: `[keys]` as it is written.
    """
    own = {id: normal(keys) for id, keys in wished.items()}
    order = [EVERYWHERE, *(place for place in PLACES if place != EVERYWHERE)]
    keys = sorted(with_own(all_keys(), own), key=lambda key: order.index(place_of(key)))
    rows = [
        {
            "id": key.id,
            "place": place_of(key),
            "place_words": _(PLACES[place_of(key)]),
            "keys": key.keys.split(","),
            "shown": key.shown,
            "words": _(key.words),
        }
        for key in keys
    ]
    return rows, complaints(own)


def normal(keys: str) -> str:
    """Keys as Textual names them: `?` is `question_mark` to it."""
    return ",".join(_name(key) for key in keys.split(","))


def with_own(keys: Iterable[Key], own: Mapping[str, str]) -> tuple[Key, ...]:
    """The keys as the person has set them (`own`: normal keys by id)."""
    return tuple(key._replace(keys=own[key.id]) if key.id in own else key for key in keys)


def complaints(own: Mapping[str, str]) -> list[str]:
    """What is wrong with a person's keys, a sentence each.

    Args:
        own: Normal keys by id.
    """
    keys = {key.id: key for key in with_own(all_keys(), own)}
    said = [
        _('[keys]: nothing is called "{id}"; sora-tui keys shows what is.').format(id=id)
        for id in own
        if id not in keys
    ]
    said += [
        _('[keys] {id}: no key is called "{key}".').format(id=id, key=key)
        for id, names in own.items()
        for key in names.split(",")
        if not _exists(key)
    ]
    said += [
        _("[keys]: in a text {key} edits, and is {id} nowhere but outside it.").format(
            key=spell(key), id=id
        )
        for id, names in own.items()
        if id in keys and place_of(keys[id]) == EVERYWHERE
        for key in names.split(",")
        if key in _text_keys()
    ]
    return said + [
        _("[keys]: {key} is {first} and {second}; only the first of them will act.").format(
            key=spell(key), first=first, second=second
        )
        for key, first, second in _clashes(keys, own)
    ]


def _text_keys() -> frozenset[str]:
    """The keys that Textual's text area takes before anybody else."""
    from textual.widgets import TextArea

    shared = {key for own in KEYS for key in own.keys.split(",")}
    bound = [each.key for each in TextArea.BINDINGS if isinstance(each, Binding)]
    return frozenset(key for each in bound for key in each.split(",")) - shared


def _clashes(keys: Mapping[str, Key], own: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Key and two ids that want it in one place, for each pair of which the person chose one.

    A pane's own key goes before one that acts everywhere, a chosen one before a default.
    """
    seen = set()
    for chain in _CHAINS:
        rank = {place: number for number, place in enumerate((*chain, EVERYWHERE))}
        holders: dict[str, list[Key]] = {}
        for key in keys.values():
            if place_of(key) in rank:
                for name in dict.fromkeys(key.keys.split(",")):
                    holders.setdefault(name, []).append(key)
        for name, both in holders.items():
            both.sort(key=lambda key: (rank[place_of(key)], key.id not in own))
            for first, second in pairwise(both):
                found = (name, first.id, second.id)
                if {first.id, second.id} & own.keys() and found not in seen:
                    seen.add(found)
                    yield found


def _name(key: str) -> str:
    if len(key) != 1 or key.isalnum():
        return key
    named = unicodedata.name(key, key).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(named, named)


def _exists(key: str) -> bool:
    *modifiers, name = key.split("+")
    signs = {*KEY_NAME_REPLACEMENTS.values(), *KEY_TO_UNICODE_NAME}
    known = name in _NAMES or name in signs or (len(name) == 1 and name.isprintable())
    return known and _MODIFIERS.issuperset(modifiers)
