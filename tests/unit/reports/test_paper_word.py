from __future__ import annotations

import io
import zipfile
from datetime import date
from functools import cache
from typing import Any

import docx
import pytest
from docx.enum.text import WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from msgspec.structs import replace

from rectiflow.reports import render_paper_word
from rectiflow.reports.paper import FORM_KINDS, PAPER_KINDS, Paper
from support.papers import a_closeout, a_correction, a_paper, an_extension, an_item, an_opinion


@cache
def _opened(paper: Paper) -> Any:
    return docx.Document(io.BytesIO(render_paper_word(paper)))


def _texts(document: Any) -> list[str]:
    return [line.text for line in document.paragraphs]


def _rows(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_page_and_numbers(kind: str) -> None:
    """Every kind is A4 with the margins of an official document, numbered on odd and even pages, and has no tag left."""
    document = _opened(a_paper(kind))
    (section,) = document.sections
    sides = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(side.mm) for side in sides] == [37, 35, 28, 26]
    assert document.settings.odd_and_even_pages_header_footer
    packed = zipfile.ZipFile(io.BytesIO(render_paper_word(a_paper(kind))))
    parts = "".join(packed.read(name).decode() for name in packed.namelist() if name.startswith("word/"))
    assert "{%" not in parts
    assert "{{" not in parts


@pytest.mark.parametrize(
    ("style", "font", "points"),
    [
        ("公文红头", "方正小标宋简体", 45),
        ("公文标题", "方正小标宋简体", 22),
        ("公文正文", "仿宋_GB2312", 16),
        ("公文段首", "黑体", 16),
        ("公文表内字", "仿宋_GB2312", 10.5),
    ],
)
def test_fonts(style: str, font: str, points: float) -> None:
    """Each style names its Chinese font in the standard's size."""
    named = _opened(a_paper()).styles[style]
    assert named.element.rPr.rFonts.get(qn("w:eastAsia")) == font
    assert named.font.size == Pt(points)


def test_red_head() -> None:
    """Issuer in red, number over a red rule, title in lines, addressee with its colon; text on the fixed pitch."""
    document = _opened(a_paper())
    head, number, title, addressee = document.paragraphs[:4]
    assert (head.text, head.runs[0].font.color.rgb) == ("示例区教育局", RGBColor(255, 0, 0))
    assert number.text == "示教安改〔2024〕3号"
    assert number._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom")).get(qn("w:color")) == "FF0000"
    assert title.text == "示例区教育局关于示例镇第一小学\n校园安全隐患的整改通知书"
    assert addressee.text == "示例镇第一小学："
    layout = document.styles["公文正文"].paragraph_format
    assert (layout.line_spacing_rule, layout.line_spacing) == (WD_LINE_SPACING.EXACTLY, Pt(28.95))


@pytest.mark.parametrize(
    ("issuer", "style"),
    [
        ("示例区教育局", "公文红头"),
        ("示例区教育局安全工作股", "公文红头小"),
        ("示例区校园安全生产专业委员会办公室", "公文红头更小"),
    ],
)
def test_a_long_issuer_is_set_smaller(issuer: str, style: str) -> None:
    """The red head is one line, in the largest size that its name fits."""
    document = _opened(a_paper(issuer=issuer))
    assert document.paragraphs[0].style.name == style
    assert [line.style.name.startswith("公文红头") for line in document.paragraphs].count(True) == 1


def test_the_notice() -> None:
    """Eight items stand in one table whose header is repeated; three demands, how to answer, issuer, date, imprint."""
    document = _opened(a_paper())
    table = document.tables[0]
    rows = _rows(table)
    assert rows[0] == ["序号", "部位", "隐患描述", "整改要求", "整改责任人", "整改时限"]
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 9)]
    assert rows[1][2].endswith("（依据：《湖北省学校安全条例》第二十三条）\nLZH-2024-000123")
    assert rows[2][2].endswith("缺失5处\nLZH-2024-000124")
    assert rows[6][5] == "2025年\n2月14日"
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    assert not list(table.rows[1]._tr.iter(qn("w:keepNext"))), "rows of items may part at the end of a page"
    texts = _texts(document)
    heads = [text for text in texts if text[:2] in {"一、", "二、", "三、"}]
    assert len(heads) == 3
    assert all(line.runs[0].style.name == "公文段首" for line in document.paragraphs if line.text in heads)
    assert texts.index("2024年11月25日") == texts.index("示例区教育局", 1) + 1
    assert "（联系人及电话：安全股王明，0711-6000000）" in texts
    assert "　抄送：区消防救援大队，示例镇中心学校。" in texts
    assert "　示例区教育局\t2024年11月25日印发" in texts


def test_the_slip() -> None:
    """The slip begins a page with a cut line, lists every item to sign for, and can be left out."""
    document = _opened(a_paper())
    lines = {line.text: line for line in document.paragraphs}
    (cut,) = [line for text, line in lines.items() if "沿此线剪下" in text]
    assert cut.paragraph_format.page_break_before
    slip, signed = document.tables[1:]
    assert [row[1] for row in _rows(slip)[1:]] == [f"LZH-2024-{number:06}" for number in range(123, 131)]
    assert {"签收单位\n（盖章）", "签收人\n（签名）", "联系电话", "签收日期"} <= {
        cell for row in _rows(signed) for cell in row
    }
    assert any(text.startswith("贵局《示例区教育局关于示例镇第一小学校园安全隐患的整改通知书》") for text in lines)
    without = _opened(a_paper(slip=False))
    assert len(without.tables) == 1
    assert not [text for text in _texts(without) if "回执" in text]


def test_what_is_not_known_leaves_no_hole() -> None:
    """Without copies and contact their lines are gone; unknown texts of an item are dashes; nobody makes up demands."""
    bare = an_item(place="", description="", measures="", responsible="", basis="", due_on=None)
    document = _opened(a_paper(items=(bare,), copies=(), contact=""))
    assert not [text for text in _texts(document) if "抄送" in text or "联系人" in text]
    found = ["1", "—", "—\nLZH-2024-000123", "制定整改措施并落实到位", "—", "未定时限"]
    assert _rows(document.tables[0])[1] == found


@pytest.mark.parametrize(
    ("status", "mark"), [("draft", "拟稿"), ("void", "作废"), ("withdrawn", "撤稿"), ("signed", "")]
)
def test_mark(status: str, mark: str) -> None:
    """A draft and a void paper are marked behind the text of odd and even pages; a signed one is not."""
    document = _opened(a_paper(status=status))
    for header in (document.sections[0].header, document.sections[0].even_page_header):
        shapes = [shape.get("string") for shape in header._element.iter("{urn:schemas-microsoft-com:vml}textpath")]
        assert [shape for shape in shapes if shape] == ([mark] if mark else [])


def test_the_letter_and_the_listing() -> None:
    """The supervision letter counts the days; the listing names its level, keeps the deadline and bars closing."""
    letter = _opened(a_paper("supervision_letter", count=2, signed_on=date(2024, 12, 20)))
    assert [row[5] for row in _rows(letter.tables[0])] == ["逾期天数", "14天", "14天"]
    assert "你校以下2项安全隐患已超过整改时限14天，至今尚未完成整改。现予督办" in "".join(_texts(letter))
    listing = "".join(_texts(_opened(a_paper("listing_notice", level="区级", count=1))))
    for wanted in ("实行区级挂牌督办", "不改变原定整改时限", "未经挂牌单位验收合格并批准摘牌的，不得销号"):
        assert wanted in listing


def test_the_opinion() -> None:
    """Verdicts stand in the table, summed up under it; what failed has its new date; the inspectors sign."""
    document = _opened(an_opinion())
    rows = _rows(document.tables[0])
    assert [row[4] for row in rows] == ["结论", "合格", "合格", "不合格", "合格", "合格", "合格"]
    assert "须于2024年12月20日前完成整改" in rows[3][5]
    assert rows[1][3] == "已清空通道，更换闭门器2套\n（2024年12月3日完成）"
    text = "".join(_texts(document))
    assert "对示教安改〔2024〕3号文书所列你校隐患的整改情况进行了复查" in text
    assert "请查明原因，于2024年12月20日前完成整改，并再次申请复查" in text
    assert "复查人员\n（签名）" in _rows(document.tables[1])[0]
    passed = "".join(_texts(_opened(replace(an_opinion(), items=an_opinion().items[:2]))))
    assert "按程序销号" in passed
    assert "不合格" not in passed


def test_the_correction() -> None:
    """A correction names the paper, the item, the field, the old and the new text; its slip lists no deadlines."""
    document = _opened(a_correction())
    assert _rows(document.tables[0]) == [
        ["原文书项次", "更正栏目", "原文", "更正为"],
        ["第2项\nLZH-2024-000124", "部位", "学生宿舍3号楼", "学生宿舍2号楼"],
        ["第5项\nLZH-2024-000127", "整改责任人", "冯国庆", "冯国强"],
    ]
    assert "我局示教安改〔2024〕3号文书有关内容有误，现更正如下：" in _texts(document)
    assert len(document.tables) == 2


def test_the_forms() -> None:
    """A form has what is asked and one box for each level with signature and date; a signed one names who signed."""
    rows = _rows(_opened(an_extension()).tables[0])
    labels = [row[0].replace("\n", "") for row in rows]
    assert labels[4:7] == ["申请延期至", "延期理由", "临时管控措施"]
    assert labels[7:] == ["申请单位主要负责人意见", "镇中心学校（园区教办）意见", "安全股意见", "分管局领导审批意见"]
    assert all(row[1].startswith("签名（盖章）：") and row[1].endswith("日") for row in rows[7:])
    closed = _rows(_opened(a_closeout()).tables[0])
    assert closed[-1][1] == "签批：赵立新　　2024年12月23日"
    assert ["复查结论", "合格", "复查意见", "现场查看，整改到位"] in closed


def test_many_hazards_in_a_form() -> None:
    """A form over two hazards shows both."""
    texts = [cell for row in _rows(_opened(an_extension(items=(an_item(1), an_item(2)))).tables[0]) for cell in row]
    assert {"LZH-2024-000123", "LZH-2024-000124"} <= set(texts)


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_equal_papers_are_equal_files(kind: str) -> None:
    """The same paper gives the same bytes, with nothing in it from the machine; its card is the paper's."""
    data = render_paper_word(a_paper(kind))
    assert data == render_paper_word(a_paper(kind))
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in packed.namelist() if "thumbnail" in name]
    card = docx.Document(io.BytesIO(data)).core_properties
    assert (card.title, card.author, card.created) == (a_paper().title, "示例区教育局", a_paper().made_at)


def test_odd_characters() -> None:
    """Markup, tags of a template and control characters in a text are text, or dropped."""
    odd = "<w:p>&“{{ 机关 }}”{% for %}\x00\x0b\f"
    document = _opened(a_paper(items=(an_item(place=odd),), addressee="<b>&示例镇第一小学"))
    assert _rows(document.tables[0])[1][1] == "<w:p>&“{{ 机关 }}”{% for %}"
    assert "<b>&示例镇第一小学：" in _texts(document)


def test_form_kinds_have_no_red_head() -> None:
    """Forms are tables under their title."""
    for kind in FORM_KINDS:
        assert _texts(_opened(a_paper(kind)))[0].startswith("示例区教育局关于")
