"""Chromium shows our mails as a telephone and a screen do: what is read, where it stands, and in which colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from PIL import Image

from rectiflow.notifiers import OCCASIONS, Contact, Message, Param, Sender, TemplateSet, builtin_templates
from rectiflow.notifiers.digest import Held, digest_params
from rectiflow.notifiers.mime import compose_mail
from rectiflow.notifiers.preview import Preview, preview_page
from support.chromium import Browser, browsing

PHONE, SCREEN, FOLD = 375, 1024, 667  #: CSS pixels: widths, and what a small telephone shows at once
AT = datetime(2024, 12, 2, 1, 30, tzinfo=UTC)
SENDER = Sender(
    address="safety@bureau.example", name="示例区教育局", reply_address=lambda _m, _c: "answer@bureau.example"
)
HEAD = Contact(person="p-head", name="示例一镇初级中学校长", email="head@school.example")
DEPUTY = Contact(person="p-2", name="示例一镇初级中学副校长", email="2@school.example", standing_in_for="校长")
NUMBER, DUE = "LZH-2024-000123", "2024年12月31日"

FACTS: Mapping[str, Param] = {
    "number": NUMBER,
    "unit": "示例一镇初级中学",
    "place": "教学楼二楼东侧疏散楼梯及相邻走廊",
    "description": "疏散通道堆放课桌椅，应急照明灯损坏两盏，安全出口指示标志被遮挡，常闭式防火门敞开并以铁丝固定。",
    "category": "消防安全",
    "severity": "一般隐患",
    "due_on": DUE,
    "state": "待签收",
    "contact": "0711-6000000",
    "actor": "安全股股长",
    "actor_unit": "示例区教育局",
    "level": "区级",
    "reason": "所需配件未到货，供货单位书面承诺12月20日前送达",
    "note": "型号 XF-2024/ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789-abcdefghijklmnopqrstuvwxyz",
    "measures": "清空通道，更换应急照明灯",
    "interim": "安排专人值守",
    "clock": "签收时限",
    "days_left": 3,
    "request": "延期",
    "decision": "批准",
    "period": "2024年11月",
    "count": 3,
    "paper": "示教安改〔2024〕3号",
    "next_step": "请在两个工作日内签收",
}
ITEMS = "\n".join(
    f"· {NUMBER[:-1]}{n}：{what}（整改时限 {DUE}）"
    for n, what in enumerate(("二楼通道堆物", "食堂灭火器压力不足", "配电室堆放杂物，未设挡鼠板"), start=3)
)
DIGEST = digest_params(
    Held(number=f"LZH-2024-000{n}", template=t, params={**FACTS, "description": d, "unit": u, "days_overdue": late})
    for n, t, d, u, late in (
        (117, "urge", "食堂燃气软管老化", "示例一镇第一小学", 2),
        (123, "due_soon", "疏散通道堆放课桌椅，应急照明灯损坏两盏", "示例一镇初级中学", None),
        (131, "request_made", "校门口减速带缺损", "示例二镇中心幼儿园", None),
    )
)
SAID: Mapping[str, Mapping[str, Param]] = {
    "digest": {**DIGEST, "number": None, "unit": None, "next_step": None},
    "paper_served": {"lines": ITEMS, "number": None},
    "paper_result": {"lines": ITEMS, "number": None},
    "paper_closed": {"lines": ITEMS, "number": None},
    "visit_reported": {"lines": ITEMS, "number": None, "action": "秋季开学检查"},
    "answer": {"action": "签收没有办成：这条隐患已由副校长签收。来信内容已作为说明记录"},
}

#: Every piece of text that shows: its words, size and box. What is hidden has no box.
TEXTS = """(() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, range = document.createRange();
    range.selectNodeContents(node);
    const style = getComputedStyle(node.parentElement);
    for (const box of range.getClientRects())
      if (node.data.trim() && box.width > 0)
        found.push({words: node.data.trim(), size: parseFloat(style.fontSize), hidden: style.overflow !== 'visible',
                    left: box.left, right: box.right, top: box.top + scrollY, bottom: box.bottom + scrollY});
  }
  return found;
})()"""
CLIPPED = """[...document.body.querySelectorAll('*')].filter(e => getComputedStyle(e).overflow !== 'visible' &&
  e.clientHeight && (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)).map(e => e.outerHTML)"""
#: After the frames have loaded: title, height, and height of the mail in it.
FRAMES = """(async () => {
  const loaded = f => f.contentDocument.body?.childElementCount && f.contentDocument.readyState === 'complete';
  const frames = [...document.querySelectorAll('iframe')];
  while (!frames.every(loaded)) await new Promise(done => setTimeout(done, 20));
  return frames.map(f => [f.title, f.clientHeight, f.contentDocument.body.lastElementChild.getBoundingClientRect().bottom]);
})()"""
WIDE = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, once for all mails."""
    with browsing(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def templates() -> TemplateSet:
    """The templates that come with the program."""
    return TemplateSet.load([builtin_templates()])


@pytest.fixture(scope="module")
def mails(templates: TemplateSet) -> Mapping[str, str]:
    """The HTML part of a mail of every occasion, read back out of its bytes."""
    return {occasion: _html_of(_bytes(occasion, templates)) for occasion in OCCASIONS}


def _bytes(occasion: str, templates: TemplateSet, contact: Contact = HEAD) -> bytes:
    params = {**FACTS, **SAID.get(occasion, {})}
    message = Message(
        id=f"m-{occasion}",
        district="420702",
        number=str(params["number"]) if params["number"] else None,
        sequence=1,
        recipient=contact.person,
        template=occasion,
        template_version=0,
        params=params,
        created_at=AT,
    )
    return compose_mail(message, contact, templates=templates, sender=SENDER, at=AT).body


def _html_of(mail: bytes) -> str:
    part = message_from_bytes(mail, policy=default).get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_everything_is_seen_whole(browser: Browser, mails: Mapping[str, str], width: int) -> None:
    """Nothing stands beyond the edge or is cut off, no text is below 14 pixels, nothing is fetched, no picture is needed."""
    for occasion, html in mails.items():
        browser.show(html, width=width)
        assert browser.run(WIDE) <= width, occasion
        assert browser.run(CLIPPED) == [], occasion
        texts: list[dict[str, Any]] = browser.run(TEXTS)
        assert len(texts) > 4, occasion
        for text in texts:
            assert text["size"] >= 14, (occasion, text)
            assert 0 <= text["left"] < text["right"] <= width, (occasion, text)
        assert browser.requested() == [], occasion
        assert browser.run("document.images.length") == 0, occasion


def test_the_first_screen_says_which_and_until_when(browser: Browser, mails: Mapping[str, str]) -> None:
    """On a small telephone the number and the date are seen without a touch, in every mail that has them at all."""
    both = 0
    for occasion, html in mails.items():
        browser.show(html, width=PHONE)
        texts: list[dict[str, Any]] = browser.run(TEXTS)
        whole = "".join(t["words"] for t in texts)
        seen = "".join(t["words"] for t in texts if t["bottom"] <= FOLD)
        wanted = [w for w in (NUMBER[:-3], DUE) if w in whole]
        assert all(w in seen for w in wanted), occasion
        both += len(wanted) == 2
    assert both >= 25


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("occasion", ["assigned", "digest", "listed", "paper_served", "urge"])
def test_what_is_painted_can_be_read(browser: Browser, mails: Mapping[str, str], occasion: str, dark: bool) -> None:
    """Text against what is painted behind it: 4.5 (WCAG 2, 1.4.3), also where a program turns the mail dark by itself."""
    browser.show(mails[occasion], width=PHONE, dark=dark, scale=2)
    picture = browser.picture()
    for text in browser.run(TEXTS):
        box = tuple(round(2 * text[side]) for side in ("left", "top", "right", "bottom"))
        assert _contrast_in(picture.crop(box)) >= 4.5, text
    behind = _luminance(picture.getpixel((1, picture.height - 2)))
    assert behind < 0.2 if dark else behind > 0.8


def test_the_page_of_previews_shows_both(browser: Browser, templates: TemplateSet) -> None:
    """`template preview --page`: no wider than the screen, every link leads somewhere, each frame about as high as its mail."""
    page = preview_page([_preview(occasion, templates) for occasion in OCCASIONS], title="消息预览")
    for width in (1600, SCREEN, PHONE):
        browser.show(page, width=width)
        assert browser.run(WIDE) <= width
    assert browser.run("[...document.links].every(a => document.getElementById(a.hash.slice(1)))")
    assert browser.run("document.links.length") == len(OCCASIONS)
    frames: list[list[Any]] = browser.run(FRAMES)
    assert len(frames) == 2 * len(OCCASIONS)
    for title, height, content in frames:
        assert content - 10 <= height <= max(content + 200, 330), title


def _preview(occasion: str, templates: TemplateSet) -> Preview:
    mail = message_from_bytes(_bytes(occasion, templates), policy=default)
    text = mail.get_body(("plain",))
    assert text is not None
    return Preview(
        occasion=occasion,
        title=OCCASIONS[occasion],
        number=NUMBER,
        recipient=HEAD.name,
        source="示例内容",
        subject=str(mail["Subject"]),
        text=str(text.get_content()),
        sms="【示例区教育局】隐患已交办。",
        html=_html_of(mail.as_bytes()),
    )


def _contrast_in(picture: Image.Image) -> float:
    """Return the contrast between the colour most of a picture has and the one farthest from it."""
    colors = Counter({c: n for n, c in picture.getcolors(picture.width * picture.height) or []})
    behind = _luminance(colors.most_common(1)[0][0])
    return max(_ratio(behind, _luminance(color)) for color in colors)


def _ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _luminance(color: Any) -> float:
    parts: list[float] = [value / 255 for value in color]
    red, green, blue = (p / 12.92 if p <= 0.04045 else float(((p + 0.055) / 1.055) ** 2.4) for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
