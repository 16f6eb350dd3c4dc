"""Stepping through the values of a setting never makes an order larger by going round."""

from __future__ import annotations

import pytest

from sora_tui.tui.panes.editor.settings_bar import neighbour

CLIPS = ("1", "2", "3", "4")


@pytest.mark.parametrize(
    ("choices", "value", "by", "then"),
    [
        (CLIPS, "1", -1, "1"),
        (CLIPS, "4", +1, "4"),
        (CLIPS, "2", +1, "3"),
        (CLIPS, "9", +1, None),
        (CLIPS, "9", -1, "4"),
        (CLIPS, "0", -1, None),
        (("4", "8", "12"), "6", +1, "8"),
        (("4", "8", "12"), "6.5", -1, "4"),
        (("sora-2", "sora-2-pro"), "sora-2-pro", +1, "sora-2-pro"),
        (("sora-2", "sora-2-pro"), "wan", +1, "sora-2"),
        (("sora-2", "sora-2-pro"), "", -1, "sora-2-pro"),
        ((), "x", +1, None),
    ],
)
def test_a_step_stays_within_the_known_values(
    choices: tuple[str, ...], value: str, by: int, then: str | None
) -> None:
    assert neighbour(choices, value, by) == then
