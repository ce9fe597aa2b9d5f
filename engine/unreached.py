"""Somebody could not be told by message: he is telephoned at once, unless the message gets through after all.

The deadlines stay as they are.
"""

from __future__ import annotations

from datetime import date, datetime

from .calling import callers
from .change import Change
from .clocks import main_clock
from .decision import Decision, Refusal
from .errors import Reason
from .roles import people
from .stimulus import Reached, Unreached
from .ticket import Snapshot
from .visibility import unit_roles
from .vocabulary import STAGES
from .workflow import Clock

__all__ = ["answerable", "reached", "unreached"]


def unreached(snapshot: Snapshot, stimulus: Unreached, now: datetime) -> Decision | Refusal:
    """Decide whether a call is to be made because a message about a hazard reached nobody.

    It is, when the person has to put the hazard right and a deadline of the unit runs.
    """
    change = Change(snapshot, snapshot.case, None, now)
    clock = _to_call(snapshot)
    reasons: list[Reason] = []
    if stimulus.person not in answerable(snapshot, change.today):
        reasons.append(
            Reason(code="not_responsible", subject=stimulus.person, message="不是责任单位的人员，不用打电话")
        )
    if clock is None:
        stage = STAGES.get(snapshot.workflow.states[snapshot.case.state].stage, "")
        reasons.append(Reason(code="no_call", message=f"{stage}环节没有责任单位的时限在走，不用打电话"))
    if reasons or clock is None:
        return Refusal(number=snapshot.case.number, action="联系不上", reasons=tuple(reasons))
    change.call(clock.id, callers(snapshot.workflow, clock)[0], stimulus.person)
    about = {"person": stimulus.person, "message": stimulus.message}
    return change.decision("unreached", clock.id, public=about, private={"reason": stimulus.why})


def reached(snapshot: Snapshot, stimulus: Reached, now: datetime) -> Decision | Refusal:
    """Decide that nobody need be called any more: what had not arrived has been sent after all."""
    run = snapshot.clocks.get(stimulus.clock)
    if run is None or not run.live:
        reason = Reason(code="call_over", message="这个时限已经不走了，没有要打的电话")
        return Refusal(number=snapshot.case.number, action="消息送达", reasons=(reason,))
    change = Change(snapshot, snapshot.case, None, now)
    change.end_call(stimulus.clock)
    about = {"person": stimulus.person, "message": stimulus.message}
    return change.decision("reached", stimulus.clock, public=about)


def answerable(snapshot: Snapshot, today: date) -> frozenset[str]:
    """Return who answers for a hazard on a day: the people of its unit, and whoever is named."""
    fields = snapshot.case.fields
    unit = people(snapshot.workflow, unit_roles(snapshot.workflow), fields, snapshot.directory, today)
    return frozenset((*unit, fields.get("responsible_person") or "")) - {""}


def _to_call(snapshot: Snapshot) -> Clock | None:
    """Return the unit's deadline that runs: first one whose steps have somebody telephone, then that of the rectification."""
    workflow, main = snapshot.workflow, main_clock(snapshot.workflow)
    runs = snapshot.clocks
    running = [c for c in workflow.clocks.values() if c.id in runs and runs[c.id].status == "running"]
    mine = [c for c in running if callers(workflow, c)]
    return min(mine, key=lambda c: (not any(s.act == "call" for s in c.steps), c is not main), default=None)
