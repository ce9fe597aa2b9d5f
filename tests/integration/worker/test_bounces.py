"""Mails that come back, and receipts of short messages that did not arrive: the address is given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from rectiflow._answers import Received, receive_mail, receive_receipt
from rectiflow._desk import call_views, waiting_calls
from rectiflow._incidents import incidents
from rectiflow._messages import outbox, retry, undelivered
from rectiflow._persons import reach, restore, set_reach
from rectiflow._today import today
from rectiflow._workplace import Workplace
from rectiflow.engine.stimulus import Called, Hand
from rectiflow.notifiers.receipts import Receipt
from rectiflow.storage import incoming, queries
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.answers import ADDRESS, head, mailed, responsible, returned, texted
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage


@pytest.mark.parametrize("corrected", [False, True])
def test_mails_that_come_back_give_an_address_up(open_place: Workplace, corrected: bool) -> None:
    """Two for good: nothing more is sent there, one incident says so until it is seen to, one call tells of every hazard."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    set_reach(flow, person, phone="")
    numbers = assigned(place, 4)
    mails = [mailed(place, person, number) for number in numbers]
    flow.do(numbers[1], "sign", by=person)  # what came back about it is over
    outcomes: list[Received] = []
    for n, mail in enumerate(mails):
        why = returned(place, str(mail["Message-ID"]), address).replace(b"refused", b"refused %d" % n)
        outcomes.append(receive_mail(place, why))
    assert [o.status for o in outcomes] == ["done"] * 4
    assert ["已停发" in o.outcome for o in outcomes] == [False, True, True, True]
    assert "退回第 1 次" in outcomes[0].outcome
    assert [r.person for r in reach(flow)] == [person]
    (told,) = (i for i in incidents(flow) if i.subject.startswith("address:"))
    assert told.number is None
    assert "退回 2 次" in told.message
    (call,) = call_views(flow, by=flow.directory().holders("safety_section", None, flow.today())[0])
    assert set(call.numbers) == {numbers[0], numbers[2], numbers[3]}
    if corrected:
        set_reach(flow, person, email="new@school.example")
    else:
        restore(flow, address)
    assert not [i for i in incidents(flow) if i.subject.startswith("address:")]


@pytest.mark.parametrize("told_otherwise", [False, True])
def test_the_only_urgent_message_comes_back(open_place: Workplace, told_otherwise: bool) -> None:
    """The first return that says there is no such address: somebody calls, unless a short message went too; the day's list has it."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    set_reach(flow, principal, phone="13911112222" if told_otherwise else "")
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    outcome = receive_mail(place, returned(place, str(mail["Message-ID"]), address)).outcome
    assert "退回第 1 次" in outcome
    assert incidents(flow) == []
    assert waiting_calls(flow, number) == ([] if told_otherwise else ["sign"])
    keeper = flow.directory().holders("safety_section", None, flow.today())[0]
    (section,) = [s for s in today(flow, by=keeper).sections if s.title == "退回"]
    name = flow.directory().person_name(principal)
    assert [(i.number, i.title) for i in section.items] == [(number, f"{name}（{address}）：交办")]
    flow.do(number, "sign", by=principal)
    assert "退回" not in [s.title for s in today(flow, by=keeper).sections]


def test_a_message_that_is_not_urgent_comes_back(open_place: Workplace) -> None:
    """Nobody is called about it."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    set_reach(flow, principal, phone="")
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    with writing(flow.store.engine) as connection:
        connection.execute(update(table("message")).values(urgent=False))
    assert "退回第 1 次" in receive_mail(place, returned(place, str(mail["Message-ID"]), address)).outcome
    assert waiting_calls(flow, number) == []


def test_who_was_called_is_not_called_again_about_the_same(open_place: Workplace) -> None:
    """A further return from a dead address is about its own hazard."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    set_reach(flow, person, phone="")
    numbers = assigned(place, 3)
    mails = [mailed(place, person, number) for number in numbers]
    for mail in mails[:2]:
        receive_mail(place, returned(place, str(mail["Message-ID"]), address))
    assert [waiting_calls(flow, number) for number in numbers] == [["sign"], ["sign"], []]
    caller = flow.directory().holders("safety_section", None, flow.today())[0]
    for number in numbers[:2]:
        flow.handle(number, Called(clock="sign", hand=Hand(actor=caller, note="已告知"), reached=True))
    receive_mail(place, returned(place, str(mails[2]["Message-ID"]), address))
    assert [waiting_calls(flow, number) for number in numbers] == [[], [], ["sign"]]


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_what_came_back_is_sent_again(open_place: Workplace, corrected: bool, named: bool) -> None:
    """Once the address is corrected, or good again: all that came back from it, or one of them; the incident says how."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    set_reach(flow, person, phone="")
    for number in assigned(place, 2):
        mail = mailed(place, person, number)
        receive_mail(place, returned(place, str(mail["Message-ID"]), address))
    back = outbox(flow, status="returned")
    assert [m.recipient for m in back] == [flow.directory().person_name(person)] * 2
    assert all(m.detail.startswith("退回（没有这个地址或号码：550 5.1.1 refused）") for m in back)
    assert any("再用 outbox retry 重发" in i.message for i in incidents(flow))
    if corrected:
        set_reach(flow, person, email="new@school.example")
    else:
        restore(flow, address)
    assert undelivered(flow, {person}) == 2
    chosen = back[:1] if named else back
    assert retry(flow, [m.id for m in chosen] if named else []) == len(chosen)
    place.deliver()
    again = [r for r in queries.messages(flow.store.engine, flow.district, status="sent") if r["recipient"] == person]
    assert {r["key"] for r in again} == {m.key for m in chosen}
    assert {r["rendered_to"] for r in again} == {"new@school.example" if corrected else address}
    assert len(outbox(flow, status="returned")) == 2 - len(chosen)


def test_a_mail_and_its_short_message_that_both_come_back(open_place: Workplace) -> None:
    """While one of them stands the hazard is known of; once neither does, somebody calls."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, phone="13911112222")
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    receive_mail(place, returned(place, str(mail["Message-ID"]), "head@school.example", status="5.7.1"))
    assert waiting_calls(flow, number) == []
    assert receive_receipt(place, receipt(sent_row(place, principal), code="KEYWORD"), proven=False) is not None
    assert waiting_calls(flow, number) == ["sign"]


def test_a_message_comes_back_once(open_place: Workplace) -> None:
    """Two reports about one mail are one return, also with another's between them."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    first, second = (str(mailed(place, person, number)["Message-ID"]) for number in assigned(place, 2))
    raws = [returned(place, i, address, status="4.2.2") for i in (first, second)]
    again = [raws[0].replace(b"Message-ID: <", f"Message-ID: <{n}".encode()) for n in range(5)]
    outcomes = [receive_mail(place, raw).outcome for raw in (raws[0], again[0], raws[1], *again[1:])]
    assert [o.partition("（")[0].rpartition(" 退回")[2] for o in outcomes] == ["第 1 次"] * 2 + ["第 2 次"] * 5
    assert not incoming.dead_addresses(flow.store.engine, flow.district)


def test_a_report_without_our_return_path(open_place: Workplace) -> None:
    """Whoever saw the mail knows its id: from a person nothing counts, from a mail server never as proof."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    for number in assigned(place, 3):
        mail = mailed(place, person, number)
        real = returned(place, str(mail["Message-ID"]), address)
        path = next(line for line in real.split(b"\r\n") if line.startswith(b"To:"))
        told = real.replace(path, f"To: {ADDRESS}\r\nIn-Reply-To: {mail['Message-ID']}".encode())
        for n, null in enumerate((b"", b"Return-Path: <evil@x.example>\r\n")):
            forged = told.replace(b"Return-Path: <>\r\n", null).replace(b"\nMessage-ID: <", b"\nMessage-ID: <%d" % n)
            assert receive_mail(place, forged).status == "waiting"
        assert receive_mail(place, told).status == "done"
    (fault,) = incoming.faults(flow.store.engine, flow.district)
    assert (fault.failures, fault.dead) == (3, False)


def test_a_receipt_of_an_unreached_number(open_place: Workplace) -> None:
    """Two that say there is no such number give it up; no receipt is about a message that was never sent."""
    place, flow = open_place, open_place.flow
    principal, _ = texted(place)
    good = Receipt(message_id=None, vendor_id="1", phone="13911112222", delivered=True, code="DELIVRD", at=None)
    assert receive_receipt(place, good) is None
    for n in (2, 3):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone="13911112222", delivered=False, code="MK:0001", at=None)
        found = receive_receipt(place, bad)
        assert found is not None
    assert [r.person for r in reach(flow)] == [principal]


def sent_row(place: Workplace, person: str) -> Mapping[str, Any]:
    """Return the row of the last short message that went to a person."""
    rows = queries.messages(place.flow.store.engine, place.flow.district, status="sent")
    return next(r for r in rows if r["recipient"] == person and r["rendered_channel"] == "sms")


def receipt(row: Mapping[str, Any], *, delivered: bool = False, code: str = "", vendor_id: str = "B1") -> Receipt:
    """Return a receipt that names our id."""
    return Receipt(
        message_id=row["rendered_id"], vendor_id=vendor_id, phone="13911112222", delivered=delivered, code=code, at=None
    )


def test_a_receipt_names_its_message(open_place: Workplace) -> None:
    """By our id or the vendor's; one that arrived is noted on the message, and what came back before is forgotten."""
    place, flow = open_place, open_place.flow
    principal, first = texted(place)
    row = sent_row(place, principal)
    failed = receive_receipt(place, receipt(row, code="MK:0001"), proven=False)
    assert failed is not None
    assert (failed.status, failed.number) == ("done", first)
    (counted,) = incoming.faults(flow.store.engine, flow.district)
    assert (counted.address, counted.failures, counted.dead) == ("13911112222", 1, False)
    assert receive_receipt(place, receipt(row, delivered=True, code="DELIVRD"), proven=False) is None
    assert incoming.faults(flow.store.engine, flow.district) == []
    assert "手机已收到 09-02 09:00" in sent_row(place, principal)["detail"]


def test_a_receipt_nobody_can_have_is_dropped(open_place: Workplace) -> None:
    """A callback proves nothing: an id we never got, or another number under ours, counts against nobody."""
    place, flow = open_place, open_place.flow
    principal, _ = texted(place)
    row = sent_row(place, principal)
    forged = [
        Receipt(message_id=None, vendor_id="never", phone="13911112222", delivered=False, code="MK:0001", at=None),
        Receipt(message_id=None, vendor_id="", phone="13911112222", delivered=False, code="MK:0001", at=None),
        Receipt(message_id=None, vendor_id="sms.lo", phone="13911112222", delivered=False, code="MK:0001", at=None),
        Receipt(message_id=row["rendered_id"], vendor_id="x", phone="13911113333", delivered=False, code="MK:0001", at=None),
    ]  # fmt: skip
    for one in forged:
        found = receive_receipt(place, one, proven=False)
        assert found is not None
        assert found.status == "dropped"
    assert incoming.faults(flow.store.engine, flow.district) == []


def test_a_refused_text_is_not_the_number_s_fault(open_place: Workplace) -> None:
    """The carrier's blacklist of words: nothing is counted, the office is told and somebody calls."""
    place, flow = open_place, open_place.flow
    principal, number = texted(place)
    found = receive_receipt(place, receipt(sent_row(place, principal), code="KEYWORD"), proven=False)
    assert found is not None
    assert "不是地址的问题（短信回执 KEYWORD）" in found.outcome
    assert incoming.faults(flow.store.engine, flow.district) == []
    assert number in {i.number for i in incidents(flow)}


@pytest.mark.parametrize(
    ("status", "action", "dies"),
    [("5.1.1", "failed", True), ("5.7.1", "failed", False), ("5.3.4", "failed", False), ("4.4.7", "delayed", False)],
)
def test_only_what_the_address_is_to_blame_for_counts(
    open_place: Workplace, status: str, action: str, dies: bool
) -> None:
    """Refused words, a mail too large and one that is still being tried leave the address as good as before."""
    place, flow = open_place, open_place.flow
    person, address = responsible(place)
    set_reach(flow, person, phone="")
    for number in assigned(place, 3):
        mail = mailed(place, person, number)
        done = receive_mail(place, returned(place, str(mail["Message-ID"]), address, status=status, action=action))
        assert done.status == "done"
    assert bool(incoming.dead_addresses(flow.store.engine, flow.district)) is dies
    told = [i for i in incidents(flow) if i.subject.startswith("returned:")]
    assert bool(told) is (not dies and action == "failed")
