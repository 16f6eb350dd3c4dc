"""What the user configured, as one value: environment, `.env`, `sora-tui.toml` and defaults.

Precedence: command line, prompt front matter (both in `order_options.py`), process environment,
`.env`, `sora-tui.toml` of the workspace, then the user's own, then `servers.toml`, which the
program writes itself, then the profile's and our defaults. Only the profile `openai` and the
simulator have such defaults (the cheapest clip: sora-2, 4 s, 1280x720); any other server
decides by itself what is not sent to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from sora_tui.config.api_keys import CommandKey, UnusableKey, checked_key, key_of
from sora_tui.config.config_files import (
    ENV_NAME,
    TOML_NAME,
    EnvFile,
    TomlFile,
    read_env,
    read_own_toml,
    read_toml,
)
from sora_tui.config.limits import read_budget
from sora_tui.config.notify import Notify, check_notify, read_notify
from sora_tui.config.paths import saved_servers_path, user_toml_path
from sora_tui.config.player import read_player
from sora_tui.config.profiles import (
    Profile,
    read_profiles,
    reason_of,
    seconds,
    size,
    unknown_profile,
)
from sora_tui.config.screen import NAMES as SCREEN_NAMES
from sora_tui.config.screen import ScreenSettings, read_screen
from sora_tui.config.trust import OwnSettings, own_settings
from sora_tui.core.address import normal_address
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Fact, Problem, ProblemError, problem, problem_error
from sora_tui.core.server import SIMULATOR_NAME, Server, sending_refusal, simulator

OPENAI_NAME: Final = "openai"
OPENAI_URL: Final = "https://api.openai.com/v1"
#: The name of the profile that `SORA_BASE_URL` makes.
ENV_SERVER_NAME: Final = "env"
#: The variable that makes each of these profiles.
_VARIABLE_OF: Final = {ENV_SERVER_NAME: "SORA_BASE_URL", OPENAI_NAME: "SORA_API_KEY"}
#: Every variable that is read.
VARIABLES: Final[tuple[str, ...]] = (
    "SORA_BASE_URL",
    "SORA_API_KEY",
    "SORA_SERVER",
    "SORA_MODEL",
    "SORA_DURATION",
    "SORA_SIZE",
    "SORA_REFERENCE_IMAGE",
    "SORA_WORKSPACE",
    "SORA_LANG",
    "SORA_NOTIFY",
)

#: How the name of each of them begins.
_PREFIX: Final = "SORA_"
#: These are read from the environment alone: a `.env` may be a stranger's, or lies in the very
#: folder that is looked for.
_ENVIRONMENT_ONLY: Final = frozenset({"SORA_PLAYER", "SORA_WORKSPACE"})

_NO_LIMITS: Final = Budget()
_NO_CHOICES: Final = ScreenSettings()
_NONE: Final[Mapping[str, str]] = MappingProxyType({})

#: Warnings about the chosen server.
_OF_SERVER: Final = frozenset({"base_url_insecure", "free_ignored"})

#: What decided which server is used.
ChosenBy = Literal[
    "--server",
    "SORA_SERVER",
    "SORA_BASE_URL",
    "sora-tui.toml",
    "servers.toml",
    "SORA_API_KEY",
    "nothing",
]


class Settings(NamedTuple):
    """The settings of one workspace.

    Attributes:
        servers: By name; `simulator` is always there.
        server: The chosen one.
        model: None, like `seconds` and `size`, if nothing is sent and the server's default counts.
        reference: The picture of SORA_REFERENCE_IMAGE, relative to the workspace.
        language: SORA_LANG, from the environment or `.env`; None leaves it to the locale.
        warnings: What a person should know before anything is sent.
        env_file: The `.env` that was read.
        toml_files: The `sora-tui.toml` and `servers.toml` that were read, the strongest first.
        chosen_by: What decided the server.
        variables: Each variable that is set, and where: `environment` or the path of `.env`.
        keys: Where each server's key comes from: the name of a variable, or `api_key_command`. A
            server that is not here has no key.
        profile_files: Where each server is written: the path of a file, or the variable that makes
            it. The simulator is written nowhere.
        budget: What a day and a clip may cost, on all servers together.
        notify: How the screen notifies a person who is doing something else.
        alone: The person said that no other process uses the folder, so locks need not be trusted.
        screen: How the screen looks and which keys it has.
        player: The command that opens a clip; empty leaves it to the desktop.
    """

    workspace: Path
    servers: Mapping[str, Server]
    server: Server
    model: str | None = None
    seconds: str | None = None
    size: str | None = None
    reference: str | None = None
    language: str | None = None
    warnings: tuple[Problem, ...] = ()
    env_file: Path | None = None
    toml_files: tuple[Path, ...] = ()
    chosen_by: ChosenBy = "nothing"
    variables: Mapping[str, str] = _NONE
    keys: Mapping[str, str] = _NONE
    profile_files: Mapping[str, str] = _NONE
    budget: Budget = _NO_LIMITS
    notify: Notify = "auto"
    alone: bool = False
    screen: ScreenSettings = _NO_CHOICES
    player: str = ""

    def check_sendable(self) -> None:
        """Refuse to send to the chosen server where it is known beforehand that this will fail.

        Raises:
            ProblemError: base_url_insecure, key_missing where a key is named and missing, or
                key_unusable.
        """
        if isinstance(self.server.key, UnusableKey):
            raise ProblemError(self.server.key.problem)
        if (why := sending_refusal(self.server)) is not None:
            raise ProblemError(why)

    def is_always(self, server: Server, found: str | None) -> bool:
        """Return whether the person once answered "always" for this server, whatever it charges.

        Args:
            server: The server that would be paid.
            found: The dialect of the server that was found there in this run, if one was.
        """
        from sora_tui.config.consents import is_always  # few orders need this

        return is_always(server, found)

    def without_keys(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment for a program that needs no key of ours: a player, an editor.

        A command that prints a key gets the whole one: it may need a token of its own.
        """
        secret = {"SORA_API_KEY", *self.keys.values()}
        return {name: value for name, value in environ.items() if name not in secret}

    def on(self, name: str) -> Settings:
        """Return the settings for another server; its defaults count where no variable is set.

        Raises:
            ProblemError: profile_unknown.
        """
        if name not in self.servers:
            raise ProblemError(unknown_profile(name, self.servers))
        server = self.servers[name]
        warnings = [said for said in self.warnings if said.code not in _OF_SERVER]
        if server.insecure:
            warnings.append(problem("base_url_insecure", host=server.host, profile=server.name))
        if "free" in server.ignored:
            warnings.append(problem("free_ignored", profile=server.name, url=server.address_words))
        return self._replace(
            server=server,
            model=self.model if "SORA_MODEL" in self.variables else server.model,
            seconds=self.seconds if "SORA_DURATION" in self.variables else server.seconds,
            size=self.size if "SORA_SIZE" in self.variables else server.size,
            warnings=tuple(warnings),
        )


def load_settings(
    *,
    workspace: Path | None,
    server: str | None,
    environ: Mapping[str, str],
    alone: bool = False,
) -> Settings:
    """Read all settings of a workspace.

    Args:
        workspace: `--workspace`.
        server: `--server`, the name of a profile.
        environ: The process environment; it is read, never written.
        alone: `--i-am-alone`.

    Raises:
        ProblemError: config_broken, config_invalid, base_url_invalid or profile_unknown;
            settings_unreadable where the profile may stand in such a file.
    """
    folder = workspace_of(workspace, environ)
    variables = _Variables(environ, read_env(folder / ENV_NAME))
    written, closed = read_own_toml(saved_servers_path())
    user_toml, unreadable = read_own_toml(user_toml_path())
    own_toml = read_toml(folder / TOML_NAME)
    own_profiles = [
        (file, read_profiles(file, variables.values))
        for file in (written, user_toml)
        if file is not None
    ]
    every = (profile for _file, profiles in own_profiles for profile in profiles.values())
    own = own_settings(every, environ, OPENAI_URL)
    servers, keys, places = _read_servers(variables, own, own_profiles, own_toml)
    for file in (written, user_toml, own_toml):
        if file is not None:
            _refuse_unknown(file)
    name, chosen_by = _choice(server, variables.values, own_toml, user_toml)
    default = str(written.values.get("default") or "") if written else ""
    warnings = list(dict.fromkeys(why for why in (closed, unreadable) if why is not None))
    if chosen_by in {"SORA_API_KEY", "nothing"} and default:
        if default in servers:
            name, chosen_by = default, "servers.toml"
        else:
            # Not a refusal: the command that repairs it has to start.
            warnings.append(unknown_profile(default, servers))
    if name not in servers and warnings:
        raise ProblemError(warnings[0])  # the profile may be in the file that cannot be read
    budget, other_budget = read_budget(user_toml, own_toml)
    if other_budget is not None:
        warnings.append(other_budget)
    env_file = variables.file
    warnings += variables.unread(keys.values())
    if env_file and "SORA_API_KEY" in env_file.values and env_file.readable_by_others:
        warnings.append(problem("env_readable", path=str(env_file.path)))
    return Settings(
        workspace=folder,
        servers=servers,
        server=servers[SIMULATOR_NAME],
        model=variables.values.get("SORA_MODEL"),
        seconds=variables.read("SORA_DURATION", seconds),
        size=variables.read("SORA_SIZE", size),
        reference=variables.values.get("SORA_REFERENCE_IMAGE"),
        language=variables.values.get("SORA_LANG"),
        warnings=tuple(warnings),
        env_file=env_file.path if env_file else None,
        toml_files=tuple(file.path for file in (own_toml, user_toml, written) if file),
        chosen_by=chosen_by,
        variables=variables.origins,
        keys=keys,
        profile_files=places,
        budget=budget,
        notify=read_notify(variables.read("SORA_NOTIFY", check_notify), own_toml, user_toml),
        alone=alone,
        screen=read_screen(user_toml, own_toml),
        player=read_player(environ, user_toml, own_toml),
    ).on(name)


def _read_servers(
    variables: _Variables,
    own: OwnSettings,
    own_profiles: Sequence[tuple[TomlFile, Mapping[str, Profile]]],
    own_toml: TomlFile | None,
) -> tuple[dict[str, Server], dict[str, str], dict[str, str]]:
    """Return every server by name, where its key comes from, and where its profile is written.

    Args:
        variables: The environment and the folder's `.env`.
        own: What the person's own files allow a folder to set.
        own_profiles: The person's own files with their profiles; a later file goes over an earlier.
        own_toml: The folder's `sora-tui.toml`.
    """
    servers, keys = _built_in(variables, own)
    places = {name: _VARIABLE_OF[name] for name in servers if name != SIMULATOR_NAME}
    silent = set(servers)  # names of profiles that say nothing about their price
    free: set[str] = set()
    charging: set[str] = set()
    for own_file, profiles in own_profiles:
        for name, profile in profiles.items():
            silent.discard(name)
            if not profile.says_price:
                silent.add(name)
            else:
                (free if profile.server.free else charging).add(profile.server.origin)
        _take(profiles, own_file, servers, keys, places)
    if own_toml is not None:
        read = read_profiles(own_toml, variables.values)
        limited = {
            name: own.limited(profile, variables.file, variables.values)
            for name, profile in read.items()
        }
        silent -= limited.keys()
        _take(limited, own_toml, servers, keys, places)
    if variables.is_of_folder("SORA_BASE_URL") and ENV_SERVER_NAME in silent:
        # What the folder's `.env` names is free as its `sora-tui.toml` is: by the whole address.
        silent.discard(ENV_SERVER_NAME)
        by_variable = servers[ENV_SERVER_NAME]
        is_free = own.is_free(by_variable.base_url)
        servers[ENV_SERVER_NAME] = by_variable._replace(free=is_free)
    # A server charges nothing under whatever name it is used. A gateway that charges under one name
    # and not under another is left out: it is not known which of them is meant.
    servers |= {
        name: servers[name]._replace(free=True)
        for name in silent
        if servers[name].origin in free - charging
    }
    servers = {
        each: _with_checked_key(server._replace(key_from=keys.get(each)), variables)
        for each, server in servers.items()
    }
    return servers, keys, places


def _take(
    profiles: Mapping[str, Profile],
    file: TomlFile,
    servers: dict[str, Server],
    keys: dict[str, str],
    places: dict[str, str],
) -> None:
    """Put the profiles of a file above those of the weaker files, by name."""
    for name, profile in profiles.items():
        servers[name] = profile.server
        places[name] = str(file.path)
        keys.pop(name, None)
        if profile.key_from:
            keys[name] = profile.key_from


def reloaded(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Return the settings of the workspace after a profile was written; the server stays, if any.

    Raises:
        ProblemError: As `load_settings`.
    """
    fresh = load_settings(
        workspace=settings.workspace, server=None, environ=environ, alone=settings.alone
    )
    name = settings.server.name
    return fresh.on(name) if name in fresh.servers else fresh


def workspace_of(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the folder to work in: `--workspace`, then SORA_WORKSPACE, then the current one.

    Raises:
        ProblemError: folder_missing for a `~` whose folder is not known.
    """
    folder = option or Path(environ.get("SORA_WORKSPACE") or ".")
    try:
        return folder.expanduser()
    except RuntimeError:  # `~` without a home; an account that does not exist
        raise problem_error("folder_missing", path=str(folder)) from None


def early_language(folder: Path, environ: Mapping[str, str]) -> str | None:
    """Return SORA_LANG before anything else is read, for the texts of `--help`.

    A broken `.env` is not reported here, but where its settings are needed.
    """
    if environ.get("SORA_LANG"):
        return environ["SORA_LANG"]
    try:
        env_file = read_env(folder / ENV_NAME)
    except ProblemError:
        return None
    return env_file.values.get("SORA_LANG") if env_file else None


class _Variables:
    """The process environment over `.env`, with the place of a wrong value.

    An empty value counts as not set: `SORA_MODEL= sora-tui` means the default, not a model without
    name.
    """

    def __init__(self, environ: Mapping[str, str], file: EnvFile | None) -> None:
        written = file.values if file else {}
        self.file = file
        self._environ = environ
        self.values = {
            name: value for values in (written, environ) for name, value in values.items() if value
        }
        self.origins = {
            name: "environment" if environ.get(name) or file is None else str(file.path)
            for name in VARIABLES
            if name in self.values
        }

    def is_of_folder(self, name: str) -> bool:
        """Return whether `.env` sets it, and the environment does not."""
        return name in self.values and not self._environ.get(name)

    def origin_of(self, name: str) -> dict[str, Fact]:
        """Return the file and the line of a variable; nothing if it is from the environment."""
        if self.file is None or self._environ.get(name) or name not in self.file.lines:
            return {}
        return {"path": str(self.file.path), "line": self.file.lines[name]}

    def unread(self, others: Iterable[str]) -> list[Problem]:
        """Return a warning for each variable of ours that is not read: its name may be mistyped.

        Of the environment only names count that are like one of ours: other programs and scripts
        may have their own there.

        Args:
            others: Variables that profiles name for their keys.
        """
        file = self.file or EnvFile(Path(ENV_NAME))
        known = {*VARIABLES, *others} | _ENVIRONMENT_ONLY
        names = {*file.values, *self._environ}
        names -= known | file.used
        unread = sorted(name for name in names if name.startswith(_PREFIX))
        unread += sorted(_ENVIRONMENT_ONLY & file.values.keys() - self._environ.keys())
        if not unread:
            return []
        from sora_tui.core.nearest import nearest  # only a mistake needs it

        warnings, short = [], [name.removeprefix(_PREFIX) for name in VARIABLES]
        for name in unread:
            in_file = name in file.values
            facts: dict[str, Fact] = {"name": name}
            # Without what all of them begin with, which would make all of them alike.
            if name in _ENVIRONMENT_ONLY:
                facts["reason"] = "it counts in the environment alone"
            elif (near := nearest(name.removeprefix(_PREFIX), short)) is not None:
                facts["near"] = _PREFIX + near
            elif not in_file:
                continue
            facts |= {"path": str(file.path), "line": file.lines[name]} if in_file else {}
            warnings.append(problem("env_unread", **facts))
        return warnings

    def read(self, name: str, convert: Callable[[str], str]) -> str | None:
        """Return the value, checked; a refusal names its place."""
        if name not in self.values:
            return None
        try:
            return convert(self.values[name])
        except ProblemError as error:
            facts: dict[str, Fact] = {"key": name, "reason": reason_of(error.problem)}
            if error.problem.code != "base_url_invalid":
                # Not the address itself: a password may be in it.
                facts["value"] = self.values[name]
            raise problem_error("config_invalid", **facts, **self.origin_of(name)) from None


def _built_in(variables: _Variables, own: OwnSettings) -> tuple[dict[str, Server], dict[str, str]]:
    """Return the simulator, the server that variables alone make, and where its key is from.

    SORA_API_KEY belongs to SORA_BASE_URL where that is set, and to OpenAI otherwise: never to both.
    An exported one does not go to an address that only the folder's `.env` names.
    """
    servers = {SIMULATOR_NAME: simulator()}
    base_url = variables.read("SORA_BASE_URL", normal_address)
    key = key_of(variables.values.get("SORA_API_KEY"))
    if base_url is not None:
        server = Server(ENV_SERVER_NAME, base_url, key=key)
        if variables.is_of_folder("SORA_BASE_URL") and not variables.is_of_folder("SORA_API_KEY"):
            origin = server.origin
            if key is not None and origin not in own.origins and origin not in _agreed_origins():
                beside = variables.file.values if variables.file else {}
                key = key_of(beside.get("SORA_API_KEY"))
                ignored = ("api_key_env",) if key is None else ()
                server = server._replace(key=key, ignored=ignored)
                key = key_of(variables.values.get("SORA_API_KEY"))
        servers[ENV_SERVER_NAME] = server
        # Without a key none is sent: many local servers want none.
        return servers, {ENV_SERVER_NAME: "SORA_API_KEY"} if key else {}
    if key is None:
        return servers, {}
    servers[OPENAI_NAME] = Server(
        OPENAI_NAME,
        OPENAI_URL,
        dialect="openai",
        key=key,
        model="sora-2",
        seconds="4",
        size="1280x720",
    )
    return servers, {OPENAI_NAME: "SORA_API_KEY"}


def _with_checked_key(server: Server, variables: _Variables) -> Server:
    """Return the server with the key of its variable, checked; a key that is never sent is dropped.

    A command is run when its key is needed, and its key is checked then.
    """
    key, variable = server.key, server.key_from
    if key is None or variable is None or isinstance(key, CommandKey):
        return server
    if server.auth == "none":
        return server._replace(key=None)
    return server._replace(key=checked_key(key, variable, variables.origin_of(variable)))


def _choice(
    said: str | None, values: Mapping[str, str], *files: TomlFile | None
) -> tuple[str, ChosenBy]:
    """Return the profile's name and what decided it (DESIGN.md, section 3, Configuration)."""
    if said:
        return said, "--server"
    if "SORA_SERVER" in values:
        return values["SORA_SERVER"], "SORA_SERVER"
    if "SORA_BASE_URL" in values:
        return ENV_SERVER_NAME, "SORA_BASE_URL"
    for file in files:
        default = file.values.get("default") if file else None
        if file and default is not None:
            if not isinstance(default, str):
                raise file.invalid("", "default", "must be the name of a profile in quotes")
            return default, "sora-tui.toml"
    if key_of(values.get("SORA_API_KEY")) is not None:
        return OPENAI_NAME, "SORA_API_KEY"
    return SIMULATOR_NAME, "nothing"


def _agreed_origins() -> frozenset[str]:
    from sora_tui.config.consents import agreed_origins  # few folders name an address in `.env`

    return agreed_origins()


def _refuse_unknown(file: TomlFile) -> None:
    known = {"default", "servers", "budget", "notify", "player"} | SCREEN_NAMES
    for key in file.values:
        if key not in known:
            raise file.unknown("", key, known)
