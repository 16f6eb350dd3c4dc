"""The Videos API over the simulator's own jobs, in the dialect of one server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sora_tui.simulator import socket_faults
from sora_tui.simulator.characters import Characters
from sora_tui.simulator.create_requests import HandlerFault
from sora_tui.simulator.dialect import Dialect
from sora_tui.simulator.errors import ApiError, moderated, server_fault
from sora_tui.simulator.faults import Fault, Faults, pretended
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import (
    MAX_BODY_BYTES,
    CreateRequest,
    drawing_of,
    prompt_of,
    read_body,
)
from sora_tui.simulator.responses import Video
from sora_tui.simulator.source_clips import read_character, read_edit, read_extension
from sora_tui.simulator.triggers import TRIGGERS, triggered


def create_app(
    dialect: Dialect,
    jobs: Jobs,
    characters: Characters,
    key: str,
    faults: list[Fault],
    on_worker_end: Callable[[], None],
) -> ASGIApp:
    """Return the whole server; the jobs move while it runs.

    It must run under `socket_faults.Connections`. `on_worker_end` is called when the jobs stop
    moving, for example because the disk is full: a client would wait in vain.
    """
    api = _Api(dialect, jobs, characters)

    def ended(worker: asyncio.Task[None]) -> None:
        if not worker.cancelled():
            log = logging.getLogger(__name__)
            log.error("the queue has stopped", exc_info=worker.exception())
            on_worker_end()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(jobs.run())
        worker.add_done_callback(ended)
        yield
        worker.cancel()
        await asyncio.wait([worker])

    app = Starlette(
        routes=api.routes(),
        exception_handlers={
            ApiError: api.refusal,
            HandlerFault: api.broken,
            HTTPException: api.unknown,
            ClientDisconnect: api.unheard,
            Exception: api.fault,
        },
        lifespan=lifespan,
    )
    return Faults(_Gate(app, dialect, key), faults)


Endpoint = Callable[[Request], Awaitable[Response]]


class _Api:
    def __init__(self, dialect: Dialect, jobs: Jobs, characters: Characters) -> None:
        self._dialect = dialect
        self._jobs = jobs
        self._characters = characters

    def routes(self) -> list[Route]:
        """Return the dialect's routes; a path with a fixed answer comes before one with an id."""
        paths = {
            "create": ("POST", "/videos", self.create),
            "list": ("GET", "/videos", self.list),
            "edit": ("POST", "/videos/edits", self.edit),
            "extend": ("POST", "/videos/extensions", self.extend),
            "character": ("POST", "/videos/characters", self.create_character),
            "read_character": ("GET", "/videos/characters/{character_id}", self.character),
            "retrieve": ("GET", "/videos/{video_id}", self.retrieve),
            "delete": ("DELETE", "/videos/{video_id}", self.delete),
            "content": ("GET", "/videos/{video_id}/content", self.content),
            "remix": ("POST", "/videos/{video_id}/remix", self.remix),
            "cloud": ("GET", "/cloud/{video_id}.mp4", self.cloud),
        }
        pages = [Route(path, _page(answer)) for path, answer in self._dialect.pages.items()]
        return pages + [
            Route(prefix + path, self._call(endpoint), methods=[method])
            for prefix in self._dialect.prefixes
            for operation, (method, path, endpoint) in paths.items()
            if operation in self._dialect.routes
        ]

    async def create(self, request: Request) -> Response:
        wanted = await self._dialect.read(request)
        for given in wanted.characters:
            self._character(given)
        return self._queued(request, wanted)

    async def remix(self, request: Request) -> Response:
        source = self._job(request)
        fields = (await read_body(request)).fields
        wanted = CreateRequest(
            prompt_of(fields),
            source.model,
            source.width,
            source.height,
            source.seconds,
            asked=drawing_of(fields),
        )
        return self._queued(request, wanted, remixed_from=source.id)

    async def edit(self, request: Request) -> Response:
        await self._judge(request, "edit")
        return self._queued(request, await read_edit(request, self._source(request)))

    async def extend(self, request: Request) -> Response:
        await self._judge(request, "extend")
        return self._queued(request, await read_extension(request, self._source(request)))

    async def create_character(self, request: Request) -> Response:
        await self._judge(request, "character")
        return JSONResponse(self._characters.create(await read_character(request)))

    async def character(self, request: Request) -> Response:
        await self._judge(request, "read_character")
        return JSONResponse(self._character(request.path_params["character_id"]))

    async def retrieve(self, request: Request) -> Response:
        job = self._job(request)
        if pretended(request.scope) == "stale":
            job = job.as_created()
        dialect = self._dialect
        return JSONResponse(self._shown(job), dialect.video_status(job), self._poll_header())

    async def list(self, request: Request) -> Response:
        return JSONResponse(self._dialect.list(request, self._jobs, self._shown))

    async def delete(self, request: Request) -> Response:
        job = self._job(request)
        answer = self._dialect.delete(job, self._shown)
        self._jobs.delete(job)
        return JSONResponse(answer)

    async def content(self, request: Request) -> Response:
        job = self._job(request, self._dialect.no_content)
        expired = pretended(request.scope) == "expired"
        path = None if expired else self._jobs.content(job, "video")
        return self._dialect.content(request, job, path)

    async def cloud(self, request: Request) -> Response:
        """Serve a file of a server that stores its clips elsewhere."""
        path = self._jobs.content(self._job(request), "video")
        return Response(status_code=404) if path is None else FileResponse(path)

    async def refusal(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        answer = self._dialect.error(error)
        answer.headers.update(self._dialect.call_headers())
        return answer

    async def broken(self, request: Request, error: Exception) -> Response:
        return _Last(server_fault())

    async def unknown(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = self._dialect.unknown(request.method, request.url.path, error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    async def unheard(self, request: Request, error: Exception) -> Response:
        """Answer where the client disconnected in the middle of its request: nothing is sent."""
        return Response()

    async def fault(self, request: Request, error: Exception) -> Response:
        message = f"The server had an error: {type(error).__name__}"
        return self._dialect.error(ApiError(500, message, type_="server_error"))

    async def _judge(self, request: Request, operation: str) -> None:
        self._dialect.judge(operation, (await read_body(request)).fields)

    def _call(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint with the headers of a call added to its answers."""

        async def call(request: Request) -> Response:
            answer = await endpoint(request)
            answer.headers.update(self._dialect.call_headers())
            return answer

        return call

    def _queued(
        self, request: Request, wanted: CreateRequest, remixed_from: str | None = None
    ) -> Response:
        word = pretended(request.scope)
        trigger = word if word in TRIGGERS else triggered(wanted.prompt)
        if trigger == "moderated":
            raise moderated()
        dialect, jobs = self._dialect, self._jobs
        if dialect.at_once is not None and jobs.busy >= dialect.at_once:
            raise ApiError(
                503,
                f"The limit of {dialect.at_once} concurrent tasks has been reached. Please try "
                "again later.",
            )
        job = jobs.create(
            dialect.ids.new(),
            wanted,
            trigger=trigger,
            remixed_from=remixed_from,
            origin=f"{request.url.scheme}://{request.url.netloc}",
        )
        if trigger == "unanswered":
            return _Silence()
        shown = self._shown(job, dialect.created or dialect.video)
        if remixed_from is None:
            shown["id"] = dialect.ids.created(job)
        return JSONResponse(shown, dialect.create_status, self._poll_header())

    def _shown(self, job: Job, video: Video | None = None) -> dict[str, Any]:
        dialect = self._dialect
        return {**(video or dialect.video)(job), "id": dialect.ids.polled(job)}

    def _source(self, request: Request) -> Callable[[str], Job]:
        """Return a function that finds the video that a body names."""
        return lambda given: self._named(request, given, self._dialect.not_found)

    def _job(self, request: Request, not_found: Callable[[str], Exception] | None = None) -> Job:
        """Return the video that the path names."""
        given = request.path_params["video_id"]
        return self._named(request, given, not_found or self._dialect.not_found)

    def _named(self, request: Request, given: str, not_found: Callable[[str], Exception]) -> Job:
        job = self._jobs.get(self._dialect.ids.read(given))
        if job is None or pretended(request.scope) == "lost":
            raise not_found(given)
        return job

    def _character(self, given: str) -> dict[str, Any]:
        character = self._characters.get(given)
        if character is None:
            raise ApiError(404, f"Character with id '{given}' not found.")
        return character

    def _poll_header(self) -> dict[str, str]:
        if not self._dialect.poll_header:
            return {}
        return {"openai-poll-after-ms": str(self._jobs.poll_after_ms)}


class _Silence(Response):
    """No answer: the connection closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await socket_faults.close(scope, receive)


class _Last(Response):
    """An answer after which the connection closes without an announcement."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)
        await socket_faults.close(scope, receive)


class _Gate:
    """Checks the key, limits the body, and gives every answer the server's own headers."""

    def __init__(self, app: Starlette, dialect: Dialect, key: str) -> None:
        self._app = app
        self._dialect = dialect
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901 -- the callbacks share the count of bytes
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise ApiError(413, f"Maximum content size limit ({MAX_BODY_BYTES}) exceeded.")
            return message

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                pairs = self._dialect.headers().items()
                own = [(name.encode(), value.encode()) for name, value in pairs]
                if message["status"] == 413:
                    # Without this the rest of a body that is too large would still be read.
                    own.append((b"connection", b"close"))
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        refusal = None
        if self._asks(scope):
            refusal = self._dialect.key(Headers(scope=scope), self._key)
        if refusal is None:
            await self._app(scope, limited, signed)
            return
        try:
            # A client may read the answer only after it has sent its body.
            while (await limited()).get("more_body"):
                pass
        except ApiError as too_much:
            refusal = too_much
        await self._dialect.error(refusal)(scope, receive, signed)

    def _asks(self, scope: Scope) -> bool:
        """Return whether this request needs a key."""
        if re.fullmatch(self._dialect.open_paths, scope["path"]):
            return False
        routes = self._app.routes
        return self._dialect.key_first or any(
            route.matches(scope)[0] is Match.FULL for route in routes
        )


def _page(answer: Callable[[], Response]) -> Callable[[Request], Response]:
    return lambda request: answer()
