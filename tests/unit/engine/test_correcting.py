"""Amending, voiding, signing, and the ledger of the first day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rectiflow.engine.stimulus import Hand, Import
from support.district import (
    CLERK,
    DEPUTY,
    HEAD,
    LEADER,
    RECTIFIER,
    SAFETY,
    SCHOOL,
    at,
    clock,
    codes,
    done,
    hazard,
    rectifying,
    submit,
    world,
)

# amend -------------------------------------------------------------------------------------------------------------


def test_an_amendment_keeps_the_old_value() -> None:
    """Before and after stand in the private part, the names of the fields in the public one."""
    place = world()
    number = rectifying(place, place="教学楼")
    event = done(place.amend(number, CLERK, reason="楼名写错", place="综合楼", funds="2.0")).events[0]
    assert (event.kind, event.public["fields"]) == ("amended", ["funds", "place"])
    assert event.private["before"] == {"place": "教学楼", "funds": None}
    assert event.private["after"] == {"place": "综合楼", "funds": "2"}
    assert event.private["reason"] == "楼名写错"
    assert place.cases[number].ticket.state == "rectifying"


@pytest.mark.parametrize(
    ("by", "reason", "data", "expected"),
    [
        (HEAD, "错", {"place": "综合楼"}, {"role_missing"}),
        (CLERK, " ", {"place": "综合楼"}, {"field_missing"}),
        (CLERK, "错", {"place": "教学楼"}, {"nothing"}),
        (CLERK, "错", {"description": None}, {"field_missing"}),
        (CLERK, "错", {"due_on": "2024-12-31"}, {"protected"}),
        (CLERK, "错", {"responsible_unit": "town1"}, {"protected"}),
        (CLERK, "错", {"responsible_person": HEAD}, {"protected"}),
        (CLERK, "错", {"issuing_unit": "town1"}, {"protected"}),
        (CLERK, "错", {"listed_level": "town"}, {"protected"}),
        (CLERK, "错", {"second_inspector": HEAD}, {"protected"}),
        (CLERK, "错", {"category": "没有这一类"}, {"field_invalid"}),
    ],
)
def test_an_amendment_that_may_not_be(by: str, reason: str, data: dict[str, Any], expected: set[str]) -> None:
    """Who keeps the record amends, with a reason, and nothing that the flow itself decides."""
    place = world()
    number = rectifying(place, place="教学楼")
    assert codes(place.amend(number, by, reason=reason, **data)) == expected


def test_before_the_assignment_the_unit_may_be_amended() -> None:
    """A wrong school in the report is a slip of the pen as long as nobody was told."""
    place = world()
    number = hazard(place)
    assert (
        done(place.amend(number, CLERK, reason="校名写错", responsible_unit="一镇二小")).ticket.fields[
            "responsible_unit"
        ]
        == "town1_school3"
    )


def test_an_amended_category_may_make_it_restricted() -> None:
    """And from then on messages say a number and no more."""
    place = world()
    number = hazard(place)
    assert done(place.amend(number, CLERK, reason="归类有误", category="dispute")).ticket.restricted
    answer = done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    assert {m.template for m in answer.messages} == {"restricted"}
    assert all(set(m.params) == {"district_name", "recipient"} for m in answer.messages)


# void --------------------------------------------------------------------------------------------------------------


def test_voiding_ends_everything_and_keeps_everything() -> None:
    """Clocks stop, requests and drafts are withdrawn, the history stays, the number is not used again."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "supervision_letter", SAFETY))
    done(place.rule(number, 1, LEADER))
    done(place.ask(number, "funding", HEAD, funds=1))
    answer = done(place.void(number, CLERK, reason="重复录入"))
    case = place.cases[number]
    assert (answer.ticket.state, answer.ticket.marks["outcome"]) == ("voided", "void")
    assert case.timers == {}
    assert {r.status for r in case.runs.values()} <= {"met", "stopped"}
    assert [r.status for r in case.requests.values()] == ["approved", "withdrawn"]
    assert case.documents[1].status == "withdrawn"
    assert len(case.events) == 7
    assert codes(place.void(number, CLERK, reason="再来")) == {"wrong_state"}
    assert hazard(place) == "LZH-2024-000002"


def test_voiding_needs_a_keeper_and_a_reason() -> None:
    """Both faults at once."""
    place = world()
    number = rectifying(place)
    assert codes(place.void(number, HEAD, reason="")) == {"role_missing", "field_missing"}


# sign --------------------------------------------------------------------------------------------------------------


def test_signing_takes_the_number_once_in_order() -> None:
    """Two letters of a year are numbered one after the other, as they are signed."""
    place = world()
    numbers = [rectifying(place, "2024-10-31") for _ in range(2)]
    for number in numbers:
        done(place.ask(number, "supervision_letter", SAFETY))
        done(place.rule(number, 1, LEADER))
    for number in reversed(numbers):
        done(place.sign_off(number, 1, LEADER))
    assert [place.cases[n].documents[1].number for n in numbers] == [
        "supervision_letter〔2024〕2号",
        "supervision_letter〔2024〕1号",
    ]
    assert codes(place.sign_off(numbers[0], 9, LEADER)) == {"document_unknown"}


# the ledger of the first day ----------------------------------------------------------------------------------------


def row(proof: str, **more: Any) -> Import:
    """Return a row of an older ledger."""
    data = {
        "source": "bureau",
        "found_on": "2024-05-06",
        "category": "fire",
        "description": "消防水箱无水",
        "responsible_unit": SCHOOL,
        "responsible_person": RECTIFIER,
        "due_on": "2024-06-28",
    }
    stated = {k: v for k, v in more.items() if k in Import.__struct_fields__}
    return Import(
        hand=Hand(actor=SAFETY),
        data={**data, **{k: v for k, v in more.items() if k not in stated}},
        proof=proof,
        key="1",
        **stated,
    )


@pytest.mark.parametrize(
    ("workflow", "proof", "state", "stage"),
    [
        ("hazard", "reported", "reported", "reported"),
        ("hazard", "rectifying", "rectifying", "rectifying"),
        ("hazard", "pending", "pending_verification", "rectifying"),
        ("hazard", "verified", "verified", "verified"),
        ("hazard", "closed", "closed", "closed"),
        ("major_hazard", "rectifying", "planning", "rectifying"),
        ("major_hazard", "pending", "pending_acceptance", "rectifying"),
        ("hard_to_rectify", "rectifying", "securing", "rectifying"),
    ],
)
def test_a_row_enters_at_the_stage_its_columns_prove(workflow: str, proof: str, state: str, stage: str) -> None:
    """Plans and precautions that the ledger does not prove have still to be put on record."""
    place = world()
    ticket = done(
        place.bring_in(
            workflow,
            row(
                proof,
                assigned_on=date(2024, 5, 8),
                handed_in_on=date(2024, 6, 20),
                passed_on=date(2024, 6, 21),
                closed_on=date(2024, 6, 24),
            ),
        )
    ).ticket
    assert ticket.state == state
    assert place.workflows[workflow].states[ticket.state].stage == stage


def test_dates_are_kept_as_stated_and_the_recording_time_is_true() -> None:
    """Marked as stock; no message, no incident; the event says today as the time of recording."""
    place = world()
    answer = done(place.bring_in("hazard", row("rectifying", assigned_on=date(2024, 5, 8))))
    event = answer.events[0]
    assert (event.kind, event.happened_on, event.recorded_at, event.late) == (
        "imported",
        date(2024, 5, 8),
        place.now,
        False,
    )
    assert answer.ticket.since == date(2024, 5, 8)
    assert (answer.ticket.marks["stock"], answer.ticket.marks["served_on"]) == (True, "2024-05-08")
    assert (answer.messages, answer.incidents, answer.calls) == ((), (), ())


def test_steps_from_before_the_import_are_recorded_as_crossed_and_never_fire() -> None:
    """The ladder goes on with what comes next; nothing of the past is made up for."""
    place = world()
    number = done(place.bring_in("hazard", row("rectifying", assigned_on=date(2024, 5, 8)))).ticket.number
    run = clock(place, number, "rectify")
    assert set(run.fired) == {s.id for s in place.workflows["hazard"].clocks["rectify"].steps}
    assert place.cases[number].events[0].public["crossed"][0] == ["rectify", "m3w-remind", 1]
    assert run.next_at is not None
    assert run.next_at > place.now
    place.advance_to(at("2024-12-31"))
    assert place.cases[number].requests == {}
    assert {m.recipient for m in place.cases[number].messages.values()} == {LEADER}


def test_what_was_handed_in_keeps_its_day() -> None:
    """On time is judged by the stated day, also for stock."""
    place = world()
    number = done(
        place.bring_in("hazard", row("pending", assigned_on=date(2024, 5, 8), handed_in_on=date(2024, 6, 20)))
    ).ticket.number
    marks = place.cases[number].ticket.marks
    assert (marks["applied_on"], marks["due_on"], marks["original_due_on"]) == (
        "2024-06-20",
        "2024-06-28",
        "2024-06-28",
    )
    done(place.act(number, "pass", CLERK))
    assert clock(place, number, "rectify").ended_on == date(2024, 6, 20)


def test_a_listed_row_is_listed_and_cannot_be_closed_at_once() -> None:
    """The listing of the older ledger binds as one of ours."""
    place = world()
    number = done(
        place.bring_in(
            "hazard", row("verified", listed="district", assigned_on=date(2024, 5, 8), passed_on=date(2024, 6, 21))
        )
    ).ticket.number
    assert codes(place.act(number, "close", DEPUTY)) == {"listed"}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"hand": Hand(actor=HEAD)}, {"role_missing"}),
        ({"hand": Hand(actor="nobody")}, {"person_unknown", "role_missing"}),
        ({"assigned_on": date(2024, 9, 3)}, {"future"}),
        ({"category": None}, {"field_missing"}),
        ({"responsible_unit": "无名小学"}, {"field_invalid"}),
    ],
)
def test_a_row_that_cannot_enter(edit: dict[str, Any], expected: set[str]) -> None:
    """Every fault of the row is named."""
    place = world()
    data = row("rectifying", **{k: v for k, v in edit.items() if k != "hand"})
    stated = Import(
        hand=edit.get("hand", data.hand), data=data.data, proof=data.proof, key="1", assigned_on=data.assigned_on
    )
    assert codes(place.bring_in("hazard", stated)) == expected
    assert place.cases == {}


def test_life_goes_on_after_the_import() -> None:
    """An imported hazard is handed in, verified and closed as any other."""
    place = world()
    number = done(place.bring_in("hazard", row("rectifying", assigned_on=date(2024, 5, 8)))).ticket.number
    done(submit(place, number))
    done(place.act(number, "pass", CLERK))
    assert done(place.act(number, "close", SAFETY)).ticket.marks["outcome"] == "rectified"
