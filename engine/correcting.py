"""Mistakes happen: a field is corrected with its old value kept, a ticket is voided and never deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .acting import guard_context
from .change import Change
from .clocks import main_clock
from .correction_notice import correct
from .decision import Decision, Refusal
from .errors import Reason
from .hands import hand_reasons, lifting_reasons, role_reasons
from .moments import local_day
from .receiving import unit_reasons
from .requesting import withdraw_pending
from .roles import Standing
from .stimulus import Amend, Void
from .ticket import Plain, Snapshot
from .values import EPHEMERAL, as_date, take

__all__ = ["VOIDED", "amend", "amend_reasons", "void", "void_reasons"]

VOIDED = "voided"  #: the state every workflow has for tickets that should not have been
#: What a paper that is out says of a hazard, so that correcting it takes a notice of its own.
_PRINTED = frozenset({"description", "place", "category", "basis", "measures", "found_on", "hazard_unit"})
#: What only an action, an approval or a listing may change.
_ACTED = frozenset(
    {"responsible_unit", "responsible_person", "issuing_unit", "listed_level", "listed_by", "merged_into"}
)


def amend(snapshot: Snapshot, stimulus: Amend, now: datetime) -> Decision | Refusal:
    """Decide on a correction; what the flow itself decides (unit, person, deadline, level) is not amended."""
    workflow, ticket = snapshot.workflow, snapshot.case
    values, reasons = take(workflow, stimulus.data, snapshot.directory, local_day(now))
    standing, more = amend_reasons(snapshot, stimulus, now)
    reasons += [*more, *_protected(snapshot, values), *unit_reasons(snapshot, values)]
    reasons += _sense_reasons(snapshot, values, stimulus, now)
    if not stimulus.reason.strip():
        reasons.append(Reason(code="field_missing", subject="reason", message="更正须写明理由"))
    changed = {k: v for k, v in values.items() if v != ticket.fields.get(k)}
    if not changed and not reasons:
        reasons.append(Reason(code="nothing", message="与现有记录相同，没有可更正的"))
    emptied = [k for k, v in changed.items() if v is None and workflow.fields[k].required]
    reasons += [
        Reason(code="field_missing", subject=k, message=f"“{workflow.fields[k].title}”不能为空") for k in emptied
    ]
    if reasons:
        return Refusal(number=ticket.number, action="更正", reasons=tuple(dict.fromkeys(reasons)))
    change = Change(snapshot, ticket, stimulus.hand, now)
    before = {k: ticket.fields.get(k) for k in changed}
    change.keep(changed)
    lifted = lifting_reasons(snapshot, stimulus.hand, restricted=change.ticket.restricted)
    if lifted:
        return Refusal(number=ticket.number, action="更正", reasons=tuple(lifted))
    _follow_date(change, changed)
    return change.decision(
        "amended",
        "amend",
        place=standing.in_place_of if standing else "",
        public={"fields": sorted(changed), "correction": correct(change) if _PRINTED & set(changed) else None},
        private={"before": before, "after": changed, "reason": stimulus.reason},
    )


def amend_reasons(snapshot: Snapshot, stimulus: Amend, now: datetime) -> tuple[Standing | None, list[Reason]]:
    """Return in which role the person may amend, and what speaks against it."""
    standing, reasons = role_reasons(snapshot, snapshot.workflow, snapshot.workflow.keepers, stimulus.hand, now)
    return standing, [*hand_reasons(snapshot, stimulus.hand, now), *reasons]


def void(snapshot: Snapshot, stimulus: Void, now: datetime) -> Decision | Refusal:
    """Decide on voiding: every clock ends, every pending request is withdrawn, the number is never used again."""
    ticket = snapshot.case
    standing, reasons = void_reasons(snapshot, stimulus, now)
    if not stimulus.reason.strip():
        reasons.append(Reason(code="field_missing", subject="reason", message="作废须写明理由"))
    if reasons:
        return Refusal(number=ticket.number, action="作废", reasons=tuple(reasons))
    change = Change(snapshot, ticket, stimulus.hand, now)
    task = snapshot.workflow.states[ticket.state].task
    informed = change.people((task,)) if task else ()
    change.halt_clocks()
    withdraw_pending(change, "隐患已作废")
    change.set(state=VOIDED, since=change.on, listed=None)
    for name, value in {"state": VOIDED, "outcome": "void", "closed_on": change.on.isoformat(), "listed": None}.items():
        change.mark(name, value)
    change.tell(informed, "generic", f"{ticket.seq + 1}", action="作废", reason=stimulus.reason)
    served = any(
        d.kind == "rectification_notice" and d.status in ("served", "acknowledged") for d in change.documents()
    )
    return change.decision(
        "voided",
        "void",
        place=standing.in_place_of if standing else "",
        public={"correction": correct(change) if served else None},
        private={"reason": stimulus.reason},
    )


def void_reasons(snapshot: Snapshot, stimulus: Void, now: datetime) -> tuple[Standing | None, list[Reason]]:
    """Return in which role the person may void, and what speaks against it."""
    standing, reasons = role_reasons(snapshot, snapshot.workflow, snapshot.workflow.keepers, stimulus.hand, now)
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    if snapshot.case.state == VOIDED:
        reasons.append(Reason(code="wrong_state", message="已经作废"))
    if snapshot.case.listed is not None:
        reasons.append(Reason(code="listed", message="挂牌督办中，须先摘牌才能作废"))
    return standing, reasons


def _sense_reasons(snapshot: Snapshot, values: Mapping[str, Plain], stimulus: Amend, now: datetime) -> list[Reason]:
    """A correction may not say what the actions would have refused: dates out of order, conditions that were demanded."""
    workflow, today, reasons = snapshot.workflow, local_day(now), list[Reason]()
    found, main = as_date(values.get("found_on")), main_clock(workflow)
    if found is not None and found > today:
        reasons.append(Reason(code="future", subject="found_on", message=f"排查日期 {found} 晚于今天 {today}"))
    due = as_date(values.get(main.until)) if main is not None and main.until is not None else None
    if due is not None and due < today and not snapshot.case.marks.get("stock"):
        reasons.append(Reason(code="due_in_past", subject="due_on", message=f"整改时限 {due} 早于今天 {today}"))
    for t in workflow.transitions:
        if t.when is not None and t.trigger in snapshot.case.taken and t.when.names & set(values):
            refusal = t.when.refusal(guard_context(snapshot, values, stimulus.hand.via, now))
            reasons += [Reason(code="guard_false", subject=t.trigger, message=refusal)] if refusal else []
    return reasons


def _follow_date(change: Change, changed: Mapping[str, Plain]) -> None:
    """Let the date on record follow where no clock runs on it yet (a date an older ledger stated)."""
    main = main_clock(change.workflow)
    if main is None or main.until is None:
        return
    if main.until in changed and change.ticket.marks.get("due_on"):
        change.mark("due_on", changed[main.until])
        change.mark("original_due_on", changed[main.until])


def _protected(snapshot: Snapshot, values: dict[str, Plain]) -> list[Reason]:
    main = main_clock(snapshot.workflow)
    dated = {main.until} if main is not None and main.until is not None and main.id in snapshot.clocks else set[str]()
    waiting = snapshot.workflow.states[snapshot.case.state].stage == "reported"
    acted = _ACTED - {"responsible_unit", "responsible_person"} if waiting else _ACTED
    barred = (acted | EPHEMERAL | dated) & set(values)
    fields = snapshot.workflow.fields
    return [
        Reason(
            code="protected",
            subject=k,
            message=f"“{fields[k].title}”不能更正，请用相应的操作（撤回交办、改派、延期等）",
        )
        for k in sorted(barred)
    ]
