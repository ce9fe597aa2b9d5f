"""What is open goes to who follows; where it stands and by when stays."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.directory import Changes, Unit
from rectiflow.engine.handing_over import VACATED
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Hand, Handover
from support.district import (
    CLERK,
    HEAD,
    PHOTO,
    RECTIFIER,
    SAFETY,
    SCHOOL,
    at,
    codes,
    done,
    hazard,
    rectifying,
    submit,
    world,
)

OTHER = "town1_school3"
OTHERS_HEAD = "town1-school3-head"
DAY = date(2024, 9, 2)


def given(place: World, number: str, **changes: Any) -> Decision | Refusal:
    """Hand a hazard over to the other school's head, unless told otherwise."""
    wanted: dict[str, Any] = {"hand": Hand(actor=CLERK), "person": OTHERS_HEAD, "since": DAY, **changes}
    return place.handle(number, Handover(**wanted))


def closed(place: World, unit: str, successor: str | None = None) -> None:
    """Close a unit of the world."""
    gone: Unit = replace(place.directory.units[unit], active=False, successor=successor)
    place.directory = place.directory.after(Changes(units=(gone,)))


@pytest.mark.parametrize("stage", ["reported", "assigned", "rectifying", "pending"])
def test_everything_but_the_person_stays(stage: str) -> None:
    """State, dates, clocks, timers, who took what: all as before, whatever the stage; one event says before and after."""
    place = world()
    number = hazard(place) if stage in ("reported", "assigned") else rectifying(place)
    if stage == "assigned":
        done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    if stage == "pending":
        done(submit(place, number))
    place.advance_to(at("2024-09-04"))
    before = replace(place.cases[number], clocks=dict(place.cases[number].clocks))
    timers = dict(before.timers)
    answer = done(given(place, number, reason="换校长"))
    after = place.cases[number].ticket
    kept = ("state", "since", "taken", "listed", "severity", "restricted", "workflow", "version")
    assert all(getattr(after, name) == getattr(before.ticket, name) for name in kept)
    assert (answer.clocks, answer.arm, answer.disarm, answer.messages, answer.documents) == ((), (), (), (), ())
    assert (place.cases[number].clocks, place.cases[number].timers) == (before.clocks, timers)
    was = before.ticket.fields.get("responsible_person")
    assert after.fields == {**before.ticket.fields, "responsible_person": OTHERS_HEAD}
    event = answer.events[0]
    assert (event.kind, event.trigger, event.from_state, event.to_state) == (
        "handed_over",
        "handover",
        after.state,
        after.state,
    )
    assert event.private["before"] == {"responsible_person": was}
    assert event.private["after"] == {"responsible_person": OTHERS_HEAD}
    assert event.private["reason"] == "换校长"
    assert event.public["marks"] == {"responsible_person": OTHERS_HEAD}


def test_a_unit_follows_with_its_person() -> None:
    """Both marks that reports count by change in one event."""
    place = world()
    number = rectifying(place)
    event = done(given(place, number, unit=OTHER)).events[0]
    assert event.public["marks"] == {"responsible_unit": OTHER, "responsible_person": OTHERS_HEAD}
    assert event.private["before"] == {"responsible_person": RECTIFIER, "responsible_unit": SCHOOL}
    done(place.act(number, "submit", OTHERS_HEAD, evidence=(PHOTO,), measures="已清", completed_on=DAY))


def test_an_empty_post_leaves_the_head_in_charge() -> None:
    """Nobody is named until the post is filled; the mark remembers which one, and goes when somebody is named."""
    place = world()
    number = rectifying(place)
    answer = done(given(place, number, person=None, post="town1_school2.safety"))
    assert "responsible_person" not in answer.ticket.fields
    assert answer.ticket.marks[VACATED] == "town1_school2.safety"
    assert answer.incidents == ()
    done(place.act(number, "submit", HEAD, evidence=(PHOTO,), measures="已清", completed_on=DAY))
    filled = done(given(place, number, person=RECTIFIER))
    assert filled.ticket.marks[VACATED] is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"hand": Hand(actor=HEAD)}, {"role_missing"}),
        ({"person": RECTIFIER}, {"nothing"}),
        ({"person": "nobody-known"}, {"person_unknown"}),
        ({"unit": "no-such-unit"}, {"unit_inactive"}),
        (
            {"hand": Hand(actor=HEAD), "person": "nobody-known", "unit": "none"},
            {"role_missing", "person_unknown", "unit_inactive"},
        ),
    ],
)
def test_a_hand_over_that_may_not_be(changes: dict[str, Any], expected: set[str]) -> None:
    """Only who keeps the record, to somebody known, and something must change; every reason is said."""
    place = world()
    assert codes(given(place, rectifying(place), **changes)) == expected


def test_what_is_over_is_not_handed_over() -> None:
    """A voided hazard keeps who was responsible."""
    place = world()
    number = rectifying(place)
    done(place.void(number, CLERK, reason="重复"))
    assert codes(given(place, number)) == {"wrong_state"}


def test_the_machine_may() -> None:
    """On a day entered before, nobody is at the keyboard."""
    place = world()
    event = done(given(place, rectifying(place), hand=None)).events[0]
    assert (event.actor, event.entered_by, event.via) == (None, None, "machine")


def test_a_restricted_hazard_is_handed_over_by_who_may_not_see_it() -> None:
    """Nothing of it is shown by that, and it must not keep a hand-over from being done."""
    place = world()
    number = rectifying(place, category="dispute")
    assert done(given(place, number)).ticket.restricted


def test_without_a_successor_it_becomes_an_incident() -> None:
    """The unit is gone and nobody takes over: said at once, the ticket stays where it is."""
    place = world()
    number = rectifying(place)
    closed(place, SCHOOL)
    answer = done(given(place, number, person=None))
    assert [i.kind for i in answer.incidents] == ["nobody"]
    assert "没有承接单位" in answer.incidents[0].message
    assert answer.ticket.fields["responsible_unit"] == SCHOOL


def test_a_closed_unit_gets_no_new_hazard() -> None:
    """A report, an assignment and a reassignment name who follows instead."""
    place = world()
    waiting, running = hazard(place), rectifying(place)
    closed(place, SCHOOL, OTHER)
    found: dict[str, Any] = {
        "source": "bureau",
        "found_on": "2024-09-02",
        "category": "fire",
        "description": "通道堵塞",
    }
    answer = place.report("hazard", CLERK, responsible_unit=SCHOOL, **found)
    assert codes(answer) == {"unit_inactive"}
    assert isinstance(answer, Refusal)
    assert "请写承接单位示例一镇第二小学" in answer.reasons[0].message
    assert codes(place.act(waiting, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20")) == {
        "unit_inactive"
    }
    assert codes(place.act(running, "reassign", SAFETY, reason="撤并", responsible_person=OTHERS_HEAD)) == {
        "unit_inactive"
    }
    assert codes(place.amend(waiting, CLERK, reason="错", hazard_unit=SCHOOL)) == {"unit_inactive"}
    data: dict[str, Any] = {"reason": "撤并", "responsible_unit": OTHER, "responsible_person": OTHERS_HEAD}
    assert done(place.act(running, "reassign", SAFETY, **data)).ticket.fields["responsible_unit"] == OTHER


def test_who_follows_inspects_again() -> None:
    """What a closed town school had inspected, the school that took over verifies."""
    place = world()
    number = hazard(place, inspecting_unit="town1")
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    done(place.act(number, "sign", HEAD))
    done(submit(place, number))
    closed(place, "town1", "town2")
    assert done(place.act(number, "pass", "town2-deputy")).ticket.state == "verified"
