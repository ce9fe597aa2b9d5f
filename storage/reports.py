"""Made reports: one row an edition; the row itself is the claim that it is made once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Engine, RowMapping, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from .connect import reading, writing
from .tables import table

__all__ = ["MADE", "MAKING", "Edition", "claim", "drop", "editions", "finish", "first_entry", "take_over"]

MAKING, MADE = "making", "made"


class Edition(Struct, frozen=True, kw_only=True):
    """One edition (版次) of a report, made or being made; `lease_until` is when its maker is taken for crashed."""

    district: str
    kind: str
    period: str
    edition: int
    status: str
    cutoff_at: datetime
    made_at: datetime | None = None
    late: bool = False
    owner: str | None = None
    lease_until: datetime | None = None
    paths: tuple[str, ...] = ()


def editions(engine: Engine, district: str, kind: str, period: str | None = None) -> list[Edition]:
    """Return the editions of a kind of report, by period and number."""
    r = table("report")
    query = select(r).where(r.c.district == district, r.c.kind == kind)
    query = query.where(r.c.period == period) if period is not None else query
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(r.c.period, r.c.edition)).mappings()
        return [_read(row) for row in rows]


def first_entry(engine: Engine, district: str) -> datetime | None:
    """Return when the district's first ticket was put on record; numbers are given in the order of entry."""
    t = table("ticket")
    query = select(t.c.opened_at).where(t.c.district == district).order_by(t.c.number).limit(1)
    with reading(engine) as connection:
        found: datetime | None = connection.scalar(query)
        return found


def claim(engine: Engine, edition: Edition) -> bool:
    """Put a row for an edition that is to be made; False when somebody else has that edition."""
    row: dict[str, Any] = {
        "district": edition.district, "kind": edition.kind, "period": edition.period, "edition": edition.edition,
        "status": MAKING, "cutoff_at": edition.cutoff_at, "made_at": None, "late": edition.late,
        "owner": edition.owner, "lease_until": edition.lease_until, "paths": [],
    }  # fmt: skip
    try:
        _write(engine, insert(table("report")).values(**row))
    except IntegrityError:
        return False
    return True


def take_over(engine: Engine, edition: Edition, *, owner: str, now: datetime, lease: timedelta) -> bool:
    """Take an edition whose maker crashed; False when the lease still holds or somebody else was faster."""
    r = table("report")
    free = and_(_is(edition), r.c.status == MAKING, r.c.lease_until < now)
    return _write(engine, update(r).where(free).values(owner=owner, lease_until=now + lease)) == 1


def finish(engine: Engine, edition: Edition, *, owner: str, made_at: datetime, paths: Sequence[str]) -> bool:
    """Record that an edition is made; False when it was taken over meanwhile."""
    r = table("report")
    values = {"status": MADE, "made_at": made_at, "owner": None, "lease_until": None, "paths": list(paths)}
    return _write(engine, update(r).where(_is(edition), r.c.owner == owner).values(**values)) == 1


def drop(engine: Engine, edition: Edition, *, owner: str) -> None:
    """Give a claim back that came to nothing; the number of the edition is free again."""
    r = table("report")
    _write(engine, delete(r).where(_is(edition), r.c.owner == owner, r.c.status == MAKING))


def _read(row: RowMapping) -> Edition:
    values = {name: row[name] for name in Edition.__struct_fields__}
    values["late"], values["paths"] = bool(row["late"]), tuple(row["paths"])
    return Edition(**values)


def _is(edition: Edition) -> ColumnElement[bool]:
    r = table("report")
    key = (edition.district, edition.kind, edition.period, edition.edition)
    columns = (r.c.district, r.c.kind, r.c.period, r.c.edition)
    return and_(*(column == value for column, value in zip(columns, key, strict=True)))


def _write(engine: Engine, change: Any) -> int:
    with writing(engine) as connection:
        return int(connection.execute(change).rowcount)
