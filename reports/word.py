"""Reports as Word documents in the form of an official document."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .blocks import Block, Chart, Heading, Paragraph, Table
from .monthly import MonthlyReport
from .text import circled, clean, cn_date
from .word_element import element_of
from .word_pack import settled
from .word_page import BODY_POINTS, TEXT_WIDTH_MM, dress, set_properties, signature_indents
from .word_table import table_element

if TYPE_CHECKING:
    from docx.document import Document


def render_word(report: MonthlyReport) -> bytes:
    """Print a report as a .docx file; the same report gives the same bytes.

    The fonts are named, not embedded: on a machine without them Word takes its own.
    """
    import docx

    document = docx.Document()
    dress(document)
    title = f"{report.title}{report.subtitle}"
    set_properties(document, title=title, author=report.issuer, made_at=report.made_at, version=report.version)
    document.add_paragraph(clean("\n".join(report.title_lines)), style="公文标题")
    document.add_paragraph(clean(report.subtitle), style="公文副标题")
    for block in report.blocks:
        _add(document, block)
    _add_end(document, report)
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())


def _add(document: Document, block: Block) -> None:
    match block:
        case Heading(text=text, level=level):
            document.add_paragraph(clean(text), style=f"Heading {level}")
        case Paragraph(text=text):
            document.add_paragraph(clean(text), style="公文正文")
        case Table():
            _add_table(document, block)
        case Chart():
            _add_chart(document, block)


def _add_end(document: Document, report: MonthlyReport) -> None:
    """Add in small print how the figures were made, then issuer and date, and who signs: all on one page."""
    from docx.shared import Pt

    for text in report.closing:
        document.add_paragraph(clean(text), style="公文附注").paragraph_format.keep_with_next = True
    day = cn_date(report.made_at.date())
    for place, indent in enumerate(signature_indents(report.issuer, day)):
        line = document.add_paragraph(day if place else clean(report.issuer), style="公文落款")
        layout = line.paragraph_format
        layout.right_indent, layout.keep_with_next = Pt(indent * BODY_POINTS), True
        layout.space_before = Pt(0 if place else 1.5 * BODY_POINTS)
    _add_sign_off(document, report.sign_off)


def _add_sign_off(document: Document, names: Sequence[str]) -> None:
    from docx.shared import Pt

    line = document.add_paragraph(style="公文签批")
    line.paragraph_format.space_before = Pt(1.5 * BODY_POINTS)
    for place, name in enumerate(names):
        line.add_run(f"{'　' if place else ''}{clean(name)}：")
        line.add_run("　" * 7).underline = True


def _add_chart(document: Document, chart: Chart) -> None:
    from docx.shared import Mm

    picture = document.add_paragraph(style="公文图")
    picture.paragraph_format.keep_with_next = True
    shape: Any = picture.add_run().add_picture(io.BytesIO(chart.png), width=Mm(TEXT_WIDTH_MM))
    shape._inline.docPr.set("descr", clean(chart.alt))
    shape._inline.docPr.set("name", clean(chart.caption))
    document.add_paragraph(clean(chart.caption), style="公文表题")


def _add_table(document: Document, table: Table) -> None:
    caption = document.add_paragraph(clean(table.caption), style="公文表题")
    caption.paragraph_format.keep_with_next = True
    body = element_of(document).body
    body.insert(len(body) - 1, table_element(table))  # the last element of the body is the section's setup
    _add_notes(document, table.notes)


def _add_notes(document: Document, notes: Sequence[str]) -> None:
    """Add the notes under a table in one paragraph; an empty one keeps two tables from growing together."""
    marks = [f"{circled(place)}" for place in range(1, len(notes) + 1)] if len(notes) > 1 else [""]
    text = "".join(f"{mark}{note}" for mark, note in zip(marks, notes, strict=False))
    document.add_paragraph(f"注：{clean(text)}" if text else "", style="公文附注")
