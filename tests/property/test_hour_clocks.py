"""Clocks in hours, paused and resumed at any minute, against a model that looks at every minute by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from rectiflow.engine.load import load_workflow
from rectiflow.engine.moments import ZONE
from rectiflow.engine.simulate import World
from rectiflow.engine.workflow import Workflow
from support.district import at, calendar, directory, done

KEEPER = "safety-head"
MINUTE = timedelta(minutes=1)
DEFINITION = """
workflow: urgent
version: 1
title: 即办
initial: reported
roles: {{safety_section: {{title: 安全股}}}}
states:
  reported: {{title: 待办, stage: reported, task: safety_section}}
  rectifying: {{title: 在办, stage: rectifying, task: safety_section}}
  waiting: {{title: 待查, stage: rectifying, task: safety_section}}
  closed: {{title: 办结, stage: closed, final: rectified}}
transitions:
  - {{trigger: start, title: 开始, from: reported, to: rectifying, by: safety_section}}
  - {{trigger: submit, title: 送查, from: rectifying, to: waiting, by: safety_section}}
  - {{trigger: again, title: 重办, from: waiting, to: rectifying, by: safety_section}}
  - {{trigger: pass, title: 办完, from: waiting, to: closed, by: safety_section}}
clocks:
  work:
    title: 处置时限
    within: {length}
    runs_in: rectifying
    paused_in: waiting
    met_by: submit
    steps: [{{at: due, every: 1 days, remind: safety_section}}]
"""
#: minutes until the next move; work goes on or is handed in at each
spans = st.lists(st.integers(1, 3 * 24 * 60), min_size=1, max_size=6)


@cache
def workflow(hours: int, unit: str) -> Workflow:
    """Load a definition whose clock has so many hours."""
    return load_workflow(DEFINITION.format(length=f"{hours} {unit}"), source="urgent.yaml", catalogues={})


def counts(moment: datetime, unit: str) -> bool:
    """Tell whether the minute that begins here is counted."""
    local = moment.astimezone(ZONE)
    day, office = local.date(), calendar().office
    return unit == "hours" or (calendar().is_workday(day) and any(a <= local.time() < b for a, b in office))


def used(start: datetime, end: datetime, unit: str) -> int:
    """Count the minutes of a stretch one by one."""
    return sum(counts(start + MINUTE * i, unit) for i in range((end - start) // MINUTE))


def ends(start: datetime, minutes: int, unit: str) -> datetime:
    """Go on from a moment until so many minutes have counted."""
    while minutes > 0:
        minutes -= counts(start, unit)
        start += MINUTE
    return start


@settings(max_examples=60)
@given(
    moves=spans,
    hours=st.integers(1, 40),
    unit=st.sampled_from(["hours", "workhours"]),
    begin=st.integers(0, 20 * 24 * 60),
)
def test_what_is_used_and_when_it_ends(moves: list[int], hours: int, unit: str, begin: int) -> None:
    """While it runs it ends when the rest of its minutes have counted; while it waits nothing is used."""
    now = at("2024-09-20", "00:00") + MINUTE * begin  # 国庆 with its make-up days lies ahead
    place = World({"urgent": workflow(hours, unit)}, directory(), calendar(), now)
    number = done(place.report("urgent", KEEPER)).ticket.number
    done(place.act(number, "start", KEEPER))
    gone, since, running = 0, now, True
    for minutes in moves:
        now += MINUTE * minutes
        place.sleep_until(now)
        if running:
            gone += used(since, now, unit)
        done(place.act(number, "submit" if running else "again", KEEPER))
        running, since = not running, now
        run = place.cases[number].clocks["work"]
        assert run.consumed == gone * 60
        assert run.status == ("running" if running else "paused")
        left = hours * 60 - gone
        if running and left > 0:
            assert run.due_at == ends(now, left, unit)
            assert run.next_at == run.due_at
