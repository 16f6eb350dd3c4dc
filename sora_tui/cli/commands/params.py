"""`sora-tui params`: what a server takes for a model besides prompt, model, seconds and size."""

from __future__ import annotations

import argparse
from typing import Final

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.cli.table import aligned
from sora_tui.config.settings import Settings
from sora_tui.core.parameters import ModelSchema, typed
from sora_tui.engine.model_schema import model_schema_for, preset_schema_for
from sora_tui.i18n import _
from sora_tui.i18n.parameters import default_words, help_of, range_words
from sora_tui.workspace.folder import open_folder

EXAMPLES: Final = (
    "sora-tui params",
    "sora-tui params --server lab --model wan2.2-t2v",
    "sora-tui params --preset ltx-2 --json | jq .preset",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    command.add_argument("--preset", metavar=_("NAME"), help=_("of this model instead"))


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List the parameters; with a preset's name, show what it would send here.

    Raises:
        ProblemError: preset_unknown.
    """
    folder, server = open_folder(settings.workspace), settings.server
    if args.preset is not None:
        schema = preset_schema_for(folder, server, args.preset)
    else:
        schema = model_schema_for(folder, server, args.model or settings.model)
    console.document(_document(server.name, schema))
    rows = [
        (each.name, range_words(each), default_words(each), help_of(each.name))
        for each in schema.parameters
    ]
    if rows:
        heads = (_("PARAMETER"), _("TAKES"), _("DEFAULT"), "")
        for line in aligned([heads, *rows]):
            console.result(line)
    else:
        console.result(_("No parameter beyond the standard is known of this server."))
    console.result(_("Any other goes as it is: --param NAME=VALUE."))
    if schema.sizes or schema.seconds:
        console.result(
            _("sizes {sizes}; seconds {seconds}; others may do too").format(
                sizes=", ".join(schema.sizes) or "-", seconds=", ".join(schema.seconds) or "-"
            )
        )
    if schema.preset:
        values = "  ".join(f"{name}={typed(value)}" for name, value in schema.preset.items())
        console.result(_("preset for {model}: {values}").format(model=schema.title, values=values))
    return exits.DONE


def _document(server: str, schema: ModelSchema) -> dict[str, object]:
    return {
        "event": "parameters",
        "server": server,
        "model": schema.title or None,
        "sizes": list(schema.sizes),
        "seconds": list(schema.seconds),
        "preset": dict(schema.preset),
        "parameters": [
            {
                "name": each.name,
                "kind": each.kind,
                "low": each.low,
                "high": each.high,
                "choices": list(each.choices),
                "default": each.default,
            }
            for each in schema.parameters
        ],
    }
