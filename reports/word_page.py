"""The look of an official Word document: page, fonts, styles, page numbers.

Sizes follow GB/T 9704-2012: A4, margins 37, 35, 28 and 26 mm, body text size 3 (16 pt) 仿宋 on a fixed line pitch
that puts 22 lines on a page, title size 2 (22 pt) 小标宋, page number between dashes, odd pages right and even pages
left. The fonts are those of an office's Windows machine; they are named, not embedded, with a fallback.
"""

# python-docx has no public way to the elements that Chinese typesetting needs.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from .text import text_width
from .word_element import element, element_of, parsed, qualified, serialized

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section, _Footer

PAGE_MM: Final = (210, 297)
MARGINS_MM: Final = {"top": 37, "bottom": 35, "left": 28, "right": 26}
FOOTER_MM: Final = 24  # from the page's lower edge, so that the number stands 7 mm under the text
TEXT_WIDTH_MM: Final = 156
BODY_POINTS: Final = 16.0  # size 3
LINE_POINTS: Final = 28.95  # 22 lines in 225 mm
TABLE_POINTS: Final = 10.0
SMALL_POINTS: Final = 9.0  # size 5, smaller
LATIN: Final = "Times New Roman"
BODY, TITLE, BLACK, KAI, SONG = "仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312", "宋体"
#: What to take where a font is not installed.
FALLBACKS: Final = {BODY: "仿宋", TITLE: "宋体", KAI: "楷体"}

#: Font, size in points, line pitch in points (None: single), indent in characters, alignment.
Look = tuple[str, float, float | None, float, str]
STYLES: Final[dict[str, Look]] = {
    "公文标题": (TITLE, 22, 34, 0, "center"),
    "公文副标题": (KAI, 16, LINE_POINTS, 0, "center"),
    "公文正文": (BODY, BODY_POINTS, LINE_POINTS, 2, "both"),
    "公文表题": (BLACK, 12, 22, 0, "center"),
    "公文图": (BODY, 12, None, 0, "center"),
    "公文表头": (BLACK, TABLE_POINTS, 14, 0, "center"),
    "公文表内": (SONG, TABLE_POINTS, 14, 0, "left"),
    "公文附注": (SONG, SMALL_POINTS, 13.5, 0, "both"),
    "公文落款": (BODY, BODY_POINTS, LINE_POINTS, 0, "right"),
    "公文签批": (BODY, BODY_POINTS, LINE_POINTS, 0, "left"),
}


def dress(document: Document) -> None:
    """Set page, fonts, styles and page numbers of a new document."""
    _set_page(document)
    _set_font(document.styles["Normal"], BODY, BODY_POINTS)
    add_styles(document, STYLES)
    for name, font in (("Heading 1", BLACK), ("Heading 2", KAI)):
        _set_heading(document.styles[name], font)
    _set_language(document)
    _number_pages(document)
    _name_fallbacks(document)


def add_styles(document: Document, looks: Mapping[str, Look]) -> None:
    """Add paragraph styles by name."""
    from docx.enum.style import WD_STYLE_TYPE

    for name, (font, points, line, indent, alignment) in looks.items():
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        _set_font(style, font, points)
        _set_lines(style, line, indent * points, alignment)


def add_run_style(document: Document, name: str, font: str, points: float) -> None:
    """Add a style for a few words inside a paragraph."""
    from docx.enum.style import WD_STYLE_TYPE

    _set_font(document.styles.add_style(name, WD_STYLE_TYPE.CHARACTER), font, points)


def set_properties(document: Document, *, title: str, author: str, made_at: datetime, version: int) -> None:
    """Fill in the document's own card, with nothing in it from the machine that made it."""
    card = document.core_properties
    made = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    card.title, card.author, card.last_modified_by = title, author, author
    card.created, card.modified = made, made
    card.revision, card.language, card.comments, card.keywords = version, "zh-CN", "", ""
    package = document.part.package
    if package is not None:
        pictures = [key for key, rel in package.rels.items() if rel.reltype.endswith("/thumbnail")]
        for key in pictures:  # the library's own preview picture
            package.rels.pop(key)


def signature_indents(issuer: str, day: str) -> tuple[float, float]:
    """Return how many characters from the right the issuer and the date under it end.

    The issuer stands two characters from the right and the date begins two further in than it; a date that is
    too long for that stands two characters from the right itself, and the issuer moves left.
    """
    issuer_width, day_width = text_width(issuer), text_width(day)
    if issuer_width - day_width >= 2:
        return 2.0, issuer_width - day_width
    return max(2.0, day_width + 4 - issuer_width), 2.0


def _set_page(document: Document) -> None:
    from docx.shared import Mm

    section: Section = document.sections[0]
    section.page_width, section.page_height = (Mm(side) for side in PAGE_MM)
    section.top_margin, section.bottom_margin = Mm(MARGINS_MM["top"]), Mm(MARGINS_MM["bottom"])
    section.left_margin, section.right_margin = Mm(MARGINS_MM["left"]), Mm(MARGINS_MM["right"])
    section.header_distance, section.footer_distance = Mm(15), Mm(FOOTER_MM)
    setup: Any = section._sectPr
    for grid in setup.findall(qualified("docGrid")):
        setup.remove(grid)


def _set_font(style: Any, font: str, points: float) -> None:
    """Name the Latin and the Chinese font of a style, and free it from the theme's."""
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size = LATIN, Pt(points)
    style.font.bold, style.font.italic, style.font.color.rgb = False, False, RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qualified(theme), None)
    fonts.set(qualified("eastAsia"), font)
    fonts.set(qualified("cs"), LATIN)


def _set_lines(style: Any, line: float | None, indent: float, alignment: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.shared import Pt

    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    layout.alignment = WD_ALIGN_PARAGRAPH.from_xml(alignment)
    layout.widow_control = False
    if line is None:
        layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
    else:
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    if indent:
        layout.first_line_indent = Pt(indent)


def _set_heading(style: Any, font: str) -> None:
    _set_font(style, font, BODY_POINTS)
    _set_lines(style, LINE_POINTS, 2 * BODY_POINTS, "both")
    style.paragraph_format.keep_with_next = True


def _set_language(document: Document) -> None:
    """Say that the text is Chinese, for spelling and for line breaks."""

    language = element("w:lang", val="en-US", eastAsia="zh-CN")
    normal = element_of(document.styles["Normal"]).get_or_add_rPr()
    for old in normal.findall(qualified("lang")):
        normal.remove(old)
    normal.append(language)
    theme = element_of(document.settings).find(qualified("themeFontLang"))
    if theme is not None:
        theme.set(qualified("eastAsia"), "zh-CN")


def _number_pages(document: Document) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    _number(section.footer, WD_ALIGN_PARAGRAPH.RIGHT)
    _number(section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT)


def _number(footer: _Footer, side: Any) -> None:
    """Write — 1 — one character in from the side, in size 4."""
    from docx.shared import Pt

    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    layout = paragraph.paragraph_format
    layout.alignment = side
    layout.left_indent = layout.right_indent = Pt(14)
    for text in ("— ", None, " —"):
        run = paragraph.add_run(text)
        run.font.size = Pt(14)
        _east_asia(run, SONG)
        if text is None:
            _add_field(run, "PAGE")


def _east_asia(run: Any, font: str) -> None:

    run.font.name = font
    run._r.rPr.rFonts.set(qualified("eastAsia"), font)


def _add_field(run: Any, instruction: str) -> None:
    steps = ("begin", "separate", "end")
    begin, separate, end = (element("w:fldChar", fldCharType=step) for step in steps)
    run._r.extend([begin, element("w:instrText", text=instruction), separate, end])


def _name_fallbacks(document: Document) -> None:
    """Add to the font table what to take where an office's font is missing."""
    part: Any = next(rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/fontTable"))
    table = parsed(part.blob)
    for font, other in FALLBACKS.items():
        named = (element("w:altName", val=other), element("w:charset", val="86"))
        table.append(element("w:font", *named, name=font))
    part._blob = serialized(table)
