"""`sora-tui servers`: list, add, change, test, choose or remove profiles."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sora_tui.cli import exits
from sora_tui.cli.arguments import add_everywhere, examples, whole_number
from sora_tui.cli.checks import report, server_checks
from sora_tui.cli.consent import question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.table import aligned
from sora_tui.config.paths import saved_servers_path, user_toml_path
from sora_tui.config.saved_servers import (
    check_profile,
    remove_profile,
    saved_table,
    set_default,
    write_profile,
)
from sora_tui.config.settings import Settings, reloaded
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.server import SIMULATOR_NAME, Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.answers import is_yes
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History

#: Option -> setting of a profile, for settings that are text.
_TEXTS: Final[Mapping[str, str]] = {
    "url": "base_url",
    "dialect": "dialect",
    "auth": "auth",
    "api_key_env": "api_key_env",
    "api_key_command": "api_key_command",
    "model": "default_model",
    "size": "default_size",
    "seconds": "default_seconds",
    "currency": "currency",
}


EXAMPLES: Final = (
    "sora-tui servers",
    "sora-tui servers add team-gw https://gw.example.org/v1 --api-key-env TEAM_KEY",
    "sora-tui servers test team-gw",
    "sora-tui servers use team-gw",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    actions = command.add_subparsers(dest="action", metavar=_("ACTION"), title=_("actions"))

    def action(name: str, help: str, *lines: str) -> argparse.ArgumentParser:
        command = actions.add_parser(name, help=help, description=help, epilog=examples(*lines))
        add_everywhere(command, first=False)
        command.add_argument("name", metavar=_("NAME"), help=_("of the profile"))
        return command

    adding = action(
        "add",
        _("Write a profile into a file of ours. A key is never written: name where it is found."),
        "sora-tui servers add lab http://127.0.0.1:8000/v1 --free --default",
        "sora-tui servers add team-gw https://gw.example.org/v1 --api-key-env TEAM_KEY",
        "sora-tui servers add gw https://gw.example.org/v1 --api-key-command 'pass show gw'",
    )
    adding.add_argument("url", metavar="URL", help=_("whole, mostly up to /v1"))
    editing = action(
        "edit",
        _("Change a profile that was added here; an empty value takes a setting out."),
        "sora-tui servers edit team-gw --price sora-2=0.10 --model sora-2",
        "sora-tui servers edit lab --url http://127.0.0.1:9000/v1",
    )
    editing.add_argument("--url", metavar="URL", help=_("whole, mostly up to /v1"))
    for command in (adding, editing):
        _profile_options(command)
    action(
        "test",
        _("Ask a server free questions: what it is, what works there, what does not."),
        "sora-tui servers test team-gw",
        "sora-tui servers test team-gw --json",
    )
    action(
        "use",
        _("Send to this server from now on, where nothing else says which."),
        "sora-tui servers use team-gw",
        "sora-tui servers use simulator",
    )
    removing = action(
        "remove",
        _("Forget a profile that was added here. Jobs that were sent there stay."),
        "sora-tui servers remove lab",
    )
    removing.add_argument("--yes", action="store_true", help=_("do not ask"))


def _profile_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dialect", metavar="D", help=_("which server it is; auto finds out (auto)")
    )
    command.add_argument("--auth", metavar="A", help=_("bearer, api-key or none"))
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--api-key-env", metavar=_("VARIABLE"), help=_("the variable that holds the key")
    )
    source.add_argument(
        "--api-key-command",
        metavar=_("COMMAND"),
        help=_("a command that prints the key (a password manager); run without a shell"),
    )
    command.add_argument("--model", metavar=_("NAME"), help=_("any model the server knows"))
    command.add_argument("--seconds", metavar="N", help=_("length of the clip"))
    command.add_argument("--size", metavar="WxH", help=_("width x height in pixels"))
    command.add_argument(
        "--price",
        action="append",
        metavar=_("[MODEL=]X"),
        help=_("what a second costs; without MODEL for every one, MODEL@720p for one size"),
    )
    command.add_argument("--currency", metavar="C", help=_("of the prices (USD)"))
    yes_or_no = argparse.BooleanOptionalAction
    command.add_argument("--free", action=yes_or_no, default=None, help=_("it charges nothing"))
    command.add_argument(
        "--allow-http",
        action=yes_or_no,
        default=None,
        help=_("prompt and key may cross a network you trust in clear"),
    )
    command.add_argument(
        "--max-active", type=whole_number, metavar="N", help=_("send at most N jobs at once")
    )
    command.add_argument(
        "--header", action="append", metavar="K=V", help=_("goes along with every request; no key")
    )
    command.add_argument(
        "--query", action="append", metavar="K=V", help=_("added to every address; no key")
    )
    command.add_argument("--default", action="store_true", help=_("use it from now on"))


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Run the subcommand of `servers`; without one, list the profiles.

    Raises:
        ProblemError: profile_unknown, profile_exists, profile_elsewhere, config_invalid,
            base_url_insecure or folder_not_writable; nothing was written then.
    """
    match args.action:
        case "add":
            return _add(args, settings, console)
        case "edit":
            return _edit(args, settings, console)
        case "test":
            return report(server_checks(_known(args.name, settings)), console)
        case "use":
            return _use(args, settings, console)
        case "remove":
            return _remove(args, settings, console)
        case _:
            return _list(settings, console)


def _list(settings: Settings, console: Console) -> int:
    rows = []
    for name, server in sorted(settings.servers.items()):
        place = settings.profile_files.get(name, "")
        console.document(_document(server, settings))
        rows.append(
            (
                "*" if name == settings.server.name else "",
                clean_line(name, 40),
                _("practice, nothing is charged") if server.simulated else server.base_url,
                server.dialect,
                _key_words(server),
                place or _("built in"),
            )
        )
    heads = ("", _("NAME"), _("ADDRESS"), _("DIALECT"), _("KEY"), _("WRITTEN IN"))
    for line in aligned([heads, *rows]):
        console.result(line)
    console.note(_("* gets the next clip. Add one: sora-tui servers add NAME URL"))
    return exits.DONE


def _add(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    name = args.name
    if settings.profile_files.get(name) == str(saved_servers_path()):
        raise problem_error("profile_exists", name=name)
    return _keep(name, _changed({}, args), args, settings, console)


def _edit(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    name = args.name
    _known(name, settings)
    place = settings.profile_files.get(name, _("built in"))
    if place != str(saved_servers_path()):
        raise problem_error("profile_elsewhere", name=name, path=place)
    return _keep(name, _changed(saved_table(name), args), args, settings, console)


def _keep(
    name: str, table: dict[str, Any], args: argparse.Namespace, settings: Settings, console: Console
) -> int:
    try:
        check_profile(name, table, os.environ, settings.profile_files)
    except ProblemError as error:
        facts = dict(error.problem.facts)
        if error.problem.code == "config_invalid":
            facts["key"] = _option_of(str(facts["key"]))
        raise ProblemError(replace(error.problem, facts=facts)) from None
    write_profile(name, table, default=args.default)
    fresh = reloaded(settings, os.environ)
    server = fresh.servers[name]
    console.document(_document(server, fresh))
    path = saved_servers_path()
    console.result(_("{name} is kept in {path}").format(name=name, path=path))
    if server.lacks_key:
        variable = clean_line(server.key_from)
        console.note(
            _("{variable} is not set here: export it, or put it into .env.").format(
                variable=variable
            )
        )
    console.note(_("See what it is and can: sora-tui servers test {name}").format(name=name))
    if args.default:
        _say_what_outranks(name, settings, console)
    else:
        console.note(_("Choose it from now on: sora-tui servers use {name}").format(name=name))
    return exits.DONE


def _option_of(setting: str) -> str:
    """Return the option of this subcommand that sets a setting of a profile."""
    options = {written: option for option, written in _TEXTS.items()}
    options |= {"headers": "header", "prices": "price", "name": "NAME"}
    option = options.get(setting, setting)
    return option if option.isupper() else f"--{option.replace('_', '-')}"


def _use(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    name = _known(args.name, settings).name
    place = settings.profile_files.get(name, "")
    if name != SIMULATOR_NAME and place not in {str(saved_servers_path()), str(user_toml_path())}:
        # It exists in this workspace or with this variable only: elsewhere no start would work.
        raise problem_error("profile_elsewhere", name=name, path=place)
    set_default(name)
    console.document({"event": "default", "name": name, "path": str(saved_servers_path())})
    console.result(_("{name} gets the next clip.").format(name=name))
    _say_what_outranks(name, settings, console)
    return exits.DONE


def _remove(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    name = _known(args.name, settings).name
    place = settings.profile_files.get(name, _("built in"))
    if place != str(saved_servers_path()):
        raise problem_error("profile_elsewhere", name=name, path=place)
    server = settings.servers[name]
    going = _unfinished(settings, server)
    if not args.yes:
        ask = question_on_terminal()
        if ask is None:
            console.note(_("Without a terminal to ask on, removing needs --yes."))
            return exits.WRONG_USE
        question = _("Remove {name} ({url})? y remove, any other answer: no")
        question = question.format(name=name, url=server.base_url)
        if not is_yes(ask("\n".join((*_left_behind(going), question)))):
            console.note(_("Nothing was removed."))
            return exits.WRONG_USE
    remove_profile(name, settings.profile_files)
    console.document({"event": "removed", "name": name, "unfinished": going})
    console.result(_("{name} is removed.").format(name=name))
    for line in _left_behind(going) if args.yes else ():
        console.note(line)
    return exits.DONE


def _unfinished(settings: Settings, server: Server) -> int:
    """Return how many jobs of this workspace wait for this server."""
    history = History(open_folder(settings.workspace))
    try:
        return sum(job.server.profile == server.name for job in history.active())
    finally:
        history.close()


def _left_behind(going: int) -> tuple[str, ...]:
    if not going:
        return ()
    return (
        ngettext(
            "{count} unfinished job of it here waits until a profile has its address again.",
            "{count} unfinished jobs of it here wait until a profile has its address again.",
            going,
        ).format(count=going),
    )


def _say_what_outranks(name: str, settings: Settings, console: Console) -> None:
    from sora_tui.config.settings import load_settings

    now = load_settings(workspace=settings.workspace, server=None, environ=os.environ)
    if now.server.name != name:
        console.note(
            _("Not here, though: {what} says {other}.").format(
                what=now.chosen_by, other=clean_line(now.server.name)
            )
        )


def _known(name: str, settings: Settings) -> Server:
    return settings.on(name).server


def _changed(before: Mapping[str, Any], args: argparse.Namespace) -> dict[str, Any]:  # noqa: C901 -- one step a setting, each of one line
    """Return a profile's settings with the options applied; an empty value removes a setting."""
    table = dict(before)
    for option, setting in _TEXTS.items():
        said = getattr(args, option)
        if said == "":
            table.pop(setting, None)
        elif said is not None:
            table[setting] = said
    if args.api_key_env:
        table.pop("api_key_command", None)
    if args.api_key_command:
        table.pop("api_key_env", None)
    if args.price:
        table["prices"] = _prices(args.price)
    for option in ("header", "query"):
        if words := getattr(args, option):
            name = {"header": "headers"}.get(option, option)
            table[name] = {**table.get(name, {}), **dict(_pair(word, option) for word in words)}
    for option in ("free", "allow_http", "max_active"):
        if (said := getattr(args, option)) is not None:
            table[option] = said
    return table


def _prices(words: Sequence[str]) -> dict[str, str | dict[str, str]]:
    """Return prices per second: `sora-2=0.10`, `0.10` for any model, `pro@720p=0.30` for a size."""
    by_size: dict[str, dict[str, str]] = {}
    for word in words:
        name, _equals, price = word.rpartition("=")
        model, _at, size = name.partition("@")
        by_size.setdefault(model or "*", {})[size or "*"] = price
    return {
        model: sizes["*"] if sizes.keys() == {"*"} else sizes for model, sizes in by_size.items()
    }


def _pair(word: str, option: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name or not value:
        raise problem_error("config_invalid", key=f"--{option}", reason="write NAME=VALUE")
    return name, value


def _document(server: Server, settings: Settings) -> dict[str, Any]:
    """Return a profile for JSON output: never a key, and of headers only their names."""
    return {
        "name": server.name,
        "base_url": server.base_url,
        "dialect": server.dialect,
        "auth": server.auth,
        "key": _key_state(server),
        "key_from": server.key_from,
        "headers": sorted(server.headers),
        "query": sorted(server.query),
        "allow_http": server.allow_http,
        "free": server.free,
        "prices": {
            model: str(prices["*"])
            if prices.keys() == {"*"}
            else {size: str(price) for size, price in prices.items()}
            for model, prices in server.prices.items()
        },
        "currency": server.currency,
        "model": server.model,
        "size": server.size,
        "seconds": server.seconds,
        "max_active": server.max_active,
        "chosen": server.name == settings.server.name,
        "written_in": settings.profile_files.get(server.name),
    }


def _key_state(server: Server) -> str:
    if server.key is None:
        return "missing" if server.lacks_key else "none"
    return "found" if server.key.is_at_hand else "command"


def _key_words(server: Server) -> str:
    source = clean_line(server.key_from or "")
    return {
        "missing": _("{source} not set").format(source=source),
        "none": _("none"),
        "found": source,
        "command": _("a command"),
    }[_key_state(server)]
