"""Ledgers as offices lay them out: titles, two-line headers, merged cells, totals, remarks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rectiflow.intake import LedgerUnusable, SchoolYear, read_ledger

if TYPE_CHECKING:
    from unit.intake.conftest import Grid, ReadRows, Value, WriteXlsx

DAY = dt.date(2024, 12, 5)
SIMPLE = ("序号", "排查时间", "学校（单位）", "隐患描述")

TWO_LINES: Grid = [
    [],
    ["２０２４年校园安全隐患排查整改台账"],
    ["填报单位：示例镇中心学校", None, None, None, None, None, "填报时间：2024年12月25日"],
    [
        "序号",
        "排查时间",
        "学校（单位）",
        "隐患情况",
        None,
        None,
        "整改情况",
        None,
        None,
        None,
        "整改前",
        "整改后",
        "复查情况",
        None,
        "备注",
    ],
    [
        None,
        None,
        None,
        "部位",
        "隐患描述",
        "等级",
        "措施",
        "责任人",
        "时限",
        "完成时间",
        "照片",
        "照片",
        "时间",
        "结论",
        None,
    ],
    [
        1,
        DAY,
        "示例一中",
        "食堂",
        "灭火器过期",
        "一般",
        "更换",
        "校长",
        "12月底",
        "12.20",
        None,
        None,
        "2024年12月25日",
        "合格",
        None,
    ],
    [2, None, None, "楼梯", "应急灯损坏", "一般", "更换", "校长", "立行立改", None, None, None, None, None, None],
    [],
    [
        3,
        "２０２４．１２．６",
        "示例二小",
        "实验室",
        "危化品未双锁",
        "重大",
        "加锁",
        "校长",
        "2024-12",
        None,
        None,
        None,
        None,
        None,
        "急",
    ],
    [4],
    ["合  计", None, None, 3],
    ["备注：本表每月25日前报送"],
    ["填表人：安全管理员", None, None, None, "审核人：校长"],
]
TWO_LINE_MERGES = (
    ["A2:O2", "A3:F3", "D4:F4", "G4:J4", "M4:N4", "B6:B7", "C6:C7", "A11:C11", "A12:O12"]
    + [f"{column}4:{column}5" for column in "ABCO"]
)  # fmt: skip


def test_a_real_ledger(write_xlsx: WriteXlsx) -> None:
    """Title, two-line header, merged units, blank rows, a total and remarks: the rows come with the sheet's numbers."""
    ledger = read_ledger(write_xlsx({"台账": TWO_LINES}, merge={"台账": TWO_LINE_MERGES}), today=dt.date(2025, 1, 1))
    assert (ledger.title, ledger.year, ledger.header_rows) == ("2024年校园安全隐患排查整改台账", 2024, (4, 5))
    assert [row.row for row in ledger.rows] == [6, 7, 9]
    assert ledger.problems == ()
    assert ledger.ignored == ()
    assert [(skip.row, skip.reason) for skip in ledger.skipped] == [(11, "合计行"), (12, "表下说明"), (13, "表下说明")]


def test_the_values_of_a_real_ledger(write_xlsx: WriteXlsx) -> None:
    """Merged cells speak for the rows they cover, group headers complete the titles under them."""
    ledger = read_ledger(write_xlsx({"台账": TWO_LINES}, merge={"台账": TWO_LINE_MERGES}))
    first, second, third = (row.values for row in ledger.rows)
    assert first == {
        "found_on": DAY,
        "unit": "示例一中",
        "place": "食堂",
        "description": "灭火器过期",
        "severity": "general",
        "measures": "更换",
        "responsible_person": "校长",
        "due_on": dt.date(2024, 12, 31),
        "immediate": False,
        "completed_on": dt.date(2024, 12, 20),
        "verified_on": dt.date(2024, 12, 25),
        "verdict": "pass",
        "remarks": None,
    }
    assert (second["unit"], second["found_on"], second["immediate"], second["due_on"]) == ("示例一中", DAY, True, None)
    assert (third["found_on"], third["severity"], third["remarks"]) == (dt.date(2024, 12, 6), "major", "急")
    assert ledger.rows[0].raw["整改情况/时限"] == "12月底"
    assert ledger.rows[0].assumed_years == ("due_on", "completed_on")


def test_the_same_ledger_as_xls(write_xls: Callable[..., Path]) -> None:
    """The old binary format gives the same rows."""
    merge = [(1, 1, 0, 14), (3, 3, 3, 5), (3, 3, 6, 9), (3, 3, 12, 13), (5, 6, 1, 1), (5, 6, 2, 2), (11, 11, 0, 14)]
    ledger = read_ledger(write_xls(TWO_LINES, merge=[*merge, *((3, 4, column, column) for column in (0, 1, 2, 14))]))
    assert [(row.row, row.values["unit"], row.values["found_on"]) for row in ledger.rows] == [
        (6, "示例一中", DAY),
        (7, "示例一中", DAY),
        (9, "示例二小", dt.date(2024, 12, 6)),
    ]


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("gb18030", ","), ("gb18030", "\t")])
def test_the_same_ledger_as_text(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """Text has no merged cells: a blank unit or date is the one above, a two-line header is still found."""
    path = tmp_path / "台账.csv"
    lines = [delimiter.join("" if value is None else str(value) for value in row) for row in TWO_LINES]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    ledger = read_ledger(path)
    assert ledger.header_rows == (4, 5)
    assert [(row.row, row.values["unit"], row.values["due_on"]) for row in ledger.rows] == [
        (6, "示例一中", dt.date(2024, 12, 31)),
        (7, "示例一中", None),
        (9, "示例二小", dt.date(2024, 12, 31)),
    ]
    assert ledger.problems == ()


def test_a_blank_unit_that_is_not_merged_is_a_problem(read_rows: ReadRows) -> None:
    """Where the file knows its merged cells, nothing is inherited without one."""
    ledger = read_rows([[1, DAY, "示例一中", "灭火器过期"], [2, DAY, None, "应急灯损坏"]], header=SIMPLE)
    assert [row.row for row in ledger.rows] == [2]
    assert [(problem.row, problem.column, problem.message) for problem in ledger.problems] == [
        (3, "C", "没有填写学校（单位）")
    ]


@pytest.mark.parametrize("mark", ["同上", "〃", " 同 上 "])
def test_ditto(read_rows: ReadRows, mark: str) -> None:
    """同上 is the value above, in every column."""
    ledger = read_rows([[1, DAY, "示例一中", "灭火器过期"], [2, mark, mark, "应急灯损坏"]], header=SIMPLE)
    assert (ledger.rows[1].values["unit"], ledger.rows[1].values["found_on"]) == ("示例一中", DAY)


def test_ditto_on_the_first_row_is_a_problem(read_rows: ReadRows) -> None:
    """There is nothing above the first row."""
    (problem,) = read_rows([[1, "同上", "示例一中", "灭火器过期"]], header=SIMPLE).problems
    assert (problem.column, problem.value) == ("B", "同上")


def test_a_description_over_several_rows_is_one_hazard(read_rows: ReadRows) -> None:
    """Texts beside it are joined, other values fill in, and the rows taken in are told."""
    ledger = read_rows(
        [
            [1, DAY, "示例一中", "围墙开裂", "①拉警戒线", None, "①图"],
            [None, None, None, None, "②报告上级", "12月底", "②图"],
            [2, DAY, "示例一中", "灭火器过期", "更换", None, None],
        ],
        header=(*SIMPLE, "整改措施", "整改时限", "照片"),
        merge=["D2:D3"],
        year=2024,
    )
    first, second = ledger.rows
    assert (first.row, first.values["measures"], first.values["due_on"]) == (
        2,
        "①拉警戒线\n②报告上级",
        dt.date(2024, 12, 31),
    )
    assert first.raw["照片"] == "①图\n②图"
    assert first.warnings == ("隐患描述跨行合并，第 3 行并入本行",)
    assert second.row == 4


def test_money_written_once_for_several_rows(read_rows: ReadRows) -> None:
    """An amount merged over rows is not counted for each of them; its row says so."""
    ledger = read_rows(
        [[1, DAY, "示例一中", "灭火器过期", 3], [2, DAY, "示例一中", "应急灯损坏", None]],
        header=(*SIMPLE, "整改资金（万元）"),
        merge=["E2:E3"],
    )
    assert [str(row.values["funds"]) for row in ledger.rows] == ["3", "None"]
    assert "只记在本行" in ledger.rows[0].warnings[0]


def test_headings_and_repeated_headers_inside_the_table(read_rows: ReadRows) -> None:
    """A heading across the table and the header of the next page are passed over, visibly."""
    ledger = read_rows(
        [
            ["一、消防安全"],
            [1, DAY, "示例一中", "灭火器过期"],
            list(SIMPLE),
            ["二、用电安全"],
            [2, DAY, "示例一中", "插座破损"],
        ],
        header=SIMPLE,
        merge=["A2:D2"],
    )
    assert [row.row for row in ledger.rows] == [3, 6]
    assert [(skip.row, skip.reason) for skip in ledger.skipped] == [
        (2, "标题或说明行"),
        (4, "重复的表头"),
        (5, "只有序号栏有内容"),
    ]


@pytest.mark.parametrize("text", ["未发现隐患", "无", "经排查，未发现安全隐患。", "暂无隐患"])
def test_a_zero_finding_is_no_hazard(read_rows: ReadRows, text: str) -> None:
    """零报告 stands in the ledger, but it is not imported as a hazard."""
    ledger = read_rows([[1, DAY, "示例一中", text]], header=SIMPLE)
    assert (ledger.rows, ledger.problems) == ((), ())
    assert "零报告" in ledger.skipped[0].reason


@pytest.mark.parametrize(
    "foot",
    [
        ["填表人：安全管理员"],
        [None, "审核人（签字）：", None, "日期："],
        ["注：1.本表一式两份"],
        [None, None, "主要负责人：校长"],
        ["说明"],
        ["（盖章）"],
    ],
)
def test_remarks_below(read_rows: ReadRows, foot: list[Value]) -> None:
    """Signatures and notes below the table are no rows, nor are the lines that follow them."""
    ledger = read_rows([[1, DAY, "示例一中", "灭火器过期"], foot, [None, "2.每月报送"]], header=SIMPLE)
    assert ([row.row for row in ledger.rows], ledger.problems) == ([2], ())
    assert {skip.row for skip in ledger.skipped} == {3, 4}


def test_rows_after_a_remark_still_count(read_rows: ReadRows) -> None:
    """A remark in the middle does not end the table."""
    ledger = read_rows([["备注：以下为补录"], [1, DAY, "示例一中", "灭火器过期"]], header=SIMPLE)
    assert [row.row for row in ledger.rows] == [3]


@pytest.mark.parametrize(
    ("titles", "keys"),
    [
        (("检查日期", "受检单位", "存在的问题"), {"found_on", "unit", "description"}),
        (("发现时间", "学校名称", "存在问题及隐患"), {"found_on", "unit", "description"}),
        (("*排查 时间", "被检查\n单位", "隐患内容（请写具体）"), {"found_on", "unit", "description"}),
        (("日期", "单位", "问题", "限期", "整改时间"), {"found_on", "unit", "description", "due_on", "completed_on"}),
        (
            ("日期", "单位", "问题", "整改时间", "整改完成时间"),
            {"found_on", "unit", "description", "due_on", "completed_on"},
        ),
        (("日期", "单位", "问题", "整改时间"), {"found_on", "unit", "description"}),
        (("检查时间", "上报时间", "单位", "问题"), {"found_on", "unit", "description"}),
    ],
)
def test_synonyms(read_rows: ReadRows, titles: tuple[str, ...], keys: set[str]) -> None:
    """Offices give the columns other titles; of two for one column the surer one counts, 整改时间 is what is left."""
    ledger = read_rows([["2024.12.5"] * len(titles)], header=titles)
    assert set(ledger.columns) == keys
    assert len(ledger.ignored) == len(titles) - len(keys)


def test_all_standard_columns_are_understood(read_rows: ReadRows) -> None:
    """Every column of the standard ledger has its place."""
    titles = (
        "序号 隐患编号 排查时间 排查单位/排查人 检查方式(自查/专家/联合/暗访/上级) 学校(单位) 隐患部位 隐患类别 隐患描述 判定依据(条款) "
        "隐患等级(一般/重大) 整改措施 整改责任单位 整改责任人 联系电话 督办(包保)领导 整改资金(万元) 整改时限 临时防控措施 整改情况 "
        "完成时间 整改前照片/整改后照片 复查人 复查时间 复查结论 是否逾期 延期情况 督办级别 销号时间 销号人 备注"
    )
    header = titles.split()
    ledger = read_rows([[1, "H-1", "2024.12.5", "区教育局安全股/安全股长、股员", *["示例"] * 27]], header=header)
    assert ledger.ignored == ()
    assert len(ledger.columns) == len(header)


def test_a_unit_and_a_person_in_one_column(read_rows: ReadRows) -> None:
    """排查单位/排查人 and 责任单位/责任人 part; one name alone is a unit when it ends like one."""
    header = (*SIMPLE, "排查单位/排查人", "责任单位及责任人")
    ledger = read_rows(
        [
            [1, DAY, "示例一中", "甲", "区教育局安全股/安全股长、股员", "示例一中（校长）"],
            [2, DAY, "示例一中", "乙", "区教育局安全股", "校长"],
            [3, DAY, "示例一中", "丙", "安全股长", "示例一中"],
            [4, DAY, "示例一中", "丁", None, None],
        ],
        header=header,
    )
    keys = ("inspecting_unit", "inspectors", "responsible_unit", "responsible_person")
    assert [tuple(row.values[key] for key in keys) for row in ledger.rows] == [
        ("区教育局安全股", ("安全股长", "股员"), "示例一中", "校长"),
        ("区教育局安全股", None, None, "校长"),
        (None, ("安全股长",), "示例一中", None),
        (None, None, None, None),
    ]


def test_the_responsible_unit_stands_for_a_missing_unit(read_rows: ReadRows) -> None:
    """A ledger with 责任单位 alone is of use; it says what it did."""
    ledger = read_rows([[DAY, "灭火器过期", "示例一中"]], header=("排查时间", "隐患描述", "责任单位"))
    assert ledger.rows[0].values["unit"] == ledger.rows[0].values["responsible_unit"] == "示例一中"
    assert "按“责任单位”一列记" in ledger.notes[0]


def test_missing_columns_are_all_named(write_xlsx: WriteXlsx) -> None:
    """What is missing, what would do, and what was found where."""
    path = write_xlsx({"台账": [["2024年台账"], ["序号", "整改措施", "整改时限", "备注"], [1, "更换"]]})
    with pytest.raises(LedgerUnusable) as refused:
        read_ledger(path)
    assert refused.value.missing == ("排查时间", "学校（单位）", "隐患描述")
    assert refused.value.found == ("序号", "整改措施", "整改时限", "备注")
    message = str(refused.value)
    assert "排查日期" in message
    assert "第 2 行的表头：A“序号”" in message


def test_no_header_at_all(write_xlsx: WriteXlsx) -> None:
    """A sheet that is no ledger is refused by name."""
    with pytest.raises(LedgerUnusable, match=r"“通讯录”.*找不到台账的表头"):
        read_ledger(write_xlsx({"通讯录": [["姓名", "电话"], ["校长", "0711"]]}))


def test_several_ledgers_in_one_file(write_xlsx: WriteXlsx) -> None:
    """Nothing is chosen in silence; the sheet that is named is read and the others are told."""
    grid: Grid = [SIMPLE, [1, DAY, "示例一中", "灭火器过期"]]
    path = write_xlsx({"11月": grid, "12月": grid, "说明": [["填表说明"]]})
    with pytest.raises(LedgerUnusable, match=r"“11月”、“12月”.*--sheet"):
        read_ledger(path)
    ledger = read_ledger(path, sheet="12 月")
    assert ledger.sheet == "12月"
    assert ledger.notes == ("没有读取其他工作表：11月、说明",)
    with pytest.raises(LedgerUnusable, match="没有名为“1月”的工作表；文件里有：“11月”"):
        read_ledger(path, sheet="1月")


def test_hidden_sheets_are_not_read_unless_named(write_xlsx: WriteXlsx) -> None:
    """An old ledger behind the new one does not get in the way."""
    grid: Grid = [SIMPLE, [1, DAY, "示例一中", "灭火器过期"]]
    path = write_xlsx({"新": grid, "旧": grid}, hide=["旧"])
    assert read_ledger(path).sheet == "新"
    assert read_ledger(path, sheet="旧").sheet == "旧"


@pytest.mark.parametrize(
    ("title", "given", "year"),
    [
        ("2024年隐患台账", None, 2024),
        ("2024年隐患台账", 2023, 2023),
        ("2024年秋季学期隐患台账", None, SchoolYear(2024)),
        ("隐患台账", None, None),
    ],
)
def test_where_the_year_comes_from(read_rows: ReadRows, title: str, given: int | None, year: object) -> None:
    """The caller's year goes before the title's."""
    assert read_rows([[1, DAY, "示例一中", "灭火器过期"]], header=SIMPLE, title=title, year=given).year == year


def test_the_year_from_the_sheets_name(write_xlsx: WriteXlsx) -> None:
    """A sheet called 2024年 says it too."""
    ledger = read_ledger(write_xlsx({"2024年": [SIMPLE, [1, "12.5", "示例一中", "灭火器过期"]]}))
    assert ledger.rows[0].values["found_on"] == DAY


def test_the_year_from_the_files_name(write_xlsx: WriteXlsx) -> None:
    """The last place that is looked at is the file's own name."""
    path = write_xlsx({"Sheet1": [SIMPLE, [1, "12.5", "示例一中", "灭火器过期"]]}, name="2024年隐患台账.xlsx")
    assert read_ledger(path).year == 2024


@pytest.mark.parametrize("mark", ["/", "—", "无"])
def test_a_mark_for_nothing_does_not_fill_a_needed_column(read_rows: ReadRows, mark: str) -> None:
    """A stroke in the column of units is no unit."""
    (problem,) = read_rows([[1, DAY, mark, "灭火器过期"]], header=SIMPLE).problems
    assert (problem.column, problem.value) == ("C", mark)


def test_no_year_anywhere(read_rows: ReadRows) -> None:
    """Then each row without a year is a problem, not a guess."""
    (problem,) = read_rows([[1, "12.5", "示例一中", "灭火器过期"]], header=SIMPLE).problems
    assert "--year" in problem.message


def test_unknown_columns_are_told_and_kept(read_rows: ReadRows) -> None:
    """A column nobody knows is named in the notes, and its text stays with the row."""
    ledger = read_rows([[1, DAY, "示例一中", "灭火器过期", "三"]], header=(*SIMPLE, "班主任印象"))
    assert ledger.ignored == ("班主任印象",)
    assert ledger.notes == ("这些列看不懂，没有导入：E 列“班主任印象”",)
    assert ledger.rows[0].raw["班主任印象"] == "三"


def test_two_columns_of_one_title(read_rows: ReadRows) -> None:
    """The second is told apart by its letter."""
    ledger = read_rows([[1, DAY, "示例一中", "灭火器过期", "甲", "乙"]], header=(*SIMPLE, "附注", "附注"))
    assert ledger.ignored == ("附注", "附注（F列）")
    assert (ledger.rows[0].raw["附注"], ledger.rows[0].raw["附注（F列）"]) == ("甲", "乙")
