"""A timer has come due: every step that lies behind is crossed in order; one message per person, for the highest.

A timer only reminds, makes call tasks and proposes; it never moves a ticket, lists it or signs anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from . import ladder, urgency
from .change import Change
from .days import ends_of
from .decision import Crossing, Decision, Refusal
from .errors import Reason
from .ladder import Rung
from .requesting import propose, withdraw_pending
from .roles import people
from .stimulus import Fire
from .ticket import ClockRun, Snapshot
from .vocabulary import LEVELS
from .workflow import Clock

__all__ = ["OBSOLETE", "fire"]

MISSED = timedelta(days=1)  #: after which an occurrence was missed, for a step that skips such
OBSOLETE = "obsolete"  #: code of the refusal that makes the store drop the timer


def fire(snapshot: Snapshot, stimulus: Fire, now: datetime) -> Decision | Refusal:
    """Decide what a due timer does; a timer of an earlier run or version never fires into a later one."""
    clock = snapshot.workflow.clocks.get(stimulus.key.clock)
    run = snapshot.clocks.get(stimulus.key.clock)
    if clock is None or run is None or run.status != "running" or run.armed != stimulus.key:
        reason = Reason(code=OBSOLETE, message="时限已变更，定时任务作废")
        return Refusal(number=snapshot.case.number, action="定时任务", reasons=(reason,))
    change = Change(snapshot, snapshot.case, None, now)
    keeper = change.timekeeper()
    crossed, rungs = ladder.cross(clock, run, now, keeper.calendar, change.workflow.ladder_hour)
    change.put_clock(keeper.rearm(clock, crossed))
    change.fired = stimulus.key if rungs else None  # the calendar has changed since: it is due later
    change.crossed = tuple(
        Crossing(key=ladder.timer_key(run, r), nominal_at=r.at, how="fired" if r is rungs[-1] else "crossed")
        for r in rungs
    )
    _climb(change, clock, run, rungs)
    steps = [[r.step.id, r.occurrence, r.at.isoformat()] for r in rungs]
    return change.decision("timer", clock.id, public={"run": run.run, "version": run.version, "steps": steps})


def _climb(change: Change, clock: Clock, run: ClockRun, rungs: tuple[Rung, ...]) -> None:
    """Let every rung act in order; a later message to the same person takes the place of an earlier one.

    A repeating step that skips acts for the newest that is due, and not for that when it was missed: when nobody looked for
    a day. Who looks every day before the ladder's hour is told. One that catches up all of it is told each time.
    """
    newest = {rung.step.id: rung.occurrence for rung in rungs}
    for rung in rungs:
        missed = rung.occurrence < newest[rung.step.id] or change.now - rung.at >= MISSED
        if rung.step.catch_up == "skip" and missed:
            continue
        if rung.step.act == "propose":
            _propose(change, rung)
        else:
            _remind(change, clock, run, rung)


def _remind(change: Change, clock: Clock, run: ClockRun, rung: Rung) -> None:
    audience = _audience(change, clock, rung)
    if not audience:
        change.incident("nobody", f"“{clock.title}”到期无人可提醒：对应岗位空缺或未配置，请补人员")
    calling = rung.step.act == "call"
    if calling:
        change.call(clock.id, rung.step.roles[0])
    key = f"{clock.id}:{run.run}:{run.version}:{rung.step.id}:{rung.occurrence}"
    said = {"clock": clock.title, "ends": ends_of(clock, run), "callee": _callee(change) if calling else None}
    change.tell(
        audience,
        _template(change, run, rung),
        key,
        urgent=urgency.of_rung(change.workflow, clock, rung),
        each=rung.step.catch_up == "all",
        **said,
    )


def _callee(change: Change) -> str | None:
    """Say whom to call and at which number: the responsible person or the unit's head; the deputy of who is away."""
    directory, head = change.snapshot.directory, change.people(r for r in ("principal",) if r in change.workflow.roles)
    meant = change.ticket.fields.get("responsible_person") or next(iter(head), "")
    deputy = next((d for d in directory.deputies(meant, change.today) if d in directory.persons), None)
    person = directory.persons.get(deputy or meant)
    if person is None:
        return None
    instead = f"，代{directory.person_name(meant)}" if deputy else ""
    return f"{person.name}（{person.phone or '没有登记电话'}{instead}）"


def _audience(change: Change, clock: Clock, rung: Rung) -> tuple[str, ...]:
    """Return whom a step addresses; the clock of a request may name its decider by level."""
    if clock.for_request is None:
        return change.people(rung.step.roles)
    kind = change.workflow.requests[clock.for_request]
    pending = [r for r in change.requests() if r.kind == kind.id and r.status == "pending"]
    deciders = [d for r in pending if (d := kind.decider(r.level))]
    directory, fields = change.snapshot.directory, change.ticket.fields
    return people(change.workflow, deciders, fields, directory, change.today)


def _propose(change: Change, rung: Rung) -> None:
    kind = change.workflow.requests[rung.step.request or ""]
    opened = propose(change, kind, rung.step.level)
    if opened is None or kind.effect != "list":
        return
    lower = frozenset(k.id for k in change.workflow.requests.values() if k.effect == "paper")
    withdraw_pending(change, f"已拟{LEVELS.get(opened.level or '', '')}挂牌督办", lower)


def _template(change: Change, run: ClockRun, rung: Rung) -> str:
    """Return the words of a step; what should have been said before the day is not said so after it."""
    before = rung.step.at.amount < 0 or rung.step.template == "due_soon"
    too_late = before and run.due_on is not None and run.due_on < change.today
    if rung.step.template is not None and not too_late:
        return rung.step.template
    return "call_task" if rung.step.act == "call" else "reminder"
