"""How people usually act: most in time, some late, some badly, some by telephone. No two tickets alike, none random."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from rectiflow.engine.ticket import Ticket
from rectiflow.engine.values import as_date

from .cast import Cast, dice

__all__ = ["live"]

_TELEPHONE = 18  #: of a hundred schools answer by telephone
_FAILS = 13  #: of a hundred re-inspections fail the first time
_LATE = 24  #: of a hundred are late
_NEVER = 4  #: of a hundred do nothing until they are pushed
_ON_SPOT, _SELF_FIX, _DISMISS = 9, 8, 3


def live(cast: Cast, ticket: Ticket) -> None:
    """Let whoever has the ticket do today what such people do."""
    habit = _HABITS.get(ticket.state)
    if habit is not None and ticket.workflow == "hazard":
        habit(cast, ticket)


def _assign(cast: Cast, ticket: Ticket) -> None:
    waited = cast.workdays(ticket.since, cast.today)
    number = ticket.number
    stock = bool(ticket.marks.get("stock"))
    if not stock and dice(number, "way") < _ON_SPOT:
        _on_spot(cast, ticket)
    elif not stock and dice(number, "way") < _ON_SPOT + _SELF_FIX:
        _self_fix(cast, ticket)
    elif waited >= dice(number, "assign") // 34 + (3 if dice(number, "slow") < 5 else 0):
        _hand_over(cast, ticket)


def _on_spot(cast: Cast, ticket: Ticket) -> None:
    by = cast.who(ticket, "verifier")
    if by is not None:
        cast.do(
            ticket,
            "on_spot",
            by,
            measures="检查当场整改完毕",
            evidence=[cast.photograph(ticket)],
            responsible_unit=ticket.fields.get("responsible_unit"),
        )


def _self_fix(cast: Cast, ticket: Ticket) -> None:
    by = cast.who(ticket, "principal")
    if by is not None:
        cast.do(
            ticket,
            "self_fix",
            by,
            measures="学校自查后已自行整改",
            completed_on=cast.today.isoformat(),
            evidence=[cast.photograph(ticket)],
        )


def _hand_over(cast: Cast, ticket: Ticket) -> None:
    by, person = cast.who(ticket, "lead_section"), cast.rectifier(ticket)
    if by is None or person is None:
        return
    if dice(ticket.number, "unfounded") < _DISMISS and not ticket.marks.get("stock"):
        cast.do(ticket, "dismiss", by, reason="现场核查，情况不属实")
        return
    days = 8 + dice(ticket.number, "due") // 5
    due_on = cast.flow.calendar.add(cast.today + timedelta(days=days), 1)
    cast.do(
        ticket,
        "assign",
        by,
        responsible_person=person,
        due_on=due_on.isoformat(),
        measures="按交办要求整改，整改前落实临时管控",
    )


def _sign(cast: Cast, ticket: Ticket) -> None:
    number = ticket.number
    waited = cast.workdays(ticket.since, cast.today)
    if waited < (3 if dice(number, "sign") < 12 else dice(number, "sign") // 60):
        return
    by = cast.who(ticket, "principal")
    if by is not None:
        given = cast.by_telephone("签收") if dice(number, "phone") < _TELEPHONE else {}
        cast.do(ticket, "sign", by, **given)


def _submit(cast: Cast, ticket: Ticket) -> None:
    number, due_on = ticket.number, as_date(ticket.marks.get("due_on"))
    if ticket.listed:
        _report_progress(cast, ticket)
    if due_on is None or dice(number, "late") < _NEVER:
        return
    behind = cast.workdays(due_on, cast.today)
    late = _NEVER <= dice(number, "late") < _NEVER + _LATE
    ready = 1 + dice(number, "behind") // 12 if late else -1 - dice(number, "ahead") // 20
    by = cast.rectifier(ticket)
    if behind < ready or by is None or cast.workdays(ticket.since, cast.today) < 1:
        return
    given = cast.by_telephone("申请复查") if dice(number, "phone2") < _TELEPHONE // 2 else {}
    cast.do(
        ticket,
        "submit",
        by,
        measures="已按要求整改到位，落实专人巡查",
        completed_on=cast.today.isoformat(),
        evidence=[cast.photograph(ticket)],
        **given,
    )


def _report_progress(cast: Cast, ticket: Ticket) -> None:
    run = cast.flow.snapshot(ticket.number).clocks.get("listed_progress")
    by = cast.who(ticket, "principal")
    if run is not None and run.due_on is not None and run.due_on <= cast.today and by is not None:
        cast.do(ticket, "report_progress", by, progress="正在整改，存在的困难已向镇里汇报")


def _verify(cast: Cast, ticket: Ticket) -> None:
    number = ticket.number
    waited = cast.workdays(ticket.since, cast.today)
    if waited < (7 if dice(number, "verify") < 7 else 1 + dice(number, "verify") // 40):
        return
    by = _inspector(cast, ticket)
    if by is None:
        return
    if dice(number, "fails") < _FAILS and not ticket.marks.get("failures"):
        due_on = cast.flow.calendar.add(cast.today, 7)
        cast.do(ticket, "fail", by, reason="整改不彻底，仍有遗留问题", due_on=due_on.isoformat())
        return
    given = {"second_inspector": cast.other(ticket, by)} if ticket.listed else {}
    cast.do(ticket, "pass", by, via="in-person", **given)


def _inspector(cast: Cast, ticket: Ticket) -> str | None:
    took = {p for t in ("sign", "submit", "self_fix") for e in ticket.taken.get(t, ()) for p in (e.actor, e.entered_by)}
    return next((p for p in cast.all(ticket, "verifier") if p not in took), None)


def _close(cast: Cast, ticket: Ticket) -> None:
    waited = cast.workdays(ticket.since, cast.today)
    if waited < dice(ticket.number, "close") // 45 or ticket.listed:
        return
    took = {e.actor for t in ("submit", "self_fix", "pass", "on_spot") for e in ticket.taken.get(t, ())}
    by = next((p for p in cast.all(ticket, "safety_section") if p not in took), None)
    if by is not None:
        cast.do(ticket, "close", by)


_HABITS: Mapping[str, Callable[[Cast, Ticket], None]] = {
    "reported": _assign,
    "assigned": _sign,
    "rectifying": _submit,
    "pending_verification": _verify,
    "verified": _close,
}
