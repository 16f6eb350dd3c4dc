"""A server as the user configured it, and the part of it that a job remembers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from sora_tui.core.problem import Problem, problem
from sora_tui.core.secret import Secret

if TYPE_CHECKING:  # a cookie has a secret in it
    from sora_tui.core.cookie import Cookie

#: How documents name the simulator: never a port, which changes at each start.
SIMULATOR_URL: Final = "simulator:"
SIMULATOR_NAME: Final = "simulator"

#: The dialects that a profile may name: `auto` finds out, `generic` is none of the others. The
#: client's table has a row for each.
DIALECT_NAMES: Final = (
    "auto",
    "generic",
    "openai",
    "litellm",
    "vllm-omni",
    "sglang",
    "aquiles",
    "trt-llm",
    "new-api",
    "azure",
    "openrouter",
    "simulator",
)

Auth = Literal["bearer", "api-key", "none"]
Encoding = Literal["multipart", "json"]
#: How a JSON body carries the picture: a data URL inside an object, bare base64, its path, or a
#: list of frames with the data URL of the first (OpenRouter).
ReferenceForm = Literal["object", "string", "path", "frame"]


class KeyFlaw(NamedTuple):
    """A character because of which a key is not usable.

    Attributes:
        character: Its code point, `U+200B`: never the character itself.
        position: Counted from 1.
    """

    character: str
    position: int


def key_flaw(key: str) -> KeyFlaw | None:
    """Return the first character that a header cannot carry, or a quotation mark around the key.

    RFC 9110, 5.5: a value is visible ASCII, with blanks between. Servers refuse anything else, or
    do not answer; copying a key often adds a zero-width space, a line break or curly quotes.
    """
    for position, character in enumerate(key, start=1):
        at_an_end = position in {1, len(key)}
        if not " " <= character <= "~" or (at_an_end and character in "\"'` "):
            return KeyFlaw(f"U+{ord(character):04X}", position)
    return None


#: RFC 9110, 5.1 and 5.5, without the headers that belong to the body of a request.
_HEADER_NAME: Final = re.compile(
    r"(?!(content-length|content-type|transfer-encoding)$)[a-z0-9!#$%&'*+.^_`|~-]+"
)
_HEADER_VALUE: Final = re.compile(r"([!-~]([ -~]*[!-~])?)?")


def is_header(name: str, value: str) -> bool:
    """Return whether a profile may send this header.

    HTTP libraries refuse an invalid one in the middle of sending, where it can no longer be proved
    that nothing was sent.
    """
    return bool(_HEADER_NAME.fullmatch(name.lower()) and _HEADER_VALUE.fullmatch(value))


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class ServerRef(NamedTuple):
    """What a metadata document says about the server: enough to find it again, no secret."""

    profile: str
    base_url: str
    dialect: str = "auto"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a key is bound to (RFC 6454)."""
        return origin_of(self.base_url)


class Server(NamedTuple):
    """A profile: address, key and settings of one server. None leaves a setting to its dialect.

    Attributes:
        dialect: `auto` finds out; a name is believed.
        prices: Price per generated second by model, then by size or tier such as `720p`, in
            `currency`; `"*"` is any model, any size.
        free: The profile says it charges nothing.
        key_from: Where its key comes from: a variable's name or `api_key_command`.
        max_active: Most jobs sent at once; None is no limit of ours.
        trusted: The person named its dialect, so that an unknown price may need no question. A
            profile that came with a folder may be a stranger's.
        foreign_prices: Its prices come from a folder alone: the table for the host counts first.
        ignored: Settings of a folder that do not count, because the person's own settings do not
            say the same of that address: `free`, `api_key_env`, `api_key_command`.
        cookies: Of the one job that this value is made for, if any; a profile has none.
    """

    name: str
    base_url: str
    dialect: str = "auto"
    key: Secret | None = None
    auth: Auth | None = None
    headers: Mapping[str, str] = _NONE
    query: Mapping[str, str] = _NONE
    encoding: Encoding | None = None
    reference_field: str | None = None
    reference_form: ReferenceForm | None = None
    max_active: int | None = None
    model: str | None = None
    seconds: str | None = None
    size: str | None = None
    models: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    seconds_choices: tuple[str, ...] = ()
    prices: Mapping[str, Mapping[str, Decimal]] = _NONE
    currency: str = "USD"
    free: bool = False
    allow_http: bool = False
    params: Mapping[str, Any] = _NONE
    key_from: str | None = None
    trusted: bool = True
    foreign_prices: bool = False
    ignored: tuple[str, ...] = ()
    cookies: tuple[Cookie, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether this is the simulator."""
        return self.base_url == SIMULATOR_URL

    @property
    def ref(self) -> ServerRef:
        """The part that a document keeps."""
        return ServerRef(self.name, self.base_url, self.dialect)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return origin_of(self.base_url)

    @property
    def host(self) -> str:
        """The host, as a person knows it."""
        if self.simulated:
            return SIMULATOR_NAME
        return urlsplit(self.base_url).hostname or self.base_url

    @property
    def address_words(self) -> str:
        """The address as words of `sora-tui servers add`, quoted because it may be a stranger's."""
        return quote(self.base_url) + (" --allow-http" if self.allow_http else "")

    @property
    def is_loopback(self) -> bool:
        """Whether requests stay on this machine."""
        if self.simulated:
            return True
        return is_loopback_host(urlsplit(self.base_url).hostname or "")

    def with_own(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters to send for a request: the profile's own, overridden by these.

        A parameter that is None is not sent, even where the profile has a value for it. It stays in
        the result, so that a record of it is read in the same way later.
        """
        both = {**self.params, **params}
        return {name: v for name, v in both.items() if v is not None or name in self.params}

    @property
    def lacks_key(self) -> bool:
        """Whether a key is configured and missing."""
        return self.key_from is not None and self.key is None and self.auth != "none"

    @property
    def insecure(self) -> bool:
        """Whether prompt and key would cross a network unencrypted, without permission for that."""
        plain = urlsplit(self.base_url).scheme == "http"
        return plain and not self.is_loopback and not self.allow_http


def sending_refusal(server: Server) -> Problem | None:
    """Return why nothing may be sent with this profile, as far as it can be known without asking.

    `base_url_insecure`; `key_missing` where a key is named and missing; `key_withheld` where there
    is a key that was not given for this address; `key_command_ignored` where only a command that a
    folder names could print it.
    """
    if server.insecure:
        return problem("base_url_insecure", host=server.host, profile=server.name)
    facts = {"profile": server.name, "url": server.address_words}
    if "api_key_command" in server.ignored:
        return problem("key_command_ignored", **facts)
    if "api_key_env" in server.ignored:
        return problem("key_withheld", variable=str(server.key_from), **facts)
    if server.lacks_key:
        return problem("key_missing", profile=server.name, variable=str(server.key_from))
    return None


def is_loopback_host(host: str) -> bool:
    """Return whether a host is this machine, by its number or its name (RFC 6761, 6.3)."""
    host = host.casefold().removesuffix(".")
    try:
        number = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return (mapped or number).is_loopback


def simulator() -> Server:
    """Return the profile of the simulator."""
    return Server(
        name=SIMULATOR_NAME,
        base_url=SIMULATOR_URL,
        dialect="simulator",
        model="sora-2",
        seconds="4",
        size="1280x720",
        free=True,
    )


def profile_for(servers: Mapping[str, Server], ref: ServerRef) -> Server | None:
    """Return the profile with which to reach a job's server: of the same origin, never another.

    Its own name is preferred, then the same address: two profiles of one gateway may have two
    keys, and two paths.
    """
    named = servers.get(ref.profile)
    if named is not None and named.origin == ref.origin:
        return named
    others = [server for server in servers.values() if server.origin == ref.origin]
    same = (server for server in others if server.base_url == ref.base_url)
    return next(same, others[0] if others else None)


@lru_cache(maxsize=256)  # asked of every job at every look, and there are few servers
def origin_of(base_url: str) -> str:
    """Return scheme, host and port of an address, lower case, default ports left out."""
    parts = urlsplit(base_url)
    if not parts.hostname:
        return base_url
    port = parts.port
    if port is None or (parts.scheme, port) in {("http", 80), ("https", 443)}:
        return f"{parts.scheme}://{parts.hostname}"
    return f"{parts.scheme}://{parts.hostname}:{port}"
