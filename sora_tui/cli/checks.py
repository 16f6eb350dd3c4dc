"""The report on this machine and a server: one line each, and the worst exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.core.problem import Problem
from sora_tui.core.server import Server
from sora_tui.engine.probe_server import probe_server
from sora_tui.engine.quote import default_quote
from sora_tui.i18n.probe_result import Line, Symbol, probe_lines
from sora_tui.i18n.problems import sentences

#: Problems that are shown without an exit code: everything works all the same.
_WARNINGS: Final = frozenset(
    {"env_readable", "env_unread", "profile_unknown", "settings_unreadable"}
)


class Check(NamedTuple):
    """One line of the report; `name` is English and stable, for `--json`.

    Attributes:
        value: The result itself, for `--json`; `detail` where there is no other.
        advice: What to do about it, where no problem says so.
    """

    name: str
    detail: str
    problem: Problem | None = None
    symbol: Symbol | None = None
    value: object = None
    advice: str = ""


def report(checks: Iterable[Check], console: Console) -> int:
    """Print each check as it comes, and return the worst exit code."""
    codes = []
    for check in checks:
        why = check.problem
        is_warning = why is not None and check.name == "warning" and why.code in _WARNINGS
        sign = check.symbol or ("ok" if why is None else "!" if is_warning else "x")
        console.document(
            {
                "check": check.name,
                "ok": why is None and sign != "x",
                "sign": sign,
                "detail": check.detail,
                "value": check.value,
                "problem": None if why is None else {"code": why.code, "facts": dict(why.facts)},
            }
        )
        console.result(f"{sign:<3}{check.name:<12}{check.detail}".rstrip())
        if why is not None:
            said = sentences(why)
            # The line of the check says already what happened.
            happened = "" if said.happened == check.detail else f"{said.happened} "
            console.result(f"{'':<15}{happened}{said.next}")
            if not is_warning:
                codes.append(exits.BY_PROBLEM[why.code])
        elif check.advice:
            console.result(f"{'':<15}{check.advice}")
    return exits.worst(codes)


def server_checks(server: Server, shown: Mapping[str, bool] | None = None) -> Iterator[Check]:
    """Yield what a server is, what works there and what does not; only free questions are asked.

    Args:
        server: The server to check.
        shown: What working with it in this folder has shown, for facts that no question finds out.
    """
    found = probe_server(server)
    if shown and found.reached:
        can = {name: shown.get(name) if told is None else told for name, told in found.can.items()}
        means = "none" if can["delete"] is False else found.delete_means
        found = found._replace(can=can, delete_means=means)
    yield from map(check_of, probe_lines(server, found, default_quote(server)))


def check_of(line: Line) -> Check:
    """Return a line about a server or a terminal as a check."""
    return Check(line.name, line.words, line.problem, line.symbol, line.value, line.advice)
