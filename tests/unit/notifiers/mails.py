"""Raw mails as the usual programs write them; contents invented, persons named by their posts.

Only shapes are taken over, from mails in public archives. Seen so, with the list and the month:

- QQ mail, web and Tencent's mail for firms (its Message-ID, headers and boundaries; `&nbsp;` and `<…&gt;;` in the plain text,
  a wide gap around the sender): linux-ext4 2020-10, ltp 2024-07, openbmc 2019-06; comments sent to GitHub by mail, in Chinese,
  2019-12 and 2026-03. Its newer composer (a bare “Original”, From and Sent Time): the tests of FreeScout, a help desk.
- WeChat Work (`Reply to Message`, 发自我的企业微信 below a rule): dri-devel 2022-06, linux-riscv 2024.
- NetEase, web (在 …，"…" <…> 写道, `>` without a blank): dri-devel 2025-05; its app (`---- Replied Message ----` above a
  table): linux-pm 2024-04, qemu-devel 2023-08.
- Coremail, as at universities and offices (`-----原始邮件-----`, every line marked with `>` or with `&gt;`; in English
  Original Messages and Sent Time): linux-media 2021-05, linux-i2c 2025-06, amd-gfx 2021-06.
- Foxmail (no rule, the fields below a line with one blank; in HTML all of it in a blockquote): ltp 2021-01.
- Outlook (-----邮件原件-----): linux-xfs 2021-12; on the web (a rule, 代表): linux-kernel 2020-08.
- iPhone (发自我的iPhone, 在 …，下午5:45，… 写道 and all of it marked): linux-ext4 2020-06; without 在: amd-gfx 2025-01.
- Gmail (… 于…年…月…日周一 …写道): bpf 2023-01. K-9 (写到), Samsung (原始邮件), one with 原始消息: linux-mips 2020-05,
  linux-raid 2022-05, linux-mips 2020-08; these three stand in test_quoting.py alone.

The Chinese names of WeChat Work's and of QQ's newer composer are from code that looks for them, not from a mail. The HTML of
Outlook and the mails that come back, but Exim's (tests/peers), are from memory.
"""

from __future__ import annotations

from base64 import b64encode
from quopri import encodestring

OUR_ID = "<rectiflow.0123456789abcdef0123456789abcdef@bureau.example>"
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 6000


def word(text: str, charset: str = "utf-8") -> str:
    """Return an encoded word (RFC 2047)."""
    return f"=?{charset}?B?{b64encode(text.encode(charset)).decode()}?="


def raw(head: str, body: str | bytes = "", *, charset: str = "utf-8") -> bytes:
    """Put a mail together, with the line ends of the way."""
    content = body.encode(charset) if isinstance(body, str) else body
    return head.strip("\n").replace("\n", "\r\n").encode(charset) + b"\r\n\r\n" + content.replace(b"\n", b"\r\n")


def in_base64(text: str, charset: str) -> str:
    """Return text as a part carries it."""
    return b64encode(text.encode(charset)).decode()


def from_head(sender: str, subject: str, more: str = "") -> str:
    """Return the header of an answer by the head of a school."""
    return (
        f"From: {word('校长')} <{sender}>\nTo: {word('安全股')} <safety@bureau.example>\nSubject: {subject}\n"
        f"Message-ID: <1@mail.example>\nDate: Mon, 02 Dec 2024 10:00:00 +0800\nIn-Reply-To: {OUR_ID}\n"
        f"References: {OUR_ID}\nMIME-Version: 1.0\n{more}"
    )


QQ_QUOTED = (
    "------------------&nbsp;原始邮件&nbsp;------------------\n"
    f'发件人:{" " * 120}"安全股"{" " * 84}<safety@bureau.example&gt;;\n发送时间:&nbsp;2024年12月2日(星期一) 上午9:30\n'
    '收件人:&nbsp;"校长"<10000@qq.example&gt;;\n\n主题:&nbsp;整改通知\n\n\n\n签收请回复1'
)
QQ_HTML = (
    "<div>已整改完成</div><div>见附件。</div><div><div><br></div><div><br></div>"
    '<div style="font-size: 12px;font-family: Arial Narrow;padding:2px 0 2px 0;">------------------&nbsp;{title}&nbsp;'
    '------------------</div><div style="font-size: 12px;background:#efefef;padding:8px;"><div><b>{sender}</b>&nbsp;'
    '"安全股"&lt;safety@bureau.example&gt;;</div><div><b>{sent}</b>&nbsp;2024年12月2日(星期一) 上午9:30</div></div>'
    "<div><br></div><div>签收请回复1</div></div>"
)
QQ_HEAD = "X-QQ-MIME: TCMime 1.0 by Tencent\nX-Mailer: QQMail 2.x\nX-QQ-Mailer: QQMail 2.x\n"
QQ = raw(
    from_head(
        "10000@qq.example",
        word("回复：整改通知", "gb18030"),
        f'{QQ_HEAD}Content-Type: multipart/mixed;\n\tboundary="----=_NextPart_674D1A2B_0F936710_1EA27AB9"\n'
        "Content-Transfer-Encoding: 8Bit\n",
    ),
    f"""This is a multi-part message in MIME format.

------=_NextPart_674D1A2B_0F936710_1EA27AB9
Content-Type: multipart/alternative;
\tboundary="----=_NextPart_674D1A2B_0F936710_5B7C1869"

------=_NextPart_674D1A2B_0F936710_5B7C1869
Content-Type: text/plain;
\tcharset="gb18030"
Content-Transfer-Encoding: base64

{in_base64("已整改完成&nbsp;" + chr(10) + "见附件。" + chr(10) * 3 + "&nbsp;" + chr(10) + QQ_QUOTED, "gb18030")}

------=_NextPart_674D1A2B_0F936710_5B7C1869
Content-Type: text/html;
\tcharset="gb18030"
Content-Transfer-Encoding: base64

{in_base64(QQ_HTML.format(title="原始邮件", sender="发件人:", sent="发送时间:"), "gb18030")}

------=_NextPart_674D1A2B_0F936710_5B7C1869--

------=_NextPart_674D1A2B_0F936710_1EA27AB9
Content-Type: application/octet-stream;
\tcharset="gb18030";
\tname="{word("整改后.jpg", "gb18030")}"
Content-Disposition: attachment; filename="{word("整改后.jpg", "gb18030")}"
Content-Transfer-Encoding: base64

{b64encode(JPG).decode()}

------=_NextPart_674D1A2B_0F936710_1EA27AB9--
""",
)

QQ_COMPOSER = raw(
    from_head("10000@qq.example", word("Re:整改通知"), f'{QQ_HEAD}Content-Type: text/html;\n\tcharset="utf-8"\n'),
    """<p><span>签收</span></p><div><br></div><article style="line-height: 1.43;"><div style="display:flex;align-items:center"
contenteditable="false">
        <div style="color:#959DA6;font-size:12px;line-height:30px">Original</div>
        <hr style="flex-grow:1">
      </div><table data-uneditable="true"><tbody><tr><td><div><span>From:</span><span>安全股</span>
<span>&lt;safety@bureau.example&gt;</span></div><div><span>Sent Time:</span><span>Dec 2, 2024 09:30</span></div></td></tr></tbody>
</table><div><br></div><div>请整改</div></article>""",
)

NETEASE = raw(
    from_head(
        "head@163.example",
        word("Re:整改通知", "gbk"),
        "Content-Type: text/plain; charset=GBK\nContent-Transfer-Encoding: base64\n",
    ),
    in_base64(
        '收到\n\n\n\n\n\n在 2024-12-02 09:30:00，"安全股" <safety@bureau.example> 写道：\n>请整改\n>签收请回复1', "gbk"
    ),
)

NETEASE_APP = raw(
    from_head(
        "head@163.example",
        word("回复：整改通知"),
        'X-Mailer: MailMasterAndroid\nContent-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64\n',
    ),
    in_base64(
        "申请复查\n\n\n\n\n---- 回复的原邮件 ----\n| 发件人 | 安全股<safety@bureau.example> |\n| 发送日期 | 2024年12月02日 09:30 |\n"
        "| 收件人 | 校长<head@163.example> |\n| 主题 | 整改通知 |\n签收请回复1",
        "utf-8",
    ),
)

COREMAIL = raw(
    from_head(
        "head@school.example",
        word("Re: 整改通知"),
        "X-Mailer: Coremail Webmail Server\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n",
    ),
    in_base64(
        '收到\n\n\n&gt; -----原始邮件-----\n&gt; 发件人: "安全股" <safety@bureau.example>\n'
        "&gt; 发送时间: 2024-12-02 09:30:00 (星期一)\n&gt; 收件人: head@school.example\n&gt; 抄送:\n&gt; 主题: 整改通知\n&gt; \n"
        "&gt; 签收请回复1\n",
        "utf-8",
    ),
)

OUTLOOK_ZH = raw(
    from_head("head@school.example", word("答复: 整改通知", "gb2312"), 'Content-Type: text/html; charset="gb2312"\n'),
    """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset="gb2312"><style><!-- p {margin:0} --></style>
<!--[if gte mso 9]><xml>签收</xml><![endif]--></head><body><div class=WordSection1><p>申请延期到<b>2025年1月15日</b>&nbsp;理由：配件
未到货</p><p><o:p>&nbsp;</o:p></p><div style='border-top:solid #E1E1E1 1.0pt'><p><b>发件人:</b> 安全股 &lt;safety@bureau.example&gt;<br>
<b>发送时间:</b> 2024年12月2日 9:30<br><b>收件人:</b> 校长<br><b>主题:</b> 整改通知</p></div><p>请整改</p></div></body></html>""",
    charset="gbk",
)

OUTLOOK_EN = raw(
    from_head(
        "head@school.example",
        "RE: Notice",
        'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n',
    ),
    encodestring(
        "签收\n\nFrom: Office <safety@bureau.example>\nSent: Monday, December 2, 2024 9:30 AM\nTo: Head\nSubject: Notice\n\n1".encode()
    ),
)

FOXMAIL = raw(
    from_head(
        "head@school.example",
        word("回复: 整改通知", "GB2312"),
        "X-Priority: 3\nX-Has-Attach: no\nX-Mailer: Foxmail 7.2.18.111[cn]\n"
        'Content-Type: text/plain;\n\tcharset="GB2312"\nContent-Transfer-Encoding: base64\n',
    ),
    in_base64(
        "请复查\n\n\n\n校长室\n \n发件人： 安全股\n发送时间： 2024-12-02 09:30\n收件人： 校长\n抄送： 教导处\n主题： 整改通知\n签收\n",
        "gbk",
    ),
)

FOXMAIL_HTML = raw(
    from_head(
        "head@school.example",
        word("Re: Notice 整改通知"),
        "X-Mailer: Foxmail 7.2.18.111[cn]\n"
        'Content-Type: text/html;\n\tcharset="UTF-8"\nContent-Transfer-Encoding: quoted-printable\n',
    ),
    encodestring(
        """<html><head><style>body { line-height: 1.5; }</style></head><body>
<div><span></span>签收</div><div><br></div>
<blockquote style="margin-Top: 0px; margin-Left: 0.5em"><div>&nbsp;</div><div style="border:none;border-top:solid #B5C4DF 1.0pt">
<div style="BACKGROUND: #efefef"><div><b>From:</b>&nbsp;<a href="mailto:safety@bureau.example">安全股</a></div>
<div><b>Date:</b>&nbsp;2024-12-02&nbsp;09:30</div><div><b>To:</b>&nbsp;<a href="mailto:head@school.example">校长</a></div>
<div><b>Subject:</b>&nbsp;整改通知</div></div></div><div><div>申请复查</div></div></blockquote>
</body></html>""".encode()
    ),
)

IPHONE = raw(
    from_head("head@icloud.example", word("回复：整改通知"), "Content-Type: multipart/mixed; boundary=Apple-Mail-1\n"),
    b"""--Apple-Mail-1
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

"""
    + "已整改完毕".encode()
    + b"""
--Apple-Mail-1
Content-Type: image/jpeg; name=IMG_0001.jpeg
Content-Disposition: inline; filename=IMG_0001.jpeg
Content-Transfer-Encoding: base64

"""
    + b64encode(JPG)
    + b"""
--Apple-Mail-1
Content-Type: text/plain; charset=utf-8

"""
    + "\n发自我的iPhone\n\n> 在 2024年12月2日，上午9:30，安全股 <safety@bureau.example> 写道：\n> \n> 请整改\n".encode()
    + b"--Apple-Mail-1--\n",
)

WECHAT = raw(
    from_head(
        "head@work.example",
        word("回复：整改通知"),
        f'{QQ_HEAD}Content-Type: text/plain;\n\tcharset="utf-8"\nContent-Transfer-Encoding: base64\n',
    ),
    in_base64(
        "签收\n\n\n________________________________\n发自我的企业微信&nbsp;\n\n----------Reply to Message----------\n"
        "On Mon,Dec 2,2024 9:30 AM 安全股 <safety@bureau.example&gt; wrote:\n请整改\n",
        "utf-8",
    ),
)

WECHAT_HTML = raw(
    from_head("head@work.example", word("回复：整改通知"), f'{QQ_HEAD}Content-Type: text/html; charset="utf-8"\n'),
    QQ_HTML.format(title="Original", sender="From: ", sent="Date: "),
)

GMAIL = raw(
    from_head("head@gmail.example", word("Re: 整改通知"), "Content-Type: multipart/alternative; boundary=000001\n"),
    """--000001
Content-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes

已经全部更换，请安\x20
全股看一下。

安全股 <safety@bureau.example> 于2024年12月2日周一 09:30写道：

> 请整改

--000001
Content-Type: text/html; charset="UTF-8"

<div dir="ltr">HTML</div><blockquote>请整改</blockquote>
--000001--
""",
)


def report(
    sender: str, subject: str, status: str, text: str = "Sorry.", *, returned: str = f"Message-ID: {OUR_ID}"
) -> bytes:
    """Return a delivery status notification (RFC 3464)."""
    return raw(
        f"Return-Path: <>\nFrom: {sender}\nTo: bounce@bureau.example\nSubject: {subject}\nMessage-ID: <dsn@mx.example>\n"
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=B",
        f"--B\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n--B\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.bureau.example\n\n{status}\n\n--B\nContent-Type: message/rfc822\n\n{returned}\nTo: head@school.example\n"
        "X-Rectiflow-Number: LZH-2024-000123\nSubject: x\n\ny\n--B--\n",
    )


POSTFIX = report(
    "MAILER-DAEMON@mx.bureau.example (Mail Delivery System)",
    "Undelivered Mail Returned to Sender",
    "Final-Recipient: rfc822; Head@school.example\nOriginal-Recipient: rfc822;head@school.example\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; mx.school.example\nDiagnostic-Code: smtp; 550 5.1.1 <head@school.example>: User unknown",
)
POSTFIX_DELAYED = report(
    "MAILER-DAEMON@mx.bureau.example",
    "Delayed Mail (still being retried)",
    "Final-Recipient: rfc822; head@school.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connection timed out",
)
DELIVERED = report(
    "MAILER-DAEMON@mx.bureau.example",
    "Successful Mail Delivery Report",
    "Final-Recipient: rfc822; head@school.example\nAction: delivered\nStatus: 2.0.0",
)
EXCHANGE = report(
    "postmaster@school.example",
    word("未送达: 整改通知"),
    "Final-Recipient: rfc822;head@school.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp;554 5.2.2 mailbox full",
    "邮件未能传递到以下收件人或组：",
)
EXCHANGE_BARE = raw(
    f"From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@school.example>\nTo: safety@bureau.example\n"
    f"Subject: {word('未送达: 整改通知')}\nIn-Reply-To: {OUR_ID}\nContent-Type: text/plain; charset=utf-8",
    "邮件未能传递到以下收件人或组：\n\nhead@school.example\n找不到您输入的电子邮件地址。\n\n供管理员使用的诊断信息:\n"
    "head@school.example\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n",
)
EXIM = raw(
    "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.school.example>\nTo: bounce@bureau.example\n"
    "X-Failed-Recipients: head@school.example\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender",
    "This message was created automatically by mail delivery software.\n\n  head@school.example\n"
    "    host mx.school.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<head@school.example>:\n"
    f"    550 User not found\n\n------ This is a copy of the message ------\n\nMessage-ID: {OUR_ID}\n",
)
EXIM_REPORT = report(
    "Mail Delivery System <Mailer-Daemon@mx.bureau.example>",
    "Mail delivery failed: returning message to sender",
    "Action: failed\nFinal-Recipient: rfc822;head@school.example\nStatus: 5.0.0",
    "This message was created automatically by mail delivery software.\n\n  head@school.example\n"
    "    LMTP error after RCPT TO:<head@school.example>:\n    552 5.2.2 <head@school.example> Quota exceeded",
)
EXIM_DELAYED = raw(
    "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@mx.school.example>\nTo: bounce@bureau.example\n"
    "X-Failed-Recipients: head@school.example\nSubject: Warning: message 1tH-0001 delayed 24 hours",
    "A message that you sent has not yet been delivered.\nNo action is required on your part.\n",
)
QQ_BOUNCE = raw(
    f"From: PostMaster@qq.com\nTo: safety@bureau.example\nSubject: {word('系统退信', 'gb18030')}\n"
    "Content-Type: text/html; charset=gb18030\nContent-Transfer-Encoding: base64",
    in_base64(
        "<html><style>p{}</style><p>抱歉，您的邮件被退回来了……</p><table><tr><td>收件人</td><td>10000@qq.example</td></tr>"
        "<tr><td>退信原因：</td><td>550 Mailbox not found. 收件人邮件地址不存在</td></tr></table></html>",
        "gb18030",
    ),
)
QQ_NOBODY = raw(
    f"From: PostMaster@qq.com\nTo: safety@bureau.example\nSubject: {word('系统退信/The email is returned')}\n"
    "Content-Type: text/plain; charset=utf-8",
    "很抱歉，您的邮件被退回到发件人邮箱\n退信原因：收件人邮件地址（head@qq.example）不存在，邮件无法送达。\n"
    "host mx.qq.example said: 550 Mailbox unavailable or access denied\n",
)
QQ_PERHAPS = raw(
    f"From: PostMaster@qq.com\nTo: safety@bureau.example\nSubject: {word('系统退信/The email is returned')}\n"
    "Content-Type: text/plain; charset=utf-8",
    "很抱歉，您的邮件被退回\nhead@qq.example\nhost mx.qq.example said: 550 Mailbox unavailable or access denied\n"
    "收件人地址可能不存在，也可能被判为垃圾邮件，请核对\n-----原始邮件-----\n疏散指示标志不存在，消防通道堆放垃圾信息栏\n",
)
NETEASE_SPAM = raw(
    f"From: Postmaster@163.com\nTo: safety@bureau.example\nSubject: {word('系统退信', 'gbk')}\nContent-Type: text/plain; charset=GBK",
    "抱歉，邮件被退回来了\n收件人：head@163.example\n退信代码：554 DT:SPM\n"
    "发送的邮件内容包含了未被许可的信息，或违背了网易的反垃圾服务条款\n",
    charset="gbk",
)
NETEASE_BOUNCE = raw(
    f"From: Postmaster@163.com\nTo: safety@bureau.example\nSubject: {word('系统退信', 'gbk')}\nContent-Type: text/plain; charset=GBK",
    "抱歉，邮件被退回来了\n收件人：head@163.example\n退信代码：452 4.2.2\n退信原因：SMTP error, RCPT TO: 452 4.2.2 mailbox is full\n",
    charset="gbk",
)
