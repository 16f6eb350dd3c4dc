"""The built-in price table: it belongs to the hosts that published it, not to a model's name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sora_tui.client.data_files import read_data_file
from sora_tui.client.model_schema import default_fps, parameter_names
from sora_tui.core.price import Measures, PriceTable, Retirement, folded
from sora_tui.core.server import Server


class _Host(NamedTuple):
    """One entry of `prices.toml`; a name that begins with a dot is the end of a host's."""

    hosts: tuple[str, ...]
    table: PriceTable
    ends: Mapping[str, date]
    #: The day on which every model of the host ends.
    all_end: date | None

    def has(self, host: str) -> bool:
        return any(host == name or (name[0] == "." and host.endswith(name)) for name in self.hosts)


def table_for(server: Server) -> PriceTable | None:
    """Return the table for this server's host; None where there is none."""
    found = _host_of(server)
    return None if found is None else found.table


def measures_for(server: Server) -> Measures:
    """Return which parameters change how much is made, and how many frames a second has."""
    fps = default_fps(server)
    return _measures()._replace(default_rate=None if fps is None else Decimal(str(fps)))


@lru_cache(maxsize=1)
def _measures() -> Measures:
    named = {
        kind: frozenset(map(folded, names))
        for kind, names in read_data_file("amounts.toml").items()
    }
    return Measures(
        clips=named["clips"],
        seconds=named["seconds"],
        frames=named["frames"],
        rate=named["rate"],
        unclear=named["unclear"],
        numbers=named["numbers"],
        words=named["words"],
        lists=named["lists"],
        harmless=(named["harmless"] | frozenset(map(folded, parameter_names()))),
    )


def retirement_of(server: Server, model: str | None) -> Retirement | None:
    """Return when this model ends or ended, as far as its maker announced it; else None.

    A server of another host may go on with a model that its maker ended: then it is only a warning.
    """
    own = _host_of(server)
    for entry in _hosts() if own is None else (own,):
        if model is not None and not server.simulated and (day := entry.ends.get(model)):
            return Retirement(model, day, entry.hosts[0], own=own is not None)
    if own is not None and own.all_end is not None:
        return Retirement("", own.all_end, own.hosts[0], own=True)
    return None


def _host_of(server: Server) -> _Host | None:
    host = server.host.lower()
    return next((entry for entry in _hosts() if entry.has(host)), None)


@lru_cache(maxsize=1)
def _hosts() -> tuple[_Host, ...]:
    return tuple(_read(entry) for entry in read_data_file("prices.toml").values())


def _read(entry: Mapping[str, Any]) -> _Host:
    models: dict[str, Mapping[str, Any]] = {
        each: model
        for name, model in entry["models"].items()
        for each in model.get("names", (name,))
    }
    per_second = {
        name: {size: Decimal(price) for size, price in model["prices"].items()}
        for name, model in models.items()
    }
    days = {name: model.get("ends", entry.get("ends")) for name, model in models.items()}
    return _Host(
        hosts=tuple(entry["hosts"]),
        table=PriceTable(per_second, entry["currency"], entry["dated"]),
        ends={name: date.fromisoformat(day) for name, day in days.items() if day},
        all_end=date.fromisoformat(entry["ends"]) if "ends" in entry else None,
    )
