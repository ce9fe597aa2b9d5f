"""How numbers, dates and words are printed."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

#: Stands for a rate without a denominator and for a date that is not known.
DASH = "—"

# What XML 1.0 cannot carry, and so neither Word nor Excel.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TENTH = Decimal("0.1")


def clean(value: str) -> str:
    """Drop the characters that XML cannot carry."""
    return _ILLEGAL.sub("", value)


def shorten(value: str, limit: int) -> str:
    """Put `value` on one line of at most `limit` characters."""
    line = " ".join(clean(value).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def text_width(value: str) -> float:
    """Return the width in Chinese characters, digits and Latin letters being half."""
    return sum(0.5 if char.isascii() else 1.0 for char in value)


def _tenths(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_TENTH, ROUND_HALF_UP)


def percent(rate: Fraction | None) -> str:
    """Print a rate (0 to 1) as a percentage with one decimal; — if there is none.

    100.0% and 0.0% are printed only for exactly all and exactly none.
    """
    if rate is None:
        return DASH
    shown = _tenths(rate * 100)
    if rate < 1:
        shown = min(shown, Decimal("99.9"))
    if rate > 0:
        shown = max(shown, _TENTH)
    return f"{shown}%"


def tenth(value: Fraction | None) -> str:
    """Print a number (of days, say) with one decimal; — if there is none."""
    return DASH if value is None else str(_tenths(value))


def money(value: Decimal) -> str:
    """Print an amount without trailing zeros, at most two decimals."""
    shown = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = f"{shown:f}"
    return text.rstrip("0").rstrip(".")


def cn_date(day: date | None) -> str:
    """Print a date as official documents do: 2024年11月5日; — if there is none."""
    return DASH if day is None else f"{day.year}年{day.month}月{day.day}日"


def short_date(day: date | None) -> str:
    """Print a date for a narrow column: 2024-11-05; — if there is none."""
    return DASH if day is None else day.isoformat()


def cn_time(moment: datetime) -> str:
    """Print an instant: 2024年11月30日18时05分; midnight belongs to the day it ends (24时)."""
    if moment.time() == time():
        return f"{cn_date(moment.date() - timedelta(days=1))}24时"
    minutes = f"{moment.minute:02}分" if moment.minute else ""
    return f"{cn_date(moment.date())}{moment.hour}时{minutes}"


def circled(number: int) -> str:
    """Print a number from 1 in a circle, ①; from 21 on in brackets."""
    return chr(ord("①") + number - 1) if number <= 20 else f"（{number}）"


def listing(parts: list[str], *, between: str = "，", end: str = "。") -> str:
    """Join the parts that are not empty into one sentence; an empty string if none is left."""
    kept = [part for part in parts if part]
    return between.join(kept) + end if kept else ""
