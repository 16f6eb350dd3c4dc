"""The themes: every text that is painted can be read, also in the 256 colours of an SSH session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from textual.color import Color

from sora_tui.config.ui_state import UiState, ui_state_path
from sora_tui.tui.theme.themes import DARK, LIGHT, theme_at_start
from tests.support.sample_jobs import busy
from tests.support.tui.driver import Part, open_screen
from tests.support.tui.workspace_app import PAID, workspace_app

LEAST = 4.5
KNOWN = {"sora", "sora-light", "nord", "ansi-dark"}


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_every_text_of_our_themes_can_be_read(
    theme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme)
    for paid in (False, True):
        app = workspace_app(tmp_path, jobs=busy(paid), servers=[PAID] if paid else [])
        async with open_screen(app, (160, 45)) as screen:
            assert app.theme == theme
            faint: dict[str, str] = {}
            for keys in ([], ["f5"], ["escape", "4"], ["down", "down", "enter"], ["E"], ["J"]):
                await screen.press(*keys)
                faint |= dict(faint_texts(screen))
            await screen.press("f1", "z", "z")
            faint |= dict(faint_texts(screen.part("Finder > Vertical")))
            await screen.press("backspace", "backspace", "down")
            faint |= dict(faint_texts(screen.part("Finder > Vertical")))
            assert not faint


def faint_texts(part: Part) -> Iterator[tuple[str, str]]:
    """The pairs of colours that are too close, each with a text that is painted in them."""
    for segment in chain.from_iterable(part.strips):
        if any(letter.isalnum() for letter in segment.text):
            for colours in ("true", "256"):
                pair, contrast = contrast_of(segment, colours)
                if contrast < LEAST:
                    yield f"{pair} {colours}", f"{contrast:.2f} {segment.text.strip()}"


def contrast_of(segment: Segment, colours: str) -> tuple[str, float]:
    style = segment.style
    assert style is not None and style.color is not None and style.bgcolor is not None
    pair = (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
    front, back = (painted(colour, colours) for colour in pair)
    return f"{front.hex} on {back.hex}", contrast(front, back)


def painted(colour: RichColor, colours: str) -> Color:
    """What the terminal shows."""
    if colours == "256":
        colour = colour.downgrade(ColorSystem.EIGHT_BIT)
    return Color(*colour.get_truecolor())


def contrast(one: Color, other: Color) -> float:
    """As WCAG 2.2 defines it; 1 (the same) to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: Color) -> float:
    parts = [value / 255 for value in (colour.r, colour.g, colour.b)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_is_counted_as_the_standard_does() -> None:
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast(Color(118, 118, 118), Color(255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("wished", "memory", "environ", "few_colours", "begins"),
    [
        (None, UiState(), {}, False, ("sora", None)),
        (None, UiState(), {}, True, ("ansi-dark", None)),
        ("nord", UiState(), {}, True, ("nord", None)),
        ("nord", UiState(), {"TEXTUAL_THEME": "sora-light"}, False, ("sora-light", None)),
        ("nord", UiState("sora-light", "nord"), {}, False, ("sora-light", None)),
        # sora-tui.toml was changed since: it holds again
        ("nord", UiState("sora-light", None), {}, False, ("nord", None)),
        ("neon", UiState(), {}, False, ("sora", "neon")),
    ],
)
def test_which_theme_holds_at_the_start(
    wished: str | None,
    memory: UiState,
    environ: dict[str, str],
    few_colours: bool,
    begins: tuple[str, str | None],
) -> None:
    assert theme_at_start(KNOWN, wished, memory, environ, few_colours=few_colours) == begins


async def test_a_theme_from_the_palette_is_there_next_time(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("ctrl+p").type("theme: sora-light").press("enter")
        assert app.theme == "sora-light"
        app.context.memory.keep()
    assert json.loads(ui_state_path().read_text())["theme"] == "sora-light"
    assert workspace_app(tmp_path).theme == "sora-light"


async def test_few_colours_are_the_terminals_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setenv("TERM", "xterm")
    assert workspace_app(tmp_path).theme == "ansi-dark"


async def test_without_colours_nothing_is_coloured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = workspace_app(tmp_path, jobs=busy())
    async with open_screen(app, (120, 40)) as screen:
        for strip in screen.strips:
            for segment in strip:
                assert segment.style is None or (
                    {segment.style.color, segment.style.bgcolor} <= {None, RichColor.default()}
                )
