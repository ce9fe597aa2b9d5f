"""A hazard changes into another workflow: same number, one history."""

from __future__ import annotations

from datetime import date

import pytest

from rectiflow._library import calendar_for
from rectiflow.engine.chain import check_chain
from rectiflow.engine.workflow import Workflow
from support.district import (
    CLERK,
    HEAD,
    LEADER,
    PHOTO,
    RECTIFIER,
    SAFETY,
    at,
    clock,
    codes,
    done,
    edited,
    hazard,
    rectifying,
    submit,
    told,
    world,
)


def test_the_choice_is_named_in_chinese() -> None:
    """Without a choice the refusal names what there is; id and title are understood."""
    place = world()
    number = rectifying(place)
    answer = place.act(number, "reclassify", SAFETY, reason="升级")
    assert codes(answer) == {"into_missing"}
    assert "重大隐患治理（major_hazard）" in str(answer)
    assert "一时难以整改隐患治理（hard_to_rectify）" in str(answer)
    assert codes(place.act(number, "reclassify", SAFETY, into="hazard", reason="升级")) == {"into_missing"}
    assert (
        done(place.act(number, "reclassify", SAFETY, into="重大隐患治理", reason="升级")).ticket.workflow
        == "major_hazard"
    )


def test_number_and_history_go_on() -> None:
    """The event says from where to where; files that came with it are kept."""
    place = world()
    number = rectifying(place)
    answer = done(place.act(number, "reclassify", SAFETY, into="major_hazard", reason="唯一出口", evidence=(PHOTO,)))
    event = answer.events[0]
    assert (event.kind, event.public["from_workflow"], event.public["workflow"]) == (
        "reclassified",
        "hazard",
        "major_hazard",
    )
    assert (event.from_state, event.to_state) == ("rectifying", "controlling")
    case = place.cases[number]
    assert (case.ticket.number, case.ticket.severity, case.ticket.seq) == (number, "major", 4)
    assert (case.evidence, case.ticket.marks["evidence"]) == ([PHOTO], 1)
    assert check_chain(number, case.events, case.ticket.head) == ()


def test_milestones_that_do_not_hold_any_more_are_taken_back() -> None:
    """Handed in and passed under the old flow is neither under the new one; the first date is kept."""
    place = world()
    number = rectifying(place)
    done(submit(place, number))
    done(place.act(number, "pass", CLERK))
    marks = done(place.act(number, "reclassify", SAFETY, into="hard_to_rectify", reason="需立项")).ticket.marks
    assert {marks[k] for k in ("applied_on", "passed_on", "served_on")} == {None}
    assert (marks["original_due_on"], marks.get("outcome"), marks["workflow"]) == (
        "2024-09-20",
        None,
        "hard_to_rectify",
    )
    assert {r.status for r in place.cases[number].clocks.values() if r.clock in ("rectify", "close", "verify")} <= {
        "stopped",
        "met",
    }


def test_a_required_field_must_be_there() -> None:
    """A major hazard needs the unit that makes it safe; it may be given with the change."""
    place = world()
    number = hazard(place, responsible_unit=None)
    assert codes(place.act(number, "reclassify", SAFETY, into="major_hazard", reason="升级")) == {"field_missing"}
    answer = done(
        place.act(number, "reclassify", SAFETY, into="major_hazard", reason="升级", responsible_unit="一镇一小")
    )
    assert answer.ticket.fields["responsible_unit"] == "town1_school2"
    assert HEAD in {m.recipient for m in answer.messages}


def test_a_running_clock_is_measured_from_its_first_start() -> None:
    """Back from major, the assignment has two working days from the start, not from the change."""
    place = world("2024-09-09")
    number = hazard(place, workflow="major_hazard")
    done(place.act(number, "control", HEAD, control_measures="停用"))
    assert clock(place, number, "assign").due_on == date(2024, 9, 10)
    place.advance_to(at("2024-09-10", "10:00"))
    done(place.act(number, "reclassify", LEADER, into="hazard", reason="核定为一般"))
    run = clock(place, number, "assign")
    assert (run.run, run.version, run.due_on, run.next_at) == (1, 2, date(2024, 9, 11), at("2024-09-11"))
    assert run.original_due_on == date(2024, 9, 10)


def test_a_clock_that_goes_on_follows_the_new_length_and_ladder() -> None:
    """Ten working days become four; what is used stays used, and the first date is kept."""
    text = (
        "    until: due_on\n    runs_in: [assigned, rectifying]",
        "    within: 10 workdays\n    runs_in: [assigned, rectifying]",
    )
    slow = edited(
        "hazard", ("workflow: hazard", "workflow: slow"), text, ("into: [major_hazard, hard_to_rectify]", "into: quick")
    )
    quick = edited(
        "hazard",
        ("workflow: hazard", "workflow: quick"),
        ("initial: reported", "initial: reported\nenters_at: rectifying"),
        (text[0], text[1].replace("10 workdays", "4 workdays")),
        (
            "{at: -3 workdays, remind: rectifier, template: due_soon}",
            "{at: -1 workdays, remind: rectifier, template: due_soon}",
        ),
    )
    place = world("2024-10-14", slow=slow, quick=quick)
    number = rectifying(place, "2024-12-31", workflow="slow")
    place.advance_to(at("2024-10-16"))
    place.calendar = calendar_for("amended")
    done(place.act(number, "reclassify", SAFETY, reason="缩短"))
    run = clock(place, number, "rectify")
    assert (run.run, run.version, run.budget, run.due_on) == (1, 2, 4, date(2024, 10, 18))
    assert run.edition == place.calendar.edition
    assert (run.original_due_on, run.next_step, run.next_at) == (date(2024, 10, 28), "m1w-remind", at("2024-10-17"))


def test_what_the_new_workflow_does_not_know_is_withdrawn() -> None:
    """A request of a kind that exists no more would wait for ever."""
    bare = edited(
        "hazard",
        ("workflow: hazard", "workflow: bare"),
        ("  funding:            {title: 整改资金, by: principal, decided_by: bureau_leader, ask: [funds]}\n", ""),
    )
    to_bare = edited(
        "hazard", ("workflow: hazard", "workflow: rich"), ("into: [major_hazard, hard_to_rectify]", "into: bare")
    )
    place = world(bare=bare, rich=to_bare)
    number = rectifying(place, workflow="rich")
    done(place.ask(number, "funding", HEAD, funds=2))
    done(place.ask(number, "extension", HEAD, reason="等料", new_due_on="2024-10-11", interim="值守"))
    done(place.act(number, "reclassify", SAFETY, reason="换"))
    case = place.cases[number]
    assert [r.status for r in case.requests.values()] == ["withdrawn", "pending"]
    assert clock(place, number, "decide_extension").status == "running"
    done(place.rule(number, 2, SAFETY))


def test_listing_survives_the_change() -> None:
    """A listed hazard stays listed, whatever it is called."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "listing", SAFETY, level="town"))
    done(place.rule(number, 1, "town1-leader"))
    assert (
        done(place.act(number, "reclassify", SAFETY, into="hard_to_rectify", reason="需立项")).ticket.listed == "town"
    )


def test_down_from_major_is_the_leaders_decision() -> None:
    """The sections raise, the leader lowers."""
    place = world()
    number = hazard(place, workflow="major_hazard")
    assert codes(place.act(number, "reclassify", SAFETY, into="hazard", reason="核定为一般")) == {"role_missing"}
    answer = done(place.act(number, "reclassify", LEADER, into="hazard", reason="核定为一般"))
    assert (answer.ticket.severity, answer.ticket.state) == ("general", "reported")
    assert place.cases[number].ticket.fields["description"]
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))


TEXT = (
    "    until: due_on\n    runs_in: [assigned, rectifying]",
    "    within: 10 workdays\n    runs_in: [assigned, rectifying]",
)


def lengths(before: str, after: str, enters_at: str = "rectifying") -> tuple[Workflow, Workflow]:
    """Return two workflows of which the second gives the rectification another length."""
    slow = edited(
        "hazard",
        ("workflow: hazard", "workflow: slow"),
        (TEXT[0], TEXT[1].replace("10 workdays", before)),
        ("into: [major_hazard, hard_to_rectify]", "into: quick"),
    )
    quick = edited(
        "hazard",
        ("workflow: hazard", "workflow: quick"),
        ("initial: reported", f"initial: reported\nenters_at: {enters_at}"),
        (TEXT[0], TEXT[1].replace("10 workdays", after)),
        ("      - {at: -3 workdays, remind: rectifier, template: due_soon}\n", ""),
    )
    return slow, quick


@pytest.mark.parametrize(
    ("before", "after", "due_on", "consumed"),
    [
        ("10 workdays", "10 days", date(2024, 10, 31), 3),  # assigned on Monday the 14th, handed in on the 17th
        ("10 days", "10 workdays", date(2024, 11, 4), 3),
        ("240 hours", "10 workdays", date(2024, 11, 4), 3),
        ("10 workdays", "240 hours", date(2024, 10, 31), 3 * 24 * 3600),
        ("70 workhours", "5 workdays", date(2024, 10, 28), 3),
        ("10 workdays", "70 workhours", date(2024, 11, 4), 3 * 7 * 3600),
    ],
)
def test_what_is_used_counts_in_the_new_unit_as_well(before: str, after: str, due_on: date, consumed: int) -> None:
    """Three days were used before the verifier had it; they stay used, whatever the new length is counted in."""
    slow, quick = lengths(before, after)
    place = world("2024-10-14", slow=slow, quick=quick)
    number = rectifying(place, "2024-12-31", workflow="slow")
    place.advance_to(at("2024-10-17", "09:00"))
    done(submit(place, number))
    place.advance_to(at("2024-10-24", "09:00"))
    answer = place.act(number, "fail", CLERK, reason="未整改", due_on="2024-12-31")
    done(answer)
    done(place.act(number, "reclassify", SAFETY, reason="改判"))
    run = clock(place, number, "rectify")
    assert (run.run, run.version, run.status) == (1, 2, "running")
    assert (run.due_on, run.consumed) == (due_on, consumed)


def test_what_a_shorter_date_leaves_behind_is_crossed_at_once() -> None:
    """Ten days become two when four are gone: the letter that should have been proposed is, and nobody is left unheard."""
    slow, quick = lengths("10 workdays", "2 workdays")
    place = world("2024-10-14", slow=slow, quick=quick)
    number = rectifying(place, "2024-12-31", workflow="slow")
    place.advance_to(at("2024-10-23", "10:00"))
    done(place.act(number, "reclassify", SAFETY, reason="改判"))
    run = clock(place, number, "rectify")
    assert (run.due_on, run.next_at) == (date(2024, 10, 16), at("2024-10-23", "10:00"))
    place.advance_to(at("2024-10-23", "10:01"))
    fired = [c.key.step for e in place.log for c in e.decision.crossed if c.key.version == 2]
    assert fired == ["due-remind", "p1w-remind", "p3w-propose-supervision_letter"]
    assert {r.kind for r in place.cases[number].requests.values()} == {"supervision_letter"}


@pytest.mark.parametrize(
    ("before", "after"), [("30 days", "20 workdays"), ("20 workdays", "30 days"), ("720 hours", "20 workdays")]
)
def test_a_pause_without_length_changes_nothing(before: str, after: str) -> None:
    """Handed in and sent back in the same minute, over a weekend: the new date is the one of a run that never paused."""
    due: list[date | None] = []
    for paused in (False, True):
        slow, quick = lengths(before, after)
        place = world("2024-10-14", slow=slow, quick=quick)
        number = rectifying(place, "2024-12-31", workflow="slow")
        place.advance_to(at("2024-10-28", "09:00"))
        if paused:
            done(submit(place, number))
            done(place.act(number, "fail", CLERK, reason="未整改", due_on="2024-12-31"))
        done(place.act(number, "reclassify", SAFETY, reason="改判"))
        due.append(clock(place, number, "rectify").due_on)
    assert due[0] == due[1]


@pytest.mark.parametrize(
    ("before", "after", "used"), [("10 workdays", "240 hours", 72 * 3600), ("240 hours", "10 workdays", 3)]
)
def test_into_a_state_where_it_rests(before: str, after: str, used: int) -> None:
    """What ran until now is used, in the new unit; nothing else happens to it."""
    slow, quick = lengths(before, after, enters_at="pending_verification")
    place = world("2024-10-14", slow=slow, quick=quick)
    number = rectifying(place, "2024-12-31", workflow="slow")
    place.advance_to(at("2024-10-17", "09:00"))
    done(place.act(number, "reclassify", SAFETY, reason="改判"))
    run = clock(place, number, "rectify")
    assert (run.status, run.consumed) == ("paused", used)


def test_a_hazard_that_becomes_major_is_told_at_once_to_all_who_have_to_do_with_it() -> None:
    """As if it had been confirmed as major: the unit, who rectifies, the town and the leader of the bureau."""
    place = world()
    number = rectifying(place)
    answer = done(place.act(number, "reclassify", SAFETY, into="major_hazard", reason="唯一出口"))
    assert told(place.cases[number], "reclassified") == {HEAD, RECTIFIER, LEADER, "town1-deputy", "town1-safety"}
    assert all(m.urgent for m in answer.messages)
    assert {m.recipient for m in answer.messages if m.params.get("invited", True)} == {HEAD, RECTIFIER}
