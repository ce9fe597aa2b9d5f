"""Who could not be told in time hears of a deadline once, and hears how late it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rectiflow.engine.days import left, told_on
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.moments import local_day
from rectiflow.engine.outpaced import Beside, step_of
from rectiflow.engine.overtaken import Asked, answered, overtaken
from rectiflow.engine.simulate import World
from support.district import HEAD, LEADER, RECTIFIER, SAFETY, at, done, hazard, rectifying, submit, world

DUE = date(2024, 9, 20)  #: a Friday; on the Monday after the head and the town are urged


def waiting(place: World, number: str, clock: str = "rectify") -> dict[str, MessageDraft]:
    """Return what a ladder has told so far, by its key in the outbox, as if nothing of it had gone."""
    messages = ((f"{number}:{m.key}", m) for m in place.cases[number].messages.values())
    return {key: m for key, m in messages if (step := step_of(key)) is not None and step.clock == clock}


def asked(key: str, message: MessageDraft, beside: Mapping[str, MessageDraft]) -> Asked:
    """Return a message as it is judged."""
    mine = {k: Beside(m.template) for k, m in beside.items() if m.recipient == message.recipient}
    return Asked(key=key, recipient=message.recipient, occasion=message.template, at=at("2024-09-02"), beside=mine)


def left_of(place: World, number: str, clock: str = "rectify") -> list[tuple[str, MessageDraft]]:
    """Return what would be sent now of what a ladder told, with the person."""
    snapshot, today, there = place.snapshot(number), local_day(place.now), waiting(place, number, clock)
    kept = ((m.recipient, m) for k, m in there.items() if overtaken(snapshot, asked(k, m, there), today) is None)
    return list(kept)


@settings(max_examples=30, deadline=None)
@given(days=st.integers(-10, 120), hour=st.sampled_from(["06:00", "09:00", "18:00"]))
def test_nobody_hears_twice_and_nobody_too_little(days: int, hour: str) -> None:
    """Whenever the channel opens again: one message for each person, or one more is told today; and its days are true."""
    place = world()
    number = rectifying(place, DUE.isoformat())
    opened = DUE + timedelta(days=days)
    place.advance_to(at(opened.isoformat(), hour))
    kept = left_of(place, number)
    persons = [person for person, _ in kept]
    assert len(persons) == len(set(persons))
    for _, message in kept:
        said = left(told_on(message.params, place.now))
        assert said == (f"已逾期{days}天" if days > 0 else f"还有{-days}天" if days else "今天到期")
    silent = {m.recipient for m in waiting(place, number).values()} - set(persons)
    place.advance_to(at(opened.isoformat(), "23:00"))
    assert silent <= {person for person, _ in left_of(place, number)}


def test_what_is_told_at_once_goes_on_the_morning_after_the_weekend_and_what_urges_adds_nothing() -> None:
    """On the Monday both hear how late it is at seven; whom the digest would urge at half past nine has heard it."""
    place = world()
    number = rectifying(place, DUE.isoformat())
    place.advance_to(at("2024-09-22", "07:00"))
    assert {person for person, _ in left_of(place, number)} == {RECTIFIER, HEAD}
    for hour in ("07:00", "09:00"):
        place.advance_to(at("2024-09-23", hour))
        told = [m.template for p, m in left_of(place, number) if p in (RECTIFIER, HEAD)]
        assert told == ["due_soon", "due_soon"]


def test_a_step_that_was_told_today_goes_on_its_day() -> None:
    """On the day itself nothing is held back for what comes later."""
    place = world()
    number = rectifying(place, DUE.isoformat())
    place.advance_to(at("2024-09-20", "18:00"))
    assert {(p, m.template) for p, m in left_of(place, number)} == {(RECTIFIER, "due_soon"), (HEAD, "due_soon")}


def test_a_repeat_waits_for_no_other() -> None:
    """Where a channel is only open before they come due, the first is told the next morning, then the next, not none for ever."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-12-31"))
    place.advance_to(at("2024-09-04", "07:00"))
    assert {m.key.split(":")[4] for _, m in left_of(place, number, "sign")} == {"0"}
    place.advance_to(at("2024-09-06", "07:00"))
    there = waiting(place, number, "sign")
    recipient = min(m.recipient for m in there.values() if m.key.split(":")[4] == "2")
    told = {k: Beside(m.template, at("2024-09-04", "07:05")) for k, m in there.items() if m.key.split(":")[4] == "0"}
    ((key, last),) = [(k, m) for k, m in there.items() if m.recipient == recipient and m.key.split(":")[4] == "2"]
    judged = msgspec.structs.replace(asked(key, last, {}), beside={**told, key: Beside(last.template)})
    assert overtaken(place.snapshot(number), judged, local_day(place.now)) is None


def test_major_once_more_is_made_safe_once_more() -> None:
    """The measures of the first time answer nothing: the unit is asked again, and nobody is told that they are in place."""
    place = world("2024-09-13", "09:00")
    number = hazard(place, workflow="major_hazard")
    done(place.act(number, "control", HEAD, control_measures="全楼停用"))
    done(place.act(number, "reclassify", LEADER, into="hazard", reason="鉴定不属重大"))
    done(place.act(number, "reclassify", SAFETY, into="major_hazard", reason="裂缝扩大"))
    place.advance_to(place.now + timedelta(hours=2))
    (first, *_) = [m for p, m in left_of(place, number, "control") if p == HEAD]
    assert (first.template, first.params["control_measures"]) == ("control_first", None)


def test_a_deadline_in_hours_does_not_wait_for_its_next_step() -> None:
    """What was told before midnight is not put off until one o'clock; what asks to make safe is told beside a reminder."""
    place = world("2024-09-13", "19:30")
    number = hazard(place, workflow="major_hazard")
    place.advance_to(at("2024-09-13", "23:40"))
    assert [m.template for p, m in left_of(place, number, "control") if p == HEAD] == ["control_first", "reminder"]
    place.advance_to(at("2024-09-14", "00:10"))
    assert [m.template for p, m in left_of(place, number, "control") if p == HEAD] == ["control_first", "reminder"]
    place.advance_to(at("2024-09-14", "01:40"))
    (_, last) = [m for p, m in left_of(place, number, "control") if p == HEAD]
    assert last.key.startswith("control:1:1:due-remind:1:")


def test_what_a_later_step_tells_does_not_answer_what_did_not_arrive() -> None:
    """Its call stays open: the later one may not arrive either, until nothing is asked any more."""
    place = world()
    number = rectifying(place, DUE.isoformat())
    place.advance_to(at("2024-09-18", "10:00"))
    place.advance_to(at("2024-09-20", "10:00"))
    today = local_day(place.now)
    there = {k: m for k, m in waiting(place, number).items() if m.recipient == RECTIFIER}
    ((key, message),) = [(k, m) for k, m in there.items() if not m.urgent]
    assert (
        overtaken(place.snapshot(number), asked(key, message, there), today) == "同一时限后一步的提醒另发，这一步不再发"
    )
    assert answered(place.snapshot(number), asked(key, message, there), today) is None
    done(submit(place, number))
    done(place.act(number, "pass", SAFETY))
    assert answered(place.snapshot(number), asked(key, message, there), today) is not None


@pytest.mark.parametrize("key", ["N-1:request2:p", "N-1:assign:3:p", "digest:2024-09-20:p", "together:N-1"])
def test_only_a_step_is_one(key: str) -> None:
    """What is told on another occasion is judged otherwise."""
    assert step_of(key) is None


@pytest.mark.parametrize(("sent", "urged"), [("2024-09-20", True), ("2024-09-23", False), (None, False)])
def test_who_was_told_on_the_day_is_urged_after_it(sent: str | None, urged: bool) -> None:
    """Who is told no earlier than the 催办 comes due has heard with it how late it is."""
    place = world()
    number = rectifying(place, DUE.isoformat())
    place.advance_to(at("2024-09-23", "10:00"))
    mine = {k: m for k, m in waiting(place, number).items() if m.recipient == HEAD}
    ((key, message),) = [(k, m) for k, m in mine.items() if m.template == "urge"]
    told = at(sent, "07:05") if sent else None
    beside = {k: Beside(m.template, told if m.template == "due_soon" else None) for k, m in mine.items()}
    judged = msgspec.structs.replace(asked(key, message, {}), beside=beside)
    assert (overtaken(place.snapshot(number), judged, local_day(place.now)) is None) is urged
