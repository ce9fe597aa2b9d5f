"""A reminder whose reason has gone before it was sent is not sent; what waited for a channel is."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from rectiflow._clock import SetClock
from rectiflow._delivery import send_at_once
from rectiflow._health import examine
from rectiflow._messages import MessageView, outbox, put_off, retry
from rectiflow._outbox import StoreOutbox
from rectiflow._papers import take_step
from rectiflow._reader import readable
from rectiflow._workplace import Workplace
from rectiflow.engine.paper import Order
from rectiflow.notifiers import Message
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.answers import served
from support.district import at
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in test_together and test_digest

OFFICER = "town1_school2"


def _clock(place: Workplace, day: str, hour: str) -> None:
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at(day, hour) - place.clock.now()).total_seconds())


def _holder(place: Workplace, role: str, unit: str | None = None) -> str:
    return place.flow.directory().holders(role, unit, place.flow.today())[0]


def _handed_in(place: Workplace, number: str) -> None:
    flow = place.flow
    assert flow.evidence is not None
    photo = flow.evidence.put("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50))
    officer = _holder(place, "safety_officer", OFFICER)
    flow.do(number, "submit", by=officer, measures="已清理", completed_on=flow.today(), evidence=(photo,))


def _told(place: Workplace, number: str, occasion: str) -> list[MessageView]:
    """Return what was written of a hazard on an occasion."""
    return [m for m in outbox(place.flow, number=number) if m.occasion == occasion]


def _fates(place: Workplace, number: str, occasion: str) -> set[tuple[str, str]]:
    return {(m.status, m.detail if m.status != "sent" else "") for m in _told(place, number, occasion)}


def _reminded(place: Workplace) -> str:
    """Let the day come on which a hazard should be signed for, with what is told of it written and not sent; return its number."""
    (number,) = assigned(place, 1)
    place.deliver()
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    assert place.flow.tick().fired > 0
    return number


def test_a_hazard_that_moved_on_is_not_reminded_of(place: Workplace) -> None:
    """It was recalled meanwhile: what the ladder had to say is cancelled with the reason, what the recall says is sent."""
    number = _reminded(place)
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    waiting = {m.key for m in outbox(place.flow, status="waiting")}
    assert waiting
    place.flow.do(number, "recall", by=keeper, reason="交办有误")
    told = {m.key for m in outbox(place.flow, status="waiting")} - waiting
    done = place.deliver()
    assert (done.sent, done.dropped) == (len(told), len(waiting))
    cancelled = outbox(place.flow, status="cancelled")
    assert {m.key for m in cancelled} == waiting
    assert {m.detail for m in cancelled} == {"隐患已办到下一环节，不再提醒"}


def test_what_still_holds_is_sent(place: Workplace) -> None:
    """Nothing has happened meanwhile: everything goes out."""
    _reminded(place)
    waiting = len(outbox(place.flow, status="waiting"))
    done = place.deliver()
    assert (done.sent, done.dropped) == (waiting, 0)


def test_a_channel_that_is_configured_sends_what_waited_for_it(place: Workplace) -> None:
    """Without one the messages wait and somebody is told; with one they go at once, not a quarter of an hour later."""
    assigned(place, 1)
    none = place.settings.outgoing.model_copy(update={"files": False})
    bare = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": none}))
    count = bare.deliver().waiting
    assert count > 0
    told = put_off(bare.flow)
    assert told is not None
    assert told[0] == count
    assert any("没有配置发送通道" in note for note in examine(bare).notes)
    bare.flow.close()
    assert place.deliver().sent == count
    assert put_off(place.flow) is None


def test_what_was_decided_over_night_is_not_asked_for_in_the_morning(place: Workplace) -> None:
    """More time was asked for at half past ten and granted, the work handed in and passed: nobody is asked any more."""
    flow, safety = place.flow, _holder(place, "safety_section")
    (number,) = assigned(place, 1)
    flow.do(number, "sign", by=_holder(place, "safety_officer", OFFICER))
    place.deliver()
    _clock(place, "2024-09-03", "22:30")
    head = _holder(place, "principal", OFFICER)
    until = flow.today() + timedelta(days=20)
    flow.ask(number, "extension", by=head, reason="等材料", new_due_on=until, interim="专人看守")
    flow.rule(number, 1, by=safety, approve=True)
    _handed_in(place, number)
    assert {m.status for m in _told(place, number, "申请复查")} <= {"waiting", "held"}
    flow.do(number, "pass", by=safety)
    _clock(place, "2024-09-04", "08:00")
    place.deliver()
    _clock(place, "2024-09-04", "09:31")
    place.deliver()
    assert _fates(place, number, "有申请待审批") == {("cancelled", "申请已批复或已撤回，不用再审批")}
    assert _fates(place, number, "申请复查") == {("cancelled", "隐患已到“复查合格待销号”环节，不用再复查")}
    assert {m.status for m in _told(place, number, "申请批复")} <= {"sent", "merged"}  # a result is told all the same
    assert {m.status for m in _told(place, number, "复查合格")} <= {"sent", "merged"}


def test_a_recall_is_not_told_to_who_was_given_the_same_again(place: Workplace) -> None:
    """On Friday recalled and assigned anew: Monday's list would have the school read its live assignment as withdrawn."""
    _clock(place, "2024-09-06", "15:00")
    flow, safety = place.flow, _holder(place, "safety_section")
    (number,) = assigned(place, 1)
    flow.do(number, "recall", by=safety, reason="单位有误")
    officer, due_on = _holder(place, "safety_officer", OFFICER), flow.today() + timedelta(days=14)
    flow.do(number, "assign", by=safety, responsible_person=officer, due_on=due_on)
    place.deliver()
    _clock(place, "2024-09-09", "09:35")
    place.deliver()
    given = _fates(place, number, "交办")
    assert ("sent", "") in given
    assert given <= {("sent", ""), ("cancelled", "隐患已重新交办，不再按原来的通知")}
    assert _fates(place, number, "撤回交办") == {("cancelled", "隐患已重新交办本单位，不再通知撤回")}


def test_a_recall_is_told_to_who_does_not_get_it_again(place: Workplace) -> None:
    """The hazard went to another school: this one must not go on with it."""
    flow, safety = place.flow, _holder(place, "safety_section")
    (number,) = assigned(place, 1)
    place.deliver()
    flow.do(number, "recall", by=safety, reason="单位有误")
    other, due_on = _holder(place, "safety_officer", "town1_school1"), flow.today() + timedelta(days=14)
    flow.do(number, "assign", by=safety, responsible_unit="town1_school1", responsible_person=other, due_on=due_on)
    _clock(place, "2024-09-03", "09:35")
    place.deliver()
    assert {m.status for m in _told(place, number, "撤回交办")} <= {"sent", "merged"}


def test_what_is_closed_is_not_sent_by_hand_either(place: Workplace) -> None:
    """An assignment and a 申请复查 that did not arrive are queued again after the close: they are dropped with the reason."""
    flow, safety = place.flow, _holder(place, "safety_section")
    (number,) = assigned(place, 1)
    flow.do(number, "sign", by=_holder(place, "safety_officer", OFFICER))
    _handed_in(place, number)
    flow.do(number, "pass", by=safety)
    flow.do(number, "close", by=_holder(place, "safety_section"), note="资料齐全")
    asked = [m.key for m in outbox(flow, number=number) if m.occasion in ("交办", "申请复查")]
    assert asked
    retry(flow, asked[:1])
    done = send_at_once(place, asked)
    assert (done.sent, done.dropped) == (0, len(asked))
    assert _fates(place, number, "交办") == {("cancelled", "隐患已销号，不再通知交办")}
    assert _fates(place, number, "申请复查") == {("cancelled", "隐患已到“已销号”环节，不用再复查")}


def test_an_assignment_is_told_while_the_work_is_under_way(place: Workplace) -> None:
    """It was signed for meanwhile: the date and what is wrong are worth having all the same."""
    (number,) = assigned(place, 1)
    place.flow.do(number, "sign", by=_holder(place, "safety_officer", OFFICER))
    place.deliver()
    assert _fates(place, number, "交办") == {("sent", "")}


def test_what_is_restricted_is_judged_by_its_history(place: Workplace) -> None:
    """The message says no more than a number; that it was an assignment, taken back since, stands in the history."""
    flow, safety = place.flow, _holder(place, "safety_section")
    number = flow.report(
        "hazard", by=safety, source="bureau", found_on=flow.today(), category="bullying", unit=OFFICER,
        description="学生之间有欺凌苗头",
    ).number  # fmt: skip
    officer, due_on = _holder(place, "safety_officer", OFFICER), flow.today() + timedelta(days=14)
    flow.do(number, "assign", by=safety, responsible_person=officer, due_on=due_on)
    given = {m.key for m in outbox(flow, number=number)}
    flow.do(number, "recall", by=safety, reason="单位有误")
    place.deliver()
    cancelled = {m.key: m.detail for m in outbox(flow, number=number, status="cancelled")}
    assert {d for key, d in cancelled.items() if f":{officer}" in key and key in given} == {
        "交办已撤回或退回，不再通知"
    }
    assert {cancelled[key] for key in cancelled.keys() - given} == {"交办没有发出就已撤回，不用再通知撤回"}


def test_who_has_secured_a_major_hazard_is_not_asked_to(place: Workplace) -> None:
    """The school did so at once: its list of Monday does not ask for it. Who was only to know of the hazard hears of it."""
    _clock(place, "2024-09-06", "15:00")
    flow, safety = place.flow, _holder(place, "safety_section")
    head = _holder(place, "principal", OFFICER)
    number = flow.report(
        "major_hazard", by=safety, source="bureau", found_on=flow.today(), category="fire", unit=OFFICER,
        description="教学楼承重柱开裂",
    ).number  # fmt: skip
    flow.do(number, "confirm", by=safety, basis="危险构件")
    flow.do(number, "control", by=head, control_measures="已停用，拉警戒线")
    _clock(place, "2024-09-09", "09:35")
    place.deliver()
    name = flow.directory().person_name(head)
    told = _told(place, number, "重大隐患先行管控")
    assert {(m.status, m.detail) for m in told if m.recipient == name} == {("cancelled", "已先行管控，不用再通知")}
    assert {m.status for m in told if m.recipient != name} <= {"sent", "merged"}


def test_what_becomes_restricted_in_between_is_hushed(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was claimed, and put into words by an attempt that failed, before the hazard was called restricted."""
    (number,) = assigned(place, 1)
    flow, claimed = place.flow, StoreOutbox.claim_messages

    def then_restricted(*args: Any, **named: Any) -> list[Message]:
        found = claimed(*args, **named)
        with writing(flow.store.engine) as connection:
            ticket = table("ticket")
            connection.execute(update(ticket).where(ticket.c.number == number).values(restricted=True))
        return found

    monkeypatch.setattr(StoreOutbox, "claim_messages", then_restricted)
    place.deliver()
    sent = [m for m in outbox(flow, number=number, status="sent") if m.body]
    assert sent
    assert not [m for m in sent if "疏散通道" in readable(m.body or b"")]


def test_a_served_notice_is_not_sent_when_all_on_it_is_handed_in(place: Workplace) -> None:
    """Served by hand and put right before the mail could go: one hazard after the other, and the last one ends it."""
    flow = place.flow
    paper, numbers = served(place, 2)
    principal = _holder(place, "principal", OFFICER)
    take_step(flow, "acknowledge", paper, Order(hand=flow.hand(principal)))
    _handed_in(place, numbers[0])
    _handed_in(place, numbers[1])
    place.deliver()
    fates = {(m.status, m.detail) for m in _of_paper(place, numbers[0])}
    assert fates == {("cancelled", "整改通知书〔2024〕1号上的隐患都已提交、办结或撤下，不再通知送达")}


def _of_paper(place: Workplace, number: str) -> list[MessageView]:
    return _told(place, number, "整改通知书送达")
