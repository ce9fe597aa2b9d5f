"""Persons and units change (交接): what is open goes to who follows, and nothing else about it changes."""

from __future__ import annotations

from datetime import datetime

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .hands import role_reasons
from .roles import Standing
from .stimulus import Handover
from .ticket import Plain, Snapshot, Ticket
from .workflow import Workflow

__all__ = ["VACATED", "hand_over", "is_open"]

VACATED = "vacated_post"  #: mark: the post whose next holder gets the ticket, while nobody is named for it


def hand_over(snapshot: Snapshot, stimulus: Handover, now: datetime) -> Decision | Refusal:
    """Decide on a hand-over: state, clocks, requests and papers stay as they are.

    Who keeps the record may do it also where the hazard is restricted: nothing of it is shown by that.
    """
    ticket = snapshot.case
    standing, reasons = _rights(snapshot, stimulus, now)
    reasons += _target_reasons(snapshot, stimulus)
    changed = _changed(ticket, stimulus)
    orphaned = _orphaned(snapshot, {**ticket.fields, **changed})
    if not changed and not orphaned:
        reasons.append(Reason(code="nothing", message="责任单位和整改责任人没有变化，没有可移交的"))
    if reasons:
        return Refusal(number=ticket.number, action="交接", reasons=tuple(dict.fromkeys(reasons)))
    change = Change(snapshot, ticket, stimulus.hand, now)
    before = {name: ticket.fields.get(name) for name in changed}
    change.keep(changed)
    change.mark(VACATED, stimulus.post if stimulus.person is None else None)
    if orphaned:
        change.incident("nobody", orphaned)
    return change.decision(
        "handed_over",
        "handover",
        place=standing.in_place_of if standing else "",
        public={"since": stimulus.since.isoformat(), "post": stimulus.post},
        private={"before": before, "after": changed, "reason": stimulus.reason},
    )


def is_open(workflow: Workflow, ticket: Ticket) -> bool:
    """Tell whether anything is still to be done about a ticket."""
    return workflow.states[ticket.state].final is None


def _rights(snapshot: Snapshot, stimulus: Handover, now: datetime) -> tuple[Standing | None, list[Reason]]:
    if stimulus.hand is None:
        return None, []
    return role_reasons(snapshot, snapshot.workflow, snapshot.workflow.keepers, stimulus.hand, now)


def _target_reasons(snapshot: Snapshot, stimulus: Handover) -> list[Reason]:
    """Return what speaks against who follows: not known, closed as well, or nothing is open."""
    directory, reasons = snapshot.directory, list[Reason]()
    if not is_open(snapshot.workflow, snapshot.case):
        reasons.append(Reason(code="wrong_state", message="已办结，没有可移交的"))
    if stimulus.person is not None and stimulus.person not in directory.persons:
        message = f"没有人员“{stimulus.person}”，请先导入人员"
        reasons.append(Reason(code="person_unknown", subject=stimulus.person, message=message))
    unit = directory.units.get(stimulus.unit or "")
    if stimulus.unit is not None and (unit is None or not unit.active):
        message = f"承接单位“{directory.unit_name(stimulus.unit)}”不存在或已撤并"
        reasons.append(Reason(code="unit_inactive", subject="unit", message=message))
    return reasons


def _changed(ticket: Ticket, stimulus: Handover) -> dict[str, Plain]:
    wanted: dict[str, Plain] = {"responsible_person": stimulus.person}
    if stimulus.unit is not None:
        wanted["responsible_unit"] = stimulus.unit
    return {name: value for name, value in wanted.items() if value != ticket.fields.get(name)}


def _orphaned(snapshot: Snapshot, fields: dict[str, Plain]) -> str:
    """Say that a hazard has lost its unit and nobody takes over; "" when that is not so."""
    unit = snapshot.directory.units.get(fields.get("responsible_unit") or "")
    if unit is None or unit.active:
        return ""
    return f"责任单位{unit.name}已撤销，没有承接单位：请改派给实际承办的单位；确已灭失的，按实际情况复查销号"
