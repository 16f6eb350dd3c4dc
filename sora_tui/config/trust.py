"""Which of a folder's settings about money, keys and commands count: none above the person's own.

A folder may come from another person. Opening it must neither spend nor run anything unasked, and
no key may go to an address that only the folder names. So what its `sora-tui.toml` and its `.env`
say is compared with the person's own files and with the process environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from sora_tui.config.api_keys import key_of
from sora_tui.config.config_files import EnvFile
from sora_tui.config.profiles import Profile
from sora_tui.core.address import normal_address
from sora_tui.core.problem import ProblemError
from sora_tui.core.server import Server, origin_of

#: A variable of a folder's `.env` with this prefix is meant for this program. Others may belong to
#: other programs (`AWS_SECRET_ACCESS_KEY`), and its `sora-tui.toml` must not send them anywhere.
_OF_THIS_PROGRAM: Final = "SORA_"
_KEY: Final = "SORA_API_KEY"
_ADDRESS: Final = "SORA_BASE_URL"


class OwnSettings(NamedTuple):
    """What the person's own files and the process environment say.

    Attributes:
        profiles: Those of the person's own files, with what each says about price, key and command.
        origins: Every origin that they name.
        keys: Variables, each with an origin that its key may go to. An exported SORA_API_KEY is for
            the exported address, and without one for every origin that they name.
        commands: Commands that print a key, each with an origin that it may go to.
    """

    profiles: tuple[Profile, ...] = ()
    origins: frozenset[str] = frozenset()
    keys: frozenset[tuple[str, str]] = frozenset()
    commands: frozenset[tuple[str, str]] = frozenset()

    def is_free(self, base_url: str) -> bool:
        """Return whether they say that this very address, path included, charges nothing."""
        at = [one for one in self.profiles if one.server.base_url == base_url and one.says_price]
        return bool(at) and all(one.server.free for one in at)

    def _charging(self, server: Server) -> list[Server]:
        """Return the profiles that state a price for this address, else for another of its host."""
        there = [
            one.server
            for one in self.profiles
            if one.server.origin == server.origin and one.says_price and not one.server.free
        ]
        return [one for one in there if one.base_url == server.base_url] or there

    def limited(
        self, folder: Profile, env_file: EnvFile | None, values: Mapping[str, str]
    ) -> Profile:
        """Return a profile of the folder's `sora-tui.toml` with the settings that count.

        Args:
            folder: The profile, as the folder's file has it.
            env_file: The folder's `.env`.
            values: Every variable, the environment above `.env`.
        """
        server, ignored = self._priced(folder.server)
        if folder.variable is not None:
            key, is_withheld = self._key(server, folder.variable, env_file, values)
            server = server._replace(key=key_of(key))
            ignored += ("api_key_env",) if is_withheld else ()
        elif folder.command is not None and (folder.command, server.origin) not in self.commands:
            server = server._replace(key=None)
            ignored += ("api_key_command",)
        return folder._replace(server=server._replace(ignored=ignored))

    def _priced(self, server: Server) -> tuple[Server, tuple[str, ...]]:
        """Return the server with the price that counts, and its settings that do not count.

        Prices that own profiles state for that origin count. Where several state different ones, it
        is not known which of them is meant, so there is no price.
        """
        free, charging = self.is_free(server.base_url), self._charging(server)
        ignored = ("free",) if server.free and not free else ()
        is_own = free or bool(charging)
        if free:
            server = server._replace(prices={})
        elif charging:
            first = charging[0]
            agree = all(
                (one.prices, one.currency) == (first.prices, first.currency) for one in charging
            )
            server = server._replace(prices=first.prices if agree else {}, currency=first.currency)
        dialects = {
            one.server.dialect for one in self.profiles if one.server.base_url == server.base_url
        }
        return server._replace(
            free=free,
            foreign_prices=bool(server.prices) and not is_own,
            trusted=server.dialect in dialects,
        ), ignored

    def _key(
        self, server: Server, variable: str, env_file: EnvFile | None, values: Mapping[str, str]
    ) -> tuple[str | None, bool]:
        """Return the key that may go to this server, and whether there is one that may not."""
        value = values.get(variable)
        if server.auth == "none" or (variable, server.origin) in self.keys:
            return value, False
        beside = env_file.values if env_file is not None else {}
        if variable.startswith(_OF_THIS_PROGRAM) and (in_file := beside.get(variable)):
            # A key that stands beside an address is meant for that address.
            meant = _origin(beside.get(_ADDRESS)) if variable == _KEY else None
            if meant is None or meant == server.origin:
                return in_file, False
        return None, key_of(value) is not None


def own_settings(
    profiles: Iterable[Profile], environ: Mapping[str, str], default_url: str
) -> OwnSettings:
    """Collect what the person's own settings allow.

    Args:
        profiles: Of the person's own files.
        environ: Of the process.
        default_url: Where an exported SORA_API_KEY goes without SORA_BASE_URL.
    """
    own = tuple(profiles)
    # A key must not go over an unencrypted connection that the profile does not allow.
    safe = [one for one in own if not one.server.insecure]
    keys = {(one.variable, one.server.origin) for one in safe if one.variable is not None}
    address = _origin(environ.get(_ADDRESS))
    if key_of(environ.get(_KEY)) is not None:
        named = {one.server.origin for one in safe} | {origin_of(default_url)}
        keys |= {(_KEY, origin) for origin in ({address} if address else named)}
    return OwnSettings(
        own,
        frozenset({one.server.origin for one in own} | ({address} if address else set())),
        frozenset(keys),
        frozenset((one.command, one.server.origin) for one in safe if one.command is not None),
    )


def _origin(address: str | None) -> str | None:
    with suppress(ProblemError, ValueError):  # an invalid address is refused where it is read
        return origin_of(normal_address(address)) if address else None
    return None
