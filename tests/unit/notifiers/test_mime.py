"""Mails in their final bytes."""

from __future__ import annotations

from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from rectiflow.notifiers import REPLY_MARK, Contact, Message, Rendered, RenderFailure, Sender, TemplateSet
from rectiflow.notifiers.mime import compose_mail, message_id, thread_id

from .conftest import START, MakeContact, MakeMessage

SENDER = Sender(address="safety@edu.example", name="梁子湖区教育局")


def compose(templates: TemplateSet, message: Message, contact: Contact, at: datetime = START) -> Rendered:
    """Compose with the usual sender."""
    return compose_mail(message, contact, templates=templates, sender=SENDER, at=at)


def parse(rendered: Rendered) -> EmailMessage:
    """Read the bytes as a mail program does."""
    return message_from_bytes(rendered.body, policy=default)


def test_headers(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """Names and subject are encoded rightly, the date is the clock's in Shanghai, automata are told not to answer."""
    rendered = compose(templates, make_message(), make_contact())
    mail = parse(rendered)
    assert rendered.body.isascii()
    assert mail["Subject"] == rendered.subject == "隐患交办 LZH-2024-000123 太和镇中心小学"
    assert mail["From"] == "梁子湖区教育局 <safety@edu.example>"
    assert mail["To"] == "太和镇中心小学校长 <head@school.example>"
    assert mail["Date"] == "Mon, 02 Dec 2024 09:30:00 +0800"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert (mail["X-Rectiflow-Occasion"], mail["X-Rectiflow-Number"]) == ("assigned", "LZH-2024-000123")
    assert not mail.defects
    assert all(len(line) <= 998 for line in rendered.body.split(b"\r\n"))
    assert b"\n" not in rendered.body.replace(b"\r\n", b"")


def test_text_and_page(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """A mail has a plain text and, as the better alternative, a page."""
    mail = parse(compose(templates, make_message(), make_contact()))
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in mail.iter_parts():
        assert "太和镇中心小学校长，您好：" in part.get_content()
        assert part.get_content_charset() == "utf-8"


def test_same_message_same_bytes(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """Rendering twice gives the same bytes, so nothing random is in them."""
    first = compose(templates, make_message(), make_contact())
    assert compose(templates, make_message(), make_contact()) == first
    assert first.template_version == templates.version("assigned")


def test_message_id_depends_on_the_row_alone(make_message: MakeMessage) -> None:
    """District, row and time of writing make the id; the words, the attempts and the recipient do not."""
    base = message_id(make_message(), "edu.example")
    assert base == message_id(make_message(attempts=3, template="urge", recipient="p-2"), "edu.example")
    others = [make_message(id=8), make_message(district="420703"), make_message(created_at=START + timedelta(hours=1))]
    assert len({base, *(message_id(m, "edu.example") for m in others)}) == 4
    assert base.endswith("@edu.example>")


def test_a_ticket_is_one_thread(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """All mails of a ticket answer to one made-up first mail; a mail without a ticket answers to none."""
    mails = [
        parse(compose(templates, make_message(id=i, template=t), make_contact()))
        for i, t in ((1, "assigned"), (2, "urge"))
    ]
    root = thread_id("420704", "LZH-2024-000123", "edu.example")
    assert {mail["In-Reply-To"] for mail in mails} == {mail["References"] for mail in mails} == {root}
    assert root not in {mail["Message-ID"] for mail in mails}
    alone = parse(compose(templates, make_message(number=None, template="report_ready", params={}), make_contact()))
    assert alone["References"] is None


def test_a_substitute_is_told_for_whom(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """During absence the greeting is the substitute's, and the text names the absent one."""
    contact = make_contact(name="太和镇中心小学副校长", standing_in_for="太和镇中心小学校长")
    message = make_message(params={"recipient": "太和镇中心小学校长"})
    part = parse(compose(templates, message, contact)).get_body(("plain",))
    assert part is not None
    assert part.get_content().splitlines()[:2] == [
        "太和镇中心小学副校长，您好：",
        "（太和镇中心小学校长不在岗，本事项由您代为办理。）",
    ]


def test_a_long_name_and_subject_survive(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """What needs folding into several encoded words is read back whole."""
    unit = "梧桐湖园区教育办公室附属示范幼儿园（东区）"
    mail = parse(
        compose(templates, make_message(params={"unit": unit * 3}), make_contact(name="第一副校长, “代理” " * 3))
    )
    assert mail["Subject"] == f"隐患交办 LZH-2024-000123 {unit * 3}"
    (to,) = mail["To"].addresses
    assert to.addr_spec == "head@school.example"
    assert to.display_name.replace(" ", "") == "第一副校长,“代理”" * 3  # some versions' parser adds gaps between words


def test_an_unusable_address_is_a_render_failure(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """An address with a line break never reaches a header."""
    with pytest.raises(RenderFailure, match="不是有效地址"):
        compose(templates, make_message(), make_contact(email="a@b.example\nBcc: c@d.example"))


def test_where_answers_are_read(templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact) -> None:
    """An address for answers stands in the head; text and page begin with the mark, and do not say nobody reads them."""

    def address(message: Message, contact: Contact) -> str | None:
        return f"reply+{message.id}.{contact.person}@edu.example" if message.number else None

    sender = Sender(address="safety@edu.example", name="梁子湖区教育局", reply_address=address)
    answered, alone = (
        parse(compose_mail(m, make_contact(), templates=templates, sender=sender, at=START))
        for m in (make_message(), make_message(number=None))
    )
    assert answered["Reply-To"] == "梁子湖区教育局 <reply+7.p-head@edu.example>"
    assert alone["Reply-To"] is None
    for part in answered.iter_parts():
        text = part.get_content()
        assert text.count(REPLY_MARK) == 1
        assert text.index(REPLY_MARK) < text.index("您好：")
        assert "可直接回复" in text
        assert "无人查收" not in text
    for part in alone.iter_parts():
        assert REPLY_MARK not in part.get_content()
        assert "回复无人查收" in part.get_content()
    text = answered.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith(f"{REPLY_MARK}\r\n\r\n太和镇中心小学校长，您好：")


def test_an_unusable_address_for_answers(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """It never reaches a header."""
    sender = Sender(
        address="a@b.example", name="局", reply_address=lambda message, contact: "a@b.example\nBcc: c@d.example"
    )
    with pytest.raises(RenderFailure, match=r"回复地址“a@b.example Bcc: c@d.example”不是有效邮箱"):
        compose_mail(make_message(), make_contact(), templates=templates, sender=sender, at=START)


def test_no_list_and_no_precedence(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A notice is no list that could be left, and asks for no lower place."""
    mail = parse(compose(templates, make_message(), make_contact()))
    assert not {"list-id", "list-unsubscribe", "precedence"} & {name.lower() for name in mail.keys()}  # noqa: SIM118
