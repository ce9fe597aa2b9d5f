"""An action is taken back (撤销): by who did it, within the hour, while nothing went out and nothing came after it."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .hands import hand_reasons
from .stimulus import Undo
from .ticket import ClockRun, Snapshot

__all__ = ["UNDO_WITHIN", "undo"]

UNDO_WITHIN = timedelta(hours=1)
_UNDOABLE = frozenset({"acted", "asked", "ruled", "amended", "voided"})


def undo(snapshot: Snapshot, stimulus: Undo, now: datetime) -> Decision | Refusal:
    """Decide whether the last action is taken back; the record keeps both lines, the hazard stands as before.

    Deadlines are as they were; a clock that was begun anew meanwhile goes on in a run of its own.
    """
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *_reasons(snapshot, stimulus, now)]
    if reasons:
        return Refusal(number=snapshot.case.number, action="撤销", reasons=tuple(reasons))
    before = stimulus.before
    assert before.ticket is not None
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    change.set(
        workflow=before.ticket.workflow,
        version=before.ticket.version,
        state=before.ticket.state,
        since=before.ticket.since,
        fields=before.ticket.fields,
        taken=before.ticket.taken,
        severity=before.ticket.severity,
        listed=before.ticket.listed,
        restricted=before.ticket.restricted,
    )
    for name in {**snapshot.case.marks, **before.ticket.marks}:
        change.mark(name, before.ticket.marks.get(name))
    change.workflow = before.workflow
    _restore_clocks(change, before)
    _restore_beside(change, before)
    return change.decision("undone", stimulus.trigger, public={"undone": stimulus.seq})


def _reasons(snapshot: Snapshot, stimulus: Undo, now: datetime) -> list[Reason]:
    reasons: list[Reason] = []
    mine = {stimulus.hand.actor, stimulus.hand.clerk}
    if stimulus.kind not in _UNDOABLE:
        message = "上一步不是本人在这条隐患上单独办的操作，不能撤销；送达、签发等请用相应的办法更正"
        reasons.append(Reason(code="not_undoable", message=message))
    elif not mine & {stimulus.actor, stimulus.entered_by}:
        name = snapshot.directory.person_name(stimulus.entered_by or stimulus.actor)
        reasons.append(Reason(code="not_own", message=f"上一步是{name}办的，只能由本人撤销"))
    if snapshot.case.seq != stimulus.seq or stimulus.before.case.rev + 1 != snapshot.case.rev:
        reasons.append(Reason(code="overtaken", message="之后又有办理记录，不能撤销；请用更正、撤回交办等操作"))
    if now - stimulus.recorded_at > UNDO_WITHIN:
        reasons.append(Reason(code="too_late", message="已超过一小时，不能撤销；请用更正、撤回交办等操作"))
    if stimulus.sent:
        told = f"已有 {stimulus.sent} 条提醒消息发出，不能撤销；请用更正、撤回交办等操作，并说明理由"
        reasons.append(Reason(code="told", message=told))
    return reasons


def _restore_clocks(change: Change, before: Snapshot) -> None:
    for run in change.runs():
        was = before.clocks.get(run.clock)
        if was == run:
            continue
        if was is None or was.run != run.run:
            change.put_clock(change.timekeeper().halt(replace(run, handed_in_on=None)))
        if was is not None:
            change.put_clock(was if was.run == run.run else _anew(was, run.run + 1))
            _call_again(change, was)


def _call_again(change: Change, run: ClockRun) -> None:
    """A call that the deadline had asked for, and that ended with what is taken back, waits again."""
    clock = change.workflow.clocks.get(run.clock)
    for step in clock.steps if clock and run.live else ():
        if step.act == "call" and run.fired.get(step.id):
            change.call(run.clock, step.roles[0])


def _anew(run: ClockRun, number: int) -> ClockRun:
    """Go on with a run under the next number: a later one has been begun, and numbers are not used twice."""
    return replace(run, run=number)


def _restore_beside(change: Change, before: Snapshot) -> None:
    """Requests and drafts that came with the action are withdrawn; those it changed are as they were."""
    requests = {r.ordinal: r for r in before.requests}
    for request in change.requests():
        was = requests.get(request.ordinal)
        if was is None:
            change.request(replace(request, status="withdrawn", reason="已撤销", decided_on=change.on))
        elif was != request:
            change.request(was)
    papers = {d.ordinal: d for d in before.documents}
    for paper in change.documents():
        earlier = papers.get(paper.ordinal)
        if earlier is None and paper.status == "draft":
            change.document(replace(paper, status="withdrawn", reason="已撤销"))
        elif earlier is not None and earlier != paper:
            change.document(earlier)
