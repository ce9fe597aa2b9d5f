"""The organisation in the database: written as a whole, read as one frozen Directory per revision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from rectiflow.engine.directory import Directory, District, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.errors import NotFound, WorkplaceError

from .statements import table

__all__ = ["add_district", "districts", "read_directory", "write_organisation"]

_OPEN = date.min  #: stands for “from the beginning” in a key


def add_district(engine: Engine, district: District, *, rehearsal: bool = False) -> None:
    """Register a district and its number prefix.

    Raises:
        WorkplaceError: the code or the prefix is taken by another district.
    """
    d = table("district")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        known = connection.execute(select(d.c.code, d.c.prefix).where((d.c.code == district.code) | (d.c.prefix == district.prefix)))
        for code, prefix in known:
            if (code, prefix) == (district.code, district.prefix):
                return
            raise WorkplaceError(f"区划代码 {code} 已用编号前缀 {prefix}，不能再登记 {district.code}/{district.prefix}。")
        connection.execute(
            insert(d).values(code=district.code, prefix=district.prefix, name=district.name, revision=1, rehearsal=rehearsal)
        )


def districts(engine: Engine) -> dict[str, tuple[District, bool]]:
    """Return every district of the database with whether it is a rehearsal, by code."""
    d = table("district")
    with engine.connect() as connection:
        rows = connection.execute(select(d.c.code, d.c.prefix, d.c.name, d.c.rehearsal).order_by(d.c.code))
        return {r.code: (District(code=r.code, prefix=r.prefix, name=r.name), bool(r.rehearsal)) for r in rows}


def write_organisation(
    engine: Engine,
    district: str,
    *,
    units: Iterable[Unit] = (),
    posts: Iterable[Post] = (),
    persons: Iterable[Person] = (),
    holdings: Iterable[Holding] = (),
    substitutions: Iterable[Substitution] = (),
) -> int:
    """Add or replace entries of the organisation by their ids in one transaction; return the new revision.

    Entries not named stay. A person's account taken over from somebody else is refused by the database.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _replace(connection, "unit", district, ("id",), [_unit_row(u) for u in units])
        _replace(connection, "post", district, ("id",), [_post_row(p) for p in posts])
        _replace(connection, "person", district, ("id",), [_person_row(p) for p in persons])
        _replace(connection, "holding", district, ("post", "person", "since_on"), [_holding_row(h) for h in holdings])
        _replace(
            connection, "substitution", district, ("person", "deputy", "since_on"),
            [{"person": s.person, "deputy": s.deputy, "since_on": s.since, "until_on": s.until} for s in substitutions],
        )
        return _raise_revision(connection, district)


def read_directory(engine: Engine, district: str) -> Directory:
    """Read a district's organisation as of its present revision.

    Raises:
        NotFound: the district is not registered.
    """
    d = table("district")
    with engine.connect() as connection, connection.begin():
        row = connection.execute(select(d).where(d.c.code == district)).first()
        if row is None:
            raise NotFound(f"没有登记区划代码为“{district}”的区，请先运行 rectiflow init。")
        return Directory(
            district=District(code=row.code, prefix=row.prefix, name=row.name),
            revision=row.revision,
            units=[
                Unit(id=r.id, name=r.name, kind=r.kind, parent=r.parent, aliases=tuple(r.aliases), active=r.active, successor=r.successor)
                for r in _rows(connection, "unit", district)
            ],
            posts=[
                Post(id=r.id, unit=r.unit, title=r.title, roles=frozenset(r.roles)) for r in _rows(connection, "post", district)
            ],
            persons=[
                Person(id=r.id, name=r.name, phone=r.phone, email=r.email, account=r.account, grants=frozenset(r.grants))
                for r in _rows(connection, "person", district)
            ],
            holdings=[
                Holding(post=r.post, person=r.person, since=None if r.since_on == _OPEN else r.since_on, until=r.until_on)
                for r in _rows(connection, "holding", district)
            ],
            substitutions=[
                Substitution(person=r.person, deputy=r.deputy, since=r.since_on, until=r.until_on)
                for r in _rows(connection, "substitution", district)
            ],
        )


def _rows(connection: Connection, name: str, district: str) -> list[Any]:
    t = table(name)
    return list(connection.execute(select(t).where(t.c.district == district).order_by(*t.primary_key)))


def _replace(connection: Connection, name: str, district: str, key: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    t = table(name)
    for row in rows:
        connection.execute(delete(t).where(t.c.district == district, *(t.c[k] == row[k] for k in key)))
    if rows:
        connection.execute(insert(t), [{"district": district, **row} for row in rows])


def _raise_revision(connection: Connection, district: str) -> int:
    d = table("district")
    changed = connection.execute(
        update(d).where(d.c.code == district).values(revision=d.c.revision + 1).returning(d.c.revision)
    ).scalar()
    if changed is None:
        raise NotFound(f"没有登记区划代码为“{district}”的区，请先运行 rectiflow init。")
    return int(changed)


def _unit_row(u: Unit) -> dict[str, Any]:
    return {
        "id": u.id, "name": u.name, "kind": u.kind, "parent": u.parent, "aliases": list(u.aliases), "active": u.active,
        "successor": u.successor,
    }


def _post_row(p: Post) -> dict[str, Any]:
    return {"id": p.id, "unit": p.unit, "title": p.title, "roles": sorted(p.roles)}


def _person_row(p: Person) -> dict[str, Any]:
    return {
        "id": p.id, "name": p.name, "phone": p.phone, "email": p.email, "account": p.account, "grants": sorted(p.grants),
    }


def _holding_row(h: Holding) -> dict[str, Any]:
    return {"post": h.post, "person": h.person, "since_on": h.since or _OPEN, "until_on": h.until}
