"""What lists and reports ask: tickets, histories, messages, incidents, requests, papers, tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    FromClause,
    Result,
    Select,
    and_,
    func,
    not_,
    or_,
    select,
    update,
)

from rectiflow.engine.chain import Event
from rectiflow.engine.ticket import Ticket, TimerKey

from .connect import is_shared, reading, writing
from .decode import TICKET_COLUMNS, decode_event, read_ticket
from .phrases import chunks, hidden, status_is
from .tables import table

__all__ = [
    "TicketFilter",
    "chains",
    "close_incident",
    "count_tickets",
    "documents",
    "events_of",
    "evidence_of",
    "find_numbers",
    "histories",
    "histories_of",
    "incidents",
    "messages",
    "open_tasks",
    "pending_requests",
    "provisional_deadlines",
    "restricted_numbers",
    "retry_timer",
    "settle",
    "settle_incidents",
    "stopped_timers",
    "stuck_tickets",
    "tickets",
    "tickets_of",
    "timers_of",
]


class TicketFilter(Struct, frozen=True, kw_only=True):
    """Which tickets to list; None and empty mean no restriction. Overdue means past its date and not handed in.

    `states` holds ids of states, or workflow/state where only that workflow's is meant.
    """

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


def tickets(
    engine: Engine, district: str, wanted: TicketFilter, *, after: str = "", limit: int | None = None
) -> list[Ticket]:
    """Return tickets in the order of their numbers, those after the cursor `after`."""
    t = table("ticket")
    number = hidden(t.c.number) if _narrow(wanted) else t.c.number
    query = select(*(t.c[n] for n in TICKET_COLUMNS)).where(t.c.district == district, number > after, *_where(wanted))
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(number).limit(limit))
        return [read_ticket(r) for r in rows]


def count_tickets(engine: Engine, district: str, wanted: TicketFilter) -> int:
    """Count tickets."""
    t = table("ticket")
    with reading(engine) as connection:
        return int(
            connection.scalar(select(func.count()).select_from(t).where(t.c.district == district, *_where(wanted))) or 0
        )


def find_numbers(engine: Engine, district: str, serial: int) -> list[str]:
    """Return the numbers that end in this serial number, the newest year first."""
    c, d = table("counter"), table("district")
    query = select(d.c.prefix, c.c.year).join(d, d.c.code == c.c.district)
    given = query.where(c.c.district == district, c.c.series == "ticket", c.c.last >= serial)
    with reading(engine) as connection:
        rows = connection.execute(given.order_by(c.c.year.desc()))
        return [f"{prefix}-{year}-{serial:06d}" for prefix, year in rows]


def events_of(engine: Engine, district: str, number: str) -> list[Event]:
    """Return a ticket's history with its private parts, in order."""
    return histories_of(engine, district, [number]).get(number, [])


def histories(engine: Engine, district: str) -> Iterator[tuple[str, list[Event]]]:
    """Yield the number of every ticket with its history in order."""
    for number, _, events in chains(engine, district):
        yield number, events


def chains(engine: Engine, district: str) -> Iterator[tuple[str, Ticket | None, list[Event]]]:
    """Yield every number with its ticket and its history in order, all of one moment.

    A ticket that has lost its history comes with no events; events that have lost their ticket come last, with None.
    """
    with reading(engine) as connection:
        found = _chains(connection, district)
        if not is_shared(engine):
            yield from found
            return
        kept = list(found)  # the only connection must not be kept from others
    yield from kept


def histories_of(engine: Engine, district: str, numbers: Sequence[str]) -> dict[str, list[Event]]:
    """Return the histories of some tickets, each in order, by number."""
    e = table("event")
    query = _events(e).where(e.c.district == district)
    found: dict[str, list[Event]] = {}
    with reading(engine) as connection:
        for some in chunks(numbers):
            chosen = query.where(e.c.number.in_(some)).order_by(e.c.number, e.c.seq)
            for row in _named(connection.execute(chosen)):
                event = decode_event(row)
                found.setdefault(event.number, []).append(event)
    return found


def tickets_of(engine: Engine, district: str, *, numbers: Sequence[str] = (), keys: Sequence[str] = ()) -> list[Ticket]:
    """Return the tickets that have one of these numbers or host keys; those that do not exist are left out."""
    t = table("ticket")
    query = select(*(t.c[n] for n in TICKET_COLUMNS)).where(t.c.district == district)
    wanted = [(t.c.number, some) for some in chunks(numbers)] + [(t.c.host_key, some) for some in chunks(keys)]
    with reading(engine) as connection:
        return [
            read_ticket(row) for column, some in wanted for row in connection.execute(query.where(column.in_(some)))
        ]


def messages(
    engine: Engine,
    district: str,
    *,
    status: str | None = None,
    number: str | None = None,
    recipient: str | None = None,
    most: int | None = None,
    words: bool = False,
) -> list[Any]:
    """Return outbox rows, newest first, at most `most`.

    Args:
        status: as in the table, or returned: sent, and come back (so `sent` has none of them).
        words: with the body, which may be large.
    """
    m = table("message")
    query = select(*(c for c in m.c if words or c.name != "rendered_body"))
    query = query.where(*_chosen(district, status, number, recipient)).order_by(m.c.created_at.desc(), m.c.key)
    return _all(engine, query.limit(most))


def count_messages(
    engine: Engine, district: str, *, status: str | None = None, number: str | None = None, recipient: str | None = None
) -> int:
    """Return how many outbox rows there are; the arguments of `messages`."""
    query = select(func.count()).select_from(table("message")).where(*_chosen(district, status, number, recipient))
    with reading(engine) as connection:
        return int(connection.scalar(query) or 0)


def put_off(engine: Engine, district: str, *, now: datetime) -> tuple[int, datetime] | None:
    """Return how many messages wait for a later time, and when the first of them goes; None when none does."""
    m = table("message")
    query = select(func.count(), func.min(m.c.due_at)).where(*_chosen(district, "waiting"), m.c.due_at > now)
    with reading(engine) as connection:
        count, first = connection.execute(query).one()
    return (int(count), first) if count else None


def message_keys(engine: Engine, district: str, *, recipient: str | None = None) -> list[str]:
    """Return the key of every outbox row, or of those to one person."""
    with reading(engine) as connection:
        return list(connection.scalars(select(table("message").c.key).where(*_chosen(district, recipient=recipient))))


def _chosen(
    district: str, status: str | None = None, number: str | None = None, recipient: str | None = None
) -> list[ColumnElement[bool]]:
    m = table("message")
    home = hidden(m.c.district) if status == "waiting" and not number else m.c.district  # these are few, in an index
    found = [home == district]
    if status in ("sent", "returned"):
        back = m.c.returned_at.is_not(None)
        found += [status_is(m.c.status, "sent"), back if status == "returned" else not_(back)]
    elif status:
        found.append(status_is(m.c.status, status))
    found += [m.c.number == number] if number else []
    found += [m.c.recipient == recipient] if recipient else []
    return found


def messages_named(engine: Engine, district: str, keys: Sequence[str]) -> dict[str, Any]:
    """Return outbox rows by key, without their words."""
    m, found = table("message"), dict[str, Any]()
    columns: list[Any] = [m.c.key, m.c.recipient, m.c.template, m.c.channel, m.c.rendered_channel, m.c.rendered_to]
    for some in chunks(keys):
        found |= {
            r["key"]: r for r in _all(engine, select(*columns).where(m.c.district == district, m.c.key.in_(some)))
        }
    return found


def restricted_numbers(engine: Engine, district: str, numbers: Sequence[str]) -> frozenset[str]:
    """Return which of these tickets are restricted by now."""
    t, found = table("ticket"), list[str]()
    with reading(engine) as connection:
        for some in chunks(numbers):
            query = select(t.c.number).where(t.c.district == district, t.c.number.in_(some), t.c.restricted.is_(True))
            found += connection.scalars(query)
    return frozenset(found)


def incidents(engine: Engine, district: str, *, open_only: bool = True) -> list[Any]:
    """Return incidents, newest first."""
    i = table("incident")
    query = select(i).where(i.c.district == district)
    query = query.where(status_is(i.c.status, "open")) if open_only else query
    return _all(engine, query.order_by(i.c.opened_at.desc(), i.c.id))


def close_incident(engine: Engine, district: str, incident: str, *, by: str | None, now: datetime) -> bool:
    """Close an open incident (`by` None: the machine does); False when there is none of that id."""
    i = table("incident")
    change = update(i).where(i.c.district == district, i.c.id == incident, i.c.status == "open")
    return _write(engine, change.values(status="closed", closed_at=now, closed_by=by)) == 1


def settle_incidents(engine: Engine, district: str | None, keys: Sequence[str], *, now: datetime) -> int:
    """Close the open incidents of some keys, as the machine does when what they say is over; return how many.

    Args:
        district: None for all of them.
    """
    i = table("incident")
    with reading(engine) as connection:  # mostly there is none, and nobody need be kept from writing
        query = select(i.c.id).where(status_is(i.c.status, "open"), i.c.key.in_(keys))
        if connection.scalar(query.limit(1)) is None:
            return 0
    with writing(engine) as connection:
        return settle(connection, district, keys, now)


def told(engine: Engine, district: str, key: str) -> str | None:
    """Return what the open incident of a key says; None when there is none."""
    i = table("incident")
    query = select(i.c.message).where(i.c.district == district, status_is(i.c.status, "open"), i.c.key == key)
    with reading(engine) as connection:
        return connection.scalar(query)


def retell(engine: Engine, district: str, key: str, message: str) -> bool:
    """Let the open incident of a key tell the present cause; False when there is none, or it tells that already."""
    i = table("incident")
    mine = (i.c.district == district, status_is(i.c.status, "open"), i.c.key == key, i.c.message != message)
    with reading(engine) as connection:  # mostly it does, and nobody need be kept from writing
        if connection.scalar(select(i.c.id).where(*mine).limit(1)) is None:
            return False
    return _write(engine, update(i).where(*mine).values(message=message)) > 0


def settle(connection: Connection, district: str | None, keys: Sequence[str], now: datetime, *, why: str = "") -> int:
    """Do `settle_incidents` in a transaction that is open. `why` is added to what the incidents say."""
    i = table("incident")
    mine = () if district is None else (i.c.district == district,)
    change = update(i).where(*mine, status_is(i.c.status, "open"), i.c.key.in_(keys))
    said = {"message": i.c.message.concat(f"；{why}，已自动结束")} if why else {}
    return connection.execute(change.values(status="closed", closed_at=now, **said)).rowcount if keys else 0


def pending_requests(engine: Engine, district: str, *, status: str | None = "pending") -> list[Any]:
    """Return requests with a status (None: all), oldest first."""
    r = table("request")
    query = select(r).where(r.c.district == district)
    query = query.where(status_is(r.c.status, status)) if status else query
    return _all(engine, query.order_by(r.c.asked_on, r.c.number, r.c.ordinal))


def documents(engine: Engine, district: str, *, status: str | None = None) -> list[Any]:
    """Return papers with the ticket and ordinal of their items."""
    d, i = table("document"), table("document_item")
    joined = and_(i.c.district == d.c.district, i.c.document == d.c.id)
    query = select(d, i.c.number.label("ticket"), i.c.ordinal).join(i, joined).where(d.c.district == district)
    query = query.where(status_is(d.c.status, status)) if status else query
    return _all(engine, query.order_by(d.c.drafted_on, d.c.id))


def open_tasks(engine: Engine, district: str, *, number: str | None = None) -> list[Any]:
    """Return the stored tasks that wait, oldest first; of one ticket or of all."""
    t = table("task")
    query = select(t).where(t.c.district == district, status_is(t.c.status, "open"))
    query = query.where(t.c.number == number) if number else query
    return _all(engine, query.order_by(t.c.opened_at, t.c.number))


def evidence_of(engine: Engine, district: str, number: str) -> list[Any]:
    """Return the files of a ticket in the order they came."""
    e = table("evidence")
    return _all(engine, select(e).where(e.c.district == district, e.c.number == number).order_by(e.c.seq, e.c.name))


def timers_of(engine: Engine, district: str, number: str) -> list[Any]:
    """Return a ticket's ladder steps, armed and behind, in time order."""
    t = table("timer")
    return _all(engine, select(t).where(t.c.district == district, t.c.number == number).order_by(t.c.due_at, t.c.clock))


def retry_timer(engine: Engine, district: str, number: str, key: TimerKey, *, now: datetime) -> bool:
    """Arm a given-up timer again, due at once; False when it is not given up any more."""
    t = table("timer")
    named = (t.c[column] == value for column, value in key._asdict().items())
    change = update(t).where(t.c.district == district, t.c.number == number, *named, t.c.status == "failed")
    again = change.values(status="armed", due_at=now, attempts=0, owner=None, lease_until=None, error=None)
    return _write(engine, again) == 1


def provisional_deadlines(engine: Engine, district: str) -> list[tuple[str, date]]:
    """Return the tickets with a running deadline that was counted before its year was arranged, and the deadline."""
    c = table("clock")
    query = (
        select(c.c.number, c.c.due_on)
        .where(c.c.district == district, c.c.provisional.is_(True), c.c.status.in_(("running", "paused")))
        .order_by(c.c.number)
    )
    with reading(engine) as connection:
        return [(number, due_on) for number, due_on in connection.execute(query) if due_on is not None]


def stopped_timers(engine: Engine, district: str) -> list[tuple[str, TimerKey]]:
    """Return the given-up timers of open tickets: until they are tried again, their ladders stand still."""
    t, timer, c = table("ticket"), table("timer"), table("clock")
    same = ("district", "number", "clock", "run", "version")
    query = (
        select(timer.c.number, *(timer.c[n] for n in TimerKey._fields))
        .join_from(timer, t, (t.c.district == timer.c.district) & (t.c.number == timer.c.number))
        .join(c, and_(*(c.c[n] == timer.c[n] for n in same), status_is(c.c.status, "running")))
        .where(hidden(timer.c.district) == district, status_is(timer.c.status, "failed"), t.c.is_open.is_(True))
        .order_by(timer.c.number)
    )
    with reading(engine) as connection:
        return [(number, TimerKey(*key)) for number, *key in connection.execute(query)]


def stuck_tickets(engine: Engine, district: str) -> list[str]:
    """Return the open tickets for which no timer is armed and no request waits: nothing will ever remind of them."""
    t, timer, request = table("ticket"), table("timer"), table("request")
    armed = select(timer.c.number).where(
        timer.c.district == t.c.district, timer.c.number == t.c.number, status_is(timer.c.status, "armed")
    )
    waiting = select(request.c.number).where(
        request.c.district == t.c.district, request.c.number == t.c.number, status_is(request.c.status, "pending")
    )
    query = select(t.c.number).where(
        t.c.district == district, t.c.is_open.is_(True), ~armed.exists(), ~waiting.exists()
    )
    with reading(engine) as connection:
        return sorted(connection.scalars(query))


def _narrow(wanted: TicketFilter) -> bool:
    """Tell whether an index knows the few tickets wanted, so that the many others need not be gone through."""
    dated = wanted.undated or wanted.due_by is not None or wanted.overdue_on is not None
    return dated or bool(wanted.units) or wanted.open is True


def _where(wanted: TicketFilter) -> Iterator[ColumnElement[bool]]:
    t = table("ticket")
    if wanted.states:
        whole = t.c.workflow.concat("/").concat(t.c.state)
        yield or_(t.c.state.in_(wanted.states), whole.in_(wanted.states))
    chosen = {"unit": wanted.units, "category": wanted.categories, "workflow": wanted.workflows}
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


def _chains(connection: Connection, district: str) -> Iterator[tuple[str, Ticket | None, list[Event]]]:
    t, e = table("ticket"), table("event")
    home = and_(e.c.district == t.c.district, e.c.number == t.c.number)
    every = select(*(t.c[n] for n in TICKET_COLUMNS)).where(t.c.district == district).order_by(t.c.number)
    lines = _events(t.outerjoin(e, home), t.c.number.label("home")).where(t.c.district == district)
    with _stream(connection, every) as tickets, _stream(connection, lines.order_by(t.c.number, e.c.seq)) as events:
        for row, (number, found) in zip(tickets, _by_number(events, "home"), strict=True):
            yield number, read_ticket(row), [decode_event(line) for line in found if line["seq"] is not None]
    orphans = _events(e).where(e.c.district == district, ~select(t.c.number).where(home).exists())
    with _stream(connection, orphans.order_by(e.c.number, e.c.seq)) as events:
        for number, found in _by_number(events, "number"):
            yield number, None, [decode_event(line) for line in found]


def _by_number(rows: Result[Any], column: str) -> Iterator[tuple[str, Iterator[Mapping[str, Any]]]]:
    return groupby(_named(rows), key=lambda row: str(row[column]))


def _stream(connection: Connection, query: Select[Any]) -> Result[Any]:
    """Have rows come as they are read, a thousand at a time; closed by `with`."""
    return connection.execution_options(yield_per=1000).execute(query)


def _events(source: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
    """Select events with their private parts from the event table, or from what it is joined to."""
    e, p = table("event"), table("private")
    joined = and_(e.c.district == p.c.district, e.c.number == p.c.number, e.c.seq == p.c.seq)
    return select(e, p.c.salt, p.c.body, *more).select_from(source.outerjoin(p, joined))


def _all(engine: Engine, query: Executable) -> list[Any]:
    with reading(engine) as connection:
        return list(_named(connection.execute(query)))


def _named(result: Result[Any]) -> Iterator[Mapping[str, Any]]:
    return (dict(row) for row in result.mappings())


def _write(engine: Engine, change: Any) -> int:
    with writing(engine) as connection:
        return int(connection.execute(change).rowcount)
