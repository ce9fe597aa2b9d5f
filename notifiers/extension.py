"""How a letter asks for more time: up to which day, or for how long, and why."""

from __future__ import annotations

import re
from calendar import monthrange
from contextlib import suppress
from datetime import date

from msgspec import Struct

__all__ = ["WE", "Extension", "number_of", "read_extension"]

WE = r"(?:(?:我校|我园|我单位|我们|本校|本园|现)*)"
_DAY = r"(?:(?P<year>\d{4})\s*[-/.年]\s*)?(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})(?:\s*[日号]|(?!\d))"
_MONTH_END = (
    r"(?:(?P<end_year>\d{4})\s*年\s*)?(?:(?P<end>\d{1,2})\s*月|(?P<this>本月|这个月|月)|(?P<last>今?年))\s*[底末]"
)
_NUMERAL = r"(?:\d{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九半])"
_SPAN = rf"(?P<count>{_NUMERAL})\s*个?\s*(?P<unit>天|日|周|星期|礼拜|月)(?!\d)"
_OF_DAY = r"(?:\s*[(]?\s*(?:周|星期|礼拜)[一二三四五六日天]\s*[)]?)?(?:\s*(?:上午|下午|中午|晚上?))?(?:\s*\d{1,2}(?::\d{2}|[时点]))?"
_WHAT = r"(?:[将把]?(?:该|此|本)?(?:隐患|项)?的?(?:整改)?(?:工作|任务)?(?:期限|时限|时间|日期)?)"
_EXTEND = re.compile(
    rf"{WE}(?P<asks>申请|请求)?{_WHAT}(?:(?:延期|延长|展期)(?:整改)?|延(?=\s*[到至]))\s*[:：,，]?\s*"
    rf"(?:(?:到|至)?\s*[:：]?\s*(?:{_DAY}{_OF_DAY}|{_MONTH_END})|{_SPAN})?\s*(?:前|止|之前|以前)?"
    r"(?:(?:\s*[,，。;；:：、]\s*|\s+|\s*(?=[(（]|理由|原因|因))(?P<reason>.*))?"
)
_REASON = re.compile(r"[\s,，。;；:：、(（]*(?:理由|原因|因为|因)?\s*(?:是|为)?\s*[:：]?\s*")
_HEAD = re.compile(r"[^,，。;；(（]*")  #: where the day stands
_IN_WORDS = re.compile(r"(?P<month>[一二三四五六七八九十]{1,2})月(?P<day>[一二三四五六七八九十]{1,3})[日号]")
_IN_ONE = re.compile(r"(?<!\d)(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?!\d)")
_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30}
_DIGITS = "零一二三四五六七八九"


class Extension(Struct, frozen=True, kw_only=True):
    """The day asked for, or for how many natural days; both None where neither can be read. `text` is all else."""

    text: str
    until: date | None = None
    days: int | None = None


def read_extension(line: str, rest: str, today: date) -> Extension | None:
    """Return what a line (in NFKC) asks for, with the lines below it; None where it asks for no more time.

    A day without a year is the next such day, `today` at the earliest. 10天 are natural days, a month has 30. Without 申请 a
    line asks only where it says how long.
    """
    match = _EXTEND.fullmatch(_HEAD.sub(lambda head: _in_digits(head[0], today), line, count=1))
    if match is None:
        return None
    days = _days(match["count"], match["unit"]) if match["count"] else None
    until = _until(match, today)
    if not match["asks"] and until is None and days is None:
        return None
    return Extension(text=_reason(match["reason"] or "", rest), until=until, days=days)


def _in_digits(head: str, today: date) -> str:
    """Write days in digits and apart: 十二月五日, 20241205, 明年1月5日."""
    head = _IN_WORDS.sub(lambda m: f"{number_of(m['month'])}月{number_of(m['day'])}日", head)
    head = _IN_ONE.sub(r"\1-\2-\3", head)
    return re.sub(r"明年(?=\d)", f"{today.year + 1}年", head)


def _until(match: re.Match[str], today: date) -> date | None:
    """Return the day an extension is asked for up to: as it is written, or the end of a month."""
    if match["this"] or match["last"] or match["end"]:
        month = today.month if match["this"] else 12 if match["last"] else int(match["end"])
        year = int(match["end_year"] or today.year + (month < today.month))
        with suppress(ValueError):
            return date(year, month, monthrange(year, month)[1])
    return _day(match, today)


def _day(match: re.Match[str], today: date) -> date | None:
    if match["day"] is None:
        return None
    month, day = int(match["month"]), int(match["day"])
    years = [int(match["year"])] if match["year"] else [today.year, today.year + 1]
    for year in years:
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if match["year"] or found >= today:
            return found
    return None


def _days(count: str, unit: str) -> int:
    return _DAYS[unit] // 2 if count == "半" else number_of(count) * _DAYS[unit]


def number_of(numeral: str) -> int:
    """Return a number up to 99 as it is written in digits or in Chinese."""
    tens, ten, ones = numeral.replace("两", "二").rpartition("十")
    return int(numeral) if numeral.isdigit() else (_digit(tens or "一") * 10 if ten else 0) + _digit(ones)


def _digit(sign: str) -> int:
    return _DIGITS.index(sign) if sign else 0


def _reason(reason: str, rest: str) -> str:
    said = _REASON.sub("", reason, count=1).strip(" )）")
    return "\n".join(filter(None, (said, rest if said else _REASON.sub("", rest, count=1))))
