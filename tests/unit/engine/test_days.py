"""What a message says of time is so when it is handed over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.engine.days import left, occasion_on, told_on
from rectiflow.engine.moments import local_day
from support.district import at

DAYS = ("days_left", "days_overdue", "hours_left", "hours_overdue")
moments = st.integers(0, 3 * 366 * 24 * 60).map(lambda minutes: at("2023-01-01") + timedelta(minutes=minutes))


def known(told: Any) -> dict[str, int]:
    """Return the days or hours a message gives."""
    return {name: told[name] for name in DAYS if told[name] is not None}


@given(st.dates(date(2023, 1, 1), date(2026, 1, 1)), moments, moments)
def test_days_are_those_of_the_day_it_is_handed_over(day: date, written: datetime, now: datetime) -> None:
    """Whenever it was written: exactly one number, and day and number together make today."""
    told = told_on(told_on({"ends": day.isoformat(), "unit": "甲校"}, written), now)
    ((name, count),) = known(told).items()
    assert day + timedelta(days=count if name == "days_overdue" else -count) == local_day(now)
    assert count > 0 or name == "days_left"
    assert told["unit"] == "甲校"
    assert told_on(told, now) is told
    assert ("今天到期" in left(told)) == (local_day(now) == day)
    assert ("逾期" in left(told)) == (local_day(now) > day)


@given(moments, moments, moments)
def test_hours_are_full_ones(ends: datetime, written: datetime, now: datetime) -> None:
    """Of a clock in hours no day is told; past its instant it is never said that there is time left."""
    told = told_on(told_on({"ends": ends.isoformat()}, written), now)
    ((name, count),) = known(told).items()
    off = now - ends if name == "hours_overdue" else ends - now
    assert timedelta(hours=count) <= off < timedelta(hours=count + 1)
    assert (name == "hours_overdue") == (now >= ends)
    assert ("还有" in left(told)) == (now < ends)


@pytest.mark.parametrize(
    ("ends", "until", "said"),
    [
        ("2024-09-20", "9月20日", "还有13天"),
        ("2024-09-07", "9月7日", "今天到期"),
        ("2024-09-03", "9月3日", "已逾期4天"),
        ("2025-01-03", "2025年1月3日", "还有118天"),
        ("2024-09-07T00:30:00+08:00", "9月7日0时30分", "已超过4小时"),
        ("2024-09-06T20:30:00+08:00", "9月6日20时30分", "已超过8小时"),
        ("2024-09-07T07:00:00+08:00", "9月7日7时", "还有2小时"),
        ("2024-09-07T05:00:00+08:00", "9月7日5时", "还有不到1小时"),
        ("2024-09-07T04:40:00+08:00", "9月7日4时40分", "已到期"),
        ("2024-09-03T04:00:00+08:00", "9月3日4时", "已超过4天"),
        ("2024-09-06T16:30:00+00:00", "9月7日0时30分", "已超过4小时"),
        (None, None, ""),
    ],
)
def test_it_is_said_in_words(ends: str | None, until: str | None, said: str) -> None:
    """At ten to five in the morning of the seventh of September."""
    told = told_on({"ends": ends}, at("2024-09-07", "04:50"))
    assert (told["until"], left(told)) == (until, said)


def test_what_was_written_by_an_earlier_version_is_left_as_it_is() -> None:
    """It does not say when its clock ends."""
    written = {"clock": "签收时限", "days_left": 0, "days_overdue": None}
    assert told_on(written, at("2024-09-07")) is written
    assert left(written) == "今天到期"


@pytest.mark.parametrize(
    ("occasion", "day", "told"),
    [
        ("due_soon", "2024-09-20", "due_soon"),
        ("due_soon", "2024-09-21", "reminder"),
        ("urge", "2024-09-21", "urge"),
        ("control_first", "2024-09-21", "control_first"),
    ],
)
def test_after_its_day_nothing_is_soon_due(occasion: str, day: str, told: str) -> None:
    """A 临期提醒 that is handed over late is a reminder of what is past."""
    assert occasion_on(occasion, told_on({"ends": "2024-09-20"}, at(day))) == told
