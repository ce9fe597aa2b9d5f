from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest

from rectiflow.engine.errors import InputUnusable
from rectiflow.reports import (
    PAPER_KINDS,
    FileUnwritable,
    TemplateUnusable,
    render_paper_html,
    render_paper_word,
    write_paper_template,
)
from support.papers import a_paper


def _word(tmp_path: Path, *lines: str) -> Path:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    path = tmp_path / "整改通知书.docx"
    document.save(str(path))
    return path


def _repacked(path: Path, changes: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in (parts | changes).items():
            new.writestr(name, data)
    return path


def _page(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "整改通知书.html"
    path.write_text(text, encoding="utf-8")
    return path


def _texts(data: bytes) -> list[str]:
    return [line.text for line in docx.Document(io.BytesIO(data)).paragraphs]


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_the_written_template_prints_the_same(kind: str, tmp_path: Path) -> None:
    """What is written for a district to change prints, unchanged, what the built-in template prints."""
    for name, render in (("own.docx", render_paper_word), ("own.html", render_paper_html)):
        path = tmp_path / name
        write_paper_template(kind, path)
        assert render(a_paper(kind), path) == render(a_paper(kind))


def test_a_written_template_is_never_overwritten(tmp_path: Path) -> None:
    """A template that somebody may have changed stays; another ending is refused."""
    path = _page(tmp_path, "本局自己的模板")
    with pytest.raises(FileUnwritable, match="已有同名的文件"):
        write_paper_template("rectification_notice", path)
    assert path.read_text(encoding="utf-8") == "本局自己的模板"
    with pytest.raises(FileUnwritable, match=r"\.docx 或 \.html"):
        write_paper_template("rectification_notice", tmp_path / "模板.doc")


def test_a_district_changes_its_template(tmp_path: Path) -> None:
    """A changed wording and a table of one's own are printed, also where Word has torn a tag into several runs."""
    path = tmp_path / "own.docx"
    write_paper_template("rectification_notice", path)
    document = docx.Document(str(path))
    line = next(line for line in document.paragraphs if line.text.startswith("逾期不整改"))
    line.text = "本区规定："
    for piece in ("{", "{ 主送", " }}须在", "{{ 整改期限 }}办结。"):
        line.add_run(piece).bold = True
    document.save(str(path))
    assert "本区规定：示例镇第一小学须在2024年12月6日前办结。" in _texts(render_paper_word(a_paper(count=1), path))


def test_equal_bytes_from_a_template_of_ones_own(tmp_path: Path) -> None:
    """A district's template gives the same bytes for the same paper too."""
    path = _word(
        tmp_path, "{{ 机关 }}", "{%p for 项 in 隐患 %}", "{{ loop.index }}．{{ 项.隐患描述 }}", "{%p endfor %}"
    )
    assert render_paper_word(a_paper(), path) == render_paper_word(a_paper(), path)
    assert _texts(render_paper_word(a_paper(count=1), path))[1].startswith("1．疏散通道堆放")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{{ 标题名 }}", "没有名为“标题名”的字段，是不是“标题”？可用的字段：种类、标题"),
        ("{{ 校长 }}", "没有名为“校长”的字段，可用的字段"),
        ("{% for 项 in 隐患 %}{{ 项.时限 }}{% endfor %}", "没有名为“项.时限”的字段，是不是“整改时限”？"),
        ("{% if 不存在 %}甲{% endif %}", "没有名为“不存在”的字段"),
        ("{{ 机关.__class__ }}", "没有下一级字段"),
        ("{{ 机关.upper() }}", "不能用“Call”"),
        ("{{ 机关['x'] }}", "不能用“Getitem”"),
        ("{{ '安' * 999999999 }}", "不能用“Mul”"),
        ("{% set x = 机关 ~ 机关 %}", "不能用“Assign”"),
        ("{% include '/etc/passwd' %}", "不能用“Include”"),
        ("{% autoescape false %}{{ 机关 }}{% endautoescape %}", "不能用“ScopedEvalContextModifier”"),
        ("{{ 机关 | safe }}", "没有名为“safe”的过滤器"),
        ("{% for 字 in 机关 %}{% endfor %}", "循环只能写成 for 名字 in 隐患 或 申请"),
        ("{% for a in 隐患 %}{% for b in 隐患 %}{% endfor %}{% endfor %}", "循环里不能再套循环"),
        ("{% if 机关 %}没有结束", "语法有误"),
        ("{% if 项数 > 标题 %}甲{% endif %}", "套用时出错"),
    ],
)
def test_a_template_may_only_print(line: str, told: str, tmp_path: Path) -> None:
    """Unknown fields and whatever is more than printing are refused, with the file's name, in Word and in HTML."""
    for path, render in ((_word(tmp_path, line), render_paper_word), (_page(tmp_path, line), render_paper_html)):
        with pytest.raises(TemplateUnusable, match=r"^文书模板“.*整改通知书\.(docx|html)”不能使用") as refused:
            render(a_paper(), path)
        assert told in str(refused.value)
        assert isinstance(refused.value, InputUnusable)


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Every unknown field of a template is named in one refusal."""
    path = _word(tmp_path, "{{ 校长 }}", "{{ 电话 }}", "{{ 校长 }}")
    with pytest.raises(TemplateUnusable, match="有2处问题") as refused:
        render_paper_word(a_paper(), path)
    assert [problem[:9] for problem in refused.value.problems] == ["没有名为“校长”的", "没有名为“电话”的"]


def test_an_unknown_field_in_the_footer(tmp_path: Path) -> None:
    """Headers and footers are checked too."""
    document = docx.Document()
    document.sections[0].footer.paragraphs[0].text = "{{ 页脚 }}"
    path = tmp_path / "own.docx"
    document.save(str(path))
    with pytest.raises(TemplateUnusable, match="“页脚”"):
        render_paper_word(a_paper(), path)


def test_a_loop_across_a_table_is_refused(tmp_path: Path) -> None:
    """A condition that opens inside a table and closes outside would tear the document; it is refused, not mended."""
    document = docx.Document()
    document.add_table(1, 1).rows[0].cells[0].text = "{% if 抄送 == '' %}甲"
    document.add_paragraph("{% endif %}乙")
    path = tmp_path / "own.docx"
    document.save(str(path))
    with pytest.raises(TemplateUnusable, match="没有写在同一层"):
        render_paper_word(a_paper(), path)


def _macro(path: Path) -> Path:
    return _repacked(path, {"word/vbaProject.bin": b"x"})


def _remote(path: Path) -> Path:
    with zipfile.ZipFile(path) as packed:
        relations = packed.read("word/_rels/document.xml.rels")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    hyper = kind.replace("attachedTemplate", "hyperlink")
    far = "".join(
        f'<Relationship Id="r{place}" Type="{one}" Target="http://example.org/x" TargetMode="External"/>'
        for place, one in ((901, kind), (902, hyper))
    )
    return _repacked(
        path,
        {"word/_rels/document.xml.rels": relations.replace(b"</Relationships>", f"{far}</Relationships>".encode())},
    )


def _entities(path: Path) -> Path:
    return _repacked(path, {"word/footnotes.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'})


def _swollen(path: Path) -> Path:
    return _repacked(path, {"word/media/large.png": bytes(20 * 2**20)})


def _long(path: Path) -> Path:
    return _repacked(path, {"word/extra.xml": b"<x>" + b" " * 3 * 2**20 + b"</x>"})


def _broken(path: Path) -> Path:
    path.write_bytes(b"no document")
    return path


def _huge(path: Path) -> Path:
    path.write_bytes(bytes(3 * 2**20))
    return path


def _gone(path: Path) -> Path:
    path.unlink()
    return path


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_macro, "含有宏"),
        (_remote, "引用了外部文件"),
        (_entities, "文档类型声明"),
        (_swollen, "内容过大"),
        (_long, "word/extra.xml 过大"),
        (_broken, "不是能打开的 Word 文档"),
        (_huge, r"超过2 MB"),
        (_gone, "没有这个文件或文件夹"),
    ],
)
def test_a_spoilt_file_is_refused(spoil: Any, told: str, tmp_path: Path) -> None:
    """Macros, parts loaded from elsewhere, entities, bombs and files that are no document are refused by name."""
    with pytest.raises(TemplateUnusable, match=told):
        render_paper_word(a_paper(), spoil(_word(tmp_path, "{{ 机关 }}")))


def test_a_page_in_another_encoding(tmp_path: Path) -> None:
    """An HTML template that is not UTF-8 is refused; one with a byte order mark is read."""
    path = tmp_path / "own.html"
    path.write_bytes("<p>{{ 机关 }}</p>".encode("gbk"))
    with pytest.raises(TemplateUnusable, match="UTF-8"):
        render_paper_html(a_paper(), path)
    path.write_text("<p>{{ 机关 }}</p>", encoding="utf-8-sig")
    assert render_paper_html(a_paper(), path) == "<p>示例区教育局</p>"
