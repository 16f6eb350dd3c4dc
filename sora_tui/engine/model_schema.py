"""What a server takes for a model: the client's tables with what was found out about the server."""

from __future__ import annotations

from sora_tui.client.model_schema import model_schema, preset_names, preset_schema
from sora_tui.core.parameters import ModelSchema
from sora_tui.core.problem import problem_error
from sora_tui.core.server import Server
from sora_tui.engine.capabilities import with_known_dialect
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder


def model_schema_for(folder: Folder, server: Server, model: str | None) -> ModelSchema:
    """Return what is known of this model on this server. Reads one small file."""
    return model_schema(with_known_dialect(server, CapabilityCache(folder)), model)


def preset_schema_for(folder: Folder, server: Server, name: str) -> ModelSchema:
    """Return the schema for the model of this name, with a preset that this server takes.

    Raises:
        ProblemError: preset_unknown, with the names that exist.
    """
    found = preset_schema(with_known_dialect(server, CapabilityCache(folder)), name)
    if found is None:
        raise problem_error("preset_unknown", name=name, known=", ".join(preset_names()))
    return found
