"""The district's clock: every time that is printed is read on it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

#: The zone in which a district reads its clock, unless told otherwise.
DISTRICT_ZONE = "Asia/Shanghai"


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the instant in the district's zone.

    Raises:
        ValueError: `moment` has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}; give an aware datetime")
    return moment.astimezone(zone or ZoneInfo(DISTRICT_ZONE))
