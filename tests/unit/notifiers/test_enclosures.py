"""Files that go with a mail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32, default
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imap_tools import MailMessage
from msgspec.structs import replace

from rectiflow.notifiers import Enclosure, Message, Rendered, Sender, TemplateSet
from rectiflow.notifiers.enclosures import part_of
from rectiflow.notifiers.mime import compose_mail, files_of, lean
from rectiflow.notifiers.parameters import RESTRICTED

from .conftest import START, MakeContact, MakeMessage

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LONG = "梁子湖区教育局关于太和镇中心小学教学楼二楼疏散通道堆放课桌椅等重大事故隐患整改情况的复查意见书（第二次）.docx"


class Shelf:
    """Files by their hash."""

    def __init__(self, *contents: bytes) -> None:
        self.kept = {hashlib.sha256(c).hexdigest(): c for c in contents}

    def read(self, sha256: str) -> bytes | None:
        """Return the bytes."""
        return self.kept.get(sha256)


def enclosure(name: str, content: bytes, media_type: str = WORD) -> Enclosure:
    """Return what a row says of a file."""
    return Enclosure(name=name, media_type=media_type, sha256=hashlib.sha256(content).hexdigest())


def compose(
    templates: TemplateSet, message: Message, contact: MakeContact, shelf: Shelf | None, most: int = 1000
) -> Rendered:
    """Compose with some files at hand."""
    sender = Sender(address="safety@edu.example", name="梁子湖区教育局", files=shelf, most_enclosed=most)
    return compose_mail(message, contact(), templates=templates, sender=sender, at=START)


def plain(rendered: Rendered) -> str:
    """Return the text of a mail."""
    part = message_from_bytes(rendered.body, policy=default).get_body(("plain",))
    assert part is not None
    return "\n".join(part.get_content().splitlines()) + "\n"


def test_a_mail_with_files(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """The words come first, then the files as they were; the same input gives the same bytes."""
    word, picture = b"PK\x03\x04\r\nword\x00", b"\x89PNG\n"
    message = make_message(
        attachments=(enclosure("整改通知书.docx", word), enclosure("photo 1.png", picture, "image/png"))
    )
    shelf = Shelf(word, picture)
    rendered = compose(templates, message, make_contact, shelf)
    assert compose(templates, message, make_contact, shelf) == rendered
    assert rendered.body.isascii()
    mail = message_from_bytes(rendered.body, policy=default)
    assert not mail.defects
    assert [p.get_content_type() for p in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", WORD, "image/png",
    ]  # fmt: skip
    files = list(mail.iter_attachments())
    assert [(f.get_filename(), f.get_content()) for f in files] == [("整改通知书.docx", word), ("photo 1.png", picture)]
    assert "附件" not in plain(rendered)
    assert b"\n" not in rendered.body.replace(b"\r\n", b"")


@pytest.mark.parametrize("name", ["整改通知书〔2024〕5号.docx", LONG, "report 1.docx"])
def test_a_name_is_read_by_everybody(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact, name: str
) -> None:
    """By who knows RFC 2231, by who looks for encoded words, and by a reader that is not the standard library's newest."""
    rendered = compose(templates, make_message(attachments=(enclosure(name, b"x"),)), make_contact, Shelf(b"x"))
    assert [a.filename for a in MailMessage.from_bytes(rendered.body).attachments] == [name]
    (old,) = [p for p in message_from_bytes(rendered.body, policy=compat32).walk() if p.get_content_type() == WORD]
    assert old.get_filename() == name
    head = str(old["Content-Type"])
    (words,) = re.findall(r'name="([^"]*)"', head)
    assert str(make_header(decode_header(words))) == name
    assert all(len(line) <= 78 for line in rendered.body.split(b"\r\n") if WORD.encode() not in line)
    if not name.isascii():
        said = str(old["Content-Disposition"])
        pieces = re.findall(r"filename(?:\*\d+)?\*=([^;\s]+)", said)
        assert unquote("".join(pieces).removeprefix("utf-8''")) == name
        assert all("�" not in unquote(piece) for piece in pieces)


def test_what_is_too_large_is_named_instead(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """What fits is sent, in its order; what does not, and what is gone or changed, is named in text and page."""
    contents = (b"a" * 600, b"b" * 500, b"c" * 400, b"d")
    names = ("甲.docx", "乙.docx", "丙.docx", "丁.docx")
    message = make_message(attachments=tuple(map(enclosure, names, contents)))
    rendered = compose(templates, message, make_contact, Shelf(*contents[:3]))
    mail = message_from_bytes(rendered.body, policy=default)
    assert [f.get_filename() for f in mail.iter_attachments()] == ["甲.docx", "丙.docx"]
    assert "附件过大，请到安全股领取：乙.docx\n附件暂不能提供，请到安全股领取：丁.docx\n" in plain(rendered)
    page = mail.get_body(("html",))
    assert page is not None
    assert "附件过大，请到安全股领取：乙.docx<br>附件暂不能提供" in page.get_content()


def test_what_was_kept_back_is_named_with_its_reason(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """It is not looked for; of many, the first are named and all are counted."""
    kept_back = [Enclosure(name=f"照片{n}.jpg", kept_back="照片打不开") for n in range(1, 11)]
    message = make_message(attachments=(*kept_back, enclosure("甲.docx", b"a")))
    rendered = compose(templates, message, make_contact, Shelf(b"a", b""))
    mail = message_from_bytes(rendered.body, policy=default)
    assert [f.get_filename() for f in mail.iter_attachments()] == ["甲.docx"]
    assert "照片打不开，请到安全股领取：照片1.jpg、" in plain(rendered)
    assert "照片8.jpg等 10 个\n" in plain(rendered)
    assert "照片9" not in plain(rendered)


def test_bytes_that_are_not_those_of_the_row(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A file that was changed since is not sent as if it were the one meant; neither is any without a shelf."""
    message = make_message(attachments=(enclosure("甲.docx", b"as it was"),))
    shelf = Shelf()
    shelf.kept[message.attachments[0].sha256] = b"another"
    for files in (shelf, None):
        rendered = compose(templates, message, make_contact, files)
        assert "附件暂不能提供，请到安全股领取：甲.docx" in plain(rendered)
        assert not list(message_from_bytes(rendered.body, policy=default).iter_attachments())


def test_a_restricted_message_has_no_files(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Neither the file nor its name leaves."""
    message = make_message(
        template=RESTRICTED, attachments=(enclosure("机密.docx", b"x"), enclosure("密件.docx", b"y"))
    )
    rendered = compose(templates, message, make_contact, Shelf(b"x"))
    assert not list(message_from_bytes(rendered.body, policy=default).iter_attachments())
    assert "机密" not in plain(rendered)
    assert "密件" not in plain(rendered)


def shown(name: str, media_type: str = WORD) -> tuple[str | None, str]:
    """Return name and type as a mail program reads them."""
    part = message_from_bytes(part_of(enclosure(name, b"x", media_type), b"x").as_bytes(), policy=compat32)
    return part.get_filename(), part.get_content_type()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a"b;c=d.docx', "a_b_c_d.docx"),
        ("a\r\nBcc: x@evil.example.docx", "a Bcc_ x@evil.example.docx"),
        ("", "附件"),
        ("...", "附件"),
        ("长" * 100 + ".docx", "长" * 54 + "….docx"),
        ("=?utf-8?b?DQo=?=.docx", "_utf-8_b_DQo_.docx"),
    ],
)
def test_names_are_safe(name: str, seen: str) -> None:
    """A name from data is neither a path nor a header, and keeps its end when it is cut."""
    assert shown(name)[0] == seen


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "text/html; charset=x", "", "a/b\r\nBcc: x"])
def test_types_are_safe(kind: str) -> None:
    """What is no plain media type is sent as bytes."""
    assert shown("a.eml", kind)[1] == "application/octet-stream"


@settings(deadline=None)
@given(name=st.text(max_size=90), kind=st.text(max_size=20))
def test_no_header_injection(name: str, kind: str) -> None:
    """Whatever a file is called, its part has three headers and its content."""
    part = part_of(enclosure(name, b"x", kind), b"x")
    raw = part.as_bytes()
    head, _, body = raw.partition(b"\n\n")
    assert body.strip() == b"eA=="
    assert raw.isascii()
    starts = [line.split(b":")[0] for line in head.splitlines() if not line.startswith((b" ", b"\t"))]
    assert starts == [b"Content-Type", b"Content-Disposition", b"Content-Transfer-Encoding"]
    read = message_from_bytes(raw, policy=compat32)
    assert read.get_filename()
    parts: Mapping[str, str] = dict(read.get_params() or [])
    assert set(parts) <= {read.get_content_type(), "name"}


def test_what_is_kept_of_a_mail_that_was_sent(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Its words and headers, and of each file name, size and hash; a mail without files is kept as it is."""
    notice, picture = b"PK" + b"x" * 500, b"\xff\xd8" + b"y" * 300
    message = make_message(
        attachments=(enclosure(LONG, notice), enclosure("第1项隐患照片1.jpg", picture, "image/jpeg"))
    )
    sent = compose(templates, message, make_contact, Shelf(notice, picture))
    kept = lean(sent)
    assert kept is not None
    assert len(kept) < len(sent.body) - 1_000
    assert [size for _, size in files_of(kept)] == [502, 302] == [size for _, size in files_of(sent.body)]
    assert files_of(kept)[1][0] == "第1项隐患照片1.jpg"
    assert hashlib.sha256(notice).hexdigest() in str(message_from_bytes(kept, policy=default)["X-Rectiflow-File"])
    assert plain(replace(sent, body=kept)) == plain(sent)
    bare = compose(templates, make_message(), make_contact, None)
    assert lean(bare) is None
    assert files_of(bare.body) == []
