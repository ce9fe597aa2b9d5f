from __future__ import annotations

import csv
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rectiflow.reports.errors import FileUnwritable, ReportError, TooManyRows
from rectiflow.reports.ledger import MAX_CELL_CHARS, MAX_SHEET_ROWS, cell_value, is_overdue, write_ledger
from rectiflow.reports.ledger_columns import COLUMNS

CUTOFF = datetime(2024, 11, 30, 10, tzinfo=UTC)
ROW: dict[str, object] = {
    "number": "LZH-2024-000001",
    "found_on": date(2024, 11, 4),
    "unit": "示例镇第一小学",
    "description": '=HYPERLINK("http://example.invalid")',
    "phone": "013800000000",
    "funds": Decimal("1.25"),
    "due_on": date(2024, 11, 20),
    "overdue": True,
    "remarks": "http://example.invalid/",
    "rev": 3,
}


def write(rows: list[dict[str, object]], path: Path) -> Path:
    """Write a ledger and return its path."""
    write_ledger(rows, path, title="示例区校园安全隐患台账", cutoff=CUTOFF, filters_text="单位：示例镇第一小学")
    return path


def sheet_of(path: Path) -> Any:
    """Open the only sheet with an independent reader."""
    return openpyxl.load_workbook(path).worksheets[0]


def column_of(key: str) -> int:
    """Return the number of a column, from 1."""
    return [column.key for column in COLUMNS].index(key) + 1


def test_standard_columns() -> None:
    """The standard ledger columns are there, in their order, with state and version at the end."""
    titles = [column.title for column in COLUMNS]
    assert titles[:9] == [
        "隐患编号",
        "排查日期",
        "排查单位",
        "排查人",
        "检查方式",
        "学校（单位）",
        "隐患部位",
        "隐患类别",
        "隐患描述",
    ]
    assert titles[9:16] == [
        "判定依据",
        "隐患等级",
        "整改措施",
        "整改责任单位",
        "整改责任人",
        "联系电话",
        "督办（包保）领导",
    ]
    assert titles[16:21] == ["整改资金（万元）", "整改时限", "临时防控措施", "整改情况", "完成时间"]
    assert titles[21:27] == ["复查人", "复查时间", "复查结论", "是否逾期", "延期情况", "督办级别"]
    assert titles[27:] == ["销号时间", "销号人", "当前环节", "结转情况", "备注", "版本"]


def test_sheet_layout(tmp_path: Path) -> None:
    """Title, cut-off and filters stand above a frozen header with filters; it prints on A4 landscape."""
    sheet = sheet_of(write([ROW, ROW], tmp_path / "台账.xlsx"))
    assert sheet["A1"].value == "示例区校园安全隐患台账"
    assert sheet["A2"].value == "截至2024年11月30日18时　筛选：单位：示例镇第一小学　共2条"
    assert [cell.value for cell in sheet[3]] == [column.title for column in COLUMNS]
    assert sheet.freeze_panes == "B4"
    assert sheet.auto_filter.ref == "A3:AG5"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)  # 1 is the default
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.column_dimensions["A"].width > 14
    assert sheet["I4"].alignment.wrap_text


def test_cells_have_their_kinds(tmp_path: Path) -> None:
    """Dates are dates, money is a number, and text stays text whatever it looks like."""
    sheet = sheet_of(write([ROW], tmp_path / "台账.xlsx"))
    shown = {column.key: sheet.cell(4, place) for place, column in enumerate(COLUMNS, start=1)}
    assert shown["found_on"].value == datetime(2024, 11, 4)  # noqa: DTZ001 - a workbook knows no zones
    assert shown["found_on"].number_format == "yyyy-mm-dd"
    assert (shown["funds"].value, shown["rev"].value) == (1.25, 3)
    assert (shown["phone"].value, shown["phone"].data_type) == ("013800000000", "s")
    assert (shown["description"].value, shown["description"].data_type) == (ROW["description"], "s")
    assert (shown["remarks"].value, shown["remarks"].hyperlink) == ("http://example.invalid/", None)
    assert (shown["overdue"].value, shown["place"].value) == ("是", None)


def test_overdue_rows_are_tinted(tmp_path: Path) -> None:
    """Every cell of an overdue row has a tint, empty ones too; other rows have none."""
    sheet = sheet_of(write([ROW, ROW | {"overdue": False}], tmp_path / "台账.xlsx"))
    assert {cell.fill.fgColor.rgb for cell in sheet[4]} == {"FFFBE3DF"}
    assert {cell.fill.fill_type for cell in sheet[5]} == {None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("是", True), ("逾期3天", True), (False, False), (None, False), ("否", False), ("未逾期", False)],
)
def test_is_overdue(value: object, expected: bool) -> None:
    """True, 是 and 逾期… say yes."""
    assert is_overdue(value) is expected


def test_values() -> None:
    """Aware times become the district's wall time, too long texts are cut visibly, odd things are printed."""
    moment = datetime(2024, 11, 30, 16, 5, tzinfo=UTC)
    assert cell_value(moment, None) == datetime(2024, 12, 1, 0, 5)  # noqa: DTZ001 - wall time
    long = cell_value("长" * 40_000, None)
    assert isinstance(long, str)
    assert (len(long), long[-5:]) == (MAX_CELL_CHARS, "…（后略）")
    assert cell_value(("甲", "乙"), None) == "('甲', '乙')"
    assert cell_value("灭火\x00器", None) == "灭火器"
    assert cell_value("", None) is None


def test_rows_are_high_enough(tmp_path: Path) -> None:
    """A long text raises its row, up to what a sheet allows; a short row is one line."""
    plain = ROW | {"unit": "一小", "remarks": None, "description": "灭火器过期"}
    long = plain | {"description": "灭火器过期" * 12}
    sheet = sheet_of(write([plain, long, plain | {"description": "一\n" * 99}], tmp_path / "台账.xlsx"))
    low, high, highest = (sheet.row_dimensions[number].height for number in (4, 5, 6))
    assert low == 18
    assert high == 5 * 12 + 6
    assert highest == 408.75


def test_no_rows(tmp_path: Path) -> None:
    """An empty ledger is a header with filters, and says that it has none."""
    sheet = sheet_of(write([], tmp_path / "台账.xlsx"))
    assert sheet["A2"].value.endswith("共0条")
    assert sheet.max_row == 3


def test_csv(tmp_path: Path) -> None:
    """CSV begins with a BOM and the header, and a cell that looks like a formula cannot run."""
    starts = [ROW | {"description": f"{start}1+1"} for start in "=+-@\t\r＝"]
    path = write([*starts, ROW | {"description": "多行\n文字", "found_on": CUTOFF}], tmp_path / "台账.CSV")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["隐患描述"][0] for row in rows[:-1]] == ["'"] * len(starts)
    assert (rows[-1]["隐患描述"], rows[-1]["排查日期"]) == ("多行\n文字", "2024-11-30 18:00")
    assert (rows[0]["整改资金（万元）"], rows[0]["整改时限"], rows[0]["是否逾期"]) == ("1.25", "2024-11-20", "是")
    assert rows[0]["隐患部位"] == ""


def test_same_rows_same_file(tmp_path: Path) -> None:
    """The same rows give the same bytes, without anything from the machine."""
    first, second = (write([ROW], tmp_path / name).read_bytes() for name in ("甲.xlsx", "乙.xlsx"))
    assert first == second
    with zipfile.ZipFile(tmp_path / "甲.xlsx") as packed:
        assert "2024-11-30T18:00:00Z" in packed.read("docProps/core.xml").decode()


def test_other_endings_are_refused(tmp_path: Path) -> None:
    """Only .xlsx and .csv can be written."""
    with pytest.raises(FileUnwritable, match=r"台账只能写成 \.xlsx 或 \.csv，不是“\.xls”") as refused:
        write([], tmp_path / "台账.xls")
    assert isinstance(refused.value, ReportError)
    assert not list(tmp_path.iterdir())


def test_unwritable_place(tmp_path: Path) -> None:
    """A folder that is not there is told with the file and what to do; nothing is left behind."""
    with pytest.raises(FileUnwritable, match="请确认文件夹存在"):
        write([ROW], tmp_path / "没有" / "台账.csv")
    folder = tmp_path / "台账.xlsx"
    folder.mkdir()
    with pytest.raises(FileUnwritable, match="写不进文件"):
        write([ROW], folder)
    assert [path.name for path in tmp_path.iterdir()] == ["台账.xlsx"]


def test_more_rows_than_a_sheet_holds(tmp_path: Path) -> None:
    """Rows are never dropped in silence."""
    row: dict[str, object] = {}
    with pytest.raises(TooManyRows, match="超过工作表的行数上限"):
        write([row] * MAX_SHEET_ROWS, tmp_path / "台账.xlsx")
