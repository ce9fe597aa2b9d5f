"""A list says what is so when it is sent, and each of its parts keeps what it would have had alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rectiflow._clock import SetClock
from rectiflow._desk import call_views
from rectiflow._digest import gather_digests
from rectiflow._incidents import incidents
from rectiflow._messages import MessageView, outbox
from rectiflow._persons import register, set_reach
from rectiflow._persons.handing import Order, hand_over
from rectiflow._reader import readable
from rectiflow._together import gather_steps
from rectiflow._workplace import Workplace
from support.district import at
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in test_together and test_digest

SCHOOL = "town1_school2"


def clock(place: Workplace, day: str, hour: str) -> None:
    """Put the clock forward."""
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at(day, hour) - place.clock.now()).total_seconds())


def holder(place: Workplace, role: str, unit: str | None = None) -> str:
    """Return who holds a post."""
    return place.flow.directory().holders(role, unit, place.flow.today())[0]


def told(place: Workplace, person: str, occasion: str, status: str = "sent") -> list[MessageView]:
    """Return the mails that a person was told something by."""
    name = place.flow.directory().person_name(person)
    found = [m for m in outbox(place.flow, status=status) if m.recipient == name and m.occasion == occasion]
    return [m for m in found if not m.key.endswith(":sms")]


def due_today(place: Workplace, count: int) -> list[str]:
    """Let hazards be signed for, and their day come; what is told on it waits to be sent."""
    numbers = assigned(place, count)
    for number in numbers:
        place.flow.do(number, "sign", by=holder(place, "safety_officer", SCHOOL))
    place.deliver()
    clock(place, "2024-09-11", "10:00")
    place.flow.tick()
    place.deliver()
    clock(place, "2024-09-12", "09:00")
    assert place.flow.tick().fired >= count
    return numbers


def handed_in(place: Workplace, number: str) -> None:
    """Report a hazard as put right."""
    flow = place.flow
    assert flow.evidence is not None
    photo = flow.evidence.put("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50))
    officer = holder(place, "safety_officer", SCHOOL)
    flow.do(number, "submit", by=officer, measures="已清理", completed_on=flow.today(), evidence=(photo,))


def test_on_the_day_it_says_so_by_every_way(place: Workplace) -> None:
    """The subject and the short message say which time it is, that it ends today, and of which hazards."""
    numbers, officer = due_today(place, 2), holder(place, "safety_officer", SCHOOL)
    place.deliver()
    (mail,) = told(place, officer, "多项时限提醒")
    said = readable(mail.body or b"")
    assert "整改时限今天到期 示例一镇第一小学（2项）" in said
    assert all(number in said for number in numbers)
    (short,) = [m for m in outbox(place.flow, status="sent") if m.key == f"{mail.key}:sms"]
    text = (short.body or b"").decode("utf-8")
    assert "示例一镇第一小学有2项隐患的整改时限今天到期（1、2号），请逐项办理" in text


def test_what_was_handed_in_meanwhile_is_not_in_it(place: Workplace) -> None:
    """Gathered, and before it could go one of three was done: two are listed."""
    numbers, officer = due_today(place, 3), holder(place, "safety_officer", SCHOOL)
    assert gather_steps(place.flow) > 0
    handed_in(place, numbers[0])
    place.deliver()
    (mail,) = told(place, officer, "多项时限提醒")
    said = readable(mail.body or b"")
    assert "（2项）" in said
    assert [number in said for number in numbers] == [False, True, True]


@pytest.mark.parametrize("daily", [False, True], ids=["together", "digest"])
def test_what_became_restricted_meanwhile_is_a_number(place: Workplace, daily: bool) -> None:
    """Gathered, and amended before it could go: the description is not sent."""
    if daily:
        numbers = assigned(place, 2)
        place.deliver()
        clock(place, "2024-09-09", "09:35")
        place.flow.tick()
        clock(place, "2024-09-10", "09:30")
        assert gather_digests(place.flow, at("2024-09-10", "09:30").time()) > 0
    else:
        numbers = due_today(place, 2)
        assert gather_steps(place.flow) > 0
    keeper, officer = holder(place, "safety_section"), holder(place, "safety_officer", SCHOOL)
    place.flow.amend(numbers[0], by=keeper, reason="改类别", category="防欺凌治理")
    place.deliver()
    (mail,) = told(place, officer, "每日汇总" if daily else "多项时限提醒")
    said = readable(mail.body or b"")
    assert daily or "整改时限今天到期（2项）" in said
    assert f"限制类事项：{numbers[0]}，请与安全股联系" in said
    assert "第 1 处疏散通道" not in said
    assert "第 2 处疏散通道" in said


def test_a_list_of_somebody_who_left_goes_to_the_successor(place: Workplace) -> None:
    """Each hazard on it is told to who follows, together again."""
    numbers, officer = due_today(place, 2), holder(place, "safety_officer", SCHOOL)
    other = holder(place, "safety_officer", "town1_school1")
    assert gather_steps(place.flow) > 0
    hand_over(place.flow, Order(old=officer, new=other, since=place.flow.today()), by=holder(place, "safety_section"))
    place.deliver()
    (mail,) = told(place, other, "多项时限提醒")
    assert all(number in readable(mail.body or b"") for number in numbers)
    assert told(place, officer, "多项时限提醒") == []
    (old,) = told(place, officer, "多项时限提醒", "cancelled")
    assert "所列各条分别发送" in str(old.detail)


def test_who_stands_in_has_one_for_all(place: Workplace) -> None:
    """The head is away and the vice head stands in for him: each hazard is told once, by one mail."""
    head, officer = holder(place, "principal", SCHOOL), holder(place, "safety_officer", SCHOOL)
    today = place.flow.today()
    register(
        place.flow, head, officer, since=today, until=today + timedelta(days=30), by=holder(place, "safety_section")
    )
    numbers = due_today(place, 2)
    place.deliver()
    (mail,) = told(place, officer, "多项时限提醒")
    said = readable(mail.body or b"")
    assert [said.count(number) > 0 for number in numbers] == [True, True]
    assert told(place, head, "多项时限提醒") == []
    assert [m for m in outbox(place.flow, status="sent") if m.occasion == "临期提醒" and m.number in numbers] == []


def test_a_list_that_did_not_arrive_ends_with_its_last_hazard(place: Workplace) -> None:
    """Until then it is an incident, and one call about all that it tells."""
    head, keeper = holder(place, "principal", SCHOOL), holder(place, "safety_section")
    numbers = due_today(place, 2)
    set_reach(place.flow, head, email="", phone="")
    place.deliver()
    (dead,) = told(place, head, "多项时限提醒", "dead")
    assert len(undelivered(place)) == 2  # the mail and the short message
    calls = [c for c in call_views(place.flow, by=keeper) if c.undelivered]
    assert [sorted(c.numbers) for c in calls] == [sorted(numbers)]
    place.flow.void(numbers[0], by=keeper, reason="重复登记")
    assert told(place, head, "多项时限提醒", "dead") == [dead]
    place.flow.void(numbers[1], by=keeper, reason="重复登记")
    assert told(place, head, "多项时限提醒", "dead") == []
    assert undelivered(place) == []
    ended = [i.message for i in incidents(place.flow, open_only=False) if i.kind == "message"]
    assert all(m.endswith("；隐患已办到下一环节，不再提醒，已自动结束") for m in ended)


def undelivered(place: Workplace) -> list[str]:
    """Return what is open about messages."""
    return [i.message for i in incidents(place.flow) if i.kind == "message"]


def test_nothing_overtakes_an_earlier_message_about_the_same_hazard(place: Workplace) -> None:
    """Two hazards whose assignment has not gone yet: their day is told after it, each by itself."""
    numbers = assigned(place, 2, days=1)
    clock(place, "2024-09-03", "09:00")
    assert place.flow.tick().fired > 0
    waiting = {m.number for m in outbox(place.flow, status="waiting")}
    assert waiting == set(numbers)
    gather_steps(place.flow)
    merged = {m.occasion for m in outbox(place.flow, status="merged")}
    assert "临期提醒" not in merged


def test_who_gave_up_a_post_before_it_was_written_keeps_a_list(place: Workplace) -> None:
    """The officer has become head, and gave up the other post days ago: what waits is the head's, and stays one list."""
    head, officer = holder(place, "principal", SCHOOL), holder(place, "safety_officer", SCHOOL)
    other, keeper = holder(place, "safety_officer", "town1_school1"), holder(place, "safety_section")
    today = place.flow.today()
    hand_over(place.flow, Order(old=head, new=officer, since=today), by=keeper)
    (post,) = [p.id for p, _ in place.flow.directory().held_by(officer) if "safety_officer" in p.roles]
    hand_over(place.flow, Order(old=officer, new=other, since=today, posts=(post,)), by=keeper)
    numbers = due_today(place, 2)
    assert gather_steps(place.flow) > 0
    place.deliver()
    (mail,) = told(place, officer, "多项时限提醒")
    assert all(number in readable(mail.body or b"") for number in numbers)
    assert told(place, officer, "多项时限提醒", "cancelled") == []
