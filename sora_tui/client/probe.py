"""Finds out which server this is and what it can, with GETs only: nothing is made or paid."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import uuid4

from sora_tui.client.decode import read_json, refusal_in, retry_after
from sora_tui.client.dialect import (
    DIALECTS,
    ENOUGH,
    GENERIC,
    Dialect,
    Marker,
    Probe,
    by_host,
    can_list,
)
from sora_tui.client.response import NoResponseError, NotSentError, Response
from sora_tui.client.videos import is_key_refusal, model_names
from sora_tui.core.probe_result import CAPABILITIES, Capability, KeyStatus, ProbeResult
from sora_tui.core.problem import Problem, problem
from sora_tui.core.server import Server, sending_refusal
from sora_tui.core.text import clean, clean_line

#: Bytes of an answer that are read: a gateway may list hundreds of models.
_PROBED: Final = 256 * 1024
#: The route of a request, as a refusal may name it.
_ROUTE: Final = re.compile(r"/videos[^\s\"')]*")
#: How web servers say that they have no such route: OpenAI, Express, Go, gateways.
_NO_ROUTE: Final = re.compile(r"invalid url|cannot get|no route|page not found", re.IGNORECASE)
#: Statuses by which a server says that it has no list (videos-api, divergence 16).
NO_LIST: Final = frozenset({400, 404, 405, 422, 501})


#: Beginnings of headers that something before the server adds (RFC 9110, 7.6.3; caches, meshes and
#: gateways).
_PROXY_HEADERS: Final = (
    "via",
    "x-cache",
    "x-served-by",
    "x-envoy-",
    "x-kong-",
    "cf-",
    "x-amz-cf-",
    "x-vercel-",
    "x-portkey-",
    "helicone-",
    "x-bifrost-",
    "x-upstream-",
    "x-litellm-",
    "x-oneapi-",
    "x-new-api-",
    "x-powered-by",
    "forwarded",
    "x-amzn-",
    "x-ratelimit-",
    "openai-",
)
#: What `Server` names where a server that runs its models answers itself.
_OWN_SERVERS: Final = ("uvicorn", "hypercorn", "granian", "gunicorn", "python")
#: Beginnings of names of models that are sold and never given away to be run.
_SOLD_MODELS: Final = (
    *("sora-", "veo-", "veo2", "veo3", "kling", "gen-3", "gen3", "gen-4", "gen4", "runway"),
    *("ray-2", "ray2", "luma", "dream-machine", "pika", "hailuo", "minimax", "t2v-01", "i2v-01"),
    *("seedance", "doubao", "amazon.", "nova-reel", "gpt-", "dall-e", "vidu", "pixverse"),
)
#: Vendors that do not let their models be run by others: gateways write their names before a
#: model's.
_SELLERS: Final = frozenset(
    {
        *("openai", "azure", "azure_ai", "google", "gemini", "vertex", "vertex_ai", "bedrock"),
        *("amazon", "anthropic", "runway", "runwayml", "kling", "kwaivgi", "luma", "pika"),
        *("fal", "fal_ai", "fal-ai", "replicate", "openrouter", "minimax", "volcengine", "xai"),
    }
)


class _Question(NamedTuple):
    path: str
    query: Mapping[str, str]
    at_root: bool = False


def _questions() -> dict[Probe, _Question]:
    return {
        "models": _Question("/models", {}),
        "list": _Question("/videos", {"limit": "1"}),
        # An id that does not exist: the shape of the answer is what counts.
        "unknown": _Question(f"/videos/video_{uuid4().hex}", {}),
        # For all but servers like OpenRouter, this is another id that does not exist.
        "video models": _Question("/videos/models", {}),
        "health_": _Question("/health", {}, at_root=True),
        "version_": _Question("/version", {}, at_root=True),
        "liveliness_": _Question("/health/liveliness", {}, at_root=True),
        "system_stats_": _Question("/system_stats", {}, at_root=True),
        "proxy_": _Question("/api/v2/health", {}, at_root=True),
    }


async def run_probe(server: Server, timeout: float = 10.0) -> ProbeResult:  # noqa: ASYNC109, C901 -- which question follows from which answers, in one place  # noqa: C901 -- which question follows from which answers, in one place
    """Ask a server a few free questions, and derive from the answers what it is.

    A server that is known by its host, or whose profile names its dialect, is asked only what is
    then still open.

    Args:
        server: With a real http(s) address, never `simulator:`.
        timeout: Seconds for all questions together; what is not answered by then is not known.

    Raises:
        ProblemError: base_url_invalid, config_invalid, or key_missing from a key command.
    """
    # The key must not be sent unencrypted, nor a question that needs a key which is missing.
    if (why := sending_refusal(server)) is not None:
        return ProbeResult("generic", problem=why)
    told = DIALECTS.get(server.dialect) if server.dialect != "auto" else None
    known = by_host(server.host) or told
    from sora_tui.client.transport import Wire  # as in videos.py

    wire = Wire(server)
    answers: dict[Probe, Response] = {}
    faults: list[NotSentError | NoResponseError] = []
    questions = _questions()

    async def ask(*probes: Probe) -> None:
        async def one(probe: Probe) -> None:
            asked = questions[probe]
            try:
                answers[probe] = await wire.call(
                    "GET", asked.path, asked.query, _PROBED, at_root=asked.at_root
                )
            except (NotSentError, NoResponseError) as fault:
                faults.append(fault)

        await asyncio.gather(*(one(probe) for probe in probes))

    began = time.monotonic()
    milliseconds: float | None = None
    try:
        async with asyncio.timeout(timeout):
            # LiteLLM, asked for an unknown id, asks api.openai.com in turn: recognize it first.
            await ask("models", "liveliness_")
            milliseconds = (time.monotonic() - began) * 1000
            if answers:
                is_open = known is None and _best(answers)[0] is GENERIC
                more: tuple[Probe, ...] = ()
                if is_open:
                    more = ("unknown", "video models", "health_")
                await ask("list", "version_", *more)
                if is_open and _nothing_there(server, answers) is not None:
                    await ask("system_stats_", "proxy_")
    except TimeoutError:
        pass
    finally:
        await wire.aclose()
    if not answers:
        kind, message = "server_unreachable", ""
        if faults:
            kind, message = faults[0].kind, clean_line(faults[0], 300)
        return ProbeResult("generic", problem=problem(kind, host=server.host, message=message))
    row, evidence = _best(answers)
    if known is not None:
        row, evidence = known, (_why_known(server, known),)
    return _findings(server._replace(dialect=row.name), row, evidence, answers, milliseconds)


def _why_known(server: Server, row: Dialect) -> str:
    if by_host(server.host) is row:
        return clean_line(f"host {server.host}")
    return f"the profile says {row.name}"


def _best(answers: Mapping[Probe, Response]) -> tuple[Dialect, tuple[str, ...]]:
    """Return the row with the most weight, if it is enough; of equals the first, a gateway's."""
    best, best_weight = GENERIC, ENOUGH - 1
    evidence: tuple[str, ...] = ()
    for row in DIALECTS.values():
        seen = _seen(row, answers)
        weight = sum(marker.weight for marker in seen)
        if weight > best_weight:
            best, best_weight, evidence = row, weight, tuple(map(_evidence, seen))
    return best, evidence


def _seen(row: Dialect, answers: Mapping[Probe, Response]) -> list[Marker]:
    return [
        marker
        for marker in row.markers
        if marker.probe in answers
        and marker.shows(answers[marker.probe].headers, _text(answers[marker.probe]))
    ]


def _runs_models(row: Dialect, answers: Mapping[Probe, Response]) -> bool:
    """Return whether this server runs its models itself, and nothing points to a gateway.

    A gateway may pass on the answers of such a server: then it shows markers of its own or headers
    of a proxy, or its list has models of other owners or several vendors.
    """
    gateways = (other for other in DIALECTS.values() if not other.runs_models)
    if not row.runs_models or any(
        sum(marker.weight for marker in _seen(other, answers)) >= ENOUGH for other in gateways
    ):
        return False
    listed = _document(answers["models"]) if "models" in answers else None
    models = listed.get("data") if isinstance(listed, Mapping) else None
    rows = [model for model in models or () if isinstance(model, Mapping)]
    owners = {str(model.get("owned_by")) for model in rows}
    vendors = {vendor for row in rows if (vendor := _vendor(str(row.get("id"))))}
    names = {name for answer in answers.values() for name in answer.headers}
    is_proxied = any(name.lower().startswith(_PROXY_HEADERS) for name in names) or not all(
        _is_own_server(answer.headers) for answer in answers.values()
    )
    ids = [str(row.get("id")).casefold() for row in rows]
    sold = {begin for begin in _SOLD_MODELS for id in ids if id.startswith(begin)}
    # One such name alone may be what a person calls a model of their own.
    is_sold = len(sold) > 1 or any("pricing" in row for row in rows)
    is_one = len(owners) <= 1 and len(vendors) <= 1
    return is_one and not (vendors & _SELLERS or is_proxied or is_sold)


def _is_own_server(headers: Mapping[str, str]) -> bool:
    """Return whether `Server` names nothing that stands before a server of models."""
    named = next((value for name, value in headers.items() if name.lower() == "server"), "")
    return not named or named.casefold().startswith(_OWN_SERVERS)


def _vendor(model: str) -> str:
    """Return the vendor in a model's name (`Wan-AI/Wan2.2`); empty where there is none."""
    vendor, slash, _name = model.strip("/").partition("/")
    return vendor.casefold() if slash and not model.startswith(("/", ".")) else ""


def _evidence(marker: Marker) -> str:
    where = f"GET {marker.probe.rstrip('_')}"
    return f"{where}: header {marker.header}" if marker.header else f"{where}: {marker.body}"


def _findings(
    server: Server,
    row: Dialect,
    evidence: tuple[str, ...],
    answers: Mapping[Probe, Response],
    milliseconds: float | None,
) -> ProbeResult:
    can: dict[Capability, bool | None] = {
        capability: row.can(capability) for capability in CAPABILITIES
    }
    can["list"] = can_list(server)
    if (listed := _has_list(answers)) is not None:
        can["list"] = listed
    key, why = _key(server, answers)
    missing = _nothing_there(server, answers)
    return ProbeResult(
        row.name,
        evidence=evidence,
        reached=True,
        milliseconds=milliseconds,
        key=key,
        version=_version(row, answers),
        models=model_names(answers["models"]) if "models" in answers else (),
        can=can,
        delete_means=row.delete_means,
        repeats=row.repeats,
        problem=why or _busy(answers) or missing,
        no_routes=missing is not None and _says_no_route(answers),
        runs_models=_runs_models(row, answers),
        retry_after=max(
            (
                wait
                for answer in answers.values()
                if answer.status >= 400 and (wait := retry_after(answer.headers)) is not None
            ),
            default=None,
        ),
    )


def _has_list(answers: Mapping[Probe, Response]) -> bool | None:
    answer = answers.get("list")
    if answer is None or is_key_refusal(answer):
        return None
    if answer.status in NO_LIST:
        return False
    document = _document(answer)
    rows = document.get("data") if isinstance(document, Mapping) else document
    return True if 200 <= answer.status < 300 and isinstance(rows, list) else None


def _key(server: Server, answers: Mapping[Probe, Response]) -> tuple[KeyStatus, Problem | None]:
    """Return what happens to the key at the routes that need one."""
    asked = [answers[probe] for probe in ("models", "list", "unknown") if probe in answers]
    for answer in asked:
        if is_key_refusal(answer):
            said = clean(refusal_in(answer.body).message, 400)
            return "refused", problem("key_refused", message=said, status=answer.status)
    if server.key is None or server.auth == "none":
        return "none", None
    return ("accepted" if any(answer.status < 300 for answer in asked) else "unknown"), None


def _busy(answers: Mapping[Probe, Response]) -> Problem | None:
    """Return the problem of a server that refuses everything for now, although it is there."""
    statuses = {answer.status for answer in answers.values()}
    if statuses <= {429, 502, 503, 504}:
        return problem("server_busy", status=max(statuses))
    return None


def _nothing_there(server: Server, answers: Mapping[Probe, Response]) -> Problem | None:
    """Return the problem of a missing route, most often a missing `/v1`.

    It is recognized by the same refusal for the list and for a video. Some servers name the route
    in their refusal; that does not count as a difference.
    """
    listed, unknown = answers.get("list"), answers.get("unknown")
    if listed is None or unknown is None:
        return None
    refusals = [_ROUTE.sub("", _text(answer)) for answer in (listed, unknown)]
    if refusals[0] != refusals[1] or "video" in refusals[1].lower():
        return None
    if listed.status != unknown.status or listed.status not in {404, 405}:
        return None
    facts = {"base_url": server.base_url}
    if other := _other_service(answers):
        facts["what"] = other
    return problem("videos_missing", **facts)


def _says_no_route(answers: Mapping[Probe, Response]) -> bool:
    """Return whether the refusals say for certain that the route is missing."""
    if _other_service(answers):
        return True
    return all(_NO_ROUTE.search(_text(answers[probe])) for probe in ("list", "unknown"))


def _other_service(answers: Mapping[Probe, Response]) -> str:
    """Return the name of a service that makes videos in another way; empty if it is none."""
    if "system_stats_" in answers and "comfyui_version" in _text(answers["system_stats_"]):
        return "ComfyUI"
    if "proxy_" in answers and '"upstream"' in _text(answers["proxy_"]):
        return "comfy-api-proxy"
    return ""


def _version(row: Dialect, answers: Mapping[Probe, Response]) -> str | None:
    if row.version_header:
        for answer in answers.values():
            if named := clean_line(answer.headers.get(row.version_header, ""), 60):
                return named
    document = _document(answers["version_"]) if "version_" in answers else None
    said = document.get("version") if isinstance(document, Mapping) else None
    return (clean_line(said, 60) or None) if isinstance(said, str) else None


def _document(answer: Response) -> object:
    try:
        return read_json(answer.body)
    except ValueError:
        return None


def _text(answer: Response) -> str:
    return re.sub(r"\s+", " ", answer.body[:_PROBED].decode("utf-8", "replace"))
