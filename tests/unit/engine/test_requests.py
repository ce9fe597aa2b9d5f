"""Requests: asked for by one, decided by another, beside the main flow."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rectiflow.engine.stimulus import Hand
from support.district import (
    CLERK,
    DEPUTY,
    DISTRICT,
    HEAD,
    LEADER,
    RECTIFIER,
    SAFETY,
    acting,
    at,
    clock,
    codes,
    done,
    edited,
    hazard,
    rectifying,
    refused,
    submit,
    world,
)

EXTENSION: dict[str, Any] = {"reason": "等施工队", "new_due_on": "2024-10-11", "interim": "专人值守"}


def test_an_extension_waits_for_the_issuer_and_changes_nothing_before() -> None:
    """The request is on record with what was asked; the deadline moves on approval only."""
    place = world()
    number = rectifying(place)
    answer = done(place.ask(number, "extension", HEAD, **EXTENSION))
    (request,) = answer.requests
    assert (request.ordinal, request.status, request.asked_by, request.asked_on) == (
        1,
        "pending",
        HEAD,
        date(2024, 9, 2),
    )
    assert request.data == {"reason": "等施工队", "new_due_on": "2024-10-11", "interim": "专人值守"}
    assert answer.ticket.marks["due_on"] == "2024-09-20"
    assert "interim" not in answer.ticket.fields
    ruled = done(place.rule(number, 1, SAFETY, new_due_on="2024-09-30", reason="只批到月底"))
    assert ruled.ticket.fields["due_on"] == ruled.ticket.marks["due_on"] == "2024-09-30"
    assert ruled.ticket.fields["interim"] == "专人值守"
    assert ruled.ticket.marks["extended"] == 1
    assert "new_due_on" not in ruled.ticket.fields
    assert {m.params["new_due_on"] for m in ruled.messages} == {"2024年9月30日"}


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2024-09-19", None), ("2024-09-20", {"too_late"}), ("2024-09-23", {"too_late"})],
)
def test_an_extension_is_asked_for_in_time(day: str, expected: set[str] | None) -> None:
    """One working day before the date at the latest."""
    place = world()
    number = rectifying(place)
    place.advance_to(at(day))
    answer = place.ask(number, "extension", HEAD, **EXTENSION)
    assert (codes(answer) if expected else done(answer).requests[0].status) == (expected or "pending")


def test_an_extension_on_paper_counts_from_the_day_it_was_handed_in() -> None:
    """Filed on Thursday, entered on Friday: in time."""
    place = world()
    number = rectifying(place)
    place.advance_to(at("2024-09-20"))
    paper = Hand(actor=HEAD, entered_by=CLERK, via="paper", on=date(2024, 9, 19))
    assert done(place.ask(number, "extension", paper, **EXTENSION)).requests[0].asked_on == date(2024, 9, 19)


def test_one_extension_at_a_time_and_one_in_all() -> None:
    """A second while one waits, and one more after an approval, are refused; after a rejection it may be asked again."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "extension", HEAD, **EXTENSION))
    assert codes(place.ask(number, "extension", HEAD, **EXTENSION)) == {"request_pending"}
    done(place.rule(number, 1, SAFETY, approve=False, reason="无正当理由"))
    done(place.ask(number, "extension", HEAD, **EXTENSION))
    done(place.rule(number, 2, SAFETY))
    assert codes(place.ask(number, "extension", HEAD, **{**EXTENSION, "new_due_on": "2024-10-25"})) == {"request_limit"}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"new_due_on": None}, {"field_missing"}),
        ({"new_due_on": "2024-09-20"}, {"not_later"}),
        ({"new_due_on": "下个月"}, {"field_invalid", "field_missing"}),
        ({"reason": ""}, {"field_missing"}),
        ({"colour": "red"}, {"field_unknown"}),
    ],
)
def test_an_extension_with_wrong_data(edit: dict[str, Any], expected: set[str]) -> None:
    """Each fault is named; nothing is asked for."""
    place = world()
    number = rectifying(place)
    assert codes(place.ask(number, "extension", HEAD, **{**EXTENSION, **edit})) == expected
    assert place.cases[number].requests == {}


def test_an_extension_needs_a_deadline() -> None:
    """Before the assignment there is nothing to extend."""
    place = world()
    number = hazard(place)
    assert codes(place.ask(number, "extension", HEAD, **EXTENSION)) == {"no_deadline"}


def test_a_rejection_needs_a_reason() -> None:
    """And changes nothing but the request."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "extension", HEAD, **EXTENSION))
    assert codes(place.rule(number, 1, SAFETY, approve=False)) == {"field_missing"}
    answer = done(place.rule(number, 1, SAFETY, approve=False, reason="工期足够"))
    (request,) = answer.requests
    assert (request.status, request.decided_by, request.reason) == ("rejected", SAFETY, "工期足够")
    assert {(m.params["reason"], m.params["new_due_on"]) for m in answer.messages} == {("工期足够", None)}
    assert clock(place, number, "rectify").version == 1
    assert codes(place.rule(number, 1, SAFETY)) == {"request_decided"}


def test_what_does_not_exist_cannot_be_asked_for_or_decided() -> None:
    """Unknown kinds name what there is; unknown ordinals are refused."""
    place = world()
    number = rectifying(place)
    answer = place.ask(number, "holiday", HEAD)
    assert codes(answer) == {"request_unknown"}
    assert "延期" in str(answer)
    assert codes(place.rule(number, 7, SAFETY)) == {"request_unknown"}


def test_the_decision_has_a_clock_of_its_own() -> None:
    """It reminds the decider every working day, and ends with the decision."""
    place = world()
    number = rectifying(place, "2024-10-31")
    done(place.ask(number, "extension", HEAD, **{**EXTENSION, "new_due_on": "2024-11-29"}))
    run = clock(place, number, "decide_extension")
    assert (run.due_on, run.status) == (date(2024, 9, 5), "running")
    place.advance_to(at("2024-09-06"))
    reminders = [m for m in place.cases[number].messages.values() if m.template == "reminder"]
    assert [m.recipient for m in reminders] == [SAFETY, SAFETY]
    done(place.rule(number, 1, SAFETY))
    assert clock(place, number, "decide_extension").status == "met"
    place.advance_to(at("2024-09-13"))
    assert len([m for m in place.cases[number].messages.values() if m.template == "reminder"]) == 2


def test_the_clock_of_a_decision_reminds_who_decides_at_that_level() -> None:
    """A listing by the town waits for the town's leader, not for the district's."""
    place = world()
    number = rectifying(place, "2024-10-31")
    done(place.ask(number, "listing", SAFETY, level="town"))
    place.advance_to(at("2024-09-10"))
    told = {m.recipient for m in place.cases[number].messages.values() if m.template == "reminder"}
    assert told == {"town1-leader"}


def test_closing_withdraws_what_still_waits() -> None:
    """Visibly, with the reason; papers in draft as well; their clocks end.

    More time and a letter are overtaken when it passes; money that was asked for waits until the hazard is struck off.
    """
    place = world()
    number = rectifying(place)
    done(place.ask(number, "funding", HEAD, funds=2))
    done(place.ask(number, "supervision_letter", SAFETY))
    done(place.rule(number, 2, LEADER))
    done(place.ask(number, "extension", HEAD, **EXTENSION))
    done(submit(place, number))
    done(place.act(number, "pass", SAFETY))
    case = place.cases[number]
    assert [r.status for r in case.requests.values()] == ["pending", "approved", "withdrawn"]
    assert "复查合格" in case.requests[3].reason
    done(place.act(number, "close", CLERK))
    assert [r.status for r in case.requests.values()] == ["withdrawn", "approved", "withdrawn"]
    assert "已销号" in case.requests[1].reason
    assert case.documents[1].status == "withdrawn"
    assert case.timers == {}
    assert codes(place.ask(number, "funding", HEAD, funds=2)) == {"wrong_state"}


def test_an_approval_without_an_effect_keeps_what_was_asked_for() -> None:
    """The decider may give another amount; only the fields of the request stay."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "funding", HEAD, funds="3.50", remarks="先垫付"))
    answer = done(place.rule(number, 1, LEADER, funds=3))
    assert answer.ticket.fields["funds"] == "3"
    assert "remarks" not in answer.ticket.fields


def test_a_request_may_require_what_must_be_on_record() -> None:
    """A hazard hard to rectify is not given a longer date before it is secured."""
    place = world()
    number = hazard(place, workflow="hard_to_rectify")
    answer = place.ask(number, "extension", HEAD, **EXTENSION)
    assert codes(answer) == {"field_missing", "no_deadline"}
    assert {r.subject for r in refused(answer).reasons if r.code == "field_missing"} == {
        *("warning_sign", "monitoring_plan", "monitor_every", "risk_measures", "plan_year", "fund_source")
    }


def test_what_nobody_could_decide_is_not_asked_for() -> None:
    """A school of the bureau has no town: a listing by the town would wait for good, and stand in the district's way."""
    place = world()
    number = hazard(place, responsible_unit="high_school")
    answer = place.ask(number, "listing", SAFETY, level="town")
    assert codes(answer) == {"nobody"}
    assert "没有镇级的审批人（镇分管负责人），请改提其他级别" in str(answer)
    done(place.ask(number, "listing", SAFETY, level="district"))


def test_levels_are_asked_for_by_name() -> None:
    """None, and one the definition does not have, are refused with those there are."""
    place = world()
    number = rectifying(place)
    for level in (None, "county"):
        answer = place.ask(number, "listing", SAFETY, level=level)
        assert codes(answer) == {"level_missing"}
        assert "区级" in str(answer)


def test_an_extension_moves_a_date_also_while_it_waits_for_the_verifier() -> None:
    """The paused run gets the new version; nothing is armed."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "extension", HEAD, **EXTENSION))
    done(submit(place, number))
    done(place.rule(number, 1, SAFETY))
    run = clock(place, number, "rectify")
    assert (run.status, run.version, run.due_on, run.armed) == ("paused", 2, date(2024, 10, 11), None)


def test_every_ruling_is_told_to_who_asked_and_to_the_unit() -> None:
    """Listing by its own message, everything else as a decision on the request."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "listing", "town1-safety", level="district"))
    answer = done(place.rule(number, 1, DISTRICT))
    assert {(m.template, m.recipient) for m in answer.messages} == {
        ("listed", p) for p in ("town1-safety", "town1-deputy", HEAD, RECTIFIER, SAFETY, DEPUTY, CLERK, LEADER)
    }
    assert all(m.urgent and m.params["level"] == "区级" for m in answer.messages)


def test_a_ruling_may_be_stated_later() -> None:
    """Approved on paper on Monday, entered on Wednesday."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "extension", HEAD, **EXTENSION))
    place.advance_to(at("2024-09-04"))
    (request,) = done(place.rule(number, 1, acting(SAFETY, "2024-09-02"))).requests
    assert request.decided_on == date(2024, 9, 2)


def test_a_limit_binds_the_timer_too() -> None:
    """A proposal that may be approved once is not made again by the ladder of a later version."""
    once = edited(
        "hazard",
        ("workflow: hazard", "workflow: once"),
        ("supervision_letter: {title: 督办通知,", "supervision_letter: {title: 督办通知, max: 1,"),
    )
    place = world(once=once)
    number = rectifying(place, workflow="once")
    done(place.ask(number, "supervision_letter", SAFETY))
    done(place.rule(number, 1, LEADER))
    place.advance_to(at("2024-09-27"))
    assert [r.kind for r in place.cases[number].requests.values()] == ["supervision_letter"]


def test_who_decides_is_told_what_is_asked_for() -> None:
    """The new date and the measures meanwhile; the reason stands by itself. So is who asked, when it is decided."""
    place = world()
    number = rectifying(place)
    asked = {"new_due_on": "2024-10-20", "reason": "缺料", "interim": "围挡"}
    (first, *_) = done(place.ask(number, "extension", HEAD, **asked)).messages
    assert (first.params["asked"], first.params["reason"]) == ("申请延期至：2024年10月20日；临时管控措施：围挡", "缺料")
    ruled = done(place.rule(number, 1, SAFETY, approve=False, reason="不宜再拖")).messages
    assert {m.params["asked"] for m in ruled} == {first.params["asked"]}
