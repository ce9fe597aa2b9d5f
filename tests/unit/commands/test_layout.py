"""Lines that fit a terminal."""

from __future__ import annotations

import json
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rectiflow.commands._layout import ago, columns, fit, left, packed, put, put_labelled, since, wrapped
from rectiflow.commands._output import print_json, say, show_raw, table

TEXTS = st.text(alphabet="安全股，。、A1-\u3000 镇（）", max_size=120)


@given(TEXTS, st.integers(min_value=4, max_value=60))
def test_fit_is_exactly_as_wide(text: str, width: int) -> None:
    """A cell has exactly its width, whatever is in it."""
    assert cell_len(fit(text, width)) == width


@given(TEXTS, st.integers(min_value=45, max_value=90))
def test_wrapped_loses_nothing(text: str, width: int) -> None:
    """Lines stay within the width and hold every character but blanks at their ends."""
    lines = list(wrapped(text, width))
    assert max(map(cell_len, lines), default=0) <= width
    assert "".join(lines).replace(" ", "").replace("\u3000", "") == text.replace(" ", "").replace("\u3000", "")


def test_wrapped_keeps_numbers_whole_and_commas_behind() -> None:
    """A number is not broken, and no line begins with a comma."""
    lines = list(wrapped("隐患编号是 LZH-2024-000001，请核对后再办", 30))
    assert any("LZH-2024-000001" in text for text in lines)
    assert not any(text.startswith("，") for text in lines)


def test_wrapped_keeps_counts_and_brackets_with_what_they_belong_to() -> None:
    """A year stays with its word, and an opening bracket with what it opens; what just fits is not broken."""
    assert list(wrapped("放假安排尚未录入 2027 年，请补", 22)) == ["放假安排尚未录入", "2027 年，请补"]
    assert list(wrapped("请补登联系方式（reach）后再发", 20)) == ["请补登联系方式", "（reach）后再发"]
    assert list(wrapped("交办给安全副校长", 16)) == ["交办给安全副校长"]


def test_packed_breaks_between_parts() -> None:
    """Parts stay whole where they fit, and a long one is wrapped."""
    assert list(packed(["甲甲甲甲", "乙乙乙乙", "丙"], 20)) == ["甲甲甲甲 · 乙乙乙乙", "丙"]
    assert len(list(packed(["长" * 40], 30))) > 1


@pytest.mark.parametrize(("days", "said"), [(3, "还有 3 天"), (0, "今天到期"), (-2, "逾期 2 天"), (None, "未定时限")])
def test_left(days: int | None, said: str) -> None:
    """How far a date is away."""
    assert left(days) == said


def test_since_and_ago() -> None:
    """How long something has waited."""
    assert since(date(2024, 9, 1), date(2024, 9, 4)) == "2024-09-01 起（3 天）"
    assert since(date(2024, 9, 4), date(2024, 9, 4)) == "今天起"
    assert (ago(0), ago(3)) == ("今天起", "已 3 天")


def test_nothing_that_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    """What is stored may hold control characters of either half: on the screen they are gone, in JSON they are written out."""
    words = "签\x1b[2J收\x9b31m完\x7f"
    say(words)
    show_raw(words)
    put_labelled("说明", [words])
    put(columns([(words, 20)], words))
    table("", ["说明"], [[words]])
    print_json({"said": words})
    shown = capsys.readouterr().out
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c != "\n"]
    assert shown.count("签[2J收31m完") == 6
    assert json.loads(shown[shown.index("{") :]) == {"said": words}
