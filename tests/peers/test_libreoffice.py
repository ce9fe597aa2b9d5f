"""LibreOffice reads our Word files; what it draws is what an office would see."""

from __future__ import annotations

from pathlib import Path

import docx

from support.office import page_images, pdf_fonts, pdf_text, to_pdf


def test_a_chinese_word_file_becomes_a_page(tmp_path: Path) -> None:
    """Chinese text survives the way from Word to a drawn page, in a font that has the characters."""
    document = docx.Document()
    document.add_heading("隐患整改情况月报", level=1)
    document.add_paragraph("整改率 85.7%，逾期 3 件，挂牌督办 1 件。")
    written = tmp_path / "report.docx"
    document.save(str(written))
    pdf = to_pdf(written, tmp_path)
    text = pdf_text(pdf)
    assert "隐患整改情况月报" in text
    assert "整改率 85.7%" in text
    assert "CJK" in pdf_fonts(pdf)
    (page,) = page_images(pdf, tmp_path)
    assert page.read_bytes().startswith(b"\x89PNG")
