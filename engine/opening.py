"""A hazard is reported (上报), or enters from an existing ledger as a stated fact (存量)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from msgspec.structs import replace

from .change import Change
from .clocks import main_clock
from .decision import Decision, Refusal
from .errors import Reason
from .hands import hand_reasons, role_reasons
from .moments import local_day
from .receiving import unit_reasons
from .stimulus import Attachment, Hand, Import, Report
from .ticket import Plain, Snapshot, Ticket
from .values import take
from .workflow import Workflow

__all__ = ["STOCK", "enter", "import_reasons", "report", "stage_state"]

STOCK = "stock"  #: mark of what was in the ledger before the system was


def report(snapshot: Snapshot, stimulus: Report, now: datetime) -> Decision | Refusal:
    """Decide whether a hazard may be put on record; its number is given by the store."""
    workflow = snapshot.workflow
    values, reasons = _values(snapshot, stimulus.hand, stimulus.data, now)
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons, *unit_reasons(snapshot, values)]
    if reasons:
        return Refusal(number="", action="上报", reasons=tuple(dict.fromkeys(reasons)))
    change = _begin(snapshot, stimulus.hand, values, now, stimulus.key)
    _attach(change, stimulus.evidence)
    change.enter(workflow.initial, "report", None)
    change.take("report", "")
    if values.get("source") == "self":
        change.mark("self_found", value=True)
    task = workflow.states[workflow.initial].task
    urgent = change.ticket.severity == "major"
    change.tell(change.people((task,)) if task else (), _reported_template(workflow), "1", urgent=urgent, action="上报")
    return change.decision("reported", "report", private={"data": values})


def enter(snapshot: Snapshot, stimulus: Import, now: datetime) -> Decision | Refusal:
    """Decide on a row of an existing ledger: dates as stated, recording time true, no messages.

    Ladder steps that lie before now are recorded as crossed, so that none of them fires.
    """
    workflow = snapshot.workflow
    values, reasons = _values(snapshot, stimulus.hand, stimulus.data, now)
    reasons += [*import_reasons(snapshot, stimulus.hand, now), *_stated_reasons(stimulus, local_day(now))]
    reasons += unit_reasons(snapshot, values) if stimulus.proof != "closed" else []
    if reasons:
        return Refusal(number="", action="期初建账", reasons=tuple(dict.fromkeys(reasons)))
    hand = replace(stimulus.hand, on=None)
    change = _begin(snapshot, hand, values, now, stimulus.key)
    state = stage_state(workflow, stimulus.proof)
    change.on = stated_day(stimulus, values, local_day(now))
    change.mark(STOCK, value=True)
    _list(change, stimulus)
    change.enter(state, "import", None)
    _stated_milestones(change, stimulus)
    crossed = _crossed(change)
    decision = change.decision(
        "imported", "import", public={"crossed": crossed}, private={"data": values, "stated": dict(stimulus.stated)}
    )
    return replace(decision, incidents=())


def import_reasons(snapshot: Snapshot, hand: Hand, now: datetime) -> list[Reason]:
    """Return what speaks against this person taking over an older ledger: only keepers of the flow may state facts."""
    _, reasons = role_reasons(snapshot, snapshot.workflow, snapshot.workflow.keepers, hand, now)
    return [*hand_reasons(snapshot, hand, now), *reasons]


def stage_state(workflow: Workflow, proof: str) -> str:
    """Return the state that the columns of a ledger row prove a hazard to be in."""
    main = main_clock(workflow)
    if proof == "reported":
        return workflow.initial
    if proof == "pending" and main and main.paused_in:
        return main.paused_in[0]
    if proof == "closed":
        return next(s.id for s in workflow.states.values() if s.final == "rectified")
    wanted = "verified" if proof == "verified" else "rectifying"
    waiting = main.paused_in if main else ()
    return next(s.id for s in workflow.states.values() if s.stage == wanted and s.id not in waiting)


def stated_day(stimulus: Import, values: Mapping[str, Plain], today: date) -> date:
    """Return the day the present state was entered, as the ledger's own dates say."""
    stated = {
        "reported": None,
        "rectifying": stimulus.failed_on or stimulus.assigned_on,
        "pending": stimulus.handed_in_on,
        "verified": stimulus.passed_on,
        "closed": stimulus.closed_on,
    }[stimulus.proof]
    return stated or date.fromisoformat(str(values.get("found_on") or today.isoformat()))


def _begin(snapshot: Snapshot, hand: Hand, values: Mapping[str, Plain], now: datetime, key: str | None) -> Change:
    workflow = snapshot.workflow
    ticket = Ticket(
        district=snapshot.directory.district.code,
        number="",
        workflow=workflow.id,
        version=workflow.version,
        state=workflow.initial,
        since=hand.on or local_day(now),
        opened_at=now,
        severity=workflow.severity,
        key=key,
    )
    change = Change(snapshot, ticket, hand, now)
    change.mark("workflow", workflow.id)
    change.mark("severity", workflow.severity)
    change.keep({"inspecting_unit": snapshot.directory.unit_of(hand.actor, change.on), **values})
    return change


def _values(
    snapshot: Snapshot, hand: Hand, data: Mapping[str, object], now: datetime
) -> tuple[dict[str, Plain], list[Reason]]:
    workflow = snapshot.workflow
    values, reasons = take(workflow, data, snapshot.directory, local_day(now))
    values = {k: v for k, v in values.items() if v is not None}
    bad = {r.subject for r in reasons}
    absent = [f for f in workflow.fields.values() if f.required and f.id not in values and f.id not in bad]
    reasons += [Reason(code="field_missing", subject=f.id, message=f"缺“{f.title}”") for f in absent]
    found = values.get("found_on")
    if found and date.fromisoformat(found) > local_day(now):
        reasons.append(Reason(code="future", subject="found_on", message=f"排查日期 {found} 晚于今天"))
    return values, reasons


def _attach(change: Change, evidence: tuple[Attachment, ...]) -> None:
    if evidence:
        change.evidence = evidence
        change.mark("evidence", len(evidence))


def _reported_template(workflow: Workflow) -> str:
    return "major_reported" if workflow.severity == "major" else "generic"


def _stated_reasons(stimulus: Import, today: date) -> list[Reason]:
    stated = {
        "交办日期": stimulus.assigned_on,
        "完成日期": stimulus.handed_in_on,
        "复查日期": stimulus.passed_on or stimulus.failed_on,
        "销号日期": stimulus.closed_on,
    }
    return [
        Reason(code="future", subject=name, message=f"{name} {day} 晚于今天")
        for name, day in stated.items()
        if day is not None and day > today
    ]


def _list(change: Change, stimulus: Import) -> None:
    """Put it under listed supervision; what is closed has been delisted, and only remembers it."""
    if stimulus.listed is None:
        return
    change.mark("listed_ever", stimulus.listed)
    if stimulus.proof != "closed":
        change.list_at(stimulus.listed)
    if stimulus.proof == "verified":
        change.mark("accepted_level", stimulus.listed)


def _stated_milestones(change: Change, stimulus: Import) -> None:
    state = change.workflow.states[change.ticket.state]
    _state_main_clock(change, stimulus)
    stated = {
        "served_on": stimulus.assigned_on,
        "applied_on": stimulus.handed_in_on,
        "passed_on": stimulus.passed_on,
        "closed_on": stimulus.closed_on,
        "failed_on": stimulus.failed_on,
    }
    for name, day in stated.items():
        if day is not None:
            change.mark(name, day.isoformat())
    if stimulus.passed_on is not None:
        change.mark("first_pass", not stimulus.failed)
    if stimulus.failed:
        change.count("failures")
    if state.final is not None:
        change.mark("outcome", state.final)


def _state_main_clock(change: Change, stimulus: Import) -> None:
    """Keep the rectification's date on record also where its clock no longer runs."""
    main = main_clock(change.workflow)
    if main is None or main.until is None:
        return
    due_on = change.ticket.fields.get(main.until)
    if due_on is not None:
        change.mark("due_on", due_on)
        change.mark("original_due_on", due_on)
    run = change.clock(main.id)
    if run is not None and stimulus.handed_in_on is not None:
        change.put_clock(replace(run, handed_in_on=stimulus.handed_in_on))


def _crossed(change: Change) -> list[Plain]:
    return [[run.clock, step, count] for run in change.runs() for step, count in run.fired.items()]
