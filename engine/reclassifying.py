"""A hazard changes into another workflow (改判): same number, one history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from .change import Change
from .clocks import main_clock
from .decision import Decision, Refusal
from .errors import Reason
from .requesting import withdraw_pending
from .roles import Standing
from .stimulus import Act
from .ticket import Plain, Snapshot
from .workflow import Clock, Transition, Workflow

__all__ = ["reclassify"]


def reclassify(
    snapshot: Snapshot,
    transition: Transition,
    stimulus: Act,
    values: Mapping[str, Plain],
    standing: Standing | None,
    now: datetime,
) -> Decision | Refusal:
    """Decide on a change of workflow; required fields must be there.

    Clocks of the same name go on, the others end; requests the new workflow does not know are withdrawn.
    """
    target, reasons = _target(snapshot, transition, stimulus)
    if target is not None:
        reasons += _missing(snapshot, target, values)
    if target is None or reasons:
        return Refusal(number=snapshot.case.number, action=transition.title, reasons=tuple(reasons))
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    source = change.ticket.state
    change.keep(values)
    change.attach(stimulus.evidence)
    change.take(transition.trigger, standing.in_place_of if standing else "")
    change.workflow = target
    _end_lost_clocks(change, target)
    withdraw_pending(
        change, f"已改判为{target.title}", frozenset(snapshot.workflow.requests) - frozenset(target.requests)
    )
    change.set(workflow=target.id, version=target.version, severity=target.severity)
    for name, value in {"workflow": target.id, "severity": target.severity}.items():
        change.mark(name, value)
    _adopt_clocks(change, target)
    change.enter(target.enters_at, transition.trigger, source, anew=False)
    _unmark(change, target)
    _tell(change, transition, target, values)
    return change.decision(
        "reclassified",
        transition.trigger,
        place=standing.in_place_of if standing else "",
        public={"workflow": target.id, "version": target.version, "from_workflow": snapshot.workflow.id},
        private={"data": {k: v for k, v in values.items() if v is not None}},
    )


def _target(snapshot: Snapshot, transition: Transition, stimulus: Act) -> tuple[Workflow | None, list[Reason]]:
    choices = {w: snapshot.library[w] for w in transition.into if w in snapshot.library}
    wanted = stimulus.into or (next(iter(choices)) if len(choices) == 1 else None)
    named = [w for k, w in choices.items() if wanted in (k, w.title)]
    if named:
        return named[0], []
    titles = "、".join(f"{w.title}（{k}）" for k, w in choices.items()) or "（无可用流程）"
    return None, [Reason(code="into_missing", subject="into", message=f"须写明改判为哪个流程：{titles}")]


def _missing(snapshot: Snapshot, target: Workflow, values: Mapping[str, Plain]) -> list[Reason]:
    known = {**snapshot.case.fields, **{k: v for k, v in values.items() if v is not None}}
    absent = [f for f in target.fields.values() if f.required and known.get(f.id) in (None, "", [])]
    return [Reason(code="field_missing", subject=f.id, message=f"改判后缺“{f.title}”") for f in absent]


def _end_lost_clocks(change: Change, target: Workflow) -> None:
    """End what the target does not go on with."""
    for run in change.runs():
        clock = target.clocks.get(run.clock)
        if run.live and (clock is None or not _goes_on(clock, target)):
            change.put_clock(change.timekeeper().halt(replace(run, handed_in_on=None)))


def _goes_on(clock: Clock, target: Workflow) -> bool:
    return clock.for_request is not None or clock.lives_in(target.enters_at)


def _adopt_clocks(change: Change, target: Workflow) -> None:
    """Let what goes on follow the target's lengths and ladders."""
    for run in change.runs():
        before = change.snapshot.clocks.get(run.clock)
        former = change.snapshot.workflow.clocks.get(run.clock)
        if run.live and before is not None and before.run == run.run and former is not None:
            change.put_clock(change.timekeeper().adopt(target.clocks[run.clock], former, run, change.ticket.fields))


def _unmark(change: Change, target: Workflow) -> None:
    """Take back the milestones that do not hold where the ticket now stands."""
    state = target.states[target.enters_at]
    main = main_clock(target)
    if state.stage == "reported":
        change.mark("served_on", None)
    if state.stage not in ("verified", "closed"):
        change.mark("passed_on", None)
        change.mark("accepted_level", None)
    if main is None or state.id not in main.paused_in:
        change.mark("applied_on", None)


def _tell(change: Change, transition: Transition, target: Workflow, values: Mapping[str, Plain]) -> None:
    task = target.states[target.enters_at].task
    roles = (*((task,) if task else ()), *(r for r in (*transition.tell, "principal") if r in target.roles))
    if task:
        change.need(task, target.states[target.enters_at].title)
    change.tell(
        change.people(roles),
        "reclassified",
        f"{change.before.seq + 1}",
        urgent="major" in (change.before.severity, change.ticket.severity),
        action=transition.title,
        reason=values.get("reason"),
        next_step=target.states[target.enters_at].title,
    )
