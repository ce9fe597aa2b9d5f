"""What an answer asks for."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.notifiers.parameters import ANSWERS, EXTENSION, SMS_ANSWER
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
        "好的，收到",
        "收到，谢谢",
        "签收 王校长",
        "您好，签收",
        "您好：\n签收",
        "回复1签收",
        "已收到通知，签收",
        "尊敬的领导：\n您好！\n签收",
        "张股长：\n\n您好！\n收到，谢谢",
        "尊敬的梁子湖区教育局领导：\n签收",
        "梁子湖区教育局安全股：\n签收",
        "王股长您好，签收",
        "王股长：签收",
    ],
)
def test_sign(text: str) -> None:
    """The words alone on the first line, with any width and marks."""
    assert kind(text) == "sign"


@pytest.mark.parametrize(
    "text",
    [
        "申请复查", "已整改完成", "整改完毕。", "我校已全部整改到位！", "隐患已整改完毕", "请复查", "已整改完成，请复查",
        "整改已完成", "已完成整改", "整改完毕", "您好，我校已整改完毕，请予以复查，谢谢", "各位领导好：\n整改工作已完成",
        "王股长：\n已按要求整改完成，请复查。", "王股长：\n申请复查", "李主任，您好！\n  申请复查\n都已整改", "申请复查：\n锁已拆除",
    ],
)  # fmt: skip
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
        "验收通过，请销号",
        "批准延期",
        "不同意延期",
        "可以延期",
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
        "您好", "好的。", "申请延期的话要交什么材料", "签收？", "签收吗", "1?", "签收 不了", "签收 等校长", "签收王校长再说",
        "已整改完成，还差一处", "未完成整改", "申请延期10个工作日", "申请延期1.5个月", "申请延期到下周五", "收到了没有",
        "还没有完成：\n签收", "隐患二：没有完成\n签收",
    ],
)  # fmt: skip
def test_sentences_are_comments(text: str) -> None:
    """A sentence that has the words in it is a remark, word for word."""
    assert replace(read_wish(text, TODAY), hint="") == Wish(kind="comment", text=text)


@pytest.mark.parametrize(
    "text",
    [
        "退回", "退回，该处属隔壁小学管理", "这处隐患不是我校的，申请退回", "不签收，这不是我校的", "拒绝签收", "不属于本单位职责",
        "王股长：\n您好！\n该围墙不归我校管。", "此处不属我园管理范围，请核实", "隐患在校外，\n申请退回",
    ],
)  # fmt: skip
def test_sent_back(text: str) -> None:
    """Whose a hazard is somebody has to look at; however it is said."""
    assert read_wish(text, TODAY) == Wish(kind="return", text=text)


@pytest.mark.parametrize(
    "text",
    ["能退回吗？", "退回的灭火器已换", "还没有签收", "不是我校没整改", "配件已退回厂家", "这是我校的", "不能按期完成"],
)
def test_not_sent_back(text: str) -> None:
    """A question, and what went back to somebody else."""
    assert kind(text) == "comment"


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
        ("申请延期：到1月8日", date(2025, 1, 8), ""),
        ("您好，申请延期到1月8日，谢谢", date(2025, 1, 8), "谢谢"),
        ("申请延期到1月底", date(2025, 1, 31), ""),
        ("申请延期到2025年2月末", date(2025, 2, 28), ""),
        ("申请延期至月底前", date(2024, 12, 31), ""),
        ("申请延期到年底", date(2024, 12, 31), ""),
        ("申请延期到13月底", None, ""),
        ("申请延期", None, ""),
        ("申请延期，理由：等资金", None, "等资金"),
        ("申请延期到2025年2月30日，等资金", None, "等资金"),
    ],
)
def test_extend(text: str, until: date | None, reason: str) -> None:
    """The day in the forms people use, and the reason on the same line or below."""
    wish = read_wish(text, TODAY)
    assert (wish.kind, wish.until, wish.text) == ("extend", until, reason)


@pytest.mark.parametrize(
    ("text", "days", "reason"),
    [
        ("申请延期10天", 10, ""),
        ("申请延期10日，等资金", 10, "等资金"),
        ("申请延期一周", 7, ""),
        ("申请延期两个星期", 14, ""),
        ("申请延期二十五天 因配件未到货", 25, "配件未到货"),
        ("申请延期半个月", 15, ""),
        ("申请延期到1月8日", None, ""),
    ],
)
def test_extend_by_days(text: str, days: int | None, reason: str) -> None:
    """How long is told as days; from which day they count the deadline says."""
    wish = read_wish(text, TODAY)
    assert (wish.kind, wish.days, wish.text) == ("extend", days, reason)
    assert (wish.until is None) == (days is not None)


def test_rest_is_kept() -> None:
    """What stands below the words goes with them."""
    assert read_wish("已整改完成\n灭火器已更换，照片见附件。", TODAY).text == "灭火器已更换，照片见附件。"


@pytest.mark.parametrize(
    "below",
    [
        "示例一镇第一小学\n校长 王某某", "王小明\n示例一镇第一小学\n电话 0711-7654321", "谢谢！\n王校长", "13800000001",
        "此致\n敬礼\n示例一镇中心小学校长室\n2024年9月2日", "h@b.example", "安全副校长：李某",
    ],
)  # fmt: skip
def test_who_signs_says_nothing_more(below: str) -> None:
    """A signature below the words is neither a remark nor what was done."""
    assert [read_wish(f"{words}\n\n{below}", TODAY).text for words in ("签收", "申请复查")] == ["", ""]


@pytest.mark.parametrize(
    "below",
    [
        "马上办",
        "周五到货\n示例一镇第一小学",
        "三楼没有水\n王校长",
        "配件在办公室",
        "请转告第二小学",
        "王小明",
        "锁已拆除\n谢谢",
    ],
)
def test_words_above_a_signature_are_kept(below: str) -> None:
    """Whatever is more than a signature stays, word for word; so does a name alone: it may be somebody else's."""
    assert read_wish(f"签收\n{below}", TODAY).text == below


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("签收？", "没有办理“签收”，要办请在第一行只写“签收”"),
        ("已整改完成，还差一处", "没有办理“申请复查”，要办请在第一行只写“申请复查”"),
        ("申请延期10个工作日", f"没有办理“申请延期”，要办请在第一行只写“{EXTENSION}”"),
        ("照片见附件\n签收", "没有办理“签收”，要办请在第一行只写“签收”"),
        ("王股长：\n锁已经拆了，\n请来复查。", "没有办理“申请复查”，要办请在第一行只写“申请复查”"),
        ("王股长：\n照片见附件", ""),
    ],
)
def test_what_may_have_meant_more(text: str, hint: str) -> None:
    """A remark that has the words anywhere in it says what was not done, and how to have it done."""
    assert read_wish(text, TODAY).hint == hint


OFFERED = sorted({phrase for words in ANSWERS.values() for phrase in re.findall("“(.+?)”", words)})
POLITE = st.sampled_from(["", "您好，", "好的，", "各位领导好！", "您好：\n"])


@given(
    st.sampled_from([*OFFERED, SMS_ANSWER.removesuffix("即签收。")]), POLITE, st.sampled_from(["", "。", "\n附照片"])
)
def test_what_is_offered_is_read_as_it_says(phrase: str, before: str, after: str) -> None:
    """Every phrase that a message of ours offers does what it says, also in a polite answer."""
    meant = {"签收": "sign", "回复1": "sign", "申请复查": "submit"}.get(phrase, "extend")
    wish = read_wish(f"{before}{phrase}{after}", TODAY)
    assert wish.kind == meant
    assert wish.hint == ""
    assert (wish.until, wish.text[:7]) == (date(2024, 12, 31), "等待招标。临时") or meant != "extend"


@given(st.text("好的谢您收到签1申请延期复查整改完成，： ", max_size=1_000))
@example("好" * 1_000)
def test_words_over_and_over_are_read_at_once(text: str) -> None:
    """Nothing takes longer than the text is long, however often a word stands in it."""
    assert read_wish(text, TODAY).kind in ("sign", "submit", "extend", "comment")


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
