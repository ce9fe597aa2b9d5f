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
        "收到[OK]",
        "签收👍",
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
        "王股长：\n已按要求整改完成，请复查。", "王股长：\n申请复查", "已整改，申请复查",
        "李主任，您好！\n  申请复查\n都已整改", "申请复查：\n锁已拆除",
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
        "请予销号",
        "签收，申请销号",
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
        "还没有完成：\n签收", "隐患二：没有完成\n签收", "收到，这条是不是发错了", "签收：等校长回来再说", "1、灭火器已更换\n2、锁已拆除",
        "1，灭火器已更换\n2，锁已拆除", "1 楼已清理", "1 2", "延长线已更换", "延期", "延期，理由：等资金", "收到，能否晚几天",
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
    ("text", "rest"),
    [
        ("收到，已安排整改", "已安排整改"),
        ("收到！马上整改。", "马上整改"),
        ("1 已安排", "已安排"),
        ("1，马上整改", "马上整改"),
        ("好的，收到，马上安排", "马上安排"),
        ("已收到整改通知书。我校将立即组织整改\n周五前完成", "我校将立即组织整改\n周五前完成"),
        ("收到，没问题，本周办", "没问题,本周办"),
        ("签收 13800000001", ""),
    ],
)
def test_words_behind_a_signature(text: str, rest: str) -> None:
    """A line that begins with the whole words signs, and what follows is left over."""
    assert read_wish(text, TODAY) == Wish(kind="sign", text=rest, words=read_wish(text, TODAY).words)


@pytest.mark.parametrize(
    "text",
    [
        "收到，拒签", "收到，有异议，此隐患归隔壁中学管", "收到，有疑问，请来电", "收到，转给后勤李主任签收", "收到，待校长回来再签收",
        "收到，明天签收", "收到，下午签收", "收到，由李主任签收", "1，校长回来签", "收到，这是幼儿园的隐患，请转给他们", "收到，请转交后勤",
        "收到，该楼产权属镇政府", "签收，应由物业负责",
    ],
)  # fmt: skip
def test_a_signature_that_is_doubted(text: str) -> None:
    """Who objects, hands it on or will sign later has not signed; how to sign is told."""
    assert read_wish(text, TODAY) == Wish(kind="comment", text=text, hint="没有办理“签收”，要办请在第一行只写“签收”")


@pytest.mark.parametrize(
    "text",
    ["收到，已签收，马上安排", "1，签收，马上整改", "收到通知，签收 王校长", "收到，资料已归档", "收到，情况属实"],
)
def test_a_signature_that_is_repeated(text: str) -> None:
    """It is no doubt."""
    assert kind(text) == "sign"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("收到，已整改完成", "没有办理“申请复查”，要办请在第一行只写“申请复查”"),
        ("签收，申请延期7天", f"没有办理“申请延期”，要办请在第一行只写“{EXTENSION}”"),
        ("收到，将按期完成整改", ""),
    ],
)
def test_what_a_signature_does_not_do_besides(text: str, hint: str) -> None:
    """What is asked for behind it is not done, and that is told; what is to come is not asked for."""
    wish = read_wish(text, TODAY)
    assert (wish.kind, wish.hint) == ("sign", hint)


UNDONE = [
    "但是还有一处没有完成，等配件", "未完成", "二楼没清理", "三楼已清理，二楼没清理", "配件没到货", "已订货，下周安装", "除一处外均已整改",
    "三楼还差一个", "尚未整改", "正在采购", "整改中", "等待拨款", "还有一处在等厂家", "门锁未拆除", "待资金到位后更换", "计划9月20日前完成",
    "只完成了一半", "管理不到位", "无法按期完成",
]  # fmt: skip
DONE = [
    "未发现问题", "没有再堆放", "已清理，无隐患", "灭火器未更换的问题已整改", "原来未安装应急灯，现已安装", "更换了水管等材料",
    "已按计划完成整改",
    "没有发现其他问题", "接通知后马上整改，已更换", "原管理不到位，已落实专人", "整改中拆除了门锁", "今后将尽快处理隐患",
    "已清走，请等待复查后销号",
]  # fmt: skip


@pytest.mark.parametrize("said", UNDONE)
@pytest.mark.parametrize("asked", ["申请复查，{}", "申请复查\n{}", "已整改完成\n{}"])
def test_what_is_not_done_is_not_handed_in(said: str, asked: str) -> None:
    """It is a remark, which says what to write when all is done."""
    text = asked.format(said)
    wish = read_wish(text, TODAY)
    assert (wish.kind, wish.undone, wish.text) == ("comment", True, text)
    assert wish.hint.startswith("没有办理“申请复查”：来信说还有没做完的")


@pytest.mark.parametrize("said", DONE)
def test_what_was_wrong_before_is_handed_in(said: str) -> None:
    """What is put right, or not there any more, hinders nothing."""
    assert read_wish(f"申请复查\n{said}", TODAY) == Wish(kind="submit", text=said, words="申请复查")


def test_what_is_said_of_others_does_not_count() -> None:
    """Where the words are about some of several."""
    for said in ("其余下周完成", "第2项还没有完成", "55、56正在采购"):
        assert read_wish(f"申请复查，{said}", TODAY, of_some=True).kind == "submit"
        assert read_wish(f"申请复查，{said}", TODAY).undone
    assert read_wish("申请复查，还没有完成", TODAY, of_some=True).undone


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
        ("申请延期到9月25日（周三）。临时管控措施：专人值守", date(2025, 9, 25), "临时管控措施:专人值守"),
        ("申请延期到1月8日（星期三），理由：等资金", date(2025, 1, 8), "等资金"),
        ("申请延期到1月8日下午5点前，等资金", date(2025, 1, 8), "等资金"),
        ("申请延期到1月8日12:00", date(2025, 1, 8), ""),
        ("申请延期到20250108", date(2025, 1, 8), ""),
        ("申请延期到十二月二十五日，等十二月拨款", date(2024, 12, 25), "等十二月拨款"),
        ("申请延期到明年1月8日", date(2025, 1, 8), ""),
        ("申请延长到1月8日", date(2025, 1, 8), ""),
        ("延至1月8日，等资金", date(2025, 1, 8), "等资金"),
        ("申请将整改时限延期到1月8日", date(2025, 1, 8), ""),
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
        ("申请延长7天", 7, ""),
        ("延长7天，等厂家", 7, "等厂家"),
        ("申请延期整改7天", 7, ""),
        ("申请延期到1月8日", None, ""),
    ],
)
def test_extend_by_days(text: str, days: int | None, reason: str) -> None:
    """How long is told as days; from which day they count the deadline says."""
    wish = read_wish(text, TODAY)
    assert (wish.kind, wish.days, wish.text) == ("extend", days, reason)
    assert (wish.until is None) == (days is not None)


@pytest.mark.parametrize(
    "text",
    [
        "延期到9月25日，收到", "延期至9月25日，知道了", "延期到9月25日，收到。临时措施：专人值守", "延期到9月25日，已整改完成，申请复查",
        "申请延期到9月25日，不用了，已完成", "申请延期，不用了", "申请延期3天。已整改完成",
    ],
)  # fmt: skip
def test_more_time_that_is_not_asked_for(text: str) -> None:
    """A thanks that quotes our words, or what is done, asks for nothing; how to ask is told."""
    assert read_wish(text, TODAY) == Wish(
        kind="comment", text=text, hint=f"没有办理“申请延期”，要办请在第一行只写“{EXTENSION}”"
    )


@pytest.mark.parametrize(
    "reason",
    ["配件未收到", "预计20日收到配件", "已完成招标，施工要十天", "完成后申请复查", "不用该教室", "保证25日前整改完成"],
)
def test_reasons_that_ask_for_time(reason: str) -> None:
    """Where the words mean something else."""
    assert kind(f"申请延期到9月25日，{reason}") == "extend"


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
        ("整改好了", "没有办理“申请复查”，要办请在第一行只写“申请复查”"),
        ("已整改", "没有办理“申请复查”，要办请在第一行只写“申请复查”"),
        ("延至下周五", f"没有办理“申请延期”，要办请在第一行只写“{EXTENSION}”"),
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
