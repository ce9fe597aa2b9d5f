"""The paragraphs of a message's plain text, for its HTML part: one source of words for both."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["FACT_MARK", "Paragraph", "paragraphs"]

FACT_MARK = "· "  #: begins a line "· 标签：内容"


class Paragraph(Struct, frozen=True, kw_only=True):
    """Either facts (label and value each) or plain lines."""

    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Split a text at its empty lines; a block of fact lines becomes a table."""
    return tuple(_paragraph(block.split("\n")) for block in text.split("\n\n") if block)


def _paragraph(lines: list[str]) -> Paragraph:
    if all(line.startswith(FACT_MARK) and "：" in line for line in lines):
        return Paragraph(facts=tuple(_fact(line) for line in lines))
    return Paragraph(lines=tuple(lines))


def _fact(line: str) -> tuple[str, str]:
    label, _, value = line.removeprefix(FACT_MARK).partition("：")
    return label, value
