"""A telephone call was made (电话催办): what was said goes on record, the task is done, the deadlines stay as they are."""

from __future__ import annotations

from datetime import datetime

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .hands import hand_reasons, role_reasons
from .roles import ISSUER
from .stimulus import Called
from .ticket import Plain, Snapshot
from .visibility import unit_roles
from .workflow import Clock, Workflow

__all__ = ["called", "callers"]


def callers(workflow: Workflow, clock: Clock) -> tuple[str, ...]:
    """Return the roles that telephone the unit about a deadline; () for one that is none of the unit's business.

    That is who its own steps have call; for one that only reminds the unit, who calls about the others, else who issues.
    """
    own = _calling(clock)
    if own or clock.for_request is not None:
        return own
    concerns_unit = any(set(step.roles) & set(unit_roles(workflow)) for step in clock.steps)
    elsewhere = tuple(dict.fromkeys(r for c in workflow.clocks.values() for r in _calling(c)))
    return (elsewhere or (ISSUER,)) if concerns_unit else ()


def _calling(clock: Clock) -> tuple[str, ...]:
    return tuple(r for step in clock.steps if step.act == "call" for r in step.roles)


def called(snapshot: Snapshot, stimulus: Called, now: datetime) -> Decision | Refusal:
    """Decide whether this person may record the call; the ladder goes on, and opens the next one when it is due."""
    clock = snapshot.workflow.clocks.get(stimulus.clock)
    roles = callers(snapshot.workflow, clock) if clock else ()
    standing, reasons = role_reasons(snapshot, snapshot.workflow, roles, stimulus.hand, now)
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    if not stimulus.hand.note.strip():
        reasons.append(Reason(code="note_missing", subject="note", message="请写明通话情况，没有接通也要写"))
    run = snapshot.clocks.get(stimulus.clock)
    if run is None or not run.live:
        reasons.append(Reason(code="call_over", message="这个时限已经不走了，电话不用打了"))
    if reasons:
        return Refusal(number=snapshot.case.number, action="电话催办", reasons=tuple(reasons))
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    change.end_call(stimulus.clock)
    place = standing.in_place_of if standing else ""
    about: dict[str, Plain] = {"reached": stimulus.reached}
    if stimulus.person:
        about["person"] = stimulus.person
    return change.decision("called", stimulus.clock, place=place, public=about)
