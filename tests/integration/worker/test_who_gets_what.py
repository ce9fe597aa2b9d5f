"""Which way people like, how much of it a day, and what happens when nobody is reached."""

from __future__ import annotations

import dataclasses
from datetime import time, timedelta

import pytest

from rectiflow._answers import receive_mail, receive_sms
from rectiflow._clock import SetClock
from rectiflow._delivery import send_at_once
from rectiflow._desk import callee_of, waiting_calls
from rectiflow._digest import gather_digests
from rectiflow._incidents import incidents
from rectiflow._messages import outbox, retry
from rectiflow._outbox import StoreOutbox
from rectiflow._persons import reach, register, restore, set_reach
from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.errors import NotFound, Refused
from rectiflow.engine.stimulus import Called, Hand
from rectiflow.notifiers import STILL
from rectiflow.storage import incoming, queries
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.answers import answer, mailed, served
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage

OFFICER = "town1_school2"


def responsible(place: Workplace) -> str:
    """Return who answers for the hazards of the school in the tests."""
    return place.flow.directory().holders("safety_officer", OFFICER, place.flow.today())[0]


def sent_to(place: Workplace, person: str) -> list[str | None]:
    """Return over which channels a person was told."""
    name = place.flow.directory().person_name(person)
    return [m.channel for m in outbox(place.flow, status="sent") if m.recipient in (person, name)]


def test_the_liked_way_comes_first(place: Workplace) -> None:
    """Mail by default; who likes short messages better gets them, and mail where there is no number."""
    person = responsible(place)
    set_reach(place.flow, person, channels=("sms",))
    assigned(place, 1)
    place.deliver()
    assert set(sent_to(place, person)) == {"sms"}
    set_reach(place.flow, person, phone="", email="officer@school.example")
    assigned(place, 1)
    place.deliver()
    assert set(sent_to(place, person)) == {"sms", "mail"}


def test_an_address_that_comes_back_is_given_up(place: Workplace) -> None:
    """Then the other way is taken; a corrected address begins afresh, and the old one can be restored."""
    flow, person = place.flow, responsible(place)
    set_reach(flow, person, email="old@school.example", phone="13800000001")
    for by in "abc":
        incoming.fault(
            flow.store.engine, flow.district, channel="mail", address="old@school.example", at=flow.now(),
            detail="550 查无此人", hard=True, limits=incoming.Limits(hard=3, any=5, days=30), by=by,
        )  # fmt: skip
    assigned(place, 1)
    place.deliver()
    assert set(sent_to(place, person)) == {"sms"}
    (found,) = reach(flow)
    assert found.person == person
    assert found.troubles == ("old@school.example 已退回 3 次（550 查无此人）",)
    set_reach(flow, person, email="new@school.example")
    assert reach(flow) == []
    with pytest.raises(NotFound, match="没有退回记录"):
        restore(flow, "old@school.example")


def test_nobody_is_reached(place: Workplace) -> None:
    """The assignment stands; an incident and a call say that somebody has to be told by telephone, once."""
    flow, person = place.flow, responsible(place)
    set_reach(flow, person, email="", phone="")
    numbers = assigned(place, 2)
    place.deliver()
    place.deliver()
    dead = [i for i in incidents(flow) if i.kind == "message"]
    assert {i.number for i in dead} == set(numbers)
    assert all("没有登记" in i.message for i in dead)
    for number in numbers:
        assert waiting_calls(flow, number) == ["sign"]
        assert [e.kind for e in flow.history(number)].count("unreached") == 1
        assert flow.ticket(number).state == "assigned"


@pytest.mark.parametrize("count", [1, 2])
def test_who_cannot_be_reminded_is_called(place: Workplace, count: int) -> None:
    """On the last day, long after it was signed for; of several hazards, too, that are told together. It can be put on record."""
    flow, person = place.flow, responsible(place)
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    numbers = assigned(place, count, days=7)
    for number in numbers:
        flow.do(number, "sign", by=person)
    set_reach(flow, person, email="", phone="")
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=7)
    flow.tick()
    place.deliver()
    for number in numbers:
        assert waiting_calls(flow, number) == ["rectify"]
        assert callee_of(flow, flow.snapshot(number), "rectify") == person
    hand = Hand(actor=safety, note="本人接的电话")
    flow.handle(numbers[0], Called(clock="rectify", hand=hand, person=person))
    assert [waiting_calls(flow, number) for number in numbers] == [[], *[["rectify"]] * (count - 1)]
    set_reach(flow, person, email="officer@school.example")
    retry(flow, [])
    place.deliver()
    assert [waiting_calls(flow, number) for number in numbers] == [[]] * count


@pytest.mark.parametrize("step", ["signed", "voided"])
def test_what_did_not_arrive_ends_with_the_step(place: Workplace, step: str) -> None:
    """Signed for by telephone, or voided: the incidents, the call and the messages end, and say why."""
    flow, person = place.flow, responsible(place)
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    set_reach(flow, person, email="", phone="")
    (number, other) = assigned(place, 2)
    place.deliver()
    assert waiting_calls(flow, number) == ["sign"]
    if step == "signed":
        flow.do(number, "sign", by=person, entered_by=safety, via="phone", note="电话里答复收到")
    else:
        flow.void(number, by=safety, reason="重复登记")
    why = "隐患已签收" if step == "signed" else "隐患已作废，不再通知交办"
    assert waiting_calls(flow, number) == []
    assert {i.number for i in incidents(flow) if i.kind == "message"} == {other}
    closed = [i for i in incidents(flow, open_only=False) if i.number == number and i.kind == "message"]
    assert closed
    assert all(i.message.endswith(f"；{why}，已自动结束") for i in closed)
    cancelled = {m.detail for m in outbox(flow, number=number, status="cancelled") if m.occasion == "交办"}
    assert cancelled == {why}
    assert outbox(flow, number=number, status="dead") == []


@pytest.mark.parametrize("answers", [True, False])
def test_what_did_not_arrive_was_told_by_telephone(place: Workplace, answers: bool) -> None:
    """Then nothing is open about it; the message stays, and can be sent once there is an address."""
    flow, person = place.flow, responsible(place)
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    set_reach(flow, person, email="", phone="")
    (number,) = assigned(place, 1)
    place.deliver()
    callee = callee_of(flow, flow.snapshot(number), "sign")
    assert callee == person
    hand = Hand(actor=safety, note="校长接的电话")
    flow.handle(number, Called(clock="sign", hand=hand, reached=answers, person=callee))
    still = [i for i in incidents(flow) if i.kind == "message" and i.number == number]
    closed = [i for i in incidents(flow, open_only=False) if i not in still and i.number == number]
    assert bool(still) is not answers
    assert {i.message.endswith("；已电话告知，已自动结束") for i in closed} == ({True} if answers else set())
    assert {m.status for m in outbox(flow, number=number) if m.occasion == "交办"} >= {"dead"}
    assert callee_of(flow, flow.snapshot(number), "sign") == ""


def test_who_could_not_be_reached_is_no_incident_once_nothing_waits(place: Workplace) -> None:
    """Two assignments were tried for long and somebody is to call; the incident about the person ends with the second."""
    flow, person = place.flow, responsible(place)
    (first, second) = assigned(place, 2)
    sending = StoreOutbox(flow.store, "w", flow.now, flow.district)
    for message in sending.claim_messages(owner="w", limit=99, lease=timedelta(minutes=1)):
        if message.recipient == person:
            sending.unreached(message, "已尝试 6 次仍未发出：信箱满")
            sending.mark_waiting(message, after=timedelta(hours=12), error=f"信箱满{STILL}")
        else:
            sending.mark_dropped(message, why="不在这里说")
    assert [i.subject for i in incidents(flow)] == [f"unreached:{person}"]
    flow.do(first, "sign", by=person)
    assert [i.subject for i in incidents(flow)] == [f"unreached:{person}"]
    flow.do(second, "sign", by=person)
    assert incidents(flow) == []
    assert outbox(flow, status="waiting") == []
    (closed,) = incidents(flow, open_only=False)
    assert closed.message.endswith("；隐患已签收，已自动结束")


def test_a_notice_that_came_back_ends_with_the_last_of_its_hazards(place: Workplace) -> None:
    """One message tells of all hazards on a paper: it has done what it should once each of them is signed for."""
    flow, person = place.flow, responsible(place)
    _, (first, second) = served(place, 2)
    told = [m for m in outbox(flow) if m.occasion == "整改通知书送达"]
    assert told
    sending = StoreOutbox(flow.store, "w", flow.now, flow.district)
    for message in sending.claim_messages(owner="w", limit=99, lease=timedelta(minutes=1)):
        sending.mark_dead(message, error="邮箱不存在")
    about = {i.subject for i in incidents(flow) if ":paper:" in i.subject}
    assert about
    flow.do(second, "sign", by=person)
    assert {i.subject for i in incidents(flow)} >= about
    flow.do(first, "sign", by=person)
    assert not {i.subject for i in incidents(flow)} & about


def test_a_day_has_its_measure(place: Workplace) -> None:
    """What is beyond it goes with the next digest, one list, and nothing is lost."""
    told = place.settings.outgoing.model_copy(update={"per_day": 3, "digest": "09:30"})
    place = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": told}))
    person = responsible(place)
    numbers = assigned(place, 5)
    place.deliver()
    assert len(sent_to(place, person)) == 3
    held = [
        m
        for m in outbox(place.flow, status="held")
        if m.recipient in (person, place.flow.directory().person_name(person))
    ]
    assert len(held) >= 2
    assert all("达到上限" in m.detail for m in held)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    place.deliver()
    digest = [m for m in outbox(place.flow, status="sent") if m.occasion == "每日汇总"]
    body = "".join(d.body.decode("utf-8", "replace") for d in digest if d.body)
    assert len(digest) >= 1
    assert body
    assert not outbox(place.flow, status="held")
    assert len(numbers) == 5
    place.flow.close()


def test_what_an_answer_is_answered_with_is_beyond_the_measure(open_place: Workplace) -> None:
    """Receipts take nobody's place, and who has had enough for today learns all the same what became of an answer."""
    told = open_place.settings.outgoing.model_copy(update={"per_day": 3, "sms_per_day": 1, "digest": "09:30"})
    place = dataclasses.replace(open_place, settings=open_place.settings.model_copy(update={"outgoing": told}))
    flow, person, address = place.flow, responsible(place), "officer@school.example"
    set_reach(flow, person, email=address, phone="13911112222")
    assigned(place, 1)
    mail = mailed(place, person)  # one by mail, one by short message

    def receipts() -> list[tuple[str, str]]:
        place.deliver()
        rows = queries.messages(flow.store.engine, flow.district)
        return sorted((r["status"], r["rendered_channel"]) for r in rows if r["template"] == "answer")

    def full() -> int:
        name = flow.directory().person_name(person)
        held = [m for m in outbox(flow, status="held") if m.recipient in (person, name)]
        return sum("达到上限" in m.detail for m in held)

    receive_sms(place, "13911112222", "什么时候来复查？")
    receive_mail(place, answer(mail, "请问买多大的灭火器", address))
    assert receipts() == [("sent", "mail"), ("sent", "sms")]
    assigned(place, 1)
    place.deliver()
    assert full() == 0  # the third, by mail
    assigned(place, 1)
    place.deliver()
    assert full() == 1
    receive_sms(place, "13911112222", "谁来复查？")
    receive_mail(place, answer(mail, "请问买几个", address))
    assert receipts() == [("sent", "mail")] * 2 + [("sent", "sms")] * 2
    flow.close()


def test_a_short_message_too_many_is_not_held_beside_its_mail(place: Workplace) -> None:
    """Its mail has gone, or is held: nothing is told once more, and the digest has one line for it."""
    told = place.settings.outgoing.model_copy(update={"per_day": 3, "sms_per_day": 1, "digest": "09:30"})
    place = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": told}))
    flow, person = place.flow, responsible(place)
    numbers = assigned(place, 4)
    done = place.deliver()
    mine = [r for r in queries.messages(flow.store.engine, flow.district) if r["recipient"] == person]
    held = [r for r in mine if r["status"] == "held"]
    assert held
    assert not any(r["key"].endswith(":sms") for r in held)
    dropped = [r for r in mine if r["status"] == "cancelled"]
    assert {r["detail"] for r in dropped} == {"当天已发短信达到上限，同样的内容另有一条"}
    assert len(held) + len(dropped) + 3 == len(mine)
    assert done.held == len([r for r in queries.messages(flow.store.engine, flow.district) if r["status"] == "held"])
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    place.deliver()
    digests = [
        r for r in queries.messages(flow.store.engine, flow.district, status="sent") if r["template"] == "digest"
    ]
    (mine,) = [r["params"] for r in digests if r["recipient"] == person]
    lines = str(mine["lines"]).splitlines()
    assert (mine["count"], len(lines)) == (len(held), len(held))
    assert {n for n in numbers if n in str(mine["lines"])} == {r["number"] for r in held}
    place.flow.close()


def test_a_short_message_held_before_its_mail_went_is_not_told_again(place: Workplace) -> None:
    """Both were held; the mail was sent by hand: nothing is left for the digest."""
    flow, person = place.flow, responsible(place)
    (number,) = assigned(place, 1)
    mails = [r["key"] for r in queries.messages(flow.store.engine, flow.district) if r["recipient"] == person]
    with writing(flow.store.engine) as connection:
        m = table("message")
        connection.execute(m.update().where(m.c.recipient == person).values(status="held"))
    assert sorted(mails) == [f"{number}:2:{person}", f"{number}:2:{person}:sms"]
    assert send_at_once(place, [f"{number}:2:{person}"]).sent == 1
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    place.deliver()
    rows = {r["key"]: r for r in queries.messages(flow.store.engine, flow.district) if r["recipient"] == person}
    assert rows[f"{number}:2:{person}:sms"]["detail"] == "同样的内容已另发邮件"
    assert not [key for key in rows if key.startswith("digest:")]


def test_wrong_addresses_are_said_together(place: Workplace) -> None:
    """All that is wrong, at once, and nothing is changed."""
    before = place.flow.directory().persons[responsible(place)]
    with pytest.raises(Refused) as refused:
        set_reach(place.flow, before.id, phone="12a", email="x@y@z", channels=("pigeon",))
    assert [r.subject for r in refused.value.reasons] == ["phone", "email", "channels"]
    assert place.flow.directory().persons[before.id] == before
    assert read_settings(None).outgoing.per_day == 30


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("a@b", "@ 后面的域名里要有“.”"),
        (f"{'a' * 70}@school.example", "@ 前面最多 64 个字符"),
        ("-oQ/tmp@b", "@ 前面不能以“-”开头；@ 后面的域名里要有“.”"),
    ],
)
def test_an_address_beyond_the_limits_is_refused(place: Workplace, address: str, told: str) -> None:
    """What no server would take, or a program would take for an option, is told as what it is."""
    with pytest.raises(Refused) as refused:
        set_reach(place.flow, responsible(place), email=address)
    assert [r.message for r in refused.value.reasons] == [
        f"邮箱“{address}”不是有效地址（{told}），应如 head@example.edu.cn"
    ]


@pytest.mark.parametrize("how", ["recalled", "voided"])
def test_an_assignment_that_is_taken_back_is_not_sent(place: Workplace, how: str) -> None:
    """What waits when the assignment is recalled, or the hazard voided, is cancelled and says why."""
    flow, person = place.flow, responsible(place)
    (number,) = assigned(place, 1)
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    if how == "recalled":
        flow.do(number, "recall", by=safety, reason="交错了单位")
    else:
        flow.void(number, by=safety, reason="重复登记")
    place.deliver()
    name = flow.directory().person_name(person)
    given = [m for m in outbox(flow, number=number) if m.occasion == "交办" and m.recipient == name]
    assert given
    assert {m.status for m in given} == {"cancelled"}
    assert {m.detail.split("，")[0] for m in given} <= {"交办已撤回或退回", "隐患已作废"}


@pytest.mark.parametrize("told", ["nobody", "the head", "both", "signed"])
def test_a_recall_is_told_to_who_heard_of_the_assignment(place: Workplace, told: str) -> None:
    """Whoever got nothing of it would read of the end of what he never had; who has signed for it knows of it."""
    flow, officer = place.flow, responsible(place)
    (principal,) = flow.directory().holders("principal", OFFICER, flow.today())
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    for person in (officer, principal):
        set_reach(flow, person, email=f"{person}@school.example", phone="")
    (number,) = assigned(place, 1)
    if told == "both":
        place.deliver()
    elif told == "the head":
        send_at_once(place, [f"{number}:2:{principal}"])
    elif told == "signed":
        flow.do(number, "sign", by=officer)
    flow.do(number, "recall", by=safety, reason="交错了单位")
    place.deliver()
    recalls = [
        r for r in queries.messages(flow.store.engine, flow.district, number=number) if r["template"] == "recalled"
    ]
    fates = {r["recipient"]: (r["status"], r["detail"] if r["status"] == "cancelled" else "") for r in recalls}
    no = ("cancelled", "交办没有发出就已撤回，不用再通知撤回")
    yes = ("sent", "")
    assert {p: fates[p] for p in (officer, principal)} == {
        officer: yes if told in ("both", "signed") else no,
        principal: no if told == "nobody" else yes,
    }


def test_who_likes_short_messages_gets_the_urgent_ones_once(place: Workplace) -> None:
    """An urgent message goes as mail and as short message; where both would be the same, one of them is dropped."""
    person = responsible(place)
    set_reach(place.flow, person, email="officer@school.example", phone="13800000001", channels=("sms", "mail"))
    (number,) = assigned(place, 1)
    place.deliver()
    assert sent_to(place, person) == ["sms"]
    name = place.flow.directory().person_name(person)
    (dropped,) = [m for m in outbox(place.flow, number=number, status="cancelled") if m.recipient == name]
    assert dropped.detail == "同样的内容已用短信发给同一人"


def test_a_measure_is_of_who_is_reached(place: Workplace) -> None:
    """Who stands in for somebody has one measure for both."""
    told = place.settings.outgoing.model_copy(update={"per_day": 3, "digest": "09:30"})
    place = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": told}))
    flow, today = place.flow, place.flow.today()
    (principal,) = flow.directory().holders("principal", OFFICER, today)
    officer = responsible(place)
    set_reach(flow, officer, email="officer@school.example", phone="")
    set_reach(flow, principal, email="head@school.example", phone="")
    register(flow, principal, officer, since=today, until=today)
    assigned(place, 4)
    place.deliver()
    rows = queries.messages(flow.store.engine, flow.district, status="sent")
    assert len([r for r in rows if r["rendered_to"] == "officer@school.example"]) == 3
    place.flow.close()


def away(place: Workplace) -> tuple[str, str]:
    """Let who answers for the hazards of the school stand in for its head; return both, each with mail and telephone."""
    flow, today = place.flow, place.flow.today()
    (principal,), officer = flow.directory().holders("principal", OFFICER, today), responsible(place)
    set_reach(flow, officer, email="officer@school.example", phone="13800000001")
    set_reach(flow, principal, email="head@school.example", phone="13800000002")
    register(flow, principal, officer, since=today, until=today + timedelta(days=14))
    return principal, officer


def test_who_stands_in_is_told_once(place: Workplace) -> None:
    """By mail once and by short message once; what is the same for the absent one is dropped, and says why."""
    flow, both = place.flow, away(place)
    numbers = assigned(place, 2)
    place.deliver()
    for number in numbers:
        rows = [r for r in queries.messages(flow.store.engine, flow.district, number=number) if r["recipient"] in both]
        went = [(r["rendered_channel"], r["rendered_to"]) for r in rows if r["status"] == "sent"]
        assert sorted(went) == [("mail", "officer@school.example"), ("sms", "13800000001")]
        name = flow.directory().person_name(both[1])
        dropped = {r["detail"] for r in rows if r["status"] == "cancelled"}
        assert dropped == {f"同一件事已用{way}发给{name}，不再重复" for way in ("邮件", "短信")}
        assert len(rows) == 4


@pytest.mark.parametrize("count", [1, 2])
def test_who_shares_an_address_is_told_once(place: Workplace, count: int) -> None:
    """One mail and one short message for the head and the officer, however the number is written; they are the head's."""
    flow, officer = place.flow, responsible(place)
    (principal,) = flow.directory().holders("principal", OFFICER, flow.today())
    set_reach(flow, officer, email="School@school.example", phone="13800000001")
    set_reach(flow, principal, email="school@school.example", phone="+86 13800000001")
    numbers = assigned(place, count, days=7)
    for number in numbers[1:]:
        flow.do(number, "sign", by=principal)
    place.deliver()
    rows = [r for r in queries.messages(flow.store.engine, flow.district, number=numbers[0]) if r["seq"] == 2]
    sent = [(r["recipient"], r["rendered_channel"]) for r in rows if r["status"] == "sent"]
    assert sorted(sent) == [(principal, "mail"), (principal, "sms")]
    name = flow.directory().person_name(principal)
    dropped = {r["detail"] for r in rows if r["status"] == "cancelled"}
    assert dropped == {f"同一件事已用{way}发到同一地址（{name}），不再重复" for way in ("邮件", "短信")}
    flow.do(numbers[0], "sign", by=principal)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=7)
    flow.tick()
    place.deliver()
    last = [m for m in outbox(flow, status="sent") if "rectify" in m.key]
    assert sorted(m.channel or "" for m in last) == ["mail", "sms"]
    assert {m.key.partition(":")[0] == "together" for m in last} == {count > 1}


def test_an_address_that_is_told_otherwise_is_told_both(place: Workplace) -> None:
    """Who may answer and who is only told get each their own words, at one mailbox too."""
    flow, officer = place.flow, responsible(place)
    leader = flow.directory().holders("bureau_leader", None, flow.today())[0]
    for person in (officer, leader):
        set_reach(flow, person, email="both@school.example", phone="")
    invited = [MessageDraft(key=f"same:{officer}", recipient=officer, template="generic", params={}, urgent=True)]
    told = [
        MessageDraft(key=f"same:{leader}", recipient=leader, template="generic", params={"invited": False}, urgent=True)
    ]
    flow.enqueue([*invited, *told])
    place.deliver()
    assert {m.status for m in outbox(flow) if m.key.startswith("same:")} == {"sent"}


def test_who_stands_in_has_one_digest(place: Workplace) -> None:
    """With what is for the absent one said to be so, and what is for both once; one not handed over is taken back whole."""
    flow, (principal, officer) = place.flow, away(place)
    one, other, both_of_them = assigned(place, 3)
    m = table("message")
    with writing(flow.store.engine) as connection:
        connection.execute(m.update().values(status="cancelled"))
        for number, persons in ((one, [principal]), (other, [officer]), (both_of_them, [principal, officer])):
            meant = (m.c.number == number, m.c.recipient.in_(persons), m.c.channel.is_(None))
            connection.execute(m.update().where(*meant).values(status="held"))
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    assert gather_digests(flow, time(9)) == 1
    place.clock.forward(days=1, seconds=3600)
    place.deliver()
    rows = [r for r in queries.messages(flow.store.engine, flow.district) if r["template"] == "digest"]
    assert sorted((r["status"], r["recipient"]) for r in rows) == [("cancelled", officer), ("sent", officer)]
    (sent,) = [r for r in rows if r["status"] == "sent"]
    name = flow.directory().person_name(principal)
    lines = str(sent["params"]["lines"]).splitlines()
    assert [line.partition("，第")[0] for line in lines] == [
        f"· 交办：代{name}，{one}", f"· 交办：{other}", f"· 交办：{both_of_them}",
    ]  # fmt: skip
    assert sent["rendered_to"] == "officer@school.example"
    assert len(queries.messages(flow.store.engine, flow.district, status="merged")) == 4


def test_what_was_given_to_somebody_else_meanwhile_is_not_told(place: Workplace) -> None:
    """An assignment that waits is dropped once the hazard is given anew."""
    flow, today = place.flow, place.flow.today()
    (number,) = assigned(place, 1)
    safety = flow.directory().holders("safety_section", None, today)[0]
    other = flow.directory().holders("safety_officer", "town1_school1", today)[0]
    flow.do(
        number, "reassign", by=safety, reason="交错了单位", responsible_unit="town1_school1", responsible_person=other
    )
    place.deliver()
    given = [m for m in outbox(flow, number=number) if m.occasion == "交办"]
    old = [m for m in given if m.status == "cancelled"]
    assert {m.detail for m in old} == {"隐患已重新交办，不再按原来的通知"}
    name = flow.directory().person_name(responsible(place))
    assert name in {m.recipient for m in old}
    assert name not in {m.recipient for m in given if m.status == "sent"}
