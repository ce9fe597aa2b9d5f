"""By whom, for whom, by what means and when: the checks every action shares."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from rectiflow.engine.chain import check_chain
from rectiflow.engine.stimulus import Hand
from rectiflow.workflows.sample.directory import sample_directory
from rectiflow.workflows.sample.loader import load_district
from support.district import (
    CLERK,
    DEPUTY,
    HEAD,
    RECTIFIER,
    SAFETY,
    acting,
    at,
    codes,
    done,
    hazard,
    rectifying,
    submit,
    world,
)

KINDERGARTEN = "town1-kindergarten1-head"


def test_the_event_says_on_whose_behalf_who_entered_it_and_how() -> None:
    """A telephone answer: the headmaster's statement, the clerk's hand, both days, the note in the private part."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    place.advance_to(at("2024-09-03", "15:30"))
    hand = Hand(
        actor=HEAD, entered_by=CLERK, via="phone", on=date(2024, 9, 2), note="校长电话签收", account="LZH\\clerk"
    )
    event = done(place.act(number, "sign", hand)).events[0]
    assert (event.actor, event.entered_by, event.via, event.in_place_of) == (HEAD, CLERK, "phone", None)
    assert (event.happened_on, event.recorded_at) == (date(2024, 9, 2), at("2024-09-03", "15:30"))
    assert event.private == {"note": "校长电话签收", "account": "LZH\\clerk"}
    assert "校长电话签收" not in str(event.public)


@pytest.mark.parametrize(
    ("hand", "code"),
    [
        (Hand(actor="nobody"), "person_unknown"),
        (Hand(actor=HEAD, entered_by="nobody", via="phone"), "person_unknown"),
        (Hand(actor=HEAD, via="pigeon"), "via_unknown"),
        (Hand(actor=HEAD, entered_by=CLERK), "via_missing"),
        (Hand(actor=HEAD, entered_by=KINDERGARTEN, via="phone"), "clerk_not_allowed"),
        (Hand(actor=KINDERGARTEN), "role_missing"),
        (acting(HEAD, "2024-09-04"), "future"),
        (acting(HEAD, "2024-09-01"), "too_early"),
    ],
)
def test_a_hand_that_may_not(hand: Hand, code: str) -> None:
    """Each fault of a hand has its own code, and nothing changes."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    place.advance_to(at("2024-09-03"))
    before = place.cases[number].ticket
    assert code in codes(place.act(number, "sign", hand))
    assert place.cases[number].ticket == before


def test_a_grant_lets_somebody_enter_for_others() -> None:
    """Who holds no keeper's role may enter with an explicit grant, and still not act."""
    place = world()
    number = rectifying(place)
    hand = Hand(actor=RECTIFIER, entered_by="office-head", via="sms")
    assert codes(submit(place, number, hand)) == {"clerk_not_allowed"}
    sample = load_district()
    granted = (replace(p, grants=("act_as",)) if p.account == "office-head" else p for p in sample.persons)
    place.directory = sample_directory(replace(sample, persons=tuple(granted)))
    assert codes(submit(place, number, "office-head")) == {"role_missing"}
    assert done(submit(place, number, hand)).ticket.marks["on_behalf"] == 1


def test_a_substitute_acts_in_the_absent_ones_place() -> None:
    """During the head's absence the deputy returns the hazard; the event says in whose place."""
    place = world("2024-11-04")
    number = hazard(place, responsible_unit="town2_school2")
    done(place.act(number, "assign", SAFETY, responsible_person="town2-school2-safety", due_on="2024-11-20"))
    answer = done(place.act(number, "return", "town2-school2-safety", reason="不属本校", suggested_unit="town2"))
    assert answer.events[0].in_place_of == "town2-school2-head"
    assert answer.ticket.taken["return"][0].in_place_of == "town2-school2-head"


def test_a_role_is_asked_for_on_the_day_it_happened() -> None:
    """What happened during the absence may be entered after it."""
    place = world("2024-11-14")
    number = hazard(place, responsible_unit="town2_school2")
    done(place.act(number, "assign", SAFETY, responsible_person="town2-school2-safety", due_on="2024-11-29"))
    place.advance_to(at("2024-11-18"))
    given: dict[str, Any] = {"reason": "不属本校", "suggested_unit": "town2"}
    assert codes(place.act(number, "return", "town2-school2-safety", **given)) == {"role_missing"}
    late = acting("town2-school2-safety", "2024-11-15")
    assert done(place.act(number, "return", late, **given)).ticket.state == "reported"


def test_entries_on_behalf_and_late_ones_are_counted() -> None:
    """Both counts stand among the milestones, for every report."""
    place = world()
    number = rectifying(place)
    place.advance_to(at("2024-09-10"))
    hand = Hand(actor=RECTIFIER, entered_by=CLERK, via="paper", on=date(2024, 9, 5), note="纸质送达后补录")
    answer = done(submit(place, number, hand, completed_on="2024-09-05"))
    assert (answer.ticket.marks["on_behalf"], answer.ticket.marks["late_entries"]) == (1, 1)
    assert check_chain(number, place.cases[number].events, answer.ticket.head) == ()


def test_who_acts_and_who_enters_are_not_told_of_it() -> None:
    """The clerk who entered the answer is one of the verifiers, and needs no message about it."""
    place = world()
    number = rectifying(place)
    hand = Hand(actor=RECTIFIER, entered_by=CLERK, via="phone")
    told = {m.recipient for m in done(submit(place, number, hand)).messages}
    assert told == {SAFETY, DEPUTY}
