"""How known servers differ from the API's document, as data: one row per server.

What every client must tolerate anyway (words for states, envelopes of errors, ids, types) is no
dialect: `core/remote_video.py` and `decode.py` accept it from any server. A field stands here only
where a server has to be treated in another way, and general code reads it; no code asks for a row's
name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from sora_tui.core.probe_result import CAPABILITIES, Capability, DeleteMeans
from sora_tui.core.remote_video import FINAL_WORDS, Phase
from sora_tui.core.server import Auth, Encoding, ReferenceForm, Server

#: The free questions of `probe.py`. Those that end in `_` are asked at the root of the host.
Probe = Literal[
    "models",
    "list",
    "unknown",
    "video models",
    "health_",
    "version_",
    "liveliness_",
    "system_stats_",
    "proxy_",
]

#: Markers of this weight together identify a server.
ENOUGH: Final = 3


class Marker(NamedTuple):
    """Something in the answer to a probe by which a server shows which one it is.

    Attributes:
        header: The beginning of a header's name that must be there, lower case.
        body: A pattern found in the body.
        weight: `ENOUGH` is proof by itself.
    """

    probe: Probe
    weight: int
    header: str = ""
    body: str = ""

    def shows(self, headers: Mapping[str, str], body: str) -> bool:
        """Return whether an answer has it."""
        has_header = any(name.startswith(self.header) for name in headers)
        return has_header and re.search(self.body, body) is not None


class TurnedAway(NamedTuple):
    """Words by which a server says that it refused a request and started nothing.

    Without such words these statuses may come from a proxy that lost the connection to a working
    server, and leave the outcome unknown (reliability, fault 12).

    Attributes:
        status: The HTTP status that it comes with; gateways keep it.
        words: A pattern found in the message.
        later: It will be accepted another time.
        evidence: The source that shows that nothing is started.
        own: They count only where the server that was asked says them itself, not where it
            passes them on: a gateway that asks several servers may have asked another one before.
    """

    status: int
    words: str
    later: bool
    evidence: str
    own: bool = False


class Dialect(NamedTuple):
    """The properties of one server. A profile's own settings override them.

    Attributes:
        hosts: Host names by which it is recognized without a question; one that begins with a dot
            is the end of a name.
        markers: What its answers show.
        version_header: The header with its version, besides `GET /version`.
        encoding: How a request is sent where the profile does not say.
        reference_field: Name of the field with the picture.
        reference_form: How a JSON body carries the picture.
        characters_encoding: How a request that names characters is sent.
        upload_model_field: Names the model where a clip is uploaded, so that no id tells a gateway
            which of its servers is meant.
        seconds_field: Name of the field with the length.
        seconds_as_number: It is a number in JSON, not text.
        auth: How the key is sent.
        bearer_without_key: Sent in place of the key where none is configured. Aquiles-Image answers
            401 when the header is missing even though it has no key (videos-api, divergence 23).
        query: Parameters of every call.
        capabilities: What it certainly can or cannot; anything else is tried and remembered.
        list_needs: A query parameter without which its list cannot answer.
        delete_means: What `DELETE` does there.
        repeats: It may itself send a failed create again, and nothing shows whether it is
            configured to.
        cost_header: The header of a create's answer with the cost in USD.
        nested: How objects and lists stand in a form: as JSON text, or as `name[key]` and `name[]`.
        max_active: Jobs it accepts at once.
        turns_away: How it says that nothing was started, under statuses that leave it open.
        poll_floor: Shortest interval in seconds between two polls of a job that it asks for.
        runs_models: It runs its models itself, and passes no request on to a server that charges.
        output_fields: Query parameters of `/content` that count the clips of a job from 0, tried
            in this order; those of one group are sent together.
        final_words: Its words for a job that ends without a clip. Each is believed when a second
            poll repeats it.
    """

    name: str
    hosts: frozenset[str] = frozenset()
    markers: tuple[Marker, ...] = ()
    version_header: str = ""
    encoding: Encoding = "multipart"
    reference_field: str = "input_reference"
    reference_form: ReferenceForm = "object"
    characters_encoding: Encoding = "json"
    upload_model_field: str = ""
    seconds_field: str = "seconds"
    seconds_as_number: bool = False
    auth: Auth = "bearer"
    bearer_without_key: str | None = "none"
    query: Mapping[str, str] = MappingProxyType({})
    capabilities: Mapping[Capability, bool] = MappingProxyType({})
    list_needs: str = ""
    delete_means: DeleteMeans = "unknown"
    repeats: bool = False
    cost_header: str = ""
    nested: Literal["json", "brackets"] = "json"
    max_active: int | None = None
    turns_away: tuple[TurnedAway, ...] = ()
    poll_floor: float = 0.0
    runs_models: bool = False
    output_fields: tuple[tuple[str, ...], ...] = (("variant",), ("index", "output_index"))
    final_words: Mapping[str, Phase] = MappingProxyType({"failed": Phase.FAILED})

    def can(self, capability: Capability) -> bool | None:
        """Return whether it can; None where only a try shows it."""
        return self.capabilities.get(capability)


def _only(*abilities: Capability) -> Mapping[Capability, bool]:
    """Return these capabilities as the only ones."""
    return {ability: ability in abilities for ability in CAPABILITIES}


#: LiteLLM's words after those of the server that it asked first (its exceptions.py, and
#: async_function_with_fallbacks in its router.py, which names the first failure and hides others).
_REPEATED: Final = re.compile(r"LiteLLM Retried: [1-9]|Error doing the fallback: ")
#: What a web server says for an unknown path: FastAPI and Starlette, Go, OpenAI.
_NO_ROUTE: Final = re.compile(
    r"(not found|404 page not found|404 not found|invalid url.*|no route.*)?\.?", re.IGNORECASE
)

#: An unknown server: it has the words that gateways pass on, and those of the rate limiters that
#: servers are built with.
GENERIC: Final = Dialect(
    name="generic",
    final_words=FINAL_WORDS,
    turns_away=(
        TurnedAway(
            429,
            r"^Rate limit exceeded: \d+ per (\d+ )?(second|minute|hour|day|month|year)$",
            later=True,
            evidence="slowapi/extension.py at 115d8a0: the limit is checked before the route's"
            " function is called",
            own=True,
        ),
        TurnedAway(
            429,
            r"^Request was throttled\.( Expected available in \d+ seconds?\.)?$",
            later=True,
            evidence="rest_framework/views.py at 0148a9f: check_throttles in initial(), before the"
            " handler is called",
            own=True,
        ),
    ),
)

#: Sources and versions: videos-api, sections 2.1 to 2.9.
DIALECTS: Final[Mapping[str, Dialect]] = {
    row.name: row
    for row in (
        GENERIC,
        Dialect(
            name="openai",
            hosts=frozenset({"api.openai.com"}),
            markers=(Marker("models", ENOUGH, header="openai-version"),),
            bearer_without_key=None,
            nested="brackets",  # as its own SDK sends them
            capabilities=_only(*CAPABILITIES),
            delete_means="deletes",
            turns_away=(
                TurnedAway(
                    429,
                    r"^Rate limit reached for .{1,200} on \w+ per (second|sec|minute|min|hour|day)"
                    r" \([A-Z]{2,4}\): Limit [\d.,]+(, Used [\d.,]+)?, Requested [\d.,]+",
                    later=True,
                    evidence="as told in openai/codex issue 10060 and others: it counts the request"
                    " beside what was used, so it is refused where requests are let in",
                    own=True,
                ),
            ),
        ),
        # 1.106 to 1.109. Operations are passed on; their effect is that of the server behind it. An
        # upload that names no model goes to api.openai.com (1.108.7), and a picture in JSON is
        # refused. Its list answers 400 unless a provider is named.
        Dialect(
            name="litellm",
            markers=(
                Marker("liveliness_", ENOUGH, body="I'm alive!"),
                Marker("list", ENOUGH, header="x-litellm-"),
            ),
            version_header="x-litellm-version",
            cost_header="x-litellm-response-cost",
            characters_encoding="multipart",
            upload_model_field="model",
            capabilities={
                **dict.fromkeys(("remix", "edit", "extend", "character"), True),
                **dict.fromkeys(("delete", "thumbnail"), False),
            },
            list_needs="custom_llm_provider",
            delete_means="none",
            repeats=True,  # two more by default; `num_retries: 0` turns it off
            turns_away=(
                # With `cooldown_list`: the router found no deployment that it may ask, and
                # `should_retry_this_error` does not retry where none is healthy. The same words
                # without it come from a check that is repeated, and prove nothing.
                TurnedAway(
                    429,
                    r"^(litellm\.\w+: )?No deployments available for selected model, Try again in "
                    r".*\bcooldown_list=",
                    later=True,
                    evidence="litellm/router_utils/handle_error.py at 282a110 and"
                    " should_retry_this_error in litellm/router.py: raised where a deployment is"
                    " chosen, before one is called",
                    own=True,
                ),
                TurnedAway(
                    429,
                    r"^(litellm\.\w+: )?Rate limit exceeded for \w+: .*Limit type: \w+\. "
                    r"Current limit: \d+",
                    later=True,
                    evidence="litellm/proxy/hooks/parallel_request_limiter_v3.py at 00353f5:"
                    " async_pre_call_hook raises it, which runs before any model is called",
                    own=True,
                ),
                TurnedAway(
                    429,
                    r"^(litellm\.\w+: )?Max parallel request limit reached",
                    later=True,
                    evidence="litellm/proxy/hooks/parallel_request_limiter.py:"
                    " raise_rate_limit_error in async_pre_call_hook, before any model is called",
                    own=True,
                ),
                TurnedAway(
                    429,
                    r"^(litellm\.\w+: )?(Budget has been exceeded! |Exceeded(Token)?Budget: )",
                    later=False,
                    evidence="litellm/proxy/auth/auth_checks.py: BudgetExceededError of a key, a"
                    " user or a team is raised while the key is checked; 400 in older versions",
                    own=True,
                ),
            ),
            final_words=FINAL_WORDS,  # its adapters for other services use all of them
        ),
        # 0.30.0.
        Dialect(
            name="vllm-omni",
            runs_models=True,
            markers=(
                Marker("models", 2, body=r'"owned_by":\s*"vllm'),
                Marker("unknown", 2, body=r'"message":\s*"Video not found".*"code":\s*404\b'),
                Marker("version_", 1, body=r'^\s*\{\s*"version":'),
            ),
            capabilities=_only("list", "delete"),
            delete_means="cancels",
            turns_away=(
                TurnedAway(
                    409,
                    r"is not supported with --api-server-count > 1",
                    later=False,
                    evidence="vllm_omni/entrypoints/openai/api_server.py 0.30.0: a dependency of"
                    " every route of video jobs; it raises before the request is read",
                ),
            ),
        ),
        # 0.5.23. Its JSON takes the picture as a path on the server's own disk.
        Dialect(
            name="sglang",
            runs_models=True,
            markers=(Marker("models", ENOUGH, body=r'"owned_by":\s*"sglang"'),),
            reference_form="path",
            seconds_as_number=True,
            capabilities=_only("list", "delete"),
            delete_means="forgets",
            output_fields=(("variant",), ("output_index",)),
            final_words={"failed": Phase.FAILED, "deleted": Phase.CANCELLED},
        ),
        # 0.8.3. DELETE removes a running task from its table and lets it run on.
        Dialect(
            name="aquiles",
            runs_models=True,
            markers=(
                Marker("health_", 2, body=r'"model":.*"mode":.*"timestamp":'),
                Marker("models", 1, body=r'"owned_by":\s*"custom"'),
                Marker("unknown", 1, body=r'^\{"detail":\s*"Video not found"\}'),
            ),
            capabilities=_only("list", "delete"),
            delete_means="forgets",
            max_active=1,
            turns_away=(
                TurnedAway(
                    503,
                    r"The limit of \d+ concurrent tasks has been reached",
                    later=True,
                    evidence="aquilesimage/utils/task.py 0.8.3: the task is taken out of the table,"
                    " then this is raised",
                ),
            ),
        ),
        # `trtllm-serve`, openai_video_routes.py at 0509ccc.
        Dialect(
            name="trt-llm",
            runs_models=True,
            markers=(
                Marker("models", 2, body=r'"owned_by":\s*"tensorrt_llm"'),
                Marker("unknown", 2, body=r'"object":\s*"error".*"type":\s*"NotFoundError"'),
                Marker("version_", 1, body=r'^\s*\{\s*"version":'),
            ),
            reference_form="string",
            seconds_as_number=True,
            capabilities=_only("list", "delete"),
            delete_means="cancels",
        ),
        Dialect(
            name="new-api",
            markers=(
                Marker("models", ENOUGH, header="x-new-api-version"),
                Marker("models", 2, header="x-oneapi-request-id"),
                Marker("unknown", 2, body=r'"code":\s*"task_not_exist"'),
            ),
            version_header="x-new-api-version",
            capabilities=_only("remix"),
            delete_means="none",
            turns_away=(
                TurnedAway(
                    503,
                    r"^No available channel for model .* under group .*\(distributor\)"
                    r"|^(当前)?分组 .* 下(对于)?模型 .* 无可用渠道",
                    later=True,
                    evidence="middleware/distributor.go at 003d7c0: a channel is chosen there, and"
                    " the request is aborted before it is relayed; words of i18n/locales",
                    own=True,
                ),
                TurnedAway(
                    429,
                    r"^You have reached the (total )?request limit: maximum \d+ requests"
                    r"|^您已达到(总)?请求数限制",
                    later=True,
                    evidence="middleware/model-rate-limit.go at 0360976: it aborts before the"
                    " request is relayed",
                    own=True,
                ),
            ),
        ),
        # The v1 address of Azure OpenAI; `model` is the deployment.
        Dialect(
            name="azure",
            hosts=frozenset(
                {".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com"}
            ),
            markers=(
                Marker("models", 2, header="apim-request-id"),
                Marker("models", 1, header="x-ms-region"),
            ),
            auth="api-key",
            query={"api-version": "preview"},
            nested="brackets",
            characters_encoding="multipart",
            capabilities={"list": True, "delete": True, "remix": True, "character": True},
            delete_means="deletes",
        ),
        # Its own schema on the same path; its documentation polls every 30 s or so. Other servers
        # imitate it; the list of what each model can make is the marker.
        Dialect(
            name="openrouter",
            hosts=frozenset({"openrouter.ai"}),
            markers=(Marker("video models", ENOUGH, body=r'"supported_(durations|resolutions)":'),),
            encoding="json",
            reference_field="frame_images",
            reference_form="frame",
            seconds_field="duration",
            seconds_as_number=True,
            bearer_without_key=None,
            capabilities=_only(),
            delete_means="none",
            poll_floor=30.0,
            output_fields=(("index",),),
            final_words=FINAL_WORDS,
        ),
        # The simulator, which follows OpenAI's document and has a few parameters more for drawing.
        Dialect(
            name="simulator",
            runs_models=True,
            markers=(Marker("models", ENOUGH, body=r'"owned_by":\s*"simulator"'),),
            bearer_without_key=None,
            nested="brackets",
            capabilities=_only(*CAPABILITIES),
            delete_means="deletes",
        ),
    )
}


def dialect_of(server: Server) -> Dialect:
    """Return the row of this server: by its host, otherwise by the profile's word for it."""
    return by_host(server.host) or DIALECTS.get(server.dialect, GENERIC)


def by_host(host: str) -> Dialect | None:
    """Return the row of a server that is known by its host name."""
    host = host.lower()
    for row in DIALECTS.values():
        if any(host == name or (name[0] == "." and host.endswith(name)) for name in row.hosts):
            return row
    return None


def turned_away(status: int, message: str, outer: str) -> TurnedAway | None:
    """Return the row with these words, whichever server they come through.

    Args:
        status: The HTTP status of the refusal.
        message: The words of the server that refused.
        outer: Those of the server that was asked, which may pass the others on.
    """
    return next(
        (
            row
            for dialect in DIALECTS.values()
            for row in dialect.turns_away
            if row.status == status and re.search(row.words, outer if row.own else message)
        ),
        None,
    )


def was_repeated(outer: str) -> bool:
    """Return whether a gateway tried more than once: its refusal then describes one try only."""
    return _REPEATED.search(outer) is not None


def has_no_route(status: int | None, message: str) -> bool:
    """Return whether a refusal means an unknown operation, not an unknown video."""
    if status in {405, 501}:
        return True
    return status == 404 and _NO_ROUTE.fullmatch(message.strip()) is not None


def with_dialect_defaults(server: Server) -> Server:
    """Return the profile, with its dialect's values for settings that it leaves open."""
    row = dialect_of(server)
    return server._replace(
        encoding=server.encoding or row.encoding,
        reference_field=server.reference_field or row.reference_field,
        reference_form=server.reference_form or row.reference_form,
        auth=server.auth or row.auth,
        query={**row.query, **server.query},
        max_active=server.max_active or row.max_active,
    )


def can_list(server: Server) -> bool | None:
    """Return whether this profile may ask for the list; None where only a try shows it."""
    row = dialect_of(server)
    if row.list_needs and row.list_needs not in server.query:
        return False
    return row.can("list")
