"""Rules of time 7 and 8: what a timer may do, how listing goes, and that nothing overdue goes silent."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from rectiflow.engine.moments import local_day
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Hand
from support.district import (
    ACCEPTING,
    CLERK,
    DEPUTY,
    DISTRICT,
    HEAD,
    LEADER,
    RECTIFIER,
    SAFETY,
    at,
    calendar,
    clock,
    codes,
    done,
    edited,
    rectifying,
    submit,
    told,
    workflows,
    world,
)


def listed(place: World, level: str, **data: str) -> str:
    """Bring a hazard under listed supervision while it is rectified."""
    number = rectifying(place, "2024-10-20", **data)
    done(place.ask(number, "listing", SAFETY, level=level))
    done(place.rule(number, 1, DISTRICT if level == "district" else "town1-leader"))
    return number


# 7 ----------------------------------------------------------------------------------------------------------------


def test_rule_07_a_timer_only_reminds_calls_and_proposes() -> None:
    """In a year nobody acts: the ticket is where it was, nothing is listed, no paper is drafted, none signed."""
    place = world()
    number = rectifying(place, "2024-09-20")
    before = place.cases[number].ticket
    place.advance_to(at("2025-09-20"))
    case = place.cases[number]
    assert (case.ticket.state, case.ticket.listed, case.ticket.fields) == (before.state, None, before.fields)
    assert case.documents == {}
    assert {r.status for r in case.requests.values()} == {"withdrawn", "pending"}


def test_rule_07_a_paper_is_a_draft_until_its_leader_signs() -> None:
    """Only who signs at that level signs; the number is taken then, once."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-30"))
    done(place.rule(number, 2, DISTRICT))
    paper = place.cases[number].documents[1]
    assert (paper.kind, paper.status, paper.number, paper.level) == ("listing_notice", "draft", None, "district")
    assert codes(place.sign_off(number, 1, LEADER)) == {"role_missing"}
    done(place.sign_off(number, 1, DISTRICT))
    assert place.cases[number].documents[1].number == "listing_notice〔2024〕1号"
    assert codes(place.sign_off(number, 1, DISTRICT)) == {"document_done"}


@pytest.mark.parametrize(
    ("level", "approver"), [("village", "town1-leader"), ("town", "town1-leader"), ("district", DISTRICT)]
)
def test_rule_07_each_level_has_its_own_approver(level: str, approver: str) -> None:
    """Listing may begin on discovery; approval sets the level and keeps the deadline."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.ask(number, "listing", SAFETY, level=level))
    others = {"town1-leader", DISTRICT, LEADER} - {approver}
    for other in sorted(others):
        assert codes(place.rule(number, 1, other)) == {"role_missing"}
    answer = done(place.rule(number, 1, approver))
    assert answer.ticket.listed == level
    assert place.cases[number].clocks["rectify"].due_on == date(2024, 9, 20)


def test_rule_07_a_listed_hazard_is_not_closed_before_it_is_delisted() -> None:
    """Closing waits for the approval of the level that listed it."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.ask(number, "listing", SAFETY, level="town"))
    done(place.rule(number, 1, "town1-leader"))
    done(submit(place, number))
    assert codes(place.act(number, "pass", SAFETY, second_inspector=CLERK)) == {"level_absent"}
    done(place.act(number, "pass", SAFETY, second_inspector="town1-leader"))
    assert codes(place.act(number, "close", DEPUTY)) == {"listed"}
    assert codes(place.void(number, DEPUTY, reason="重复")) == {"listed"}
    done(place.ask(number, "delisting", DEPUTY))
    assert codes(place.rule(number, 2, DISTRICT)) == {"role_missing"}
    done(place.rule(number, 2, "town1-leader"))
    assert done(place.act(number, "close", DEPUTY)).ticket.marks["listed_ever"] == "town"


def test_rule_07_the_level_that_listed_accepts() -> None:
    """Who accepts for another level does not do; where the definition names nobody, who decided the listing does."""
    place = world()
    number = listed(place, "district")
    done(submit(place, number))
    for other in (CLERK, "planning-officer", "town1-safety"):
        assert codes(place.act(number, "pass", SAFETY, second_inspector=other)) == {"level_absent"}
    strangers = place.act(number, "pass", ACCEPTING, second_inspector="planning-officer")
    assert codes(strangers) == {"role_missing"}  # one of the two re-inspects here as a rule
    assert "区校安委会办公室专职检查员" in str(place.act(number, "pass", SAFETY, second_inspector=CLERK))
    done(place.act(number, "fail", ACCEPTING, reason="未清完", due_on="2024-10-31"))
    done(submit(place, number))
    answer = done(place.act(number, "pass", ACCEPTING, second_inspector=CLERK))
    assert (answer.ticket.marks["accepted_level"], answer.ticket.listed) == ("district", "district")
    unnamed = edited("hazard", ("workflow: hazard", "workflow: unnamed"),
                     (" accepted_by: {village: town_supervisor, district: district_inspector},", ""),
                     ("  district_inspector: {title: 区校安委会验收人}\n", ""))  # fmt: skip
    place = world(unnamed=unnamed)
    number = listed(place, "district", workflow="unnamed")
    done(submit(place, number))
    assert codes(place.act(number, "pass", SAFETY, second_inspector=ACCEPTING)) == {"level_absent", "role_missing"}
    done(place.act(number, "pass", SAFETY, second_inspector=DISTRICT))


def test_rule_07_approval_starts_the_clocks_of_the_listing() -> None:
    """Before it none runs; the notice's own date stays; a report begins the next run; the level accepts in ten days."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.ask(number, "listing", SAFETY, level="district"))
    assert "listed_progress" not in place.cases[number].clocks
    done(place.rule(number, 1, DISTRICT))
    assert clock(place, number, "listed_progress").due_on == date(2024, 9, 14)
    assert clock(place, number, "rectify").due_on == date(2024, 9, 20)
    place.advance_to(at("2024-09-14", "10:00"))
    assert told(place.cases[number], "reminder") >= {HEAD, RECTIFIER, "town1-safety", DISTRICT}
    done(place.act(number, "report_progress", HEAD, progress="已清一半"))
    assert (clock(place, number, "listed_progress").run, clock(place, number, "listed_progress").status) == (
        2,
        "running",
    )
    done(submit(place, number))
    assert clock(place, number, "listed_accept").due_on == date(2024, 9, 24)
    assert clock(place, number, "listed_progress").status == "met"
    place.advance_to(at("2024-09-24", "10:00"))
    late = [m for d in place.log if d.at >= at("2024-09-24") for m in d.decision.messages]
    assert {ACCEPTING, DISTRICT} <= {m.recipient for m in late}


def test_rule_07_a_listing_that_ends_takes_its_clocks_with_it() -> None:
    """Delisted for a reason, nothing of the listing runs on; listed again, it begins anew."""
    place = world()
    number = listed(place, "town")
    done(place.ask(number, "delisting", SAFETY, reason="挂错单位"))
    done(place.rule(number, 2, "town1-leader"))
    assert not clock(place, number, "listed_progress").live
    assert codes(place.act(number, "report_progress", HEAD, progress="说明")) == {"guard_false"}
    done(place.ask(number, "listing", SAFETY, level="town"))
    done(place.rule(number, 3, "town1-leader"))
    assert (clock(place, number, "listed_progress").run, clock(place, number, "listed_progress").live) == (2, True)


def test_rule_07_a_higher_level_takes_over_what_waits_or_holds() -> None:
    """A pending lower request is withdrawn, the unsigned notice too; the new level has time of its own and hears of it."""
    place = world()
    number = rectifying(place, "2024-10-20")
    done(place.ask(number, "listing", SAFETY, level="village"))
    assert codes(place.ask(number, "listing", SAFETY, level="village")) == {"request_pending"}
    done(place.ask(number, "listing", SAFETY, level="town"))
    assert [r.status for r in place.cases[number].requests.values()] == ["withdrawn", "pending"]
    done(place.rule(number, 2, "town1-leader"))
    done(submit(place, number))
    place.advance_to(at("2024-09-10"))
    done(place.ask(number, "listing", SAFETY, level="district"))
    answer = done(place.rule(number, 3, DISTRICT))
    assert [d.status for d in place.cases[number].documents.values()] == ["withdrawn", "draft"]
    assert (clock(place, number, "listed_accept").run, clock(place, number, "listed_accept").due_on) == (
        2,
        date(2024, 9, 20),
    )
    assert ACCEPTING in {m.recipient for m in answer.messages}


def test_rule_07_the_timer_overtakes_a_lower_proposal() -> None:
    """A village listing that waits when the district's turn comes is withdrawn, visibly, not in the way."""
    place = world()
    number = rectifying(place, "2024-09-10")
    done(place.ask(number, "listing", SAFETY, level="village"))
    place.advance_to(at("2024-09-30"))
    kinds = [(r.level, r.status) for r in place.cases[number].requests.values() if r.kind == "listing"]
    assert kinds == [("village", "withdrawn"), ("district", "pending")]


def test_rule_07_nobody_stays_listed_for_good() -> None:
    """Given to a unit that has no such level, who did list it decides and accepts."""
    place = world()
    number = listed(place, "town")
    data: dict[str, Any] = {
        "responsible_unit": "high_school",
        "responsible_person": "high-school-safety",
        "reason": "划归高中",
    }
    done(place.act(number, "reassign", SAFETY, **data))
    done(place.act(number, "sign", "high-school-head"))
    done(submit(place, number, "high-school-safety"))
    done(place.act(number, "pass", SAFETY, second_inspector="town1-leader"))
    done(place.ask(number, "delisting", SAFETY))
    done(place.rule(number, 2, "town1-leader"))


def test_rule_07_a_delisting_takes_its_unsigned_notice_with_it() -> None:
    """What is no longer listed has no notice waiting for a signature; listed anew, the old end is forgotten."""
    place = world()
    number = listed(place, "town")
    done(place.ask(number, "delisting", SAFETY, reason="挂错"))
    done(place.rule(number, 2, "town1-leader"))
    assert [d.status for d in place.cases[number].documents.values()] == ["withdrawn"]
    assert codes(place.sign_off(number, 1, "town1-leader")) == {"document_done"}
    done(place.ask(number, "listing", SAFETY, level="town"))
    assert done(place.rule(number, 3, "town1-leader")).ticket.marks["delisted_on"] is None


def test_rule_10_nothing_is_decided_or_signed_before_it_was_asked_for() -> None:
    """A ruling and a signature are dated on or after the request and the draft."""
    place = world("2024-09-02")
    number = rectifying(place, "2024-10-20")
    place.advance_to(at("2024-09-05"))
    done(place.ask(number, "listing", SAFETY, level="district"))
    early = Hand(actor=DISTRICT, on=date(2024, 9, 4))
    assert codes(place.rule(number, 1, early)) == {"too_early"}
    done(place.rule(number, 1, DISTRICT))
    assert codes(place.sign_off(number, 1, early)) == {"too_early"}


def test_rule_07_what_passed_is_not_listed_any_more() -> None:
    """A proposal still waiting is withdrawn by the re-inspection, and a new one is refused: nothing is left to press for."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(submit(place, number))
    done(place.act(number, "pass", SAFETY))
    assert place.cases[number].requests[1].status == "withdrawn"
    assert codes(place.ask(number, "listing", SAFETY, level="district")) == {"wrong_state"}


def test_rule_07_the_level_rises_and_never_falls_without_a_reason() -> None:
    """A lower or equal level is refused; delisting before acceptance needs a reason."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.ask(number, "listing", SAFETY, level="town"))
    done(place.rule(number, 1, "town1-leader"))
    assert codes(place.ask(number, "listing", SAFETY, level="village")) == {"level_not_higher"}
    assert codes(place.ask(number, "listing", SAFETY, level="town")) == {"level_not_higher"}
    assert codes(place.ask(number, "delisting", SAFETY)) == {"field_missing"}
    done(place.ask(number, "delisting", SAFETY, reason="挂错单位"))
    done(place.ask(number, "listing", SAFETY, level="district"))
    assert done(place.rule(number, 3, DISTRICT)).ticket.listed == "district"


def test_rule_07_a_proposal_is_not_repeated_while_one_waits_or_it_is_listed() -> None:
    """The timer does not propose what is already before the leader, nor a level that is reached."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(place.rule(number, 1, DISTRICT))
    place.advance_to(at("2024-12-31"))
    assert [r.kind for r in place.cases[number].requests.values()] == ["listing", "supervision_letter"]


# 8 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hazard", "major_hazard", "hard_to_rectify"])
def test_rule_08_no_clock_of_a_built_in_definition_ever_goes_silent(name: str) -> None:
    """Every clock has a step that repeats and tells or calls somebody."""
    for each in workflows()[name].clocks.values():
        assert any(s.every is not None and s.act != "propose" for s in each.steps), each.id


def test_rule_08_an_overdue_hazard_is_heard_of_for_a_year() -> None:
    """Nothing but the ladder speaks; the interval widens, to twenty working days at the most."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2025-09-20"))
    days = sorted({local_day(d.at) for d in place.log if d.number == number and d.at > at("2024-10-10")})
    assert max(calendar().between(a, b) for a, b in pairwise(days)) <= 20


def test_rule_08_the_interval_of_the_step_the_loader_adds_widens() -> None:
    """Where the author repeats nothing, the reminder goes on: three even intervals, then doubling up to twenty days."""
    quiet = edited(
        "hazard",
        ("workflow: hazard", "workflow: quiet"),
        ("      - {at: +10 workdays, every: 5 workdays, widen: true, remind: bureau_leader}", "      # none"),
    )
    place = world(quiet=quiet)
    number = rectifying(place, workflow="quiet")
    place.advance_to(at("2025-12-31"))
    days = [local_day(c.nominal_at) for c in place.cases[number].crossings if c.key.step == "never-silent"]
    gaps = [calendar().between(a, b) for a, b in pairwise(days)]
    assert gaps[:6] == [5, 5, 5, 10, 20, 20]
    assert set(gaps[4:]) == {20}
