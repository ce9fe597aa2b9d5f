"""No data, however wild, puts a line of its own into the head of a mail."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import compat32, default

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rectiflow.notifiers import PARAMETERS, Contact, RenderFailure, Sender, TemplateSet, builtin_templates
from rectiflow.notifiers.address import is_address
from rectiflow.notifiers.mime import compose_mail
from rectiflow.notifiers.plaintext import one_line
from rectiflow.notifiers.sms import compose_sms

from .conftest import START, MakeMessage

TEMPLATES = TemplateSet.load([builtin_templates()])
HEADERS = {
    "from", "to", "date", "subject", "message-id", "mime-version", "content-type", "auto-submitted",
    "x-auto-response-suppress", "x-rectiflow-occasion", "x-rectiflow-number", "x-rectiflow-sequence",
    "in-reply-to", "references",
}  # fmt: skip

pieces = st.sampled_from(
    ["\r\n", "\n", "\r", "\u2028", "\u0085", "\x0b", "\x00", "\nBcc: x@evil.example", "=?utf-8?b?DQpCY2M6?=", "=?utf-8?q?=0D=0A?=",
     '"', "<", ">", ",", ";", "\\", "(", ":", "@", " ", "校长", "e\u0301", "\ud800", "\u202e", "🙂", "{{ number }}", "--", "."]
)  # fmt: skip
wild = st.one_of(st.text(max_size=40), st.lists(pieces, max_size=12).map("".join))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=wild,
    sender_name=wild.filter(lambda s: s.strip() != ""),
    number=st.one_of(st.none(), wild),
    template=st.sampled_from(sorted(TEMPLATES.occasions)),
    params=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), st.one_of(wild, st.none(), st.integers(-9, 999))),
    address=st.one_of(st.just("head@school.example"), wild, wild.map(lambda s: f"head{s}@school.example")),
    standing_in_for=st.one_of(st.none(), wild),
)
def test_no_header_injection(
    make_message: MakeMessage,
    *,
    name: str,
    sender_name: str,
    number: str | None,
    template: str,
    params: dict[str, str | int | None],
    address: str,
    standing_in_for: str | None,
) -> None:
    """A mail is either refused, or has exactly the headers it should, one recipient, and readable parts."""
    message = make_message(number=number, template=template, params=params)
    contact = Contact(person="p", name=name, email=address, phone="13800000001", standing_in_for=standing_in_for)
    sender = Sender(address="safety@edu.example", name=sender_name)
    try:
        rendered = compose_mail(message, contact, templates=TEMPLATES, sender=sender, at=START)
    except RenderFailure:
        assert not is_address(address)
        return
    head = rendered.body.split(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        assert not set(line) & {0, 10, 13}
        assert line.startswith((b" ", b"\t")) or line.split(b":")[0].decode().lower() in HEADERS
    raw = message_from_bytes(rendered.body, policy=compat32)
    assert {k.lower() for k in raw.keys()} <= HEADERS  # noqa: SIM118 - a message is no dict
    assert len(raw.keys()) == len(set(raw.keys()))
    mail = message_from_bytes(rendered.body, policy=default)
    assert [a.addr_spec for a in mail["To"].addresses] == [address]
    assert [a.addr_spec for a in mail["From"].addresses] == ["safety@edu.example"]
    assert mail["Subject"] == one_line(str(mail["Subject"]))
    assert len([part.get_content() for part in mail.iter_parts()]) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    template=st.sampled_from(sorted(TEMPLATES.occasions)),
    params=st.dictionaries(st.sampled_from(sorted(PARAMETERS)), wild),
    signature=wild,
    phone=wild,
)
def test_sms_is_one_line(
    make_message: MakeMessage, *, template: str, params: dict[str, str], signature: str, phone: str
) -> None:
    """A short message and its number hold no break and no tab."""
    message = make_message(template=template, params=params)
    contact = Contact(person="p", name="校长", phone=phone)
    try:
        rendered = compose_sms(message, contact, templates=TEMPLATES, signature=signature)
    except RenderFailure:
        assert not one_line(phone)
        return
    assert one_line(rendered.to) == rendered.to
    assert one_line(rendered.body.decode()) == rendered.body.decode()
