"""Answers by mail: carried out, kept as words, or shown to a person."""

from __future__ import annotations

import dataclasses
from base64 import b64encode
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from msgspec import to_builtins

from rectiflow._answers import receive_mail, receive_sms
from rectiflow._answers.acting import Answer, stimulus_of
from rectiflow._answers.listing import letter, letters
from rectiflow._clock import SetClock
from rectiflow._messages import outbox
from rectiflow._persons import set_reach
from rectiflow._today import today
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.moments import chinese_date
from rectiflow.engine.stimulus import Ask
from rectiflow.notifiers.parameters import EXTENSION
from rectiflow.notifiers.wish import read_wish
from rectiflow.storage import queries
from rectiflow.storage.connect import writing
from rectiflow.storage.queries import evidence_of
from rectiflow.storage.tables import table
from support.answers import answer, called, head, mailed, responsible, returned, served
from support.pictures import JPEG, PNG, telephone_picture
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage


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


def test_a_mailbox_of_two_answers_as_the_head(open_place: Workplace) -> None:
    """The head and the officer have one mailbox and get one mail: what only the head may ask for is done by an answer to it."""
    place, flow = open_place, open_place.flow
    (officer, address), (principal, _) = responsible(place), head(place)
    set_reach(flow, principal, email=address)
    (number,) = assigned(place, 1)
    asked = chinese_date(flow.today() + timedelta(days=20))
    mail = mailed(place, officer, number)
    done = receive_mail(place, answer(mail, f"申请延期到{asked}，理由：等待招标。临时管控措施：专人值守", address))
    assert (done.status, [r.asked_by for r in flow.snapshot(number).requests]) == ("done", [principal])


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
    assert asked.outcome == "申请延期到2024年9月27日已提交，等待批复"
    (request,) = flow.snapshot(number).requests
    assert (request.kind, request.status) == ("extension", "pending")
    again = receive_mail(place, answer(mail, "申请延期", address))
    assert "没有办成" in again.outcome
    assert again.status == "waiting"


def test_what_is_missing_is_said_with_what_to_do(open_place: Workplace) -> None:
    """A photograph by mail, also by who wrote a short message; a day, in a sentence that can be copied."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    bare = receive_mail(place, answer(mail, "申请复查\n已换新", address))
    assert bare.outcome.startswith("申请复查没有办成：缺“佐证材料”，请附上整改后的照片，再回复一次。")
    wrong = receive_mail(place, answer(mail, "申请复查\n换了", address, ("照片.exe.jpg", b"MZ" + b"\0" * 400)))
    assert "附件“照片.exe.jpg”没有收：内容不是 jpg 格式" in wrong.outcome
    asked = receive_mail(place, answer(mail, "申请延期，理由：等资金", address))
    said = f"申请延期没有办成：没有写延期到哪一天；缺“临时管控措施”；请照这样写：“{EXTENSION}”。"
    assert asked.outcome.startswith(said)
    set_reach(flow, principal, channels=("sms",), phone="13911112222", email=address)
    (other,) = assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13911112222", "签收").number == other
    assert "缺“佐证材料”，请用邮件附照片。" in receive_sms(place, "13911112222", "申请复查").outcome


def test_what_is_sent_back_waits_for_a_person(open_place: Workplace) -> None:
    """Nothing is carried out; the words stand with the hazard, the office sees them, and the sender is told whom to call."""
    place, flow = open_place, open_place.flow
    place = dataclasses.replace(place, settings=place.settings.model_copy(update={"contact": "0711-1234567"}))
    principal, address = head(place)
    (number,) = assigned(place, 1)
    sent_back = receive_mail(place, answer(mailed(place, principal, number), "退回，该处属隔壁小学管理", address))
    assert (sent_back.status, flow.ticket(number).state) == ("waiting", "assigned")
    assert sent_back.outcome == "没有办理退回，已转安全股处理（急的请致电 0711-1234567）。来信内容已作为说明记录"
    receipt = called(place, f"来信收到 {number}")
    assert sent_back.outcome in receipt.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    assert "没有办理退回" in str(to_builtins(today(flow, by=safety)))
    told = len(outbox(flow))
    assert receive_mail(place, answer(receipt, "来信退回，编号 2", address)).status == "waiting"
    assert len(outbox(flow)) == told  # an automaton that says so to each receipt is told once
    place.flow.close()


def test_days_count_from_the_deadline(open_place: Workplace) -> None:
    """10天 are ten days more than the deadline gives; where that has passed, ten days from the letter."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    words = "申请延期10天，理由：等待招标。临时管控措施：专人值守"
    snapshot, late = flow.snapshot(number), date(2024, 9, 25)
    wish = read_wish(words, late)
    asked = stimulus_of(snapshot, Answer(actor=principal, via="mail", mark="m", wish=wish, words=words, on=late))
    assert isinstance(asked, Ask)
    assert asked.data["new_due_on"] == date(2024, 10, 5)
    due_on = date.fromisoformat(str(snapshot.case.marks["due_on"]))
    assert due_on > flow.today()
    until = chinese_date(due_on + timedelta(days=10))
    assert receive_mail(place, answer(mail, words, address)).outcome == f"申请延期到{until}已提交，等待批复"


def test_a_deputy_answers_for_who_is_away(open_place: Workplace) -> None:
    """While somebody is away the deputy's own address is as good, and acts in the other's place."""
    from rectiflow._persons import register

    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    deputy, address = responsible(place)
    day = flow.today()
    register(flow, principal, deputy, since=day, until=day + timedelta(days=3))
    flow.refresh()
    done = receive_mail(place, answer(mail, "签收", address))
    assert done.outcome == "签收已办理"
    assert letter(flow, done.id).person == deputy


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


def test_a_photograph_within_a_page_is_evidence(open_place: Workplace) -> None:
    """A program that writes a page alone, with the picture in a tag: the words are the words, the picture is kept."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    photo = telephone_picture("整改后")
    coded = b64encode(photo).decode()
    html = f'<div>申请复查</div><div>已更换</div><img src="data:image/jpeg;base64,{coded}"><blockquote>旧</blockquote>'
    reply = message_from_bytes(answer(mail, "x", address), policy=SMTP)
    reply.set_content(html, subtype="html")
    done = receive_mail(place, reply.as_bytes())
    assert (done.status, done.outcome) == ("done", "申请复查已办理")
    assert flow.ticket(number).fields["measures"] == "已更换"
    assert [e["size"] for e in evidence_of(flow.store.engine, flow.district, number)] == [len(photo)]


def test_a_small_picture_within_the_words_is_told_of(open_place: Workplace) -> None:
    """It may be a logo or the photograph that was asked for: who hands in with no other learns that it was not taken."""
    place = open_place
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)

    def with_picture(text: str, *files: tuple[str, bytes]) -> bytes:
        reply = message_from_bytes(answer(mail, text, address, *files), policy=SMTP)
        reply.add_attachment(JPEG, "image", "jpeg", filename="IMG_1.jpg", disposition="inline", cid="<1@x>")
        return reply.as_bytes()

    told = "正文里的小图片没有收，是照片的请作为附件发"
    signed = receive_mail(place, with_picture("签收"))
    assert (signed.status, signed.outcome) == ("done", "签收已办理")
    refused = receive_mail(place, with_picture("申请复查\n已更换"))
    assert refused.outcome.endswith(told)
    done = receive_mail(place, with_picture("申请复查\n已更换好", ("整改后.png", PNG)))
    assert (done.status, done.outcome) == ("done", "申请复查已办理")


def _signed(raw: bytes) -> bytes:
    """Sign a mail as mail programs do (S/MIME, RFC 8551), with a certificate of its sender's."""
    authority = trustme.CA()
    issued = authority.issue_cert("head@school.example")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    inner = message_from_bytes(raw, policy=SMTP)
    outer = [(name, value) for name, value in inner.items() if not name.lower().startswith(("content-", "mime-"))]
    for name, _ in outer:
        del inner[name]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(inner.as_bytes())
    builder = builder.add_signer(
        x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()), key, hashes.SHA256()
    )
    signed = builder.sign(serialization.Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature])
    return "".join(f"{name}: {value}\r\n" for name, value in outer).encode() + signed


def test_a_signed_mail_is_a_mail_like_others(open_place: Workplace) -> None:
    """With S/MIME: nothing is said of the signature, and nobody has to look."""
    place = open_place
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = _signed(answer(mailed(place, principal, number), "签收", address))
    assert b"smime.p7s" in raw
    done = receive_mail(place, raw)
    assert (done.status, done.outcome) == ("done", "签收已办理")


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


def test_a_signature_is_no_word(open_place: Workplace) -> None:
    """Foxmail's line with the own address, a school and a name: nothing to be looked at, and nothing that was done."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    signed = receive_mail(place, answer(mail, "签收\n\n示例一镇第一小学\n校长 王某某", address))
    assert (signed.status, signed.outcome) == ("done", "签收已办理")
    handed_in = answer(mail, f"申请复查\n\n\n{address}", address, ("整改后.png", PNG))
    assert receive_mail(place, handed_in).outcome == "申请复查已办理"
    assert flow.ticket(number).fields["measures"] == "已完成整改"
    assert "remarked" not in [e.kind for e in flow.history(number)]


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


def held_back(place: Workplace) -> EmailMessage:
    """Let the digest of the next day bring the head of the school what was too much for one; return it."""
    assert isinstance(place.clock, SetClock)
    (person, _), m = head(place), table("message")
    with writing(place.flow.store.engine) as connection:
        connection.execute(m.update().where(m.c.recipient == person).values(status="held"))
    place.clock.forward(days=1)
    mail = mailed(place, person)
    assert str(mail["Subject"]).startswith("今日汇总")
    return mail


def test_a_digest_asks_for_a_receipt_where_one_is_due(open_place: Workplace) -> None:
    """Whose hazards wait for 签收 is told how; not who has signed, nor the office, which is only told of them."""
    place, flow, (principal, address) = open_place, open_place.flow, head(open_place)
    numbers = assigned(place, 2)
    keeper, m = flow.directory().holders("safety_section", None, flow.today())[0], table("message")
    for number in numbers:
        flow.enqueue(
            [MessageDraft(key="x", recipient=keeper, template="reminder", params={"invited": False}, held=True)],
            number=number,
        )
    digest = held_back(place)
    assert "第一行写“签收”和隐患编号" in digest.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    told = [r for r in queries.messages(flow.store.engine, flow.district, status="sent") if r["template"] == "digest"]
    assert {r["recipient"]: r["params"].get("invited") for r in told}[keeper] is False
    for number in numbers:
        receive_mail(place, answer(digest, f"签收 {number}", address))
    with writing(flow.store.engine) as connection:
        connection.execute(
            m.update().where(m.c.key == f"{numbers[0]}:x").values(recipient=principal, status="held", params={})
        )
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    later = mailed(place, principal)
    assert str(later["Subject"]).startswith("今日汇总")
    assert "签收”和隐患编号" not in later.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_what_a_digest_brings_is_signed_for_by_its_number(open_place: Workplace) -> None:
    """Of several the number is asked for; what it does not speak of is not meant."""
    place, flow, (_, address) = open_place, open_place.flow, head(open_place)
    one, other = assigned(place, 2)
    digest = held_back(place)
    asked = receive_mail(place, answer(digest, "签收", address))
    assert (asked.status, asked.outcome) == ("done", f"有2条待签收：{one}、{other}，请回复 签收 编号")
    unknown = receive_mail(place, answer(digest, "签收 LZH-2024-000777", address))
    assert unknown.outcome.startswith("这份汇总里没有 LZH-2024-000777，没有办理；请写消息里的编号，如“签收 ")
    done = receive_mail(place, answer(digest, f"签收 {other}", address))
    assert (done.status, done.number, done.outcome) == ("done", other, "签收已办理")
    assert [flow.ticket(n).state for n in (one, other)] == ["assigned", "rectifying"]
    last = receive_mail(place, answer(digest, "收到", address))
    assert (last.number, flow.ticket(one).state) == (one, "rectifying")
    handed_in = receive_mail(place, answer(digest, f"申请复查 {other}\n已拆除门锁", address, ("整改后.png", PNG)))
    assert (handed_in.outcome, flow.ticket(other).state) == ("申请复查已办理", "pending_verification")


def test_a_notice_that_a_digest_brings_is_signed_for_at_once(open_place: Workplace) -> None:
    """All its hazards, by one answer."""
    place, flow, (_, address) = open_place, open_place.flow, head(open_place)
    _, numbers = served(place, 2)
    digest = held_back(place)
    done = receive_mail(place, answer(digest, "签收", address))
    assert (done.status, done.outcome) == ("done", "签收已办理")
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}


def test_an_answer_to_the_letter_of_a_visit_is_about_none_of_its_hazards(open_place: Workplace) -> None:
    """The letter bears the number of the first; nothing is signed for, and words wait for a person."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    draft = MessageDraft(
        key="visit:1",
        recipient=principal,
        template="visit_reported",
        params={"count": 2, "lines": "一\n二"},
        urgent=True,
    )
    place.deliver()
    flow.enqueue([draft], number=number)
    place.deliver()
    subject = next(m.subject for m in outbox(flow, status="sent") if m.occasion == "检查发现隐患")
    mail = called(place, str(subject))
    assert "请回复那条隐患的消息" in receive_mail(place, answer(mail, "签收", address)).outcome
    assert receive_mail(place, answer(mail, "第二条已经改好", address)).status == "waiting"
    assert [e.kind for e in flow.history(number)].count("remarked") == 0


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


def test_today_tells_nothing_of_restricted_answers(open_place: Workplace) -> None:
    """Who keeps the ledger and may not see the hazard learns that an answer waits, and no word, name or subject of it."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    safety = flow.directory().holders("safety_section", None, flow.today())
    granted = next(p for p in safety if "see_restricted" in flow.directory().persons[p].grants)
    barred = next(p for p in safety if "see_restricted" not in flow.directory().persons[p].grants)
    ticket = flow.report(
        "hazard", by=granted, source="bureau", found_on=flow.today(), category="bullying", unit="town1_school2",
        description="学生之间的冲突",
    )  # fmt: skip
    officer, _ = responsible(place)
    flow.do(ticket.number, "assign", by=granted, responsible_person=officer, due_on=flow.today() + timedelta(days=9))
    mail = mailed(place, principal, ticket.number)
    said = [receive_mail(place, answer(mail, text, address)) for text in ("张三打了李四", "同意销号\n王五知情")]
    assert [r.status for r in said] == ["unseen", "waiting"]
    mine, theirs = (to_builtins(today(flow, by=person)) for person in (granted, barred))
    assert "张三打了李四" in str(mine)
    assert str(theirs).count("属受限类别，无权查看") == 2
    assert not any(secret in str(theirs) for secret in ("张三", "王五", "不能通过邮件", address))


def test_a_deputy_answers_after_the_absence(open_place: Workplace) -> None:
    """What a deputy was sent may be answered when the absence is over: entered late, as of its last day; by nobody else."""
    from rectiflow._persons import register

    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    (number,) = assigned(place, 1)
    deputy, address = responsible(place)
    day = flow.today()
    register(flow, principal, deputy, since=day, until=day + timedelta(days=1))
    flow.refresh()
    place.deliver()
    mails = [message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml")]
    mail = next(m for m in mails if address in str(m["To"]) and m["X-Rectiflow-Number"] == number)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=6)
    assert receive_mail(place, answer(mail, "签收", "stranger@school.example")).number == number
    assert flow.ticket(number).state == "assigned"
    done = receive_mail(place, answer(mail, "签收\n钥匙在传达室", address))
    assert (done.status, done.outcome) == ("unseen", "签收已办理，其余内容已记为补充说明")
    signed, remarked = flow.history(number)[-2:]
    assert (signed.kind, remarked.kind) == ("acted", "remarked")
    assert [(e.actor, e.happened_on) for e in (signed, remarked)] == [(deputy, day + timedelta(days=1))] * 2
    handed_in = receive_mail(place, answer(mail, "申请复查\n已清走", address, ("整改后.png", PNG)))
    assert handed_in.outcome == "申请复查已办理"
    assert flow.ticket(number).fields["completed_on"] == (day + timedelta(days=1)).isoformat()


def test_a_colleague_signs_for_what_is_signed_for(open_place: Workplace) -> None:
    """The second of a school to answer is told who has signed, and nobody has to act; another school's is not told so."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    officer, own = responsible(place)
    (number,) = assigned(place, 1)
    first, second = (mailed(place, person, number) for person in (principal, officer))
    receive_mail(place, answer(first, "签收", address))
    done = receive_mail(place, answer(second, "签收", own))
    assert (done.status, done.outcome) == ("done", f"已由{flow.directory().person_name(principal)}签收过")
    assert [e.kind for e in flow.history(number)].count("acted") == 2  # assigned, and signed for once
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    other = flow.directory().holders("safety_officer", "town1_school1", flow.today())[0]
    flow.do(
        number, "reassign", by=safety, responsible_unit="town1_school1", responsible_person=other, reason="另一所学校的"
    )
    flow.do(number, "sign", by=other)
    assert receive_mail(place, answer(second, "收到", own)).status == "waiting"


def test_the_sender_s_domain_has_changed(open_place: Workplace) -> None:
    """Answers to mails sent before it count, and so do mails that come back; the tokens are in people's mailboxes."""
    place = open_place
    person, address = responsible(place)
    principal, own = head(place)
    numbers = assigned(place, 2)
    asked, lost = mailed(place, principal, numbers[0]), mailed(place, person, numbers[1])
    back = returned(place, str(lost["Message-ID"]), address)
    mail = place.settings.mail.model_copy(update={"sender": "office@new.example"})
    moved = dataclasses.replace(place, settings=place.settings.model_copy(update={"mail": mail}))
    try:
        assert receive_mail(moved, answer(asked, "签收", own)).outcome == "签收已办理"
        assert "退回第 1 次" in receive_mail(moved, back).outcome
    finally:
        moved.flow.close()


def test_words_behind_a_signature_are_kept(open_place: Workplace) -> None:
    """收到，已安排整改 signs, and the rest is a remark; a doubt signs for nothing, and says how it is signed for."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    one, other = assigned(place, 2)
    mail = mailed(place, principal, one)
    done = receive_mail(place, answer(mail, "收到，已安排整改", address))
    assert (done.outcome, flow.ticket(one).state) == ("签收已办理，其余内容已记为补充说明", "rectifying")
    assert (flow.history(one)[-1].private or {})["note"] == "已安排整改"
    mail = mailed(place, principal, other)
    doubted = receive_mail(place, answer(mail, "收到，但是看不懂附件", address))
    assert doubted.outcome == "已记为补充说明；没有办理“签收”，要办请在第一行只写“签收”"
    bare = receive_mail(place, answer(mail, "已安排整改", address))
    assert bare.outcome == "已记为补充说明；还没有签收，签收请在第一行只写“签收”"
    good = receive_mail(place, answer(mail, "整改好了", address))
    assert good.outcome.endswith("要办请在第一行只写“申请复查”；还没有签收，签收请在第一行只写“签收”")
    assert flow.ticket(other).state == "assigned"
    both = receive_mail(place, answer(mail, "签收，申请延期7天", address))
    assert both.outcome.startswith("签收已办理，其余内容已记为补充说明；没有办理“申请延期”，要办请在第一行只写“")


def test_what_is_not_done_is_not_handed_in(open_place: Workplace) -> None:
    """However it begins; the words and the photograph stand with the hazard, and the sender is told what to write."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    for text in ("申请复查，但是还有一处没有完成，等配件", "申请复查，未完成", "已整改完成\n门锁还没有换"):
        kept = receive_mail(place, answer(mail, text, address, ("整改后.png", PNG)))
        assert kept.outcome == (
            "已记为补充说明；没有办理“申请复查”：来信说还有没做完的，都做完后请在第一行只写“申请复查”，下面写整改措施，附上照片"
        )
    assert flow.ticket(number).state == "rectifying"
    assert len(evidence_of(flow.store.engine, flow.district, number)) == 3


def test_an_answer_that_names_its_own_hazard_or_another(open_place: Workplace) -> None:
    """Its own number does no harm; another's is told."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    one, other = assigned(place, 2)
    mail = mailed(place, principal, one)
    wrong = receive_mail(place, answer(mail, f"签收 {other}", address))
    assert f"没有办理，这封邮件说的是 {one}，不是 {other}；请回复那一条的邮件" in wrong.outcome
    assert "不是 4321；请回复那一条的邮件" in receive_mail(place, answer(mail, "签收 4321", address)).outcome
    assert {flow.ticket(n).state for n in (one, other)} == {"assigned"}
    assert receive_mail(place, answer(mail, f"签收 {one}", address)).outcome == "签收已办理"


def test_more_time_than_a_year_is_asked_back_about(open_place: Workplace) -> None:
    """It is mostly a slip of the pen."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, answer(mail, "签收", address))
    because = "理由：等待招标。临时管控措施：专人值守"
    for until in ("999天", "到2034年1月1日"):
        refused = receive_mail(place, answer(mail, f"申请延期{until}，{because}", address))
        assert refused.outcome.startswith("申请延期没有办成：延期到")
        assert "比现在的整改时限晚一年以上，请核对日期后再写" in refused.outcome
    assert not flow.snapshot(number).requests
    asked = receive_mail(place, answer(mail, "申请延期到9月25日（周三）。临时管控措施：专人值守", address))
    assert "缺“理由”" in asked.outcome
