"""A district's own calendar file: official years the package does not know yet, own days, school terms."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

from msgspec import Struct

from rectiflow.engine.calendar import OFFICE, OfficeHours
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.vocabulary import DEFAULT_CALENDAR

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "CalendarOverride",
    "SchoolTerm",
    "is_weekday",
    "load_override",
    "shows_arrangement",
]

_SATURDAY = 5
_NEXT_NEW_YEAR = (12, 29)
FIRST_YEAR, LAST_YEAR = 2019, 2035  #: years a calendar is made for; those not arranged yet count as provisional
_DIGEST = 4  #: hexadecimal digits that tell one state of a district's own days from the one before
_LONGEST = 60  #: days of one stretch; the longest official break has nine
_OPENING = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_STRETCH = re.compile(r"(\d{4}-\d{2}-\d{2})\s*\.\.\s*(\d{4}-\d{2}-\d{2})")


class SchoolTerm(Struct, frozen=True, kw_only=True):
    """One school term, both days included; it steers inspections and recipients, never a hazard's deadline."""

    name: str
    first: date
    last: date


class CalendarOverride(Struct, frozen=True, kw_only=True):
    """A district's own days, added to the official ones.

    `complete` names the years whose whole official arrangement stands in the file: it replaces the package's.
    """

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    complete: frozenset[int] = frozenset()
    terms: tuple[SchoolTerm, ...] = ()
    office: OfficeHours = OFFICE  #: when the office is open on a working day

    @property
    def digest(self) -> str:
        """A few hexadecimal digits of the SHA-256 of all that moves a date; empty when nothing does. Terms do not."""
        days = [sorted(map(str, part)) for part in (self.holidays, self.workdays, self.complete)]
        office = [f"{start}-{end}" for start, end in self.office] if self.office != OFFICE else []
        moving = [*days, office]
        return sha256(repr(moving).encode()).hexdigest()[:_DIGEST] if any(moving) else ""


def is_weekday(day: date) -> bool:
    """Tell whether a day is one of Monday to Friday."""
    return day.weekday() < _SATURDAY


def shows_arrangement(days: Iterable[date]) -> bool:
    """Tell whether make-up days among `days` show that a year's official arrangement is known.

    A make-up day in the last three days of December belongs to the next New Year's notice and shows nothing.
    """
    return any(not is_weekday(d) and (d.month, d.day) < _NEXT_NEW_YEAR for d in days)


def load_override(path: Path | str, /) -> CalendarOverride:
    """Read a district's calendar file: `years` with `holidays`, `workdays` and `complete`, school `terms`, `office` hours.

    A day is written 2027-02-05, a stretch of days 2027-02-05..2027-02-11.

    Raises:
        InputUnusable: the file cannot be read or has mistakes; all of them are named.
    """
    path = Path(path)
    reader = _Reader(path.name)
    override = reader.read(_yaml(path))
    if reader.problems:
        raise InputUnusable(f"日历文件 {path} 有 {len(reader.problems)} 处问题：{'；'.join(reader.problems)}。")
    return override


def _yaml(path: Path) -> object:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        yaml: Any = YAML(typ="rt", pure=True)  # it knows the line of every key
        tree: object = yaml.load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputUnusable(f"打不开日历文件 {path}。请检查路径和权限，并用 UTF-8 保存。") from error
    except YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        place = f"第 {mark.line + 1} 行第 {mark.column + 1} 列附近" if mark else ""
        raise InputUnusable(f"日历文件 {path} {place}不合 YAML 写法。请检查缩进、冒号和括号。") from error
    except ValueError as error:  # a date that does not exist, which YAML reads by itself
        raise InputUnusable(f"日历文件 {path} 里有不存在的日期（如 2 月 30 日）：{error}。请核对各个日期。") from error
    return tree


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


class _Reader:
    """Reads the tree of a calendar file and gathers every mistake."""

    def __init__(self, source: str) -> None:
        self.problems: list[str] = []
        self._source = source
        self._holidays: set[date] = set()
        self._workdays: set[date] = set()
        self._complete: set[int] = set()

    def read(self, tree: object) -> CalendarOverride:
        top = self._mapping(tree, "文件", {"calendar", "years", "terms", "office"})
        if top.get("calendar") not in (None, DEFAULT_CALENDAR):
            said = f"没有日历 {top['calendar']}，只有 {DEFAULT_CALENDAR}（国务院的安排）；这一行也可以不写"
            self.problems.append(f"{self._line(top, 'calendar')} {said}")
        for year, days in self._mapping(top.get("years"), "years", None).items():
            self._year(year, days)
        terms = [
            self._term(entry, f"terms 第 {i} 项") for i, entry in enumerate(self._list(top.get("terms"), "terms"), 1)
        ]
        known = sorted((t for t in terms if t is not None), key=lambda t: t.first)
        self.problems += [f"terms：{a.name} 与 {b.name} 的日期重叠" for a, b in pairwise(known) if b.first <= a.last]
        both = sorted(self._holidays & self._workdays)
        self.problems += [f"{day} 同时写在 holidays 和 workdays 里，请只留一处" for day in both]
        return CalendarOverride(
            holidays=frozenset(self._holidays),
            workdays=frozenset(self._workdays),
            complete=frozenset(self._complete),
            terms=tuple(t for t in terms if t is not None),
            office=self._office(top["office"]) if top.get("office") is not None else OFFICE,
        )

    def _office(self, value: object) -> OfficeHours:
        found = [self._opening(entry, f"office 第 {i} 项") for i, entry in enumerate(self._list(value, "office"), 1)]
        known = tuple(stretch for stretch in found if stretch is not None)
        if any(b[0] < a[1] for a, b in pairwise(known)):
            self.problems.append("office：各段上班时间须按先后写，不能重叠")
        elif not found:
            self.problems.append("office：至少写一段上班时间，如 [08:30-12:00, 14:00-17:30]")
        return known

    def _opening(self, entry: object, where: str) -> tuple[time, time] | None:
        match = _OPENING.fullmatch(entry.strip()) if isinstance(entry, str) else None
        try:
            start, end = (time.fromisoformat(part.zfill(5)) for part in match.groups()) if match else (None, None)
        except ValueError:
            start = end = None
        if start is None or end is None or end <= start:
            self.problems.append(f"{where}：{entry} 不是一段上班时间，请写 08:30-12:00")
            return None
        return start, end

    def _year(self, year: object, days: object) -> None:
        where = f"years.{year}"
        if not isinstance(year, int):
            self.problems.append(f"{where}：年份请写四位数字")
            return
        if not FIRST_YEAR <= year <= LAST_YEAR:
            self.problems.append(f"{where}：只用得上 {FIRST_YEAR} 至 {LAST_YEAR} 年")
            return
        entry = self._mapping(days, where, {"holidays", "workdays", "complete"})
        work = self._days(entry.get("workdays"), f"{where}.workdays", year)
        self._holidays |= self._days(entry.get("holidays"), f"{where}.holidays", year)
        self._workdays |= work
        complete = entry.get("complete", False)
        if not isinstance(complete, bool):
            self.problems.append(f"{where}.complete：请写 true 或 false")
        elif complete and not shows_arrangement(work):
            self.problems.append(f"{where}：complete 表示全年安排已录全，workdays 里至少要有一个周末调休上班日")
        elif complete:
            self._complete.add(year)

    def _term(self, entry: object, where: str) -> SchoolTerm | None:
        term = self._mapping(entry, where, {"name", "from", "to"})
        name, first, last = term.get("name"), term.get("from"), term.get("to")
        if not (isinstance(name, str) and type(first) is date and type(last) is date):
            self.problems.append(f"{where}：请写 name（名称）、from 和 to（日期，如 2024-09-02）")
            return None
        if last < first:
            self.problems.append(f"{where}：{name} 的结束日期早于开始日期")
        return SchoolTerm(name=name, first=first, last=last)

    def _days(self, value: object, where: str, year: int) -> set[date]:
        entries = enumerate(self._list(value, where), 1)
        written = [day for i, entry in entries for day in self._stretch(entry, f"{where} 第 {i} 项")]
        found = set(written)
        self.problems += [f"{where}：{day} 写了不止一次" for day, n in sorted(Counter(written).items()) if n > 1]
        self.problems += [f"{where}：{day} 不在 {year} 年" for day in sorted(found) if day.year != year]
        return found

    def _stretch(self, entry: object, where: str) -> list[date]:
        if type(entry) is date:
            return [entry]
        match = _STRETCH.fullmatch(entry.strip()) if isinstance(entry, str) else None
        days = _between(match[1], match[2]) if match else []
        if match and not days and _between(match[2], match[1]):
            self.problems.append(f"{where}：{entry} 前后颠倒，请把早的写在前面")
            return []
        if len(days) > _LONGEST:
            self.problems.append(f"{where}：{entry} 太长，一段最多 {_LONGEST} 天，请核对")
            return []
        if not days:
            self.problems.append(f"{where}：{entry} 不是日期，请写 2027-02-05 或 2027-02-05..2027-02-11")
        return days

    def _mapping(self, value: object, where: str, known: set[str] | None) -> Mapping[Any, Any]:
        if value is None:
            return {}
        if not _is_mapping(value):
            self.problems.append(f"{where}：应为“名称: 内容”的形式")
            return {}
        unknown = [key for key in value if known is not None and key not in known]
        may = "、".join(sorted(known or ()))
        self.problems += [f"{self._line(value, key)} {where}：不认识的项 {key}，可用 {may}" for key in unknown]
        return value

    def _line(self, mapping: Any, key: object) -> str:
        """Return file and line of a key; one that an anchor brings in stands where the mapping does."""
        keys: Mapping[object, Any] = mapping.lc.data or {}
        line: int = keys[key][0] if key in keys else mapping.lc.line
        return f"{self._source}:{line + 1}"

    def _list(self, value: object, where: str) -> list[Any]:
        if value is None or _is_list(value):
            return value or []
        self.problems.append(f"{where}：应为列表，写在方括号里")
        return []


def _between(first: str, last: str) -> list[date]:
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return []
    return [start + timedelta(days=n) for n in range(min((end - start).days, 999) + 1)]
