from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from rectiflow.reports.paper import PAPER_KINDS, Paper
from rectiflow.reports.paper_fields import ITEM_FIELDS, PAPER_FIELDS, PAPER_LISTS, REQUEST_FIELDS, field_values
from rectiflow.reports.paper_title import title_lines
from support.papers import a_closeout, a_correction, a_paper, an_extension, an_item, an_opinion


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("安全隐患整改通知书", ("安全隐患整改通知书",)),
        (
            "示例区教育局关于示例镇第一小学校园安全隐患的整改通知书",
            ("示例区教育局关于示例镇第一小学", "校园安全隐患的整改通知书"),
        ),
        (
            "示例区教育局关于更正安全隐患整改通知书有关内容的通知",
            ("示例区教育局关于", "更正安全隐患整改通知书有关内容的通知"),
        ),
        (
            "示例区教育局关于对示例镇中心学校附属幼儿园（北园区）2024年12月消防安全隐患实行区级挂牌督办的通知",
            (
                "示例区教育局关于",
                "对示例镇中心学校附属幼儿园（北园区）",
                "2024年12月消防安全隐患实行区级挂牌督办的",
                "通知",
            ),
        ),
    ],
)
def test_titles_break_by_sense(title: str, lines: tuple[str, ...]) -> None:
    """A long title has as few lines as it needs, each of at most twenty characters, broken between words."""
    found = title_lines(title)
    assert (found, "".join(found)) == (lines, title)
    assert all(sum(0.5 if char.isascii() else 1 for char in line) <= 20 for line in found)


def test_a_title_without_end_is_still_printed() -> None:
    """Nothing of a title of a hundred characters is lost."""
    title = "安" * 100
    assert "".join(title_lines(title)) == title
    assert max(len(line) for line in title_lines(title)) == 20


def test_a_number_is_not_torn() -> None:
    """A year, a document number and a book title stay on one line."""
    title = "示例区教育局关于更正示教安改〔2024〕103号文书和《校园安全检查细则》的通知"
    lines = title_lines(title)
    assert any("〔2024〕103号" in line for line in lines)
    assert any("《校园安全检查细则》" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "2024年11月21日，我局王明、李强会同区消防救援大队对你校开展了联合检查"),
        ({"partners": "", "method": "区级"}, "2024年11月21日，我局王明、李强对你校开展了区级检查"),
        ({"inspectors": "", "partners": "", "found_on": None}, "经联合检查"),
        ({"inspectors": "", "partners": "", "method": ""}, "2024年11月21日，经安全检查"),
        ({"method": "单位自查", "addressee": "示例镇幼儿园"}, "2024年11月21日，你园自查"),
        ({"issuer": "示例镇中心学校", "partners": "", "addressee": "某公司"}, "我校王明、李强对你单位开展了联合检查"),
    ],
)
def test_how_it_was_found(changes: dict[str, Any], told: str) -> None:
    """The letter says when, by whom and how the unit was inspected, in words that fit."""
    assert str(field_values(a_paper(**changes))["检查经过"]).endswith(told)


def test_one_deadline_or_many() -> None:
    """One deadline is named, several are those of the table, none is not made up."""
    assert field_values(a_paper(count=2))["整改期限"] == "2024年12月6日前"
    assert field_values(a_paper())["整改期限"] == "表中所列时限内"
    undated = field_values(a_paper(items=(an_item(due_on=None),)))
    assert undated["整改期限"] == "表中所列时限内"
    assert undated["隐患"][0]["整改时限"] == "未定时限"  # type: ignore[index]


def test_lateness() -> None:
    """A letter says how many items are late and by how many days on the day it was signed."""
    late, early = an_item(1), an_item(6)

    def told(*items: object) -> object:
        return field_values(a_paper("supervision_letter", items=items, signed_on=date(2024, 12, 16)))["逾期情况"]

    assert told(late) == "已超过整改时限10天，至今尚未完成整改"
    assert told(late, replace(late, due_on=date(2024, 12, 1))) == "已超过整改时限10天至15天，至今尚未完成整改"
    assert told(late, early) == "尚未完成整改，其中1项已超过整改时限10天"
    assert told(early) == "尚未完成整改"


def test_the_opinion_sums_up() -> None:
    """Five pass and one fails: both are counted, the one is named, with its new date; unseen ones are not hidden."""
    found = field_values(an_opinion())
    assert found["复查小结"] == "经复查，6项隐患中，合格5项（第1、2、4、5、6项），不合格1项（第3项）"
    assert found["不合格要求"] == "于2024年12月20日前完成整改"
    assert found["隐患"][2]["复查意见"] == "可燃气体报警装置未安装。\n须于2024年12月20日前完成整改。"  # type: ignore[index]
    passed, unseen = an_item(1, verdict="合格"), an_item(2)
    assert field_values(replace(an_opinion(), items=(passed,)))["复查小结"] == "经复查，该项隐患整改合格"
    assert field_values(replace(an_opinion(), items=(unseen,)))["复查小结"] == "该项隐患本次未复查"
    both = field_values(replace(an_opinion(), items=(passed, unseen)))
    assert both["复查小结"] == "经复查，2项隐患中，合格1项（第1项），未复查1项（第2项）"
    assert both["不合格要求"] == ""


@pytest.mark.parametrize(
    ("changes", "number", "mark"),
    [
        ({}, "示教安改〔2024〕3号", ""),
        ({"status": "served"}, "示教安改〔2024〕3号", ""),
        ({"status": "draft", "number": None, "signed_on": None}, "（拟稿，未签发）", "拟稿"),
        ({"status": "withdrawn", "number": None, "signed_on": None}, "（已撤稿）", "撤稿"),
        ({"status": "void"}, "示教安改〔2024〕3号（作废）", "作废"),
        ({"status": "void", "number": None}, "（作废）", "作废"),
    ],
)
def test_where_it_stands(changes: dict[str, Any], number: str, mark: str) -> None:
    """A paper that is none yet, or no longer, says so in the number's place and across the page."""
    found = field_values(a_paper(**changes))
    assert (found["文号"], found["水印"]) == (number, mark)


def test_a_draft_has_no_signature() -> None:
    """No signer and no date are printed before it was signed; a form to be signed by hand is not marked."""
    found = field_values(a_paper(status="draft", number=None, signed_on=None))
    assert (found["签发人"], found["正式文号"]) == ("", "")
    assert "2024" not in str(found["成文日期"])
    form = field_values(an_extension())
    assert (form["文号"], form["水印"], form["有回执"]) == ("（未签批）", "", False)


@pytest.mark.parametrize("paper", [a_paper(kind) for kind in PAPER_KINDS] + [a_correction(), a_closeout()])
def test_every_field_has_a_value(paper: Paper) -> None:
    """What a template may name is exactly what it gets."""
    found = field_values(paper)
    assert set(found) == {*PAPER_FIELDS, *PAPER_LISTS}
    assert all(set(entry) == set(ITEM_FIELDS) for entry in found["隐患"])  # type: ignore[union-attr]
    assert all(set(entry) == set(REQUEST_FIELDS) for entry in found["申请"])  # type: ignore[union-attr]


def test_an_unknown_kind_is_refused() -> None:
    """A kind, a status or a time that cannot be is refused when the paper is made."""
    for changes in (
        {"kind": "letter"},
        {"status": "sent"},
        {"made_at": datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)},
    ):
        with pytest.raises(ValueError, match=r"no such|without a zone"):
            replace(a_paper(), **changes)
