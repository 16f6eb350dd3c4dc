"""The day, the hour and the time zone under which a run of the tests happens.

A run draws them and prints them; `SORA_TEST_CLOCK` takes a draw again:

    SORA_TEST_CLOCK=2028-02-29T23:58:00@kathmandu make test
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Self

from tests.support.start.sitecustomize import SHIFT, move

#: The variable that takes a draw again. Its value is what `Draw` prints, or `REAL`.
VARIABLE: Final = "SORA_TEST_CLOCK"
#: The machine's own clock and zone: beside servers that know no other.
REAL: Final = "real"
#: The folder of the module that every Python process of a run starts with.
START: Final = Path(__file__).parent / "start"

#: Rules of POSIX (tzset(3)), so that no zone hangs on what the machine has installed.
ZONES: Final = {
    "utc": "UTC0",
    "paris": "CET-1CEST,M3.5.0,M10.5.0/3",
    "new-york": "EST5EDT,M3.2.0,M11.1.0",
    "st-johns": "NST3:30NDT,M3.2.0,M11.1.0",
    "lord-howe": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",  # summer is half an hour
    "kathmandu": "<+0545>-5:45",
    "kiritimati": "<+14>-14",
    "pago-pago": "<-11>11",
}

#: Days on which programs go wrong, each with the zone where it does, or any.
_HARD: Final = (
    ("2028-02-29T00:00:30", None),
    ("2028-02-29T12:00:00", None),
    ("2032-02-29T23:58:00", None),
    ("2026-12-31T23:58:00", None),
    ("2027-01-01T00:00:30", None),
    ("2027-03-28T01:58:00", "paris"),  # an hour is left out
    ("2026-10-25T02:58:00", "paris"),  # an hour comes twice
    ("2027-03-14T01:58:00", "new-york"),
    ("2027-11-07T01:58:00", "new-york"),
    ("2027-04-04T01:58:00", "lord-howe"),
)
_FIRST: Final = datetime(2026, 1, 1)
_LAST: Final = datetime(2037, 12, 31)
#: A draw keeps this far from the real time: today holds by itself.
_APART: Final = timedelta(days=3)


class Draw(NamedTuple):
    """A local time, to the second, and the name of the zone it is read in."""

    at: datetime
    zone: str

    @classmethod
    def named(cls, text: str) -> Self:
        """Read what was printed, such as `2028-02-29T23:58:00@kathmandu`.

        Raises:
            ValueError: No such day, or no such zone.
        """
        day, _, zone = text.partition("@")
        if zone not in ZONES:
            raise ValueError(f"{VARIABLE}: no zone {zone!r}; there are {', '.join(ZONES)}")
        return cls(datetime.fromisoformat(day), zone)

    @classmethod
    def by_chance(cls, chance: random.Random, today: datetime) -> Self:
        """Draw a day that is not today's: every second one is hard."""
        while True:
            if chance.random() < 0.5:
                text, zone = chance.choice(_HARD)
                at = datetime.fromisoformat(text)
            else:
                seconds = int((_LAST - _FIRST).total_seconds())
                at, zone = _FIRST + timedelta(seconds=chance.randrange(seconds)), None
            if abs(at - today) > _APART:
                return cls(at, zone or chance.choice(list(ZONES)))

    def __str__(self) -> str:
        return f"{self.at.isoformat()}@{self.zone}"


def draw() -> Draw | None:
    """Return the draw that the environment names, or a new one; None for the real clock."""
    named = os.environ.get(VARIABLE)
    if named == REAL:
        return None
    return Draw.named(named) if named else Draw.by_chance(random.Random(), datetime.now())


def begin(drawn: Draw) -> None:
    """Set zone and clock of this process and of the Python processes that it starts."""
    set_zone(ZONES[drawn.zone])
    real = time.time_ns() - int(os.environ.get(SHIFT, 0))  # a run may be started by a test
    shift = int(drawn.at.timestamp()) * 1_000_000_000 - real
    os.environ[SHIFT] = str(shift)
    os.environ[VARIABLE] = str(drawn)
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = module_path(
        *(path for path in others if path not in {"", str(START)})
    )
    move(shift)


def wait_for_midnight(within: float) -> None:
    """Wait until the day is over where it ends in so many seconds."""
    here = datetime.now()
    tomorrow = datetime.combine(here.date() + timedelta(days=1), datetime.min.time())
    if (left := (tomorrow - here).total_seconds()) < within:
        time.sleep(left)


def module_path(*folders: object) -> str:
    """Return a `PYTHONPATH` with these folders after the start module's own."""
    return os.pathsep.join([str(START), *map(str, folders)])


def set_zone(rule: str) -> None:
    """Make `rule` the zone of this process and of those that it starts."""
    os.environ["TZ"] = rule
    time.tzset()


@contextmanager
def zone(rule: str) -> Iterator[None]:
    """The same for the length of a block."""
    before = os.environ["TZ"]
    set_zone(rule)
    try:
        yield
    finally:
        set_zone(before)
