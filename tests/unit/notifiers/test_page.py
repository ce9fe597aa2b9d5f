"""The paragraphs of a plain text."""

from __future__ import annotations

from rectiflow.notifiers.page import Paragraph, paragraphs


def test_facts_and_lines_are_told_apart() -> None:
    """A block of fact lines becomes facts, anything else stays lines."""
    text = "您好：\n请看\n\n· 隐患编号：LZH-1\n· 描述：一：二\n\n· 不是事实\n· 整改时限：无"
    assert paragraphs(text) == (
        Paragraph(lines=("您好：", "请看")),
        Paragraph(facts=(("隐患编号", "LZH-1"), ("描述", "一：二"))),
        Paragraph(lines=("· 不是事实", "· 整改时限：无")),
    )


def test_no_text_has_no_paragraph() -> None:
    """An empty text gives nothing."""
    assert paragraphs("") == ()
