"""Mails taken apart, whatever they are."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rectiflow.notifiers.charset import decode_text, decode_words
from rectiflow.notifiers.flowed import unfold
from rectiflow.notifiers.hypertext import text_of_html
from rectiflow.notifiers.incoming import Incoming, Limits, read_mail, too_large
from rectiflow.notifiers.quoting import new_text
from rectiflow.notifiers.wish import read_wish

from . import mails
from .mails import JPG, OUR_ID, raw, word

CLIENTS = {
    "qq": (mails.QQ, "已整改完成\n见附件。", "submit"),
    "qq-composer": (mails.QQ_COMPOSER, "签收", "sign"),
    "163": (mails.NETEASE, "收到", "sign"),
    "163-app": (mails.NETEASE_APP, "申请复查", "submit"),
    "coremail": (mails.COREMAIL, "收到", "sign"),
    "outlook-zh": (mails.OUTLOOK_ZH, "申请延期到2025年1月15日 理由：配件 未到货", "extend"),
    "outlook-en": (mails.OUTLOOK_EN, "签收", "sign"),
    "foxmail": (mails.FOXMAIL, "请复查\n\n\n\n校长室", "submit"),
    "foxmail-html": (mails.FOXMAIL_HTML, "签收", "sign"),
    "iphone": (mails.IPHONE, "已整改完毕", "submit"),
    "wechat": (mails.WECHAT, "签收", "sign"),
    "wechat-html": (mails.WECHAT_HTML, "已整改完成\n见附件。", "submit"),
    "gmail": (mails.GMAIL, "已经全部更换，请安全股看一下。", "comment"),
}


@pytest.mark.parametrize(("mail", "new", "wish"), CLIENTS.values(), ids=CLIENTS.keys())
def test_clients(mail: bytes, new: str, wish: str) -> None:
    """From bytes to what is asked for, as each program writes it."""
    got = read_mail(mail)
    assert got.refused == ""
    assert new_text(got.text) == new
    assert read_wish(new, date(2024, 12, 2)).kind == wish
    assert got.recipients == ("safety@bureau.example",)
    assert got.in_reply_to == got.references == (OUR_ID,)
    assert got.sent_at == datetime(2024, 12, 2, 2, tzinfo=UTC)
    assert "整改通知" in got.subject or got.subject == "RE: Notice"


@pytest.mark.parametrize(("mail", "name"), [(mails.QQ, "整改后.jpg"), (mails.IPHONE, "IMG_0001.jpeg")])
def test_attachments(mail: bytes, name: str) -> None:
    """Name and bytes, whatever the type is said to be."""
    (piece,) = read_mail(mail).attachments
    assert (piece.name, piece.content) == (name, JPG)


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        ("镕基㙍".encode("gb18030"), "gb2312", "镕基㙍"),
        ("签收".encode("gbk"), "us-ascii", "签收"),
        ("签收".encode("gbk"), "utf-8", "签收"),
        ("签收".encode("gbk"), "iso-8859-1", "签收"),
        ("签收".encode("gbk"), None, "签收"),
        ("签收".encode("gbk"), "x-unknown\0", "签收"),
        ("签收".encode(), "gb2312", "签收"),
        ("签收".encode(), "GBK", "签收"),
        ("\ufeff签收".encode(), "utf-8", "签收"),
        ("簽收".encode("big5"), "big5", "簽收"),
        ("簽收".encode("big5"), "cp950", "簽收"),
        ("簽收".encode("big5"), "windows-950", "簽收"),
        ("签收".encode("utf-16"), "utf-16", "签收"),
        ("签收".encode("hz"), "hz-gb-2312", "签收"),
        ("café".encode("latin-1"), "iso-8859-1", "café"),
        (b"\xff\xfe\xfd", "utf-8", "\ufffd\ufffd\ufffd"),
        (b"abc", "base64", "abc"),
    ],
)
def test_charsets(content: bytes, label: str | None, text: str) -> None:
    """Labels that are wrong, unknown or missing do not matter."""
    assert decode_text(content, label) == text


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (word("整改通知", "gb2312"), "整改通知"),
        ("=?utf-8?B?5pW05pS5?= =?utf-8?B?6YCa55+l?=", "整改通知"),
        ("=?utf-8?B?5pW05pQ=?=\r\n =?utf-8?B?uemAmuefpQ==?=", "整改通知"),  # a character cut in two
        ('"=?utf-8?q?=E7=AD=BE=E6=94=B6?=" x', '"签收" x'),
        ("整改".encode("gbk").decode("ascii", "surrogateescape"), "整改"),
        ("=?utf-8?B?!!!?=", ""),
        ("=?", "=?"),
    ],
)
def test_headers(header: str, text: str) -> None:
    """Encoded words, whole or in pieces, and bare bytes."""
    assert decode_words(header) == text


def test_names_of_attachments() -> None:
    """RFC 2231 in pieces, and bare GBK bytes."""
    head = "From: a@b.example\nContent-Type: application/pdf\nContent-Disposition: attachment; "
    pieces = "filename*0*=utf-8''%E6%95%B4%E6%94%B9; filename*1*=%E6%8A%A5%E5%91%8A.pdf"
    assert read_mail(raw(head + pieces, b"%PDF-")).attachments[0].name == "整改报告.pdf"
    assert (
        read_mail(raw(head + 'filename="整改报告.pdf"', b"%PDF-", charset="gbk")).attachments[0].name == "整改报告.pdf"
    )
    assert read_mail(raw(head + "filename*=nonsense'", b"%PDF-")).attachments[0].name != "整改报告.pdf"


def test_html() -> None:
    """Lines, quotes and entities; no script, no style, no comment, no half tag."""
    html = (
        "<head><title>x</title></head><body>第一行<br/>第二&lt;行&gt;<!-- no --><![if x]><script>no</script><p>a  b</p>"
        "<blockquote>旧<blockquote>更旧</blockquote></blockquote><pre>1\n2</pre>3 < 4 <a href='x"
    )
    assert text_of_html(html) == "第一行\n第二<行>\na b\n> 旧\n>> 更旧\n1\n2\n3 < 4 <a href='x"


@pytest.mark.parametrize("size", [10, 3_999, 4_000, 5_000, 390_000])
def test_a_tag_is_none_of_the_words_however_long(size: int) -> None:
    """Styles that Word writes, pictures within the page."""
    html = f'<p class=MsoNormal style="{"a" * size}">签收</p><img src="data:image/x,{"A" * size}"/>'
    assert text_of_html(html) == "签收"


def test_a_tag_that_is_cut_off_is_no_word() -> None:
    """Only so much of a page is looked at."""
    assert text_of_html(f'<p>签收</p><img src="{"A" * 500_000}"/>') == "签收"
    assert text_of_html(f"<p>签收</p>3 &lt; 4{'<br>' * 100_000}<p>x") == "签收\n3 < 4"


@pytest.mark.parametrize(
    "piece", ["<", "<a", "<a ", "<a b='", "</p", "<!", "<!--", "<p ", "a<b>", "<p>", "&lt", "<" * 9]
)
def test_hostile_pages_are_read(piece: str) -> None:
    """As many unfinished tags as are looked at; a square of that would not end."""
    assert isinstance(text_of_html(piece * (400_000 // len(piece))), str)


def test_pictures_within_a_page() -> None:
    """They are files like others, and their letters are no words; what is broken is left out."""
    coded = base64.b64encode(JPG).decode()
    html = (
        f'<p>申请复查</p><img src="data:image/jpeg;base64,{coded}"><p>已更换</p>'
        '<img src="data:image/png;base64,A"><img src="data:image/svg+xml;utf8,%3Csvg/%3E"><p>完</p>'
    )
    got = read_mail(raw("From: a@b.example\nContent-Type: text/html; charset=utf-8", html))
    assert [line for line in got.text.splitlines() if line] == ["申请复查", "已更换", "完"]
    assert [(p.media_type, p.content, p.inline) for p in got.attachments] == [("image/jpeg", JPG, True)]


def test_words_below_a_large_picture_within_a_page() -> None:
    """The picture does not use up what is read of a page."""
    coded = base64.b64encode(JPG + b"x" * 2_000_000).decode()
    html = f'<img src="data:image/jpeg;base64,{coded}"><p>申请复查</p>'
    got = read_mail(raw("From: a@b.example\nContent-Type: text/html; charset=utf-8", html))
    assert (got.text.strip(), len(got.attachments)) == ("申请复查", 1)


def test_flowed() -> None:
    """Paragraphs come together, quotes and signatures stay apart."""
    assert unfold("a \nb\n> c \n> d\n-- \ne \n\nf") == "a b\n> c d\n-- \ne \nf"
    assert unfold("整 \n改", delete_space=True) == "整改"


def test_mail_within_a_mail() -> None:
    """A forwarded mail is named, not read as ours."""
    mail = raw("From: a@b.example\nContent-Type: message/rfc822", "Subject: old\n\n签收")
    got = read_mail(mail)
    assert [p.name for p in got.attachments] == ["转发的邮件.eml"]
    assert got.text == ""
    assert got.returned == {"subject": "old"}


@pytest.mark.parametrize("before", [b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_what_stands_before_the_header(before: bytes) -> None:
    """Empty lines and a byte order mark, as pipes and saved files have them: the sender is known all the same."""
    got = read_mail(before + raw("From: a@b.example\nSubject: x", "签收"))
    assert (got.sender, got.subject, got.text.strip()) == ("a@b.example", "x", "签收")
    assert read_mail(before).sender == ""


def test_envelope() -> None:
    """An empty return path is told from none."""
    assert read_mail(b"Return-Path: <>\r\n\r\n").return_path == ""
    assert read_mail(b"Return-Path: <A@b.example>\r\n\r\n").return_path == "a@b.example"
    assert read_mail(b"\r\n").return_path is None


def test_header_of_a_returned_mail() -> None:
    """Some bounces give back the header only."""
    got = read_mail(raw("Content-Type: text/rfc822-headers", f"Message-ID: {OUR_ID}\nSubject: {word('整改')}"))
    assert got.returned == {"message-id": OUR_ID, "subject": "整改"}
    assert got.attachments == ()


def test_addresses() -> None:
    """Those that are none are left out, however deep their brackets are."""
    got = read_mail(raw('From: "a, b" <A@b.example>\nTo: x, "<@", c@d.example;\nCc: ' + "(" * 2000))
    assert got.sender == "a@b.example"
    assert got.recipients == ("c@d.example",)


def test_an_address_behind_a_quote_that_does_not_end() -> None:
    """It still is where the mail went; whom it is from is never guessed so."""
    got = read_mail(raw('From: "head <head@school.example>\nTo: "office <safety+abc@bureau.example>'))
    assert got.recipients == ("safety+abc@bureau.example",)


def test_control_characters() -> None:
    """Neither the old ones nor those of ISO 6429's upper half reach a terminal."""
    assert read_mail(raw("From: a@b.example", "签\x9b31m收\x85\x1b[2J")).text == "签31m收[2J"


SMALL = Limits(
    mail_bytes=100_000, head_bytes=2_000, headers=50, parts=10, boundaries=500, depth=4, lines=5_000, work=20_000
)


def nested(depth: int) -> bytes:
    """Return parts within parts."""
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))


@pytest.mark.parametrize(
    ("told", "sender"),
    [
        ("Head@School.example", "head@school.example"), ("<h@s.example>", "h@s.example"),
        ("h@s.example (校长 (代))", "h@s.example"), ("h@s.example <evil@x.example>", "evil@x.example"),
        ('"h@s.example, \\" <h@s.example>" <evil@x.example>', "evil@x.example"), ("张校长 <h@s.example>", "h@s.example"),
        ("=?utf-8?B?5qCh6ZW/?= <h@s.example>", "h@s.example"), ("(<h@s.example>) evil@x.example", "evil@x.example"),
        ("<evil@x.example> h@s.example", ""), ("h@s.example, evil@x.example", ""), ("h@s.example, <evil@x.example>", ""),
        ("h@s.example:evil@x.example;", ""), ("<@evil.example:h@s.example>", ""), ('"h <h@s.example>', ""),
        ("<h@s.example><evil@x.example>", ""), ("h@s.example evil@x.example", ""), ("h@s.example\nFrom: evil@x.example", ""),
        ("h@s.example\nfrom: evil@x.example", ""), ("", ""), ("(" * 9 + "x" + ")" * 9 + "h@s.example", ""),
        ("x" * 3000 + " <h@s.example>", ""),
    ],
)  # fmt: skip
def test_the_sender_is_one_or_none(told: str, sender: str) -> None:
    """The address in brackets, else the only one; where another reader could take another for it, nobody."""
    assert read_mail(raw(f"From: {told}\nSubject: x\n\n签收")).sender == sender


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (b"x" * 100_001, "最多 0 MB"),
        (b"X: " + b"y" * 3_000, "邮件头超过 1 KB"),
        (b"X: y\n" * 60 + b"\n", "邮件头超过 50 行"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\n" * 11, "部件超过 10 个"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 11, "部件超过 10 个"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 501, "分隔行过多"),
        (b"X: y\n" + b"\n" * 5_001, "行数过多"),
        (nested(4) + b"x\n" * 4_990, "行数过多"),
        (nested(6), "嵌套超过 4 层"),
        (b"X: y\r" + b"\r" * 5_001, "行数过多"),
        (nested(4).replace(b"\n", b"\r") + b"x\r" * 4_990, "行数过多"),
        (b"Content-Type: multipart/mixed; boundary=b\r\r" + b"--b\r\r" * 501, "分隔行过多"),
        (b"X: y\r\n\r\n" + b"Content-Type: text/plain\r" * 11, "部件超过 10 个"),
        (nested(6).replace(b"\n", b"\r"), "嵌套超过 4 层"),
    ],
)  # fmt: skip
def test_bombs(mail: bytes, why: str) -> None:
    """What is beyond the limits is refused, in words."""
    got = read_mail(mail, limits=SMALL)
    assert why in got.refused
    assert got == Incoming(refused=got.refused)


def test_deep_but_allowed_by_count() -> None:
    """As deep as the number of parts lets it be, it is refused without an error."""
    assert "嵌套" in read_mail(nested(199)).refused


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_depth_is_told_before_the_parts_are_read(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser does not even begin: it compares every line with all boundaries that are open."""
    monkeypatch.delattr("email.message_from_bytes")
    assert "嵌套超过 30 层" in read_mail(nested(40).replace(b"\n", end)).refused


def test_parts_beside_each_other_are_not_deep() -> None:
    """Many mails enclosed in one, each with parts, are refused for nothing that they are not."""
    inside = b"--o\nContent-Type: multipart/mixed; boundary=i%d\n\n--i%d\n\ntext\n--i%d--\n"
    mail = b'Content-Type: multipart/mixed;\n boundary="o"\n\n' + b"".join(inside % (n, n, n) for n in range(40))
    assert read_mail(mail + b"--o--\n").text.count("text") == 40


def test_size_before_fetching() -> None:
    """A mail of 50 MB need not even be fetched; what a server says of its size does not make it smaller."""
    assert "最多" in read_mail(b"From: a@b.example\n\n" + b"x" * 100_001, size=10, limits=SMALL).refused
    assert "50 MB" in too_large(50 * 2**20)
    assert too_large(2**20) == ""


lines = st.lists(
    st.sampled_from(
        [
            b"From: =?gb2312?B?x6nK1Q==?= <a@b>", b"To: ,,<>(", b"Subject: =?utf-8?B?/w==?=", b"Message-ID: <\xff>",
            b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822", b"--b", b"--b--", b"",
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', b"<b>\xc7\xa9 \x00", b"=",
            b"Content-Type: message/delivery-status", b'Content-Type: text/html; charset="\xff', b"Action: failed",
            b"Content-Type: text/plain; format=flowed", b"Content-Type: ;=;*", b"Content-Type: text/plain; charset*=''%00",
            b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: x-uuencode", b"begin 644 a", b"/w==",
            b"Content-Disposition: attachment;", b" filename*0*=x'y'%ff; filename*1=\"", b"Final-Recipient: rfc822;",
            b"Date: 99 Foo 99999 99:99 +9999", b"Content-Type: text/rfc822-headers", b"Content-Type: message/partial",
        ]
    ),
    max_size=25,
).map(b"\n".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), lines))
@example(b"Content-Type: multipart/mixed; boundary=\n\n--\n--\n")
def test_no_bytes_raise(mail: bytes) -> None:
    """There is an answer to any bytes, and it is never about a mistake of the parser."""
    got = read_mail(mail)
    assert "读不了" not in got.refused
    got.text.encode()
    got.subject.encode()
