"""Nobody could be told by message: somebody telephones at once, and the deadlines stay as they are."""

from __future__ import annotations

from datetime import datetime

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .roles import people
from .stimulus import Unreached
from .ticket import Snapshot
from .visibility import unit_roles
from .vocabulary import STAGES
from .workflow import Clock

__all__ = ["unreached"]


def unreached(snapshot: Snapshot, stimulus: Unreached, now: datetime) -> Decision | Refusal:
    """Decide whether a call is to be made because a message about a hazard reached nobody.

    It is, when the person has to put the hazard right and a deadline runs at which the ladder would have somebody call
    later anyway.
    """
    change = Change(snapshot, snapshot.case, None, now)
    clock = _to_call(snapshot)
    reasons: list[Reason] = []
    if stimulus.person not in _responsible(snapshot, change):
        reasons.append(
            Reason(code="not_responsible", subject=stimulus.person, message="不是责任单位的人员，不用打电话")
        )
    if clock is None:
        stage = STAGES.get(snapshot.workflow.states[snapshot.case.state].stage, "")
        reasons.append(Reason(code="no_call", message=f"{stage}环节没有可以电话催办的时限"))
    if reasons or clock is None:
        return Refusal(number=snapshot.case.number, action="联系不上", reasons=tuple(reasons))
    change.call(clock.id, next(s.roles[0] for s in clock.steps if s.act == "call"))
    return change.decision("unreached", clock.id, private={"reason": stimulus.why})


def _responsible(snapshot: Snapshot, change: Change) -> frozenset[str]:
    fields = snapshot.case.fields
    unit = people(snapshot.workflow, unit_roles(snapshot.workflow), fields, snapshot.directory, change.today)
    return frozenset((*unit, fields.get("responsible_person") or "")) - {""}


def _to_call(snapshot: Snapshot) -> Clock | None:
    """Return the first deadline that runs and has a step at which somebody telephones."""
    clocks = snapshot.workflow.clocks.values()
    running = (c for c in clocks if (run := snapshot.clocks.get(c.id)) is not None and run.status == "running")
    return next((c for c in running if any(s.act == "call" for s in c.steps)), None)
