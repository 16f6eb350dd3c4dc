"""The result of a probe in words: a line for each fact, with advice where there is any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

from sora_tui.core.price import Price, PriceKind
from sora_tui.core.probe_result import Capability, DeleteMeans, KeyStatus, ProbeResult
from sora_tui.core.problem import Problem
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.i18n.formatting import money, semicolons
from sora_tui.i18n.problems import sentences
from sora_tui.i18n.reasons import reason_words

#: Works; missing, which is no fault; not known; wrong.
Symbol = Literal["ok", "-", "?", "!", "x"]

#: Most models that are named; the others are counted.
_NAMED: Final = 4
_OPERATIONS: Final[tuple[tuple[Capability, str], ...]] = (
    ("remix", N_("remix")),
    ("edit", N_("edit")),
    ("extend", N_("extend")),
    ("character", N_("characters")),
    ("thumbnail", N_("thumbnails")),
)
_DELETE: Final[dict[DeleteMeans, tuple[Symbol, str]]] = {
    "deletes": ("ok", N_("delete: yes, job and file")),
    "cancels": ("ok", N_("delete: yes, and a running job is stopped")),
    "forgets": ("ok", N_("delete: it only forgets the job, which runs on")),
    "none": ("-", N_("delete: no")),
    "unknown": ("?", N_("delete: not known")),
}


class Line(NamedTuple):
    """One fact about a server.

    Attributes:
        name: English and stable, for `--json`.
        value: The fact itself, for `--json`.
        words: For a person.
        advice: What to do about it; empty where nothing is to be done.
        problem: Why the server cannot be used.
    """

    name: str
    symbol: Symbol
    value: object
    words: str
    advice: str = ""
    problem: Problem | None = None


def probe_lines(server: Server, found: ProbeResult, price: Price) -> Iterator[Line]:
    """Yield everything about a server, the most important first.

    Args:
        server: The server that was asked.
        found: What its answers showed.
        price: The price of a usual clip there.
    """
    why = found.problem
    if why is not None:
        said = sentences(why)
        yield Line("problem", "x", why.code, said.happened, said.next, why)
    if not found.reached:
        return
    if found.milliseconds is not None:
        ms = round(found.milliseconds)
        yield Line("reach", "ok", ms, _("reached in {ms} ms").format(ms=ms))
    yield _key(server, found)
    if why is not None and why.code in {"key_refused", "videos_missing"}:
        return  # without an answer it is not known what the server can do
    yield _dialect(server, found)
    yield _models(found)
    yield _list(found)
    sign, words = _DELETE[found.delete_means]
    advice = _("delete removes the record here; the server keeps its own") if sign == "-" else ""
    yield Line("delete", sign, found.delete_means, _(words), advice)
    for ability, name in _OPERATIONS:
        can = found.can.get(ability)
        words = _("{what}: {rest}").format(what=_(name), rest=_yes_or_no(can))
        yield Line(ability, _symbol(can), can, words)
    if found.repeats:
        words = _("repeats: it may send a create that failed on again; each may be billed")
        advice = _("num_retries: 0 in its own settings ends that; it cannot be seen from here")
        yield Line("repeats", "?", None, words, advice)
    yield _price(server, price, found)
    if urlsplit(server.base_url).scheme == "http" and not server.is_loopback:
        words = _("the way is not encrypted: others on it can read prompt and key")
        yield Line("encrypted", "-", False, words, _("allowed in the profile (allow_http)"))


def _key(server: Server, found: ProbeResult) -> Line:
    words = {
        "accepted": _("key accepted"),
        "refused": _("key refused"),
        "none": _("no key is sent"),
        "unknown": _("key: not asked for by anything that is free"),
    }[found.key]
    signs: dict[KeyStatus, Symbol] = {
        "accepted": "ok",
        "refused": "x",
        "none": "ok",
        "unknown": "?",
    }
    sign = signs[found.key]
    advice = ""
    if found.key == "refused" and server.key_from is not None:
        advice = _("it is from {source}").format(source=clean_line(server.key_from))
    elif found.key == "refused":
        advice = _("name the variable that holds it: sora-tui servers edit {name} --api-key-env")
        advice = advice.format(name=clean_line(server.name))
    return Line("key", sign, found.key, words, advice)


def _dialect(server: Server, found: ProbeResult) -> Line:
    words = _("speaks {dialect}").format(dialect=clean_line(found.dialect))
    if found.version:
        words += f"  {clean_line(found.version, 40)}"
    sign: Symbol = "?" if found.dialect == "generic" else "ok"
    if server.dialect not in {"auto", found.dialect}:
        advice = _("the profile says {dialect}").format(dialect=clean_line(server.dialect))
    elif found.dialect == "generic":
        advice = _("no server that is known by its signs; --dialect names it, or use shows it")
    else:
        seen = semicolons(reason_words(clean_line(sign, 80)) for sign in found.evidence[:2])
        advice = _("known by: {evidence}").format(evidence=seen) if seen else ""
    return Line("dialect", sign, found.dialect, words, advice)


def _models(found: ProbeResult) -> Line:
    models = found.models
    if not models:
        words, advice = _("models: not told"), _("leave the model empty, or name the one you serve")
        return Line("models", "?", [], words, advice)
    named = ", ".join(models[:_NAMED]) + (", ..." if len(models) > _NAMED else "")
    count = ngettext("{count} model", "{count} models", len(models)).format(count=len(models))
    words = _("{what}: {rest}").format(what=count, rest=named)
    return Line("models", "ok", list(models), words)


def _list(found: ProbeResult) -> Line:
    can = found.can.get("list")
    advice = {
        True: _("lost answers are looked for; jobs made elsewhere can be adopted"),
        False: _("a lost answer cannot be looked for; adopt a job by its id"),
        None: "",
    }[can]
    return Line("list", _symbol(can), can, _("list: {can}").format(can=_yes_or_no(can)), advice)


def _price(server: Server, price: Price, found: ProbeResult) -> Line:
    if price.kind is PriceKind.FREE:
        return Line("price", "ok", "free", _("price: free"))
    if price.per_second is not None:
        sum = money(price.per_second, price.currency)
        words = _("price: {sum} a second").format(sum=sum)
        return Line("price", "ok", str(price.per_second), words)
    advice = _("it runs its models itself, on this machine: nothing is asked")
    if not (server.is_loopback and found.runs_models):
        advice = _("you are asked before the first clip; sora-tui servers edit --price states it")
    return Line("price", "?", None, _("price: not stated"), advice)


def _symbol(can: bool | None) -> Symbol:
    return "?" if can is None else "ok" if can else "-"


def _yes_or_no(can: bool | None) -> str:
    return _("not known") if can is None else _("yes") if can else _("no")
