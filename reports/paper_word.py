"""Papers as Word documents: a docxtpl template, built in or a district's own, filled in."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Final

from .errors import TemplateUnusable
from .paper import PAPER_KINDS, Paper
from .paper_fields import field_values
from .paper_template import MAX_BYTES, NamesUnknown, environment, read_template
from .paper_word_template import word_template
from .text import clean
from .word_element import parsed
from .word_pack import settled
from .word_page import set_properties

MAX_UNPACKED_BYTES: Final = 16 * 2**20
MAX_PARTS: Final = 200


def render_paper_word(paper: Paper, template: Path | None = None) -> bytes:
    """Print a paper as a .docx file; equal papers give equal bytes.

    The fonts are named, not embedded: on a machine without them Word takes its own.

    Args:
        template: a district's own docxtpl template; the built-in one of the paper's kind by default.

    Raises:
        TemplateUnusable: the template cannot be read, is too large, names unknown fields, or does more than print.
    """
    source = _builtin(paper.kind) if template is None else _safe(read_template(template), str(template))
    return _filled(source, str(template or PAPER_KINDS[paper.kind]), paper)


@cache
def _builtin(kind: str) -> bytes:
    return word_template(kind)


def _filled(source: bytes, path: str, paper: Paper) -> bytes:
    from docxtpl import DocxTemplate
    from jinja2 import TemplateError

    document: Any = DocxTemplate(io.BytesIO(source))
    values, sandbox = field_values(paper), environment(tidy=False)
    try:
        document.render_init()
        parsed(document.build_xml(values, sandbox).encode())  # docxtpl mends a broken one in silence, and loses parts
        document.render(values, sandbox)
    except NamesUnknown as problem:
        raise TemplateUnusable(path, problem.problems) from problem
    except TemplateError as problem:
        raise TemplateUnusable(path, [f"模板语法有误（{problem}），请对照内置模板改正"]) from problem
    except SyntaxError as problem:  # what lxml raises
        told = "条件或循环的开头和结尾没有写在同一层：整段用 {%p %}，表格的整行用 {%tr %}"
        raise TemplateUnusable(path, [told]) from problem
    except Exception as problem:  # whatever an odd document makes the library raise
        raise TemplateUnusable(path, ["套用时出错，请对照内置模板改正，用 Word 另存后再试"]) from problem
    title, issuer = clean(paper.title), clean(paper.issuer)
    set_properties(document.docx, title=title, author=issuer, made_at=paper.made_at, version=1)
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())


def _safe(data: bytes, path: str) -> bytes:
    """Return the template if it is a Word document that brings nothing in but itself.

    Raises:
        TemplateUnusable: no .docx file, too much inside, macros, or parts that are loaded from elsewhere.
    """
    import docx

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            problems = _contents(packed)
        if not problems:
            docx.Document(io.BytesIO(data))
    except Exception as problem:  # whatever a broken file makes the library raise
        raise TemplateUnusable(path, ["不是能打开的 Word 文档（.docx），请用 Word 另存为 .docx"]) from problem
    if problems:
        raise TemplateUnusable(path, problems)
    return data


def _contents(packed: zipfile.ZipFile) -> list[str]:
    parts = packed.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        return [f"内容过大：解开后不得超过{MAX_UNPACKED_BYTES // 2**20} MB"]
    problems = ["含有宏，请另存为不带宏的 .docx"] if any("vbaProject" in part.filename for part in parts) else []
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            problems += _part(part, packed.read(part))
    return problems


def _part(part: zipfile.ZipInfo, data: bytes) -> list[str]:
    if part.file_size > MAX_BYTES:
        return [f"{part.filename} 过大，不得超过{MAX_BYTES // 2**20} MB"]
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:  # the last: UTF-16, which would hide the others
        return [f"{part.filename} 含有文档类型声明或不是 UTF-8，不是 Word 写出的内容"]
    if part.filename.endswith(".rels") and any(map(_from_elsewhere, parsed(data))):
        return ["引用了外部文件（链接的图片或模板），请改为嵌入"]
    return []


def _from_elsewhere(relation: Any) -> bool:
    return relation.get("TargetMode") == "External" and not str(relation.get("Type")).endswith("/hyperlink")
