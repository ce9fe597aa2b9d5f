"""Who may declare a rectification good: the second inspector, and verifier apart from closer where it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from .errors import Reason
from .roles import holders, standing
from .stimulus import Hand
from .ticket import Plain, Snapshot, Taken, Ticket
from .vocabulary import ACCEPTOR, LEVELS
from .workflow import Transition, Workflow

__all__ = ["SEE_RESTRICTED", "barred", "inspector_reasons", "takers", "turn_roles", "verifies", "verifying_triggers"]

_ON_SITE = "in-person"
_SECOND = "second_inspector"
SEE_RESTRICTED = "see_restricted"  #: the grant that lets somebody see restricted categories


def verifying_triggers(workflow: Workflow) -> tuple[str, ...]:
    """Return the triggers by which somebody declares a rectification good."""
    return tuple(dict.fromkeys(t.trigger for t in workflow.transitions if verifies(workflow, t)))


def verifies(workflow: Workflow, transition: Transition) -> bool:
    """Tell whether a transition declares a rectification good: it brings the ticket into the verified stage."""
    target = workflow.states.get(transition.target or "")
    before = {workflow.states[s].stage for s in transition.sources}
    return target is not None and target.stage == "verified" and not before & {"verified", "closed"}


def turn_roles(workflow: Workflow, ticket: Ticket) -> tuple[str, ...]:
    """Return the roles whose turn it is: the state's own, and while listed those who accept for that level."""
    task = workflow.states[ticket.state].task
    judged = ticket.listed is not None and _judged(workflow, ticket.state)
    return tuple(role for role in (task, ACCEPTOR if judged else None) if role is not None)


def takers(snapshot: Snapshot, transition: Transition) -> tuple[str, ...]:
    """Return the roles that may take a transition.

    While listed, who accepts for that level may judge as well; what a leader has signed, who keeps the ledger may serve.
    """
    ticket, workflow = snapshot.case, snapshot.workflow
    if transition.paper and any(d.kind == transition.paper and d.status == "signed" for d in snapshot.documents):
        return (*transition.by, *workflow.keepers)
    judging = ticket.listed is not None and _judged(workflow, ticket.state) and _judges(workflow, transition)
    return (*transition.by, ACCEPTOR) if judging else transition.by


def _judged(workflow: Workflow, state: str) -> bool:
    """Tell whether in this state what was done waits to be declared good."""
    leaving = (t for ts in workflow.by_state[state].values() for t in ts)
    return workflow.states[state].stage == "rectifying" and any(verifies(workflow, t) for t in leaving)


def _judges(workflow: Workflow, transition: Transition) -> bool:
    """Tell whether a transition declares the rectification good, or sends it back to be done better."""
    target = workflow.states.get(transition.target or "")
    back = target is not None and target.stage == "rectifying" and transition.target not in transition.sources
    return verifies(workflow, transition) or back


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
    reasons = [*_rectifier_reasons(snapshot, transition, hand), *_on_paper_reasons(snapshot, transition, hand)]
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
    reasons += _level_reasons(snapshot, transition, hand, second, hand.on or today)
    return reasons + _second_reasons(snapshot, transition, hand, second, hand.on or today)


def _level_reasons(
    snapshot: Snapshot, transition: Transition, hand: Hand, second: str | None, day: date
) -> list[Reason]:
    """A listed hazard is accepted by the level that listed it, together with whoever re-inspects as a rule."""
    workflow, ticket, directory = snapshot.workflow, snapshot.case, snapshot.directory
    if ticket.listed is None:
        return []
    present = [p for p in (hand.actor, second) if p]
    if any(_of_level(snapshot, p, day) for p in present):
        if second is None or any(_judges_here(snapshot, transition, p, day) for p in present):
            return []
        titles = "、".join(workflow.roles[r].title for r in transition.by)
        message = f"挂牌隐患的两名验收人中，须有一名是这条隐患的{titles}"
        return [Reason(code="role_missing", subject=_SECOND, message=message)]
    names = "、".join(map(directory.person_name, holders(workflow, ACCEPTOR, ticket.fields, directory, day)))
    who = f"须由挂牌单位的{names}办理，或作为第二复查人" if names else "而挂牌单位验收人岗位空缺，请先补人员"
    message = f"{LEVELS[ticket.listed]}挂牌督办的隐患由挂牌单位验收，{who}"
    return [Reason(code="level_absent", subject=_SECOND, message=message)]


def _judges_here(snapshot: Snapshot, transition: Transition, person: str, day: date) -> bool:
    """Tell whether a person may judge this hazard by the definition's own roles."""
    fields, directory = snapshot.case.fields, snapshot.directory
    return standing(snapshot.workflow, transition.by, fields, directory, person, day) is not None


def _inspects(snapshot: Snapshot, transition: Transition, person: str, day: date) -> bool:
    """Tell whether a person inspects anywhere in the district, or accepts for the level of the listing."""
    roles = {r for post in snapshot.directory.posts_of(person, day) for r in post.roles}
    return bool(roles & {*transition.by}) or _of_level(snapshot, person, day)


def _of_level(snapshot: Snapshot, person: str, day: date) -> bool:
    """Tell whether a person accepts for the level the hazard is listed at."""
    if snapshot.case.listed is None:
        return False
    fields, directory = snapshot.case.fields, snapshot.directory
    return standing(snapshot.workflow, (ACCEPTOR,), fields, directory, person, day) is not None


def _on_paper_reasons(snapshot: Snapshot, transition: Transition, hand: Hand) -> list[Reason]:
    """What declares it good, decides on its use or strikes it off is entered for somebody else from paper only."""
    workflow = snapshot.workflow
    after = workflow.states[snapshot.case.state].stage == "verified"
    if hand.clerk == hand.actor or hand.via == "paper" or not (after or verifies(workflow, transition)):
        return []
    message = "代录复查、验收、销号等决定，须以纸质签批为据（方式：纸质）"
    return [Reason(code="not_on_paper", subject="via", message=message)]


def _rectifier_reasons(snapshot: Snapshot, transition: Transition, hand: Hand) -> list[Reason]:
    """Who is named to rectify neither verifies nor closes, whether or not anything was done by that hand."""
    workflow, person = snapshot.workflow, snapshot.case.fields.get("responsible_person")
    target = workflow.states.get(transition.target or "")
    judges = verifies(workflow, transition) or (target is not None and target.final == "rectified")
    if not judges or person is None or person not in (hand.actor, hand.clerk):
        return []
    message = f"{snapshot.directory.person_name(person)}是整改责任人，须由他人办理，也不能代他人录入"
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
    own = ticket.fields.get("responsible_unit") in units and not _of_level(snapshot, second, day)
    if own or second == ticket.fields.get("responsible_person"):
        message = "第二复查人不能是责任单位的人员"
        return [Reason(code="same_unit", subject=_SECOND, message=message)]
    name = snapshot.directory.person_name(second)
    if not _inspects(snapshot, transition, second, day):
        return [Reason(code="role_missing", subject=_SECOND, message=f"{name}不承担复查职责，不能作第二复查人")]
    cleared = not ticket.restricted or SEE_RESTRICTED in snapshot.directory.persons[second].grants
    if not (cleared or _judges_here(snapshot, transition, second, day)):
        return [Reason(code="restricted", subject=_SECOND, message=f"限制类隐患，{name}没有查看权限，不能作第二复查人")]
    return []


def _entered(ticket: Ticket, triggers: Sequence[str], person: str | None) -> list[Taken]:
    """Return what a person only entered for somebody else."""
    taken = (k for t in triggers for k in ticket.taken.get(t, ()))
    return [k for k in taken if k.entered_by == person and k.actor != person]


def _took(ticket: Ticket, person: str, triggers: Sequence[str]) -> bool:
    return any(person in (k.actor, k.in_place_of) for t in triggers for k in ticket.taken.get(t, ()))
