"""What is new in an answer, for the ways in which mail programs quote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers.hypertext import text_of_html
from rectiflow.notifiers.quoting import MARKER, new_text

NEW = "已整改完成\n\n灭火器已更换，照片见附件。"
OLD = "太和镇中心小学：\n请于12月31日前整改。\n签收请回复1"
QUOTED = "\n".join(f"> {line}" for line in OLD.split("\n"))
COREMAIL = (
    "-----原始邮件-----\n发件人: \"安全股\" <a@b.example>\n发送时间: 2024-12-02 09:30:00 (星期一)\n"
    f"收件人: 校长 <h@b.example>\n抄送:\n主题: 整改通知\n\n{OLD}"
)  # fmt: skip

BELOW = {  # the shapes are told in mails.py, with where they were seen
    "marker": f"——{MARKER}（回执码 abc）——\n{OLD}",
    "qq": f"\n\n------------------ 原始邮件 ------------------\n发件人: \"安全股\" <a@b.example>;\n发送时间: 2024年12月2日\n{OLD}",
    "qq-literal": (
        "\n\n&nbsp;\n------------------&nbsp;原始邮件&nbsp;------------------\n"
        f"发件人:{' ' * 60}\"安全股\"{' ' * 40}<a@b.example&gt;;\n发送时间:&nbsp;2024年12月2日(星期一) 上午9:30\n{OLD}"
    ),
    "qq-literal-en": (
        "\n&nbsp;\n------------------&nbsp;Original&nbsp;------------------\n"
        f"From: &nbsp;\"Office\"<a@b.example&gt;;\nDate: &nbsp;Mon, Dec 2, 2024 09:30 AM\n\n&nbsp;\n{OLD}"
    ),
    "qq-composer": f"\n\n         Original\n         \n       \nFrom:Office <a@b.example>\nSent Time:Dec 2, 2024 9:30\n\n{OLD}",
    "qq-composer-zh": f"\n原始邮件\n\n发件人：安全股 <a@b.example>\n发件时间：2024年12月2日 9:30\n\n{OLD}",
    "qq-new": f"\n---原始邮件---\n发件人: \"安全股\"<a@b.example&gt;\n{OLD}",
    "qq-original": f"\n------------------&nbsp;原始邮件&nbsp;------------------\n{OLD}".replace("&nbsp;", " "),
    "wechat": f"\n------------------ Original ------------------\nFrom: 安全股 <a@b.example>\nDate: Mon,Dec 2,2024 9:30 AM\n{OLD}",
    "163": f"\n\n在 2024-12-02 09:30:00，\"安全股\" <a@b.example> 写道：\n{OLD}",
    "163-half": f"\n在 2024-12-02 09:30:00,\"安全股\" <a@b.example> 写道:\n{QUOTED}",
    "163-en": f"\nAt 2024-12-02 09:30:00, \"Office\" <a@b.example> wrote:\n{QUOTED}",
    "163-new": f"\n---- 回复的原邮件 ----\n| 发件人 | 安全股<a@b.example> |\n| 日期 | 2024年12月02日 09:30 |\n{OLD}",
    "163-app": (
        "\n---- Replied Message ----\n| From | Office<a@b.example> |\n"
        f"| Date | 12/02/2024 09:30 |\n| To | Head<h@b.example> |\n| Subject | Notice |\n{OLD}"
    ),
    "163-narrow": "\n在 2024-12-02 09:30:00，\"安全股\" <a@b.example> 写道：\n" + QUOTED.replace("> ", ">"),
    "coremail": "\n\n" + "\n".join(f"> {line}" for line in COREMAIL.split("\n")),
    "coremail-literal": "\n\n" + "\n".join(f"&gt; {line}" for line in COREMAIL.split("\n")),
    "coremail-en": (
        "\n\n> -----Original Messages-----\n> From: \"Office\" <a@b.example>\n"
        f"> Sent Time: 2024-12-02 09:30:00 (Monday)\n{QUOTED}"
    ),
    "coremail-unmarked": f"\n-----Original Messages-----\nFrom:\"Office\" <a@b.example>\nSend time:Monday, 12/02/2024 09:30:00\n{OLD}",
    "wecom": f"\n发自我的企业微信\n\n----------Reply to Message----------\nOn Mon,Dec 2,2024 9:30 AM Office <a@b.example> wrote:\n{OLD}",
    "wecom-zh": (
        "\n________________________________\n发自我的企业微信\n\n----------回复的邮件信息----------\n"
        f"安全股 <a@b.example> 在 2024年12月2日 周一 9:30 写道：\n{OLD}"
    ),
    "k9": f"\n于 2024年12月2日 GMT+08:00 上午9:30:00, \"安全股\" <a@b.example> 写到:\n{QUOTED.replace('> ', '>')}",
    "samsung": (
        "\n-------- 原始邮件 --------\n发件人： 安全股 <a@b.example>\n"
        f"日期： 2024年12月2日周一 上午9:30\n收件人： 校长\n主题： 整改通知\n{OLD}"
    ),
    "untitled": f"\n  原始消息\n发件人： 安全股\n已发送： 2024年12月2日星期一 9:30\n收件人： 校长\n主题： 整改通知\n\n{OLD}",
    "outlook-plain": (
        "\n-----邮件原件-----\n发件人: 安全股 [mailto:a@b.example] \n"
        f"发送时间: 2024年12月2日 9:30\n收件人: 校长\n抄送: 教导处;\n某校\n主题: 整改通知\n\n{OLD}"
    ),
    "outlook-web": (
        "\n________________________________________\n发件人: a@b.example <a@b.example> 代表 安全股 <a@b.example>\n"
        f"发送时间: 2024年12月2日 9:30\n收件人: 校长\n抄送: 教导处\n主题: Re: 整改通知\n\n{OLD}"
    ),
    "evolution": f"\n在 2024-12-02星期一的 09:30 +0800，安全股写道：\n{QUOTED}",
    "apple-zh": f"\n2024年12月2日 09:30，安全股 <a@b.example> 写道：\n\n{QUOTED}",
    "outlook-zh": f"\n________________________________\n发件人: 安全股\n发送时间: 9:30\n收件人: 校长\n主题: 通知\n\n{OLD}",
    "outlook-wide": f"\n发件人： 安全股\n发送时间： 2024年12月2日 9:30\n收件人： 校长\n主题： 整改通知\n\n{OLD}",
    "outlook-one-line": f"\n发件人: 安全股 <a@b.example> 发送时间: 2024年12月2日 收件人: 校长 主题: 整改通知\n{OLD}",
    "outlook-en": f"\nFrom: Office <a@b.example>\nSent: Monday, December 2, 2024 9:30 AM\nTo: Head\nSubject: Notice\n\n{OLD}",
    "outlook-old": f"\n-----Original Message-----\nFrom: Office\n{OLD}",
    "outlook-old-zh": f"\n-----邮件原件-----\n发件人: 安全股\n{OLD}",
    "foxmail": f"\n\n \n发件人： 安全股\n\n发送时间： 2024-12-02 09:30\n\n收件人： 校长\n\n主题： 整改通知\n\n{OLD}",
    "gmail-zh": f"\n安全股 <a@b.example> 于2024年12月2日周一 09:30写道：\n\n{QUOTED}",
    "gmail-en": f"\nOn Mon, Dec 2, 2024 at 9:30 AM Office <a@b.example> wrote:\n\n{QUOTED}",
    "gmail-two-lines": f"\nOn Mon, Dec 2, 2024 at 9:30 AM The Safety Office of the Bureau\n<a@b.example> wrote:\n\n{QUOTED}",
    "iphone-zh": f"\n发自我的 iPhone\n\n> 在 2024年12月2日，09:30，安全股 <a@b.example> 写道：\n> \n{QUOTED}",
    "iphone-bare": f"\n发自我的 iPhone\n\n在 2024年12月2日，09:30，安全股 <a@b.example> 写道：\n\n{QUOTED}",
    "iphone-unmarked": f"\n在 2024年12月2日，安全股 <a@b.example> 写道：\n{OLD}",
    "iphone-en": f"\nSent from my iPhone\n\n> On 2 Dec 2024, at 09:30, Office <a@b.example> wrote:\n{QUOTED}",
    "signature": f"\n-- \n太和镇中心小学 校长室\n\n{QUOTED}",
    "signature-cut": "\n--\n太和镇中心小学 校长室",
    "outlook-phone": f"\n获取 Outlook for iOS<https://a.example>\n______________\n发件人: 安全股\n发送时间: 9:30\n收件人: x\n{OLD}",
    "139": f"\n\n----邮件原文----\n发件人：\"安全股\" <a@b.example>\n收件人：校长\n主题：整改\n\n{OLD}",
    "dingtalk": (
        "\n------------------------------------------------------------------\n发件人：安全股 <a@b.example>\n"
        f"日　期：2024年12月02日 09:30:00\n收件人：校长<h@b.example>\n主　题：整改\n\n{OLD}"
    ),
    "feishu": f"\n来自飞书邮箱\n安全股 <a@b.example>在 2024年12月2日 周一 上午9:30写道：\n{OLD}",
    "vivo": f"\n来自 vivo 手机\n-------- 原始邮件 --------\n发件人：安全股\n{OLD}",
    "wechat-device": f"\n来自微信\n\n{QUOTED}",
    "189": f"\n\n来自中国电信189邮箱\n\n-----原始邮件-----\n{OLD}",
    "xiaomi": f"\n来自 小米邮箱\n在 2024年12月2日 上午9:30，安全股 <a@b.example>写道：\n{QUOTED}",
    "original-words": f"\n----- 原文 -----\n发件人：安全股\n{OLD}",
    "forwarded": f"\n---------- Forwarded message ---------\n{OLD}",
}  # fmt: skip


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW.keys())
def test_only_the_new_is_left(below: str) -> None:
    """Nothing of the earlier mail, nothing of the signature, whatever the program."""
    assert new_text(NEW + "\n" + below) == NEW
    assert new_text((NEW + "\n" + below).replace("\n", "\r\n")) == NEW


OWN = "h@b.example"
MASTER = "---- 回复的原邮件 ----\n| 发件人 | 安全股<a@b.example> |\n"
SIGNED = {  # what programs put above the earlier mail
    "foxmail": f"\n\n\n{OWN}\n \n发件人： 安全股\n发送时间： 2024-12-02 09:30\n收件人： 校长\n主题： 整改通知\n{OLD}",
    "foxmail-new-mail": f"\n\n\n{OWN.upper()}\n",
    "mail-master": f"\n\n| |\n王校长\n|\n|\nwang@163.com\n|\n签名由网易邮箱大师定制\n\n\n{MASTER}{OLD}",
    "mail-master-en": (
        "\n\n| |\n王校长\n邮箱：wang@163.com\n|\n\nSignature is customized by Netease Mail Master\n\n"
        f"On 12/02/2024 09:30, Office wrote:\n{QUOTED}"
    ),
    "mail-master-html": f"\n王校长\n邮箱：wang@163.com\n签名由 网易邮箱大师 定制\n{MASTER}{OLD}",
    "mail-master-bare": f"\n签名由网易邮箱大师定制\n{MASTER}{OLD}",
}


@pytest.mark.parametrize("below", SIGNED.values(), ids=SIGNED.keys())
def test_what_programs_sign_with_goes(below: str) -> None:
    """The sender's own address, and Mail Master's block; what the person wrote stays to its last line."""
    for said in (NEW, "签收", f"请发到 {OWN}"):
        assert new_text(said + "\n" + below, sender=OWN) == said


def test_mail_master_s_pages() -> None:
    """The same block where there is only HTML."""
    html = (
        '<div>签收</div><div id="ntes-pcmail-signature"><table><tr valign="middle"><td><img src="a.png"></td><td><div>王校长</div>'
        "</td></tr><tr><td><div>wang@163.com</div></td></tr></table><div><span>签名由</span>"
        '<a href="https://mail.163.com/dashi/">网易邮箱大师</a><span>定制</span></div></div>'
        "<div>---- 回复的原邮件 ----</div><table><tr><td>发件人</td><td>安全股&lt;a@b.example&gt;</td></tr></table>"
    )
    assert new_text(text_of_html(html), sender=OWN) == "签收"


def test_addresses_that_are_words() -> None:
    """An address of somebody else, or within a sentence or above another line, is what was written."""
    for text in ("新邮箱：\nnew@b.example", f"{OWN}\n是我的邮箱", "签名由网易邮箱大师定制的广告请不要发"):
        assert new_text(text, sender=OWN) == text


@pytest.mark.parametrize("name", ["qq", "wechat", "163", "outlook-zh", "outlook-en", "foxmail", "marker", "gmail-zh"])
def test_nothing_new_is_nothing(name: str) -> None:
    """An answer without a word of its own does not take ours: 签收 in our text signs nothing."""
    assert new_text(BELOW[name]) == ""


def test_answer_below_the_quote() -> None:
    """Below lines that are marked, what is not marked stays."""
    assert new_text(f"On Mon, Dec 2, 2024, Office wrote:\n{QUOTED}\n\n{NEW}\n") == NEW
    assert new_text(f"{QUOTED}\n{NEW}\n-- \n校长室") == NEW
    assert new_text(f"> {MARKER}\n{QUOTED}\n{NEW}") == NEW


def test_answers_between_the_lines() -> None:
    """Everything of the person stays, in its order."""
    text = "见下。\n在 2024-12-02 09:30:00，\"安全股\" <a@b.example> 写道：\n> 第1项\n已更换\n> 第2项\n待采购"  # fmt: skip
    assert new_text(text) == "见下。\n已更换\n待采购"


@pytest.mark.parametrize(
    "text",
    [
        "在通知里写道：须更换", "发件人: 请核对地址", "主题：消防\n时间：明天", "发自内心感谢", "On the roof, 2 leaks. I wrote:\nnothing",
        "--\n只有这一行", "-----", "收件人：校长\n发件人：教导主任", "原始邮件我没有收到", "1 - 2 - 3",
        "原始邮件\n发件人：教导主任", "来自学校邮箱的通知没有收到", "来自微信群的照片", "原文", "原始消息\n已看到", "整改前 &gt; 整改后",
    ],
)  # fmt: skip
def test_what_only_looks_like_it(text: str) -> None:
    """Sentences with the words of a quote in them are left alone."""
    assert new_text(text) == text


@given(st.text("已整改,。 1a\n\t签收（）", max_size=200))
def test_unchanged_without_marks(text: str) -> None:
    """Only blanks go from a text that quotes nothing."""
    lines = [line.rstrip() for line in text.split("\n")]
    assert new_text(text) == "\n".join(lines).strip("\n")


pieces = st.sampled_from(
    [
        "> q", "On 2 Dec 2024 Office", "<a@b.example> wrote:", "在 2024-12-02，x 写道：", "写道：", "在 2024-12-02",
        "发件人: a", "发送时间: b", "收件人: c", "From: a Sent: b To: c", "--", "-- ", "----- Original -----",
        "---原始邮件---", "_____", MARKER, "签收", "", "  ", "发自我的 iPhone", "\r", "原始邮件", "&gt; q", "&nbsp;",
    ]
)  # fmt: skip


@given(st.one_of(st.lists(pieces, max_size=14).map("\n".join), st.text(max_size=200)))
def test_idempotent_and_never_longer(text: str) -> None:
    """Asked again it gives the same, and it adds nothing."""
    once = new_text(text)
    assert new_text(once) == once
    assert len(once) <= len(text)
    assert set(once) <= {*text, "\n", " "}
