"""A clock that counts the hours an office is open: over lunch, night and weekend, paused and resumed."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.load import load_workflow
from rectiflow.engine.moments import due_text, hours_left
from rectiflow.engine.simulate import World
from rectiflow.engine.ticket import ClockRun
from rectiflow.workflows.calendars.cn import china_workdays
from support.district import at, calendar, directory, done

KEEPER = "safety-head"
DEFINITION = """
workflow: urgent
version: 1
title: 即办
initial: reported
roles: {safety_section: {title: 安全股}}
states:
  reported: {title: 待办, stage: reported, task: safety_section}
  rectifying: {title: 在办, stage: rectifying, task: safety_section}
  waiting: {title: 待查, stage: rectifying, task: safety_section}
  closed: {title: 办结, stage: closed, final: rectified}
transitions:
  - {trigger: start, title: 开始, from: reported, to: rectifying, by: safety_section}
  - {trigger: submit, title: 送查, from: rectifying, to: waiting, by: safety_section}
  - {trigger: again, title: 重办, from: waiting, to: rectifying, by: safety_section}
  - {trigger: pass, title: 办完, from: waiting, to: closed, by: safety_section}
clocks:
  work:
    title: 处置时限
    within: 8 workhours
    runs_in: rectifying
    paused_in: waiting
    met_by: submit
    steps:
      - {at: -2 workhours, remind: safety_section}
      - {at: due, every: 3 workhours, remind: safety_section}
"""


def begun(moment: datetime, days: WorkCalendar | None = None) -> tuple[World, str]:
    """Begin the clock at a moment."""
    workflow = load_workflow(DEFINITION, source="urgent.yaml", catalogues={})
    place = World({"urgent": workflow}, directory(), days or calendar(), moment)
    number = done(place.report("urgent", KEEPER)).ticket.number
    done(place.act(number, "start", KEEPER))
    return place, number


def running(place: World, number: str) -> ClockRun:
    """Return the run of the clock as it stands."""
    return place.cases[number].clocks["work"]


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (at("2024-09-02", "09:30"), at("2024-09-03", "10:30")),  # six hours on Monday, two on Tuesday
        (at("2024-09-02", "07:00"), at("2024-09-03", "09:30")),  # before the office opens
        (at("2024-09-02", "13:00"), at("2024-09-03", "15:00")),  # at lunch
        (at("2024-09-06", "17:00"), at("2024-09-10", "09:00")),  # over a weekend
        (at("2024-09-07", "12:00"), at("2024-09-10", "09:30")),  # a Saturday
        (at("2024-09-14", "09:30"), at("2024-09-18", "10:30")),  # a Saturday that works, then 中秋 until Tuesday
    ],
)
def test_due_after_so_many_open_hours(start: datetime, due: datetime) -> None:
    """Eight hours are counted on working days, between 8:30 and 12:00 and between 14:00 and 17:30."""
    run = running(*begun(start))
    assert run.due_at == due
    assert run.due_on == due.date()
    assert run.budget == 8 * 3600


def test_ends_with_the_day() -> None:
    """What takes the whole day ends when the office closes, not when it opens again."""
    days = WorkCalendar("own", china_workdays(2024, 2024).values(), office=((time(9), time(17)),))
    run = running(*begun(at("2024-09-02", "09:00"), days))
    assert run.due_at == at("2024-09-02", "17:00")


def test_reminded_in_open_hours_only() -> None:
    """The ladder counts open hours too: before it is due, when it is, and every three of them after."""
    place, number = begun(at("2024-09-02", "09:30"))
    place.advance_to(at("2024-09-04", "09:00"))
    fired = [c.nominal_at for entry in place.log for c in entry.decision.crossed]
    assert fired == [at("2024-09-03", "08:30"), at("2024-09-03", "10:30"), at("2024-09-03", "15:30")]
    assert running(place, number).next_at == at("2024-09-04", "09:30")


def test_what_is_used_stays_used() -> None:
    """While it waits nothing is used; what was left goes on counting afterwards."""
    place, number = begun(at("2024-09-02", "09:30"))
    place.advance_to(at("2024-09-02", "15:00"))
    done(place.act(number, "submit", KEEPER))
    paused = running(place, number)
    assert (paused.status, paused.consumed) == ("paused", int(3.5 * 3600))
    place.advance_to(at("2024-09-04", "17:00"))
    done(place.act(number, "again", KEEPER))
    assert running(place, number).due_at == at("2024-09-05", "14:30")


def test_a_deadline_within_a_day_is_said_with_its_hour() -> None:
    """What is told and shown of it names the time, and counts hours."""
    place, number = begun(at("2024-09-02", "09:30"))
    run = running(place, number)
    assert due_text(date(2024, 9, 3), run.due_at) == "2024-09-03 10:30"
    assert due_text(date(2024, 9, 3), at("2024-09-04", "00:00")) == "2024-09-03"
    assert (hours_left(run.due_at, at("2024-09-03", "08:00")), hours_left(run.due_at, at("2024-09-03", "11:00"))) == (
        2,
        -1,
    )
    assert hours_left(at("2024-09-04", "00:00"), at("2024-09-03")) is None
    place.advance_to(at("2024-09-03", "11:00"))
    told = [m for e in place.log for m in e.decision.messages if m.template == "reminder"]
    assert {(m.params["clock"], m.params["until"], m.urgent) for m in told} == {("处置时限", "9月3日10时30分", True)}
