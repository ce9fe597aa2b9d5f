"""Rules of time 1 to 6, as far as a decision is concerned."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rectiflow._library import calendar_for
from rectiflow.engine.firing import OBSOLETE
from rectiflow.engine.moments import local_day
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Fire, Hand
from rectiflow.engine.ticket import TimerKey
from rectiflow.engine.workflow import Workflow
from support.district import (
    CLERK,
    HEAD,
    LEADER,
    RECTIFIER,
    SAFETY,
    SCHOOL,
    at,
    calendar,
    clock,
    codes,
    done,
    edited,
    hazard,
    rectifying,
    submit,
    told,
    workflows,
    world,
)

#: A clock of a given length instead of a fixed date, which goes on where it was left.
LASTING = edited(
    "hazard",
    ("workflow: hazard", "workflow: lasting"),
    (
        "    until: due_on\n    runs_in: [assigned, rectifying]",
        "    within: 10 workdays\n    runs_in: [assigned, rectifying]",
    ),
    ("again: restart = a new run", "again: a new run"),
)


# 1 ----------------------------------------------------------------------------------------------------------------


def test_rule_01_a_date_deadline_ends_with_its_local_day() -> None:
    """Due on the 20th means until the 20th is over in China, which is 16:00 of that day in UTC."""
    place = world()
    number = rectifying(place, "2024-09-20")
    run = clock(place, number, "rectify")
    assert run.due_on == date(2024, 9, 20)
    assert run.due_at == datetime(2024, 9, 20, 16, tzinfo=UTC)


def test_rule_01_a_step_fires_at_nine_of_its_local_day() -> None:
    """Three working days before the 20th is Saturday the 14th, which works; the step stands at 09:00 in China."""
    place = world()
    number = rectifying(place, "2024-09-20")
    run = clock(place, number, "rectify")
    assert run.next_at == datetime(2024, 9, 14, 1, tzinfo=UTC)
    assert at("2024-09-14") == run.next_at


def test_rule_01_due_is_the_morning_of_the_due_day_and_plus_one_the_first_overdue_day() -> None:
    """The clock of the assignment reminds on the due day; the urge comes on the first working day after it."""
    place = world()
    waiting = hazard(place)
    assert clock(place, waiting, "assign").next_at == at("2024-09-04")
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-22", "23:59"))
    assert told(place.cases[number], "urge") == set()
    place.advance_to(at("2024-09-23"))
    assert told(place.cases[number], "urge") == {HEAD, "town1-deputy", "town1-safety"}


def test_rule_01_the_hour_of_the_ladder_is_the_definitions() -> None:
    """A bureau that begins at eight has its steps at eight."""
    early = edited(
        "hazard", ("workflow: hazard", "workflow: early"), ("initial: reported", "initial: reported\nladder_hour: 8")
    )
    place = world(early=early)
    answer = done(
        place.report("early", CLERK, source="bureau", found_on="2024-09-02", category="fire", description="x")
    )
    assert answer.arm[0].at == at("2024-09-04", "08:00")


def test_rule_01_a_late_evening_belongs_to_the_local_day() -> None:
    """Seven in the evening UTC is the next morning in China."""
    place = world()
    place.now = datetime(2024, 9, 2, 19, tzinfo=UTC)
    number = hazard(place)
    assert place.cases[number].ticket.since == date(2024, 9, 3)


# 2 ----------------------------------------------------------------------------------------------------------------


def test_rule_02_working_days_know_make_up_days() -> None:
    """Ten working days from 9 September 2024 pass a make-up Saturday and the Mid-Autumn holiday."""
    lasting = world("2024-09-09", lasting=LASTING)
    number = hazard(lasting, workflow="lasting")
    done(lasting.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-30"))
    assert clock(lasting, number, "rectify").due_on == date(2024, 9, 24)


def test_rule_02_a_year_not_arranged_yet_is_said_aloud() -> None:
    """A deadline in a year without an official arrangement is provisional, and the person who sets it is told."""
    place = world()
    number = hazard(place)
    far = local_day(place.now).year + 9
    answer = done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on=date(far, 3, 3)))
    assert clock(place, number, "rectify").provisional
    assert any(str(far) in w and "暂定" in w for w in answer.warnings)


def test_rule_02_a_year_that_is_known_is_not_provisional() -> None:
    """Within an arranged year nothing is said."""
    place = world()
    number = hazard(place)
    answer = done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-12-31"))
    assert not clock(place, number, "rectify").provisional
    assert answer.warnings == ()


# 3 ----------------------------------------------------------------------------------------------------------------


def test_rule_03_while_paused_no_step_fires() -> None:
    """A hazard that waits for its verifier is not urged, however long it waits."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-18"))
    done(submit(place, number))
    place.advance_to(at("2024-12-31"))
    fired = [c.key for c in place.cases[number].crossings if c.key.clock == "rectify"]
    assert [k.step for k in fired] == ["m3w-remind"]
    assert clock(place, number, "rectify").status == "paused"


def test_rule_03_a_pause_never_moves_a_fixed_date() -> None:
    """Failing with the same date leaves the deadline and its version as they were."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-12"))
    done(submit(place, number))
    place.advance_to(at("2024-09-18"))
    done(place.act(number, "fail", SAFETY, reason="未清完", due_on="2024-09-20"))
    run = clock(place, number, "rectify")
    assert (run.due_on, run.version, run.status) == (date(2024, 9, 20), 1, "running")


def test_rule_03_a_clock_of_a_length_keeps_what_is_consumed() -> None:
    """Ten working days, four used, then a wait of a week for the verifier: six are left when it goes on."""
    place = world("2024-10-14", lasting=LASTING)
    number = hazard(place, workflow="lasting")
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-12-31"))
    done(place.act(number, "sign", HEAD))
    place.advance_to(at("2024-10-18"))
    done(submit(place, number))
    paused = clock(place, number, "rectify")
    assert (paused.budget, paused.consumed, paused.running_since, paused.status) == (10, 4, None, "paused")
    place.advance_to(at("2024-10-25"))
    done(place.act(number, "fail", SAFETY, reason="未清完", due_on="2024-12-31"))
    going = clock(place, number, "rectify")
    assert (going.due_on, going.consumed, going.running_since) == (date(2024, 11, 4), 4, at("2024-10-25"))
    assert (going.version, going.run, going.original_due_on) == (1, 1, date(2024, 10, 28))


def test_rule_03_a_date_counted_anew_says_by_which_calendar() -> None:
    """While the clock stands still its date is the one of the old calendar; as it goes on, of the new."""
    place = world("2024-10-14", lasting=LASTING)
    number = rectifying(place, "2024-12-31", workflow="lasting")
    done(submit(place, number))
    place.calendar = calendar_for("amended")
    assert clock(place, number, "rectify").edition == calendar().edition
    done(place.act(number, "fail", SAFETY, reason="未清完", due_on="2024-12-31"))
    assert clock(place, number, "rectify").edition == place.calendar.edition


def test_rule_03_time_used_before_a_recall_stays_used() -> None:
    """A clock that goes on counts from where it was left, not from the start."""
    place = world("2024-10-14", lasting=LASTING)
    number = hazard(place, workflow="lasting")
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-12-31"))
    place.advance_to(at("2024-10-18"))
    done(place.act(number, "recall", SAFETY, reason="写错"))
    assert clock(place, number, "rectify").consumed == 4
    place.advance_to(at("2024-10-21"))
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-12-31"))
    assert clock(place, number, "rectify").due_on == date(2024, 10, 29)


def test_rule_03_an_assignment_taken_back_leaves_neither_person_nor_date() -> None:
    """It was a mistake, so the next assignment's date is the first one."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(place.act(number, "recall", SAFETY, reason="责任人写错"))
    case = place.cases[number].ticket
    assert (case.fields.get("responsible_person"), case.fields.get("due_on")) == (None, None)
    assert (case.marks.get("due_on"), case.marks.get("original_due_on")) == (None, None)
    assert case.fields["responsible_unit"] == SCHOOL
    assert codes(place.act(number, "assign", SAFETY)) == {"field_missing"}
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-10-11"))
    run = clock(place, number, "rectify")
    assert (run.due_on, run.original_due_on, run.run) == (date(2024, 10, 11), date(2024, 10, 11), 1)


def test_rule_03_a_recall_makes_nothing_punctual_that_was_overdue() -> None:
    """Once the date has passed it stays the first one, whatever is dated back."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-23"))
    done(place.act(number, "recall", Hand(actor=SAFETY, on=date(2024, 9, 20), note="节后补录"), reason="责任人写错"))
    assert place.cases[number].ticket.marks["original_due_on"] == "2024-09-20"
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-10-11"))
    run = clock(place, number, "rectify")
    assert (run.due_on, run.original_due_on) == (date(2024, 10, 11), date(2024, 9, 20))


def test_rule_03_only_an_extension_or_a_failure_moves_a_fixed_date() -> None:
    """Each new date is a new version with a ladder of its own; the first date is kept."""
    place = world()
    number = rectifying(place, "2024-09-20")
    assert codes(submit(place, number, due_on="2024-12-31")) == {"protected"}
    assert codes(place.amend(number, SAFETY, reason="改", due_on="2024-12-31")) == {"protected"}
    done(place.ask(number, "extension", HEAD, reason="等料", new_due_on="2024-10-11", interim="值守"))
    done(place.rule(number, 1, SAFETY))
    extended = clock(place, number, "rectify")
    assert (extended.version, extended.due_on, extended.original_due_on) == (2, date(2024, 10, 11), date(2024, 9, 20))
    place.advance_to(at("2024-10-10"))
    done(submit(place, number))
    done(place.act(number, "fail", SAFETY, reason="未完", due_on="2024-10-18"))
    failed = clock(place, number, "rectify")
    assert (failed.version, failed.due_on, failed.original_due_on) == (3, date(2024, 10, 18), date(2024, 9, 20))
    assert failed.fired == {}
    assert place.cases[number].ticket.marks["original_due_on"] == "2024-09-20"


def test_rule_03_waiting_for_the_verifier_is_never_the_schools_delay() -> None:
    """The run ends on the day it was handed in, not on the day it passed."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-19"))
    done(submit(place, number))
    place.advance_to(at("2024-10-31"))
    done(place.act(number, "pass", SAFETY))
    run = clock(place, number, "rectify")
    assert (run.status, run.handed_in_on, run.ended_on) == ("met", date(2024, 9, 19), date(2024, 9, 19))
    assert place.cases[number].ticket.marks["verify_late"] is True


# 4 ----------------------------------------------------------------------------------------------------------------


def test_rule_04_a_step_fires_once() -> None:
    """Over a year of an untouched hazard no step of a version comes twice."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2025-09-20"))
    keys = [c.key for c in place.cases[number].crossings]
    assert len(keys) == len(set(keys)) > 30


def test_rule_04_step_ids_are_derived_from_offset_and_act() -> None:
    """An id says when and what; it stays when other steps come and go."""
    ids = [s.id for s in workflows()["hazard"].clocks["rectify"].steps]
    late = ["p1w-remind", "p3w-propose-supervision_letter", "p7w-propose-listing", "p10w-remind"]
    assert ids == ["m3w-remind", "due-remind", *late]


def test_rule_04_pause_and_resume_move_the_instant_not_the_version() -> None:
    """The same step of the same version is armed again, in place; steps behind do not come again."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-14"))
    before = clock(place, number, "rectify").armed
    done(submit(place, number))
    assert clock(place, number, "rectify").armed is None
    place.advance_to(at("2024-09-26"))
    done(place.act(number, "fail", SAFETY, reason="未完", due_on="2024-09-27"))
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-18"))
    done(submit(place, number))
    answer = done(place.act(number, "fail", SAFETY, reason="未完", due_on="2024-09-20"))
    assert before == TimerKey("rectify", 1, 1, "due-remind", 0) == clock(place, number, "rectify").armed
    assert [(t.key, t.at) for t in answer.arm if t.key.clock == "rectify"] == [(before, at("2024-09-20"))]


def test_rule_04_a_step_that_came_due_during_a_pause_is_crossed_on_resuming() -> None:
    """The reminder three days before falls into the wait; it is armed for now, never for the past."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-12"))
    done(submit(place, number))
    place.advance_to(at("2024-09-18", "10:00"))
    done(place.act(number, "fail", SAFETY, reason="未完", due_on="2024-09-20"))
    assert clock(place, number, "rectify").next_at == at("2024-09-18", "10:00")
    place.advance_to(at("2024-09-18", "10:00"))
    assert told(place.cases[number], "due_soon") == {RECTIFIER}


def test_rule_04_an_old_version_does_not_fire_any_more() -> None:
    """After an extension the ladder of the old date is gone."""
    place = world()
    number = rectifying(place, "2024-09-20")
    old = clock(place, number, "rectify").armed
    done(place.ask(number, "extension", HEAD, reason="等料", new_due_on="2024-10-11", interim="值守"))
    answer = done(place.rule(number, 1, SAFETY))
    assert old in answer.disarm
    assert old is not None
    assert codes(place.handle(number, Fire(key=old))) == {OBSOLETE}


# 5 ----------------------------------------------------------------------------------------------------------------


def test_rule_05_downtime_is_crossed_in_order_and_told_once() -> None:
    """Every missed step is on record with its nominal and its real time; each person gets one message."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.sleep_until(at("2024-10-11", "10:30"))
    case = place.cases[number]
    crossed = [c for c in case.crossings if c.key.clock == "rectify"]
    assert [c.key.step for c in crossed] == [s.id for s in workflows()["hazard"].clocks["rectify"].steps]
    assert [c.how for c in crossed] == ["crossed"] * 5 + ["fired"]
    nominal = [at(d) for d in ("2024-09-14", "2024-09-20", "2024-09-23", "2024-09-25", "2024-09-30", "2024-10-10")]
    assert [c.nominal_at for c in crossed] == nominal
    event = next(e for e in case.events if e.kind == "timer")
    assert event.recorded_at == at("2024-10-11", "10:30")
    assert [moment for _, _, moment in event.public["steps"]] == [m.astimezone(UTC).isoformat() for m in nominal]
    caught_up = place.log[-1].decision.messages
    people = [m.recipient for m in caught_up]
    assert len(people) == len(set(people)) == 6


def test_rule_05_a_draft_overtaken_by_a_higher_step_is_withdrawn_visibly() -> None:
    """The supervision letter is proposed and withdrawn in the same catch-up, with the reason."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.sleep_until(at("2024-10-09"))
    letter, listing = place.cases[number].requests.values()
    assert (letter.kind, letter.status) == ("supervision_letter", "withdrawn")
    assert "挂牌" in letter.reason
    assert (listing.kind, listing.status, listing.level) == ("listing", "pending", "district")


def test_rule_05_a_draft_that_waits_is_withdrawn_when_listing_is_proposed() -> None:
    """An approved letter not yet signed is overtaken as well."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-26"))
    done(place.rule(number, 1, LEADER))
    assert place.cases[number].documents[1].status == "draft"
    place.advance_to(at("2024-09-30"))
    assert place.cases[number].documents[1].status == "withdrawn"
    assert codes(place.sign_off(number, 1, LEADER)) == {"document_done"}


def _repeating(every: str, catch_up: str) -> Workflow:
    """Return the sample's workflow with a first reminder that repeats."""
    return edited(
        "hazard",
        ("workflow: hazard", "workflow: repeating"),
        (
            "{at: due, every: 2 workdays, widen: true, remind: lead_section}",
            f"{{at: due, every: {every}, catch_up: {catch_up}, remind: lead_section}}",
        ),
    )


@pytest.mark.parametrize(
    ("catch_up", "told_of"),
    [
        ("one", ["2024-09-12"]),
        ("all", ["2024-09-04", "2024-09-06", "2024-09-10", "2024-09-12"]),
        ("skip", []),
    ],
)
def test_rule_05_what_was_missed_of_a_repeat_is_caught_up_as_declared(catch_up: str, told_of: list[str]) -> None:
    """Crossed each time; told once, each time, or not at all; and in time always."""
    place = world(repeating=_repeating("2 workdays", catch_up))
    number = hazard(place, workflow="repeating")
    place.sleep_until(at("2024-09-13", "10:00"))
    event = place.cases[number].events[-1]
    crossed = [moment[:10] for _, _, moment in event.public["steps"]]
    assert crossed == ["2024-09-04", "2024-09-06", "2024-09-10", "2024-09-12"]
    mine = [m for m in place.log[-1].decision.messages if m.recipient == SAFETY]
    assert [m.key.split(":")[4] for m in mine] == [str(crossed.index(day)) for day in told_of]
    assert len({m.key for m in mine}) == len(mine)
    before = len(place.log)
    place.advance_to(at("2024-09-14", "10:00"))
    assert [m.recipient for m in place.log[-1].decision.messages if m.recipient == SAFETY] == [SAFETY]
    assert len(place.log) == before + 1


@pytest.mark.parametrize("catch_up", ["one", "all", "skip"])
def test_rule_05_who_looks_before_the_hour_only_is_told_every_day(catch_up: str) -> None:
    """A step due at nine, a look a day at eight: each is a day late when it is seen, and none is left out for that."""
    place = world(repeating=_repeating("1 days", catch_up))
    hazard(place, workflow="repeating")
    days = [f"2024-09-{day:02}" for day in range(6, 27)]
    told = list[str]()
    for day in days:
        place.sleep_until(at(day, "08:00"))
        said = [
            m.key.split(":")[4]
            for d in place.log
            if d.at == place.now
            for m in d.decision.messages
            if m.recipient == SAFETY
        ]
        told += [day for _ in said[:1]]
    assert told == days


def test_rule_05_who_is_told_nothing_more_keeps_the_lower_message() -> None:
    """A message taken back with a withdrawn draft leaves the person the one before it, not silence."""
    ladder = edited(
        "hazard",
        ("workflow: hazard", "workflow: same_leader"),
        (
            "{at: +1 workdays, remind: [principal, town_supervisor], template: urge}",
            "{at: +1 workdays, remind: bureau_leader, template: urge}",
        ),
        ("      - {at: +10 workdays, every: 5 workdays, widen: true, remind: bureau_leader}", "      # nobody"),
    )
    place = world(same_leader=ladder)
    rectifying(place, workflow="same_leader")
    place.sleep_until(at("2024-10-08"))
    assert {m.template for m in place.log[-1].decision.messages if m.recipient == LEADER} == {"urge"}


# 6 ----------------------------------------------------------------------------------------------------------------


def test_rule_06_a_timer_of_one_run_never_fires_in_a_later_run() -> None:
    """The assignment clock of the first entry is nothing to the second."""
    place = world()
    number = hazard(place)
    old = clock(place, number, "assign").armed
    assert old is not None
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    assert codes(place.handle(number, Fire(key=old))) == {OBSOLETE}
    done(place.act(number, "return", HEAD, reason="不是本校", suggested_unit="town1"))
    assert clock(place, number, "assign").run == 2
    rev = place.cases[number].ticket.rev
    assert codes(place.handle(number, Fire(key=old))) == {OBSOLETE}
    assert place.cases[number].ticket.rev == rev


def test_rule_06_a_new_run_has_a_ladder_of_its_own() -> None:
    """Each monitoring ends one run and begins the next, with every step to come again."""
    place = world()
    number = monitored(place)
    assert clock(place, number, "monitor").run == 1
    place.advance_to(at("2024-09-13"))
    done(place.act(number, "monitor", RECTIFIER, monitoring="无变化"))
    run = clock(place, number, "monitor")
    assert (run.run, run.due_on, run.fired) == (2, date(2024, 9, 20), {})
    first = place.cases[number].runs["monitor", 1]
    assert (first.status, first.due_on, first.ended_on) == ("met", date(2024, 9, 9), date(2024, 9, 13))


def monitored(place: World) -> str:
    """Bring a long-dated hazard to its monitoring."""
    number = hazard(place, workflow="hard_to_rectify")
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER))
    done(place.act(number, "sign", HEAD))
    done(
        place.act(
            number,
            "secure",
            RECTIFIER,
            warning_sign="有",
            monitoring_plan="每周",
            monitor_every=7,
            risk_measures="封闭",
        )
    )
    done(place.act(number, "schedule", SAFETY, plan_year=2025, fund_source="专项", due_on="2025-08-29"))
    return number
