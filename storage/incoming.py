"""What came in, kept before it is understood; and the addresses that messages come back from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    case,
    delete,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from rectiflow.engine.errors import Conflict, NotFound
from rectiflow.engine.telling import RECEIPT

from .connect import reading, writing
from .digests import TAKEN_IN
from .phrases import chunks, status_is
from .queries import settle as settle_incidents
from .tables import table

__all__ = [
    "OPEN",
    "AddressFault",
    "Incoming",
    "Limits",
    "OutboxRow",
    "came_back",
    "dead_addresses",
    "fault",
    "faults",
    "finish",
    "forgive",
    "heard",
    "incoming",
    "incoming_count",
    "keep",
    "known",
    "last_to",
    "message_of",
    "note",
    "one_incoming",
    "said_lately",
    "settle",
    "taken_in",
    "told_to",
    "waiting_count",
]


OPEN = ("waiting", "unseen")  #: states of what somebody still has to look at
_WORDS = re.compile(r"[\s,；，。（）]+")  #: what parts the words of what is said of a message
_NEXT = dict(zip("0123456789abcdef", "123456789abcdefg", strict=True))  #: the digit after each


class Incoming(Struct, frozen=True, kw_only=True):
    """One mail or short message that came in; `raw` names its bytes in the evidence store, piece by piece.

    `status`: waiting (a person has to act), unseen (words on record that nobody has looked at), done, or dropped (an
    automaton's, told nobody).
    """

    id: str
    received_at: datetime
    channel: str
    sender: str
    person: str | None = None
    subject: str = ""
    words: str = ""
    kind: str
    number: str | None = None
    raw: str | None = None
    status: str = "waiting"
    outcome: str = ""


class AddressFault(Struct, frozen=True, kw_only=True):
    """How often messages to an address came back, and what was said the last time."""

    channel: str
    address: str
    failures: int
    dead: bool
    last_at: datetime
    detail: str


class Limits(Struct, frozen=True, kw_only=True):
    """How many returns an address survives: so many that say it does not exist, so many of any kind, each within `days`."""

    hard: int
    any: int
    days: int


class OutboxRow(Struct, frozen=True, kw_only=True):
    """The message an answer belongs to: its key, hazard and recipient, and where it went."""

    key: str
    number: str | None
    recipient: str
    template: str
    channel: str | None
    to: str | None
    sent_at: datetime | None
    urgent: bool


def keep(engine: Engine, district: str, one: Incoming) -> bool:
    """Put what came in on record; False when it is there already, so that nothing is done twice.

    What comes in within one instant, as a rehearsal's clock shows it, stands a microsecond behind the one before: so
    lists have one order, that of coming in.
    """
    t = table("incoming")
    make = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    with writing(engine) as connection:
        last = connection.scalar(select(func.max(t.c.received_at)).where(t.c.district == district))
        at = one.received_at
        if last is not None and at <= last < at + timedelta(seconds=1):
            at = last + timedelta(microseconds=1)
        row = {**asdict(one), "received_at": at}
        statement = make(t).values(district=district, **row).on_conflict_do_nothing().returning(t.c.id)
        return connection.scalar(statement) is not None


def settle(engine: Engine, district: str, key: str, **changes: Any) -> None:
    """Say what became of something that came in: `status`, `outcome`, `number`, `person`, `kind`."""
    t = table("incoming")
    with writing(engine) as connection:
        connection.execute(update(t).where(t.c.district == district, t.c.id == key).values(**changes))


def finish(engine: Engine, district: str, outcomes: Mapping[str, str]) -> None:
    """Say of letters that a person has seen to them, of all or none; `outcomes` by id.

    Raises:
        Conflict: one of them was settled meanwhile; nothing is written.
    """
    t = table("incoming")
    with writing(engine) as connection:
        for key, outcome in outcomes.items():
            mine = (t.c.district == district, t.c.id == key, t.c.status.in_(OPEN))
            done = connection.execute(update(t).where(*mine).values(status="done", outcome=outcome))
            if not done.rowcount:
                raise Conflict(f"来信 {key}")


def incoming(
    engine: Engine,
    district: str,
    *,
    status: str | Sequence[str] | None = None,
    number: str | None = None,
    limit: int = 0,
) -> list[Incoming]:
    """Return what came in, newest first; `limit` 0 returns everything."""
    t = table("incoming")
    query = select(t).where(*_wanted(t, district, status, number)).order_by(t.c.received_at.desc(), t.c.id)
    if limit:
        query = query.limit(limit)
    with reading(engine) as connection:
        return [_incoming(dict(row)) for row in connection.execute(query).mappings()]


def incoming_count(
    engine: Engine, district: str, *, status: str | Sequence[str] | None = None, number: str | None = None
) -> int:
    """Return how much of it there is; see `incoming`."""
    t = table("incoming")
    query = select(func.count()).where(*_wanted(t, district, status, number))
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def _wanted(
    t: Table, district: str, status: str | Sequence[str] | None, number: str | None
) -> list[ColumnElement[bool]]:
    states = () if status is None else ((status,) if isinstance(status, str) else status)
    return [
        t.c.district == district,
        *([t.c.status.in_(states)] if status is not None else []),
        *([t.c.number == number] if number is not None else []),
    ]


def one_incoming(engine: Engine, district: str, key: str) -> Incoming:
    """Return what came in by the beginning of its id.

    Raises:
        NotFound: nothing of that id, or more than one.
    """
    t = table("incoming")
    query = select(t).where(t.c.district == district, t.c.id.startswith(key, autoescape=True)).limit(2)
    with reading(engine) as connection:
        found = [_incoming(dict(row)) for row in connection.execute(query).mappings()]
    if len(found) != 1 or not key:
        none = f"没有编号为“{key}”的来信，编号见 rectiflow inbox list --all"
        raise NotFound(none if not found else f"“{key}”对应不止一封来信，请多写几位")
    return found[0]


def known(engine: Engine, district: str, key: str) -> Incoming | None:
    """Return what came in under an id, whole; None for nothing."""
    t = table("incoming")
    with reading(engine) as connection:
        row = connection.execute(select(t).where(t.c.district == district, t.c.id == key)).mappings().first()
    return None if row is None else _incoming(dict(row))


def said_lately(engine: Engine, district: str, sender: str, words: str, *, since: datetime) -> list[Incoming]:
    """Return what came from a sender in the very same words since an instant, or was not looked at yet; newest first."""
    t = table("incoming")
    same = (t.c.district == district, t.c.sender == sender, t.c.words == words, t.c.outcome != "")
    lately = or_(t.c.status == "unseen", t.c.received_at >= since)
    query = select(t).where(*same, lately).order_by(t.c.received_at.desc(), t.c.id)
    with reading(engine) as connection:
        return [_incoming(dict(row)) for row in connection.execute(query).mappings()]


def waiting_count(engine: Engine, district: str) -> int:
    """Return how many of those that came in wait for a person."""
    t = table("incoming")
    query = select(func.count()).where(t.c.district == district, t.c.status == "waiting")
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def message_of(engine: Engine, district: str, digest: str) -> OutboxRow | None:
    """Return the message that went out under a Message-ID of ours, by its 32 hexadecimal digits.

    The domain may be another one now than when it was sent. The bounds differ from each other within the digits, where
    every collation agrees, so that the index serves.
    """
    m, begin = table("message"), f"<rectiflow.{digest}@"
    beyond = f"<rectiflow.{digest[:-1]}{_NEXT[digest[-1]]}"
    ours = (m.c.rendered_id >= begin, m.c.rendered_id < beyond, m.c.rendered_id.startswith(begin, autoescape=True))
    return _message(engine, select(*_row(m)).where(*ours, m.c.district == district).limit(1))


def last_to(
    engine: Engine, district: str, addresses: Sequence[str], *, since: datetime, until: datetime, said: str = ""
) -> OutboxRow | None:
    """Return the last message that went to one of these addresses between two instants; a receipt asks for nothing.

    Args:
        said: the gateway's own number for the message, whole, as it stands in what it answered when it took the message.
    """
    m = table("message")
    mine = (m.c.district == district, status_is(m.c.status, "sent"), m.c.rendered_to.in_(addresses))
    when = (m.c.sent_at >= since, m.c.sent_at <= until)
    which = m.c.detail.contains(said, autoescape=True) if said else m.c.template != RECEIPT
    query = select(*_row(m), m.c.detail).where(*mine, *when, which).order_by(*_last_first(m))
    with reading(engine) as connection:
        rows = connection.execute(query if said else query.limit(1))
        found = (row for row in rows if not said or said in _WORDS.split(row.detail))
        return next((_outbox_row(row[:-1]) for row in found), None)


def told_to(
    engine: Engine, district: str, addresses: Sequence[str], *, since: datetime, until: datetime
) -> list[OutboxRow]:
    """Return what went to one of these addresses between two instants, the last first; no receipts."""
    m = table("message")
    mine = (m.c.district == district, status_is(m.c.status, "sent"), m.c.rendered_to.in_(addresses))
    when = (m.c.sent_at >= since, m.c.sent_at <= until, m.c.template != RECEIPT)
    query = select(*_row(m)).where(*mine, *when).order_by(*_last_first(m))
    with reading(engine) as connection:
        return [_outbox_row(row) for row in connection.execute(query)]


def taken_in(engine: Engine, district: str, digest: str) -> list[OutboxRow]:
    """Return what a digest, by its key, took in, in its order; [] for any other message."""
    m = table("message")
    mine = m.c.district == district
    with reading(engine) as connection:
        params: Mapping[str, Any] | None = connection.scalar(select(m.c.params).where(mine, m.c.key == digest))
        keys = str(params.get(TAKEN_IN) or "").splitlines() if params is not None else []
        rows = [
            row for some in chunks(keys) for row in connection.execute(select(*_row(m)).where(mine, m.c.key.in_(some)))
        ]
    found = {row.key: row for row in map(_outbox_row, rows)}
    return [found[key] for key in keys if key in found]


def note(engine: Engine, district: str, key: str, told: str) -> None:
    """Add to what is said of a message that was sent, and has arrived; the same once."""
    m = table("message")
    _note(engine, district, key, told, m.c.detail.concat("；").concat(told), returned_at=None)


def came_back(engine: Engine, district: str, key: str, told: str, *, now: datetime) -> None:
    """Note on a message that was sent that it came back, and first of all why; the same once."""
    m = table("message")
    _note(engine, district, key, told, literal(f"{told}；").concat(m.c.detail), returned_at=now)


def _note(
    engine: Engine, district: str, key: str, told: str, both: ColumnElement[str], *, returned_at: datetime | None
) -> None:
    m = table("message")
    mine = (m.c.district == district, m.c.key == key, status_is(m.c.status, "sent"))
    fresh = or_(m.c.detail.is_(None), not_(m.c.detail.contains(told, autoescape=True)))
    with writing(engine) as connection:
        connection.execute(update(m).where(*mine).values(returned_at=returned_at))
        connection.execute(update(m).where(*mine, fresh).values(detail=func.coalesce(both, told)))


def heard(
    engine: Engine, district: str, person: str, *, since: datetime, until: datetime, most: int
) -> list[tuple[str, str]]:
    """Return the words of what came in between two instants, and what became of each, the last first, at most so many.

    Only what is known to be a person's, not only said to be.
    """
    t = table("incoming")
    mine = (t.c.district == district, t.c.received_at >= since, t.c.received_at <= until, t.c.person == person)
    query = select(t.c.words, t.c.outcome).where(*mine).order_by(t.c.received_at.desc(), t.c.id).limit(most)
    with reading(engine) as connection:
        return [(row.words, row.outcome) for row in connection.execute(query)]


def fault(
    engine: Engine,
    district: str,
    *,
    channel: str,
    address: str,
    at: datetime,
    detail: str,
    hard: bool,
    limits: Limits,
    by: str,
) -> AddressFault:
    """Count that a message to an address came back; beyond the limits the address counts as dead, until it is forgiven.

    What came back longer ago than the limits look is not counted any more.

    Args:
        hard: the address was said not to exist.
        by: the message that came back; the same counts once, however often that is told.
    """
    t = table("address_fault")
    make = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    told, line = {"last_at": at, "detail": detail}, f"{by}\n"
    one = int(hard)
    first = make(t).values(
        district=district,
        channel=channel,
        address=address,
        failures=1,
        hard=one,
        dead=limits.any <= 1 or limits.hard <= one,
        messages=f"\n{line}",
        **told,
    )
    old = t.c.last_at < at - timedelta(days=limits.days)
    failures, sure = case((old, 1), else_=t.c.failures + 1), case((old, one), else_=t.c.hard + one)
    again = first.on_conflict_do_update(
        index_elements=["district", "channel", "address"],
        set_={
            "failures": failures,
            "hard": sure,
            "dead": or_(t.c.dead, failures >= limits.any, sure >= limits.hard),
            "messages": case((old, f"\n{line}"), else_=t.c.messages.concat(line)),
            **told,
        },
        where=not_(t.c.messages.contains(f"\n{line}", autoescape=True)),
    )
    with writing(engine) as connection:
        connection.execute(again)
    return next(f for f in faults(engine, district) if (f.channel, f.address) == (channel, address))


def faults(engine: Engine, district: str) -> list[AddressFault]:
    """Return every address that messages came back from."""
    t = table("address_fault")
    query = select(t).where(t.c.district == district).order_by(t.c.address, t.c.channel)
    with reading(engine) as connection:
        rows = connection.execute(query).mappings()
        return [AddressFault(**{f: row[f] for f in AddressFault.__struct_fields__}) for row in rows]


def dead_addresses(engine: Engine, district: str) -> frozenset[tuple[str, str]]:
    """Return (channel, address) of those nothing is sent to any more."""
    return frozenset((f.channel, f.address) for f in faults(engine, district) if f.dead)


def forgive(engine: Engine, district: str, address: str, *, now: datetime, channel: str | None = None) -> bool:
    """Forget what came back from an address, by one channel or (None) by any; False when nothing had.

    The incidents that say the address was given up are over.
    """
    t = table("address_fault")
    mine = (t.c.district == district, t.c.address == address, *(() if channel is None else (t.c.channel == channel,)))
    with reading(engine) as connection:  # mostly nothing had, and nobody need be kept from writing
        channels = connection.scalars(select(t.c.channel).where(*mine)).all()
    if not channels:
        return False
    with writing(engine) as connection:
        found = connection.execute(delete(t).where(*mine)).rowcount
        _settle_given_up(connection, district, [f"address:{one}:{address}" for one in channels], now)
        return bool(found)


def _settle_given_up(connection: Connection, district: str, said: Sequence[str], now: datetime) -> None:
    """Close the incidents of some addresses; they are about no one hazard, and older ones begin with one."""
    i = table("incident")
    ours = or_(*(i.c.key.endswith(f":{one}", autoescape=True) for one in said))
    mine = (i.c.district == district, status_is(i.c.status, "open"), ours)
    settle_incidents(connection, district, connection.scalars(select(i.c.key).where(*mine)).all(), now)


def _last_first(m: Table) -> tuple[ColumnElement[Any], ...]:
    """Return the order of what was sent, the last first; what was sent at one instant, in the order it was written."""
    return m.c.sent_at.desc(), m.c.created_at.desc(), m.c.key.desc()


def _row(m: Table) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of an `OutboxRow`, in its order."""
    what = (m.c.key, m.c.number, m.c.recipient, m.c.template)
    return *what, m.c.rendered_channel, m.c.rendered_to, m.c.sent_at, m.c.urgent


def _message(engine: Engine, query: Select[Any]) -> OutboxRow | None:
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else _outbox_row(row)


def _outbox_row(row: Sequence[Any]) -> OutboxRow:
    return OutboxRow(**dict(zip(OutboxRow.__struct_fields__, row, strict=True)))


def _incoming(row: Mapping[str, Any]) -> Incoming:
    return Incoming(**{f: row[f] for f in Incoming.__struct_fields__})
