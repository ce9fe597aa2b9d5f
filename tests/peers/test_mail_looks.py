"""Chromium shows our mails as a telephone and a screen do: what is read, where it stands, and in which colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from PIL import Image

from rectiflow.notifiers import OCCASIONS, TemplateSet, builtin_templates
from rectiflow.notifiers.preview import Preview, preview_page
from support.chromium import Browser, browsing
from support.sample_mails import DUE, HEAD, NUMBER, html_of, sample_mail

PHONE, SCREEN, FOLD = 375, 1024, 667  #: CSS pixels: widths, and what a small telephone shows at once

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
    return {occasion: html_of(sample_mail(occasion, templates)) for occasion in OCCASIONS}


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
    """On a small telephone the number and the date are seen without a touch, in every mail about one hazard that has them."""
    both = 0
    for occasion, html in mails.items():
        if occasion == "digest":  # a list of several
            continue
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
    mail = message_from_bytes(sample_mail(occasion, templates), policy=default)
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
        html=html_of(mail.as_bytes()),
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
