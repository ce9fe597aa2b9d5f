"""LibreOffice prints the papers; what stands on which page is read back from the PDF."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rectiflow.reports import PAPER_KINDS, Paper, render_paper_html, render_paper_word
from support.office import page_images, pdf_fonts, pdf_text, to_pdf
from support.papers import a_closeout, a_correction, a_paper, an_extension, an_opinion

Print = Callable[[Paper], list[str]]


@pytest.fixture
def printed(tmp_path: Path) -> Print:
    """What a paper's pages say as LibreOffice prints them, without blanks."""

    def pages(paper: Paper) -> list[str]:
        written = tmp_path / f"{paper.kind}.docx"
        written.write_bytes(render_paper_word(paper))
        pdf = to_pdf(written, tmp_path)
        assert "CJK" in pdf_fonts(pdf)
        found = [re.sub(r"\s", "", page) for page in pdf_text(pdf).rstrip("\f").split("\f")]
        assert len(page_images(pdf, tmp_path)) == len(found)
        for place, page in enumerate(found, start=1):
            assert page.endswith(f"—{place}—")
            assert len(page) > 40, f"page {place} is nearly empty"
        return [page.removesuffix(f"—{place}—") for place, page in enumerate(found, start=1)]

    return pages


def test_the_notice_of_eight_items(printed: Print) -> None:
    """Three pages and the slip: the table begins on the first, goes on under its header, nothing is lost."""
    first, second, third, slip = printed(a_paper())
    header = "序号部位隐患描述整改要求整改责任人整改时限"
    assert first.startswith(
        "示例区教育局示教安改〔2024〕3号示例区教育局关于示例镇第一小学校园安全隐患的整改通知书示例镇第一小学："
    )
    assert header in first
    assert second.startswith(header)
    for number in range(123, 131):
        assert f"LZH-2024-{number:06}" in first + second
        assert f"LZH-2024-{number:06}" in slip
    assert "三、逐项报告，申请复查。" in second + third
    body, imprint = third.split("（联系人及电话：安全股王明，0711-6000000）")
    assert body.endswith("示例区教育局2024年11月25日")
    assert imprint.replace("_", "") == "抄送：区消防救援大队，示例镇中心学校。示例区教育局2024年11月25日印发"
    assert "沿此线剪下" in slip
    assert "签收单位" in slip


def test_the_signature_never_stands_alone(printed: Print) -> None:
    """However many items there are, text of the letter is on the page of issuer and date."""
    for count in (1, 3, 5, 9):
        pages = printed(a_paper(count=count, slip=False))
        assert "将按规定予以督办、挂牌督办，并视情通报。示例区教育局2024年11月25日" in pages[-1]


@pytest.mark.parametrize(
    ("paper", "pages", "wanted"),
    [
        (an_opinion(), 3, "合格5项（第1、2、4、5、6项），不合格1项（第3项）"),
        (a_correction(), 3, "现更正如下"),
        (an_extension(), 1, "分管局领导审批意见"),
        (a_closeout(), 1, "签批：赵立新2024年12月23日"),
        (a_paper("listing_notice", title="区级挂牌督办通知书", level="区级", count=1), 3, "实行区级挂牌督办"),
        (a_paper("supervision_letter", count=3), 3, "现予督办"),
    ],
    ids=lambda value: value.kind if isinstance(value, Paper) else None,
)
def test_the_other_kinds(paper: Paper, pages: int, wanted: str, printed: Print) -> None:
    """Each kind has the pages it should: a form is one page."""
    found = printed(paper)
    assert len(found) == pages
    assert wanted in "".join(found)


def test_a_draft_is_marked(tmp_path: Path) -> None:
    """The mark of a draft is drawn across the page: there is more to draw than on the signed paper."""
    sizes: list[int] = []
    for status in ("draft", "signed"):
        written = tmp_path / f"{status}.docx"
        written.write_bytes(render_paper_word(a_paper(status=status)))
        sizes.append(page_images(to_pdf(written, tmp_path), tmp_path)[1].stat().st_size)
    assert sizes[0] > sizes[1] + 3000


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_the_page_is_readable_elsewhere(kind: str, tmp_path: Path) -> None:
    """LibreOffice, too, reads title and items out of the HTML page."""
    written = tmp_path / "paper.html"
    written.write_text(render_paper_html(a_paper(kind, title="安全隐患文书")), encoding="utf-8")
    text = re.sub(r"\s", "", pdf_text(to_pdf(written, tmp_path)))
    assert "安全隐患文书" in text
    assert "000123" in text
