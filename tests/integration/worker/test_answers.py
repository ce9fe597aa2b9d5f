"""Answers by mail and short message: carried out, kept as words, or shown to a person; never lost, never done twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import Any

import pytest

from rectiflow._answers import Received, receive_callback, receive_mail, receive_receipt, receive_sms
from rectiflow._answers.listing import letter, letters
from rectiflow._clock import SetClock
from rectiflow._desk import waiting_calls
from rectiflow._enclosing import KeptFiles
from rectiflow._persons import reach, set_reach
from rectiflow._upkeep import incidents, outbox
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.notifiers import Channel, FileChannel, Sender, SmsLog
from rectiflow.notifiers.mime import message_id
from rectiflow.notifiers.receipts import Receipt
from rectiflow.storage.queries import evidence_of
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
    sender = Sender(
        address=ADDRESS,
        name="区教育局安全股",
        reply_address=made.reply_keys.reply_address,
        files=KeptFiles(made.flow),
    )
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
    remarked = receive_mail(place, answer(first, "配件已订，周五到货。", address))
    assert (remarked.status, remarked.outcome) == ("unseen", "已记为补充说明")
    again = receive_mail(place, answer(first, "收到", address))
    assert (again.status, again.outcome) == ("done", "已经签收过")
    handed_in = receive_mail(place, answer(first, "申请复查\n已拆除门锁", address, ("整改后.png", PNG)))
    assert handed_in.outcome == "申请复查已办理"
    assert flow.ticket(number).state == "pending_verification"
    kinds = [(e.kind, e.via) for e in flow.history(number)[2:]]  # the second 签收 changed nothing
    assert kinds == [("acted", "mail"), ("remarked", "mail"), ("acted", "mail")]
    place.deliver()
    receipts = [m for m in outbox(flow, status="sent") if m.occasion == "来信回执"]
    assert len(receipts) == 4
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
    assert "不是关于某一条隐患的" in about_none.outcome


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
    assert early.outcome.startswith("申请复查没有办成：当前环节“待签收”不能“申请复查”，现在可以回复：签收、申请延期。")
    assert flow.ticket(number).state == "assigned"
    assert [e.kind for e in flow.history(number)].count("remarked") == 2


def test_an_extension_goes_through_decide(open_place: Workplace) -> None:
    """With day, reason and what is done meanwhile it is asked for; without it is refused and kept."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    assert "可办：" not in receive_mail(place, answer(mail, "申请延期", address)).outcome
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


def test_what_a_cloud_hands_over(open_place: Workplace) -> None:
    """An answer that comes by a callback is like one by hand; a body that is none is refused whole."""
    from rectiflow.engine.errors import NotFound
    from rectiflow.notifiers import NotifierError

    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222")
    (number,) = assigned(place, 1)
    place.deliver()
    body = (
        '[{"phone_number": "13911112222", "send_time": "2024-09-02 09:05:00", "content": "1", '
        '"sign_name": "区教育局", "dest_code": "0", "sequence_id": 1}]'
    )
    (done,) = receive_callback(place, "aliyun", "replies", body.encode())
    assert (done.outcome, done.number) == ("签收已办理", number)
    assert [r.again for r in receive_callback(place, "aliyun", "replies", body.encode())] == [True]
    with pytest.raises(NotifierError):
        receive_callback(place, "tencent", "receipts", b"<html>")
    with pytest.raises(NotFound, match="aliyun 或 tencent"):
        receive_callback(place, "nobody", "receipts", b"[]")


def test_a_notice_is_one_mail_with_the_paper_and_one_answer(open_place: Workplace) -> None:
    """Three hazards, one mail, the signed notice as Word; 签收 acknowledges it, and a remark stands with each hazard."""
    from docx import Document

    from rectiflow._papers import draft_paper, take_step
    from rectiflow.engine.papers import Order

    place, flow = open_place, open_place.flow
    _, address = head(place)
    today = flow.today()
    safety = flow.directory().holders("safety_section", None, today)[0]
    found: dict[str, Any] = {"source": "bureau", "found_on": today, "category": "fire", "unit": "town1_school2"}
    numbers = [flow.report("hazard", by=safety, description=f"第 {n} 处通道堆物", **found).number for n in range(1, 4)]
    officer = flow.directory().holders("safety_officer", "town1_school2", today)[0]
    demand = {"responsible_person": officer, "due_on": today + timedelta(days=14)}
    drafted = draft_paper(flow, "rectification_notice", numbers, Order(hand=flow.hand(safety), data=demand))
    leader = flow.directory().holders("bureau_leader", None, today)[0]
    take_step(flow, "sign", drafted.paper.id, Order(hand=flow.hand(leader)))
    take_step(flow, "serve", drafted.paper.id, Order(hand=flow.hand(safety, via="in-person")))
    place.deliver()
    mails = [message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml")]
    served = [m for m in mails if address in str(m["To"]) and "整改通知书" in str(m["Subject"])]
    assert len(served) == 1
    (word,) = served[0].iter_attachments()
    assert word.get_filename() == "整改通知书〔2024〕1号.docx"
    kept = place.folder / "notice.docx"
    kept.write_bytes(word.get_content())
    text = "\n".join(p.text for p in Document(str(kept)).paragraphs)
    assert "整改通知书" in text
    said = receive_mail(place, answer(served[0], "本周内整改完毕，先断电。", address))
    assert said.outcome == "已记为补充说明"
    done = receive_mail(place, answer(served[0], "签收", address))
    assert done.outcome == "签收已办理"
    for number in numbers:
        assert flow.ticket(number).state == "rectifying"
        assert [e.kind for e in flow.history(number)].count("remarked") == 1


def test_an_answer_to_a_digest_is_not_said_to_be_done(open_place: Workplace) -> None:
    """A digest speaks of many hazards: nothing is signed for, and the sender is told so."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    draft = MessageDraft(
        key=f"digest:2024-09-02:{principal}",
        recipient=principal,
        template="answer",
        params={"action": "汇总"},
        urgent=True,
    )
    flow.enqueue([draft])
    mail = mailed(place, principal)
    for text in ("签收", "申请复查", "申请延期到2024年9月27日 理由：配件未到货"):
        found = receive_mail(place, answer(mail, text, address))
        assert found.status == "waiting", text
        assert "请回复那条隐患的消息" in found.outcome


def test_a_crash_after_a_refusal_does_not_make_it_done(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused and kept as a remark is still refused when the mail is handed in again."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "整改完毕", address)
    with monkeypatch.context() as patched:
        patched.setattr("rectiflow.storage.incoming.settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            receive_mail(place, raw)
    again = receive_mail(place, raw)
    assert again.status == "waiting"
    assert "申请复查没有办成" in again.outcome
    assert [e.kind for e in flow.history(number)].count("remarked") == 1


def interrupted(*_words: object, **_more: object) -> None:
    """Die in the middle of it."""
    raise KeyboardInterrupt


def test_who_has_left_the_post_is_told_the_truth(open_place: Workplace) -> None:
    """Neither the action nor a remark is possible: the mail is kept, and nothing else is claimed."""
    from sqlalchemy import delete

    from rectiflow.storage.connect import writing
    from rectiflow.storage.tables import table

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    with writing(flow.store.engine) as connection:
        connection.execute(delete(table("holding")).where(table("holding").c.person == principal))
    flow.refresh()
    for text in ("签收", "同意销号"):
        found = receive_mail(place, answer(mail, text, address))
        assert found.status == "waiting"
        assert "已作为说明记录" not in found.outcome
        assert letter(flow, found.id).words == text
    assert flow.ticket(number).state == "assigned"


@pytest.mark.parametrize("text", ["签收", "配件已订"])
def test_two_processes_receive_the_same_mail(open_place: Workplace, text: str) -> None:
    """Once on record, one receipt, and both say the same."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), text, address)
    before, places, start = len(flow.history(number)), [dataclasses.replace(place) for _ in range(4)], Barrier(4)

    def receive(own: Workplace) -> str:
        try:
            _ = own.flow
            start.wait()
            return receive_mail(own, raw).outcome
        finally:
            own.flow.close()

    with ThreadPoolExecutor(4) as pool:
        said = set(pool.map(receive, places))
    assert len(said) == 1, said
    assert len(flow.history(number)) == before + 1
    assert len([m for m in outbox(flow) if m.occasion == "来信回执"]) == 1


@pytest.mark.parametrize("subject", [b"=?utf-8?B?AEEAQg==?=", b"a\0b\x1b[31m", b"=?utf-8?Q?=00?= \xff\xfe"])
def test_characters_that_no_database_takes(open_place: Workplace, subject: bytes) -> None:
    """A subject with NUL or control characters, plain or coded, does not keep a mail from being received."""
    place = open_place
    principal, address = head(place)
    (number,) = assigned(place, 1)
    lines = answer(mailed(place, principal, number), "配件已订", address).split(b"\r\n")
    begin = next(n for n, line in enumerate(lines) if line.startswith(b"Subject:"))
    end = next(n for n in range(begin + 1, len(lines)) if not lines[n].startswith(b" "))
    found = receive_mail(place, b"\r\n".join([*lines[:begin], b"Subject: " + subject, *lines[end:]]))
    assert found.outcome == "已记为补充说明"
    assert not set("\0\x1b") & set(letter(place.flow, found.id).subject)


def test_odd_characters_in_a_short_message(open_place: Workplace) -> None:
    """NUL and halves of characters go; the answer counts."""
    place = open_place
    principal, _ = head(place)
    set_reach(place.flow, principal, channels=("sms",), phone="13911112222")
    assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13911112222", "\0签收\0").outcome == "签收已办理"
    assert receive_sms(place, "13911112222", "好的\ud83d").outcome == "已记为补充说明"


@pytest.mark.parametrize(
    ("registered", "sender"),
    [("13911112222", "+8613911112222"), ("+8613911112222", "13911112222"), ("8613911112222", "139 1111 2222")],
)
def test_a_number_is_the_same_however_it_is_written(open_place: Workplace, registered: str, sender: str) -> None:
    """With or without the country's code, in the register and from the gateway; receipts too."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone=registered, email="")
    assigned(place, 1)
    place.deliver()
    assert receive_sms(place, sender, "1").outcome == "签收已办理"
    for n in (1, 2):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone=sender, delivered=False, code="UNDELIV", at=None)
        receive_receipt(place, bad)
    assert [r.person for r in reach(flow)] == [principal]


def test_a_number_that_two_persons_share(open_place: Workplace) -> None:
    """Nobody knows who answered: a person looks at it, nothing is signed for."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    other, _ = responsible(place)
    for person in (principal, other):
        set_reach(flow, person, channels=("sms",), phone="13911112222")
    (number,) = assigned(place, 1)
    place.deliver()
    found = receive_sms(place, "13911112222", "1")
    assert (found.status, found.number) == ("waiting", number)
    assert "不知道是谁的答复" in found.outcome
    assert flow.ticket(number).state == "assigned"


def test_two_mails_under_one_id(open_place: Workplace) -> None:
    """Both count; the same mail by another way, with other marks of the way, does not count again."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    first, second = (answer(mail, text, address) for text in ("配件已订", "配件已到"))
    identity = str(message_from_bytes(first, policy=default)["Message-ID"]).encode()
    own = str(message_from_bytes(second, policy=default)["Message-ID"]).encode()
    assert not receive_mail(place, first).again
    assert not receive_mail(place, second.replace(own, identity)).again
    assert [e.kind for e in flow.history(number)].count("remarked") == 2
    other_way = b"Received: from mx.school.example\r\n" + first.replace(b"\r\n", b"\n")
    assert receive_mail(place, other_way).again


def test_a_mail_of_fifty_megabytes_is_kept(open_place: Workplace) -> None:
    """Not opened, but who sent it is known, and its bytes can be had."""
    from rectiflow._answers.listing import original

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "照片在附件里", address) + b"x" * (50 * 2**20)
    found = letter(flow, receive_mail(place, raw).id)
    assert (found.status, found.kind, found.sender) == ("waiting", "unreadable", address)
    assert "50 MB" in found.outcome
    assert found.subject.startswith("回复：")
    assert original(flow, found) == raw


def test_numbers_are_masked_in_what_others_read(open_place: Workplace) -> None:
    """Incidents, histories and the log name a telephone number only in part."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222", email="")
    (number,) = assigned(place, 1)
    place.deliver()
    for n in (1, 2):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone="13911112222", delivered=False, code="UNDELIV", at=None)
        found = receive_receipt(place, bad)
        assert found is not None
        assert "139****2222" in found.outcome
    assigned(place, 1)
    place.deliver()
    told = [
        *(i.message for i in incidents(flow)),
        *(str(e.private) for e in flow.history(number)),
        *reach(flow)[0].troubles,
    ]
    assert len(told) > 4
    assert not [t for t in told if "13911112222" in t]


def test_answers_about_restricted_hazards(open_place: Workplace) -> None:
    """Who may not see the hazard sees its number and nothing of the answer, and cannot finish it."""
    from sqlalchemy import update

    from rectiflow._answers.listing import done_by_hand
    from rectiflow.engine.errors import Refused
    from rectiflow.storage.connect import writing
    from rectiflow.storage.tables import table

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    found = receive_mail(place, answer(mailed(place, principal, number), "两名学生发生纠纷", address))
    with writing(flow.store.engine) as connection:
        connection.execute(update(table("ticket")).where(table("ticket").c.number == number).values(restricted=True))
    stranger = flow.directory().holders("principal", "town1_school1", flow.today())[0]
    (seen,) = letters(flow, by=stranger)
    assert (seen.number, seen.words, seen.subject, seen.raw) == (number, "", "", None)
    with pytest.raises(Refused, match="受限"):
        letter(flow, found.id, by=stranger)
    with pytest.raises(Refused, match="受限"):
        done_by_hand(flow, [found.id], by=stranger)
    assert letters(flow, by=principal)[0].words == "两名学生发生纠纷"


def served(place: Workplace, count: int) -> tuple[str, list[str]]:
    """Draft, sign and serve a notice over some hazards; return its id and their numbers."""
    from rectiflow._papers import draft_paper, take_step
    from rectiflow.engine.papers import Order
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


def test_a_notice_is_signed_for_as_a_whole(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its hazards, also after a crash; what is handed in is handed in for all, and refused for all."""
    from rectiflow._papers import paper_line

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    paper, numbers = served(place, 3)
    mail = mailed(place, principal)
    early = receive_mail(place, answer(mail, "申请复查", address, ("整改后.png", PNG)))
    assert "申请复查没有办成" in early.outcome
    assert [e.kind for n in numbers for e in flow.history(n)].count("remarked") == 3
    raw = answer(mail, "签收", address)
    with monkeypatch.context() as patched:
        patched.setattr("rectiflow.storage.incoming.settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            receive_mail(place, raw)
    assert receive_mail(place, raw).outcome == "签收已办理"
    assert paper_line(flow, paper, by=principal).status == "acknowledged"
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}
    done = receive_mail(place, answer(mail, "申请复查\n均已清理", address, ("整改后.png", PNG)))
    assert done.outcome == "申请复查已办理"
    assert {flow.ticket(n).state for n in numbers} == {"pending_verification"}


def test_a_short_message_signs_for_a_notice(open_place: Workplace) -> None:
    """1 in answer to the short message about a notice is for all hazards on it."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222", email="")
    _, numbers = served(place, 2)
    place.deliver()
    assert receive_sms(place, "13911112222", "1").outcome == "签收已办理"
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}


def test_what_stands_beside_an_action_is_kept(open_place: Workplace) -> None:
    """Words below 签收, and a file that comes with a request for more time: done, and a remark with them, once."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    raw = answer(mail, "签收\n另外三楼消防栓没有水", address)
    done = receive_mail(place, raw)
    assert done.outcome == "签收已办理，其余内容已记为补充说明"
    words = [(e.private or {}).get("note") for e in flow.history(number) if e.kind == "remarked"]
    assert words == ["另外三楼消防栓没有水"]
    asked = answer(mail, "申请延期到2024年9月27日 理由：配件未到货\n临时措施：专人值守", address, ("合同.png", PNG))
    assert receive_mail(place, asked).status == "unseen"
    assert receive_mail(place, asked).again
    assert [e.kind for e in flow.history(number)].count("remarked") == 2
    assert len(evidence_of(flow.store.engine, flow.district, number)) == 1


def test_an_answer_is_about_what_its_sender_had_read(open_place: Workplace) -> None:
    """A late "1" speaks of what had been sent when it was written; after a digest nobody can say which hazard it means."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222")
    (first,) = assigned(place, 1)
    place.deliver()
    written = flow.now() + timedelta(minutes=1)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(hours=2)
    (second,) = assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13911112222", "1", at=written).number == first
    assert flow.ticket(second).state == "assigned"
    flow.enqueue(
        [MessageDraft(key="digest:x", recipient=principal, template="generic", params={"lines": "三条"}, urgent=True)]
    )
    place.clock.forward(minutes=5)
    place.deliver()
    assert "请回复那条隐患的消息" in receive_sms(place, "+86 139 1111 2222", "1").outcome
    assert flow.ticket(second).state == "assigned"
