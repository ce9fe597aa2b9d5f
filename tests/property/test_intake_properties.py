"""Whatever offices write, in whatever form, comes back as it was meant; whatever is broken is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from rectiflow.intake import (
    DateUnreadable,
    IntakeError,
    WorkbookUnreadable,
    normalise_description,
    open_sheets,
    parse_date,
    parse_deadline,
    read_ledger,
)
from rectiflow.intake.text import narrow, tidy

Form: TypeAlias = Callable[[dt.date], str | float | int | dt.date]

DATES = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))
FULL_WIDTH = str.maketrans("0123456789./-", "０１２３４５６７８９．／－")
NUMERALS = "〇一二三四五六七八九"
WEEKDAYS = "一二三四五六日"


def chinese(number: int) -> str:
    """Write 1 to 31 in Chinese."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{NUMERALS[tens]}十"
    return head + (NUMERALS[ones] if ones else "")


WHOLE: dict[str, Form] = {
    "dots": lambda day: f"{day.year}.{day.month}.{day.day}",
    "dashes": lambda day: day.isoformat(),
    "slashes": lambda day: f"{day.year}/{day.month}/{day.day}",
    "characters": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "padded": lambda day: f"{day.year}年{day.month:02}月{day.day:02}日",
    "numerals": lambda day: (
        f"{''.join(NUMERALS[int(d)] for d in str(day.year))}年{chinese(day.month)}月{chinese(day.day)}日"
    ),
    "compact": lambda day: f"{day:%Y%m%d}",
    "compact number": lambda day: int(f"{day:%Y%m%d}"),
    "short year": lambda day: f"{day.year % 100:02}.{day.month}.{day.day}",
    "full width": lambda day: f"{day.year}.{day.month}.{day.day}".translate(FULL_WIDTH),
    "ideographic stops": lambda day: f"{day.year}。{day.month}。{day.day}",
    "weekday": lambda day: f"{day.isoformat()} 星期{WEEKDAYS[day.weekday()]}",
    "bracketed weekday": lambda day: f"{day.year}年{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）",
    "with a time": lambda day: f"{day.isoformat()} 09:30:00",
    "spaced": lambda day: f"\u3000{day.year} 年 {day.month} 月 {day.day} 日 ",
    "serial": lambda day: (day - dt.date(1899, 12, 30)).days,
    "serial with a time": lambda day: (day - dt.date(1899, 12, 30)).days + 0.75,
    "serial as text": lambda day: str((day - dt.date(1899, 12, 30)).days),
    "date": lambda day: day,
}
WITHOUT_YEAR: dict[str, Form] = {
    "characters": lambda day: f"{day.month}月{day.day}日",
    "dots": lambda day: f"{day.month}.{day.day}",
    "full width": lambda day: f"{day.month}月{day.day}日".translate(FULL_WIDTH),
    "numerals": lambda day: f"{chinese(day.month)}月{chinese(day.day)}号",
}
DEADLINES: dict[str, Form] = {
    "before": lambda day: f"{day.year}年{day.month}月{day.day}日前",
    "before, done": lambda day: f"于{day.isoformat()}之前完成整改",
    "until": lambda day: f"截至{day.year}.{day.month}.{day.day}",
}
MONTH_ENDS: dict[str, Form] = {
    "dash": lambda day: f"{day.year}-{day.month:02}",
    "characters": lambda day: f"{day.year}年{day.month}月",
    "end": lambda day: f"{day.year}年{day.month}月底",
    "before the end": lambda day: f"{day.year}年{day.month}月末前",
    "compact": lambda day: f"{day:%Y%m}" if day.month > 12 else f"{day:%Y.%m}",
}


@given(day=DATES, form=st.sampled_from(sorted(WHOLE)))
def test_any_date_in_any_form_reads_back(day: dt.date, form: str) -> None:
    """A whole date is that day, whether or not it is a deadline, whatever year is assumed."""
    written = WHOLE[form](day)
    for deadline in (False, True):
        parsed = parse_date(written, year=1234, end_of_month=deadline)
        assert (parsed.date, parsed.precision, parsed.assumed_year) == (day, "day", False)


@given(day=DATES, form=st.sampled_from(sorted(WITHOUT_YEAR)))
def test_any_date_without_its_year_reads_back(day: dt.date, form: str) -> None:
    """With its year given, a date is that day."""
    parsed = parse_date(WITHOUT_YEAR[form](day), year=day.year)
    assert (parsed.date, parsed.assumed_year) == (day, True)


@given(day=DATES, form=st.sampled_from(sorted(DEADLINES)))
def test_any_deadline_reads_back(day: dt.date, form: str) -> None:
    """The words around a deadline do not change its day."""
    assert parse_date(DEADLINES[form](day), end_of_month=True).date == day


@given(day=DATES, form=st.sampled_from(sorted(MONTH_ENDS)))
def test_any_month_ends_on_its_last_day(day: dt.date, form: str) -> None:
    """The day after a month's deadline is the first of the next month."""
    parsed = parse_date(MONTH_ENDS[form](day), end_of_month=True)
    assert (parsed.date.year, parsed.date.month, parsed.precision) == (day.year, day.month, "month")
    assert (parsed.date + dt.timedelta(days=1)).day == 1


@given(
    value=st.one_of(
        st.text(max_size=20), st.text("0123456789年月日底前.-/十二 （周）", max_size=14), st.floats(), st.integers()
    )
)
def test_nothing_else_than_a_refusal_is_raised(value: str | float) -> None:
    """Any text and any number is a date from 2000 to 2099, or refused."""
    for read in (parse_date, parse_deadline):
        try:
            parsed = read(value, year=2024)
        except DateUnreadable as refused:
            assert str(refused)  # noqa: PT017
        else:
            assert not hasattr(parsed, "date") or 2000 <= getattr(parsed, "date").year <= 2099  # noqa: B009


@given(text=st.text(max_size=60))
def test_normal_forms_are_stable(text: str) -> None:
    """A normal form is its own normal form, and punctuation does not touch a description's identity."""
    assert tidy(tidy(text)) == tidy(text)
    assert narrow(narrow(text)) == narrow(text)
    once = normalise_description(text)
    assert normalise_description(once) == once
    assert normalise_description(f" {text}。") == once


WORDS = st.text(st.sampled_from("灭火器过期楼梯食堂，。12 Ａ\"'\n"), min_size=1, max_size=12).filter(
    lambda text: bool(normalise_description(text))
)
ROWS = st.lists(st.tuples(DATES, WORDS, st.integers(0, 2)), min_size=1, max_size=12)


@given(
    rows=ROWS, encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]), tab=st.booleans(), lead=st.integers(0, 3)
)
@settings(max_examples=60)
def test_text_ledgers_read_back(rows: list[tuple[dt.date, str, int]], encoding: str, tab: bool, lead: int) -> None:
    """Each row comes back with its place in the file, however many blank lines lie between."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t" if tab else ",")
    writer.writerows([()] * lead)
    writer.writerow(["序号", "学校", "排查时间", "隐患描述", "备注"])
    expected: list[tuple[int, dt.date, str]] = []
    line = lead + 1
    for number, (day, text, blanks) in enumerate(rows, start=1):
        writer.writerows([()] * blanks)
        writer.writerow([number, "示例小学", f"{day.year}年{day.month}月{day.day}日", f"隐患{text}", ""])
        line += blanks + 1
        expected.append((line, day, tidy(f"隐患{text}")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "台账.csv"
        path.write_bytes(out.getvalue().encode(encoding))
        ledger = read_ledger(path)
    assert ledger.problems == ()
    assert [(row.row, row.values["found_on"], row.values["description"]) for row in ledger.rows] == expected


def workbook() -> bytes:
    """Make a small real workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("台账")
        sheet.merge_range("A1:D1", "2024年隐患台账")
        sheet.write_row("A2", ["序号", "排查时间", "学校", "隐患描述"])
        sheet.write_row("A3", [1, "12.5", "示例小学", "灭火器过期"])
    return out.getvalue()


WORKBOOK = workbook()
DAMAGE = st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), min_size=1, max_size=8)


@given(damage=DAMAGE, length=st.integers(0, len(WORKBOOK)), cut=st.booleans())
@settings(max_examples=80)
def test_damaged_workbooks_are_refused(damage: list[tuple[int, int]], length: int, cut: bool) -> None:
    """A workbook with wrong bytes is read or refused, nothing else."""
    data = bytearray(WORKBOOK)
    for place, value in damage:
        data[place] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        path.write_bytes(data[:length] if cut else data)
        try:
            open_sheets(path)
        except WorkbookUnreadable as refused:
            assert path.name in str(refused)  # noqa: PT017


@given(
    grid=st.lists(
        st.lists(
            st.sampled_from(
                [
                    "序号",
                    "排查时间",
                    "学校",
                    "隐患描述",
                    "整改时限",
                    "合计",
                    "备注：",
                    "12.5",
                    "示例小学",
                    "",
                    "同上",
                    "未定",
                ]
            ),
            max_size=7,
        ),
        max_size=9,
    )
)
@settings(max_examples=150)
def test_any_sheet_is_read_or_refused(grid: list[list[str]]) -> None:
    """Whatever stands where, the reader gives rows, problems and skipped rows, each row in one of them at most."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(grid)
        try:
            ledger = read_ledger(path, year=2024)
        except IntakeError as refused:
            assert path.name in str(refused)  # noqa: PT017
            return
    good, bad, skipped = ({entry.row for entry in part} for part in (ledger.rows, ledger.problems, ledger.skipped))
    assert good.isdisjoint(bad)
    assert (good | bad).isdisjoint(skipped)
