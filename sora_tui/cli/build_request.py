"""Builds a request: the picture read, size and parameters as the server takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sora_tui.cli.console import Console
from sora_tui.config.order_options import Choices
from sora_tui.core.parameters import ModelSchema
from sora_tui.core.problem import problem_error
from sora_tui.core.prompt import text_to_send
from sora_tui.core.request import EXACT, VideoRequest, check_request
from sora_tui.core.server import Server
from sora_tui.core.sizes import size_of
from sora_tui.engine.model_schema import model_schema_for, preset_schema_for
from sora_tui.i18n import _
from sora_tui.i18n.parameters import mistyped_words
from sora_tui.workspace.characters import find_characters
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.references import Prepared, read_reference_image


def build_request(
    folder: Folder,
    server: Server,
    schema: ModelSchema,
    text: str,
    file: str | None,
    choices: Choices,
) -> tuple[VideoRequest, Prepared | None]:
    """Return the request that these choices make, checked, and the picture to send with it.

    Args:
        folder: The workspace.
        server: The server that the request is for.
        schema: What is known of the model on this server.
        text: The prompt, its `{{variables}}` not yet filled.
        file: The file that the prompt came from, as documents name it.
        choices: What the command line and the front matter ask for.

    Raises:
        ProblemError: The reason why it cannot be sent; nothing was sent.
    """
    size = None if choices.size is None else size_of(choices.size, schema.sizes)
    prepared = None
    if choices.reference is not None:
        prepared = read_reference_image(folder, choices.reference, size, choices.fit or EXACT)
    request = VideoRequest(
        prompt=text_to_send(text, choices.variables),
        model=choices.model,
        seconds=choices.seconds,
        size=size,
        reference=prepared.reference if prepared else None,
        params=schema.check(choices.params),
        variables=choices.variables,
        prompt_file=file,
        characters=find_characters(History(folder), server, choices.characters),
    )
    check_request(request)
    return request, prepared


def with_params(
    folder: Folder,
    server: Server,
    model: str | None,
    choices: Choices,
    preset: str | None,
    words: list[str],
) -> tuple[ModelSchema, Choices]:
    """Return what is known of the model, and the choices with other parameters.

    The preset goes over the parameters of the choices, the `NAME=VALUE` words over both.

    Raises:
        ProblemError: preset_unknown, param_invalid, param_kind, param_range or param_choice.
    """
    if preset is None:
        schema, params = model_schema_for(folder, server, model), choices.params
    else:
        schema = preset_schema_for(folder, server, preset)
        params = {**choices.params, **schema.preset}
    said = {name: schema.read(name, text) for name, text in param_pairs(words).items()}
    return schema, replace(choices, params={**params, **said})


def note_mistyped(schema: ModelSchema, choices: Choices, console: Console, at: str = "") -> None:
    """Report parameters that are likely known ones mistyped; they are sent as they are.

    Args:
        schema: What is known of the model on this server.
        choices: The choices, whose parameters are sent.
        console: Where messages go.
        at: What each message begins with.
    """
    for said in mistyped_words(schema, choices.params):
        console.note(at + said)


def param_pairs(words: list[str], refused: str = "param_invalid") -> Mapping[str, str]:
    """Return `NAME=VALUE` words by name.

    Args:
        words: What was given.
        refused: The code of the problem of a wrong one: param_invalid or variable_invalid.

    Raises:
        ProblemError: `refused`, for a word without a name or an equals sign.
    """
    said: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise problem_error(refused, name=word, reason=_("no = in it"))
        said[name] = value
    return said
