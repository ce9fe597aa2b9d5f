"""Cleaning of text from data."""

from __future__ import annotations

import pytest

from rectiflow.notifiers.plaintext import clean_lines, one_line, shorten


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("一楼\r\nBcc: x@y.example", "一楼 Bcc: x@y.example"),
        ("a\u2028b\u0085c\td\x00e\vf", "a b c d e f"),
        ("  全角　空格  ", "全角 空格"),
        ("abc\u202egpj.exe", "abcgpj.exe"),
        ("坏\ud800字", "坏\ufffd字"),
        ("表情🙂", "表情🙂"),
        ("", ""),
    ],
)
def test_one_line(dirty: str, clean: str) -> None:
    """Breaks and control characters become spaces, reversals go, broken surrogates are replaced."""
    assert one_line(dirty) == clean


def test_clean_lines_keeps_lines_and_single_gaps() -> None:
    """Lines stay, trailing blanks and gaps of several lines do not."""
    assert clean_lines("\n一  \r\n\n\n\n二\t三\n\n") == "一\n\n二 三"


def test_shorten_marks_what_was_cut() -> None:
    """A text over the limit ends in an ellipsis."""
    assert shorten("一二三四", 4) == "一二三四"
    assert shorten("一二三四五", 4) == "一二三…"
