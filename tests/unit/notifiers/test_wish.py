"""What an answer asks for."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers.wish import Wish, read_wish

TODAY = date(2024, 12, 2)


def kind(text: str) -> str:
    """Return the kind of wish."""
    return read_wish(text, TODAY).kind


@pytest.mark.parametrize(
    "text",
    [
        "签收",
        "收到",
        "已签收",
        "已收到。",
        "1",
        "１",
        "回复1",
        "回复：1",
        "【签收】",
        "“1”",
        " 收 到！\n",
        "\n签收\n\n谢谢",
        "1.",
    ],
)
def test_sign(text: str) -> None:
    """The words alone on the first line, with any width and marks."""
    assert kind(text) == "sign"


@pytest.mark.parametrize(
    "text", ["申请复查", "已整改完成", "整改完毕。", "我校已全部整改到位！", "隐患已整改完毕", "请复查"]
)
def test_submit(text: str) -> None:
    """Done, and to be looked at."""
    assert kind(text) == "submit"


@pytest.mark.parametrize(
    "text",
    [
        "验收合格",
        "同意销号",
        "销号",
        "批准",
        "合格",
        "复查通过",
        "不合格",
        "同意延期",
        "申请验收",
        "现场验收合格。",
        "驳回",
    ],
)
def test_never_by_mail(text: str) -> None:
    """What is decided after looking is recognised, and nothing more."""
    assert kind(text) == "forbidden"


@pytest.mark.parametrize(
    "text",
    [
        "我还没有签收", "没有收到", "签收不了", "收到，但是看不懂附件", "11", "10",
        "1个问题还没整改", "尚未整改完成", "没有整改完毕", "整改完成后再报",
        "请问什么时候验收", "验收标准是什么", "不申请延期", "关于申请延期到1月15日的问题", "", "？", "谢谢",
        "您好\n签收", "申请延期的话要交什么材料",
    ],
)  # fmt: skip
def test_sentences_are_comments(text: str) -> None:
    """A sentence that has the words in it is a remark, word for word."""
    assert read_wish(text, TODAY) == Wish(kind="comment", text=text)


@pytest.mark.parametrize(
    ("text", "until", "reason"),
    [
        ("申请延期到2025年1月15日 理由：施工队春节前停工", date(2025, 1, 15), "施工队春节前停工"),
        ("申请延期至2025-01-15，理由：配件未到货", date(2025, 1, 15), "配件未到货"),
        ("申请延期到 2025/1/15 前。因配件未到货", date(2025, 1, 15), "配件未到货"),
        ("申请延期到1月15日，配件未到货", date(2025, 1, 15), "配件未到货"),
        ("申请延期到12月2日", date(2024, 12, 2), ""),
        ("申请延期到12月1号", date(2025, 12, 1), ""),
        ("申请延期到12月20日\n理由：等待专项资金\n校长室", date(2024, 12, 20), "等待专项资金\n校长室"),
        ("申请延期：2025.1.15（设备未到）", date(2025, 1, 15), "设备未到"),
        ("申请延期到２０２５年１月１５日", date(2025, 1, 15), ""),
        ("申请延期到2024年11月1日", date(2024, 11, 1), ""),  # in the past: for the engine to refuse
        ("申请延期", None, ""),
        ("申请延期，理由：等资金", None, "等资金"),
        ("申请延期到2025年2月30日，等资金", None, "等资金"),
    ],
)
def test_extend(text: str, until: date | None, reason: str) -> None:
    """The day in the forms people use, and the reason on the same line or below."""
    wish = read_wish(text, TODAY)
    assert (wish.kind, wish.until, wish.text) == ("extend", until, reason)


def test_rest_is_kept() -> None:
    """What stands below the words goes with them."""
    assert read_wish("已整改完成\n灭火器已更换，照片见附件。", TODAY).text == "灭火器已更换，照片见附件。"


@given(st.text(max_size=200), st.dates(date(2000, 1, 1), date(9998, 1, 1)))
def test_any_text(text: str, today: date) -> None:
    """Nothing raises, and a day without a year is never past."""
    read_wish(text, today)
    wish = read_wish(f"申请延期到{today.month}月{today.day}日", today)
    assert wish.until == today


def test_measures_on_the_same_line() -> None:
    """申请复查 may be followed by what was done; other words at the beginning of a sentence are a remark."""
    found = read_wish("申请复查：锁已拆除\n照片见附件", date(2024, 11, 4))
    assert (found.kind, found.text) == ("submit", "锁已拆除\n照片见附件")
    assert read_wish("已整改完成，还差一处", date(2024, 11, 4)).kind == "comment"
    assert read_wish("申请复查的材料下周交", date(2024, 11, 4)).kind == "comment"
