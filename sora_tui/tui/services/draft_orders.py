"""From a draft to jobs: check, picture, price, consent, hand-in. Blocks: for worker threads."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sora_tui.config.order_options import check_names
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.price import Ask
from sora_tui.core.problem import problem_error
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.engine import orders
from sora_tui.engine.model_schema import model_schema_for
from sora_tui.engine.orders import Answer, Item, JobMaker, Order
from sora_tui.tui.state.draft import Draft, request_of
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.references import read_reference_image

if TYPE_CHECKING:
    from sora_tui.media.decoder_client import DecoderClient


class Prompted(NamedTuple):
    """An order and the draft that it was made of."""

    draft: Draft
    order: Order


def prepare(
    folder: Folder, settings: Settings, draft: Draft, now: datetime, decoder: DecoderClient
) -> Prompted:
    """Read the picture, check everything that can be known before a server is asked.

    Raises:
        ProblemError: whatever keeps it from being sent, the person's limits included; nothing was.
    """
    request = request_of(draft, settings)
    schema = model_schema_for(folder, settings.server, request.model)
    check_names(draft.front, draft.file or "", schema.names)
    request = request._replace(params=schema.check(request.params))
    check_request(request)
    if draft.operation != "create" or draft.characters:
        request = _with_source(folder, settings, draft, request)
        draft = replace(draft, model=request.model, seconds=request.seconds)
    prepared = None
    if draft.reference is not None and draft.operation == "create":
        prepared = read_reference_image(folder, draft.reference, draft.size, draft.fit, decoder)
        request = request._replace(reference=prepared.reference)
    items = [Item(request, prepared, draft.count)]
    order = orders.prepare(folder, items, settings.server, settings, now)
    order.check()
    return Prompted(draft, order)


def _with_source(
    folder: Folder, settings: Settings, draft: Draft, request: VideoRequest
) -> VideoRequest:
    """The request with the clip that it starts from, or the characters that appear.

    Raises:
        ProblemError: as `find_source` and `find_characters`; source_elsewhere for a clip that
            another server has.
    """
    from sora_tui.workspace.characters import find_characters
    from sora_tui.workspace.history import History
    from sora_tui.workspace.source_clips import find_source

    server, history = settings.server, History(folder)
    try:
        if draft.operation == "create":
            named = find_characters(history, server, draft.characters)
            request = request._replace(characters=named)
        else:
            source = find_source(folder, history, draft.source_clip or "", draft.operation)
            maker = source.job
            if source.file is None and maker and maker.server.origin != server.origin:
                host = maker.server.profile
                raise problem_error("source_elsewhere", job=maker.id, host=host)
            made = source.request(
                draft.operation, request.prompt, model=draft.model, seconds=draft.seconds
            )
            request = made._replace(
                prompt_file=request.prompt_file,
                params=request.params,
                variables=request.variables,
            )
    finally:
        history.close()
    return request


def submit(engine: JobMaker, order: Order, at: datetime) -> list[Job]:
    """Hand in an order whose question was answered with yes at `at` (UTC); durable on return.

    Raises:
        ProblemError: disk_full or folder_not_writable; nothing was sent.
    """
    # The key that agrees to a prompt that was refused before is one of its own.
    answer = Answer(yes=True, despite_refusal=order.refused is not None)
    return orders.submit(engine, order, orders.consent(order, answer, at))


def remember_always(order: Order) -> None:
    """Keep the answer "always"; where it cannot be written it holds for this time only."""
    from sora_tui.config.consents import remember

    for line in order.lines:
        if line.ask is Ask.UNKNOWN:
            with suppress(OSError):
                remember(line.server, line.found)
