"""A unit is closed or merged (撤并): its open hazards go to who takes over, or wait visibly for somebody to decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow.engine.directory import Directory, Unit
from rectiflow.engine.errors import Ambiguous, NotFound, Reason, Refused
from rectiflow.engine.mergers import Closing, close_unit, follower
from rectiflow.engine.stimulus import Hand, Handover
from rectiflow.engine.ticket import Ticket
from rectiflow.engine.values import as_date
from rectiflow.engine.visibility import may_see
from rectiflow.storage.reorganising import Reorganisation

from .following import keep_posts
from .passing import Passing, days_left, open_tickets
from .work import decided, hand_of, keeper_reasons, retried, vacancy_key

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Closed", "close"]

ACTION = "撤并"


class Closed(Struct, frozen=True, kw_only=True):
    """What a closing came to: `successor` "" means nobody takes over and each open hazard became an incident."""

    unit: str
    successor: str
    since: date
    passing: tuple[Passing, ...]
    leaving: tuple[str, ...]
    moved: tuple[str, ...]
    dry_run: bool = False


class _Case(Struct, frozen=True, kw_only=True):
    """A closing under way."""

    flow: Rectiflow
    before: Directory
    after: Directory
    unit: Unit
    successor: Unit | None
    since: date


def close(
    flow: Rectiflow,
    unit: str,
    *,
    successor: str | None,
    since: date,
    by: str | None = None,
    account: str = "",
    dry_run: bool = False,
) -> Closed:
    """Close a unit from a day on, with everything open, in one transaction; or (dry) only say what would pass.

    State and dates of the hazards stay. Whoever does in the successor what the responsible person did becomes
    responsible; else its head.

    Args:
        unit, successor: as people name them; without a successor the hazards stay where they are and become incidents.
        by: id of the person who does it; None, or who does not keep the ledger: the machine.

    Raises:
        Refused: with every reason.
    """
    return retried(partial(_attempt, flow, unit, successor, since, by, account, dry_run=dry_run))


def _attempt(
    flow: Rectiflow, unit: str, successor: str | None, since: date, by: str | None, account: str, *, dry_run: bool
) -> Closed:
    before, today = flow.refresh(), flow.today()
    closed, into = _named(before, unit, successor)
    closing = close_unit(before, unit=closed.id, successor=into.id if into else None, since=since, today=today)
    if not isinstance(closing, Closing):
        raise Refused("", ACTION, closing)
    after = before.after(closing.changes)
    left = keeper_reasons(flow, after, today)
    if left:
        raise Refused("", ACTION, left)
    case = _Case(flow=flow, before=before, after=after, unit=closed, successor=into, since=since)
    hand = hand_of(flow, by, account)
    found = [(ticket, _stimulus(case, ticket, hand)) for ticket in open_tickets(flow, frozenset({closed.id}))]
    decisions = tuple(decided(flow, ticket.number, stimulus, after) for ticket, stimulus in found)
    view = Closed(
        unit=closed.name,
        successor=into.name if into else "",
        since=since,
        passing=tuple(_passing(case, ticket, stimulus, by) for ticket, stimulus in found),
        leaving=tuple(before.person_name(p) for p in closing.leaving),
        moved=tuple(u.name for u in closing.moved),
        dry_run=dry_run,
    )
    if not dry_run:
        settled = tuple(vacancy_key(p.id) for p in before.posts.values() if p.unit == closed.id)
        work = Reorganisation(changes=closing.changes, decisions=decisions, settled=settled)
        flow.reorganise(work, before, by=by)
        keep_posts(flow)
    return view


def _stimulus(case: _Case, ticket: Ticket, hand: Hand | None) -> Handover:
    person, into = ticket.fields.get("responsible_person"), case.successor
    if into is None:
        reason = f"{case.unit.name}自 {case.since} 起撤销，没有承接单位"
        return Handover(hand=hand, person=None, since=case.since, reason=reason)
    day = case.since - timedelta(days=1)
    follows = follower(case.before, person=person, unit=case.unit.id, successor=into.id, day=day)
    reason = f"{case.unit.name}自 {case.since} 起并入{into.name}"
    return Handover(hand=hand, person=follows, unit=into.id, since=case.since, reason=reason)


def _passing(case: _Case, ticket: Ticket, stimulus: Handover, viewer: str | None) -> Passing:
    flow, due_on = case.flow, as_date(ticket.marks.get("due_on"))
    workflow = flow.workflow_of(ticket)
    seen = may_see(workflow, ticket, case.before, viewer or "", flow.today())
    return Passing(
        kind="ticket",
        number=ticket.number,
        title=str(ticket.fields.get("description") or "") if seen else "（限制类，只给有权限的人看）",
        unit=case.after.unit_name(stimulus.unit or case.unit.id),
        state=workflow.states[ticket.state].title,
        role=case.after.person_name(stimulus.person),
        due_on=due_on,
        days_left=days_left(workflow, ticket, due_on, flow.today()),
        renamed=True,
    )


def _named(directory: Directory, unit: str, successor: str | None) -> tuple[Unit, Unit | None]:
    """Find both units; whichever is not found is said together with the other."""
    found: list[Unit] = []
    reasons: list[Reason] = []
    for subject, text in _texts(unit, successor):
        try:
            found.append(directory.find_unit(text))
        except (NotFound, Ambiguous) as exc:
            reasons.append(Reason(code="unit_unknown", subject=subject, message=str(exc).rstrip("。")))
    if reasons:
        raise Refused("", ACTION, reasons)
    return found[0], found[1] if len(found) > 1 else None


def _texts(unit: str, successor: str | None) -> Iterator[tuple[str, str]]:
    yield "unit", unit
    if successor is not None:
        yield "into", successor
