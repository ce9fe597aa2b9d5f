"""A person takes a transition of the workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from .change import Change
from .clocks import main_clock
from .decision import Decision, Refusal
from .errors import Reason
from .hands import day_of, hand_reasons, role_reasons, same_person_reasons
from .moments import local_day
from .requesting import withdraw_pending
from .roles import Standing
from .stimulus import Act
from .ticket import Plain, Snapshot, Ticket
from .values import as_date, take
from .vocabulary import default_template
from .workflow import State, Transition, Workflow

__all__ = ["act", "transition_reasons", "verifying_triggers"]

_ON_SITE = "in-person"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One candidate transition with what came of checking it."""

    transition: Transition
    standing: Standing | None
    values: dict[str, Plain]
    reasons: tuple[Reason, ...]


def act(snapshot: Snapshot, stimulus: Act, now: datetime) -> Decision | Refusal:
    """Decide on an action: the first transition that nothing speaks against is taken."""
    ticket, workflow = snapshot.case, snapshot.workflow
    candidates = workflow.leaving(ticket.state, stimulus.trigger)
    title = workflow.triggers().get(stimulus.trigger, stimulus.trigger)
    if not candidates:
        return Refusal(number=ticket.number, action=title, reasons=(wrong_state(workflow, ticket, stimulus.trigger),))
    attempts = [_attempt(snapshot, t, stimulus, now) for t in candidates]
    chosen = next((a for a in attempts if not a.reasons), None)
    if chosen is None:
        reasons = tuple(dict.fromkeys(r for a in attempts for r in a.reasons))
        return Refusal(number=ticket.number, action=title, reasons=reasons)
    if chosen.transition.into:
        from .reclassifying import reclassify

        return reclassify(snapshot, chosen.transition, stimulus, chosen.values, chosen.standing, now)
    return _carry_out(snapshot, chosen, stimulus, now)


def transition_reasons(
    snapshot: Snapshot, transition: Transition, stimulus: Act, now: datetime, values: Mapping[str, Plain]
) -> tuple[Standing | None, list[Reason]]:
    """Return what speaks against the person taking a transition, whatever data comes with it."""
    standing, reasons = role_reasons(snapshot, snapshot.workflow, transition.by, stimulus.hand, now)
    place = standing.in_place_of if standing else ""
    reasons += same_person_reasons(snapshot, snapshot.workflow, _barred(snapshot, transition), stimulus.hand, place)
    reasons += _listed_reasons(snapshot, transition)
    if transition.when is not None:
        refusal = transition.when.refusal(_context(snapshot, values, stimulus, now))
        if refusal is not None:
            reasons.append(Reason(code="guard_false", subject=transition.trigger, message=refusal))
    return standing, reasons


def verifying_triggers(workflow: Workflow) -> tuple[str, ...]:
    """Return the triggers by which somebody declares a rectification good."""
    found = (t.trigger for t in workflow.transitions if _verifies(workflow, t))
    return tuple(dict.fromkeys(found))


def wrong_state(workflow: Workflow, ticket: Ticket, trigger: str) -> Reason:
    """Say that a trigger cannot be taken here, and what can."""
    here = workflow.by_state.get(ticket.state, {})
    possible = "、".join(dict.fromkeys(ts[0].title for ts in here.values()))
    title = workflow.triggers().get(trigger)
    what = f"不能“{title}”" if title else f"没有“{trigger}”这一操作"
    can = f"，可办：{possible}" if possible else "，已无后续操作"
    message = f"当前环节“{workflow.states[ticket.state].title}”{what}{can}"
    return Reason(code="wrong_state", subject=trigger, message=message)


def _attempt(snapshot: Snapshot, transition: Transition, stimulus: Act, now: datetime) -> _Attempt:
    workflow = snapshot.workflow
    values, reasons = take(workflow, stimulus.data, snapshot.directory, local_day(now))
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    standing, more = transition_reasons(snapshot, transition, stimulus, now, values)
    reasons += more
    reasons += _missing(snapshot, transition, stimulus, values)
    reasons += _date_reasons(snapshot, transition, values, day_of(stimulus.hand, now))
    reasons += _inspector_reasons(snapshot, transition, stimulus, values)
    return _Attempt(transition=transition, standing=standing, values=values, reasons=tuple(reasons))


def _missing(snapshot: Snapshot, transition: Transition, stimulus: Act, values: Mapping[str, Plain]) -> list[Reason]:
    workflow, ticket = snapshot.workflow, snapshot.case
    anew = {name: values.get(name) for name in transition.ask}
    if "evidence" in anew:
        anew["evidence"] = len(stimulus.evidence) or None
    recorded = {name: values.get(name, ticket.fields.get(name)) for name in transition.require}
    if "evidence" in recorded:
        recorded["evidence"] = len(stimulus.evidence) or ticket.marks.get("evidence")
    absent = [name for name, value in {**recorded, **anew}.items() if value in (None, "", [])]
    return [Reason(code="field_missing", subject=n, message=f"缺“{workflow.fields[n].title}”（{n}）") for n in absent]


def _date_reasons(snapshot: Snapshot, transition: Transition, values: Mapping[str, Plain], on: date) -> list[Reason]:
    reasons: list[Reason] = []
    main = main_clock(snapshot.workflow)
    due_on = as_date(values.get(main.until)) if main and main.until else None
    if main and main.until and due_on is not None and due_on < on:
        title = snapshot.workflow.fields[main.until].title
        reasons.append(Reason(code="due_in_past", subject=main.until, message=f"{title} {due_on} 早于办理日期 {on}"))
    done = as_date(values.get("completed_on"))
    if done is not None and done > on:
        reasons.append(Reason(code="future", subject="completed_on", message=f"完成日期 {done} 晚于办理日期 {on}"))
    return reasons


def _inspector_reasons(
    snapshot: Snapshot, transition: Transition, stimulus: Act, values: Mapping[str, Plain]
) -> list[Reason]:
    """Ask for a second inspector where one is due, and bar the wrong one.

    Major and listed hazards are accepted by two; who only entered the unit's own statement may verify it on site and
    with a second inspector only.
    """
    workflow, ticket, hand = snapshot.workflow, snapshot.case, stimulus.hand
    if not _verifies(workflow, transition):
        return []
    entered = [
        k
        for t in transition.not_by_actor_of
        for k in ticket.taken.get(t, ())
        if k.entered_by == hand.actor and k.actor != hand.actor
    ]
    second, reasons = values.get("second_inspector"), list[Reason]()
    two = ticket.severity == "major" or ticket.listed or entered
    if two and not second:
        why = "重大或挂牌隐患须两人验收" if not entered else "本人代录过该单位的答复，须会同第二人现场复查"
        reasons.append(Reason(code="second_inspector", subject="second_inspector", message=f"{why}，缺“第二复查人”"))
    if entered and hand.via != _ON_SITE:
        reasons.append(
            Reason(code="not_on_site", subject="via", message="本人代录过该单位的答复，只能当面（现场）复查")
        )
    if second and (second == hand.actor or _took(ticket, second, transition.not_by_actor_of)):
        reasons.append(
            Reason(code="same_person", subject="second_inspector", message="第二复查人须是未参与整改的另一人")
        )
    return reasons


def _took(ticket: Ticket, person: str, triggers: Sequence[str]) -> bool:
    return any(person in (k.actor, k.in_place_of) for t in triggers for k in ticket.taken.get(t, ()))


def _barred(snapshot: Snapshot, transition: Transition) -> tuple[str, ...]:
    """Return whose takers may not take this: as declared, and for major or listed hazards verifier and closer apart."""
    workflow, ticket = snapshot.workflow, snapshot.case
    target = workflow.states.get(transition.target or "")
    strict = ticket.severity == "major" or ticket.listed or ticket.marks.get("listed_ever")
    if target is None or target.final != "rectified" or not strict:
        return transition.not_by_actor_of
    return tuple(dict.fromkeys((*transition.not_by_actor_of, *verifying_triggers(workflow))))


def _listed_reasons(snapshot: Snapshot, transition: Transition) -> list[Reason]:
    target = snapshot.workflow.states.get(transition.target or "")
    if snapshot.case.listed is None or target is None or target.final != "rectified":
        return []
    return [Reason(code="listed", subject="listed", message="挂牌督办尚未摘牌，须先由挂牌单位验收并批准摘牌")]


def _verifies(workflow: Workflow, transition: Transition) -> bool:
    target = workflow.states.get(transition.target or "")
    stages = {workflow.states[s].stage for s in transition.sources}
    return target is not None and target.stage == "verified" and "rectifying" in stages


def _context(snapshot: Snapshot, values: Mapping[str, Plain], stimulus: Act, now: datetime) -> dict[str, object]:
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
        "via": stimulus.hand.via,
    }


def _carry_out(snapshot: Snapshot, chosen: _Attempt, stimulus: Act, now: datetime) -> Decision:
    workflow, transition, source = snapshot.workflow, chosen.transition, snapshot.case.state
    assert transition.target is not None
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    place = chosen.standing.in_place_of if chosen.standing else ""
    change.keep(chosen.values)
    keep_evidence(change, stimulus)
    _issue(change, workflow.states[transition.target])
    change.enter(workflow.machine.move(source, transition.position), transition.trigger, source)
    change.take(transition.trigger, place)
    _milestones(change, transition, workflow.states[source], workflow.states[transition.target])
    _tell(change, transition, chosen.values)
    return change.decision(
        "acted", transition.trigger, place=place, public={"paper": transition.paper}, private=said(chosen.values)
    )


def keep_evidence(change: Change, stimulus: Act) -> None:
    """Count and carry the files that came with an action."""
    if stimulus.evidence:
        change.evidence = stimulus.evidence
        change.mark("evidence", int(change.ticket.marks.get("evidence") or 0) + len(stimulus.evidence))


def said(values: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return the private part of an event's data: everything that was given."""
    return {"data": {k: v for k, v in values.items() if v is not None}}


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
    if "suggested_unit" in transition.ask:
        change.count("returns")
    if target.stage == "verified" and source.stage != "verified":
        change.mark("passed_on", on)
        change.mark("first_pass", not change.ticket.marks.get("failures"))
        if source.stage == "reported":
            change.mark("on_the_spot", value=True)
    elif target.stage not in ("verified", "closed"):
        change.mark("passed_on", None)
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
    roles = (*((target.task,) if handed_on and target.task else ()), *transition.tell)
    audience = change.people(roles)
    if target.task is not None and not change.people((target.task,)):
        title = change.workflow.roles[target.task].title
        change.incident("nobody", f"“{target.title}”无人办理：{title}岗位空缺或未配置，请补人员后再催办")
    change.tell(
        audience,
        template,
        f"{change.before.seq + 1}",
        urgent=target.stage in ("assigned", "rectifying"),
        action=transition.title,
        reason=values.get("reason"),
        next_step=change.workflow.states[change.ticket.state].title,
    )
