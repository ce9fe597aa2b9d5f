"""Hours in which a channel may disturb people."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.engine.moments import ZONE
from rectiflow.notifiers.windows import SendWindow, read_window
from support.district import at, calendar

DAY = SendWindow(time(8), time(20))
WORK = SendWindow(time(8), time(20), workdays=True)


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (DAY, at("2024-09-02", "08:00"), at("2024-09-02", "08:00")),
        (DAY, at("2024-09-02", "19:59"), at("2024-09-02", "19:59")),
        (DAY, at("2024-09-02", "20:00"), at("2024-09-03", "08:00")),
        (DAY, at("2024-09-02", "03:00"), at("2024-09-02", "08:00")),
        (DAY, at("2024-09-07", "21:00"), at("2024-09-08", "08:00")),  # a Sunday
        (WORK, at("2024-09-06", "20:30"), at("2024-09-09", "08:00")),  # over a weekend
        (WORK, at("2024-09-13", "21:00"), at("2024-09-14", "08:00")),  # a Saturday that works
        (WORK, at("2024-09-30", "21:00"), at("2024-10-08", "08:00")),  # over 国庆
    ],
)
def test_from_when_on(window: SendWindow, now: datetime, opens: datetime) -> None:
    """Now when it may, else the next opening; days off do not count where only working days do."""
    assert window.opens(now, calendar()) == opens


@given(minutes=st.integers(0, 1_200_000), workdays=st.booleans())
def test_it_is_open_then_and_not_before(minutes: int, *, workdays: bool) -> None:
    """The instant found lies inside of the hours, and no quarter of an hour before it does."""
    window, now = SendWindow(time(8), time(20), workdays=workdays), at("2024-01-01") + timedelta(minutes=minutes)

    def inside(moment: datetime) -> bool:
        local = moment.astimezone(ZONE)
        return time(8) <= local.time() < time(20) and (not workdays or calendar().is_workday(local.date()))

    opens = window.opens(now, calendar())
    assert inside(opens)
    quarters = (now + timedelta(minutes=15) * n for n in range(1 + (opens - now) // timedelta(minutes=15)))
    assert not any(inside(q) for q in quarters if q < opens)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-20:00", DAY),
        (" 8:00 - 20:00 ", DAY),
        ("08:00-20:00 工作日", WORK),
        ("08:00-20:00工作日", WORK),
    ],
)
def test_hours_as_people_write_them(text: str, window: SendWindow) -> None:
    """With or without spaces and a leading zero; the working days in a word."""
    assert read_window(text) == window


@pytest.mark.parametrize("text", ["", "8点到20点", "20:00-08:00", "08:00-08:00", "08:00-24:30", "08:00-20:00 周末"])
def test_what_are_no_hours(text: str) -> None:
    """They are refused with the form that is wanted."""
    with pytest.raises(ValueError, match="请写 08:00-20:00，或 08:00-20:00 工作日"):
        read_window(text)
