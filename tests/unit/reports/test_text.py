from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from rectiflow.reports.text import (
    circled,
    clean,
    cn_date,
    cn_time,
    listing,
    money,
    percent,
    short_date,
    shorten,
    tenth,
)


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (None, "—"),
        (Fraction(0), "0.0%"),
        (Fraction(1), "100.0%"),
        (Fraction(6, 7), "85.7%"),
        (Fraction(1, 16), "6.3%"),
        (Fraction(9999, 10000), "99.9%"),
        (Fraction(1, 9999), "0.1%"),
    ],
)
def test_percent(rate: Fraction | None, shown: str) -> None:
    """A rate has one decimal, half rounded up; 100.0% is exactly all, 0.0% exactly none, no denominator a dash."""
    assert percent(rate) == shown


def test_numbers() -> None:
    """Days have one decimal, amounts no needless zeros."""
    assert (tenth(Fraction(25, 3)), tenth(None)) == ("8.3", "—")
    assert [money(Decimal(text)) for text in ("0", "12.00", "1.50", "100", "0.005")] == [
        "0",
        "12",
        "1.5",
        "100",
        "0.01",
    ]


def test_dates_and_times() -> None:
    """Dates are printed without leading zeros, midnight is the 24th hour of the day it ends."""
    assert (cn_date(date(2024, 11, 5)), cn_date(None)) == ("2024年11月5日", "—")
    assert (short_date(date(2024, 11, 5)), short_date(None)) == ("2024-11-05", "—")
    assert cn_time(datetime(2024, 12, 1)) == "2024年11月30日24时"  # noqa: DTZ001 - printed as it stands
    assert cn_time(datetime(2024, 12, 1, 9)) == "2024年12月1日9时"  # noqa: DTZ001 - the same
    assert cn_time(datetime(2024, 12, 1, 18, 5)) == "2024年12月1日18时05分"  # noqa: DTZ001 - the same


def test_texts() -> None:
    """Characters that a file cannot carry are dropped, long texts cut, empty parts of a sentence left out."""
    assert clean("灭\x00火\x0b器\ud800\n") == "灭火器\n"
    assert shorten(" 灭火器\n过期 ", 6) == "灭火器 过期"
    assert shorten("灭火器全部过期失效", 6) == "灭火器全部…"
    assert listing(["甲", "", "乙"]) == "甲，乙。"
    assert listing(["", ""]) == ""
    assert [circled(number) for number in (1, 20, 21)] == ["①", "⑳", "（21）"]
