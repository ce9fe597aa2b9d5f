"""The built-in HTML templates of papers, made from the same parts as the Word templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Final

from .blocks import Align
from .paper import FORM_KINDS, PAPER_KINDS
from .paper_forms import DAY, ENTRY, FORMS, LETTERS, SIGNATURE, SLIPS, Blanks, Form, Items, Part, Row, Words

PACKAGE, STYLE = "rectiflow.reports", "templates/paper.css"
_TOP: Final = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ 标题 | 连行 }}{% if 正式文号 %}（{{ 正式文号 }}）{% endif %}</title>
<style>
STYLE</style>
</head>
<body>
<main>
{% if 水印 %}<div class="mark" aria-hidden="true"><span>{{ 水印 }}</span><span>{{ 水印 }}</span></div>{% endif %}
"""
_BOTTOM: Final = "</main>\n</body>\n</html>\n"
_HEAD: Final = """<p class="red{% if 机关字数 > 13 %} longer{% elif 机关字数 > 9 %} long{% endif %}">{{ 机关 }}</p>
<p class="number">{{ 文号 }}</p>
<h1>{{ 标题 }}</h1>
<p class="to">{{ 主送 }}：</p>
"""
_END: Final = """<div class="end"><p>{{ 机关 }}</p><p>{{ 成文日期 }}</p></div>
{% if 联系方式 %}<p>（联系人及电话：{{ 联系方式 }}）</p>{% endif %}

<div class="imprint">
{% if 抄送 %}<p>抄送：{{ 抄送 }}。</p>{% endif %}

<p class="last"><span>{{ 机关 }}</span><span>{{ 成文日期 }}印发</span></p>
</div>
"""
_CUT: Final = """<section class="slip">
<p class="cut"><span>✂ 沿此线剪下</span></p>
<h2>签收回执</h2>
<p class="to">{{ 机关 }}：</p>
"""
_SEND_BACK: Final = '<p class="small">签字、盖章后请即送回{{ 机关 }}，也可先拍照发送。</p>\n</section>\n'


def html_template(kind: str) -> str:
    """Build the template of a kind of paper: one page without scripts, nothing loaded from elsewhere."""
    style = files(PACKAGE).joinpath(STYLE).read_text("utf-8")
    body = _form(FORMS[kind]) if kind in FORM_KINDS else _letter(kind)
    return f"{{# {PAPER_KINDS[kind]} #}}\n" + _TOP.replace("STYLE", style) + "".join(body) + _BOTTOM


def _letter(kind: str) -> Iterator[str]:
    yield _HEAD
    yield from _parts(LETTERS[kind])
    yield _END
    yield "{% if 有回执 %}\n" + _CUT
    yield from _parts(SLIPS[kind])
    yield _SEND_BACK + "{% endif %}\n"


def _parts(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        match part:
            case Words(text=text, head=head, when=when):
                line = f"<p>{f'<b>{head}</b>' if head else ''}{text}</p>\n"
                yield f"{{% if {when} %}}\n{line}{{% endif %}}\n" if when else line
            case Items():
                yield from _items(part)
            case Blanks(pairs=pairs):
                cells = (tuple((title, "") for title in pair if title) for pair in pairs)
                rows = "".join(_row(Row(cells=pair)) for pair in cells)
                yield f'<table class="fill">\n{_columns()}{rows}</table>\n'


def _items(part: Items) -> Iterator[str]:
    full = sum(cell.width_mm for cell in part.cells)
    titles = "".join(
        f'<th scope="col" style="width: {cell.width_mm / full:.1%}">{_flat(cell.title)}</th>' for cell in part.cells
    )
    cells = "".join(
        f'<td{_side(cell.align)} data-title="{_flat(cell.title)}">{_lines(cell.text)}</td>' for cell in part.cells
    )
    yield f'<table class="items">\n<thead>\n<tr>{titles}</tr>\n</thead>\n<tbody>\n'
    yield f"{{% for {ENTRY['隐患']} in 隐患 %}}\n<tr>{cells}</tr>\n{{% endfor %}}\n</tbody>\n</table>\n"


def _form(form: Form) -> Iterator[str]:
    yield '<h1>{{ 标题 }}</h1>\n<p class="form-number">编号：{{ 文号 }}</p>\n<table class="form">\n' + _columns()
    for each, group in groupby(form.rows, key=lambda row: row.each):
        rows = "".join(_row(row) for row in group)
        yield f"{{% for {ENTRY[each]} in {each} %}}\n{rows}{{% endfor %}}\n" if each else rows
    for box in form.boxes:
        signed = box.signed.replace(
            SIGNATURE + DAY, f"<span>{SIGNATURE}</span><span>{DAY}</span>"
        )  # two lines on a phone
        yield f'<tr><th scope="row">{_lines(box.label)}</th><td colspan="3" class="box">{signed}</td></tr>\n'
    yield f'</table>\n<p class="small">{form.note}</p>\n'


def _columns() -> str:
    return '<colgroup><col style="width: 20%"><col style="width: 30%"><col style="width: 20%"><col style="width: 30%"></colgroup>\n'


def _row(row: Row) -> str:
    span = ' colspan="3"' if len(row.cells) == 1 else ""
    cells = "".join(f'<th scope="row">{_lines(title)}</th><td{span}>{text}</td>' for title, text in row.cells)
    return f"<tr>{cells}</tr>\n"


def _side(align: Align) -> str:
    return "" if align == "left" else f' class="{align}"'


def _lines(text: str) -> str:
    return text.replace("\n", "<br>")


def _flat(title: str) -> str:
    return title.replace("\n", "")
