from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import docx
import pytest
from docx.enum.section import WD_ORIENTATION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from rectiflow.reports.blocks import Column, Heading, Paragraph, Table
from rectiflow.reports.monthly import MonthlyReport, monthly_report
from rectiflow.reports.period import Period
from rectiflow.reports.word import render_word
from rectiflow.reports.word_page import signature_indents
from rectiflow.reports.word_table import table_element
from support.cases import a_case, a_month


def a_report(*, unit: str = "示例镇第一小学") -> MonthlyReport:
    """Write a report with one unit of this name beside a whole month."""
    return monthly_report(
        [*a_month(), a_case(number="X", unit_id="x", unit=unit)],
        Period.parse("2024-11"),
        cutoff=datetime(2024, 11, 30, 16, tzinfo=UTC),
        district_name="示例区",
        issuer="示例区教育局安全股",
        made_at=datetime(2024, 12, 2, 1, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def report() -> MonthlyReport:
    """The report of a month."""
    return a_report()


@pytest.fixture(scope="module")
def document(report: MonthlyReport) -> Any:
    """The report's Word document, opened again."""
    return docx.Document(io.BytesIO(render_word(report)))


def test_page(document: Any) -> None:
    """The page is A4 upright with the margins of an official document."""
    (section,) = document.sections
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert section.orientation == WD_ORIENTATION.PORTRAIT
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]


@pytest.mark.parametrize(
    ("style", "font", "points"),
    [
        ("公文标题", "方正小标宋简体", 22),
        ("公文正文", "仿宋_GB2312", 16),
        ("Heading 1", "黑体", 16),
        ("Heading 2", "楷体_GB2312", 16),
        ("Normal", "仿宋_GB2312", 16),
    ],
)
def test_fonts(document: Any, style: str, font: str, points: int) -> None:
    """Each style names its Chinese font, free of the theme's, in the standard's size and in black."""
    named = document.styles[style]
    fonts = named.element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == font
    assert not [name for name in fonts.attrib if name.endswith("Theme")]
    assert (named.font.size, str(named.font.color.rgb)) == (Pt(points), "000000")


def test_lines(document: Any) -> None:
    """Body text stands on the fixed line pitch, two characters in, justified; the title is centred."""
    layout = document.styles["公文正文"].paragraph_format
    assert (layout.line_spacing_rule, layout.line_spacing) == (WD_LINE_SPACING.EXACTLY, Pt(28.95))
    assert (layout.first_line_indent, layout.alignment) == (Pt(32), WD_ALIGN_PARAGRAPH.JUSTIFY)
    assert document.styles["公文标题"].paragraph_format.alignment == WD_ALIGN_PARAGRAPH.CENTER


def test_text(document: Any, report: MonthlyReport) -> None:
    """Every heading and paragraph of the report is there, in its style and order."""
    expected = [(block.text, f"Heading {block.level}") for block in report.blocks if isinstance(block, Heading)]
    found = [(line.text, line.style.name) for line in document.paragraphs]
    assert [pair for pair in found if pair[1].startswith("Heading")] == expected
    body = [text for text, style in found if style == "公文正文"]
    assert body == [block.text for block in report.blocks if isinstance(block, Paragraph)]
    assert found[:2] == [(report.title, "公文标题"), (report.subtitle, "公文副标题")]


def test_tables(document: Any, report: MonthlyReport) -> None:
    """Every table holds its texts, repeats its header, never splits a row, and is as wide as the text."""
    expected = [block for block in report.blocks if isinstance(block, Table)]
    assert len(document.tables) == len(expected)
    for found, table in zip(document.tables, expected, strict=True):
        rows = [tuple(cell.text for cell in row.cells) for row in found.rows]
        assert rows == [tuple(column.title for column in table.columns), *table.rows]
        marks = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in found.rows]
        assert marks == [True, *[False] * len(table.rows)]
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in found.rows)
        widths = [int(column.get(qn("w:w"))) for column in found._tbl.tblGrid]
        assert abs(sum(widths) - Mm(156).twips) < 12


def test_notes_and_end(document: Any, report: MonthlyReport) -> None:
    """Definitions stand under their tables; cut-off, self-check, issuer, date and sign-off end the report."""
    texts = [line.text for line in document.paragraphs]
    assert sum(text.startswith("注：") for text in texts) == 8
    assert [text for text in texts if text in report.closing] == list(report.closing)
    end = texts[-3:]
    assert end[:2] == ["示例区教育局安全股", "2024年12月2日"]
    assert end[2].split("　")[0] == "审核："
    assert "签发：" in end[2]


def test_page_numbers(document: Any) -> None:
    """Pages are numbered between dashes, odd ones right, even ones left."""
    (section,) = document.sections
    assert document.settings.odd_and_even_pages_header_footer
    for footer, side in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        (line,) = footer.paragraphs
        assert line.alignment == side
        assert "".join(element.text for element in line._p.iter(qn("w:instrText"))) == "PAGE"
        assert line.text.replace(" ", "") == "——"


def test_chart_has_words(document: Any) -> None:
    """The chart is as wide as the text and described for those who cannot see it."""
    (shape,) = document.inline_shapes
    assert round(shape.width.mm) == 156
    assert "消防安全应整改" in shape._inline.docPr.get("descr")


def test_card_and_bytes(report: MonthlyReport, document: Any) -> None:
    """The document's own card comes from the report, and the same report gives the same bytes."""
    card = document.core_properties
    assert (card.author, card.last_modified_by, card.comments) == ("示例区教育局安全股", "示例区教育局安全股", "")
    assert card.title == "示例区校园安全隐患排查整改情况月报（2024年11月）"
    assert card.created == card.modified == datetime(2024, 12, 2, 1, tzinfo=UTC)
    data = render_word(report)
    assert data == render_word(a_report())
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in packed.namelist() if "thumbnail" in name]
        assert '<w:altName w:val="仿宋"/>' in packed.read("word/fontTable.xml").decode()


def test_odd_characters() -> None:
    """Markup and control characters in a name are text, or dropped; they do not break the file."""
    document = docx.Document(io.BytesIO(render_word(a_report(unit="<w:p>&\x00\x0b小学"))))
    cells = [cell.text for row in document.tables[2].rows for cell in row.cells]
    assert "<w:p>&小学" in cells


def test_a_header_of_two_lines() -> None:
    """A line feed in a column's title is a line break in the header."""
    element = table_element(Table(caption="", columns=(Column(title="复查\n逾期", width_mm=20),), rows=()))
    assert [text.text for text in element.iter(qn("w:t"))] == ["复查", "逾期"]
    assert len(list(element.iter(qn("w:br")))) == 1


@pytest.mark.parametrize(
    ("issuer", "day", "indents"),
    [
        ("示例区教育局安全股", "2024年12月2日", (2.0, 2.5)),
        ("安全股", "2024年12月12日", (8.0, 2.0)),
    ],
)
def test_signature(issuer: str, day: str, indents: tuple[float, float]) -> None:
    """The date begins two characters further in than the issuer, and neither leaves the page."""
    assert signature_indents(issuer, day) == indents
