"""The built-in Word templates of papers, as docxtpl templates that an office can edit in Word.

Letters have the red head of GB/T 9704-2012: issuer 35 mm below the upper edge of the text, number two lines
under it, red rule 4 mm under the number, title two lines under the rule.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .blocks import Column, Table
from .paper import FORM_KINDS, PAPER_KINDS
from .paper_forms import ENTRY, FORMS, LETTERS, SLIPS, Blanks, Box, Items, Part, Row, Words
from .word_element import element, element_of, parsed
from .word_pack import settled
from .word_page import (
    BLACK,
    BODY,
    BODY_POINTS,
    KAI,
    LINE_POINTS,
    TEXT_WIDTH_MM,
    TITLE,
    Look,
    add_run_style,
    add_styles,
    dress,
    set_properties,
)
from .word_table import TWIPS_PER_MM, run_element, table_element, table_properties

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

RED: Final = "FF0000"
HEAD_DROP_POINTS: Final = 35 / 25.4 * 72 - 8  # the upper edge of the letters, which stand a little below the line's
#: Issuer and date are centred in what is right of it, so that the date ends four characters in; of a long issuer, less.
STAMP_INDENT_POINTS: Final = (("机关字数 <= 14", 210.0), ("", 60.0))
CELL_POINTS: Final = 10.5  # size 5
LABEL_MM: Final = 30.0
BOX_MM: Final = 27.0
ROW_MM: Final = 10.0
FORM_SIDE_TWIPS: Final = 110
IMPRINT_SIDE_TWIPS: Final = 280  # one character of size 4
BLANK_MM: Final = 12.0
STYLES: Final[dict[str, Look]] = {
    "公文红头": (TITLE, 45, 60, 0, "center"),
    "公文红头小": (TITLE, 32, 44, 0, "center"),
    "公文红头更小": (TITLE, 24, 34, 0, "center"),
    "公文文号": (BODY, BODY_POINTS, LINE_POINTS, 0, "center"),
    "公文主送": (BODY, BODY_POINTS, LINE_POINTS, 0, "left"),
    "公文印章": (BODY, BODY_POINTS, LINE_POINTS, 0, "center"),
    "公文表头字": (BLACK, CELL_POINTS, 15, 0, "center"),
    "公文表内字": (BODY, CELL_POINTS, 15, 0, "left"),
    "公文签署": (BODY, 12, 20, 0, "right"),
    "公文表格字": (BODY, 12, 18, 0, "left"),
    "公文表格栏": (BLACK, 12, 18, 0, "center"),
    "公文版记": (BODY, 14, 22, 0, "left"),
    "公文版记线": (BODY, 4, 5, 0, "left"),
    "公文裁剪线": (BODY, 10.5, 16, 0, "center"),
    "公文小注": (KAI, 10.5, 16, 0, "left"),
}
_HEADS: Final = (("机关字数 <= 9", "公文红头"), ("机关字数 <= 13", "公文红头小"), ("", "公文红头更小"))
_MADE: Final = datetime(2024, 1, 1, tzinfo=UTC)
_MARK: Final = """<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
 xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"><w:r><w:pict>
<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800"
 path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>
<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>
<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>
<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype>
<v:shape id="PowerPlusWaterMarkObject{place}" o:spid="_x0000_s{spid}" type="#_x0000_t136" alt="{{{{ 水印 }}}}"
 style="position:absolute;margin-left:0;margin-top:0;width:300pt;height:150pt;rotation:315;z-index:-251658240;
mso-position-horizontal:center;mso-position-horizontal-relative:margin;
mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#d9d9d9" stroked="f">
<v:fill opacity=".5"/><v:textpath style="font-family:&quot;黑体&quot;;font-size:1pt" string="{{{{ 水印 }}}}"/>
</v:shape></w:pict></w:r></w:p>"""


def word_template(kind: str) -> bytes:
    """Build the template of a kind of paper; the same kind gives the same bytes."""
    import docx

    document = docx.Document()
    dress(document)
    add_styles(document, STYLES)
    add_run_style(document, "公文段首", BLACK, BODY_POINTS)
    set_properties(document, title=PAPER_KINDS[kind], author="", made_at=_MADE, version=1)
    _mark(document)
    if kind in FORM_KINDS:
        _form(document, kind)
    else:
        _letter(document, kind)
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())


def _mark(document: Document) -> None:
    """Put the light mark of a draft behind every page."""
    section = document.sections[0]
    for place, header in enumerate((section.header, section.even_page_header), start=1):
        header.is_linked_to_previous = False
        first = header.paragraphs[0]
        lines = [
            _tag("p", "if 水印"),
            parsed(_MARK.format(place=place, spid=2048 + place).encode()),
            _tag("p", "endif"),
        ]
        for line in lines:
            element_of_paragraph(first).addprevious(line)


def _letter(document: Document, kind: str) -> None:
    _red_head(document)
    _line(document, "{{ 标题 }}", "公文标题", before=2 * LINE_POINTS, after=LINE_POINTS)
    _line(document, "{{ 主送 }}：", "公文主送")
    *parts, last = LETTERS[kind]
    _add_all(document, parts)
    _imprint(document)  # stands at the foot of the page that the next paragraph is on
    _add_all(document, [last], stay=True)
    _end(document)
    _slip(document, kind)


def _red_head(document: Document) -> None:
    """Print the issuer in red, in a size that keeps its name on a line, the number under it, and the red rule."""
    for place, (condition, style) in enumerate(_HEADS):
        word = "else" if not condition else f"{'elif' if place else 'if'} {condition}"
        _line(document, f"{{%p {word} %}}", "Normal")
        _red(_line(document, "{{ 机关 }}", style, before=HEAD_DROP_POINTS))
    _line(document, "{%p endif %}", "Normal")
    number = _line(document, "{{ 文号 }}", "公文文号", before=2 * LINE_POINTS)
    rule = element("w:bottom", val="single", sz="12", space="11", color=RED)  # 1.5 pt, 4 mm under the text
    element_of_paragraph(number).get_or_add_pPr().insert_element_before(
        element("w:pBdr", rule), "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc"
    )


def _red(line: Paragraph) -> None:
    from docx.shared import RGBColor

    for run in line.runs:
        run.font.color.rgb = RGBColor.from_string(RED)


def _end(document: Document) -> None:
    """Print issuer and date where the stamp goes, and the note."""
    from docx.shared import Pt

    for place, (condition, indent) in enumerate(STAMP_INDENT_POINTS):
        _line(document, f"{{%p {'else' if place else f'if {condition}'} %}}", "Normal")
        for text, before in (("{{ 机关 }}", 2 * LINE_POINTS), ("{{ 成文日期 }}", 0.0)):
            line = _line(document, text, "公文印章", before=before)
            line.paragraph_format.left_indent = Pt(indent)
            line.paragraph_format.keep_with_next = True
    _line(document, "{%p endif %}", "Normal")
    _when(document, "联系方式", "（联系人及电话：{{ 联系方式 }}）", "公文正文")


def _slip(document: Document, kind: str) -> None:
    _line(document, "{%p if 有回执 %}", "Normal")
    cut = _line(document, "✂ " + "- " * 24 + "沿此线剪下" + " -" * 24, "公文裁剪线", after=12)
    cut.paragraph_format.page_break_before = True
    _line(document, "签收回执", "公文标题", after=12)
    _line(document, "{{ 机关 }}：", "公文主送")
    _add_all(document, SLIPS[kind])
    _line(document, "签字、盖章后请即送回{{ 机关 }}，也可先拍照发送。", "公文小注", before=12)
    _line(document, "{%p endif %}", "Normal")


def _add_all(document: Document, parts: Sequence[Part], *, stay: bool = False) -> None:
    """Add parts in order; with `stay` they are kept on the page of what follows."""
    under_table = False
    for part in parts:
        match part:
            case Words():
                _words(document, part, before=6 if under_table else 0, stay=stay)
            case Items():
                _items(document, part)
            case Blanks():
                _blanks(document, part, stay=stay)
        under_table = isinstance(part, (Items, Blanks))


def _words(document: Document, part: Words, *, before: float, stay: bool) -> None:
    if part.when:
        _line(document, f"{{%p if {part.when} %}}", "Normal")
    line = _line(document, "", "公文正文", before=before)
    line.paragraph_format.keep_with_next = line.paragraph_format.keep_together = stay
    if part.head:
        line.add_run(part.head, style="公文段首")
    line.add_run(part.text)
    if part.when:
        _line(document, "{%p endif %}", "Normal")


def _items(document: Document, part: Items) -> None:
    """Add the table of items: a template row between the two that repeat it."""
    columns = tuple(Column(title=cell.title, width_mm=cell.width_mm, align=cell.align) for cell in part.cells)
    none = ("",) * (len(columns) - 1)
    texts = tuple(cell.text for cell in part.cells)
    rows = ((f"{{%tr for {ENTRY['隐患']} in 隐患 %}}", *none), texts, ("{%tr endfor %}", *none))
    table = Table(caption="", columns=columns, rows=rows)
    _append(document, table_element(table, kept=0, header_style="公文表头字", cell_style="公文表内字"))


def _blanks(document: Document, part: Blanks, *, stay: bool) -> None:
    """Add a table to fill in by hand: labels with room beside them."""
    _line(document, "", "公文裁剪线").paragraph_format.keep_with_next = True
    widths = _widths()
    rows: list[Any] = []
    for pair in part.pairs:
        cells = tuple((title, "") for title in pair if title)
        rows.append(_form_row(Row(cells=cells), widths, height=BLANK_MM, stay=stay or pair != part.pairs[-1]))
    _append(document, _framed(rows, widths))


def _imprint(document: Document) -> None:
    """Print who else gets it, who issued it and when, in a frame at the foot of the text block with rules around."""
    frame = {"vAnchor": "margin", "hAnchor": "margin", "wrap": "around", "yAlign": "bottom", "xAlign": "left"}
    full = round(TEXT_WIDTH_MM * TWIPS_PER_MM)
    rule = {"val": "single", "sz": "8", "space": "1", "color": "000000"}

    def line(text: str, style: str, tab: dict[str, str]) -> None:
        look = element_of_paragraph(_line(document, text, style)).get_or_add_pPr()
        # the same rules on each, or LibreOffice takes no frame: those between are drawn by a line of its own
        rules = element("w:pBdr", *(element(f"w:{side}", **rule) for side in ("top", "bottom")))
        look.extend([element("w:framePr", w=str(full), **frame), rules, element("w:tabs", element("w:tab", **tab))])

    side = {"val": "right", "pos": str(full - IMPRINT_SIDE_TWIPS)}
    _line(document, "{%p if 抄送 %}", "Normal")
    line("　抄送：{{ 抄送 }}。", "公文版记", side)
    line("\t", "公文版记线", {"val": "right", "pos": str(full), "leader": "underscore"})
    _line(document, "{%p endif %}", "Normal")
    line("　{{ 机关 }}\t{{ 成文日期 }}印发", "公文版记", side)


def _form(document: Document, kind: str) -> None:
    """Lay a form out on one page: title, number, the table of rows and boxes, a note."""
    form = FORMS[kind]
    _line(document, "{{ 标题 }}", "公文标题", after=6)
    _line(document, "编号：{{ 文号 }}", "公文签署")
    widths = _widths()
    rows: list[Any] = []
    for each, group in groupby(form.rows, key=lambda row: row.each):
        rows += _repeated(each, [_form_row(row, widths) for row in group], widths.full)
    _append(document, _framed(rows + [_box(box, widths) for box in form.boxes], widths))
    _line(document, form.note, "公文小注", before=4)


class _Widths(NamedTuple):
    """Widths of a form's four columns in twips: two labels, each with what stands beside it."""

    label: int
    text: int
    full: int


def _widths() -> _Widths:
    label, full = (round(mm * TWIPS_PER_MM) for mm in (LABEL_MM, TEXT_WIDTH_MM))
    return _Widths(label, full // 2 - label, full)


def _framed(rows: Sequence[Any], widths: _Widths) -> Any:
    grid = _grid(*(widths.label, widths.text, widths.label, widths.full - 2 * widths.label - widths.text))
    return element("w:tbl", table_properties(widths.full, side=FORM_SIDE_TWIPS), grid, *rows)


def _repeated(each: str, rows: list[Any], full: int) -> list[Any]:
    if not each:
        return rows
    begin, end = (f"{{%tr for {ENTRY[each]} in {each} %}}", "{%tr endfor %}")
    first, last = (element("w:tr", _wide(tag, full, 4, "公文表格字")) for tag in (begin, end))
    return [first, *rows, last]


def _form_row(row: Row, widths: _Widths, *, height: float = ROW_MM, stay: bool = False) -> Any:
    wide = len(row.cells) == 1
    cells: list[Any] = []
    for title, value in row.cells:
        cells.append(_wide(title, widths.label, 1, "公文表格栏", "center", stay=stay))
        width, span = (widths.full - widths.label, 3) if wide else (widths.text, 1)
        cells.append(_wide(value, width, span, "公文表格字", stay=stay))
    return element("w:tr", _height(height), *cells)


def _box(box: Box, widths: _Widths) -> Any:
    """Build a tall row: the opinion is written above, signature and date stand at its foot."""
    cell = _wide(box.signed, widths.full - widths.label, 3, "公文签署", "right", at="bottom")
    return element("w:tr", _height(BOX_MM), _wide(box.label, widths.label, 1, "公文表格栏", "center"), cell)


def _height(mm: float) -> Any:
    least = element("w:trHeight", val=str(round(mm * TWIPS_PER_MM)), hRule="atLeast")
    return element("w:trPr", element("w:cantSplit"), least)


def _wide(
    text: str, width: int, span: int, style: str, side: str = "left", *, at: str = "center", stay: bool = False
) -> Any:
    """Build a cell over `span` columns; `stay` keeps its row on the page of the next."""
    spans = [element("w:gridSpan", val=str(span))] if span > 1 else []
    look = element("w:tcPr", element("w:tcW", w=str(width), type="dxa"), *spans, element("w:vAlign", val=at))
    return element("w:tc", look, _paragraph(text, style, side, stay=stay))


def _grid(*widths: int) -> Any:
    return element("w:tblGrid", *(element("w:gridCol", w=str(width)) for width in widths))


def _paragraph(text: str, style: str, side: str, *, stay: bool) -> Any:
    keep = [element("w:keepNext")] if stay else []
    look = element("w:pPr", element("w:pStyle", val=style), *keep, element("w:jc", val=side))
    return element("w:p", look, run_element(text))


def _tag(scope: str, words: str) -> Any:
    return element("w:p", run_element(f"{{%{scope} {words} %}}"))


def _when(document: Document, condition: str, text: str, style: str) -> None:
    _line(document, f"{{%p if {condition} %}}", "Normal")
    _line(document, text, style)
    _line(document, "{%p endif %}", "Normal")


def _line(document: Document, text: str, style: str, *, before: float = 0, after: float = 0) -> Paragraph:
    from docx.shared import Pt

    line = document.add_paragraph(text, style=style)
    if before:
        line.paragraph_format.space_before = Pt(before)
    if after:
        line.paragraph_format.space_after = Pt(after)
    return line


def element_of_paragraph(line: Paragraph) -> Any:
    """Return the element behind a paragraph."""
    return line._p  # pyright: ignore[reportPrivateUsage]


def _append(document: Document, table: Any) -> None:
    body = element_of(document).body
    body.insert(len(body) - 1, table)  # the last element of the body is the section's setup
