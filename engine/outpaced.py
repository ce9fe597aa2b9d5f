"""A step of a ladder that could not be told in time is outpaced by a later one: who hears of that need not hear of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from . import ladder, urgency
from .ladder import Rung
from .moments import local_day
from .roles import people
from .telling import RESTRICTED
from .ticket import ClockRun, Snapshot
from .workflow import HOURLY, Clock, Span, Step

__all__ = ["Beside", "StepKey", "outpaced", "step_of"]

_KEY = re.compile(
    r"[^:]+:(?P<clock>[a-z]\w*):(?P<run>\d+):(?P<version>\d+):(?P<step>[^:]+):(?P<occurrence>\d+):.+"
)  #: `firing`, with the number
_REMINDING = ("due_soon", "reminder", "urge")  #: these say no more than any later step does
_WHY = "同一时限后一步的提醒另发，这一步不再发"
_LATE = "同一时限前一步的提醒发得晚，已按现在的情况说过"


class Beside(NamedTuple):
    """A message about the same hazard that the same person was sent, or that is to go."""

    occasion: str
    sent_at: datetime | None = None  #: None while it is to go


class StepKey(NamedTuple):
    """Which step of a ladder a message tells: of which run and version of which clock."""

    clock: str
    run: int
    version: int
    step: str
    occurrence: int


def step_of(key: str) -> StepKey | None:
    """Return which step of a ladder a message tells, from the message's key; None for every other message."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    run, version, occurrence = map(int, found.group("run", "version", "occurrence"))
    return StepKey(found["clock"], run, version, found["step"], occurrence)


def outpaced(
    snapshot: Snapshot, step: StepKey, recipient: str, occasion: str, beside: Mapping[str, Beside], today: date
) -> str | None:
    """Say in words why a step need not be told any more; None while it need.

    A later one is told to the same person, or will be today while the day of this one, the first, has passed. What is told
    at once gives way to its like alone: where it goes late, it says how late, and the later one says nothing new. A step
    that catches up on all is told each time, and what asks for more than a reminder does (a call, to make safe first) only
    gives way to its like.

    Args:
        occasion: of the message that tells the step.
        beside: the messages about the hazard that the person was sent, or that are to go, by key.
    """
    clock, run = snapshot.workflow.clocks.get(step.clock), snapshot.clocks.get(step.clock)
    own = _rung(snapshot, step) if clock is not None and run is not None else None
    if clock is None or run is None or own is None or own.step.catch_up == "all":
        return None
    for key, other in beside.items():
        later = step_of(key)
        rung = _rung(snapshot, later) if later is not None and later[:3] == step[:3] else None
        if rung is None:
            continue
        if rung.at > own.at and _as_much(occasion, other.occasion) and _as_fast(snapshot, clock, own, rung):
            return _WHY
        if rung.at < own.at and _as_much(occasion, other.occasion) and _told_late(snapshot, clock, own, rung, other):
            return _LATE
    return _WHY if _comes_today(snapshot, clock, run, own, recipient, occasion, today) else None


def _rung(snapshot: Snapshot, step: StepKey) -> Rung | None:
    """Return where a step stands on its ladder; None where the ladder has it no longer, or no date."""
    clock, run = snapshot.workflow.clocks[step.clock], snapshot.clocks[step.clock]
    place = clock.step(step.step)
    if place < 0 or run.due_on is None or run.due_at is None:
        return None
    return _at(snapshot, clock, run, clock.steps[place], step.occurrence)


def _at(snapshot: Snapshot, clock: Clock, run: ClockRun, step: Step, occurrence: int) -> Rung:
    hour = snapshot.workflow.ladder_hour
    return Rung(ladder.nominal(step, occurrence, clock, run, snapshot.calendar, hour), step, occurrence)


def _comes_today(
    snapshot: Snapshot, clock: Clock, run: ClockRun, own: Rung, recipient: str, occasion: str, today: date
) -> bool:
    """Tell whether what was to be said before or on the day is past, and a later step still to be told to the person today.

    A repeat waits for no other: where the channel is never open when they come due, nobody would hear of any. Nor does a
    step of a clock in hours.
    """
    hourly = isinstance(clock.within, Span) and clock.within.unit in HOURLY
    repeats = own.occurrence > 0 or own.step.at.amount > 0
    if hourly or repeats or run.status != "running" or local_day(own.at) >= today:
        return False
    for step in clock.steps:
        behind = run.fired.get(step.id, 0)
        if step.act == "propose" or (behind and step.every is None):
            continue
        rung = _at(snapshot, clock, run, step, behind)
        told = step.template or ("call_task" if step.act == "call" else "reminder")
        due = own.at < rung.at and local_day(rung.at) <= today and _as_much(occasion, told)
        due = due and _as_fast(snapshot, clock, own, rung)
        if due and recipient in people(snapshot.workflow, step.roles, snapshot.fields, snapshot.directory, today):
            return True
    return False


def _as_fast(snapshot: Snapshot, clock: Clock, own: Rung, later: Rung) -> bool:
    """Tell whether a later step is told at once where this one is: who is to hear at once hears of no digest for it."""
    return urgency.of_rung(snapshot.workflow, clock, later) or not urgency.of_rung(snapshot.workflow, clock, own)


def _told_late(snapshot: Snapshot, clock: Clock, own: Rung, earlier: Rung, other: Beside) -> bool:
    """Tell whether an earlier step, which does not give way to this one, is told when this one has come due, or later."""
    if _as_fast(snapshot, clock, earlier, own):
        return False
    return other.sent_at is None or local_day(other.sent_at) >= local_day(own.at)


def _as_much(occasion: str, later: str) -> bool:
    """Tell whether a later message says all that one says, but for the days."""
    return occasion in _REMINDING or later in (occasion, RESTRICTED)
