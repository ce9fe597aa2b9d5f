"""The outbox in the hands of a person: what waits or did not arrive is sent again, hurried, taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    text,
    union,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from rectiflow.engine.telling import RECEIPT

from .connect import reading, writing
from .digests import taken_keys
from .phrases import chunks, hidden, status_is
from .queries import settle
from .statements import CLAIMED_MESSAGE
from .tables import table

__all__ = [
    "Measure",
    "Standing",
    "acted_since",
    "answered",
    "astray",
    "astray_lists",
    "cancel",
    "hurry",
    "let_go",
    "let_only",
    "readdress",
    "retry",
    "rows_of",
    "standing_of",
    "take",
    "told",
    "told_beside",
    "unsent",
    "waited_for",
    "wake",
]

_UNSENT = ("waiting", "held", "dead")
_RENDERED = ("rendered_channel", "rendered_to", "rendered_subject", "rendered_id", "rendered_body")
_UNWORDED = dict.fromkeys((*_RENDERED, "returned_at"))
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def retry(engine: Engine, district: str, keys: Sequence[str] | None, *, now: datetime) -> int:
    """Make messages due at once that did not arrive, came back, wait or are held, their attempts counted anew; return how many.

    What did not arrive or came back is put into words anew, and its incident is closed; what is just being sent is left
    alone.

    Args:
        keys: which ones; None for all that did not arrive or came back.
    """
    m = table("message")
    free = _free(m, district, now)
    if keys is None:
        lost = (status_is(m.c.status, "dead"), m.c.returned_at.is_not(None))
        keys = [key for which in lost for key in _keys(engine, select(m.c.key).where(*free, which))]
    count = 0
    for some in chunks(keys):
        chosen = update(m).where(*free, m.c.key.in_(some))
        again = chosen.where(_failed(m)).returning(m.c.key, m.c.number)
        with writing(engine) as connection:
            due = {**_due(now), "detail": None}  # why it waited, or did not arrive, is over
            waiting = connection.execute(chosen.where(m.c.status.in_(("waiting", "held"))).values(**due))
            dead = connection.execute(again.values(**due, **_UNWORDED)).all()
            settle(connection, district, [about for key, number in dead for about in _about(number, key)], now)
        count += waiting.rowcount + len(dead)
    return count


def hurry(engine: Engine, district: str, *, now: datetime) -> int:
    """Make every waiting message due at once that is not just being sent; return how many."""
    m = table("message")
    return _write(
        engine, update(m).where(*_free(m, district, now), status_is(m.c.status, "waiting")).values(**_due(now))
    )


def take(
    engine: Engine, district: str, keys: Sequence[str], *, owner: str, now: datetime, lease: timedelta
) -> list[dict[str, Any]]:
    """Claim these messages, waiting or held, for a lease, out of their turn; rows as `Claims.claim_messages` has them."""
    m, found = table("message"), list[dict[str, Any]]()
    for some in chunks(keys):
        free = (*_free(m, district, now), m.c.key.in_(some), m.c.status.in_(("waiting", "held")))
        held = {"status": "waiting", "owner": owner, "lease_until": now + lease, "attempts": m.c.attempts + 1}
        change = update(m).where(*free).values(**held).returning(*(m.c[n] for n in CLAIMED_MESSAGE))
        with writing(engine) as connection:
            found += [dict(row) for row in connection.execute(change).mappings()]
    return sorted(found, key=lambda row: (row["created_at"], row["seq"], row["key"]))


class Measure(NamedTuple):
    """How many messages one may get since an instant: in all, and by one channel; 0 for any number."""

    since: datetime
    most: int
    by_channel: int


def let_go(
    engine: Engine, district: str, key: str, *, owner: str, channel: str, addresses: Sequence[str], measure: Measure
) -> bool:
    """Let a claimed message go to somebody by a channel, unless enough has gone to these addresses, or is about to.

    What answers an answer does not count. From then on it counts as about to go, until it is finished in another way.
    Decided one after another in a district, so that several workers keep one measure.

    Args:
        addresses: of who is reached, as they may stand in messages; first the one this goes to.
    """
    m = table("message")
    receipt = or_(m.c.key.startswith(f"{RECEIPT}:"), m.c.key.contains(f":{RECEIPT}:"))
    mine = (m.c.district == district, m.c.rendered_to.in_(addresses), not_(receipt))
    going = (*mine, status_is(m.c.status, "waiting"), m.c.key != key)
    sent = (*mine, status_is(m.c.status, "sent"), m.c.sent_at >= measure.since)
    count = Counter[str]()
    with _deciding(engine, district) as connection:
        for which in (going, sent):
            by_channel = select(m.c.rendered_channel, func.count()).where(*which).group_by(m.c.rendered_channel)
            count.update(dict(connection.execute(by_channel).all()))
        if 0 < measure.most <= count.total() or 0 < measure.by_channel <= count[channel]:
            return False
        _note_going(connection, district, key, owner, channel, addresses[0])
        return True


def let_only(
    engine: Engine,
    district: str,
    key: str,
    *,
    owner: str,
    channel: str,
    addresses: Sequence[str],
    others: Sequence[str],
) -> str | None:
    """Let a claimed message go to somebody by a channel, unless one of the others has gone to these addresses by it, or is about to.

    From then on it counts as about to go, as with `let_go`. Return the key of that other one; None where this one may go.

    Args:
        addresses: of who is reached, as they may stand in messages; first the one this goes to.
        others: keys of the messages that tell the same.
    """
    m = table("message")
    there = (m.c.rendered_channel == channel, m.c.rendered_to.in_(addresses), m.c.status.in_(("sent", "waiting")))
    with _deciding(engine, district) as connection:
        same = select(m.c.key).where(m.c.district == district, m.c.key.in_(others), *there)
        gone: str | None = connection.scalar(same.limit(1))
        if gone is None:
            _note_going(connection, district, key, owner, channel, addresses[0])
        return gone


@contextmanager
def _deciding(engine: Engine, district: str) -> Generator[Connection]:
    """Give a connection for deciding what goes: one after another in a district, however many workers there are."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # SQLite has one writer anyway
            connection.execute(_ONE_AT_A_TIME, {"name": f"rectiflow let_go {district}"})
        yield connection


def _note_going(connection: Connection, district: str, key: str, owner: str, channel: str, address: str) -> None:
    m = table("message")
    held = (m.c.district == district, m.c.key == key, status_is(m.c.status, "waiting"), m.c.owner == owner)
    connection.execute(update(m).where(*held).values(rendered_channel=channel, rendered_to=address))


class Standing(NamedTuple):
    """Where a message stands (`returned`: sent, and come back), and by which channel it went or is to go, once it is in words."""

    status: str
    channel: str | None


def standing_of(engine: Engine, district: str, key: str) -> Standing | None:
    """Return where a message stands; None where there is none of that key."""
    m = table("message")
    status = case((m.c.returned_at.is_not(None), "returned"), else_=m.c.status)
    query = select(status, m.c.rendered_channel).where(m.c.district == district, m.c.key == key)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else Standing(*row)


def rows_of(engine: Engine, district: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the messages of these keys that there are."""
    m, found = table("message"), list[dict[str, Any]]()
    with reading(engine) as connection:
        for some in chunks(keys):
            query = select(m).where(m.c.district == district, m.c.key.in_(some)).order_by(m.c.key)
            found += [dict(row) for row in connection.execute(query).mappings()]
    return found


def acted_since(engine: Engine, district: str, number: str, seq: int) -> dict[int, str]:
    """Return which steps were taken on a hazard from a line of its history on, by the line."""
    e = table("event")
    since = (e.c.district == district, e.c.number == number, e.c.seq >= seq, e.c.kind == "acted")
    with reading(engine) as connection:
        found = connection.execute(select(e.c.seq, e.c.trigger).where(*since))
        return {int(row.seq): str(row.trigger) for row in found}


def told_beside(engine: Engine, district: str, number: str, person: str) -> list[dict[str, Any]]:
    """Return what a person was sent about a hazard, and what is to go: key, template, status, when it was written and sent."""
    m = table("message")
    mine = (m.c.district == district, m.c.number == number, m.c.recipient == person)
    there = (m.c.status.in_(("waiting", "held", "merged", "sent")), m.c.returned_at.is_(None))
    with reading(engine) as connection:
        found = connection.execute(
            select(m.c.key, m.c.template, m.c.status, m.c.created_at, m.c.sent_at).where(*mine, *there)
        )
        return [dict(row) for row in found.mappings()]


def waited_for(engine: Engine, district: str) -> list[str]:
    """Return for whom something is in the outbox that has not been sent."""
    m = table("message")
    some = (select(m.c.recipient).where(m.c.district == district, status_is(m.c.status, s)) for s in _UNSENT)
    with reading(engine) as connection:
        return list(connection.scalars(union(*some)))


def unsent(engine: Engine, district: str, persons: Sequence[str]) -> list[dict[str, Any]]:
    """Return what has not been sent to some persons, oldest first; not what is just being sent."""
    m, found = table("message"), list[dict[str, Any]]()
    for some in chunks(persons):
        query = select(m).where(m.c.district == district, m.c.owner.is_(None), m.c.recipient.in_(some))
        with reading(engine) as connection:
            rows = connection.execute(query.where(m.c.status.in_(_UNSENT))).mappings()
            found += [dict(row) for row in rows]
    return sorted(found, key=lambda row: (row["created_at"], row["seq"], row["key"]))


def readdress(
    engine: Engine, district: str, key: str, rows: Sequence[dict[str, Any]], *, why: str, now: datetime
) -> bool:
    """Take a message out with the reason, and write it anew to others; who has the same already gets no second one.

    Args:
        rows: the message as it is to be to each of them; what did not arrive is due at once.

    Returns:
        False where it has been sent meanwhile, or is just being sent; then nothing is changed.
    """
    m = table("message")
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    free = (m.c.district == district, m.c.key == key, m.c.owner.is_(None), m.c.status.in_(_UNSENT))
    with writing(engine) as connection:
        change = update(m).where(*free).values(status="cancelled", detail=why)
        number = connection.execute(change.returning(m.c.number)).first()
        if number is None:
            return False
        for row in rows:
            fresh = {**row, **_due(now), **_UNWORDED, "sent_at": None, "detail": None}
            held = {"status": "held"} if row["status"] == "held" else {}
            connection.execute(insert(m).values(**{**fresh, **held}).on_conflict_do_nothing())
        settle(connection, district, _about(number[0], key), now)
    return True


def astray(engine: Engine, district: str, number: str, endings: Sequence[str]) -> list[dict[str, Any]]:
    """Return what was told of a hazard, by itself or with others on a paper, and did not arrive.

    That is what was given up, what came back, and what waits for a reason that ends with one of these words.
    """
    m, own, item = table("message"), table("document_item"), table("document_item").alias("item")
    papers = select(own.c.document).where(own.c.district == district, own.c.number == number)
    beside = select(item.c.number).where(item.c.district == district, item.c.document.in_(papers))
    about = or_(m.c.number == number, m.c.number.in_(beside))
    with reading(engine) as connection:
        query = select(m).where(m.c.district == district, about, or_(_failed(m), _waits_for(m, endings)))
        return [dict(row) for row in connection.execute(query).mappings()]


def astray_lists(engine: Engine, district: str, number: str, occasions: Sequence[str]) -> list[dict[str, Any]]:
    """Return the lists that took in what was told of a hazard, and did not arrive or came back.

    Args:
        occasions: of lists.
    """
    m, found = table("message"), list[dict[str, Any]]()
    part = (m.c.district == district, m.c.number == number, m.c.status == "merged")
    lost = (status_is(m.c.status, "dead"), m.c.returned_at.is_not(None))
    with reading(engine) as connection:
        keys = list(connection.scalars(select(m.c.key).where(*part)))
        for which in lost if keys else ():
            query = select(m).where(m.c.district == district, which, m.c.template.in_(occasions))
            found += [dict(row) for row in connection.execute(query).mappings()]
    return [row for row in found if not set(keys).isdisjoint(taken_keys(row["params"]))]


def answered(
    engine: Engine, district: str, row: Mapping[str, Any], endings: Sequence[str], *, why: str, now: datetime
) -> None:
    """Take out a message that did not arrive and need not any more, and close what is open about it, with the reason.

    One that was sent and came back stays what it is. What is open about its recipient is closed with the last of them.
    """
    m, number, key = table("message"), row["number"], row["key"]
    with writing(engine) as connection:
        mine = (*_free(m, district, now), m.c.key == key, m.c.status.in_(("dead", "waiting")))
        connection.execute(update(m).where(*mine).values(status="cancelled", detail=why))
        theirs = (m.c.district == district, m.c.recipient == row["recipient"])
        more = select(m.c.key).where(*theirs, or_(m.c.status == "dead", _waits_for(m, endings)))
        last = connection.scalar(more.limit(1)) is None
        about = [*_about(number, key), *([f":unreached:{row['recipient']}"] if last else [])]
        settle(connection, district, about, now, why=why)


def told(engine: Engine, district: str, row: Mapping[str, Any], *, why: str, now: datetime) -> None:
    """Close what is open about a message that did not arrive, with the reason; the message stays as it is."""
    with writing(engine) as connection:
        settle(connection, district, _about(row["number"], row["key"]), now, why=why)


def _waits_for(m: Table, endings: Sequence[str]) -> ColumnElement[bool]:
    return and_(m.c.status == "waiting", or_(*(m.c.detail.like(f"%{ending}") for ending in endings)))


def _free(m: Table, district: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Choose the messages of a district that nobody is sending."""
    return m.c.district == district, or_(m.c.owner.is_(None), m.c.lease_until < now)


def _due(now: datetime) -> dict[str, Any]:
    return {"status": "waiting", "due_at": now, "attempts": 0, "owner": None, "lease_until": None}


def _about(number: str | None, key: str) -> tuple[str, str]:
    """Return the keys of the incidents about a message that did not arrive, or came back."""
    return f"{number or ''}:message:{key}", f"{number or ''}:returned:{key}"


def _failed(m: Table) -> ColumnElement[bool]:
    """Choose what did not arrive, and what was sent and came back."""
    return or_(m.c.status == "dead", and_(m.c.status == "sent", m.c.returned_at.is_not(None)))


def _keys(engine: Engine, query: Select[Any]) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(query))


def wake(engine: Engine, district: str, reason: str, *, now: datetime) -> int:
    """Make due what waits for a reason that ends with these words, and is not being sent; return how many."""
    m = table("message")
    meant = (
        hidden(m.c.district) == district,
        status_is(m.c.status, "waiting"),
        m.c.owner.is_(None),
        m.c.due_at > now,
        m.c.detail.like(f"%{reason}"),
    )
    with reading(engine) as connection:  # mostly there is none, and nobody need be kept from writing
        if connection.scalar(select(m.c.key).where(*meant).limit(1)) is None:
            return 0
    return _write(engine, update(m).where(*meant).values(due_at=now))


def cancel(engine: Engine, district: str, keys: Sequence[str], *, now: datetime, why: str = "") -> int:
    """Take messages out of the outbox, visibly, that wait, did not arrive or came back; return how many.

    Those just being sent are left. The incident about one that did not arrive, or came back, is closed with it.

    Args:
        why: what is said of them from now on.
    """
    m, count = table("message"), 0
    for some in chunks(keys):
        open_ones = or_(_failed(m), m.c.status.in_(("waiting", "held")))
        gone = {"status": "cancelled", "owner": None, "lease_until": None, "detail": why, "returned_at": None}
        change = update(m).where(*_free(m, district, now), m.c.key.in_(some), open_ones).values(**gone)
        with writing(engine) as connection:
            done = connection.execute(change.returning(m.c.key, m.c.number)).all()
            settle(connection, district, [about for key, number in done for about in _about(number, key)], now)
        count += len(done)
    return count


def _write(engine: Engine, change: Any) -> int:
    with writing(engine) as connection:
        return int(connection.execute(change).rowcount)
