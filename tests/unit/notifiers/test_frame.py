"""The page around a mail's words, as Outlook, the web mailboxes and phones can show it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from rectiflow.notifiers import REPLY_MARK, TemplateSet

PARAMS = {
    "recipient": "太和镇中心小学校长",
    "number": "LZH-2024-000123",
    "unit": "太和镇中心小学",
    "due_on": "2024年12月31日",
    "district_name": "梁子湖区教育局",
    "contact": "0711-2400000",
    "standing_in_for": "王校长",
    "next_step": "签收",
}


class Page(HTMLParser):
    """Collects elements with their styles, and checks that they close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Match it."""
        assert self.open.pop() == tag


@pytest.fixture(params=[False, True])
def page(templates: TemplateSet, request: pytest.FixtureRequest) -> str:
    """The page of an assignment, without and with answers wanted."""
    return templates.mail(
        "assigned", PARAMS, replies=bool(request.param), note="附件过大，请到安全股领取：甲.docx"
    ).html


def test_only_what_old_programs_know(page: str) -> None:
    """Tables and styles on the elements; no style sheet, no script, nothing fetched, nothing that floats."""
    read = Page(page)
    assert read.open == []
    assert not {tag for tag, _ in read.tags} & {"style", "script", "link", "img", "svg", "a"}
    assert not re.search(r"flex|grid|float|position|http|url\(|class=", page)
    assert all(
        a.get("role") == "presentation" or "border-collapse" in (a.get("style") or "")
        for t, a in read.tags
        if t == "table"
    )
    assert page.count("<!--[if mso]>") == page.count("<![endif]-->") == 2  # Word knows no max-width


def test_words_are_large_and_dark_enough(page: str) -> None:
    """Every cell with words names fonts that have Chinese; nothing is below 14 pixels but the hidden preview."""
    cells = [
        a.get("style") or "" for t, a in Page(page).tags if t in ("th", "td") and "font-size" in (a.get("style") or "")
    ]
    assert len(cells) >= 5
    for style in cells:
        assert "Microsoft YaHei" in style
        assert "PingFang SC" in style
    shown = re.sub(r"<div style=\"display:none.*?</div>", "", page)
    assert min(int(n) for n in re.findall(r"font-size:(\d+)px", shown)) >= 14
    for color in re.findall(r"[;\"]color:#([0-9a-f]{6})", shown):
        assert color == "ffffff" or contrast(color, "f2f4f7") >= 4.5, color  # white stands on the blue bar
    assert contrast("ffffff", "1d4f91") >= 4.5


def test_the_preview_says_what_it_is_about(page: str) -> None:
    """The first words of the message, not the greeting, are what a list of mails shows; they are hidden in the page."""
    (preview,) = re.findall(r"<div style=\"display:none[^>]*mso-hide:all[^>]*>(.*?)</div>", page)
    assert preview.startswith("现将下列隐患交办太和镇中心小学整改")
    assert page.index(preview) < page.index("您好：")


def test_what_could_not_be_enclosed_is_said(page: str) -> None:
    """The note stands below the words."""
    assert page.count("附件过大，请到安全股领取：甲.docx") == 1
    assert page.index("附件过大") > page.index("LZH-2024-000123</td>")


def test_the_mark_for_answers_is_seen(templates: TemplateSet) -> None:
    """A program that quotes the page quotes the mark, above everything else."""
    page = templates.mail("assigned", PARAMS, replies=True).html
    body = page[page.index("<body") :]
    assert re.sub(r"<[^>]*>", "", body).strip().startswith(REPLY_MARK)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2, 1.4.3: 4.5 for text)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("occasion", ["handed_over", "visit_reported"])
def test_what_is_about_many_says_which_mail_to_answer(templates: TemplateSet, occasion: str) -> None:
    """An answer to it could be about any of its hazards; one about a single hazard can be answered at once."""
    found = templates.mail(occasion, {**PARAMS, "count": 2, "lines": "· 甲：乙"}, replies=True)
    assigned = templates.mail("assigned", PARAMS, replies=True)
    for text, other in ((found.text, assigned.text), (found.html, assigned.html)):
        assert "要答复某一条隐患，请回复那一条的邮件" in text
        assert "可直接回复" not in text
        assert "可直接回复" in other
