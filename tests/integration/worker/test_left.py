"""Messages follow the post: who has left gets nothing more of it, and who follows gets what waited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rectiflow._clock import SetClock
from rectiflow._incidents import incidents
from rectiflow._messages import outbox, retry
from rectiflow._persons import Order, hand_over
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import IncidentDraft
from rectiflow.storage import queries
from support.district import at
from support.workplaces import assigned

SCHOOL = "town1_school2"
BOTH = ["sent", "sent"]  #: as mail and as short message


def _clock(place: Workplace, day: str, hour: str) -> None:
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at(day, hour) - place.clock.now()).total_seconds())


def _holder(place: Workplace, role: str, unit: str | None = None) -> str:
    return place.flow.directory().holders(role, unit, place.flow.today())[0]


def _over(place: Workplace, old: str, new: str | None, *, days: int = 0, posts: tuple[str, ...] = ()) -> None:
    since = place.flow.today() + timedelta(days=days)
    hand_over(place.flow, Order(old=old, new=new, since=since, posts=posts), by=_holder(place, "safety_section"))


def _fates(place: Workplace, person: str, occasion: str) -> list[tuple[str, str]]:
    """Return what became of each message to a person on an occasion: status, and why where it was not sent."""
    rows = queries.messages(place.flow.store.engine, place.flow.district)
    mine = [r for r in rows if r["recipient"] == person and r["template"] == occasion]
    return [(r["status"], "" if r["status"] == "sent" else r["detail"]) for r in mine]


@pytest.fixture
def people(place: Workplace) -> tuple[str, str, str]:
    """Return who answers for the school's hazards, who is to follow, and the school's head."""
    officer, other = (_holder(place, "safety_officer", unit) for unit in (SCHOOL, "town1_school1"))
    return officer, other, _holder(place, "principal", SCHOOL)


def test_what_waits_over_night_goes_to_who_follows(place: Workplace, people: tuple[str, str, str]) -> None:
    """Assigned at half past ten, the post handed over after it: in the morning the successor gets it, and the list."""
    officer, other, head = people
    flow, name = place.flow, place.flow.directory().person_name
    (first,) = assigned(place, 1)
    flow.do(first, "sign", by=officer)
    place.deliver()
    _clock(place, "2024-09-09", "09:00")
    flow.tick()  # three working days before its date: held for the list
    assert [status for status, _ in _fates(place, officer, "due_soon")] == ["held"]
    _clock(place, "2024-09-09", "22:30")
    sent = len(_fates(place, officer, "assigned"))
    assigned(place, 1)
    _over(place, officer, other)
    _clock(place, "2024-09-10", "09:35")
    place.deliver()
    why = ("cancelled", f"{name(officer)}已不在岗，改发{name(other)}")
    assert _fates(place, officer, "due_soon") == [why]
    assert _fates(place, officer, "assigned").count(why) == len(_fates(place, officer, "assigned")) - sent > 0
    assert _fates(place, officer, "digest") == []
    assert [status for status, _ in _fates(place, other, "due_soon")] == ["merged"]
    assert [status for status, _ in _fates(place, other, "assigned")] == BOTH
    assert [status for status, _ in _fates(place, other, "handed_over")] == BOTH
    assert {status for status, _ in _fates(place, head, "assigned")} == {"sent"}
    greeted = [m for m in outbox(flow, status="sent") if m.occasion == "交办" and m.recipient == name(other)]
    assert all(name(officer) not in (m.body or b"").decode("utf-8", "replace") for m in greeted)


def test_a_hand_over_entered_in_advance(place: Workplace, people: tuple[str, str, str]) -> None:
    """What is written on the last evening is not in the list that the successor got before; it is not lost."""
    officer, other, _ = people
    _over(place, officer, other, days=1)
    _clock(place, "2024-09-02", "22:30")
    assigned(place, 1)
    _clock(place, "2024-09-03", "08:00")
    place.deliver()
    assert {status for status, _ in _fates(place, officer, "assigned")} == {"cancelled"}
    assert [status for status, _ in _fates(place, other, "assigned")] == BOTH


def test_what_did_not_arrive_follows_too(place: Workplace, people: tuple[str, str, str]) -> None:
    """Its incident ends: nobody is to look for an address of who has gone."""
    officer, other, _ = people
    (number,) = assigned(place, 1)
    district, now = place.flow.district, place.flow.now()
    for row in place.flow.store.claim_messages(owner="w", now=now, lease=timedelta(minutes=1), limit=99):
        place.flow.store.finish_message(
            district, row["key"], owner="w", status="dead", due_at=now, sent_at=None, detail="邮箱不存在", attempts=1,
            incident=IncidentDraft(key=f"message:{row['key']}", kind="message", message="未送达"), number=number, now=now,
        )  # fmt: skip
    before = {i.subject for i in incidents(place.flow)}
    _over(place, officer, other)
    place.deliver()
    assert [status for status, _ in _fates(place, other, "assigned")] == BOTH
    ended = before - {i.subject for i in incidents(place.flow)}
    assert ended
    assert all(officer in subject for subject in ended)
    assert retry(place.flow, []) > 0  # the head's own are still to be delivered


def test_who_keeps_a_post_that_is_responsible_gets_it(place: Workplace, people: tuple[str, str, str]) -> None:
    """The officer has become head of the school too, and gives up the other post: the message is the head's as well."""
    officer, other, head = people
    _over(place, head, officer)
    _clock(place, "2024-09-03", "22:30")
    assigned(place, 1)
    (post,) = [p.id for p, _ in place.flow.directory().held_by(officer) if "safety_officer" in p.roles]
    _over(place, officer, other, posts=(post,))
    _clock(place, "2024-09-04", "08:00")
    place.deliver()
    assert [status for status, _ in _fates(place, officer, "assigned")] == BOTH


def test_a_post_that_stands_empty(place: Workplace, people: tuple[str, str, str]) -> None:
    """There is nobody to have it; the head has the same message already."""
    officer, _, head = people
    assigned(place, 1)
    _over(place, officer, None)
    place.deliver()
    name = place.flow.directory().person_name(officer)
    assert set(_fates(place, officer, "assigned")) == {("cancelled", f"{name}已不在岗，没有接任的人可以改发")}
    assert [status for status, _ in _fates(place, head, "assigned")] == BOTH
