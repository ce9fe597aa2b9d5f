"""Answers by mail and short message: carried out, kept as words, or shown to a person; never lost, never done twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

import pytest

from rectiflow._answers import Received, receive_mail, receive_receipt, receive_sms
from rectiflow._answers.listing import letter, letters
from rectiflow._clock import SetClock
from rectiflow._desk import waiting_calls
from rectiflow._persons import reach, set_reach
from rectiflow._upkeep import incidents, outbox
from rectiflow._workplace import Workplace
from rectiflow.notifiers import Channel, FileChannel, Sender, SmsLog
from rectiflow.notifiers.mime import message_id
from rectiflow.notifiers.receipts import Receipt
from support.pictures import PNG
from support.workplaces import assigned

ADDRESS = "safety@bureau.example"


@pytest.fixture
def open_place(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """Give a workplace that asks for answers, whose mails are written into files."""
    settings = place.settings
    made = dataclasses.replace(
        place,
        settings=settings.model_copy(
            update={
                "inbox": settings.inbox.model_copy(update={"address": ADDRESS}),
                "mail": settings.mail.model_copy(update={"sender": ADDRESS, "sender_name": "区教育局安全股"}),
            }
        ),
    )
    sender = Sender(address=ADDRESS, name="区教育局安全股", reply_address=made.reply_keys.reply_address)
    out = made.folder / "out"

    def channels(_place: Workplace) -> list[Channel]:
        return [
            FileChannel(out, sender=sender),
            SmsLog(made.folder / "sms.log", signature="区教育局", now=made.flow.now),
        ]

    monkeypatch.setattr(Workplace, "channels", channels)
    yield made
    made.flow.close()


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


def test_a_hazard_by_mail_from_assignment_to_evidence(open_place: Workplace) -> None:
    """Signed for, remarked on, handed in with a photograph: each by an answer, each confirmed, each on record once."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    first = mailed(place, principal, number)
    assert "请在此行以上回复" in first.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    raw = answer(first, "签收", address)
    done = receive_mail(place, raw)
    assert (done.status, done.number, done.outcome) == ("done", number, "签收已办理")
    assert flow.ticket(number).state == "rectifying"
    assert receive_mail(place, raw).again
    assert receive_mail(place, answer(first, "配件已订，周五到货。", address)).outcome == "已记为补充说明"
    handed_in = receive_mail(place, answer(first, "申请复查\n已拆除门锁", address, ("整改后.png", PNG)))
    assert handed_in.outcome == "申请复查已办理"
    assert flow.ticket(number).state == "pending_verification"
    kinds = [(e.kind, e.via) for e in flow.history(number)[2:]]
    assert kinds == [("acted", "mail"), ("remarked", "mail"), ("acted", "mail")]
    place.deliver()
    receipts = [m for m in outbox(flow, status="sent") if m.occasion == "来信回执"]
    assert len(receipts) == 3
    assert {m.number for m in receipts} == {number}
    assert not [b for *_, breaks in flow.audit() for b in breaks]


def test_a_receipt_is_answered_too(open_place: Workplace) -> None:
    """People answer the last mail they got: a receipt is about the hazard, too. A digest is about many: a person decides."""
    from rectiflow.engine.decision import MessageDraft

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    receive_mail(place, answer(mailed(place, principal, number), "签收", address))
    receipt = called(place, f"来信收到 {number}")
    assert receive_mail(place, answer(receipt, "申请复查", address, ("整改后.png", PNG))).outcome == "申请复查已办理"
    assert flow.ticket(number).state == "pending_verification"
    other = MessageDraft(key="other", recipient=principal, template="answer", params={}, urgent=True)
    flow.enqueue([other])
    about_none = receive_mail(place, answer(called(place, "来信收到"), "整改完毕", address))
    assert about_none.status == "waiting"
    assert "不是关于一条隐患的" in about_none.outcome


def test_what_may_not_be_done_by_mail(open_place: Workplace) -> None:
    """Verification, close-out and approval are kept as words and told so; what the rules refuse too, with the reasons."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    refused = receive_mail(place, answer(mail, "验收合格，同意销号", address))
    assert refused.status == "waiting"
    assert "不能通过邮件" in refused.outcome
    early = receive_mail(place, answer(mail, "整改完毕", address))
    assert early.status == "waiting"
    assert "申请复查没有办成" in early.outcome
    assert flow.ticket(number).state == "assigned"
    assert [e.kind for e in flow.history(number)].count("remarked") == 2


def test_an_extension_goes_through_decide(open_place: Workplace) -> None:
    """With day, reason and what is done meanwhile it is asked for; without it is refused and kept."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    asked = receive_mail(place, answer(mail, "申请延期到2024年9月27日 理由：配件未到货\n临时措施：专人值守", address))
    assert asked.outcome == "申请延期已办理"
    (request,) = flow.snapshot(number).requests
    assert (request.kind, request.status) == ("extension", "pending")
    again = receive_mail(place, answer(mail, "申请延期", address))
    assert "没有办成" in again.outcome
    assert again.status == "waiting"


def test_who_is_not_the_recipient_changes_nothing(open_place: Workplace) -> None:
    """Another sender, a forged token, a token of another message's return path, none at all: kept and shown."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    before = flow.ticket(number).rev
    other = receive_mail(place, answer(mail, "签收", "stranger@school.example"))
    assert "不是这条消息的收件人" in other.outcome
    token = str(mail["Reply-To"]).partition("+")[2].partition("@")[0]
    for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), "0" * len(token), ""):
        forged = answer(mail, f"签收 {wrong[:4]}", address).replace(token.encode(), wrong.encode())
        found = receive_mail(place, forged)
        assert found.status == "waiting", found
        assert "没有有效的回执码" in found.outcome
    assert flow.ticket(number).rev == before
    assert len(letters(flow, status="waiting")) == 4


def test_a_deputy_answers_for_who_is_away(open_place: Workplace) -> None:
    """While somebody is away the deputy's own address is as good, and acts in the other's place."""
    from rectiflow._persons import register

    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    deputy, address = responsible(place)
    today = flow.today()
    register(flow, principal, deputy, since=today, until=today + timedelta(days=3))
    flow.refresh()
    done = receive_mail(place, answer(mail, "签收", address))
    assert done.outcome == "签收已办理"
    assert letter(flow, done.id).person == deputy


def test_automata_are_dropped_and_never_answered(open_place: Workplace) -> None:
    """Out of office, lists, our own mail coming back, and two automata that talk to each other without end."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    raw = answer(mail, "我正在休假", address)
    away = raw.replace(b"From:", b"Auto-Submitted: auto-replied\r\nFrom:", 1)
    assert receive_mail(place, away).status == "dropped"
    assert receive_mail(place, mail.as_bytes()).status == "dropped"
    sent = len(outbox(flow))
    said = [receive_mail(place, answer(mail, f"您的来信已收到，编号 {n}", address)).outcome for n in range(16)]
    assert len([s for s in said if s == "已记为补充说明"]) < 14
    assert "可能是自动回复" in said[-1]
    assert len(outbox(flow)) - sent < 14


def test_mails_that_come_back_give_an_address_up(open_place: Workplace) -> None:
    """Two that are given up for good: nothing more is sent there, an incident says so, and somebody calls."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    set_reach(flow, person, phone="")
    numbers = assigned(place, 3)
    outcomes: list[Received] = []
    for number in numbers[:2]:
        mail = mailed(place, person, number)
        outcomes.append(receive_mail(place, returned(place, str(mail["Message-ID"]), address)))
    assert [o.status for o in outcomes] == ["done", "done"]
    assert "退回第 1 次" in outcomes[0].outcome
    assert "已停发" in outcomes[1].outcome
    assert [r.person for r in reach(flow)] == [person]
    assert numbers[1] in {i.number for i in incidents(flow)}
    assert waiting_calls(flow, numbers[1]) == ["sign"]


def returned(place: Workplace, identity: str, address: str) -> bytes:
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
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
    ).encode()


def test_a_short_message_answers_the_last_one(open_place: Workplace) -> None:
    """1 is 签收 of what was sent last to that number; another number, and silence of three days, ask for a person."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222")
    (number,) = assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13900000000", "1").status == "waiting"
    done = receive_sms(place, "13911112222", "1")
    assert (done.outcome, done.number) == ("签收已办理", number)
    assert flow.history(number)[-1].via == "sms"
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=5)
    assert "三天内" in receive_sms(place, "13911112222", "收到").outcome


def test_a_receipt_of_an_unreached_number(open_place: Workplace) -> None:
    """Delivered ones leave no trace; two that failed give the number up."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222", email="")
    assigned(place, 1)
    place.deliver()
    good = Receipt(message_id=None, vendor_id="1", phone="13911112222", delivered=True, code="DELIVRD", at=None)
    assert receive_receipt(place, good) is None
    for n in (2, 3):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone="13911112222", delivered=False, code="UNDELIV", at=None)
        found = receive_receipt(place, bad)
        assert found is not None
    assert [r.person for r in reach(flow)] == [principal]


def test_refused_attachments_are_told(open_place: Workplace) -> None:
    """An executable is left out and named; the answer itself counts, and the mail waits for a look."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    done = receive_mail(place, answer(mail, "签收", address, ("照片.exe", b"MZ" + b"\0" * 400)))
    assert done.status == "waiting"
    assert "签收已办理" in done.outcome
    assert "照片.exe" in done.outcome
    assert flow.ticket(number).state == "rectifying"


def test_a_crash_between_doing_and_noting(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handed in again, the answer is found on record and not carried out a second time."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "配件已订", address)

    class Killed(BaseException):
        pass

    def dies(*_words: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("rectiflow.storage.incoming.settle", dies)
        with pytest.raises(Killed):
            receive_mail(place, raw)
    assert receive_mail(place, raw).outcome == "已记为补充说明"
    assert [e.kind for e in flow.history(number)].count("remarked") == 1


def test_keys_are_made_once_and_kept_private(open_place: Workplace) -> None:
    """The file is for its owner alone; an older key still verifies; a broken file is said."""
    from rectiflow.engine.errors import WorkplaceError

    place = open_place
    keys = place.reply_keys.keys
    file: Path = place.folder / "secrets" / "reply.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(keys[0]) == 32
    file.write_text("ab" * 32 + "\n" + keys[0].hex())
    assert dataclasses.replace(place).reply_keys.keys == (b"\xab" * 32, keys[0])
    for broken in ("not hex", "ab", ""):
        file.write_text(broken)
        with pytest.raises(WorkplaceError, match="回执码密钥"):
            _ = dataclasses.replace(place).reply_keys.keys
    assert message_id.__doc__
