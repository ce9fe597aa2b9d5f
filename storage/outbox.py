"""The outbox in the hands of a person: what waits or did not arrive is sent again, hurried, taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, Table, and_, case, func, or_, select, text, update

from .connect import reading, writing
from .phrases import chunks, hidden, status_is
from .queries import settle
from .statements import CLAIMED_MESSAGE
from .tables import table

__all__ = ["Measure", "Standing", "cancel", "given_after", "hurry", "let_go", "retry", "standing_of", "take", "wake"]

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def retry(engine: Engine, district: str, keys: Sequence[str] | None, *, now: datetime) -> int:
    """Make messages due at once that did not arrive, came back, wait or are held, their attempts counted anew; return how many.

    What did not arrive or came back is put into words anew, and its incident is closed; what is just being sent is left
    alone.

    Args:
        keys: which ones; None for all that did not arrive or came back.
    """
    m = table("message")
    rendered = ("rendered_channel", "rendered_to", "rendered_subject", "rendered_id", "rendered_body")
    anew = dict.fromkeys((*rendered, "returned_at"))
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
            dead = connection.execute(again.values(**due, **anew)).all()
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

    From then on it counts as about to go, until it is finished in another way. Decided one after another in a district, so
    that several workers keep one measure.

    Args:
        addresses: of who is reached, as they may stand in messages; first the one this goes to.
    """
    m = table("message")
    mine = (m.c.district == district, m.c.rendered_to.in_(addresses))
    going = (*mine, status_is(m.c.status, "waiting"), m.c.key != key)
    sent = (*mine, status_is(m.c.status, "sent"), m.c.sent_at >= measure.since)
    count = Counter[str]()
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # SQLite has one writer anyway
            connection.execute(_ONE_AT_A_TIME, {"name": f"rectiflow let_go {district}"})
        for which in (going, sent):
            by_channel = select(m.c.rendered_channel, func.count()).where(*which).group_by(m.c.rendered_channel)
            count.update(dict(connection.execute(by_channel).all()))
        if 0 < measure.most <= count.total() or 0 < measure.by_channel <= count[channel]:
            return False
        held = (m.c.district == district, m.c.key == key, status_is(m.c.status, "waiting"), m.c.owner == owner)
        connection.execute(update(m).where(*held).values(rendered_channel=channel, rendered_to=addresses[0]))
        return True


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


def given_after(engine: Engine, district: str, number: str, seq: int) -> bool:
    """Tell whether a hazard was given to somebody once more after a line of its history."""
    m = table("message")
    later = (
        m.c.district == district,
        m.c.number == number,
        m.c.seq > seq,
        m.c.template.in_(("assigned", "reassigned")),
    )
    with reading(engine) as connection:
        return connection.scalar(select(m.c.key).where(*later).limit(1)) is not None


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
