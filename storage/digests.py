"""The digest of a day: what was held for a person becomes one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rectiflow.engine.decision import MessageDraft

from .connect import reading, writing
from .phrases import hidden, status_is
from .queries import settle
from .rows import message_row
from .tables import table
from .types import read_instant

__all__ = [
    "TAKEN_IN",
    "behind",
    "cancel_held",
    "going",
    "held",
    "let_out",
    "merge",
    "note_sent",
    "parts",
    "release",
    "take_apart",
    "take_back",
    "taken_keys",
    "there",
]


TAKEN_IN = "taken_in"  #: parameter of a digest: the keys of what it took in, a line each


def taken_keys(params: Mapping[str, Any]) -> list[str]:
    """Return the keys of what a digest took in."""
    return str(params.get(TAKEN_IN) or "").splitlines()


class _ThereAlready(Exception):
    """The digest of that person and day is in the outbox; nothing is changed."""


def held(engine: Engine, district: str, *, until: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return what was held in a district until an instant, for each person in the order it was written."""
    m = table("message")
    query = (
        select(m)
        .where(m.c.district == district, m.c.status == "held", m.c.created_at <= until)
        .order_by(m.c.created_at, m.c.key)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    with reading(engine) as connection:
        for row in connection.execute(query).mappings():
            found.setdefault(row["recipient"], []).append(dict(row))
    return found


def parts(engine: Engine, district: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a list took in, by these keys, in their order; not what has been let out of it since."""
    m, found = table("message"), dict[str, dict[str, Any]]()
    with reading(engine) as connection:
        for some in _chunks(keys):
            mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "merged")
            found |= {row["key"]: dict(row) for row in connection.execute(select(m).where(*mine)).mappings()}
    return [found[key] for key in keys if key in found]


def going(engine: Engine, district: str, *, now: datetime) -> list[dict[str, Any]]:
    """Return the urgent messages about hazards that are due and were not tried yet, in the order they were written."""
    m = table("message")
    fresh = (m.c.owner.is_(None), m.c.attempts == 0, m.c.rendered_to.is_(None))
    mine = (hidden(m.c.district) == district, status_is(m.c.status, "waiting"), m.c.due_at <= now, *fresh)
    query = select(m).where(*mine, m.c.urgent, m.c.number.is_not(None)).order_by(m.c.created_at, m.c.key)
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def behind(engine: Engine, district: str) -> frozenset[str]:
    """Return the keys of the messages that wait behind an earlier one, by the same way, about the same hazard to the same person."""
    m, earlier = table("message"), table("message").alias("earlier")
    same = [getattr(m.c, name) == getattr(earlier.c, name) for name in ("number", "recipient")]
    way = func.coalesce(m.c.channel, "") == func.coalesce(earlier.c.channel, "")
    waits = [
        cond for t in (m, earlier) for cond in (hidden(t.c.district) == district, status_is(t.c.status, "waiting"))
    ]
    query = select(m.c.key).where(*waits, *same, way, earlier.c.seq < m.c.seq)
    with reading(engine) as connection:
        return frozenset(connection.scalars(query))


def there(engine: Engine, district: str, keys: Sequence[str]) -> frozenset[str]:
    """Return which of these keys of messages are in the outbox."""
    m = table("message")
    with reading(engine) as connection:
        return frozenset(
            key
            for some in _chunks(keys)
            for key in connection.scalars(select(m.c.key).where(m.c.district == district, m.c.key.in_(some)))
        )


def merge(
    engine: Engine,
    district: str,
    digest: Callable[[Sequence[str]], MessageDraft],
    keys: Sequence[str],
    detail: str,
    *,
    now: datetime,
    status: str = "held",
) -> bool:
    """Put a digest into the outbox in the place of what is held; False when that is nothing, or it is there already.

    Args:
        status: of what it takes the place of: held, or waiting and not just being sent.
        digest: makes the message of those of `keys` that are held still: somebody may have sent or cancelled some by hand.
    """
    m = table("message")
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    try:
        with writing(engine) as connection:
            taken: list[str] = []
            for some in _chunks(keys):
                mine = (m.c.district == district, m.c.key.in_(some), m.c.status == status, m.c.owner.is_(None))
                change = update(m).where(*mine).values(status="merged", detail=detail)
                taken += connection.scalars(change.returning(m.c.key))
            if not taken:
                return False
            row = message_row(district, None, 0, digest([k for k in keys if k in set(taken)]), now)
            values = {k: read_instant(v) if k in ("created_at", "due_at") else v for k, v in row.items()}
            fresh = insert(m).values(**values).on_conflict_do_nothing().returning(m.c.key)
            if connection.scalar(fresh) is None:
                raise _ThereAlready
    except _ThereAlready:
        return False
    return True


def note_sent(engine: Engine, district: str, keys: Sequence[str], *, now: datetime) -> None:
    """Note on what a list took in that it has been told now."""
    m = table("message")
    for some in _chunks(keys):
        with writing(engine) as connection:
            mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "merged")
            connection.execute(update(m).where(*mine).values(sent_at=now))


def take_back(engine: Engine, district: str, template: str, *, before: str, new: str) -> int:
    """Hold again what earlier digests took in that were never handed over, so that one of today says what is still so.

    Args:
        template: of digests; their keys begin with it and their day.
        before: the day of the new digest.
        new: noted of the digests that are taken out.

    Returns:
        how many digests were taken out.
    """
    m = table("message")
    untried = (status_is(m.c.status, "waiting"), m.c.owner.is_(None), m.c.attempts == 0)
    old = (hidden(m.c.district) == district, m.c.template == template, m.c.key < f"{template}:{before}", *untried)
    with reading(engine) as connection:  # mostly there is none, and nobody need be kept from writing
        if connection.scalar(select(m.c.key).where(*old).limit(1)) is None:
            return 0
    with writing(engine) as connection:
        gone = connection.execute(
            update(m).where(*old).values(status="cancelled", detail=new).returning(m.c.params)
        ).all()
        for (params,) in gone:
            _put_back(connection, district, params, "held")
    return len(gone)


def take_apart(engine: Engine, district: str, key: str, *, status: str, why: str, now: datetime) -> bool:
    """Take out a list that has not been sent, with the reason, and put back what it took in; False where it is being sent.

    Args:
        status: of what is put back: held, or waiting and due at once.
    """
    m = table("message")
    unsent = (m.c.status.in_(("waiting", "held", "dead")), m.c.owner.is_(None))
    mine = (m.c.district == district, m.c.key == key, *unsent)
    with writing(engine) as connection:
        change = update(m).where(*mine).values(status="cancelled", detail=why).returning(m.c.params)
        params = connection.scalar(change)
        if params is None:
            return False
        _put_back(connection, district, params, status)
        settle(connection, district, [f":message:{key}"], now, why=why)
    return True


def _put_back(connection: Connection, district: str, params: Mapping[str, Any], status: str) -> None:
    m = table("message")
    for some in _chunks(taken_keys(params)):
        mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "merged")
        connection.execute(update(m).where(*mine).values(status=status))


def release(engine: Engine, district: str, *, now: datetime) -> int:
    """Let all that is held be sent by itself; return how many."""
    m = table("message")
    mine = (m.c.district == district, m.c.status == "held")
    with reading(engine) as connection:  # mostly there is none, and nobody need be kept from writing
        if connection.scalar(select(m.c.key).where(*mine).limit(1)) is None:
            return 0
    with writing(engine) as connection:
        return connection.execute(update(m).where(*mine).values(status="waiting", due_at=now)).rowcount


def let_out(engine: Engine, district: str, keys: Sequence[str], *, now: datetime) -> None:
    """Let these messages be sent by themselves, where they are held still."""
    m = table("message")
    with writing(engine) as connection:
        for some in _chunks(keys):
            mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "held")
            connection.execute(update(m).where(*mine).values(status="waiting", due_at=now))


def cancel_held(engine: Engine, district: str, keys: Sequence[str], detail: str) -> None:
    """Take messages out that were held, with the reason."""
    m = table("message")
    with writing(engine) as connection:
        for some in _chunks(keys):
            mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "held")
            connection.execute(update(m).where(*mine).values(status="cancelled", detail=detail))


def _chunks(keys: Sequence[str], size: int = 400) -> list[Sequence[str]]:
    return [keys[start : start + size] for start in range(0, len(keys), size)]
