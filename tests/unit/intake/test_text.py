"""Text brought to one form."""

from __future__ import annotations

import datetime as dt

import pytest

from rectiflow.intake import match_key, normalise_description, split_names
from rectiflow.intake.text import Cell, cell_text, is_blank, narrow, tidy


def test_narrow_keeps_chinese_punctuation() -> None:
    """Full-width digits, letters and blanks become half-width; Chinese punctuation and ①㎡ stay."""
    assert narrow("ＬＺＨ－２０２４　①食堂（东），面积３㎡。") == "LZH-2024 ①食堂（东），面积3㎡。"


def test_narrow_drops_invisible_signs() -> None:
    """A byte order mark and zero-width signs that web pages leave behind go away."""
    assert narrow("\ufeff灭\u200b火器\u00a0过期") == "灭火器 过期"


def test_tidy_makes_one_kind_of_line_end() -> None:
    """Line ends of Windows, of Excel and of Word become one; blank lines and blanks around lines go."""
    assert tidy("  一、更换\r\n\r\n 二、检查_x000D_\n三、培训\v四、演练 ") == "一、更换\n二、检查\n三、培训\n四、演练"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (13800000000.0, "13800000000"),
        (0.1, "0.1"),
        (7, "7"),
        (1e300, "1e+300"),
        (True, "是"),
        (False, "否"),
        (dt.date(2024, 12, 5), "2024-12-05"),
        (dt.datetime(2024, 12, 5), "2024-12-05"),  # noqa: DTZ001
        (dt.datetime(2024, 12, 5, 9, 30), "2024-12-05 09:30"),  # noqa: DTZ001
        (" 文字 ", "文字"),
    ],
)
def test_cell_text_shows_what_the_author_sees(cell: Cell, text: str) -> None:
    """A telephone number has no .0, a date no time unless it has one."""
    assert cell_text(cell) == text


@pytest.mark.parametrize("cell", ["", "  ", "\u3000\n", "\ufeff\u200b\u00a0"])
def test_blank_cells(cell: str) -> None:
    """Blanks of every width are nothing."""
    assert is_blank(cell)


@pytest.mark.parametrize("cell", [0, False, "0", "—"])
def test_cells_that_are_not_blank(cell: Cell) -> None:
    """Nought and a dash are something."""
    assert not is_blank(cell)


def test_match_key_ignores_width_case_and_blanks() -> None:
    """Names are one name however they are spaced."""
    assert match_key("梧桐湖（园区）\n教 办 Ａ") == match_key("梧桐湖(园区)教办a")


def test_description_identity() -> None:
    """Punctuation, blanks, width and case do not make another hazard; a figure does."""
    one = normalise_description("食堂 2 具灭火器，已过期。（Ａ类）")
    assert one == normalise_description("食堂２具灭火器已过期(a类)")
    assert one != normalise_description("食堂3具灭火器已过期（A类）")


def test_split_names() -> None:
    """Names part at marks and line breaks, and at a blank only between whole names."""
    assert split_names("安全股长、股员，校长；园长/主任\n保安 司机、校长") == (
        "安全股长",
        "股员",
        "校长",
        "园长",
        "主任",
        "保安",
        "司机",
    )
    assert split_names("校 长") == ("校 长",)
    assert split_names(" 、 ") == ()
