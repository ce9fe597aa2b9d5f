"""A person takes a transition of the workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from . import urgency
from .change import Change
from .clocks import main_clock
from .correction_notice import take_off
from .decision import Decision, Refusal
from .errors import Reason
from .giving import giving_reasons, wanting
from .hands import day_of, hand_reasons, role_reasons, same_person_reasons
from .inspecting import barred, inspector_reasons, takers, turn_roles, verifies
from .moments import local_day
from .receiving import unit_reasons
from .requesting import withdraw_extensions, withdraw_overtaken, withdraw_pending
from .roles import Standing
from .stimulus import Act
from .ticket import Plain, Snapshot, Ticket
from .values import as_date, take
from .vocabulary import LEVELS, default_template
from .workflow import State, Transition, Workflow

__all__ = ["act", "guard_context", "transition_reasons"]


class _Attempt(Struct, frozen=True, kw_only=True):
    """One candidate transition with what came of checking it."""

    transition: Transition
    standing: Standing | None
    values: dict[str, Plain]
    reasons: tuple[Reason, ...]


def act(snapshot: Snapshot, stimulus: Act, now: datetime) -> Decision | Refusal:
    """Decide on an action: the first transition that nothing speaks against is taken.

    Of several ways the conditions say which is meant: those whose condition fails are not spoken of while another holds.
    """
    ticket, workflow = snapshot.case, snapshot.workflow
    candidates = workflow.leaving(ticket.state, stimulus.trigger)
    title = workflow.triggers.get(stimulus.trigger, stimulus.trigger)
    if not candidates:
        return Refusal(number=ticket.number, action=title, reasons=(wrong_state(workflow, ticket, stimulus.trigger),))
    attempts = [_attempt(snapshot, t, stimulus, now) for t in candidates]
    chosen = next((a for a in attempts if not a.reasons), None)
    if chosen is None:
        meant = [a for a in attempts if not any(r.code == "guard_false" for r in a.reasons)] or attempts
        reasons = tuple(dict.fromkeys(r for a in meant for r in a.reasons))
        return Refusal(number=ticket.number, action=title, reasons=reasons)
    if chosen.transition.into:
        from .reclassifying import reclassify

        return reclassify(snapshot, chosen.transition, stimulus, chosen.values, chosen.standing, now)
    return _carry_out(snapshot, chosen, stimulus, now)


def transition_reasons(
    snapshot: Snapshot, transition: Transition, stimulus: Act, now: datetime, values: Mapping[str, Plain]
) -> tuple[Standing | None, list[Reason]]:
    """Return what speaks against the person taking a transition, whatever data comes with it."""
    standing, reasons = role_reasons(snapshot, snapshot.workflow, takers(snapshot, transition), stimulus.hand, now)
    place = standing.in_place_of if standing else ""
    reasons += same_person_reasons(snapshot, snapshot.workflow, barred(snapshot, transition), stimulus.hand, place)
    reasons += _listed_reasons(snapshot, transition)
    if transition.when is not None and not transition.when.names & wanting(snapshot, transition, values):
        refusal = transition.when.refusal(guard_context(snapshot, values, stimulus.hand.via, now))
        if refusal is not None:
            reasons.append(Reason(code="guard_false", subject=transition.trigger, message=refusal))
    return standing, reasons


def wrong_state(workflow: Workflow, ticket: Ticket, trigger: str) -> Reason:
    """Say that a trigger cannot be taken here, and what can."""
    here = workflow.by_state.get(ticket.state, {})
    possible = "、".join(dict.fromkeys(ts[0].title for ts in here.values()))
    can = f"，可办：{possible}" if possible else "，已无后续操作"
    return Reason(code="wrong_state", subject=trigger, message=f"{not_here(workflow, ticket, trigger)}{can}")


def not_here(workflow: Workflow, ticket: Ticket, trigger: str) -> str:
    """Say that a trigger cannot be taken in the ticket's state."""
    title = workflow.triggers.get(trigger)
    what = f"不能“{title}”" if title else f"没有“{trigger}”这一操作"
    return f"当前环节“{workflow.states[ticket.state].title}”{what}"


def _attempt(snapshot: Snapshot, transition: Transition, stimulus: Act, now: datetime) -> _Attempt:
    workflow = snapshot.workflow
    values, reasons = take(
        workflow, stimulus.data, snapshot.directory, local_day(now), snapshot.fields.get("responsible_unit")
    )
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    standing, more = transition_reasons(snapshot, transition, stimulus, now, values)
    reasons += more
    reasons += unit_reasons(snapshot, values, transition.require)
    reasons += giving_reasons(snapshot, transition, stimulus, values, day_of(stimulus.hand, now))
    reasons += inspector_reasons(snapshot, transition, stimulus.hand, values, local_day(now))
    return _Attempt(transition=transition, standing=standing, values=values, reasons=tuple(reasons))


def _listed_reasons(snapshot: Snapshot, transition: Transition) -> list[Reason]:
    target = snapshot.workflow.states.get(transition.target or "")
    if snapshot.case.listed is None or target is None or target.final is None:
        return []
    accepted = snapshot.case.marks.get("accepted_level") == snapshot.case.listed
    if target.final != "rectified":
        message = f"{LEVELS[snapshot.case.listed]}挂牌督办尚未摘牌；挂错的先申请摘牌并写明理由"
        return [Reason(code="listed", subject="listed", message=message)]
    first = "挂牌单位已验收，还须批准摘牌（request new 摘牌）" if accepted else "须先由挂牌单位验收合格，再批准摘牌"
    return [Reason(code="listed", subject="listed", message=f"{LEVELS[snapshot.case.listed]}挂牌督办尚未摘牌，{first}")]


def guard_context(snapshot: Snapshot, values: Mapping[str, Plain], via: str, now: datetime) -> dict[str, object]:
    """Return what a condition may name, as it is with these values on record."""
    ticket, today = snapshot.case, local_day(now)
    due_on = as_date(ticket.marks.get("due_on"))
    return {
        **dict.fromkeys(snapshot.workflow.fields),
        **ticket.fields,
        **values,
        "today": today.isoformat(),
        "severity": ticket.severity,
        "listed": ticket.listed or "",
        "state": ticket.state,
        "days_overdue": max(0, (today - due_on).days) if due_on else 0,
        "failures": int(ticket.marks.get("failures") or 0),
        "returns": int(ticket.marks.get("returns") or 0),
        "via": via,
    }


def _carry_out(snapshot: Snapshot, chosen: _Attempt, stimulus: Act, now: datetime) -> Decision:
    workflow, transition, source = snapshot.workflow, chosen.transition, snapshot.case.state
    assert transition.target is not None
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    place = chosen.standing.in_place_of if chosen.standing else ""
    change.keep({**_taken_back(workflow, workflow.states[source], workflow.states[transition.target]), **chosen.values})
    change.attach(stimulus.evidence)
    _issue(change, workflow.states[transition.target])
    change.enter(workflow.machine.move(source, transition.position), transition.trigger, source)
    second = chosen.values.get("second_inspector") if verifies(workflow, transition) else None
    change.take(transition.trigger, place, second=second)
    _milestones(change, transition, workflow.states[source], workflow.states[transition.target])
    _tell(change, transition, chosen.values)
    public = {"paper": transition.paper, "correction": take_off(change)}
    return change.decision("acted", transition.trigger, place=place, public=public, private=said(chosen.values))


def said(values: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return the private part of an event's data: everything that was given."""
    return {"data": {k: v for k, v in values.items() if v is not None}}


def _taken_back(workflow: Workflow, source: State, target: State) -> dict[str, Plain]:
    """Return what an assignment said that does not hold any more, once it is recalled or returned; the unit stays."""
    if target.stage != "reported" or source.stage == "reported":
        return {}
    main = main_clock(workflow)
    until = main.until if main is not None else None
    return {"responsible_person": None, **({until: None} if until else {})}


def _issue(change: Change, target: State) -> None:
    if target.stage == "assigned" and change.hand is not None:
        unit = change.snapshot.directory.unit_of(change.hand.actor, change.on)
        change.keep({"issuing_unit": unit})
        change.mark("served_on", change.on.isoformat())


def _milestones(change: Change, transition: Transition, source: State, target: State) -> None:
    on = change.on.isoformat()
    main = main_clock(change.workflow)
    if source.final is not None:
        change.count("reopened")
    if _failed(transition, source, target, main.paused_in if main else ()):
        change.count("failures")
        change.mark("failed_on", on)
    if target.stage == "reported":
        change.mark("served_on", None)
        withdraw_extensions(change, f"隐患已{transition.title}")
    if "suggested_unit" in transition.ask:
        change.count("returns")
    if target.stage == "verified" and source.stage != "verified":
        change.mark("passed_on", on)
        change.mark("first_pass", not change.ticket.marks.get("failures"))
        change.mark("accepted_level", change.ticket.listed)
        withdraw_overtaken(change, f"隐患{target.title}")
        if source.stage == "reported":
            change.mark("on_the_spot", value=True)
    elif target.stage not in ("verified", "closed"):
        change.mark("passed_on", None)
        change.mark("accepted_level", None)
    change.mark("outcome", target.final)
    change.mark("closed_on", on if target.final else None)
    if target.final is not None:
        withdraw_pending(change, f"隐患{target.title}")


def _failed(transition: Transition, source: State, target: State, waiting: Sequence[str]) -> bool:
    return source.id in waiting and target.stage == "rectifying" and target.id not in waiting


def _tell(change: Change, transition: Transition, values: Mapping[str, Plain]) -> None:
    source, target = change.workflow.states[change.before.state], change.workflow.states[transition.target or ""]
    template = transition.template or default_template(transition.trigger)
    handed_on = target.task is not None and target.task != source.task
    roles = (*(turn_roles(change.workflow, change.ticket) if handed_on else ()), *transition.tell)
    audience = (*change.people(roles), *_former(change, transition, source))
    if target.task is not None:
        change.need(target.task, target.title)
    change.tell(
        audience,
        template,
        f"{change.before.seq + 1}",
        urgent=urgency.of_transition(change.workflow, transition, source),
        action=transition.title,
        reason=values.get("reason"),
        next_step=change.workflow.states[change.ticket.state].title,
    )


def _former(change: Change, transition: Transition, source: State) -> tuple[str, ...]:
    """Return who had the ticket in hand until it was given to somebody else, or taken back."""
    target = change.workflow.states[transition.target or ""]
    if source.stage == "reported" or not (target.stage == "reported" or "responsible_person" in transition.ask):
        return ()
    return change.people(transition.tell, change.before)
