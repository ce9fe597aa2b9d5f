"""Answers as people write them to what went out, and who writes them."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any

from rectiflow._persons import set_reach
from rectiflow._workplace import Workplace

from .workplaces import assigned

ADDRESS = "safety@bureau.example"


def mailed(place: Workplace, person: str, number: str | None = None) -> EmailMessage:
    """Return the last mail that went to a person, about a hazard."""
    place.deliver()
    address = place.flow.directory().persons[person].email or ""
    found = [message_from_bytes(p.read_bytes(), policy=default) for p in sorted((place.folder / "out").glob("*.eml"))]
    mine = [m for m in found if address in str(m["To"]) and number in (None, m["X-Rectiflow-Number"])]
    return mine[-1]


def called(place: Workplace, subject: str) -> EmailMessage:
    """Return a mail that went out, by its subject."""
    place.deliver()
    found = (message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml"))
    return next(m for m in found if m["Subject"] == subject)


def answer(mail: EmailMessage, text: str, sender: str, *files: tuple[str, bytes]) -> bytes:
    """Write an answer to a mail as a person's mail program would."""
    reply = EmailMessage(policy=SMTP)
    reply["From"], reply["To"] = sender, str(mail["Reply-To"])
    reply["Subject"] = f"回复：{mail['Subject']}"
    reply["Message-ID"] = f"<{abs(hash((text, sender)))}@school.example>"
    reply["In-Reply-To"] = str(mail["Message-ID"])
    quoted = "".join(f"> {line}\n" for line in mail.get_body(("plain",)).get_content().splitlines()[:8])  # type: ignore[union-attr]
    reply.set_content(f"{text}\n\n在 2024年9月2日，安全股 <{ADDRESS}> 写道：\n{quoted}")
    for name, content in files:
        reply.add_attachment(content, maintype="image", subtype="png", filename=name)
    return reply.as_bytes()


def returned(place: Workplace, identity: str, address: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """Write what a mail server sends back (RFC 3464), to the return path of a mail."""
    from rectiflow.notifiers import Rendered

    path = place.reply_keys.return_path(
        Rendered(channel="mail", to=address, subject=None, body=b"", message_id=identity)
    )
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@school.example\r\nTo: {path}\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <{abs(hash(identity))}@school.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.school.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} refused\r\n\r\n--b--\r\n"
    ).encode()


def responsible(place: Workplace) -> tuple[str, str]:
    """Return who answers for the hazard, with a mail address."""
    person = place.flow.directory().holders("safety_officer", "town1_school2", place.flow.today())[0]
    set_reach(place.flow, person, email="officer@school.example")
    return person, "officer@school.example"


def head(place: Workplace) -> tuple[str, str]:
    """Return the head of the school, with a mail address."""
    person = place.flow.directory().holders("principal", "town1_school2", place.flow.today())[0]
    set_reach(place.flow, person, email="head@school.example")
    return person, "head@school.example"


def served(place: Workplace, count: int) -> tuple[str, list[str]]:
    """Draft, sign and serve a notice over some hazards; return its id and their numbers."""
    from rectiflow._papers import draft_paper, take_step
    from rectiflow.engine.paper import Order
    from rectiflow.engine.stimulus import Hand

    flow, today = place.flow, place.flow.today()
    holders = flow.directory().holders
    safety, leader = holders("safety_section", None, today)[0], holders("bureau_leader", None, today)[0]
    found: dict[str, Any] = {"source": "bureau", "found_on": today, "category": "fire", "unit": "town1_school2"}
    numbers = [
        flow.report("hazard", by=safety, description=f"第 {n} 处疏散通道堆放杂物", **found).number for n in range(count)
    ]
    demand = {"due_on": "2024-09-20", "responsible_person": holders("safety_officer", "town1_school2", today)[0]}
    paper = draft_paper(flow, "rectification_notice", numbers, Order(hand=Hand(actor=safety), data=demand)).paper.id
    take_step(flow, "sign", paper, Order(hand=Hand(actor=leader)))
    take_step(flow, "serve", paper, Order(hand=Hand(actor=safety)))
    return paper, numbers


def interrupted(*_words: object, **_more: object) -> None:
    """Die in the middle of it."""
    raise KeyboardInterrupt


def texted(place: Workplace, phone: str = "13911112222", *, email: str = "") -> tuple[str, str]:
    """Give a hazard to a head who is told by short message; return who that is, and the number.

    Args:
        email: an address beside the telephone.
    """
    principal, _ = head(place)
    set_reach(place.flow, principal, channels=("sms",), phone=phone, email=email)
    (number,) = assigned(place, 1)
    place.deliver()
    return principal, number
