"""What stands in the editor: a prompt with its settings, on the way from a file to a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from sora_tui.config.order_options import (
    Choices,
    check_names,
    from_front_matter,
    from_settings,
)
from sora_tui.config.settings import Settings
from sora_tui.core.job_id import JOB_ID
from sora_tui.core.parameters import ModelSchema
from sora_tui.core.prompt import Prompt, script_text, text_to_send, variables_in
from sora_tui.core.request import (
    EXACT,
    Character,
    Fit,
    Operation,
    Reference,
    SourceFile,
    VideoRequest,
    check_request,
)
from sora_tui.core.server import Server
from sora_tui.core.sizes import is_alias, size_of
from sora_tui.workspace.prompts import SCRIPT_FILE

if TYPE_CHECKING:
    from sora_tui.core.job import Job

#: Prompt files that come with the repository: typing over one makes a copy.
SAMPLES: Final = frozenset(
    {"prompts/bateau-de-papier.md", "prompts/fox-rain.md", "prompts/harbour.md"}
)
#: The one that a first start opens.
FIRST_SAMPLE: Final = "prompts/harbour.md"

#: Suggestions where nothing is known of server and model (videos-api.md 1.4); never a limit.
_MODELS: Final = ("sora-2", "sora-2-pro")
_SECONDS: Final = ("4", "8", "12")
_SIZES: Final = ("1280x720", "720x1280", "1792x1024", "1024x1792")


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt and its settings as they stand in the editor.

    Attributes:
        params: What is sent beyond the standard, without what the profile sends anyway.
        reference: The picture, relative to the workspace or to `input_reference/`.
        file: The prompt file relative to the workspace, None before there is one.
        front: The front matter it came from; fields that the screen does not show survive in it.
        opened: The shown settings as they were when it was opened. What still is the same is not
            written: it stays in the file as the person wrote it, or stays unsaid.
        source: The file as it was read, to the letter; empty before there is one.
        values: What was last said for its `{{variables}}`; kept beside the file, never in it.
        characters: The names of those that appear.
        source_clip: The clip that `operation` starts from: a job, or a file of the workspace.
    """

    text: str
    model: str | None = None
    seconds: str | None = None
    size: str | None = None
    count: int = 1
    params: Mapping[str, Any] = field(default_factory=dict)
    reference: str | None = None
    fit: Fit = EXACT
    file: str | None = None
    front: Mapping[str, Any] = field(default_factory=dict)
    opened: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    characters: tuple[str, ...] = ()
    operation: Operation = "create"
    source_clip: str | None = None

    @property
    def is_sample(self) -> bool:
        """Whether it came with the program, so that no edit may go into its file."""
        return self.file is None or self.file in SAMPLES


def draft_of(
    prompt: Prompt,
    file: str | None,
    settings: Settings,
    *,
    source: str = "",
    values: Mapping[str, str] | None = None,
) -> Draft:
    """The draft of a prompt file; what it leaves open is filled in from the settings.

    Raises:
        ProblemError: front_matter_broken.
    """
    said = _choices(prompt.settings, file, settings)
    draft = Draft(
        text=prompt.text,
        model=said.model,
        seconds=said.seconds,
        size=said.size,
        count=said.count or 1,
        params=from_front_matter(prompt.settings, file or "").params,
        reference=said.reference,
        fit=said.fit or EXACT,
        file=file,
        front=prompt.settings,
        source=source,
        values=values or {},
        characters=said.characters,
        operation=said.operation or "create",
        source_clip=said.source,
    )
    return replace(draft, opened=_said(draft)) if source else draft


def draft_of_request(request: VideoRequest) -> Draft:
    """A draft that asks for the same once more, apart from any file."""
    reference = request.reference
    return Draft(
        text=request.prompt,
        model=request.model,
        seconds=request.seconds,
        size=request.size,
        count=1,
        params=request.params,
        reference=None if reference is None else reference.path,
        fit=EXACT if reference is None else reference.fit,
        file=None,
        characters=tuple(character.name for character in request.characters),
        operation=request.operation,
        source_clip=request.source_file.path if request.source_file else request.source_job,
    )


def draft_of_clip(job: Job, operation: Operation) -> Draft:
    """A draft that makes something of a job's clip; only a remix begins with the old words."""
    again = draft_of_request(job.request)
    return replace(
        again,
        text=again.text if operation == "remix" else "",
        reference=None,
        fit=EXACT,
        characters=(),
        operation=operation,
        source_clip=job.id,
    )


def draft_of_file(path: str, operation: Operation, settings: Settings) -> Draft:
    """A draft that makes something of an MP4 of the workspace, which goes along."""
    return Draft("", model=settings.model, operation=operation, source_clip=path)


def prompt_of(draft: Draft) -> Prompt:
    """The prompt file of a draft. A new file says every setting, so that it says what was made."""
    front = dict(draft.front)
    for name, value in _said(draft).items():
        if name in draft.opened and value == draft.opened[name]:
            continue
        if value is None:
            front.pop(name, None)
        else:
            front[name] = value
    return Prompt(draft.text, front)


def kept(draft: Draft, source: str) -> Draft:
    """The draft once its file says this."""
    return replace(draft, front=prompt_of(draft).settings, opened=_said(draft), source=source)


def _said(draft: Draft) -> dict[str, Any]:
    """The shown settings as a front matter says them; None: not at all."""
    return {
        "model": draft.model,
        "seconds": draft.seconds,
        "size": draft.size,
        "reference": draft.reference,
        "fit": str(draft.fit) if draft.reference and draft.fit != EXACT else None,
        "count": draft.count if draft.count != 1 else None,
        "characters": list(draft.characters) or None,
        "operation": draft.operation if draft.operation != "create" else None,
        "source": draft.source_clip,
        "params": dict(draft.params) or None,
    }


def variables_of(draft: Draft, settings: Settings) -> dict[str, str]:
    """The variables that its text asks for, with what is known for each; empty: nothing is."""
    known = {**_choices(draft.front, draft.file, settings).variables, **draft.values}
    return {name: known.get(name, "") for name in variables_in(sent_text(draft))}


def sent_text(draft: Draft) -> str:
    """Return what goes to the server of the text, variables unfilled.

    Of `prompt.md` that is the text without blank lines and lines that start with #, as the one-file
    script did.
    """
    return script_text(draft.text) if draft.file == SCRIPT_FILE else draft.text


def request_of(draft: Draft, settings: Settings) -> VideoRequest:
    """What is asked for, still without the picture.

    Raises:
        ProblemError: variable_missing or front_matter_broken.
    """
    said = _choices(draft.front, draft.file, settings)
    values = {name: text for name, text in draft.values.items() if text}
    variables = {**said.variables, **values}
    return VideoRequest(
        prompt=text_to_send(sent_text(draft), variables),
        model=draft.model,
        seconds=draft.seconds,
        size=draft.size,
        params={**settings.server.params, **draft.params},
        variables=variables,
        prompt_file=draft.file,
        operation=draft.operation,
    )


def check_draft(
    draft: Draft, settings: Settings, parameters: Collection[str] = frozenset()
) -> None:
    """Refuse what no server could mean, and names in its file that are likely mistyped.

    An empty text and variables that will be asked for are no fault while somebody writes.

    Args:
        draft: What stands in the editor.
        settings: The settings of the workspace.
        parameters: The parameters that the server is known to take.

    Raises:
        ProblemError: size_invalid, seconds_invalid, prompt_too_long, front_matter_broken or
            front_matter_name.
    """
    check_names(draft.front, draft.file or "", parameters)
    request = request_of(as_written(draft, settings), settings)
    check_request(request if request.prompt else request._replace(prompt="-"))


def as_written(draft: Draft, settings: Settings) -> Draft:
    """The draft with variables that have no value standing for themselves."""
    known = variables_of(draft, settings)
    return replace(
        draft, values={name: value or f"{{{{{name}}}}}" for name, value in known.items()}
    )


def as_compared(draft: Draft, settings: Settings) -> VideoRequest:
    """What the draft would send, as far as that is known before its picture and clip are read.

    Raises:
        ProblemError: front_matter_broken.
    """
    request = request_of(as_written(draft, settings), settings)
    source = draft.source_clip
    return request._replace(
        reference=None if draft.reference is None else Reference(_path(draft), "", draft.fit),
        characters=tuple(Character(name, "", "") for name in draft.characters),
        source_job=source if source and JOB_ID.fullmatch(source) else None,
        source_file=SourceFile(source, "") if source and not JOB_ID.fullmatch(source) else None,
    )


def _path(draft: Draft) -> str:
    """The picture as documents name it."""
    name = (draft.reference or "").removeprefix("input_reference/")
    return f"input_reference/{name}"


def moved(draft: Draft, before: Settings, after: Settings) -> Draft:
    """The draft on another server: what was only the old one's default becomes the new one's."""

    def value(name: str) -> Any:
        mine = getattr(draft, name)
        return getattr(after, name) if mine == getattr(before, name) else mine

    return replace(draft, model=value("model"), seconds=value("seconds"), size=value("size"))


def known_values(server: Server, schema: ModelSchema) -> Mapping[str, tuple[str, ...]]:
    """Values to step through, by setting: the profile's own lists, or what such servers know."""
    own = (server.model,) if server.model and not server.simulated else _MODELS
    return {
        "model": schema.models or own,
        "seconds": schema.seconds or _SECONDS,
        "size": schema.sizes or _SIZES,
        "clips": ("1", "2", "3", "4"),
    }


def in_pixels(draft: Draft, schema: ModelSchema) -> Draft:
    """The draft with a size in place of a word for one; in its file the word stays."""
    size = draft.size
    if size is None or not is_alias(size):
        return draft
    pixels = size_of(size, schema.sizes or _SIZES)
    said = {**draft.opened, "size": pixels} if draft.opened.get("size") == size else draft.opened
    return replace(draft, size=pixels, opened=said)


def _choices(front: Mapping[str, Any], file: str | None, settings: Settings) -> Choices:
    return from_front_matter(front, file or "").over(from_settings(settings))
