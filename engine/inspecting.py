"""Who may declare a rectification good: the second inspector, and verifier apart from closer where it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from .errors import Reason
from .stimulus import Hand
from .ticket import Plain, Snapshot, Taken, Ticket
from .workflow import Transition, Workflow

__all__ = ["barred", "inspector_reasons", "verifies", "verifying_triggers"]

_ON_SITE = "in-person"
_SECOND = "second_inspector"


def verifying_triggers(workflow: Workflow) -> tuple[str, ...]:
    """Return the triggers by which somebody declares a rectification good."""
    return tuple(dict.fromkeys(t.trigger for t in workflow.transitions if verifies(workflow, t)))


def verifies(workflow: Workflow, transition: Transition) -> bool:
    """Tell whether a transition declares a rectification good: it brings the ticket into the verified stage."""
    target = workflow.states.get(transition.target or "")
    before = {workflow.states[s].stage for s in transition.sources}
    return target is not None and target.stage == "verified" and not before & {"verified", "closed"}


def barred(snapshot: Snapshot, transition: Transition) -> tuple[str, ...]:
    """Return whose takers may not take this: as declared, and for major or listed hazards verifier and closer apart."""
    workflow, ticket = snapshot.workflow, snapshot.case
    target = workflow.states.get(transition.target or "")
    strict = ticket.severity == "major" or ticket.listed or ticket.marks.get("listed_ever")
    if target is None or target.final != "rectified" or not strict:
        return transition.not_by_actor_of
    return tuple(dict.fromkeys((*transition.not_by_actor_of, *verifying_triggers(workflow))))


def inspector_reasons(
    snapshot: Snapshot, transition: Transition, hand: Hand, values: Mapping[str, Plain], today: date
) -> list[Reason]:
    """Ask for a second inspector where one is due, and bar the wrong one.

    Major and listed hazards are accepted by two; who only entered the unit's own statement may verify it on site and
    with a second inspector only.
    """
    reasons = _rectifier_reasons(snapshot, transition, hand)
    if not verifies(snapshot.workflow, transition):
        return reasons
    ticket, second = snapshot.case, values.get(_SECOND)
    entered = [k for p in {hand.actor, hand.clerk, second} for k in _entered(ticket, transition.not_by_actor_of, p)]
    two = ticket.severity == "major" or ticket.listed or ticket.marks.get("listed_ever") or entered
    if two and not second and _SECOND not in transition.ask:
        why = "重大或挂牌隐患须两人验收" if not entered else "本人代录过该单位的答复，须会同第二人现场复查"
        reasons.append(Reason(code="second_inspector", subject=_SECOND, message=f"{why}，缺“第二复查人”"))
    if entered and hand.via != _ON_SITE:
        message = "本人代录过该单位的答复，只能当面（现场）复查"
        reasons.append(Reason(code="not_on_site", subject="via", message=message))
    return reasons + _second_reasons(snapshot, transition, hand, second, hand.on or today)


def _rectifier_reasons(snapshot: Snapshot, transition: Transition, hand: Hand) -> list[Reason]:
    """Who is named to rectify neither verifies nor closes, whether or not anything was done by that hand."""
    workflow, person = snapshot.workflow, snapshot.case.fields.get("responsible_person")
    target = workflow.states.get(transition.target or "")
    judges = verifies(workflow, transition) or (target is not None and target.final == "rectified")
    if not judges or person is None or hand.actor != person:
        return []
    message = f"{snapshot.directory.person_name(person)}是整改责任人，须由他人办理"
    return [Reason(code="same_person", subject="responsible_person", message=message)]


def _second_reasons(
    snapshot: Snapshot, transition: Transition, hand: Hand, second: str | None, day: date
) -> list[Reason]:
    ticket = snapshot.case
    if not second:
        return []
    away = snapshot.directory.deputies(second, day)
    if away or second == hand.actor or _took(ticket, second, transition.not_by_actor_of):
        message = "第二复查人须是未参与整改、当天在岗的另一人"
        return [Reason(code="same_person", subject=_SECOND, message=message)]
    units = {post.unit for post in snapshot.directory.posts_of(second, day)}
    if ticket.fields.get("responsible_unit") in units or second == ticket.fields.get("responsible_person"):
        message = "第二复查人不能是责任单位的人员"
        return [Reason(code="same_unit", subject=_SECOND, message=message)]
    return []


def _entered(ticket: Ticket, triggers: Sequence[str], person: str | None) -> list[Taken]:
    """Return what a person only entered for somebody else."""
    taken = (k for t in triggers for k in ticket.taken.get(t, ()))
    return [k for k in taken if k.entered_by == person and k.actor != person]


def _took(ticket: Ticket, person: str, triggers: Sequence[str]) -> bool:
    return any(person in (k.actor, k.in_place_of) for t in triggers for k in ticket.taken.get(t, ()))
