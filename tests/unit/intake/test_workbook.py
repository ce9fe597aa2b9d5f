"""Files as they lie on office computers: read as they are, or refused with one clear sentence."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from rectiflow.intake import Limits, MergedRange, WorkbookUnreadable, open_sheets
from rectiflow.intake.workbook import FORMULA_FAILED, column_letter

if TYPE_CHECKING:
    from unit.intake.conftest import Grid, WriteXlsx

GRID: Grid = [["序号", "学校"], [1, "示例小学"]]


def refusal(path: Path, *, limits: Limits | None = None) -> str:
    """Give the reason for which a file is refused."""
    with pytest.raises(WorkbookUnreadable) as refused:
        open_sheets(path, limits=limits)
    assert path.name in str(refused.value)
    assert refused.value.path == path
    return refused.value.reason


def test_rows_are_numbered_as_on_the_sheet(write_xlsx: WriteXlsx) -> None:
    """Leading blank rows and columns count."""
    (sheet,) = open_sheets(write_xlsx({"台账": [[], [], [None, None, "序号"], [], [None, None, 1]]}))
    assert sheet.cell(3, 2) == "序号"
    assert sheet.cell(5, 2) == 1
    assert (sheet.cell(1, 0), sheet.cell(99, 0), sheet.cell(3, 99), sheet.cell(0, 0)) == ("", "", "", "")


def test_dates_come_as_dates(write_xlsx: WriteXlsx) -> None:
    """A date in a Chinese number format is a date."""
    (sheet,) = open_sheets(write_xlsx({"台账": [[dt.date(2024, 12, 5)]]}))
    assert sheet.cell(1, 0) == dt.date(2024, 12, 5)


def test_merged_blocks_of_xlsx(write_xlsx: WriteXlsx) -> None:
    """Merged blocks are known, cut to the cells there are, and only their first cell is filled."""
    (sheet,) = open_sheets(
        write_xlsx(
            {"台账": [["标题"], [None, "示例小学", "甲"], [None, None, "乙"]]}, merge={"台账": ["A1:C1", "B2:B9"]}
        )
    )
    assert sheet.merged is not None
    assert set(sheet.merged) == {
        MergedRange(first_row=1, first_column=0, last_row=1, last_column=2),
        MergedRange(first_row=2, first_column=1, last_row=3, last_column=1),
    }
    assert sheet.cell(3, 1) == ""
    assert set(sheet.merges_by_cell()) == {(1, 0), (1, 1), (1, 2), (2, 1), (3, 1)}


def test_xls_is_read_with_dates_and_merges(write_xls: Callable[..., Path]) -> None:
    """The old binary format gives the same cells, dates and merged blocks."""
    path = write_xls([[], ["序号", "学校"], [1, "示例小学"], [2, None], [dt.date(2024, 12, 5)]], merge=[(2, 3, 1, 1)])
    (sheet,) = open_sheets(path)
    assert sheet.cells[1] == ("序号", "学校")
    assert sheet.cell(5, 0) == dt.date(2024, 12, 5)
    assert sheet.merged == (MergedRange(first_row=3, first_column=1, last_row=4, last_column=1),)


def test_hidden_sheets_are_marked_and_chart_sheets_left_out(tmp_path: Path) -> None:
    """A reader can tell a hidden sheet; a chart is no table."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("台账").write("A1", "序号")
        book.add_worksheet("字典").hide()
        chart: Any = book.add_chart({"type": "column"})
        chart.add_series({"values": "=台账!$A$1:$A$2"})
        book.add_chartsheet("图").set_chart(chart)
    assert [(sheet.name, sheet.hidden) for sheet in open_sheets(path)] == [("台账", False), ("字典", True)]


def test_a_failed_formula_is_not_taken_for_a_blank(write_xlsx: WriteXlsx) -> None:
    """#REF! in a cell is told; a formula with a value gives the value."""
    path = write_xlsx({"表 <1>": [["序号"]]}, formulas={"B2": ("=1/0", "#DIV/0!"), "C2": ('="甲"', "甲")})
    (sheet,) = open_sheets(path)
    assert (sheet.cell(2, 1), sheet.cell(2, 2)) == (FORMULA_FAILED, "甲")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_delimited_text(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """Text in any of the usual encodings, with commas or tabs, blank lines and line breaks in cells."""
    path = tmp_path / "台账.csv"
    lines = [f"序号{delimiter}学校", "", f'1{delimiter}"示例，小学\n东区"', f"2{delimiter}“示例”"]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    (sheet,) = open_sheets(path)
    assert sheet.name == "台账"
    assert sheet.merged is None
    assert sheet.cells == (("序号", "学校"), (), ("1", "示例，小学\n东区"), ("2", "“示例”"))


def test_numbers_written_as_text_in_csv(tmp_path: Path) -> None:
    """The form in which some systems keep long numbers from being rounded."""
    path = tmp_path / "a.csv"
    path.write_text('电话\n="13800000000"\n', "utf-8")
    assert open_sheets(path)[0].cells[1] == ("13800000000",)


def test_content_counts_not_the_name(write_xlsx: WriteXlsx, tmp_path: Path) -> None:
    """An .xlsx saved as .xls, and plain text saved as .xls, are read."""
    workbook = write_xlsx({"台账": GRID}).rename(tmp_path / "a.xls")
    assert open_sheets(workbook)[0].cells[0] == ("序号", "学校")
    text = tmp_path / "b.xls"
    text.write_bytes("序号\t学校\n1\t示例小学".encode("gb18030"))
    assert open_sheets(text)[0].cells[1] == ("1", "示例小学")


def test_not_found(tmp_path: Path) -> None:
    """A missing file is named, and so is a folder."""
    assert "找不到文件" in refusal(tmp_path / "没有.xlsx")
    assert "文件夹" in refusal(tmp_path)


def test_unreadable_file(tmp_path: Path) -> None:
    """A path that cannot be opened at all gives the system's reason."""
    blocker = tmp_path / "a.csv"
    blocker.write_text("x", "utf-8")
    assert "打不开文件" in refusal(blocker / "b.xlsx")


def test_empty(tmp_path: Path, write_xlsx: WriteXlsx) -> None:
    """A file of no bytes and a workbook of no cells are told apart."""
    path = tmp_path / "空.xlsx"
    path.touch()
    assert "0 字节" in refusal(path)
    assert "没有任何内容" in refusal(write_xlsx({"台账": []}))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.docx", b"PK\x03\x04", "不认识这种文件"),
        ("a", b"x", "没有扩展名"),
        ("a.xlsx", b"%PDF-1.7", "PDF"),
        ("a.xlsx", b"\xff\xd8\xff\xe0", "图片"),
        ("a.xls", b"Rar!\x1a", "压缩包"),
        ("a.xls", b"<html><table>", "网页"),
        ("a.csv", b"\xef\xbb\xbf<?xml version='1.0'?>", "网页"),
        ("a.xlsx", b"hello" * 100, "损坏"),
        ("a.xlsx", b"PK\x03\x04" + b"x" * 100, "损坏"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "损坏"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "损坏"),
        ("a.csv", b"a,b\x00\x00c", "损坏"),
        ("a.csv", b"\x81\x20,\xff", "编码"),
        ("a.csv", '序号,学校\n1,"示例小学\n2,'.encode(), "引号不成对"),
    ],
)
def test_wrong_kinds_and_damage(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    """Whatever the name says, the content is recognised and the refusal says what it is."""
    path = tmp_path / name
    path.write_bytes(data)
    assert reason in refusal(path)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("word/document.xml", "Word"),
        ("ppt/presentation.xml", "演示文稿"),
        ("xl/workbook.bin", "xlsb"),
        ("content.xml", "ODF"),
        ("a.txt", "压缩包"),
    ],
)
def test_other_packages(tmp_path: Path, part: str, reason: str) -> None:
    """A zip package of another kind is called by its name."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(part, "x")
    assert reason in refusal(path)


def test_encrypted_xlsx(
    write_xlsx: WriteXlsx, lock_xlsx: Callable[[Path], Path], is_locked: Callable[[Path], bool]
) -> None:
    """A workbook with a password says so and what to do."""
    path = lock_xlsx(write_xlsx({"台账": GRID}))
    assert is_locked(path)
    assert "密码" in refusal(path)


def test_encrypted_xls(write_xls: Callable[..., Path], is_locked: Callable[[Path], bool]) -> None:
    """So does one of the old format."""
    path = write_xls(GRID, locked=True)
    assert is_locked(path)
    assert "密码" in refusal(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_cut_off_files(
    write_xlsx: WriteXlsx, write_xls: Callable[..., Path], share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    """A half-copied workbook of either format is called damaged, and nothing else is written to the terminal."""
    for path in (write_xlsx({"台账": GRID}), write_xls([*GRID, ["长" * 3000]])):
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        assert "损坏" in refusal(path)
    assert capfd.readouterr() == ("", "")


def test_a_panic_of_the_reader_is_a_damaged_file(
    write_xls: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    """Damage that the reader itself stumbles over becomes the same refusal."""
    path = write_xls(GRID)
    data = bytearray(path.read_bytes())
    seen: set[str] = set()
    for place in range(512, len(data), 7):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            open_sheets(path)
        except WorkbookUnreadable as refused:
            seen.add(refused.reason[:7])
    assert seen <= {"文件已损坏或不", "内容过大：内容", "里面没有任何内", "文件设有打开密"}
    assert capfd.readouterr() == ("", "")


def test_too_many_bytes(write_xlsx: WriteXlsx) -> None:
    """The size of the file is bounded."""
    assert "超过 0.000976562 MB" in refusal(write_xlsx({"台账": GRID}), limits=Limits(file_bytes=1024))


def test_too_many_rows_and_columns(write_xlsx: WriteXlsx, write_xls: Callable[..., Path], tmp_path: Path) -> None:
    """Rows and columns are bounded in every format, and the message names the last one."""
    grid = [["甲"]] * 12
    text = tmp_path / "a.csv"
    text.write_text("甲\n" * 12, "utf-8")
    for path in (write_xlsx({"台账": grid}), write_xls(grid), text):
        assert "行的上限" in refusal(path, limits=Limits(rows=10))
    assert "第 3 列" in refusal(write_xlsx({"台账": [["甲", "乙", "丙"]]}), limits=Limits(columns=2))
    assert "第 3 列" in refusal(write_xls([[1, 2, 3]]), limits=Limits(columns=2))


def test_a_stray_cell_in_the_last_corner(tmp_path: Path) -> None:
    """One blank in XFD1048576 would make the sheet terabytes large; it is refused before that."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("台账")
        sheet.write("A1", "序号")
        sheet.write("XFD1048576", " ")
    assert "“台账”写到了第 1048576 行" in refusal(path)


def test_formats_far_below_do_not_count(tmp_path: Path) -> None:
    """Borders drawn down to the last row hold no value."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("台账")
        sheet.write("A1", "序号")
        sheet.write_blank("XFD1048576", None, book.add_format({"border": 1}))
    assert len(open_sheets(path)[0].cells) == 1


def _repack(path: Path, change: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in (parts | change).items():
            package.writestr(name, part)
    return path


def test_zip_bomb(write_xlsx: WriteXlsx) -> None:
    """What unpacks to far more than it should is refused while it is unpacked."""
    path = _repack(write_xlsx({"台账": GRID}), {"xl/media/a.bin": bytes(3_000_000)})
    assert path.stat().st_size < 20_000
    assert "解压后超过 1 MB" in refusal(path, limits=Limits(unpacked_bytes=2**20))


def test_one_text_in_very_many_cells(write_xlsx: WriteXlsx) -> None:
    """A long text that a small file repeats is counted as often as it stands there."""
    path = write_xlsx({"台账": [["长" * 10_000]] * 40})
    assert path.stat().st_size < 20_000
    assert "文字展开后超过 1 MB" in refusal(path, limits=Limits(text_bytes=2**20))


def test_rows_and_cells_without_references(write_xlsx: WriteXlsx) -> None:
    """Rows and cells that do not say where they are follow the one before; they are bounded too."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="70000"><c><v>1</v></c></row></sheetData></worksheet>'
    )
    assert "第 70000 行" in refusal(_repack(write_xlsx({"台账": GRID}), {"xl/worksheets/sheet1.xml": sheet}))


def test_entities_are_refused(write_xlsx: WriteXlsx) -> None:
    """A sheet that declares a document type is no honest workbook."""
    sheet = b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>'
    assert "损坏" in refusal(_repack(write_xlsx({"台账": GRID}), {"xl/worksheets/sheet1.xml": sheet}))


def test_overlapping_merged_cells(write_xlsx: WriteXlsx) -> None:
    """Blocks that overlap cannot be honest either."""
    path = write_xlsx({"台账": GRID}, merge={"台账": ["A1:B2"]})
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    again = sheet.replace(b'<mergeCell ref="A1:B2"/>', b'<mergeCell ref="A1:B2"/>' * 3)
    assert "损坏" in refusal(_repack(path, {"xl/worksheets/sheet1.xml": again}))


def test_missing_parts(write_xlsx: WriteXlsx) -> None:
    """A package whose workbook part is nonsense is damaged."""
    assert "损坏" in refusal(_repack(write_xlsx({"台账": GRID}), {"xl/workbook.xml": b"<a/>x"}))


@pytest.mark.parametrize(("column", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_column_letters(column: int, letter: str) -> None:
    """Columns are named as on the sheet."""
    assert column_letter(column) == letter
