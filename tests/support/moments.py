"""The frozen moments of the tests: what is stored was drawn at `NOW`; what shows a time is tried
at all of them, in zones on both sides of midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

#: When the stored screens were drawn, in UTC.
NOW: Final = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)

#: By name. The leap day is the 28th yet in New York; New Year's Eve is over in Kathmandu.
DATES: Final = {
    "now": NOW,
    "leap-day": datetime(2028, 2, 29, 3, 15, 30, tzinfo=UTC),
    "new-years-eve": datetime(2026, 12, 31, 20, 15, 30, tzinfo=UTC),
}
#: By a name of `clock.ZONES`: how far it is ahead of UTC on all these dates.
OFFSETS: Final = {
    "new-york": timedelta(hours=-5),
    "kathmandu": timedelta(hours=5, minutes=45),
}


class Moment(NamedTuple):
    """A frozen moment, seen in a zone."""

    at: datetime
    zone: str

    def shown(self, at: datetime, form: str) -> str:
        """Write a point in time as the zone's clocks show it: by a table, not by the library."""
        return f"{at.astimezone(UTC).replace(tzinfo=None) + OFFSETS[self.zone]:{form}}"


MOMENTS: Final = {
    f"{name}-{zone}": Moment(at, zone) for name, at in DATES.items() for zone in OFFSETS
}
