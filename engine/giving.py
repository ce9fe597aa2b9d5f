"""What comes with an action: what is missing, what may not be given with it, and dates that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from .clocks import main_clock
from .errors import Reason
from .stimulus import Act
from .ticket import Plain, Snapshot
from .values import EPHEMERAL, as_date
from .workflow import FieldSpan, Transition, Workflow

__all__ = ["drafting_reasons", "giving_reasons", "steers", "wanting"]

_EVIDENCE = "evidence"  #: files come beside the data, and are counted
_STEERING = frozenset({"listed_level", "merged_into"})
_STEERING_TYPES = frozenset({"unit", "person", "catalogue"})


def giving_reasons(
    snapshot: Snapshot, transition: Transition, stimulus: Act, values: Mapping[str, Plain], on: date
) -> list[Reason]:
    """Return what speaks against the data of an action: missing, not to be given here, or impossible."""
    return [
        *_missing(snapshot, transition, stimulus, values),
        *_fixed(snapshot, transition, values),
        *_into_itself(snapshot, values),
        *_date_reasons(snapshot, transition, values, on),
    ]


def drafting_reasons(
    snapshot: Snapshot, transition: Transition | None, values: Mapping[str, Plain], on: date, title: str
) -> list[Reason]:
    """Return what speaks against the data of a paper that carries a transition later, or none.

    A draft may say what that transition asks for, but not to whom it goes, nor correct what is on record beside that.
    """
    workflow, known = snapshot.workflow, snapshot.case.fields
    named = {*transition.require, *transition.ask} - {"responsible_unit"} if transition is not None else set[str]()
    changed = [n for n, v in values.items() if n not in named and v != known.get(n) and steers(workflow, n)]
    reasons = [
        Reason(
            code="protected",
            subject=n,
            message=f"“{title}”不能同时改“{workflow.fields[n].title}”，请用更正（ticket amend）",
        )
        for n in changed
    ]
    return [*reasons, *(_date_reasons(snapshot, transition, values, on) if transition is not None else ())]


def wanting(snapshot: Snapshot, transition: Transition, values: Mapping[str, Plain]) -> frozenset[str]:
    """Return the fields a transition needs that are neither given with it nor, where that is enough, on record."""
    fields = snapshot.case.fields
    anew = (n for n in transition.ask if _empty(values.get(n)))
    recorded = (n for n in transition.require if _empty(values.get(n, fields.get(n))))
    return frozenset((*anew, *recorded))


def steers(workflow: Workflow, name: str) -> bool:
    """Tell whether a field says who has the ticket, what it is or when it is due.

    Such a field changes only with an action that asks for or requires it, an approved request, or a correction.
    """
    field = workflow.fields[name]
    if name in EPHEMERAL:
        return False
    timed = any(
        name in (c.until, c.within.field if isinstance(c.within, FieldSpan) else None) for c in workflow.clocks.values()
    )
    return timed or field.required or field.type in _STEERING_TYPES or name in _STEERING


def _missing(snapshot: Snapshot, transition: Transition, stimulus: Act, values: Mapping[str, Plain]) -> list[Reason]:
    absent = wanting(snapshot, transition, values) - {_EVIDENCE}
    kept = _EVIDENCE not in transition.ask and snapshot.case.marks.get(_EVIDENCE)
    if not (stimulus.evidence or kept):
        absent |= {_EVIDENCE}
    said = {n for n, raw in stimulus.data.items() if raw is not None and str(raw).strip()}  # unreadable: told already
    absent -= said - {_EVIDENCE}
    fields = snapshot.workflow.fields
    wanted = dict.fromkeys((*transition.require, *transition.ask))
    return [Reason(code="field_missing", subject=n, message=f"缺“{fields[n].title}”") for n in wanted if n in absent]


def _into_itself(snapshot: Snapshot, values: Mapping[str, Plain]) -> list[Reason]:
    if not values.get("merged_into") or values["merged_into"] != snapshot.case.number:
        return []
    return [Reason(code="field_invalid", subject="merged_into", message="不能并入自己，请写明另一条隐患的编号")]


def _fixed(snapshot: Snapshot, transition: Transition, values: Mapping[str, Plain]) -> list[Reason]:
    if transition.into:
        return []
    workflow, known = snapshot.workflow, snapshot.case.fields
    named = {*transition.ask, *transition.require}
    changed = [n for n, v in values.items() if n not in named and v != known.get(n) and steers(workflow, n)]
    return [
        Reason(code="protected", subject=n, message=f"“{transition.title}”不能同时改“{workflow.fields[n].title}”")
        for n in changed
    ]


def _date_reasons(snapshot: Snapshot, transition: Transition, values: Mapping[str, Plain], on: date) -> list[Reason]:
    reasons: list[Reason] = []
    main = main_clock(snapshot.workflow)
    due_field = main.until if main is not None and main.until is not None else None
    wanted = due_field in transition.require or due_field in values
    due_on = as_date(values.get(due_field, snapshot.case.fields.get(due_field))) if due_field and wanted else None
    if due_field is not None and due_on is not None and due_on < on:
        title = snapshot.workflow.fields[due_field].title
        reasons.append(Reason(code="due_in_past", subject=due_field, message=f"{title} {due_on} 早于办理日期 {on}"))
    done, found = as_date(values.get("completed_on")), as_date(snapshot.case.fields.get("found_on"))
    if done is not None and done > on:
        reasons.append(Reason(code="future", subject="completed_on", message=f"完成日期 {done} 晚于办理日期 {on}"))
    if (
        done is not None
        and found is not None
        and done < found
        and main is not None
        and transition.trigger == main.met_by
    ):
        reasons.append(
            Reason(code="too_early", subject="completed_on", message=f"完成日期 {done} 早于排查日期 {found}")
        )
    return reasons


def _empty(value: Plain) -> bool:
    return value in (None, "", [])
