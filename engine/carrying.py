"""The year turns: an open hazard is carried over (结转) into the new year's ledger, with its number and its deadlines."""

from __future__ import annotations

from datetime import date, datetime

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .hands import hand_reasons, role_reasons
from .moments import local_day
from .roles import Standing
from .stimulus import Carry
from .ticket import Snapshot, Ticket

__all__ = ["ALREADY", "MARK", "carry", "carry_reasons", "year_of"]

MARK = "carried_into"  #: the milestone: the latest year a hazard was carried into
ALREADY = "already_carried"  #: the reason's code when it was done before: nothing is wrong, nothing is to be done


def carry(snapshot: Snapshot, stimulus: Carry, now: datetime) -> Decision | Refusal:
    """Decide on carrying a hazard over: the ledger's year is marked, nothing else changes, nobody is told."""
    standing, reasons = carry_reasons(snapshot, stimulus, now)
    if reasons:
        return Refusal(number=snapshot.case.number, action="结转", reasons=tuple(reasons))
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    change.mark(MARK, stimulus.year)
    place = standing.in_place_of if standing else ""
    return change.decision("carried", "carry", place=place, public={"year": stimulus.year})


def carry_reasons(snapshot: Snapshot, stimulus: Carry, now: datetime) -> tuple[Standing | None, list[Reason]]:
    """Return in which role the person may carry it over, and what speaks against it."""
    workflow = snapshot.workflow
    standing, reasons = role_reasons(snapshot, workflow, workflow.keepers, stimulus.hand, now)
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    if snapshot.case.state not in workflow.states or workflow.states[snapshot.case.state].final is not None:
        reasons.append(Reason(code="wrong_state", message="已办结的不结转"))
    return standing, [*reasons, *_year_reasons(snapshot.case, stimulus.year, local_day(now))]


def year_of(ticket: Ticket) -> int:
    """Return the year whose ledger a hazard stands in: the one it was carried into, else that of its number."""
    return int(ticket.marks.get(MARK) or local_day(ticket.opened_at).year)


def _year_reasons(ticket: Ticket, year: int, today: date) -> list[Reason]:
    own, carried = local_day(ticket.opened_at).year, ticket.marks.get(MARK)
    if carried is not None and year <= int(carried):
        return [Reason(code=ALREADY, subject="year", message=f"已结转到 {carried} 年")]
    if year <= own:
        return [Reason(code="year_early", subject="year", message=f"是 {own} 年登记的，不能结转到 {year} 年")]
    if year > today.year + 1:
        message = f"{year} 年还早，现在最多结转到 {today.year + 1} 年"
        return [Reason(code="year_late", subject="year", message=message)]
    return []
