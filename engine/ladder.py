"""The ladder of a clock (逐级督办): when each step falls due, what is armed, and what is crossed.

A step belongs to a local day counted from the due date and fires at the ladder's hour; the steps of a clock that runs
in hours count from the instant it ends. A timer never fires in the past: what lies behind when a ladder is armed for
the first time is left out, what comes due while nobody looks is crossed in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from .calendar import WorkCalendar
from .moments import at_hour, shift_day, shift_moment
from .ticket import ClockRun, TimerKey
from .workflow import HOURLY, Clock, Span, Step

__all__ = ["MOST_CROSSED", "Rung", "arm", "cross", "nominal", "skip_past"]

MOST_CROSSED = 2000  #: steps crossed in one catch-up, some months of an hourly one; the rest follow at the next tick
_WIDEST = 20  #: widest interval of a widening repeat, in the units of `every`
_EVEN = 3  #: intervals of a widening repeat before it begins to double


_AT = attrgetter("at")


class Rung(NamedTuple):
    """One occurrence of one step, with the instant it belongs to."""

    at: datetime
    step: Step
    occurrence: int


def nominal(step: Step, occurrence: int, clock: Clock, run: ClockRun, calendar: WorkCalendar, hour: int) -> datetime:
    """Return the instant an occurrence (from 0) of a step belongs to.

    Raises:
        ValueError: the run has no deadline.
    """
    if run.due_on is None or run.due_at is None:
        raise ValueError(f"时限“{clock.title}”未定，不能推算督办日期。")
    repeat = _repeat(step, occurrence)
    if isinstance(clock.within, Span) and clock.within.unit in HOURLY:
        moment = shift_moment(run.due_at, step.at, calendar)
        return shift_moment(moment, repeat, calendar) if repeat else moment
    day = shift_day(run.due_on, step.at, calendar)
    return at_hour(shift_day(day, repeat, calendar) if repeat else day, hour)


def arm(clock: Clock, run: ClockRun, now: datetime, calendar: WorkCalendar, hour: int) -> ClockRun:
    """Arm the earliest step not yet behind; an instant already past becomes `now`."""
    rung = _earliest(clock, run, calendar, hour) if run.status == "running" else None
    if rung is not None:
        return replace(run, next_step=rung.step.id, next_occurrence=rung.occurrence, next_at=max(rung.at, now))
    return run if run.next_at is None else replace(run, next_step=None, next_occurrence=0, next_at=None)


def skip_past(clock: Clock, run: ClockRun, now: datetime, calendar: WorkCalendar, hour: int) -> ClockRun:
    """Count every occurrence that lies before `now` as behind, without any effect."""
    fired = dict(run.fired)
    for step in clock.steps if run.due_on else ():
        ahead = partial(_ahead, clock, run, step, now, calendar, hour)
        k = _first_ahead(fired.get(step.id, 0), ahead, repeats=step.every is not None)
        if k:
            fired[step.id] = k
    return run if fired == run.fired else replace(run, fired=fired)


def _ahead(
    clock: Clock, run: ClockRun, step: Step, now: datetime, calendar: WorkCalendar, hour: int, occurrence: int
) -> bool:
    return nominal(step, occurrence, clock, run, calendar, hour) >= now


def _first_ahead(first: int, ahead: Callable[[int], bool], *, repeats: bool) -> int:
    """Return the first occurrence that lies ahead; occurrences follow each other in time, so it is found by halving."""
    if not repeats:
        return first if first or ahead(0) else 1
    low, step = first, 1
    while not ahead(low + step - 1):
        step *= 2
    high = low + step - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ahead(middle) else (middle + 1, high)
    return low


def cross(
    clock: Clock, run: ClockRun, now: datetime, calendar: WorkCalendar, hour: int
) -> tuple[ClockRun, tuple[Rung, ...]]:
    """Cross every step that is due, in order; return the run with what is behind it counted, not yet re-armed."""
    rungs = tuple(_due(clock, run, now, calendar, hour))
    fired = dict(run.fired)
    for rung in rungs:
        fired[rung.step.id] = rung.occurrence + 1
    return replace(run, fired=fired), rungs


def timer_key(run: ClockRun, rung: Rung) -> TimerKey:
    """Return the key under which an occurrence is remembered as fired."""
    return TimerKey(run.clock, run.run, run.version, rung.step.id, rung.occurrence)


def _due(clock: Clock, run: ClockRun, now: datetime, calendar: WorkCalendar, hour: int) -> Iterator[Rung]:
    ahead = _ahead_of(clock, run, calendar, hour)
    for _ in range(MOST_CROSSED):
        rung = min(ahead, key=_AT, default=None)
        if rung is None or rung.at > now:
            return
        yield rung
        place, occurrence = ahead.index(rung), rung.occurrence + 1
        again = rung.step.every is not None
        ahead[place : place + 1] = (
            [Rung(nominal(rung.step, occurrence, clock, run, calendar, hour), rung.step, occurrence)] if again else []
        )


def _earliest(clock: Clock, run: ClockRun, calendar: WorkCalendar, hour: int) -> Rung | None:
    return min(_ahead_of(clock, run, calendar, hour), key=_AT, default=None)


def _ahead_of(clock: Clock, run: ClockRun, calendar: WorkCalendar, hour: int) -> list[Rung]:
    """Return the next occurrence of each step that has one, in the author's order; none without a deadline."""
    if run.due_on is None:
        return []
    ahead = ((step, run.fired.get(step.id, 0)) for step in clock.steps)
    return [Rung(nominal(s, k, clock, run, calendar, hour), s, k) for s, k in ahead if k == 0 or s.every]


def _repeat(step: Step, occurrence: int) -> Span | None:
    if occurrence == 0 or step.every is None:
        return None
    if not step.widen:
        return Span(step.every.amount * occurrence, step.every.unit)
    return Span(sum(_interval(step.every.amount, i) for i in range(occurrence)), step.every.unit)


def _interval(first: int, index: int) -> int:
    return max(first, min(first << min(max(0, index - _EVEN + 1), 10), _WIDEST))
