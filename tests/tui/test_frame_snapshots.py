"""How the frame looks: shapes, themes, poor terminals, both languages, help and palette."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from sora_tui.core.limits import Budget
from sora_tui.i18n import set_language
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app
from tests.tui.test_snapshots import after, busy

SnapCompare = Callable[..., bool]
JOBS: Final = ("escape", "4")
SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    set_language("en")
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare
) -> Callable[..., bool]:
    """Compare a busy workspace, after these keys, with what it looked like."""

    def compare(
        size: tuple[int, int],
        *keys: str,
        theme: str | None = None,
        lang: str = "en",
        paid: bool = False,
        toml: str = "",
        **environ: str,
    ) -> bool:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        set_language(lang)
        (tmp_path / "sora-tui.toml").write_text(
            (f'theme = "{theme}"\n' if theme else "") + toml, encoding="utf-8"
        )
        pictures = tmp_path / "input_reference"
        pictures.mkdir()
        Image.new("RGB", (1280, 720)).save(pictures / "dawn.png")
        Image.new("RGB", (1600, 1200)).save(pictures / "pier.jpg")
        return snap_compare(busy_app(tmp_path, paid), terminal_size=size, run_before=after(*keys))

    return compare


def busy_app(root: Path, paid: bool) -> WorkspaceApp:
    app = workspace_app(root, jobs=busy(paid), servers=[PAID] if paid else [])
    if paid:
        app.settings = app.settings._replace(budget=Budget(per_day=Decimal(10)))
    return app


# Shapes -------------------------------------------------------------------------------------------


def test_two_columns(looks: Callable[..., bool]) -> None:
    assert looks(MIDDLE, *JOBS)


def test_two_columns_with_the_inspector(looks: Callable[..., bool]) -> None:
    assert looks(MIDDLE, "escape", "5")


def test_everything_on_a_large_screen(looks: Callable[..., bool]) -> None:
    assert looks(LARGE, *JOBS, "down", "down", "down", paid=True)


def test_narrow_and_high(looks: Callable[..., bool]) -> None:
    assert looks((80, 50))


def test_wide_and_low(looks: Callable[..., bool]) -> None:
    assert looks((160, 26), *JOBS)


def test_too_small(looks: Callable[..., bool]) -> None:
    assert looks((39, 11))


def test_resized_and_without_references(looks: Callable[..., bool]) -> None:
    wider = ("greater_than_sign",) * 3
    assert looks((160, 45), "escape", "2", "H", "5", *wider, "plus", "plus")


def test_the_job_list_zoomed(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, *JOBS, "z")


# Colours and signs --------------------------------------------------------------------------------


def test_light(looks: Callable[..., bool]) -> None:
    assert looks(MIDDLE, *JOBS, theme="sora-light", paid=True)


def test_light_and_small(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, theme="sora-light")


def test_light_and_large(looks: Callable[..., bool]) -> None:
    assert looks(LARGE, theme="sora-light")


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_the_terminals_own_colours(looks: Callable[..., bool], theme: str) -> None:
    assert looks(MIDDLE, *JOBS, "down", theme=theme)


def test_no_colours(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, *JOBS, "down", NO_COLOR="1")


def test_no_colours_on_a_large_screen(looks: Callable[..., bool]) -> None:
    assert looks(LARGE, *JOBS, "down", NO_COLOR="1", paid=True)


def test_ascii(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, *JOBS, "down", toml='signs = "ascii"')


def test_ascii_everything(looks: Callable[..., bool]) -> None:
    assert looks((160, 45), toml='signs = "ascii"')


# Finding ------------------------------------------------------------------------------------------


def test_help_of_the_jobs(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, *JOBS, "down", "question_mark")


def test_help_in_french(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, "f1", lang="fr")


def test_the_palette(looks: Callable[..., bool]) -> None:
    assert looks(MIDDLE, "ctrl+p")


def test_the_palette_looks_for_a_theme(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, "ctrl+p", *"theme", theme="ansi-dark")


def test_keys_that_cannot_work(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, toml='[keys]\ngenerate = "f5,?"\nhelp = "f9,?"\nzom = "z"')


# French -------------------------------------------------------------------------------------------


def test_french_small(looks: Callable[..., bool]) -> None:
    assert looks(SMALL, *JOBS, lang="fr")


def test_french_large(looks: Callable[..., bool]) -> None:
    assert looks(LARGE, *JOBS, lang="fr", paid=True)
