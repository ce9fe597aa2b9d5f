"""Messages as they will look, on one page that needs nothing else: the mail on a telephone and on a screen, the SMS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from msgspec import Struct

from .sms import JOINED, count_parts

__all__ = ["NARROW", "WIDE", "Preview", "preview_page", "sms_parts"]

NARROW, WIDE = 375, 1024  #: CSS pixels: a telephone held upright, a screen
_HEIGHT = 900

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
iframe {{ border: 1px solid #9aa5b1; border-radius: 8px; background: #fff; height: {height}px; }}
.sms {{ max-width: {narrow}px; margin-top: 16px; }}
.bubble {{ background: #e4f2e7; border-radius: 14px; padding: 10px 14px; margin: 4px 0; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{title}</h1>
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
    return _PAGE.format(title=escape(title), sections=sections, height=_HEIGHT, narrow=NARROW)


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
        f'<iframe sandbox="allow-same-origin" width="{width}" title="{escape(preview.subject)}"'
        f' srcdoc="{escape(preview.html)}"></iframe>'
        "</figure>"
    )


def _bubbles(parts: Iterable[str]) -> Iterator[str]:
    return (f'<p class="bubble">{escape(part)}</p>' for part in parts)
