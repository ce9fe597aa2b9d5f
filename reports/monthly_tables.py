"""The tables, lists and the chart of the monthly report, ready to be printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from .blocks import Chart, Column, Table
from .case import Case
from .charts import Series, bar_chart
from .definitions import notes
from .figures import Figures
from .register import LEVELS, MAJOR, Standing, standing
from .tables import Tabulation
from .text import DASH, clean, money, percent, short_date, shorten, tenth

#: Stands where the description of a restricted hazard would.
HIDDEN = "（内容不公开）"
DESCRIPTION_LIMIT = 40  # characters
LABEL_LIMIT = 12  # characters beside the bars of the chart

Show = Callable[[Figures], str]


def _count(name: str) -> Show:
    return lambda figures: str(getattr(figures, name))


def _rate(name: str) -> Show:
    return lambda figures: percent(getattr(figures, name))


def _days(name: str) -> Show:
    return lambda figures: tenth(getattr(figures, name))


#: The two halves of the table of indicators: name as printed, how to print it.
_LEFT: tuple[tuple[str, Show], ...] = (
    ("上期结转", _count("carried_over")),
    ("本期新增", _count("new")),
    ("核查不属实", _count("unfounded")),
    ("重复并入", _count("merged")),
    ("应整改", _count("base")),
    ("已整改", _count("rectified")),
    ("整改率", _rate("rectification_rate")),
    ("当场整改", _count("on_the_spot")),
    ("其他办结", _count("ended")),
    ("整改期限内", _count("running")),
    ("待复查", _count("waiting")),
    ("复查逾期", _count("verify_late")),
    ("待销号", _count("to_close")),
    ("逾期", _count("overdue")),
    ("未定时限", _count("undated")),
    ("存量应整改", _count("stock")),
    ("存量整改率", _rate("stock_rate")),
    ("增量应整改", _count("growth")),
    ("增量整改率", _rate("growth_rate")),
)
_RIGHT: tuple[tuple[str, Show], ...] = (
    ("到期（原定时限）", _count("due")),
    ("按期整改率（原定时限）", _rate("on_time_rate")),
    ("按期整改率（现行时限）", _rate("on_time_now_rate")),
    ("平均整改时长（天）", _days("mean_days")),
    ("中位整改时长（天）", _days("median_days")),
    ("平均复查用时（天）", _days("mean_verify_days")),
    ("一次复查合格率", _rate("first_pass_rate")),
    ("自查发现率", _rate("self_found_rate")),
    ("反弹", _count("reopened")),
    ("批准延期", _count("extended")),
    ("重大隐患应整改", _count("major")),
    ("重大隐患已销号", _count("major_rectified")),
    ("挂牌督办（区级）", _count("listed_district")),
    ("挂牌督办（镇级）", _count("listed_town")),
    ("挂牌督办（村级）", _count("listed_village")),
    ("移送其他部门", _count("referred")),
    ("移送已反馈", _count("referred_done")),
    ("代录／补录（条）", lambda figures: f"{figures.on_behalf}／{figures.late_entries}"),
    ("整改资金（万元）", lambda figures: money(figures.funds)),
)
_UNIT_FIGURES: tuple[tuple[str, float, Show], ...] = (
    ("应整改", 13, _count("base")),
    ("已整改", 13, _count("rectified")),
    ("整改率", 16, _rate("rectification_rate")),
    ("到期", 11, _count("due")),
    ("按期\n整改率", 16, _rate("on_time_rate")),
    ("待复查", 13, _count("waiting")),
    ("逾期", 11, _count("overdue")),
    ("复查\n逾期", 11, _count("verify_late")),
    ("平均\n时长", 13, _days("mean_days")),
)
_CATEGORY_FIGURES: tuple[tuple[str, float, Show], ...] = (
    ("上期\n结转", 12, _count("carried_over")),
    ("本期\n新增", 12, _count("new")),
    ("应整改", 13, _count("base")),
    ("已整改", 13, _count("rectified")),
    ("整改率", 16, _rate("rectification_rate")),
    ("按期\n整改率", 16, _rate("on_time_rate")),
    ("待复查", 13, _count("waiting")),
    ("逾期", 11, _count("overdue")),
    ("重大\n隐患", 11, _count("major")),
)
INDICATOR_NOTES = notes(
    "base",
    "carried_over",
    "rectified",
    "on_time",
    "duration",
    "overdue",
    "undated",
    "waiting",
    "to_close",
    "first_pass",
    "self_found",
    "relapse",
    "stock",
    "referred",
    "listed",
    "entries",
    "funds",
)
UNIT_NOTES = notes("base", "rectified", "on_time", "waiting", "overdue", "duration")
CATEGORY_NOTES = notes("base", "carried_over", "on_time", "waiting", "overdue")


def indicator_table(now: Figures, year: Figures) -> Table:
    """Show every figure of the period and of the year to date, in two halves side by side."""
    half = (
        Column(title="指标", width_mm=42, align="left"),
        *(Column(title=t, width_mm=18) for t in ("本期", "当年累计")),
    )
    rows = (
        (left, show_left(now), show_left(year), right, show_right(now), show_right(year))
        for (left, show_left), (right, show_right) in zip(_LEFT, _RIGHT, strict=True)
    )
    caption = "主要指标（单位：项）"
    return Table(caption=caption, columns=(*half, *half), rows=tuple(rows), notes=INDICATOR_NOTES)


def unit_table(caption: str, title: str, table: Tabulation, *, under: tuple[str, ...]) -> Table:
    """Show the figures of the units or towns, the total last."""
    return _figure_table(f"{caption}（单位：项；时长：天）", title, 30, _UNIT_FIGURES, table, under)


def category_table(table: Tabulation) -> Table:
    """Show the figures of the categories, the total last."""
    caption = "分类别整改情况（单位：项）"
    return _figure_table(caption, "类别", 30, _CATEGORY_FIGURES, table, CATEGORY_NOTES)


def category_chart(table: Tabulation) -> Chart | None:
    """Draw what was to be put right, what was, and what is overdue; None if there is no category.

    Raises:
        GlyphMissing: a category's title has a character that the font cannot draw.
    """
    if not table.lines:
        return None
    labels = [shorten(line.label, LABEL_LIMIT) for line in table.lines]
    figures = [line.figures for line in table.lines]
    series = (
        Series(name="应整改", values=tuple(one.base for one in figures), color="#a9bccb"),
        Series(name="已整改", values=tuple(one.rectified for one in figures), color="#2f6f9f"),
        Series(name="逾期", values=tuple(one.overdue for one in figures), color="#b83227"),
    )
    said = (
        f"{line.label}应整改{f.base}项、已整改{f.rectified}项、逾期{f.overdue}项"
        for line, f in zip(table.lines, figures, strict=True)
    )
    caption = "分类别应整改、已整改和逾期隐患（单位：项）"
    return Chart(caption=caption, png=bar_chart(labels, series), alt="；".join(said) + "。")


def overdue_cases(rows: Iterable[Case], day: date) -> list[Case]:
    """Return the overdue hazards of the denominator, the longest first."""
    late = [case for case in rows if standing(case, day) is Standing.OVERDUE]
    return sorted(late, key=lambda case: (case.due_on or day, case.number))


def verify_late_cases(rows: Iterable[Case], day: date) -> list[Case]:
    """Return the hazards waiting past the verifier's date, the longest first."""
    late = [case for case in rows if standing(case, day) is Standing.WAITING and case.verify_late]
    return sorted(late, key=lambda case: (case.verify_due_on or day, case.number))


def undated_cases(rows: Iterable[Case], day: date) -> list[Case]:
    """Return the open hazards without a deadline, the oldest first."""
    open_ended = [case for case in rows if standing(case, day) is Standing.UNDATED]
    return sorted(open_ended, key=lambda case: (case.found_on, case.number))


def watched_cases(rows: Iterable[Case]) -> list[Case]:
    """Return the listed and the major hazards, the highest level first."""
    rank = {level: place for place, level in enumerate(reversed(LEVELS))}
    watched = [case for case in rows if case.listed is not None or case.severity == MAJOR]
    return sorted(watched, key=lambda case: (rank.get(case.listed or "", len(rank)), case.number))


def overdue_table(cases: Sequence[Case], *, day: date) -> Table:
    """List the overdue hazards with the days since their date."""
    columns = _columns(("隐患", 43, "left"), ("整改时限", 22, "center"), ("逾期天数", 16, "center"))
    rows = ((described(case), short_date(case.due_on), _since(case.due_on, day)) for case in cases)
    return _case_table("逾期未整改隐患", columns, cases, rows, notes("overdue"))


def verify_late_table(cases: Sequence[Case], *, day: date) -> Table:
    """List the hazards waiting too long for re-inspection."""
    columns = _columns(
        ("隐患", 29, "left"), ("申请复查", 20, "center"), ("复查时限", 20, "center"), ("超时\n天数", 12, "center")
    )
    rows = (
        (described(case), short_date(case.applied_on), short_date(case.verify_due_on), _since(case.verify_due_on, day))
        for case in cases
    )
    return _case_table("复查逾期隐患", columns, cases, rows, notes("waiting"))


def undated_table(cases: Sequence[Case]) -> Table:
    """List the hazards without a deadline."""
    columns = _columns(("隐患", 43, "left"), ("排查日期", 20, "center"), ("当前环节", 18, "center"))
    rows = ((described(case), short_date(case.found_on), case.state) for case in cases)
    return _case_table("未定时限隐患", columns, cases, rows, notes("undated"))


def watched_table(cases: Sequence[Case]) -> Table:
    """List the listed and major hazards with their level, date and state."""
    columns = _columns(
        ("隐患", 27, "left"),
        ("等级", 10, "center"),
        ("督办\n级别", 10, "center"),
        ("整改时限", 20, "center"),
        ("当前\n环节", 14, "center"),
    )
    rows = ((described(case), _severity(case), _level(case), short_date(case.due_on), case.state) for case in cases)
    return _case_table("挂牌督办和重大隐患", columns, cases, rows, notes("listed", "to_close"))


def described(case: Case) -> str:
    """Describe a hazard in a few words; one of a restricted category not at all."""
    return HIDDEN if case.restricted else shorten(case.description, DESCRIPTION_LIMIT)


def _figure_table(
    caption: str,
    title: str,
    width: float,
    shown: Sequence[tuple[str, float, Show]],
    table: Tabulation,
    under: tuple[str, ...],
) -> Table:
    head = (Column(title="序号", width_mm=9), Column(title=title, width_mm=width, align="left"))
    rows = [
        (str(place), clean(line.label), *(show(line.figures) for _, _, show in shown))
        for place, line in enumerate(table.lines, start=1)
    ]
    rows.append(("", "合计", *(show(table.total) for _, _, show in shown)))
    columns = (*head, *(Column(title=name, width_mm=mm) for name, mm, _ in shown))
    return Table(caption=caption, columns=columns, rows=tuple(rows), has_total=True, notes=under)


def _columns(*more: tuple[str, float, str]) -> tuple[Column, ...]:
    """Put the columns common to every list before these."""
    head = (
        Column(title="序号", width_mm=9),
        Column(title="隐患编号", width_mm=31),
        Column(title="责任单位", width_mm=35, align="left"),
    )
    return (*head, *(Column(title=t, width_mm=mm, align="left" if a == "left" else "center") for t, mm, a in more))


def _case_table(
    caption: str,
    columns: tuple[Column, ...],
    cases: Sequence[Case],
    cells: Iterable[tuple[str, ...]],
    under: tuple[str, ...],
) -> Table:
    rows = (
        (str(place), clean(case.number), clean(case.unit), *more)
        for place, (case, more) in enumerate(zip(cases, cells, strict=True), start=1)
    )
    return Table(caption=caption, columns=columns, rows=tuple(rows), notes=under)


def _since(due: date | None, day: date) -> str:
    return DASH if due is None else str((day - due).days)


def _severity(case: Case) -> str:
    return "重大" if case.severity == MAJOR else "一般"


def _level(case: Case) -> str:
    return DASH if case.listed is None else LEVELS.get(case.listed, case.listed)
