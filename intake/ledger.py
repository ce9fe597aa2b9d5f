"""The hazard ledger (隐患排查整改台账) as offices keep it, read into plain rows.

Nothing is looked up: names of units, persons and categories come as written. A row with any problem is not among
the rows; all of its problems are told. What was passed over is told too.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from ._body import Body, BodyRow, BodyRules
from ._draft import Draft
from ._header import Column, Header, HeaderCell, find_header
from ._ledger_columns import COLUMNS, TITLES, UNUSED
from ._ledger_dates import DateReader
from ._ledger_values import read_values
from .dates import YearHint, year_of_title
from .errors import LedgerUnusable
from .limits import Limits
from .problems import RowProblem, SkippedRow
from .text import cell_text, match_key
from .workbook import Sheet, open_sheets

_NO_FINDING = re.compile(
    r"(?:经|本次|此次|本月)?(?:自查|检查|排查|巡查)?[,，:：]?(?:无|未发现|没有发现|暂无|暂未发现|未查出|没有|未见)"
    r"(?:明显|重大|任何)?(?:安全)?(?:事故)?(?:问题|隐患|异常|问题隐患|隐患问题)*[。.]?"
)
_COUNTED = re.compile(r"\d{1,4}")
_RULES = BodyRules(
    main="description",
    anchors=("unit", "found_on", "responsible_unit"),
    serial=frozenset({"serial"}),
    single=frozenset({"serial", "number", "description", "funds", "rev"}),
    once=("funds",),
    carried=frozenset({"unit", "found_on", "inspecting_unit", "inspectors", "inspected_by", "method"}),
    joined=frozenset({"place", "basis", "measures", "interim", "progress", "extended", "remarks"}),
)

_EXPORTED_RULES = dataclasses.replace(_RULES, carried=frozenset(), ditto=False)  # we write every cell out


class LedgerRow(Struct, frozen=True, kw_only=True):
    """One hazard of the ledger.

    Attributes:
        row: the sheet's own row number.
        number: the hazard's number; None when the ledger gives none.
        values: what was read, by column id, only for columns the table has; None where nothing stands. Texts, but
            ``found_on``, ``due_on``, ``completed_on``, ``verified_on``, ``closed_on`` are dates, ``funds`` is a
            Decimal in 万元, ``inspectors`` a tuple of names, ``rev`` an int, ``severity`` "general" or "major",
            ``verdict`` "pass" or "fail", ``listed_level`` "village", "town" or "district", and ``immediate`` (always
            there) tells that the deadline reads 立行立改. What people fill into an exported ledger is text as written.
        raw: every column that says something, understood or not, by its title, as written.
        warnings: what was taken, but should be looked at.
        assumed_years: ids of the dates whose year was not written.
    """

    row: int
    number: str | None
    values: Mapping[str, object]
    raw: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    assumed_years: tuple[str, ...] = ()


class LedgerFile(Struct, frozen=True, kw_only=True):
    """A ledger as read.

    Attributes:
        path: the file.
        sheet: the sheet's name.
        title: the line above the header that names the table; empty when there is none.
        year: the year of dates without one; None when neither the title nor the caller gave it.
        header_rows: first and last row of the header.
        columns: the title of each column understood, as written, by column id.
        letters: the letter of each of these columns, by column id.
        ignored: titles of the columns that were not understood.
        rows: the good rows.
        problems: all problems of all other rows.
        skipped: rows that are no data.
        notes: what the user should know of the table as a whole.
    """

    path: Path
    sheet: str
    title: str
    year: YearHint
    header_rows: tuple[int, int]
    columns: Mapping[str, str]
    letters: Mapping[str, str]
    ignored: tuple[str, ...]
    rows: tuple[LedgerRow, ...]
    problems: tuple[RowProblem, ...]
    skipped: tuple[SkippedRow, ...]
    notes: tuple[str, ...]


class _Table(Struct, frozen=True, kw_only=True):
    sheet: Sheet
    header: Header
    notes: tuple[str, ...] = ()


def read_ledger(
    path: str | Path,
    *,
    year: int | None = None,
    sheet: str | None = None,
    today: dt.date | None = None,
    exported: bool = False,
    limits: Limits | None = None,
) -> LedgerFile:
    """Read a hazard ledger from a workbook or a text file.

    Args:
        path: .xlsx, .xls or .csv.
        year: the year of dates written without one; goes before that of the title.
        sheet: the sheet to read; needed when several sheets hold a ledger.
        today: the day of the import; when given, what is said to have happened after it is a problem.
        exported: we wrote the table ourselves: every cell stands for itself, and a hazard without a unit is no problem.
        limits: bounds of size.

    Raises:
        WorkbookUnreadable: the file cannot be read at all.
        LedgerUnusable: no ledger is in it, or more than one, or a needed column is missing.
    """
    file = Path(path)
    table = _find_table(file, open_sheets(file, limits=limits), sheet)
    title, title_year = _title(file, table)
    hint: YearHint = year if year is not None else title_year
    body = Body(table.sheet, table.header, _EXPORTED_RULES if exported else _RULES)
    places = table.header.by_key
    drafts = [
        _draft(table.sheet.name, row, places, hint, today, exported=exported)
        for row in body.rows()
        if _is_hazard(row, body)
    ]
    _check_numbers([draft for draft, _ in drafts])
    return LedgerFile(
        path=file,
        sheet=table.sheet.name,
        title=title,
        year=hint,
        header_rows=(table.header.first_row, table.header.last_row),
        columns=MappingProxyType({key: cell.title for key, cell in places.items()}),
        letters=MappingProxyType({key: cell.letter for key, cell in places.items()}),
        ignored=tuple(cell.title for cell in table.header.unknown),
        rows=tuple(_row(draft, dates) for draft, dates in drafts if not draft.problems),
        problems=tuple(problem for draft, _ in drafts for problem in draft.problems),
        skipped=tuple(body.skipped),
        notes=table.notes,
    )


def _find_table(file: Path, sheets: tuple[Sheet, ...], name: str | None) -> _Table:
    chosen = _named(file, sheets, name) if name is not None else [sheet for sheet in sheets if not sheet.hidden]
    tables = [_Table(sheet=sheet, header=header) for sheet in chosen if (header := find_header(sheet, TITLES))]
    if not tables:
        needed = "、".join(column.title for column in COLUMNS if column.needed)
        places = "、".join(f"“{sheet.name}”" for sheet in chosen) or "可见的工作表"
        raise LedgerUnusable(file, f"在{places}前几十行里找不到台账的表头；表头至少要有这些列：{needed}")
    whole = [table for table in map(_with_unit, tables) if not _missing(table.header)]
    if len(whole) > 1:
        titles = "、".join(f"“{table.sheet.name}”" for table in whole)
        raise LedgerUnusable(file, f"有 {len(whole)} 张工作表都是台账（{titles}），请用 --sheet 指明导入哪一张")
    if not whole:
        raise _columns_missing(file, max(tables, key=lambda table: len(table.header.by_key)))
    return replace(whole[0], notes=(*whole[0].notes, *_table_notes(whole[0], sheets)))


def _named(file: Path, sheets: tuple[Sheet, ...], name: str) -> list[Sheet]:
    found = [sheet for sheet in sheets if match_key(sheet.name) == match_key(name)]
    if not found:
        names = "、".join(f"“{sheet.name}”" for sheet in sheets)
        raise LedgerUnusable(file, f"没有名为“{name}”的工作表；文件里有：{names}")
    return found


def _with_unit(table: _Table) -> _Table:
    """Let the responsible unit stand for the hazard's own where the table has no column for that."""
    keys = table.header.by_key
    if "unit" in keys or "responsible_unit" not in keys:
        return table
    place = keys["responsible_unit"]
    cells = (*table.header.cells, HeaderCell(column=place.column, title=place.title, key="unit"))
    note = f"表中没有学校（单位）一列，按“{place.title}”一列记"
    return replace(table, header=replace(table.header, cells=cells), notes=(note,))


def _missing(header: Header) -> tuple[Column, ...]:
    return tuple(column for column in COLUMNS if column.needed and column.key not in header.by_key)


def _columns_missing(file: Path, table: _Table) -> LedgerUnusable:
    missing = _missing(table.header)
    lines = [f"工作表“{table.sheet.name}”缺少 {len(missing)} 个必需的列："]
    lines += [f"  缺“{column.title}”，也可以写作：{'、'.join(column.synonyms[:8])}" for column in missing]
    lines.append(f"{table.header.describe()}。请补上缺少的列，或改用上面的写法")
    return LedgerUnusable(
        file,
        "\n".join(lines),
        missing=tuple(column.title for column in missing),
        found=tuple(cell.title for cell in table.header.cells),
    )


def _table_notes(table: _Table, sheets: tuple[Sheet, ...]) -> list[str]:
    others = [sheet.name for sheet in sheets if sheet is not table.sheet and not sheet.blank]
    notes = [f"没有读取其他工作表：{'、'.join(others)}"] if others else []
    ignored = [f"{cell.letter} 列“{cell.title}”" for cell in table.header.unknown]
    return notes + ([f"这些列看不懂，没有导入：{'、'.join(ignored)}"] if ignored else [])


def _title(file: Path, table: _Table) -> tuple[str, YearHint]:
    """Take the title from above the header, and the first year told there, by the sheet's name or the file's."""
    above = table.sheet.cells[: table.header.first_row - 1]
    lines = [text for row in above for cell in row if (text := cell_text(cell))]
    title = next((line for line in lines if re.search("台账|清单|登记|汇总|统计|一览|明细|表", line)), "")
    years = (year_of_title(line) for line in (*filter(None, (title,)), *lines, table.sheet.name, file.stem))
    return title, next((year for year in years if year is not None), None)


def _is_hazard(row: BodyRow, body: Body) -> bool:
    """Tell whether a row reports a hazard; 未发现隐患 does not."""
    text = row.texts.get("description", "")
    if text and _NO_FINDING.fullmatch(match_key(text)):
        body.skipped.append(SkippedRow(row=row.row, text=text, reason="未发现隐患（零报告），不作为隐患导入"))
        return False
    return True


def _draft(
    sheet: str,
    body: BodyRow,
    places: Mapping[str, HeaderCell],
    hint: YearHint,
    today: dt.date | None,
    *,
    exported: bool,
) -> tuple[Draft, DateReader]:
    draft = Draft(sheet=sheet, body=body, columns=places)
    if not exported:
        draft.require("unit", "学校（单位）")
    draft.require("description", "隐患描述")
    draft.require("found_on", "排查时间")
    read_values(draft)
    dates = DateReader(draft=draft, hint=hint, today=today)
    dates.read()
    _drop_count(draft)
    for key in (*UNUSED, "inspected_by", "responsible"):
        draft.values.pop(key, None)
    _tell_merged(draft)
    return draft, dates


def _tell_merged(draft: Draft) -> None:
    body = draft.body
    if body.also:
        rows = "、".join(str(row) for row in body.also)
        draft.warnings.append(f"隐患描述跨行合并，第 {rows} 行并入本行")
    for key in body.shared:
        if not body.also:
            draft.warn(key, "与下面几行合并填写，只记在本行")


def _drop_count(draft: Draft) -> None:
    """Take a plain 1, 2, 3 under 编号 for what it is: a count, no hazard's number."""
    number = draft.values.get("number")
    if isinstance(number, str) and _COUNTED.fullmatch(number) and "隐患" not in draft.columns["number"].title:
        draft.values["number"] = None


def _check_numbers(drafts: list[Draft]) -> None:
    """Make it a problem when a hazard's number stands twice."""
    first_rows: dict[str, int] = {}
    for draft in drafts:
        number = draft.values.get("number")
        if isinstance(number, str):
            first = first_rows.setdefault(number, draft.body.row)
            if first != draft.body.row:
                draft.problem("number", f"隐患编号与第 {first} 行重复，请核对")


def _row(draft: Draft, dates: DateReader) -> LedgerRow:
    number = draft.values.get("number")
    return LedgerRow(
        row=draft.body.row,
        number=number if isinstance(number, str) else None,
        values=MappingProxyType(draft.values),
        raw=MappingProxyType(dict(draft.body.raw)),
        warnings=tuple(draft.warnings),
        assumed_years=tuple(key for key, parsed in dates.dates.items() if parsed.assumed_year),
    )
