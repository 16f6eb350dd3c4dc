"""Why something is refused: short codes and English reasons of problems, in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sora_tui.i18n import N_, _

#: Reasons that are given as a code, and what they mean.
REASONS: Final[Mapping[str, str]] = {
    "address_any": N_("servers listen there, but nobody can call it; 127.0.0.1 is this machine"),
    "address_blank": N_("there is a blank, a quotation mark or a bracket in it"),
    "address_fragment": N_("it has a # and what follows; leave that out"),
    "address_query": N_("it has a query; leave it out (a profile may have a query of its own)"),
    "address_scheme": N_("it is no http or https address"),
    "address_user": N_("it has a user or a password; the key goes into SORA_API_KEY"),
    "cut_off": N_("it is cut off"),
    "damaged": N_("it is damaged"),
    "not_mp4": N_("it is neither MP4 nor AVI"),
    "encrypted": N_("it is encrypted"),
    "unknown_codec": N_("its codec is none that is opened here"),
    "no_index": N_("its index is missing"),
    "no_media": N_("there is nothing in it"),
    "no_video": N_("there is no picture in it"),
    "index_broken": N_("its index is broken"),
    "index_too_large": N_("its index is too large"),
    "too_many_boxes": N_("it has too many parts"),
    "too_many_tracks": N_("it has too many tracks"),
    "too_large": N_("it takes too much memory"),
    "too_slow": N_("it takes too long"),
    "crashed": N_("the process that should open it broke off"),
    "not_regular": N_("it is no file"),
    "socks_proxy": N_("a SOCKS proxy cannot be used here; an http proxy can"),
    "no_proxy_address": N_("it is not the address of an http proxy"),
    "another_device": N_("it lies on another device than the rest"),
    "no_certificate": N_("there is no certificate in it"),
    "no_decoder": N_("PyAV, which would decode it, is not installed"),
    "All connection attempts failed": N_("nothing answers at that address and port"),
    "[Errno -2] Name or service not known": N_("there is no host of that name"),
    "[Errno -3] Temporary failure in name resolution": N_(
        "no name server answered; this machine may be offline"
    ),
    "toml_value": N_("what stands behind the = is no value; a text needs quotation marks"),
    "toml_line": N_("it is neither NAME = VALUE nor [TABLE]"),
    "toml_quote": N_("a quotation mark is not closed"),
    "toml_bracket": N_("a bracket is not closed"),
    "toml_twice": N_("the same name stands there twice"),
    "toml_rest": N_("something more stands behind the value"),
    "toml_backslash": N_("a \\ in double quotes begins an escape; use single quotes for it"),
    "toml_other": N_("it is no TOML"),
}

#: Reasons that the parts below give in English, as the JSON output shows them.
_SAID: Final = frozenset(
    (
        N_("missing"),
        N_("no such setting"),
        N_("must be a table"),
        N_("must be a table: [budget]"),
        N_("must be a table: [keys]"),
        N_("must be tables: [servers.NAME]"),
        N_("must be a list"),
        N_("must be a list of names in quotes"),
        N_("must be text in quotes"),
        N_("must be a number"),
        N_("must be a number of seconds, such as 4"),
        N_("must be width x height in pixels, such as 1280x720"),
        N_("must be a whole number, 1 or more"),
        N_("must be true or false"),
        N_("must be 0 or more, per second"),
        N_("must be a sum of money, 0 or more"),
        N_("must be the name of a theme in quotes"),
        N_("must be the name of a profile in quotes"),
        N_("must be the name of a variable: letters, digits and _"),
        N_('must be "off", "bell" or "auto"'),
        N_("must be a command"),
        N_("must be a command in quotes, as in: mpv --loop"),
        N_('must be keys in quotes, as in "f5,ctrl+r"'),
        N_("works in your own sora-tui.toml only"),
        N_("simulator is the name of the built-in server"),
        N_("a name of your own: letters, digits, - and _, 40 at most"),
        N_("a key is never written here: use api_key_env"),
        N_("a key is never written here: use a variable or a command"),
        N_("that looks like a key; a key is never written here"),
        N_("that looks like a key; give a command that prints it"),
        N_("that looks like a key; give the name of the variable that holds it"),
        N_("a quotation mark is not closed"),
        N_("write NAME=VALUE"),
        N_("not NAME=value"),
        N_("not UTF-8"),
        N_("no file"),
        N_("the closing +++ is missing"),
        N_("no line in it"),
        N_("no [[clip]] tables"),
        N_("not an object"),
        N_("no JSON"),
        N_("prompt or file, one of the two"),
        N_("comes twice"),
        N_("it printed nothing"),
        N_("built in"),
        N_("it counts in the environment alone"),
        N_("there is no such host"),
        # The system's own words, which it has in the reader's language only under some locales.
        N_("No such file or directory"),
        N_("Permission denied"),
        N_("Operation not permitted"),
        N_("Is a directory"),
        N_("Not a directory"),
        N_("File exists"),
        N_("File name too long"),
        N_("No space left on device"),
        N_("Disk quota exceeded"),
        N_("Read-only file system"),
        N_("Input/output error"),
        N_("Too many open files"),
        N_("Too many levels of symbolic links"),
        N_("Bad file descriptor"),
    )
)
#: Reasons with a value in them.
_WITH_VALUE: Final = (
    N_("must be one of: {value}"),
    N_("must be a whole number from 1 to {value}"),
    N_("the name {value} has a character that nobody sees"),
    N_("{value} is no header that a request may have"),
    N_("{value} was not found"),
    N_("no answer in {value} s"),
    N_("exit status {value}"),
    N_("line {value} is not UTF-8"),
    N_("the profile says {value}"),
    N_("host {value}"),
    N_("from 0 to 65535, not {value}"),
    N_("from 0.01 to 1000, not {value}"),
)
_PATTERNS: Final = tuple(
    (text, re.compile(re.escape(text).replace(re.escape("{value}"), "(.+)")))
    for text in _WITH_VALUE
)


def reason_words(reason: str) -> str:
    """Return a reason in the language that is set; one that is not known as it is."""
    if reason in REASONS:
        return _(REASONS[reason])
    if reason in _SAID:
        return _(reason)
    what, colon, why = reason.rpartition(": ")
    if colon and why in _SAID:  # as in `faults.toml: No such file or directory`
        return f"{what}: {_(why)}"
    for text, pattern in _PATTERNS:
        if (match := pattern.fullmatch(reason)) is not None:
            return _(text).format(value=match[1])
    return reason
