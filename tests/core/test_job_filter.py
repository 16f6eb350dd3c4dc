"""What a person types into the filter, and where new jobs come in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sora_tui.core.job import Notes
from sora_tui.core.job_filter import JobFilter, Sort, insert_position, with_live
from tests.support.job_states import new_job

FOX = replace(new_job(), notes=Notes(tags=("forest",), text="Keep this one"))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", True),
        ("KITE", True),
        ("kite forest", True),
        ("kite sea", False),
        ("keep sora-2 1280x720", True),
        ("state:pend", True),
        ("state:saved state:pending", True),
        ("state:saved", False),
        ("server:LAB kite", True),
        ("server:other", False),
        ("state: server:", True),  # half typed leaves nothing out
        ("until:now", False),  # a word like any other
    ],
)
def test_words_states_and_servers_narrow_the_list(typed: str, shown: bool) -> None:
    job_filter = JobFilter.read(typed)
    assert job_filter.includes(FOX) is shown
    assert job_filter.is_limiting is (typed not in {"", "state: server:"})


IDS = ["20261122-3", "20261122-2", "20261122-1"]


@pytest.mark.parametrize(
    ("sort", "at"), [("newest", 1), ("oldest", 2), ("state", 0), ("expires", 0), ("cost", 0)]
)
def test_a_new_job_comes_in_where_its_age_puts_it(sort: Sort, at: int) -> None:
    ids = IDS[::-1] if sort == "oldest" else IDS
    assert insert_position("20261122-25", ids, sort) == at
    assert insert_position("20261122-0", IDS, "newest") == 3


def test_what_moved_since_the_disk_was_read_joins_or_leaves_the_list() -> None:
    here, gone = replace(FOX, id=IDS[1]), replace(FOX, id=IDS[2])
    fresh = replace(FOX, id="20261122-4")
    job_filter = JobFilter.read("kite")
    other = replace(gone, request=gone.request._replace(prompt="A fox"))
    assert with_live(IDS, job_filter, []) == IDS
    assert with_live(IDS, job_filter, [here, other, fresh]) == ["20261122-4", *IDS[:2]]
