"""Messages as they will look, on one page that needs nothing else: the mail on a telephone and on a screen, the SMS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from math import ceil

from msgspec import Struct

from .page import FACT_MARK
from .sms import JOINED, count_parts

__all__ = ["NARROW", "WIDE", "Preview", "preview_page", "sms_parts"]

NARROW, WIDE = 375, 1024  #: CSS pixels: a telephone held upright, a screen
_LEAST, _MOST = 320, 1600  #: CSS pixels of a frame; a longer mail scrolls in it
_COLUMN, _LABELS = 600, 134  #: the widest a mail's column is, and what the labels of facts take of it
_ROW, _SIGN = 27.2, 16  #: height of a line, width of a Chinese character

_PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
body {{ margin: 24px; font: 16px/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: #1f2933; }}
h2 {{ margin: 40px 0 4px; border-top: 1px solid #d9dee5; padding-top: 24px; }}
.from {{ color: #52606d; margin: 0 0 12px; }}
.mails {{ display: flex; gap: 24px; overflow-x: auto; align-items: flex-start; }}
figure {{ margin: 0; flex: none; }}
figcaption {{ color: #52606d; font-size: 14px; }}
iframe {{ border: 1px solid #9aa5b1; border-radius: 8px; background: #fff; }}
.sms {{ max-width: {narrow}px; margin-top: 16px; }}
.bubble {{ background: #e4f2e7; border-radius: 14px; padding: 10px 14px; margin: 4px 0; overflow-wrap: anywhere; }}
nav {{ columns: 9em; }}
nav a {{ display: block; color: #1d4f91; }}
@media (max-width: 480px) {{
  body {{ margin: 12px 0; }}
  h1, h2, nav, .from, .sms, figcaption {{ margin-left: 12px; margin-right: 12px; }}
  h1 {{ font-size: 24px; }}
  iframe {{ border-width: 1px 0; border-radius: 0; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
{contents}
{sections}
</body>
</html>
"""


class Preview(Struct, frozen=True, kw_only=True):
    """One message in words; `source` says where its data come from."""

    occasion: str
    title: str
    number: str | None
    recipient: str
    source: str
    subject: str
    text: str
    sms: str
    html: str

    @property
    def parts(self) -> int:
        """Return how many short messages it is charged as."""
        return count_parts(self.sms)


def preview_page(previews: Sequence[Preview], *, title: str) -> str:
    """Return one HTML page; the mails stand in frames of their own in which nothing runs and nothing is fetched."""
    sections = "\n".join(map(_section, previews))
    return _PAGE.format(title=escape(title), contents=_contents(previews), sections=sections, narrow=NARROW)


def sms_parts(text: str) -> list[str]:
    """Return a short message in the parts it goes out in."""
    return [text] if count_parts(text) == 1 else list(_cut(text))


def _cut(text: str) -> Iterator[str]:
    part, units = "", 0
    for char in text:
        width = 2 if ord(char) > 0xFFFF else 1
        if units + width > JOINED:
            yield part
            part, units = "", 0
        part, units = part + char, units + width
    yield part


def _contents(previews: Sequence[Preview]) -> str:
    if len(previews) == 1:
        return ""
    links = "\n".join(f'<a href="#{escape(p.occasion)}">{escape(p.title)}</a>' for p in previews)
    return f"<nav>\n{links}\n</nav>"


def _section(preview: Preview) -> str:
    mails = "\n".join(_frame(preview, width) for width in (NARROW, WIDE))
    number = f"，{preview.number}" if preview.number else ""
    return "\n".join(
        (
            f'<section id="{escape(preview.occasion)}">',
            f"<h2>{escape(preview.title)}（{escape(preview.occasion)}）</h2>",
            f'<p class="from">{escape(preview.source + number)}；收信人：{escape(preview.recipient)}</p>',
            f'<div class="mails">\n{mails}\n</div>',
            f'<div class="sms"><figcaption>短信，{preview.parts} 条</figcaption>',
            *_bubbles(sms_parts(preview.sms)),
            "</div>\n</section>",
        )
    )


def _frame(preview: Preview, width: int) -> str:
    return (
        f"<figure><figcaption>邮件，宽 {width}</figcaption>"
        f'<iframe sandbox="allow-same-origin" width="{width}" height="{_height(preview, width)}" title="{escape(preview.subject)}"'
        f' srcdoc="{escape(preview.html)}"></iframe>'
        "</figure>"
    )


def _height(preview: Preview, width: int) -> int:
    """Return about how high a mail is: nothing in the page may run that would measure it."""
    column = min(width, _COLUMN) - 46
    found = 150.0 + _ROW * ceil(_wide(preview.subject) * 1.15 / column)
    for line in preview.text.splitlines():
        room = column - (_LABELS if line.startswith(FACT_MARK) else 0)
        found += 14 if not line or line.startswith(FACT_MARK) else 0
        found += _ROW * ceil(_wide(line.partition("：")[2] if line.startswith(FACT_MARK) else line) / room)
    return round(min(max(found, _LEAST), _MOST))


def _wide(text: str) -> float:
    return sum(_SIGN if char > "\u2000" else 0.6 * _SIGN for char in text)


def _bubbles(parts: Iterable[str]) -> Iterator[str]:
    return (f'<p class="bubble">{escape(part)}</p>' for part in parts)
