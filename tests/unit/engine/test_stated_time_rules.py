"""Rules of time 9 to 11: calendars that change, what people state, when it is recorded, and whose time it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Refusal
from rectiflow.engine.stimulus import Act, Fire, Hand, Report
from rectiflow.engine.ticket import TimerKey
from support.district import (
    HEAD,
    PHOTO,
    RECTIFIER,
    SAFETY,
    acting,
    at,
    calendar,
    clock,
    codes,
    directory,
    done,
    hazard,
    rectifying,
    submit,
    told,
    workflows,
    world,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """A year of a calendar made for a test."""

    year: int
    covered: bool
    holidays: frozenset[date] = frozenset()
    makeup: frozenset[date] = frozenset()


# 9 ----------------------------------------------------------------------------------------------------------------


def test_rule_09_a_new_calendar_does_not_rewrite_closed_history() -> None:
    """Runs keep the edition they were computed with; an ended run stays as it was."""
    place = world()
    number = rectifying(place, "2024-09-20")
    done(submit(place, number))
    done(place.act(number, "pass", SAFETY))
    before = dict(place.cases[number].runs)
    place.calendar = WorkCalendar("amended", (Year(year=y, covered=y < 2026) for y in range(2023, 2030)))
    place.advance_to(at("2024-10-31"))
    after = place.cases[number].runs
    ended = {k: r for k, r in after.items() if r.status == "met"}
    assert ended == {k: before[k] for k in ended}
    assert {r.edition for r in ended.values()} == {calendar().edition}


def test_rule_09_a_timer_armed_under_the_old_calendar_waits_for_its_new_day() -> None:
    """A day made a holiday meanwhile: the step is not fired early, it is armed for the day it now belongs to."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-20"))
    moved = date(2024, 9, 23)
    place.calendar = WorkCalendar(
        "amended", [Year(year=y, covered=True, holidays=frozenset({moved})) for y in (2024, 2025)]
    )
    place.advance_to(at("2024-09-23"))
    assert told(place.cases[number], "urge") == set()
    assert clock(place, number, "rectify").next_at == at("2024-09-24")
    place.advance_to(at("2024-09-24"))
    assert told(place.cases[number], "urge") == {HEAD, "town1-deputy", "town1-safety"}


# 10 ---------------------------------------------------------------------------------------------------------------


def test_rule_10_nothing_happens_in_the_future() -> None:
    """An action of tomorrow is refused."""
    place = world("2024-09-19")
    number = rectifying(place, "2024-09-20")
    assert codes(submit(place, number, acting(RECTIFIER, "2024-09-20"), completed_on="2024-09-19")) == {"future"}


def test_rule_10_what_is_older_than_three_days_needs_a_reason_and_is_marked() -> None:
    """Three days back goes without; four needs a note and counts as a late entry."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-23"))
    assert codes(submit(place, number, acting(RECTIFIER, "2024-09-19"), completed_on="2024-09-19")) == {
        "late_without_note"
    }
    answer = done(submit(place, number, acting(RECTIFIER, "2024-09-19", note="出差"), completed_on="2024-09-19"))
    assert answer.events[0].late
    assert answer.ticket.marks["late_entries"] == 1
    other = rectifying(place, "2024-10-20")
    place.advance_to(at("2024-09-26"))
    answer = done(submit(place, other, acting(RECTIFIER, "2024-09-23"), completed_on="2024-09-23"))
    assert not answer.events[0].late


def test_rule_10_the_recording_time_is_never_set_by_hand() -> None:
    """The event says both: the day it happened as stated, and when it was recorded."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-19", "17:20"))
    event = done(submit(place, number, acting(RECTIFIER, "2024-09-18"), completed_on="2024-09-18")).events[0]
    assert (event.happened_on, event.recorded_at) == (date(2024, 9, 18), at("2024-09-19", "17:20"))


def test_rule_10_in_time_is_judged_by_the_day_it_happened() -> None:
    """Handed in on the last day and entered after it: in time, although the urge has gone out."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-23", "10:00"))
    answer = done(submit(place, number, acting(RECTIFIER, "2024-09-20"), completed_on="2024-09-20"))
    assert answer.ticket.marks["applied_on"] == "2024-09-20"
    assert clock(place, number, "verify").due_on == date(2024, 9, 27)


def test_rule_10_nothing_happens_before_the_ticket_was_there() -> None:
    """An action earlier than the entry into its state is refused."""
    place = world()
    number = hazard(place)
    place.advance_to(at("2024-09-04"))
    answer = place.act(
        number, "assign", acting(SAFETY, "2024-09-01"), responsible_person=RECTIFIER, due_on="2024-09-20"
    )
    assert codes(answer) == {"too_early"}


def test_rule_10_timers_never_fire_in_the_past() -> None:
    """What lies behind when a ladder is armed for the first time is left out."""
    place = world("2024-09-19", "10:00")
    number = rectifying(place, "2024-09-20")
    run = clock(place, number, "rectify")
    assert run.fired == {"m3w-remind": 1}
    assert run.next_at == at("2024-09-20")
    place.advance_to(at("2024-09-19", "18:00"))
    assert told(place.cases[number], "due_soon") == set()


def test_rule_10_a_date_before_the_action_is_no_deadline() -> None:
    """A new deadline in the past is refused; so is assigning with one that has passed meanwhile."""
    place = world()
    number = hazard(place)
    assert codes(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-08-30")) == {
        "due_in_past"
    }
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-05"))
    done(place.act(number, "recall", SAFETY, reason="写错"))
    place.advance_to(at("2024-09-06"))
    again = place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-05")
    assert codes(again) == {"due_in_past"}


# 11 ---------------------------------------------------------------------------------------------------------------


def test_rule_11_now_is_handed_in_and_aware() -> None:
    """A decision takes the time it is given and no other; a time without a zone is a mistake of the caller."""
    place = world()
    snapshot = place.snapshot(hazard(place))
    act = Act(trigger="dismiss", hand=Hand(actor=SAFETY), data={"reason": "不属实"})
    with pytest.raises(ValueError, match="aware"):
        decide(snapshot.workflow, snapshot, act, datetime(2024, 9, 3, 9))  # noqa: DTZ001 the point of the test
    later = at("2024-09-03", "11:11")
    answer = decide(snapshot.workflow, snapshot, act, later)
    assert not isinstance(answer, Refusal)
    assert answer.events[0].recorded_at == later


def test_rule_11_a_decision_is_a_function_of_what_it_sees() -> None:
    """The same snapshot, stimulus and time give the same answer, and the snapshot is as it was."""
    place = world()
    snapshot = place.snapshot(rectifying(place))
    before = replace(snapshot)
    stimuli: Iterable[Act | Fire | Report] = (
        Act(
            trigger="submit",
            hand=Hand(actor=RECTIFIER),
            data={"measures": "x", "completed_on": "2024-09-02"},
            evidence=(PHOTO,),
        ),
        Act(trigger="recall", hand=Hand(actor=SAFETY), data={"reason": "写错"}),
        Act(trigger="close", hand=Hand(actor=SAFETY)),
        Fire(key=TimerKey("rectify", 1, 1, "m3w-remind", 0)),
    )
    for stimulus in stimuli:
        now = at("2024-09-14") if isinstance(stimulus, Fire) else place.now
        first = decide(snapshot.workflow, snapshot, stimulus, now)
        assert first == decide(snapshot.workflow, snapshot, stimulus, now)
    assert snapshot == before


def test_rule_11_a_snapshot_of_another_workflow_is_refused() -> None:
    """The workflow handed in is the one the snapshot is bound to."""
    place = world()
    snapshot = place.snapshot(hazard(place))
    act = Act(trigger="dismiss", hand=Hand(actor=SAFETY), data={"reason": "x"})
    with pytest.raises(ValueError, match="another workflow"):
        decide(workflows()["major_hazard"], snapshot, act, place.now)


def test_hours_run_day_and_night() -> None:
    """A clock in hours counts from the instant, over nights and weekends."""
    place = world("2024-09-13", "22:30")
    number = hazard(place, workflow="major_hazard")
    control, upward = clock(place, number, "control"), clock(place, number, "report_up")
    assert control.due_at == at("2024-09-14", "02:30")
    assert upward.due_at == at("2024-09-14", "22:30")
    place.advance_to(at("2024-09-14", "06:30"))
    fired = [c.nominal_at for c in place.cases[number].crossings if c.key.clock == "control"]
    assert fired == [at("2024-09-13", "23:30"), *(at("2024-09-14", h) for h in ("02:30", "04:30", "06:30"))]


def test_a_reminder_counts_the_days_of_its_own_clock() -> None:
    """The verifier's reminder speaks of the verifier's days, not of the school's."""
    place = world()
    number = rectifying(place, "2024-12-31")
    done(submit(place, number))
    place.advance_to(at("2024-09-30"))
    reminder = next(m for m in reversed(place.cases[number].messages.values()) if m.template == "reminder")
    assert (reminder.params["clock"], reminder.params["days_overdue"], reminder.params["days_left"]) == (
        "复查时限",
        15,
        None,
    )
    assert directory().person_name(reminder.recipient)


def test_a_day_of_another_zone_does_not_shift_the_deadline() -> None:
    """An instant given in another zone is the same instant."""
    place = world()
    place.now = place.now.astimezone(UTC) + timedelta(hours=1)
    number = rectifying(place, "2024-09-20")
    assert clock(place, number, "rectify").due_at == datetime(2024, 9, 20, 16, tzinfo=UTC)


def test_days_are_counted_while_the_unit_has_to_do_with_it() -> None:
    """What was handed in is not called late, however long it waits for somebody else; given back, its days count again."""
    place = world()
    number = rectifying(place, "2024-09-20")
    place.advance_to(at("2024-09-18"))
    done(submit(place, number))
    place.advance_to(at("2024-09-24"))
    done(place.act(number, "fail", SAFETY, reason="未完", due_on="2024-09-26"))

    def said(template: str) -> tuple[object, object]:
        messages = place.cases[number].messages.values()
        params = next(m.params for m in reversed(messages) if m.template == template)
        return params["days_left"], params["days_overdue"]

    assert said("submitted") == (None, None)
    assert said("failed") == (2, None)
    place.advance_to(at("2024-09-29"))
    assert said("urge") == (None, 1)
    done(submit(place, number))
    done(place.act(number, "pass", SAFETY))
    assert said("submitted") == said("passed") == (None, None)
