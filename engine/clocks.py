"""Clocks of a ticket (时限): started, paused, resumed, met and given a new date as the ticket moves.

Pausing never moves a fixed date; a clock of a given length keeps its budget, what is consumed and since when it runs.
Every new date is a new deadline version with a ladder of its own; the first date is kept for the statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from . import ladder
from .calendar import WorkCalendar
from .moments import ZONE, at_hour, end_of, local_day, shift_day, shift_moment
from .ticket import ClockRun, Plain
from .values import as_date
from .workflow import HOURLY, Clock, Span, SpanUnit, Workflow
from .worktime import open_between, open_until

__all__ = ["Timekeeper", "main_clock", "verify_clock"]


class _Deadline(NamedTuple):
    """When a run ends, as a day and as an instant, and whether the calendar of that year is still to come."""

    on: date | None = None
    at: datetime | None = None
    provisional: bool = False


class Timekeeper(Struct, frozen=True, kw_only=True):
    """What every clock computation needs: the calendar, the ladder's hour, the day it happened and the time it is."""

    workflow: Workflow
    calendar: WorkCalendar
    on: date
    now: datetime

    def advance(
        self,
        runs: Mapping[str, ClockRun],
        source: str | None,
        target: str,
        trigger: str,
        fields: Mapping[str, Plain],
        *,
        anew: bool = True,
    ) -> Iterator[ClockRun]:
        """Yield every clock run that changes when a ticket goes from `source` (None: is reported) to `target`.

        Args:
            anew: entering the state it is in begins a run anew, where the clock says so; a change of workflow does not.
        """
        for clock in self.workflow.clocks.values():
            if clock.for_request is None:
                before = runs.get(clock.id)
                after = self._advance(clock, before, source, target, trigger, fields, anew=anew)
                if after is not None and after is not before:
                    yield after

    def supervise(
        self, runs: Mapping[str, ClockRun], state: str, fields: Mapping[str, Plain], *, anew: bool
    ) -> Iterator[ClockRun]:
        """Yield what changes on the clocks of listed supervision when a listing has begun, risen or ended.

        Args:
            anew: a higher level takes over, and has time of its own.
        """
        for clock in self.workflow.clocks.values():
            before = runs.get(clock.id)
            if anew and clock.while_listed and before is not None and before.live and clock.lives_in(state):
                yield self.begin(clock, before.run + 1, fields, paused=state in clock.paused_in)
                continue
            after = self._advance(clock, before, None, state, "", fields) if clock.while_listed else None
            if after is not None and after is not before:
                yield after

    def halt(self, run: ClockRun, status: str = "stopped") -> ClockRun:
        """End a run; nothing stays armed."""
        return replace(
            run, status=status, ended_on=run.handed_in_on or self.on, next_step=None, next_occurrence=0, next_at=None
        )

    def begin(self, clock: Clock, number: int, fields: Mapping[str, Plain], *, paused: bool = False) -> ClockRun:
        """Start a run of a clock with a fresh ladder."""
        started, budget = self._instant(), self._budget(clock, fields)
        deadline = self._deadline(clock, budget, started, fields)
        run = ClockRun(
            clock=clock.id,
            run=number,
            status="paused" if paused else "running",
            started_at=started,
            running_since=started,
            budget=budget,
            edition=self.calendar.edition,
            due_on=deadline.on,
            due_at=deadline.at,
            provisional=deadline.provisional,
            original_due_on=deadline.on,
        )
        return self._fresh(clock, run)

    def redate(self, clock: Clock, run: ClockRun, due_on: date | None) -> ClockRun:
        """Give a fixed date a new version with a ladder of its own; the first date is kept."""
        moved = replace(
            run,
            due_on=due_on,
            due_at=end_of(due_on) if due_on else None,
            version=run.version + 1,
            fired={},
            edition=self.calendar.edition,
            provisional=due_on is not None and not self.calendar.covers(due_on),
            original_due_on=run.original_due_on or due_on,
        )
        return self._fresh(clock, moved)

    def adopt(self, clock: Clock, former: Clock, run: ClockRun, fields: Mapping[str, Plain]) -> ClockRun:
        """Go on with a run under another definition of its clock: another length is a new version with a new ladder.

        It is measured from its first start, with what is used so far. Where the new date has passed already, the steps that
        lie behind it are crossed at once, not skipped.

        Args:
            former: the clock as it was defined when the run began.
        """
        budget = self._budget(clock, fields)
        same = (budget, _unit(clock)) == (run.budget, _unit(former))
        if clock.until is not None or clock.for_request is not None or budget is None or same:
            return self.rearm(clock, run)
        since = self._instant() if run.running_since is not None else None
        changed = replace(run, budget=budget, version=run.version + 1, fired={}, running_since=since)
        return self.rearm(clock, self._measure(clock, replace(changed, consumed=self._used(clock, former, run))))

    def _used(self, clock: Clock, former: Clock, run: ClockRun) -> int:
        """Return what a run has used so far, in the unit of another definition of its clock.

        All of its time, where it had a fixed date, which no pause ever moved. Else what it used before its last pause, as if
        in one piece from its start, and what it has used since; several pauses leave no more exact trace.
        """
        now, start = self._instant(), run.started_at
        if former.until is not None or run.budget is None:
            return self._passed(clock, start, now)
        if _unit(former) in HOURLY:
            before = self._after(former, start, run.consumed)
        else:
            before = shift_moment(start, Span(run.consumed, _unit(former)), self.calendar)
        since = self._passed(clock, run.running_since, now) if run.running_since is not None else 0
        return self._passed(clock, start, before) + since

    def _after(self, clock: Clock, start: datetime, seconds: int) -> datetime:
        """Return the instant at which so many seconds of a clock in hours have passed."""
        if _unit(clock) == "workhours":
            return open_until(start, seconds, self.calendar, ZONE)
        return start + timedelta(seconds=seconds)

    def rearm(self, clock: Clock, run: ClockRun) -> ClockRun:
        """Arm what comes next on a ladder that goes on."""
        return ladder.arm(clock, run, self.now, self.calendar, self.workflow.ladder_hour)

    def _advance(
        self, clock: Clock, run: ClockRun | None, source: str | None, target: str, trigger: str,
        fields: Mapping[str, Plain], *, anew: bool = True,
    ) -> ClockRun | None:  # fmt: skip
        alive = clock.lives_in(target) and (not clock.while_listed or bool(fields.get("listed_level")))
        if run is None or not run.live:
            return self._enter(clock, run, target, fields) if alive and not _over(clock, run, source) else None
        if not alive:
            return self.halt(self._taken_back(clock, self._pause(clock, run), fields), "met")
        if trigger == clock.met_by and target in clock.runs_in:
            return self._met(clock, run, fields)
        if anew and clock.again == "restart" and clock.met_by is None and source == target:
            return self.begin(clock, run.run + 1, fields, paused=target in clock.paused_in)
        return self._stay(clock, run, target, trigger, fields)

    def _met(self, clock: Clock, run: ClockRun, fields: Mapping[str, Plain]) -> ClockRun:
        """What the clock waited for was done while it runs on: it is over, or begins anew."""
        if clock.again == "restart":
            return self.begin(clock, run.run + 1, fields)
        return self.halt(replace(self._pause(clock, run), handed_in_on=self.on), "met")

    def _enter(self, clock: Clock, run: ClockRun | None, target: str, fields: Mapping[str, Plain]) -> ClockRun:
        paused = target in clock.paused_in
        if run is None or clock.again == "restart" or _other_kind(clock, run):
            return self.begin(clock, run.run + 1 if run else 1, fields, paused=paused)
        revived = replace(run, status="paused", ended_on=None, handed_in_on=None)
        return revived if paused else self._resume(clock, self._follow(clock, revived, fields))

    def _stay(self, clock: Clock, run: ClockRun, target: str, trigger: str, fields: Mapping[str, Plain]) -> ClockRun:
        after = self._follow(clock, run, fields)
        if target in clock.paused_in and run.status == "running":
            after = self._pause(clock, after)
        elif target in clock.runs_in and run.status == "paused":
            after = self._resume(clock, replace(after, handed_in_on=None))
        return replace(after, handed_in_on=self.on) if trigger == clock.met_by else after

    def _follow(self, clock: Clock, run: ClockRun, fields: Mapping[str, Plain]) -> ClockRun:
        """Take over a changed fixed date."""
        if clock.until is None:
            return run
        due_on = as_date(fields.get(clock.until))
        return run if due_on == run.due_on else self.redate(clock, run, due_on)

    def _taken_back(self, clock: Clock, run: ClockRun, fields: Mapping[str, Plain]) -> ClockRun:
        """Forget a fixed date that was taken back with its assignment; a first date that has passed stays for good.

        An assignment by mistake never held, so the next one begins anew; but recalling what is overdue makes nothing
        punctual.
        """
        if clock.until is None or as_date(fields.get(clock.until)) is not None:
            return run
        first = run.original_due_on
        missed = first is not None and first < local_day(self.now)
        return replace(run, due_on=None, due_at=None, original_due_on=first if missed else None)

    def _pause(self, clock: Clock, run: ClockRun) -> ClockRun:
        consumed = run.consumed + self._elapsed(clock, run)
        return replace(
            run, status="paused", consumed=consumed, running_since=None, next_step=None, next_occurrence=0, next_at=None
        )

    def _resume(self, clock: Clock, run: ClockRun) -> ClockRun:
        resumed = replace(run, status="running", running_since=self._instant())
        if clock.until is None and run.budget is not None:
            resumed = self._measure(clock, resumed)
        return self.rearm(clock, resumed)

    def _fresh(self, clock: Clock, run: ClockRun) -> ClockRun:
        skipped = ladder.skip_past(clock, run, self.now, self.calendar, self.workflow.ladder_hour)
        return self.rearm(clock, skipped)

    def _deadline(self, clock: Clock, budget: int | None, started: datetime, fields: Mapping[str, Plain]) -> _Deadline:
        """Return the deadline of a new run: its fixed date, or the end of its budget; none while neither is known."""
        if clock.until is None:
            return _Deadline() if budget is None else self._end(clock, budget, started)
        due_on = as_date(fields.get(clock.until))
        if due_on is None:
            return _Deadline()
        return _Deadline(due_on, end_of(due_on), not self.calendar.covers(due_on))

    def _measure(self, clock: Clock, run: ClockRun) -> ClockRun:
        """Compute the end of what is left of a budget from where the run goes on."""
        left = (run.budget or 0) - run.consumed  # negative: what was overdue before a pause stays overdue after it
        end = self._end(clock, left, run.running_since or self.now)
        return replace(run, due_on=end.on, due_at=end.at, provisional=end.provisional, edition=self.calendar.edition)

    def _end(self, clock: Clock, left: int, since: datetime) -> _Deadline:
        if _unit(clock) == "hours":
            due_at = since + timedelta(seconds=left)
            return _Deadline(local_day(due_at), due_at)
        if _unit(clock) == "workhours":
            due_at = open_until(since, left, self.calendar, ZONE)
            due_on = local_day(due_at)
            return _Deadline(due_on, due_at, not self.calendar.covers(due_on))
        due_on = shift_day(local_day(since), Span(left, _unit(clock)), self.calendar)
        return _Deadline(due_on, end_of(due_on), _unit(clock) == "workdays" and not self.calendar.covers(due_on))

    def _elapsed(self, clock: Clock, run: ClockRun) -> int:
        if clock.until is not None or run.budget is None or run.running_since is None:
            return 0
        return self._passed(clock, run.running_since, self._instant())

    def _passed(self, clock: Clock, start: datetime, end: datetime) -> int:
        """Return how much passes between two instants, in the unit of a clock."""
        if _unit(clock) == "hours":
            return max(0, int((end - start).total_seconds()))
        if _unit(clock) == "workhours":
            return max(0, open_between(start, end, self.calendar, ZONE))
        first, last = local_day(start), local_day(end)
        return self.calendar.between(first, last) if _unit(clock) == "workdays" else (last - first).days

    def _budget(self, clock: Clock, fields: Mapping[str, Plain]) -> int | None:
        if isinstance(clock.within, Span):
            return clock.within.amount * (3600 if clock.within.unit in HOURLY else 1)
        if clock.within is None or not fields.get(clock.within.field):
            return None
        return int(fields[clock.within.field])

    def _instant(self) -> datetime:
        """The instant something happened: now when it is of today, else the ladder's hour of its day."""
        return self.now if self.on == local_day(self.now) else at_hour(self.on, self.workflow.ladder_hour)


def main_clock(workflow: Workflow) -> Clock | None:
    """Return the clock of the rectification itself.

    That is the one met by an action that somebody then judges, with a fixed date before one of a given length; else
    one with a fixed date; else one met by an action.
    """
    return workflow.main


def verify_clock(workflow: Workflow) -> Clock | None:
    """Return the verifier's own clock: one that runs while the main clock is paused."""
    return workflow.verifying


def _over(clock: Clock, run: ClockRun | None, source: str | None) -> bool:
    """Tell whether an ended run stays ended: it was met, and nobody judges what met it, so it is met for good."""
    if run is None or clock.again == "restart":
        return False
    return clock.lives_in(source) or (run.handed_in_on is not None and not clock.paused_in)


def _other_kind(clock: Clock, run: ClockRun) -> bool:
    """Tell whether a run was begun with a fixed date and the clock now has a length, or the other way round."""
    return (run.budget is None) == (clock.until is None)


def _unit(clock: Clock) -> SpanUnit:
    return clock.within.unit if clock.within is not None else "days"
