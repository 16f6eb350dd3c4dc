"""What a server takes of a model, from the tables of parameters and models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sora_tui.client.data_files import read_data_file
from sora_tui.client.dialect import dialect_of
from sora_tui.core.parameters import ModelSchema, Parameter
from sora_tui.core.server import Server

#: The row for unknown servers and gateways: what they pass on is for another server to judge.
_UNKNOWN: Final = "generic"


class _Model(NamedTuple):
    name: str
    title: str
    match: re.Pattern[str]
    sizes: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()
    preset: Mapping[str, Any] | None = None


def model_schema(server: Server, model: str | None) -> ModelSchema:
    """Return what is known of this model on this server; the profile's own lists come first.

    Args:
        server: With its dialect as well as it is known.
        model: None where none is sent: then the only one that the profile names, if any.
    """
    name = model or (server.models[0] if len(server.models) == 1 else "")
    schema = _known(dialect_of(server).name, name.lower())
    return schema._replace(
        models=server.models,
        sizes=server.sizes or schema.sizes,
        seconds=server.seconds_choices or schema.seconds,
    )


def preset_schema(server: Server, name: str) -> ModelSchema | None:
    """Return what is known of the model with this name in the table; None where there is none."""
    named = next((model for model in _models() if model.name == name), None)
    return None if named is None else _schema(dialect_of(server).name, named)


def preset_names() -> tuple[str, ...]:
    """Return the names of all models that have a preset."""
    return tuple(model.name for model in _models() if model.preset)


def parameter_names() -> frozenset[str]:
    """Return the name of every parameter that a known server takes."""
    rows = _rows().values()
    return frozenset(parameter.name for row in rows for parameter in row.schema.parameters)


def default_fps(server: Server) -> float | None:
    """Return the frames per second that a server uses where none are sent; None is not known."""
    row = _rows().get(dialect_of(server).name)
    known = None if row is None else row.schema.parameter("fps")
    return None if known is None else known.default


class _Row(NamedTuple):
    """The values of one server; `all_sizes`: it makes no others, whatever the model could."""

    schema: ModelSchema
    all_sizes: tuple[str, ...] = ()
    #: Parameters whose default is never the model's own value.
    computed: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def _known(dialect: str, model: str) -> ModelSchema:
    return _schema(dialect, next((m for m in _models() if m.match.search(model)), None))


def _schema(dialect: str, model: _Model | None) -> ModelSchema:
    row = _rows().get(dialect) or _rows()[_UNKNOWN]
    schema = row.schema._replace(sizes=row.all_sizes or row.schema.sizes)
    if model is None:
        return schema
    known = {parameter.name for parameter in schema.parameters}
    preset = {name: value for name, value in (model.preset or {}).items() if name in known}
    return schema._replace(
        title=model.title,
        sizes=row.all_sizes or model.sizes or schema.sizes,
        seconds=model.seconds or schema.seconds,
        parameters=tuple(
            each if each.name in row.computed else _with_default(each, preset)
            for each in schema.parameters
        ),
        preset=preset,
    )


def _with_default(parameter: Parameter, preset: Mapping[str, Any]) -> Parameter:
    """Return the parameter with the preset's value as default, unless the server has its own."""
    if parameter.default is None and parameter.name in preset:
        return parameter._replace(default=preset[parameter.name])
    return parameter


@lru_cache(maxsize=1)
def _rows() -> Mapping[str, _Row]:
    return {dialect: _row(entry) for dialect, entry in read_data_file("parameters.toml").items()}


def _row(entry: Mapping[str, Any]) -> _Row:
    schema = ModelSchema(
        sizes=tuple(entry.get("sizes", ())),
        seconds=tuple(entry.get("seconds", ())),
        parameters=tuple(_parameter(name, told) for name, told in entry["parameters"].items()),
    )
    told = entry["parameters"].items()
    computed = frozenset(name for name, row in told if not row.get("by_model", True))
    return _Row(schema, tuple(entry.get("all_sizes", ())), computed)


def _parameter(name: str, row: Mapping[str, Any]) -> Parameter:
    said = {key: value for key, value in row.items() if key != "by_model"}
    return Parameter(name, **{**said, "choices": tuple(row.get("choices", ()))})


@lru_cache(maxsize=1)
def _models() -> tuple[_Model, ...]:
    return tuple(
        _Model(**{**row, "match": re.compile(row["match"])})
        for row in read_data_file("models.toml")["model"]
    )
