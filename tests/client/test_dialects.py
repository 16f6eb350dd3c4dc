"""Every field of every dialect's row is seen from outside: without it something else happens."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from sora_tui.client import dialect
from sora_tui.client.dialect import DIALECTS, Dialect, by_host, dialect_of
from sora_tui.client.download import download_video_from_api
from sora_tui.client.outcome import Accepted, CreateOutcome, Later, Rejected, Unclear
from sora_tui.client.probe import run_probe
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Upload
from sora_tui.core.probe_result import CAPABILITIES, ProbeResult
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import read_video
from sora_tui.core.request import Character, SourceFile, VideoRequest
from sora_tui.core.server import DIALECT_NAMES, Server
from sora_tui.engine.capabilities import delete_means
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import open_folder
from tests.support.clients import Received, at, client_of
from tests.support.raw_server import RawServer, Request, answer, replies
from tests.support.server_answers import SHAPES, Shape, answering, clip

REQUEST: Final = VideoRequest("a fox", seconds="8", size="1280x720")
PICTURE: Final = Upload(b"picture", "image/png", "fox.png", "input_reference/fox.png")
#: Words of the real servers, with the status that they came with.
TURNED_AWAY: Final[dict[str, tuple[int, str]]] = {
    "generic": (429, "Rate limit exceeded: 5 per 1 minute"),
    "openai": (
        429,
        "Rate limit reached for sora-2 in organization org-x on requests per min (RPM): Limit 5,"
        " Used 5, Requested 1. Please try again in 12s.",
    ),
    "new-api": (503, "No available channel for model sora-2 under group default (distributor)"),
    "litellm": (429, "Budget has been exceeded! Current cost: 5.0, Max budget: 1.0"),
    "aquiles": (503, "The limit of 1 concurrent tasks has been reached. Please try again later."),
    "vllm-omni": (
        409,
        "Asynchronous video jobs is not supported with --api-server-count > 1 because the"
        " operation uses process-local frontend state",
    ),
}

Seen = Awaitable[object]


async def sent(
    row: Dialect,
    upload: Upload | None = None,
    request: VideoRequest = REQUEST,
    **profile: Any,
) -> Request:
    """The paid request as it arrives."""
    with RawServer(replies(answer(200, clip()))) as server:
        async with client_of(at(server.url, dialect=row.name, **profile)) as client:
            await client.create(request, upload, "job-1")
        return server.requests[0]


async def in_json(row: Dialect, field: str) -> object:
    """A field of the paid request with the picture, in JSON."""
    return (await sent(row, PICTURE, encoding="json")).json.get(field)


async def looked(row: Dialect, **profile: Any) -> tuple[Request, float | None]:
    """One look: what was asked, and when the next one is due."""
    with RawServer(replies(answer(200, clip("in_progress")))) as server:
        async with client_of(at(server.url, dialect=row.name, **profile)) as client:
            look = await client.retrieve("video_1")
        return server.requests[0], look.after


async def found(shape: Shape, **profile: Any) -> ProbeResult:
    """What an examination of such a server finds."""
    with answering(shape) as server:
        return await run_probe(at(server.url, **profile), 5)


def sglang(*names: str, **headers: str) -> Shape:
    rows = [{"id": name, "object": "model", "created": 1, "owned_by": "sglang"} for name in names]
    return {"/v1/models": answer(200, {"object": "list", "data": rows}, **headers)}


@pytest.mark.parametrize(
    ("shape", "runs"),
    [
        (sglang("wan2.2"), True),
        (sglang("Wan-AI/Wan2.2-TI2V-5B", "Wan-AI/Wan2.2-I2V-A14B"), True),
        (sglang("/models/wan", "/models/ltx"), True),
        (sglang("wan2.2", Via="1.1 gateway"), False),
        (sglang("wan2.2", **{"X-Cache": "MISS"}), False),
        (sglang("wan2.2", **{"x-envoy-upstream-service-time": "3"}), False),
        (sglang("wan2.2", **{"X-Litellm-Version": "1.109"}), False),
        (sglang("wan2.2", Server="nginx"), False),
        (sglang("wan2.2", Server="uvicorn"), True),
        (sglang("wan2.2", **{"Openai-Processing-Ms": "12"}), False),
        (sglang("veo-3", "kling-v2"), False),
        (sglang("openai/sora-2"), False),
        (sglang("openai/sora-2", "vllm/wan"), False),
        (sglang("Wan-AI/Wan2.2", "Lightricks/LTX-2"), False),
    ],
)
async def test_a_proxy_or_several_vendors_make_a_gateway(shape: Shape, runs: bool) -> None:
    findings = await found(shape)
    assert (findings.dialect, findings.runs_models) == ("sglang", runs)


async def named(row: Dialect) -> ProbeResult:
    """What is found where the profile names the dialect and the server tells nothing."""
    with answering({}, answer(500, "Internal Server Error")) as server:
        return await run_probe(at(server.url, dialect=row.name), 5)


async def _hosts(row: Dialect) -> object:
    # By name, not through the table's own row: an emptied row must lose its servers.
    known = {
        "openai": ["api.openai.com"],
        "azure": [
            "lab.openai.azure.com",
            "lab.services.ai.azure.com",
            "lab.cognitiveservices.azure.com",
        ],
        "openrouter": ["openrouter.ai"],
    }
    servers = [Server("x", f"https://{host}/v1", dialect="auto") for host in known[row.name]]
    return [dialect_of(server).name for server in servers]


async def _signs(row: Dialect) -> object:
    return [((it := await found(shape)).dialect, it.evidence) for shape in SHAPES[row.name]]


async def _version(row: Dialect) -> object:
    return (await found(SHAPES[row.name][0])).version


async def _encoding(row: Dialect) -> object:
    return (await sent(row)).headers["content-type"].partition(";")[0]


async def _seconds(row: Dialect) -> object:
    body = (await sent(row, encoding="json")).json
    return {name: body[name] for name in ("seconds", "duration") if name in body}


async def _credentials(row: Dialect) -> object:
    headers = (await looked(row))[0].headers
    return {name: headers.get(name) for name in ("authorization", "api-key")}


async def _without_key(row: Dialect) -> object:
    return (await looked(row, key=None))[0].headers.get("authorization")


async def _query(row: Dialect) -> object:
    return (await looked(row))[0].target, (await sent(row)).target


async def _abilities(row: Dialect) -> object:
    return dict((await named(row)).can)


async def _repeats(row: Dialect) -> object:
    return (await named(row)).repeats


async def _runs_models(row: Dialect) -> object:
    return (await found(SHAPES[row.name][0])).runs_models


async def _delete_means(row: Dialect) -> object:
    cache = CapabilityCache(open_folder(Path.cwd()))
    server = Server("x", "http://127.0.0.1:9/v1", dialect=row.name)
    return (await named(row)).delete_means, delete_means(server, cache)


async def _max_active(row: Dialect) -> object:
    return dialect.with_dialect_defaults(
        Server("x", "http://127.0.0.1:9/v1", dialect=row.name)
    ).max_active


async def outcome(status: int, body: Mapping[str, Any], spoken: str) -> CreateOutcome:
    """What a create comes to that is answered so, where the profile names this dialect."""
    with RawServer(replies(answer(status, body))) as server:
        async with client_of(at(server.url, dialect=spoken)) as client:
            return await client.create(REQUEST, None, "job-1")


async def _turns_away(row: Dialect) -> object:
    status, words = TURNED_AWAY[row.name]
    told = await outcome(status, {"detail": words}, row.name)
    return type(told).__name__, isinstance(told, Later) and told.is_proven


async def _cost(row: Dialect) -> object:
    answered = answer(200, clip(), **{"x-litellm-response-cost": "0.4"})
    with RawServer(replies(answered)) as server:
        async with client_of(at(server.url, dialect=row.name)) as client:
            taken = await client.create(REQUEST, None, "job-1")
    assert isinstance(taken, Accepted)
    return taken.video.cost


async def nested_parts(row: Dialect) -> tuple[list[str], bytes]:
    """An object with a list in it, as it stands in a form: the names of its parts, and all."""
    nested = {"lora": {"name": "x", "at": [1, 2]}}
    request = REQUEST._replace(params=nested)
    with RawServer(replies(answer(200, clip()))) as server:
        async with client_of(at(server.url, dialect=row.name, encoding="multipart")) as client:
            await client.create(request, None, "job-1")
        parts = server.requests[0].parts
        return sorted(name for name in parts if name.startswith("lora")), server.requests[0].body


async def _poll_floor(row: Dialect) -> object:
    return (await looked(row))[1]


async def _reference(row: Dialect) -> object:
    body = (await sent(row, PICTURE, encoding="json")).json
    return {name: value for name, value in body.items() if name not in {"prompt", "size"}}


async def _names_of_nested(row: Dialect) -> object:
    names, _body = await nested_parts(row)
    return names


async def _with_characters(row: Dialect) -> object:
    mossy = Character("Mossy", "char_1", "20261122-101530-aaaaaa")
    request = REQUEST._replace(characters=(mossy,))
    return (await sent(row, request=request)).headers["content-type"].partition(";")[0]


async def _with_a_clip(row: Dialect) -> object:
    clip = SourceFile("output/a.mp4", "00")
    request = REQUEST._replace(model="sora-2", operation="edit", source_file=clip)
    upload = Upload(b"clip", "video/mp4", "a.mp4", "output/a.mp4")
    return sorted((await sent(row, upload, request=request)).parts)


async def _second_clip(row: Dialect) -> object:
    with RawServer(replies(answer(404))) as server, pytest.raises(ServerError):
        await asyncio.to_thread(
            download_video_from_api,
            at(server.url, dialect=row.name),
            "v",
            Received(),
            output=1,
            on_body=lambda body: None,
            stop=threading.Event(),
            limit=10**6,
        )
    return [request.target for request in server.requests]


async def _endings(row: Dialect) -> object:
    words = ("failed", "cancelled", "canceled", "expired", "deleted", "error")
    videos = (read_video({"id": "v", "status": word}, row.final_words) for word in words)
    return [video.phase for video in videos if video is not None]


#: The behaviour that each field is for. A field that is not here is one nobody needs.
WITNESSES: Final[dict[str, Callable[[Dialect], Seen]]] = {
    "hosts": _hosts,
    "markers": _signs,
    "version_header": _version,
    "encoding": _encoding,
    "reference_field": _reference,
    "reference_form": _reference,
    "seconds_field": _seconds,
    "seconds_as_number": _seconds,
    "auth": _credentials,
    "bearer_without_key": _without_key,
    "query": _query,
    "capabilities": _abilities,
    "list_needs": _abilities,
    "delete_means": _delete_means,
    "repeats": _repeats,
    "runs_models": _runs_models,
    "nested": _names_of_nested,
    "cost_header": _cost,
    "max_active": _max_active,
    "turns_away": _turns_away,
    "poll_floor": _poll_floor,
    "output_fields": _second_clip,
    "characters_encoding": _with_characters,
    "upload_model_field": _with_a_clip,
    "final_words": _endings,
}


#: The value that each field has where a row does not say.
DEFAULTS: Final[Mapping[str, Any]] = Dialect._field_defaults

#: Every statement of the table: row and field.
SAID: Final = [
    (row.name, field)
    for row in DIALECTS.values()
    for field, default in DEFAULTS.items()
    if getattr(row, field) != default
]


def put(monkeypatch: pytest.MonkeyPatch, row: Dialect) -> None:
    """The table with another row of this name."""
    monkeypatch.setattr(dialect, "DIALECTS", {**DIALECTS, row.name: row})
    monkeypatch.setattr("sora_tui.client.probe.DIALECTS", {**DIALECTS, row.name: row})


@pytest.mark.parametrize(("name", "field"), SAID, ids=lambda word: str(word))
async def test_without_this_field_something_else_happens(
    name: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert field in WITNESSES, f"nothing shows what Dialect.{field} is for"
    row = DIALECTS[name]
    before = await WITNESSES[field](row)
    poorer = row._replace(**{field: DEFAULTS[field]})
    put(monkeypatch, poorer)
    assert await WITNESSES[field](poorer) != before


@pytest.mark.parametrize(
    ("name", "capability"),
    [(row.name, capability) for row in DIALECTS.values() for capability in row.capabilities],
    ids=lambda word: str(word),
)
async def test_each_ability_of_a_row_is_told(
    name: str, capability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = DIALECTS[name]
    before = await _abilities(row)
    rest = {other: can for other, can in row.capabilities.items() if other != capability}
    put(monkeypatch, row._replace(capabilities=rest))
    assert await _abilities(row) != before


@pytest.mark.parametrize(
    ("body", "header", "currency", "cost"),
    [
        ({}, "0.4", "USD", "0.4"),
        ({}, "0.0", "USD", None),  # said of a model without a price
        ({}, "0.4", "EUR", None),  # the profile counts in another currency
        ({}, "soon", "USD", None),
        ({"usage": {"cost": 0.3}}, "0.4", "USD", "0.3"),
        ({"usage": {"duration_seconds": 4}, "cost": "0.2"}, "", "USD", "0.2"),
        ({"usage": {"cost": None}, "cost": 0}, "", "USD", "0"),
    ],
)
async def test_what_a_server_says_it_charged(
    body: dict[str, Any], header: str, currency: str, cost: str | None
) -> None:
    answered = answer(200, {**clip(), **body}, **{"x-litellm-response-cost": header})
    with RawServer(replies(answered)) as server:
        async with client_of(at(server.url, dialect="litellm", currency=currency)) as client:
            taken = await client.create(REQUEST, None, "job-1")
    assert isinstance(taken, Accepted)
    assert taken.video.cost == (None if cost is None else Decimal(cost))


async def test_nested_values_stand_in_a_form_as_each_server_reads_them() -> None:
    names, body = await nested_parts(DIALECTS["openai"])
    assert names == ["lora[at][]", "lora[name]"]
    assert body.count(b'name="lora[at][]"') == 2
    names, body = await nested_parts(DIALECTS["vllm-omni"])
    assert names == ["lora"]
    assert b'{"name": "x", "at": [1, 2]}' in body


@pytest.mark.parametrize("name", [name for name, row in DIALECTS.items() if row.markers])
async def test_each_server_is_recognized_by_each_form_and_every_marker(name: str) -> None:
    evidence: set[str] = set()
    for shape in SHAPES[name]:
        probe_result = await found(shape)
        assert probe_result.dialect == name
        evidence |= set(probe_result.evidence)
    assert len(evidence) == len(DIALECTS[name].markers)


async def test_a_word_of_the_profile_is_taken_and_a_host_stands_above_it() -> None:
    assert (await found(SHAPES["sglang"][0], dialect="vllm-omni")).dialect == "vllm-omni"
    assert by_host("API.OpenAI.com") is DIALECTS["openai"]
    assert dialect_of(Server("x", "https://openrouter.ai/api/v1", dialect="sglang")).name == (
        "openrouter"
    )
    assert (
        dialect_of(Server("x", "https://lab.example.org/v1", dialect="klingon")).name == "generic"
    )


@pytest.mark.parametrize("spoken", DIALECTS)
async def test_words_that_turn_away_mean_the_same_through_every_gateway(spoken: str) -> None:
    status, words = TURNED_AWAY["aquiles"]
    # As LiteLLM 1.108.7 hands them on.
    wrapped = {
        "message": "litellm.ServiceUnavailableError: ServiceUnavailableError: OpenAIException - "
        f'{{"detail":"{words}"}}\n\nLiteLLM: model group \'aquiles\' failed with the error above.',
        "type": "internal_server_error",
        "param": None,
        "code": "503",
    }
    assert isinstance(await outcome(status, {"error": wrapped}, spoken), Later)
    status, words = TURNED_AWAY["vllm-omni"]
    told = await outcome(status, {"error": {"message": words, "code": 409}}, spoken)
    assert isinstance(told, Rejected)
    assert told.error.spent is Spent.NO
    assert words in told.error.message


#: What gateways say before they ask any server, and what it comes to.
OWN_WORDS: Final[list[tuple[int, str, type[CreateOutcome]]]] = [
    (
        429,
        "No deployments available for selected model, Try again in 5 seconds. Passed"
        " model=sora-2. pre-call-checks=False, cooldown_list=['4f2']",
        Later,
    ),
    (
        429,
        "Rate limit exceeded for api_key: 88dc. Limit type: requests. Current limit: 3,"
        " Remaining: 0. Limit resets at: 2026-11-30 10:00:00 UTC",
        Later,
    ),
    (429, "Max parallel request limit reached Hit limit for api_key: 3ec1. tpm_limit: 200", Later),
    (429, "Budget has been exceeded! Current cost: 5.0, Max budget: 1.0", Rejected),
    (400, "ExceededBudget: User=team over budget. Spend=20.1, Budget=20", Rejected),
    (503, "No available channel for model sora-2 under group default (distributor)", Later),
    (503, "当前分组 default 下对于模型 sora-2 无可用渠道", Later),
    (429, "You have reached the request limit: maximum 9 requests in 1 minutes", Later),
    (429, "您已达到总请求数限制：1分钟内最多请求9次，包括失败次数，请检查您的请求是否正确", Later),
]


@pytest.mark.parametrize(("status", "words", "comes_to"), OWN_WORDS)
async def test_what_a_gateway_refuses_before_it_asks_anybody_was_not_made(
    status: int, words: str, comes_to: type[CreateOutcome]
) -> None:
    told = await outcome(status, {"error": {"message": words, "code": str(status)}}, "generic")
    assert isinstance(told, comes_to)
    if isinstance(told, Later):
        assert told.is_proven


@pytest.mark.parametrize(("status", "words", "comes_to"), OWN_WORDS)
async def test_the_same_words_of_a_server_behind_a_gateway_prove_nothing(
    status: int, words: str, comes_to: type[CreateOutcome]
) -> None:
    """The gateway may have asked another server first, which made the video."""
    if status not in {429, 503} or comes_to is Rejected:
        return
    inner = json.dumps({"error": {"message": words}})
    behind = {"message": f"upstream said: {inner}", "code": "fail_to_fetch_task"}
    told = await outcome(status, {"error": behind}, "generic")
    assert isinstance(told, Unclear if status == 503 else Later)
    retried = f"{words} LiteLLM Retried: 2 times, LiteLLM Max Retries: 2"
    assert isinstance(await outcome(status, {"error": {"message": retried}}, "litellm"), Unclear)


@pytest.mark.parametrize("name", TURNED_AWAY)
async def test_the_same_words_under_another_status_leave_it_open(name: str) -> None:
    status, words = TURNED_AWAY[name]
    other = await outcome(status, {"detail": "conflict"}, name)
    assert isinstance(other, Unclear) or (isinstance(other, Later) and not other.is_proven)
    assert isinstance(await outcome(500, {"detail": words}, name), Unclear)


@pytest.mark.parametrize(
    ("status", "message", "missing"),
    [
        (405, "Method Not Allowed", True),
        (501, "whatever", True),
        (404, "Not Found", True),
        (404, "404 page not found", True),
        (404, "Invalid URL (POST /v1/videos/edits)", True),
        (404, "", True),
        (404, "Video with id 'video_1' not found.", False),
        (404, "Video not found", False),
        (400, "Not Found", False),
        (None, "Not Found", False),
    ],
)
def test_a_video_that_is_unknown_says_nothing_about_the_operation(
    status: int | None, message: str, missing: bool
) -> None:
    assert dialect.has_no_route(status, message) is missing


async def test_too_few_markers_name_no_server() -> None:
    probe_result = await found({"/v1/models": SHAPES["aquiles"][0]["/v1/models"]})
    assert (probe_result.dialect, probe_result.evidence) == ("generic", ())
    assert set(probe_result.can) == set(CAPABILITIES)


def test_a_profiles_own_settings_stand_above_its_dialect() -> None:
    own: dict[str, Any] = {
        "encoding": "multipart",
        "reference_field": "picture",
        "reference_form": "string",
        "auth": "none",
        "max_active": 7,
    }
    server = Server("x", "https://openrouter.ai/api/v1", query={"a": "b"})._replace(**own)
    done = dialect.with_dialect_defaults(server)
    assert {name: getattr(done, name) for name in own} == own
    azure = Server("x", "https://lab.openai.azure.com/openai/v1", query={"api-version": "v1"})
    assert dialect.with_dialect_defaults(azure).query == {"api-version": "v1"}


def test_a_profile_may_name_every_row_and_no_other() -> None:
    assert ("auto", *DIALECTS) == DIALECT_NAMES


@pytest.mark.parametrize("name", DIALECTS)
async def test_the_evidence_says_how_a_named_dialect_is_known(name: str) -> None:
    probe_result = await named(DIALECTS[name])
    assert probe_result.dialect == name
    assert probe_result.evidence == (f"the profile says {name}",)


async def test_a_known_host_is_its_own_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, DIALECTS["new-api"]._replace(hosts=frozenset({"127.0.0.1"})))
    probe_result = await found({}, dialect="sglang")
    assert (probe_result.dialect, probe_result.evidence) == ("new-api", ("host 127.0.0.1",))
