"""What kind of mail came in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers import Contact, Sender, TemplateSet
from rectiflow.notifiers.blame import blame_of_mail
from rectiflow.notifiers.incoming import Incoming, read_mail
from rectiflow.notifiers.judging import Bounce, Judgement, judge
from rectiflow.notifiers.mime import compose_mail

from . import mails
from .conftest import START, MakeMessage
from .mails import OUR_ID, raw, word


def judged(mail: bytes) -> Judgement:
    """Read and judge."""
    return judge(read_mail(mail), own_domain="bureau.example")


HEAD = "head@school.example"
BOUNCES = {
    "postfix": (mails.POSTFIX, HEAD, True, "5.1.1", "550 5.1.1", OUR_ID),
    "postfix-delayed": (mails.POSTFIX_DELAYED, HEAD, False, "4.4.1", "connection timed out", OUR_ID),
    "exchange": (mails.EXCHANGE, HEAD, True, "5.2.2", "554 5.2.2 mailbox full", OUR_ID),
    "exchange-bare": (mails.EXCHANGE_BARE, HEAD, True, "5.1.10", "550 5.1.10", OUR_ID),
    "exim": (mails.EXIM, HEAD, True, "", "550 User not found", OUR_ID),
    "exim-report": (mails.EXIM_REPORT, HEAD, True, "5.2.2", "552 5.2.2 <head@school.example> Quota", OUR_ID),
    "exim-delayed": (mails.EXIM_DELAYED, HEAD, False, "", "", ""),
    "qq": (mails.QQ_BOUNCE, "10000@qq.example", True, "", "退信原因： 550 Mailbox not found.", ""),
    "163": (mails.NETEASE_BOUNCE, "head@163.example", False, "4.2.2", "452 4.2.2", ""),
}


@pytest.mark.parametrize(
    ("mail", "recipient", "permanent", "status", "diagnostic", "about"), BOUNCES.values(), ids=BOUNCES.keys()
)
def test_bounces(mail: bytes, recipient: str, *, permanent: bool, status: str, diagnostic: str, about: str) -> None:
    """Whom a mail did not reach, whether it is given up, why, and which mail it was."""
    judgement = judged(mail)
    assert judgement.kind == "bounce"
    (bounce,) = judgement.bounces
    assert bounce == Bounce(
        recipient=recipient, permanent=permanent, status=status, diagnostic=bounce.diagnostic, message_id=about
    )
    assert diagnostic in bounce.diagnostic


@pytest.mark.parametrize(
    ("mail", "blamed", "told"),
    [
        (
            mails.QQ_NOBODY,
            "address",
            "退信原因：收件人邮件地址（head@qq.example）不存在，邮件无法送达；host mx.qq.example",
        ),
        (mails.QQ_PERHAPS, "busy", "host mx.qq.example said: 550 Mailbox unavailable or access denied"),
        (mails.NETEASE_SPAM, "message", "退信代码：554 DT:SPM"),
        (mails.EXIM, "address", "550 User not found"),
    ],
)
def test_whose_fault_another_line_says_it_is(mail: bytes, blamed: str, told: str) -> None:
    """The line with the code may leave it open; what only may be, or stands in the mail that came back, says nothing."""
    (bounce,) = judged(mail).bounces
    assert blame_of_mail(bounce) == blamed
    assert bounce.diagnostic.startswith(told)


def test_several_recipients() -> None:
    """Each block of a report is one; those that got it are none."""
    blocks = "\n\n".join(
        f"Final-Recipient: rfc822;{name}@school.example\nAction: {action}\nStatus: {status}"
        for name, action, status in [("a", "failed", "5.1.1"), ("b", "delivered", "2.0.0"), ("c", "delayed", "4.2.2")]
    )
    found = judged(mails.report("MAILER-DAEMON@mx.example", "Undelivered", blocks)).bounces
    assert [(b.recipient, b.permanent) for b in found] == [("a@school.example", True), ("c@school.example", False)]


def test_success_is_no_bounce() -> None:
    """A report that all went well is only automatic."""
    assert judged(mails.DELIVERED).kind == "automatic"


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (rejected)",
        "X-Autoreply: yes",
        "X-Autorespond: holiday",
        "Precedence: auto_reply",
        "Precedence: bulk",
        "Precedence: junk",
        "Return-Path: <>",
        f"Subject: {word('自动回复：整改通知', 'gb18030')}",
        f"Subject: {word('自动答复: 整改通知')}",
        "Subject: Automatic reply: Notice",
        "Subject: Out of office: Notice",
        f"Subject: {word('来自示例一镇第一小学校长的自动回复：整改通知')}",
        f"Subject: {word('Re:自动回复')}",
        f"Subject: {word('回复：自动回复：整改通知')}",
        f"Subject: {word('外出通知')}",
        f"Subject: {word('休假通知：整改通知')}",
        "Subject: OOO: Notice",
        f"Subject: {word('已读回执')}",
        f"Subject: {word('您的邮件已收到')}",
        f"Subject: {word('您好，您的来信已收到')}",
        "Content-Type: text/calendar; method=REPLY",
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"',
    ],
)
def test_automatic(head: str) -> None:
    """No person wrote these, though they answer to ours."""
    assert judged(raw(f"From: {HEAD}\nIn-Reply-To: {OUR_ID}\n{head}", "我在休假")).kind == "automatic"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("您好，您的来信已收到，我会尽快处理。此为自动回复，请勿回复。", "automatic"),
        ("来信收悉。\n本邮件为系统自动回复，请不要直接回复本邮件", "automatic"),
        ("我在外地，9月10日回来。这是一封自动回复邮件。", "automatic"),
        ("Thanks. This is an automated response.", "automatic"),
        ("签收\n> 此为自动回复，请勿回复。", "reply"),
        ("这是自动回复吗？", "reply"),
        ("已设置自动回复，通知请发到新邮箱", "reply"),
    ],
)
def test_automata_that_say_so_only_in_words(words: str, kind: str) -> None:
    """Some webmails send what they answer by themselves without a header; what is quoted and what is asked is none."""
    mail = raw(f"From: {HEAD}\nSubject: {word('Re: 隐患交办')}\nIn-Reply-To: {OUR_ID}", words)
    assert judged(mail).kind == kind


@pytest.mark.parametrize(
    "head",
    [
        f"In-Reply-To: {OUR_ID}",
        f"References: <x@y.example> {OUR_ID}\nAuto-Submitted: no",
        f"Subject: {word('回复：整改通知')}\nPrecedence: normal",
        f"Subject: {word('答复: 自动回复规则')}\nReturn-Path: <{HEAD}>",
        "Subject: RE: Notice",
        f"Subject: {word('回复：休假通知的问题')}",
        f"In-Reply-To: {OUR_ID}\nSubject: {word('外出通知单已补齐')}",
        f"In-Reply-To: {OUR_ID}\nContent-Type: text/calendar; method=REQUEST",
    ],
)
def test_replies(head: str) -> None:
    """An answer by a person."""
    assert judged(raw(f"From: {HEAD}\n{head}", "签收")).kind == "reply"


@pytest.mark.parametrize(
    "mail",
    [
        mails.QQ,
        mails.NETEASE,
        mails.OUTLOOK_ZH,
        mails.OUTLOOK_EN,
        mails.FOXMAIL,
        mails.IPHONE,
        mails.WECHAT,
        mails.GMAIL,
    ],
)
def test_clients_write_replies(mail: bytes) -> None:
    """What people's programs write is taken for an answer."""
    assert judged(mail).kind == "reply"


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        (raw("From: list@x.example\nList-Id: <news.x.example>\nPrecedence: bulk\nSubject: Re: x"), "list"),
        (raw("From: list@x.example\nPrecedence: list"), "list"),
        (raw("From: someone@x.example\nSubject: hello"), "other"),
        (raw(f"From: someone@x.example\nSubject: {word('关于退信的问题')}"), "other"),
        (raw(f"From: postmaster@x.example\nSubject: {word('邮箱容量通知')}"), "other"),
        (raw(f"From: safety@bureau.example\nMessage-ID: {OUR_ID}"), "own"),
        (
            raw("From: safety@bureau.example\nMessage-ID: <other@gateway.example>\nX-Rectiflow-Occasion: assigned"),
            "own",
        ),
        (raw(f"From: x@x.example\nMessage-ID: {OUR_ID.replace('bureau', 'other')}"), "other"),
        (b"x" * (41 * 2**20), "unreadable"),
    ],
)
def test_others(mail: bytes, kind: str) -> None:
    """Lists, our own mails come back, and what concerns nobody here."""
    assert judged(mail).kind == kind


def test_what_we_send_is_our_own(make_message: MakeMessage, make_contact: object, templates: TemplateSet) -> None:
    """A mail of ours that is forwarded to our own mailbox ends there."""
    contact = Contact(person="p", name="校长", email=HEAD)
    sender = Sender(address="safety@bureau.example", name="安全股")
    sent = compose_mail(make_message(), contact, templates=templates, sender=sender, at=START)
    assert judged(sent.body).kind == "own"


@given(
    st.builds(
        Incoming,
        sender=st.sampled_from(["postmaster@x.example", "a@b.example", ""]),
        return_path=st.sampled_from(["", None, "a@b.example"]),
        subject=st.one_of(st.text(max_size=40), st.just("系统退信")),
        text=st.text(max_size=200),
        message_id=st.text(max_size=30),
        status=st.tuples(
            st.dictionaries(st.sampled_from(["action", "status", "final-recipient"]), st.text(max_size=20))
        ),
        returned=st.dictionaries(st.sampled_from(["to", "message-id"]), st.text(max_size=20)),
    )
)
def test_any_mail_is_judged(mail: Incoming) -> None:
    """Nothing raises, and only bounces name bounces."""
    judgement = judge(mail, own_domain="bureau.example")
    assert bool(judgement.bounces) == (judgement.kind == "bounce")
