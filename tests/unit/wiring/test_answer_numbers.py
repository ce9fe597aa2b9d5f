"""Which hazards the first line of an answer names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow._answers.numbers import Named, how_to_name, mentioned, named


def numbers(*serials: int) -> tuple[str, ...]:
    """Return whole numbers."""
    return tuple(f"LZH-2024-{serial:06d}" for serial in serials)


TOLD = numbers(*range(1, 16))
STANDING = dict(enumerate(numbers(54, 55, 56), start=1))


@pytest.mark.parametrize(
    ("words", "serials", "rest"),
    [
        ("签收 2", [2], "签收"),
        ("１ 3", [3], "1"),
        ("5签收", [5], "签收"),
        ("13号收到", [13], "收到"),
        ("签收7，已安排整改", [7], "签收,已安排整改"),
        ("签收 8、9", [8, 9], "签收"),
        ("8 9签收", [8, 9], "签收"),
        ("签收10-12", [10, 11, 12], "签收"),
        ("签收10到12", [10, 11, 12], "签收"),
        ("lzh2024000015签收", [15], "签收"),
        ("签收LZH-2024-000006、LZH-2024-000007\n谢谢", [6, 7], "签收\n谢谢"),
        ("申请复查（2）", [2], "申请复查"),
        ("申请延期7天 2", [2], "申请延期7天"),
        ("2 申请延期到12月5日，理由：等招标", [2], "申请延期到12月5日,理由:等招标"),
        ("2号 配件已到", [2], "配件已到"),
        ("销号 2", [2], "销号"),
    ],
)
def test_numbers_as_people_write_them(words: str, serials: list[int], rest: str) -> None:
    """Before the words and behind them, whole and short, several at once."""
    assert named(words, TOLD) == Named(rest=rest, numbers=numbers(*serials))


@pytest.mark.parametrize(
    "words",
    [
        "1", "1 已安排", "1，马上整改", "2处已整改", "收到，2处已整改", "签收 2024.9.2", "签收 9-2", "3月5日完成", "申请延期到2025-1-15",
        "申请延期到12.5", "申请延期7天", "1、已清理", "13 1", "签收 8楼", "换了2个灭火器",
    ],
)  # fmt: skip
def test_what_is_no_number_of_a_hazard(words: str) -> None:
    """The answer 1, days, times, and what is counted."""
    assert named(words, TOLD) == Named(rest=words)


@pytest.mark.parametrize(
    "words",
    [
        "收到，3 天内整改", "签收，2 个工作日内整改", "签收，2 工作日内整改", "收到，9 月 15 日前完成", "已收到，共 10 条", "签收 3 号楼",
        "收到 5 份", "申请复查，投入 12 元", "申请复查，更换 8 具", "签收 2、3 号楼", "签收 2、3号楼已清理", "2、3号楼退回",
    ],
)  # fmt: skip
def test_a_number_with_a_blank_before_what_it_counts(words: str) -> None:
    """It counts, as without the blank."""
    assert named(words, TOLD) == Named(rest=words)
    assert mentioned(words.replace("2、", ""), TOLD) == []


@pytest.mark.parametrize(
    "words", ["申请复查，已更换灯管 12", "申请复查，花费 1200", "申请复查，更换灭火器 5", "收到，电话 13"]
)
def test_a_number_behind_other_words_than_asking(words: str) -> None:
    """It belongs to those, whether a hazard bears it or not."""
    assert named(words, TOLD) == Named(rest=words)


@pytest.mark.parametrize(
    "words",
    [
        "3号楼不是我校的", "5号楼退回", "5 号楼退回", "3号灶台已修复，申请复查", "3名学生不是我校的", "3#楼退回",
        "申请复查，3号楼已整改", "收到，10号完成整改", "收到，10号前整改", "收到，5 号下午去处理",
    ],
)  # fmt: skip
def test_buildings_and_days_are_no_hazards(words: str) -> None:
    """号 with more behind it than a stop or what is asked for is no hazard's, and is not spoken of as one."""
    assert named(words, TOLD) == Named(rest=words)
    assert mentioned(words, TOLD) == []


@pytest.mark.parametrize("words", ["1 收到，已安排整改", "1，收到", "1，签收，马上整改", "1 签收"])
def test_a_leading_1_is_the_answer_1(words: str) -> None:
    """Where no hazard is the first; else it is that hazard."""
    assert named(words, numbers(2, 3)) == Named(rest=words)
    assert named(words, numbers(1, 2)).numbers == numbers(1)


@pytest.mark.parametrize("part", ["，", "1,", "好，", " ", "LZH-2024-000002，"])
def test_a_line_of_any_length(part: str) -> None:
    """Numbers are looked for at the beginning; what is further on stays as it is."""
    long = part * 10_000
    assert named(f"签收 LZH-2024-000002，{long}签收LZH-2024-000003", TOLD).numbers == numbers(2)
    assert named(f"好{long}签收LZH-2024-000003", TOLD).numbers in ((), numbers(2))


def test_a_number_that_none_bears() -> None:
    """It is said as it was written; beside known ones, too. 签收 1 is the answer 1 where no hazard is the first."""
    for words in ("签收999", "签收 999", "999 签收"):
        assert named(words, TOLD) == Named(rest="签收", unknown=("999",))
    assert named("签收LZH-2024-000999", TOLD).unknown == ("LZH-2024-000999",)
    both = named("签收2、99", TOLD)
    assert (both.numbers, both.unknown) == (numbers(2), ("99",))
    assert named("签收 1", numbers(2)) == Named(rest="签收 1")


@pytest.mark.parametrize(
    ("words", "serials", "rest"),
    [
        ("签收 54", [54], "签收"),
        ("第1项签收", [54], "签收"),
        ("申请复查 54", [54], "申请复查"),
        ("LZH-2024-000054 申请复查", [54], "申请复查"),
        ("第1项申请复查，其余下周完成", [54], "申请复查,其余下周完成"),
        ("第一项、第三项申请复查", [54, 56], "申请复查"),
        ("第1、3项申请复查：都清了", [54, 56], "申请复查:都清了"),
        ("第1至3项申请复查", [54, 55, 56], "申请复查"),
        ("申请复查（第1项）", [54], "申请复查"),
        ("申请复查 54，55、56还没有完成", [54], "申请复查,55、56还没有完成"),
        ("申请复查 1", [54], "申请复查"),
        ("第2项申请延期到9月25日，理由：采购", [55], "申请延期到9月25日,理由:采购"),
        ("第2项的配件已到", [55], "的配件已到"),
    ],
)
def test_items_of_a_paper(words: str, serials: list[int], rest: str) -> None:
    """By number and by place; what other clauses say of other items is left."""
    assert named(words, tuple(STANDING.values()), STANDING) == Named(rest=rest, numbers=numbers(*serials))


def test_an_item_that_is_not_there_or_not_clear() -> None:
    """A place beyond the last, a number of another paper; 2 that is the number of one and the place of another."""
    known = tuple(STANDING.values())
    assert named("第5项申请复查", known, STANDING).unknown == ("第5项",)
    assert named("申请复查 77", known, STANDING).unknown == ("77",)
    crossed = dict(enumerate(numbers(2, 3), start=1))
    assert named("申请复查 2", tuple(crossed.values()), crossed).unclear == ("2",)
    assert named("申请复查 1", tuple(crossed.values()), crossed).numbers == numbers(2)
    assert how_to_name(STANDING) == "只有几项整改完的，请写明是哪几项，如“申请复查 54”或“第1项申请复查”"
    assert how_to_name({1: TOLD[0]}) == ""


def test_numbers_in_a_sentence() -> None:
    """Bare ones, unless they count something or are parts of days and times."""
    assert mentioned("54已清理，55、56正在采购", tuple(STANDING.values())) == list(STANDING.values())
    assert mentioned("换了2个，12月5日，9:13，2024-11-08 第3项", TOLD) == []
    assert mentioned("7的配件已到，LZH-2024-000009 也是", TOLD, least=10) == [*numbers(9)]
    assert mentioned("7的配件已到", TOLD) == [*numbers(7)]


@given(st.text("签收申请复查第项1234、，, 和到-号LZH\n", max_size=200))
def test_any_line(words: str) -> None:
    """Nothing raises, and what is named is known."""
    found = named(words, TOLD, STANDING)
    assert set(found.numbers) <= {*TOLD, *STANDING.values()}
