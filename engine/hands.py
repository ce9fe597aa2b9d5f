"""Whether somebody may act at all, on that day, by that means: the checks every action shares."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from .errors import Reason
from .moments import local_day
from .roles import Standing, assigning_roles, people, standing
from .stimulus import Hand
from .ticket import Snapshot, Ticket
from .values import FIRST_YEAR
from .visibility import SEE_RESTRICTED, may_see
from .vocabulary import SPOKEN_ROLES, VIAS
from .workflow import Workflow

__all__ = [
    "ACT_AS",
    "LATE_AFTER_DAYS",
    "day_of",
    "hand_reasons",
    "is_late",
    "role_reasons",
    "same_person_reasons",
]

LATE_AFTER_DAYS = 3  #: natural days after which an entry needs a note and is marked 补录
ACT_AS = "act_as"  #: the grant that lets somebody enter for others without holding a keeper's role


def day_of(hand: Hand, now: datetime) -> date:
    """Return the day an action happened, as stated, or today."""
    return hand.on or local_day(now)


def is_late(hand: Hand, now: datetime) -> bool:
    """Tell whether an entry counts as late (补录)."""
    return local_day(now) - day_of(hand, now) > timedelta(days=LATE_AFTER_DAYS)


def hand_reasons(snapshot: Snapshot, hand: Hand, now: datetime) -> list[Reason]:
    """Return what speaks against this person, means and day, whatever the action is."""
    return [*_who(snapshot, hand, now), *_hidden(snapshot, hand, now), *_when(snapshot.ticket, hand, now)]


def lifting_reasons(snapshot: Snapshot, hand: Hand, *, restricted: bool) -> list[Reason]:
    """Only who holds the grant takes a hazard out of the restricted categories."""
    person = snapshot.directory.persons.get(hand.actor)
    if restricted or not snapshot.case.restricted or (person is not None and SEE_RESTRICTED in person.grants):
        return []
    return [Reason(code="restricted", subject="category", message="改出限制类须由有“查看受限类别”权限的人员办理")]


def role_reasons(
    snapshot: Snapshot, workflow: Workflow, roles: Iterable[str], hand: Hand, now: datetime
) -> tuple[Standing | None, list[Reason]]:
    """Return the role the person acts in, or the reason that it is none of `roles`."""
    wanted = tuple(r for r in roles if r != "timer")
    found = standing(workflow, wanted, snapshot.fields, snapshot.directory, hand.actor, day_of(hand, now))
    if found is not None:
        return found, []
    titles, name = "、".join(role_title(workflow, r) for r in wanted), snapshot.directory.person_name
    others = people(workflow, wanted, snapshot.fields, snapshot.directory, day_of(hand, now))
    who = f"，由{name(others[0])}{'等' if len(others) > 1 else ''}办理" if others else ""
    said = f"{name(hand.actor)}不是这条隐患的{titles}{who}"
    return None, [Reason(code="role_missing", subject=",".join(wanted), message=said)]


def same_person_reasons(
    snapshot: Snapshot, workflow: Workflow, triggers: Iterable[str], hand: Hand, place: str
) -> list[Reason]:
    """Return who of those at it, who acts, who is stood in for and who enters it, already took one of `triggers`.

    Looks over the ticket's whole life, at the persons who acted; who only entered it is looked at elsewhere.
    """
    titles, directory = workflow.triggers, snapshot.directory
    reasons: list[Reason] = []
    for trigger in triggers:
        took = {p for k in snapshot.case.taken.get(trigger, ()) for p in (k.actor, k.in_place_of)} - {""}
        if took & {hand.actor, place}:
            message = f"{directory.person_name(hand.actor)}办过“{titles.get(trigger, trigger)}”，须由他人办理"
            reasons.append(Reason(code="same_person", subject=trigger, message=message))
        elif hand.clerk in took:
            message = f"{directory.person_name(hand.clerk)}办过“{titles.get(trigger, trigger)}”，不能代他人录入"
            reasons.append(Reason(code="same_person", subject=trigger, message=message))
    return reasons


def role_title(workflow: Workflow, role: str) -> str:
    """Return the Chinese title of a role or of a word that stands for one (`issuer` …)."""
    return workflow.roles[role].title if role in workflow.roles else SPOKEN_ROLES.get(role, role)


def _who(snapshot: Snapshot, hand: Hand, now: datetime) -> list[Reason]:
    people = snapshot.directory.persons
    reasons = [
        Reason(code="person_unknown", subject=p, message=f"没有人员“{p}”，请先导入人员")
        for p in dict.fromkeys((hand.actor, hand.clerk))
        if p not in people
    ]
    if hand.via not in VIAS:
        reasons.append(
            Reason(code="via_unknown", subject=hand.via, message=f"方式“{hand.via}”须为 {'、'.join(VIAS)} 之一")
        )
    if hand.clerk != hand.actor and not reasons:
        reasons += _on_behalf(snapshot, hand, now)
    return reasons


def _hidden(snapshot: Snapshot, hand: Hand, now: datetime) -> list[Reason]:
    """Nobody acts on a restricted hazard who may not even see it."""
    ticket, directory = snapshot.ticket, snapshot.directory
    if ticket is None or not ticket.restricted:
        return []
    return [
        Reason(code="restricted", subject=p, message=f"限制类隐患，{directory.person_name(p)}没有查看权限")
        for p in dict.fromkeys((hand.actor, hand.clerk))
        if not may_see(snapshot.workflow, ticket, directory, p, local_day(now), snapshot.requests)
    ]


def _on_behalf(snapshot: Snapshot, hand: Hand, now: datetime) -> list[Reason]:
    reasons: list[Reason] = []
    if hand.via == "self":
        reasons.append(
            Reason(code="via_missing", subject="via", message="代他人录入须注明方式（电话、微信、短信、纸质、当面）")
        )
    workflow, directory = snapshot.workflow, snapshot.directory
    clerks = (*workflow.keepers, *assigning_roles(workflow))
    may = ACT_AS in directory.persons[hand.clerk].grants
    if not may and standing(workflow, clerks, snapshot.fields, directory, hand.clerk, local_day(now)) is None:
        name = directory.person_name(hand.clerk)
        reasons.append(Reason(code="clerk_not_allowed", subject=hand.clerk, message=f"{name}不能代他人录入这条隐患"))
    return reasons


def _when(ticket: Ticket | None, hand: Hand, now: datetime) -> list[Reason]:
    today, on = local_day(now), day_of(hand, now)
    if on > today:
        return [Reason(code="future", subject="on", message=f"发生日期 {on} 晚于今天 {today}")]
    if on.year < FIRST_YEAR:
        return [Reason(code="implausible", subject="on", message=f"发生日期 {on} 的年份不合常理，请核对")]
    reasons: list[Reason] = []
    if ticket is not None and on < ticket.since:
        message = f"发生日期 {on} 早于进入本环节的日期 {ticket.since}"
        reasons.append(Reason(code="too_early", subject="on", message=message))
    if is_late(hand, now) and not hand.note:
        message = f"发生日期 {on} 已超过 {LATE_AFTER_DAYS} 天，补录须写明原因（说明）"
        reasons.append(Reason(code="late_without_note", subject="note", message=message))
    return reasons
