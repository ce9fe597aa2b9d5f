from __future__ import annotations

import re

import pytest

from rectiflow.reports import render_paper_html
from rectiflow.reports.paper import FORM_KINDS, PAPER_KINDS
from support.papers import a_correction, a_paper, an_extension, an_item, an_opinion


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_page_is_one_file(kind: str) -> None:
    """The page loads nothing, is made for phone and paper, is the same for the same paper, and has no tag left."""
    page = render_paper_html(a_paper(kind))
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="zh-CN">' in page
    assert not re.search(r"<script|<link|https?://|@import|src=", page)
    assert "default-src 'none'" in page
    for wanted in ('<meta name="viewport"', "@page { size: A4", "max-width: 700px"):
        assert wanted in page
    assert not re.search(r"{{|{%|{#", page)
    assert page == render_paper_html(a_paper(kind))


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_tags_are_closed(kind: str) -> None:
    """Every element that is opened is closed."""
    page = render_paper_html(a_paper(kind, status="draft"))
    for tag in ("table", "tr", "td", "th", "p", "div", "section", "span", "main", "tbody"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag


def test_the_notice() -> None:
    """Red head, items with a name for each cell on the phone, demands, date, imprint and slip are there."""
    page = render_paper_html(a_paper())
    assert page.count('data-title="隐患描述"') == 8
    assert '<p class="red">示例区教育局</p>' in page
    assert "示例区教育局关于示例镇第一小学\n校园安全隐患的整改通知书</h1>" in page
    for wanted in (
        "<b>一、落实责任，限期整改。</b>",
        "抄送：区消防救援大队，示例镇中心学校。",
        "沿此线剪下",
        "签收回执",
        "2024年11月25日印发",
    ):
        assert wanted in page
    assert 'class="mark"' not in page
    assert "沿此线剪下" not in render_paper_html(a_paper(slip=False))


def test_a_draft_and_a_void_paper() -> None:
    """A draft and a void paper say so in the number's place and across the page."""
    draft = render_paper_html(a_paper(status="draft", number=None, signed_on=None))
    assert '<p class="number">（拟稿，未签发）</p>' in draft
    assert "<span>拟稿</span>" in draft
    assert "<span>作废</span>" in render_paper_html(a_paper(status="void"))


def test_the_other_kinds() -> None:
    """Opinion, correction and form say what their Word versions say."""
    assert "合格5项（第1、2、4、5、6项），不合格1项（第3项）。" in render_paper_html(an_opinion())
    assert ">第2项<br>LZH-2024-000124</td>" in render_paper_html(a_correction())
    form = render_paper_html(an_extension())
    assert form.count('class="box"') == 4
    assert '<th scope="row">延期理由</th>' in form
    assert all("沿此线剪下" not in render_paper_html(a_paper(kind)) for kind in FORM_KINDS)


def test_text_is_escaped() -> None:
    """A text cannot become markup or a tag of the template."""
    page = render_paper_html(a_paper(items=(an_item(place="<img src=x>{{ 机关 }}\x00"),), addressee="<b>&校"))
    assert "&lt;img src=x&gt;{{ 机关 }}</td>" in page
    assert "&lt;b&gt;&amp;校：" in page
