from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rectiflow.reports import MonthlyReport, Paragraph, Period, monthly_report, render_html, render_word
from support.cases import a_month
from support.office import page_images, pdf_fonts, pdf_text, to_pdf


def _report() -> MonthlyReport:
    return monthly_report(
        a_month(),
        Period.parse("2024-11"),
        cutoff=datetime(2024, 11, 30, 16, tzinfo=UTC),
        district_name="示例区",
        issuer="示例区教育局安全股",
        made_at=datetime(2024, 12, 9, 1, tzinfo=UTC),
        late=True,
    )


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The monthly report as LibreOffice prints it."""
    folder = tmp_path_factory.mktemp("report")
    written = folder / "monthly.docx"
    written.write_bytes(render_word(_report()))
    return to_pdf(written, folder)


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_pages(pdf: Path, tmp_path: Path) -> None:
    """The report is a handful of A4 pages, none of them empty."""
    facts = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    width, height = (float(side) for side in re.findall(r"Page size:\s+([\d.]+) x ([\d.]+)", facts)[0])
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)
    pages = pdf_text(pdf).rstrip("\f").split("\f")
    assert 5 <= len(pages) <= 8
    assert len(page_images(pdf, tmp_path)) == len(pages)
    for number, page in enumerate(pages, start=1):
        assert _squeezed(page).endswith(f"—{number}—")
        assert len(_squeezed(page)) > 60, f"page {number} is nearly empty"


def test_text(pdf: Path) -> None:
    """Title, figures in words, headings, cut-off, self-check and sign-off are printed."""
    text = _squeezed(pdf_text(pdf))
    assert text.startswith("示例区校园安全隐患排查整改情况月报（2024年11月，补报）一、总体情况")
    for block in _report().blocks:
        if isinstance(block, Paragraph):
            assert _squeezed(block.text) in re.sub("—[0-9]—", "", text)
    for wanted in ("二、各单位整改情况", "三、分类别整改情况", "图1分类别应整改", "四、逾期与复查逾期", "五、挂牌督办"):
        assert wanted in text
    for wanted in ("数据截至2024年11月30日24时", "明细一致", "示例区教育局安全股", "2024年12月9日", "审核：", "签发："):
        assert wanted in text


def test_numbers_and_dates_stay_on_one_line(pdf: Path) -> None:
    """The columns are wide enough: no hazard number, date or percentage is broken."""
    lines = pdf_text(pdf).splitlines()
    assert not [line for line in lines if re.search(r"(LZH-\d{0,4}-?|20\d\d-\d{0,2}-?)(\s|$)", line)]
    assert any("100.0%" in line for line in lines)


def test_fonts(pdf: Path) -> None:
    """The Chinese text is drawn with a font that has the characters."""
    assert "CJK" in pdf_fonts(pdf)


def test_long_table_repeats_its_header(tmp_path: Path) -> None:
    """A table over several pages has its header on each of them."""
    report = monthly_report(
        a_month(600),
        Period.parse("2024-11"),
        cutoff=datetime(2024, 11, 30, 16, tzinfo=UTC),
        district_name="示例区",
        issuer="示例区教育局安全股",
        made_at=datetime(2024, 12, 2, 1, tzinfo=UTC),
    )
    written = tmp_path / "long.docx"
    written.write_bytes(render_word(report))
    pages = pdf_text(to_pdf(written, tmp_path)).split("\f")
    listed = [page for page in pages if "待交办" in page]
    assert len(listed) > 1
    assert all("当前环节" in page for page in listed)


def test_web_page_is_readable_by_another_program(tmp_path: Path) -> None:
    """LibreOffice reads the HTML page too, tables and all."""
    written = tmp_path / "monthly.html"
    written.write_text(render_html(_report()), encoding="utf-8")
    text = _squeezed(pdf_text(to_pdf(written, tmp_path)))
    assert "示例区校园安全隐患排查整改情况月报" in text
    assert "表3各单位整改情况" in text
