"""Texts in the person's language: `_()` for every text, English in the source, French beside it.

English costs nothing: no catalogue is opened. Another language opens its catalogue at the first
text. A text must be translated when it is shown, never at import, or it would stay in the language
of that moment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Final

DOMAIN: Final = "sora_tui"
SOURCE: Final = "en"
CATALOGUES: Final = Path(__file__).parent
_VARIABLES: Final = ("SORA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

_language = SOURCE


def set_language(code: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Choose the language of every text from now on, and return it.

    Args:
        code: A language as people and locales write it (`fr`, `fr_CA.UTF-8`). None or empty:
            SORA_LANG, then LC_ALL, LC_MESSAGES and LANG, the first that is set. One without a
            catalogue means English.
        environ: Environment variables, where SORA_LANG and the locale stand.
    """
    global _language
    wish = code or next((environ[name] for name in _VARIABLES if environ.get(name)), SOURCE)
    short = wish.replace("-", "_").split("_")[0].split(".")[0].lower()
    _language = short if short.isalpha() and translation_path(short).exists() else SOURCE
    return _language


def language() -> str:
    """Return the language of the texts: `en` or `fr`."""
    return _language


def _(text: str) -> str:
    """Return the text in the person's language; one without a translation stays English."""
    return text if _language == SOURCE else _catalogue(_language).gettext(text)


def N_(text: str) -> str:  # noqa: N802 -- the name that gettext tools look for
    """Mark a text in a table for the catalogue; `_()` translates it when it is shown."""
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of a text that goes with `count` (French: 0 and 1 are singular)."""
    if _language == SOURCE:
        return one if count == 1 else many
    return _catalogue(_language).ngettext(one, many, count)


def translation_path(code: str, kind: str = "mo") -> Path:
    """Return the path of a language's catalogue; `kind` is `mo` (compiled) or `po` (source)."""
    return CATALOGUES / code / "LC_MESSAGES" / f"{DOMAIN}.{kind}"


@cache
def _catalogue(code: str) -> GNUTranslations:
    with translation_path(code).open("rb") as stream:
        return GNUTranslations(stream)
