"""Units, posts and persons from a workbook, and what does not fit together."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rectiflow.intake import OrganisationFile, OrganisationUnusable, Recorded, read_organisation

if TYPE_CHECKING:
    from unit.intake.conftest import Grid, WriteXlsx

UNITS: Grid = [
    ["示例区校园安全单位一览表"],
    ["单位编码", "单位名称", "简称/别名", "单位类型", "上级单位", "状态", "继任单位"],
    ["0", "示例区教育局", "区教育局；教育局", "教育局", None, "正常", None],
    ["1", "安全股", None, "股室", "区教育局", None, None],
    ["2", "示例湖园区教办", "示例湖教办、示例教办", "园区教办", "0", "正常", None],
    ["3", "示例湖 小学", "示例湖小", "小学", "示例教办", "正常", None],
    ["4", "示例湖幼儿园", None, "幼儿园", "示例湖园区教办", "撤并", "示例湖小"],
    ["5", "示例区校安委会", None, "委员会", None, None, None],
]
POSTS: Grid = [
    ["岗位名称", "所在单位", "职责角色"],
    ["安全股长", "安全股", "安全股、复查人"],
    ["校长", "示例湖小", "单位主要负责人；principal"],
    ["主任", "示例教办", None],
]
PERSONS: Grid = [
    ["姓名", "岗位", "单位", "手机", "邮箱", "系统账号", "任职起", "任职止", "代理人", "代理起", "代理止", "权限"],
    [
        "安全股长",
        "安全股长",
        None,
        13800000000,
        "aqg@example.com",
        "anquan",
        "2024.3.1",
        None,
        None,
        None,
        None,
        "代为操作、查看受限类别",
    ],
    [
        "小学校长",
        "校长",
        "示例湖小学",
        "0711-2345678",
        None,
        None,
        dt.date(2023, 9, 1),
        "2025-08-31",
        "安全股长",
        "2024.7.1",
        "2024.7.31",
        None,
    ],
    [None, "主任", None, None, None, None, None, None, None, None, None, None],
]


def read(
    write_xlsx: WriteXlsx, *, units: Grid = UNITS, posts: Grid = POSTS, persons: Grid = PERSONS
) -> OrganisationFile:
    """Write the three sheets and read them."""
    return read_organisation(write_xlsx({"说明": [["填写说明"]], "单位": units, "岗位": posts, "人员": persons}))


def test_a_good_workbook(write_xlsx: WriteXlsx) -> None:
    """All rows come in, named by their full names."""
    organisation = read(write_xlsx)
    assert organisation.problems == ()
    assert [(unit.name, unit.kind, unit.parent) for unit in organisation.units] == [
        ("示例区教育局", "bureau", None),
        ("安全股", "section", "示例区教育局"),
        ("示例湖园区教办", "town", "示例区教育局"),
        ("示例湖小学", "school", "示例湖园区教办"),
        ("示例湖幼儿园", "kindergarten", "示例湖园区教办"),
        ("示例区校安委会", "committee", None),
    ]
    merged = organisation.units[4]
    assert (merged.active, merged.successor, merged.row, merged.code) == (False, "示例湖小学", 7, "4")
    assert organisation.units[2].aliases == ("示例湖教办", "示例教办")
    assert [(post.title, post.unit, post.roles) for post in organisation.posts] == [
        ("安全股长", "安全股", ("安全股", "复查人")),
        ("校长", "示例湖小学", ("单位主要负责人", "principal")),
        ("主任", "示例湖园区教办", ()),
    ]


def test_persons_of_a_good_workbook(write_xlsx: WriteXlsx) -> None:
    """Contacts, terms, deputies and grants; who has no name is called by unit and post."""
    first, second, third = read(write_xlsx).persons
    assert (first.unit, first.phone, first.email, first.account) == (
        "安全股",
        "13800000000",
        "aqg@example.com",
        "anquan",
    )
    assert (first.since, first.until, first.grants) == (dt.date(2024, 3, 1), None, ("act_for_others", "see_restricted"))
    assert (second.unit, second.deputy, second.until) == ("示例湖小学", "安全股长", dt.date(2025, 8, 31))
    assert (second.deputy_since, second.deputy_until) == (dt.date(2024, 7, 1), dt.date(2024, 7, 31))
    assert (third.name, third.unit) == ("示例湖园区教办主任", "示例湖园区教办")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("教育局", "bureau"),
        ("局机关", "bureau"),
        ("股室", "section"),
        ("二级单位", "affiliate"),
        ("镇中心学校", "town"),
        ("中心学校", "town"),
        ("园区教办", "town"),
        ("中心小学", "school"),
        ("高中", "school"),
        ("九年一贯制学校", "school"),
        ("公办幼儿园", "kindergarten"),
        ("村（社区）", "village"),
        ("社区", "village"),
        ("部门", "partner"),
        ("成员单位", "partner"),
        ("镇人民政府", "government"),
        ("领导小组", "committee"),
        ("校安委会", "committee"),
        ("school", "school"),
    ],
)
def test_kinds(write_xlsx: WriteXlsx, written: str, kind: str) -> None:
    """The kinds offices write are known."""
    (unit,) = read_organisation(write_xlsx({"单位": [["单位名称", "单位类型"], ["甲", written]]})).units
    assert unit.kind == kind


def problems_of(
    write_xlsx: WriteXlsx, *, units: Grid = UNITS, posts: Grid = POSTS, persons: Grid = PERSONS
) -> list[tuple[str, int, str, str]]:
    """Give sheet, row, column and the beginning of the message of every problem."""
    organisation = read(write_xlsx, units=units, posts=posts, persons=persons)
    return [(problem.sheet, problem.row, problem.column, problem.message) for problem in organisation.problems]


def test_problems_of_units(write_xlsx: WriteXlsx) -> None:
    """Unknown parents, loops, names that stand twice, unknown kinds: all told, each in its cell."""
    units: Grid = [
        ["单位名称", "别名", "单位类型", "上级单位", "状态", "继任单位", "单位编码"],
        ["甲局", "乙股", "教育局", None, None, None, "1"],
        ["乙股", None, "股室", "甲局", None, None, "1"],
        ["乙 股", None, "股室", "甲局", None, None, None],
        ["丙校", "甲局", "大学城", "没有局", "关了", None, None],
        ["丁校", None, "小学", "戊校", None, "丙校", None],
        ["戊校", None, "小学", "丁校", None, None, None],
        ["己校", None, None, "己校", "撤并", "没有校", None],
        [None, None, "小学", None, None, None, None],
    ]
    found = problems_of(write_xlsx, units=units, posts=[["岗位", "单位"]], persons=[["姓名", "岗位"]])
    expected = [
        (2, "B", "简称“乙股”已是“乙股”的名称"),
        (3, "G", "单位编码与第 2 行重复"),
        (4, "A", "单位名称与第 3 行重复"),
        (5, "C", "不认识这种单位类型"),
        (5, "E", "状态只能写"),
        (5, "B", "简称“甲局”已是“甲局”的名称"),
        (5, "D", "没有名为“没有局”的上级单位"),
        (6, "F", "填了继任单位，状态却不是“撤并”"),
        (6, "D", "上级单位绕成了圈：丁校 → 戊校 → 丁校"),
        (7, "D", "上级单位绕成了圈：戊校 → 丁校 → 戊校"),
        (8, "C", "没有填写单位类型"),
        (8, "F", "没有名为“没有校”的继任单位"),
        (8, "D", "上级单位绕成了圈：己校 → 己校"),
        (9, "A", "没有填写单位名称"),
    ]
    assert [(row, column) for _, row, column, _ in found] == [(row, column) for row, column, _ in expected]
    assert all(message.startswith(start) for (*_, message), (_, _, start) in zip(found, expected, strict=True))


def test_problems_of_posts(write_xlsx: WriteXlsx) -> None:
    """A post needs a unit that is there, and stands once."""
    posts: Grid = [
        *POSTS,
        ["校长", "没有校", None],
        ["校 长", "示例湖小学", None],
        [None, "安全股", None],
        ["股员", None, None],
    ]
    found = problems_of(write_xlsx, posts=posts)
    assert [(sheet, row, column) for sheet, row, column, _ in found] == [
        ("岗位", 5, "B"),
        ("岗位", 6, "A"),
        ("岗位", 7, "A"),
        ("岗位", 8, "B"),
    ]
    assert "没有名为“没有校”的所在单位" in found[0][3]
    assert "第 3 行" in found[1][3]


def test_problems_of_persons(write_xlsx: WriteXlsx) -> None:
    """Unknown posts and units, bad contacts, accounts of two persons, periods that end before they begin."""
    posts: Grid = [*POSTS, ["校长", "示例湖幼儿园", None]]
    head = PERSONS[0]
    persons: Grid = [
        head,
        ["甲", "局长", None, "12345", "a@b", "x", "12.5", None, None, None, None, "全部"],
        ["乙", "校长", None, "138 0000 0001", None, "X", "2024.9.1", "2024.8.1", "丙", None, None, None],
        ["丁", "安全股长", "示例湖小学", "13800000001、13800000002", None, None, None, None, "丁", None, None, None],
        ["戊", "安全股长", "没有股", None, None, None, None, None, None, "2024.1.1", None, None],
        ["戊", "安全股长", "安全股", None, None, None, None, None, None, None, None, None],
        ["戊", "安全股长", "安全股", None, None, None, None, None, None, None, None, None],
        ["己", None, None, None, None, None, None, None, None, None, None, None],
    ]
    found = problems_of(write_xlsx, posts=posts, persons=persons)
    places = [(row, column) for _, row, column, _ in found]
    assert places == [
        (2, "D"), (2, "E"), (2, "L"), (2, "G"), (2, "B"),
        (3, "H"), (3, "B"), (3, "F"), (3, "I"),
        (4, "D"), (4, "B"), (4, "I"),
        (5, "C"), (5, "B"), (5, "J"),
        (7, "B"),
        (8, "B"),
    ]  # fmt: skip
    texts = "\n".join(message for *_, message in found)
    for part in (
        "11 位",
        "邮箱",
        "代为操作、查看受限类别",
        "没有名为“局长”的岗位",
        "2 个单位都有“校长”",
        "账号“X”在第 2 行已属于“甲”",
    ):
        assert part in texts


def test_recorded_units_posts_and_persons_may_be_named(write_xlsx: WriteXlsx) -> None:
    """A workbook of persons alone finds its units and posts among those on record."""
    persons: Grid = [
        ["姓名", "岗位", "单位", "代理人", "代理起", "代理止"],
        ["新校长", "校长", "示例小", "老校长", "2024.7.1", "2024.7.31"],
    ]
    path = write_xlsx({"人员": persons})
    recorded = Recorded(
        units=frozenset({"示例小学"}),
        aliases={"示例小": "示例小学"},
        posts=frozenset({("示例小学", "校长")}),
        persons=frozenset({"老校长"}),
    )
    assert len(read_organisation(path).problems) == 3
    organisation = read_organisation(path, recorded=recorded)
    assert organisation.problems == ()
    assert organisation.persons[0].unit == "示例小学"


def test_a_deputy_needs_a_period(write_xlsx: WriteXlsx) -> None:
    """A deputy without first and last day would never act."""
    persons: Grid = [
        ["姓名", "岗位", "代理人", "代理起", "代理止"],
        ["安全股长", "安全股长", "主任", "2024.7.1", None],
        ["主任", "主任", None, None, None],
    ]
    ((_, row, column, message),) = problems_of(write_xlsx, persons=persons)
    assert (row, column, message) == (2, "C", "填了代理人，请同时填写代理止日期")


def test_missing_sheets_and_columns(write_xlsx: WriteXlsx) -> None:
    """All reasons at once: missing columns of one sheet, two sheets of one kind."""
    path = write_xlsx(
        {"单位": [["单位名称", "上级单位"], ["甲", None]], "学校名单": [["学校"]], "人员": [["电话"], ["1"]]}
    )
    with pytest.raises(OrganisationUnusable) as refused:
        read_organisation(path)
    first, second, third = refused.value.reasons
    assert "“单位”缺少必需的列：“单位类型”" in first
    assert "都像单位表" in second
    assert "“人员”缺少必需的列：“姓名”" in third
    with pytest.raises(OrganisationUnusable, match="没有名为“单位”“岗位”“人员”的工作表；文件里有：“台账”"):
        read_organisation(write_xlsx({"台账": [["x"]]}))


def test_hidden_sheets_are_left_out(write_xlsx: WriteXlsx) -> None:
    """A hidden list of kinds is no sheet of units."""
    grid: Grid = [["单位名称", "单位类型"], ["甲", "小学"]]
    assert len(read_organisation(write_xlsx({"单位": grid, "单位类型": grid}, hide=["单位类型"])).units) == 1
