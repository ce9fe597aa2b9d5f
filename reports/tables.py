"""Figures by unit, by town and by category, and the check that they agree with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import fields

from .case import Case
from .figures import Figures, measure
from .period import Period
from .register import Standing, as_at, base_cases, measured_on

By = Literal["unit", "town", "category"]

_KEYS: Mapping[By, Callable[[Case], tuple[str, str]]] = MappingProxyType(
    {
        "unit": lambda case: (case.unit_id, case.unit),
        "town": lambda case: (case.town, case.town),
        "category": lambda case: (case.category_id, case.category),
    }
)
#: What the tables are called in a message.
_TITLES: Mapping[By, str] = MappingProxyType({"unit": "各单位表", "town": "各镇（园区）表", "category": "分类别表"})
#: 中文 of the figures that the check names.
_LABELS = {"carried_over": "上期结转", "new": "本期新增", "rectified": "已整改", "overdue": "逾期", "waiting": "待复查"}


class Line(Struct, frozen=True, kw_only=True):
    """The figures of one unit, town or category."""

    key: str
    label: str
    figures: Figures


class Tabulation(Struct, frozen=True, kw_only=True):
    """A table of figures; `total` was counted from the rows, not added up from the lines."""

    by: By
    period: Period
    #: The last day that counts.
    day: date
    lines: tuple[Line, ...]
    total: Figures


def tabulate(cases: Iterable[Case], period: Period, cutoff: date | None = None, *, by: By) -> Tabulation:
    """Count the figures group by group, the largest denominator first; groups without a figure are left out.

    Raises:
        PeriodUnknown: the cut-off lies before the period.
    """
    kept = list(cases)
    groups: dict[str, list[Case]] = {}
    for case in kept:
        groups.setdefault(_KEYS[by](case)[0], []).append(case)
    lines = (
        Line(key=key, label=_label(group, by), figures=measure(group, period, cutoff)) for key, group in groups.items()
    )
    return Tabulation(
        by=by,
        period=period,
        day=measured_on(period, cutoff),
        lines=tuple(sorted((line for line in lines if line.figures != Figures()), key=_rank)),
        total=measure(kept, period, cutoff),
    )


def by_unit(cases: Iterable[Case], period: Period, cutoff: date | None = None) -> Tabulation:
    """Count the figures of each responsible unit."""
    return tabulate(cases, period, cutoff, by="unit")


def by_town(cases: Iterable[Case], period: Period, cutoff: date | None = None) -> Tabulation:
    """Count the figures of each supervising town central school or park education office."""
    return tabulate(cases, period, cutoff, by="town")


def by_category(cases: Iterable[Case], period: Period, cutoff: date | None = None) -> Tabulation:
    """Count the figures of each top category."""
    return tabulate(cases, period, cutoff, by="category")


def reconcile(tables: Sequence[Tabulation], cases: Iterable[Case]) -> list[str]:
    """Check the tables against the rows, and return every disagreement in Chinese.

    Checked are: no number twice; the lines of each table add up to its total; the total says what a plain
    second count of the rows says; the standings add up to the denominator.
    """
    kept = list(cases)
    counts = Counter(case.number for case in kept)
    problems = [f"隐患编号{number}在明细中出现{times}次" for number, times in sorted(counts.items()) if times > 1]
    for table in tables:
        problems += _sum_problems(table) + _row_problems(table, kept) + _standing_problems(table)
    return problems


def _label(group: list[Case], by: By) -> str:
    """Name the group as its newest hazard does: a unit may have been renamed."""
    newest = max(group, key=lambda case: (case.entered_on, case.number))
    return _KEYS[by](newest)[1]


def _rank(line: Line) -> tuple[int, str]:
    return -line.figures.base, line.key


def _sum_problems(table: Tabulation) -> list[str]:
    added = sum((line.figures for line in table.lines), Figures())
    wrong = [field.name for field in fields(Figures) if getattr(added, field.name) != getattr(table.total, field.name)]
    return [f"{_TITLES[table.by]}：{_LABELS.get(name, name)}各行之和与合计不等" for name in wrong]


def _row_problems(table: Tabulation, cases: list[Case]) -> list[str]:
    """Count once more, straight from the rows."""
    rows = base_cases(cases, table.period, table.day)
    gone = sum(case.outcome in ("unfounded", "merged") for case in _register(cases, table))
    total = table.total
    pairs = {"应整改": (total.base, len(rows)), "核查不属实和重复并入": (total.unfounded + total.merged, gone)}
    return [
        f"{_TITLES[table.by]}：{name}合计{shown}项，明细{counted}项"
        for name, (shown, counted) in pairs.items()
        if shown != counted
    ]


def _register(cases: list[Case], table: Tabulation) -> list[Case]:
    start, day = table.period.start, table.day
    seen = [as_at(case, day) for case in cases if not case.referred]
    since = [(case.found_on if case.stock else case.entered_on, case) for case in seen]
    return [case for first, case in since if first <= day and (first >= start or (case.closed_on or first) >= start)]


def _standing_problems(table: Tabulation) -> list[str]:
    placed = sum(getattr(table.total, place.value) for place in Standing)
    if placed == table.total.base:
        return []
    return [f"{_TITLES[table.by]}：已整改与未整改各项之和{placed}项，应整改{table.total.base}项"]
