"""The monthly report: what it says, in which order, free of any file format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from functools import partial
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from . import monthly_tables, sentences
from .blocks import Block, Chart, Heading, Paragraph, Table
from .case import Case
from .figures import Figures, measure
from .period import Period
from .register import base_cases, measured_on
from .tables import Tabulation, by_category, by_town, by_unit, reconcile
from .text import cn_date, cn_time
from .zone import local

_SUBJECT = "校园安全隐患排查整改情况月报"
_TITLE_LINE = 20  #: characters of size 2 (22 pt) in a line of 156 mm


class MonthlyReport(Struct, frozen=True, kw_only=True):
    """A monthly report as data; `render_word` and `render_html` print it."""

    title: str
    #: The title in lines as it is printed: one too long for a line is broken by sense (GB/T 9704-2012).
    title_lines: tuple[str, ...]
    #: The period in brackets, with 补报 if the report was made late.
    subtitle: str
    issuer: str
    period: Period
    #: In the district's zone, as is `made_at`.
    cutoff: datetime
    made_at: datetime
    late: bool
    version: int
    blocks: tuple[Block, ...]
    #: Printed small at the end: the cut-off and the self-check.
    closing: tuple[str, ...]
    #: Who signs, in order.
    sign_off: tuple[str, ...]
    #: What the self-check found; empty if all totals agree with the rows.
    problems: tuple[str, ...]
    figures: Figures
    year_to_date: Figures


class _Data(Struct, frozen=True, kw_only=True):
    """What all parts of one report are made from."""

    district: str
    period: Period
    day: date
    now: Figures
    year: Figures
    #: The rows of the denominator.
    rows: list[Case]
    towns: Tabulation
    units: Tabulation
    categories: Tabulation


def monthly_report(
    cases: Iterable[Case],
    period: Period,
    *,
    cutoff: datetime,
    district_name: str,
    issuer: str,
    made_at: datetime,
    late: bool = False,
    version: int = 1,
    sign_off: Sequence[str] = ("审核", "签发"),
    zone: tzinfo | None = None,
) -> MonthlyReport:
    """Write the report of a period from the hazards as they stood at `cutoff`.

    Args:
        cases: every hazard of the district, also those closed before; in any order, each once.
        period: a month as a rule; any other period is written the same way.
        cutoff: aware; its local day is the last that counts, the period's end at the latest. Midnight belongs
            to the day it ends.
        issuer: the office that answers for the report, as printed under it.
        made_at: aware; the day printed under the report, and the time a late report names.
        late: the report was not made on its day; it says so.
        version: 2 and higher are printed: a report made again is a new version, not another truth.
        zone: the district's zone, Asia/Shanghai by default.

    Raises:
        PeriodUnknown: the cut-off lies before the period.
        GlyphMissing: a category's title cannot be drawn in the chart.
        ValueError: `cutoff` or `made_at` has no zone.
    """
    local_cutoff, local_made = (local(moment, zone) for moment in (cutoff, made_at))
    kept = list(cases)
    data = _gather(kept, period, _last_day(local_cutoff), district_name)
    problems = tuple(_problems(data, kept))
    fits = len(district_name + _SUBJECT) <= _TITLE_LINE
    return MonthlyReport(
        title=district_name + _SUBJECT,
        title_lines=(district_name + _SUBJECT,) if fits else (district_name, _SUBJECT),
        subtitle=f"（{period.title}{'，补报' if late else ''}{f'，第{version}版' if version > 1 else ''}）",
        issuer=issuer,
        period=period,
        cutoff=local_cutoff,
        made_at=local_made,
        late=late,
        version=version,
        blocks=tuple(_numbered(_write(data, local_made if late else None))),
        closing=(f"数据截至{cn_time(local_cutoff)}，生成时间{cn_time(local_made)}。", _self_check(problems, data)),
        sign_off=tuple(sign_off),
        problems=problems,
        figures=data.now,
        year_to_date=data.year,
    )


def _last_day(cutoff: datetime) -> date:
    """Return the last local day that counts; midnight ends the day before."""
    midnight = cutoff.hour == cutoff.minute == cutoff.second == cutoff.microsecond == 0
    return date.fromordinal(cutoff.date().toordinal() - midnight)


def _gather(cases: list[Case], period: Period, last: date, district: str) -> _Data:
    day = measured_on(period, last)
    return _Data(
        district=district,
        period=period,
        day=day,
        now=measure(cases, period, day),
        year=measure(cases, period.year_to_date(), day),
        rows=base_cases(cases, period, day),
        towns=by_town(cases, period, day),
        units=by_unit(cases, period, day),
        categories=by_category(cases, period, day),
    )


def _write(data: _Data, late_at: datetime | None) -> tuple[Block, ...]:
    return (
        Heading(text="一、总体情况"),
        *_overview(data, late_at),
        Heading(text="二、各单位整改情况"),
        *_by_units(data),
        Heading(text="三、分类别整改情况"),
        *_by_categories(data),
        Heading(text="四、逾期与复查逾期"),
        *_late_lists(data),
        Heading(text="五、挂牌督办"),
        _watched(data),
    )


def _numbered(blocks: Iterable[Block]) -> Iterator[Block]:
    """Number the tables and the charts in the order in which they stand."""
    tables, charts = count(1), count(1)
    for block in blocks:
        if isinstance(block, Table):
            yield replace(block, caption=f"表{next(tables)}　{block.caption}")
        elif isinstance(block, Chart):
            yield replace(block, caption=f"图{next(charts)}　{block.caption}")
        else:
            yield block


def _overview(data: _Data, late_at: datetime | None) -> list[Block]:
    made_late = f"本期月报未按时生成，本报告系补报，生成时间为{cn_time(late_at)}。" if late_at else ""
    texts = (
        made_late,
        sentences.overall(data.now, data.period, data.district) + sentences.remaining(data.now, data.day),
        sentences.punctuality(data.now) + sentences.quality(data.now),
        sentences.measures(data.now),
        sentences.to_date(data.year, data.period.year_to_date()),
    )
    return [*(Paragraph(text=text) for text in texts if text), monthly_tables.indicator_table(data.now, data.year)]


def _by_units(data: _Data) -> list[Block]:
    referred = data.now.referred
    more = (f"另有移送其他部门的隐患{referred}项，已反馈{data.now.referred_done}项，不计入本表。",) if referred else ()
    notes = (*monthly_tables.UNIT_NOTES, *more)
    return [
        monthly_tables.unit_table("各镇中心学校（园区教办）整改情况", "镇（园区）", data.towns, under=notes),
        monthly_tables.unit_table("各单位整改情况", "责任单位", data.units, under=("各项指标的含义同表2。",)),
    ]


def _by_categories(data: _Data) -> list[Block]:
    chart = monthly_tables.category_chart(data.categories)
    table = monthly_tables.category_table(data.categories)
    return [chart, table] if chart else [table]


def _late_lists(data: _Data) -> list[Block]:
    day, rows = data.day, data.rows
    overdue = monthly_tables.overdue_cases(rows, day)
    waiting = monthly_tables.verify_late_cases(rows, day)
    undated = monthly_tables.undated_cases(rows, day)
    overdue_table = partial(monthly_tables.overdue_table, day=day)
    waiting_table = partial(monthly_tables.verify_late_table, day=day)
    return [
        Heading(text="（一）逾期", level=2),
        _list(overdue, f"截至{cn_date(day)}，没有逾期未整改的隐患。", overdue_table),
        Heading(text="（二）复查逾期", level=2),
        _list(waiting, f"截至{cn_date(day)}，没有复查逾期的隐患。", waiting_table),
        Heading(text="（三）未定时限", level=2),
        _list(undated, f"截至{cn_date(day)}，没有未定时限的隐患。", monthly_tables.undated_table),
    ]


def _watched(data: _Data) -> Block:
    watched = monthly_tables.watched_cases(data.rows)
    return _list(watched, "本期没有挂牌督办的隐患和重大隐患。", monthly_tables.watched_table)


def _list(cases: Sequence[Case], nothing: str, table: Callable[[Sequence[Case]], Table]) -> Block:
    return table(cases) if cases else Paragraph(text=nothing)


def _problems(data: _Data, cases: list[Case]) -> list[str]:
    """Check the tables against the rows, and the lists against the tables."""
    total = data.units.total
    lists = {
        "逾期": (len(monthly_tables.overdue_cases(data.rows, data.day)), total.overdue),
        "复查逾期": (len(monthly_tables.verify_late_cases(data.rows, data.day)), total.verify_late),
        "未定时限": (len(monthly_tables.undated_cases(data.rows, data.day)), total.undated),
    }
    wrong = [f"{name}名单{listed}项，表中{shown}项" for name, (listed, shown) in lists.items() if listed != shown]
    return reconcile((data.towns, data.units, data.categories), cases) + wrong


def _self_check(problems: Sequence[str], data: _Data) -> str:
    if problems:
        return f"数据核对：发现{len(problems)}处不一致，请核实后再用：{'；'.join(problems)}。"
    return f"数据核对：表2、表3、表4合计与{len(data.rows)}项应整改隐患明细一致，各名单项数与表内数字一致。"
