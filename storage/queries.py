"""What lists and reports ask: tickets, histories, messages, incidents, requests, papers, tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, func, select, update

from rectiflow.engine.chain import Event
from rectiflow.engine.ticket import Ticket

from .rows import TICKET_COLUMNS, decode_event, read_ticket
from .statements import table

__all__ = [
    "TicketFilter",
    "close_incident",
    "count_tickets",
    "documents",
    "events_of",
    "evidence_of",
    "histories",
    "histories_of",
    "incidents",
    "messages",
    "open_tasks",
    "pending_requests",
    "retry_messages",
    "retry_timers",
    "stuck_tickets",
    "tickets",
    "tickets_of",
    "timers_of",
]

_MOST_NAMED = 500  #: values named in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets to list; None and empty mean no restriction. Overdue means past its date and not handed in."""

    units: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    open: bool | None = None
    overdue_on: date | None = None
    undated: bool = False
    listed: bool = False
    due_by: date | None = None
    restricted: bool = True  #: False leaves restricted categories out
    text: str = ""


def tickets(
    engine: Engine, district: str, wanted: TicketFilter, *, after: str = "", limit: int | None = None
) -> list[Ticket]:
    """Return tickets in the order of their numbers, those after the cursor `after`."""
    t = table("ticket")
    query = select(*(t.c[n] for n in TICKET_COLUMNS)).where(
        t.c.district == district, t.c.number > after, *_where(wanted)
    )
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(t.c.number).limit(limit))
        return [read_ticket(r) for r in rows]


def count_tickets(engine: Engine, district: str, wanted: TicketFilter) -> int:
    """Count tickets."""
    t = table("ticket")
    with engine.connect() as connection:
        return int(
            connection.scalar(select(func.count()).select_from(t).where(t.c.district == district, *_where(wanted))) or 0
        )


def find_numbers(engine: Engine, district: str, ending: str) -> list[str]:
    """Return the numbers that end in the given digits, newest first; at most ten."""
    t = table("ticket")
    query = select(t.c.number).where(t.c.district == district, t.c.number.like(f"%{ending}"))
    with engine.connect() as connection:
        return list(connection.scalars(query.order_by(t.c.number.desc()).limit(10)))


def events_of(engine: Engine, district: str, number: str) -> list[Event]:
    """Return a ticket's history with its private parts, in order."""
    return [e for _, found in histories(engine, district, number=number) for e in found]


def histories(engine: Engine, district: str, *, number: str | None = None) -> Iterator[tuple[str, list[Event]]]:
    """Yield every ticket's number with its history in order, read as one stream."""
    e, p = table("event"), table("private")
    joined = and_(e.c.district == p.c.district, e.c.number == p.c.number, e.c.seq == p.c.seq)
    query = select(e, p.c.salt, p.c.body).outerjoin(p, joined).where(e.c.district == district)
    if number is not None:
        query = query.where(e.c.number == number)
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=1000).execute(query.order_by(e.c.number, e.c.seq))
        current, found = "", list[Event]()
        for row in rows:
            event = decode_event(row._mapping)  # noqa: SLF001 the documented way to a row's mapping
            if event.number != current and found:
                yield current, found
                found = []
            current = event.number
            found.append(event)
        if found:
            yield current, found


def histories_of(engine: Engine, district: str, numbers: Sequence[str]) -> dict[str, list[Event]]:
    """Return the histories of some tickets, each in order, by number."""
    e, p = table("event"), table("private")
    joined = and_(e.c.district == p.c.district, e.c.number == p.c.number, e.c.seq == p.c.seq)
    query = select(e, p.c.salt, p.c.body).outerjoin(p, joined).where(e.c.district == district)
    found: dict[str, list[Event]] = {}
    with engine.connect() as connection:
        for some in _chunks(numbers):
            chosen = query.where(e.c.number.in_(some)).order_by(e.c.number, e.c.seq)
            for row in connection.execute(chosen).mappings():
                event = decode_event(row)
                found.setdefault(event.number, []).append(event)
    return found


def tickets_of(engine: Engine, district: str, *, numbers: Sequence[str] = (), keys: Sequence[str] = ()) -> list[Ticket]:
    """Return the tickets that have one of these numbers or host keys; those that do not exist are left out."""
    t = table("ticket")
    query = select(*(t.c[n] for n in TICKET_COLUMNS)).where(t.c.district == district)
    wanted = [(t.c.number, some) for some in _chunks(numbers)] + [(t.c.host_key, some) for some in _chunks(keys)]
    with engine.connect() as connection:
        return [
            read_ticket(row) for column, some in wanted for row in connection.execute(query.where(column.in_(some)))
        ]


def messages(engine: Engine, district: str, *, status: str | None = None, number: str | None = None) -> list[Any]:
    """Return outbox rows, newest first."""
    m = table("message")
    query = select(m).where(m.c.district == district)
    query = query.where(m.c.status == status) if status else query
    query = query.where(m.c.number == number) if number else query
    return _all(engine, query.order_by(m.c.created_at.desc(), m.c.key))


def retry_messages(engine: Engine, district: str, keys: Sequence[str], *, now: datetime) -> int:
    """Make dead or waiting messages due at once with their attempts counted anew; return how many."""
    m = table("message")
    change = update(m).where(m.c.district == district, m.c.key.in_(keys), m.c.status.in_(("dead", "waiting")))
    anew = dict.fromkeys(
        ("rendered_channel", "rendered_to", "rendered_subject", "rendered_id", "rendered_body", "owner", "lease_until")
    )  # put into words anew, so that a corrected address counts
    return _write(engine, change.values(status="waiting", due_at=now, attempts=0, **anew))


def cancel_messages(engine: Engine, district: str, keys: Sequence[str]) -> int:
    """Take waiting messages out of the outbox, visibly; return how many."""
    m = table("message")
    change = update(m).where(m.c.district == district, m.c.key.in_(keys), m.c.status.in_(("dead", "waiting")))
    return _write(engine, change.values(status="cancelled", owner=None, lease_until=None))


def incidents(engine: Engine, district: str, *, open_only: bool = True) -> list[Any]:
    """Return incidents, newest first."""
    i = table("incident")
    query = select(i).where(i.c.district == district)
    query = query.where(i.c.status == "open") if open_only else query
    return _all(engine, query.order_by(i.c.opened_at.desc(), i.c.id))


def close_incident(engine: Engine, district: str, incident: str, *, by: str, now: datetime) -> bool:
    """Close an open incident; False when there is none of that id."""
    i = table("incident")
    change = update(i).where(i.c.district == district, i.c.id == incident, i.c.status == "open")
    return _write(engine, change.values(status="closed", closed_at=now, closed_by=by)) == 1


def pending_requests(engine: Engine, district: str, *, status: str | None = "pending") -> list[Any]:
    """Return requests with a status (None: all), oldest first."""
    r = table("request")
    query = select(r).where(r.c.district == district)
    query = query.where(r.c.status == status) if status else query
    return _all(engine, query.order_by(r.c.asked_on, r.c.number, r.c.ordinal))


def documents(engine: Engine, district: str, *, status: str | None = None) -> list[Any]:
    """Return papers with the ticket and ordinal of their items."""
    d, i = table("document"), table("document_item")
    joined = and_(i.c.district == d.c.district, i.c.document == d.c.id)
    query = select(d, i.c.number.label("ticket"), i.c.ordinal).join(i, joined).where(d.c.district == district)
    query = query.where(d.c.status == status) if status else query
    return _all(engine, query.order_by(d.c.drafted_on, d.c.id))


def open_tasks(engine: Engine, district: str) -> list[Any]:
    """Return the stored tasks that wait, oldest first."""
    t = table("task")
    return _all(
        engine, select(t).where(t.c.district == district, t.c.status == "open").order_by(t.c.opened_at, t.c.number)
    )


def evidence_of(engine: Engine, district: str, number: str) -> list[Any]:
    """Return the files of a ticket in the order they came."""
    e = table("evidence")
    return _all(engine, select(e).where(e.c.district == district, e.c.number == number).order_by(e.c.seq, e.c.name))


def timers_of(engine: Engine, district: str, number: str) -> list[Any]:
    """Return a ticket's ladder steps, armed and behind, in time order."""
    t = table("timer")
    return _all(engine, select(t).where(t.c.district == district, t.c.number == number).order_by(t.c.due_at, t.c.clock))


def _where(wanted: TicketFilter) -> Iterator[ColumnElement[bool]]:
    t = table("ticket")
    chosen = {"unit": wanted.units, "state": wanted.states, "category": wanted.categories, "workflow": wanted.workflows}
    for name, values in chosen.items():
        if values:
            yield t.c[name].in_(values)
    if wanted.open is not None:
        yield t.c.is_open.is_(wanted.open)
    if wanted.listed:
        yield t.c.listed.is_not(None)
    if not wanted.restricted:
        yield t.c.restricted.is_(False)
    if wanted.undated:
        yield and_(t.c.is_open.is_(True), t.c.due_on.is_(None))
    if wanted.due_by is not None:
        yield and_(t.c.is_open.is_(True), t.c.due_on <= wanted.due_by)
    if wanted.overdue_on is not None:
        yield _overdue(wanted.overdue_on)


def _overdue(day: date) -> ColumnElement[bool]:
    """Past the main clock's date and not handed in: that clock is still running."""
    t, c = table("ticket"), table("clock")
    running = select(c.c.number).where(
        c.c.district == t.c.district, c.c.number == t.c.number, c.c.status == "running", c.c.due_on == t.c.due_on
    )
    return and_(t.c.is_open.is_(True), t.c.due_on < day, running.exists())


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a long list so that a statement never has too many parameters."""
    return (values[at : at + _MOST_NAMED] for at in range(0, len(values), _MOST_NAMED))


def _all(engine: Engine, query: Select[Any]) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(query).mappings())


def _write(engine: Engine, change: Any) -> int:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        return int(connection.execute(change).rowcount)


def retry_timers(engine: Engine, district: str, number: str, *, now: datetime) -> int:
    """Arm a ticket's given-up timers again, due at once; return how many."""
    t = table("timer")
    change = update(t).where(t.c.district == district, t.c.number == number, t.c.status == "failed")
    return _write(
        engine, change.values(status="armed", due_at=now, attempts=0, owner=None, lease_until=None, error=None)
    )


def stuck_tickets(engine: Engine, district: str) -> list[str]:
    """Return the open tickets for which no timer is armed and no request waits: nothing will ever remind of them."""
    t, timer, request = table("ticket"), table("timer"), table("request")
    armed = select(timer.c.number).where(
        timer.c.district == t.c.district, timer.c.number == t.c.number, timer.c.status == "armed"
    )
    waiting = select(request.c.number).where(
        request.c.district == t.c.district, request.c.number == t.c.number, request.c.status == "pending"
    )
    query = select(t.c.number).where(
        t.c.district == district, t.c.is_open.is_(True), ~armed.exists(), ~waiting.exists()
    )
    with engine.connect() as connection:
        return list(connection.scalars(query.order_by(t.c.number)))
