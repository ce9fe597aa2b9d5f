"""The organisation in the database: written as a whole, read as one frozen Directory per revision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from rectiflow.engine.directory import Changes, Directory, District, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.errors import NotFound, WorkplaceError

from .connect import reading, writing
from .tables import table

__all__ = ["add_district", "districts", "read_directory", "write_changes", "write_organisation"]

_OPEN = date.min  #: stands for “from the beginning” in a key


def add_district(engine: Engine, district: District, *, rehearsal: bool = False) -> None:
    """Register a district and its number prefix.

    Raises:
        WorkplaceError: the code or the prefix is taken by another district; or rehearsals and real ones would be together.
    """
    d = table("district")
    row = {"code": district.code, "prefix": district.prefix, "name": district.name, "revision": 1}
    same = (d.c.code == district.code) | (d.c.prefix == district.prefix)
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"LOCK TABLE {d.name} IN SHARE ROW EXCLUSIVE MODE")  # two might add it at once
        there_are = connection.execute(select(d.c.code, d.c.rehearsal).order_by(d.c.code)).all()
        apart = next((code for code, rehearsed in there_are if bool(rehearsed) != rehearsal), None)
        if apart is not None:
            there, here = ("正式", "演练") if rehearsal else ("演练", "正式")
            raise WorkplaceError(f"这个数据库里有{there}工作的区（{apart}），{here}的请另建一个数据库。")
        known = connection.execute(select(d.c.code, d.c.prefix).where(same)).all()
        if not known:
            connection.execute(insert(d).values(**row, rehearsal=rehearsal))
        for code, prefix in known:
            if (code, prefix) != (district.code, district.prefix):
                raise WorkplaceError(
                    f"区划代码 {code} 已用编号前缀 {prefix}，不能再登记 {district.code}/{district.prefix}。"
                )


def districts(engine: Engine) -> dict[str, tuple[District, bool]]:
    """Return every district of the database with whether it is a rehearsal, by code."""
    d = table("district")
    with reading(engine) as connection:
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

    Entries not named stay. Two writers take turns.

    Raises:
        NotFound: the district is not registered.
        WorkplaceError: an account would belong to two persons; nothing is written.
    """
    changes = Changes(
        units=tuple(units),
        posts=tuple(posts),
        persons=tuple(persons),
        holdings=tuple(holdings),
        substitutions=tuple(substitutions),
    )
    with writing(engine) as connection:
        return write_changes(connection, district, changes)


def write_changes(connection: Connection, district: str, changes: Changes) -> int:
    """Write changes of the organisation in the transaction of a connection; return the new revision.

    Raises:
        NotFound, WorkplaceError: as of `write_organisation`; the transaction must be undone.
    """
    revision = _raise_revision(connection, district)  # first: whoever comes next waits here
    _refuse_shared_accounts(connection, district, list(changes.persons))
    _replace(connection, "unit", district, ("id",), [_unit_row(u) for u in changes.units])
    _replace(connection, "post", district, ("id",), [_post_row(p) for p in changes.posts])
    _replace(connection, "person", district, ("id",), [_person_row(p) for p in changes.persons])
    held = [_holding_row(h) for h in changes.holdings]
    _replace(connection, "holding", district, ("post", "person", "since_on"), held)
    _drop_substitutions(connection, district, changes.dropped)
    stood_in = [_substitution_row(s) for s in changes.substitutions]
    _replace(connection, "substitution", district, ("person", "deputy", "since_on"), stood_in)
    return revision


def read_directory(engine: Engine, district: str) -> Directory:
    """Read a district's organisation as of its present revision.

    Raises:
        NotFound: the district is not registered.
    """
    d = table("district")
    with reading(engine) as connection:
        row = connection.execute(select(d).where(d.c.code == district)).first()
        if row is None:
            raise _unknown(district)
        return Directory(
            district=District(code=row.code, prefix=row.prefix, name=row.name),
            revision=row.revision,
            units=[
                Unit(
                    id=r.id,
                    name=r.name,
                    kind=r.kind,
                    parent=r.parent,
                    aliases=tuple(r.aliases),
                    active=r.active,
                    successor=r.successor,
                )
                for r in _rows(connection, "unit", district)
            ],
            posts=[
                Post(id=r.id, unit=r.unit, title=r.title, roles=frozenset(r.roles))
                for r in _rows(connection, "post", district)
            ],
            persons=[
                Person(
                    id=r.id,
                    name=r.name,
                    phone=r.phone,
                    email=r.email,
                    account=r.account,
                    grants=frozenset(r.grants),
                    channels=tuple(r.channels.split(",")) if r.channels else (),
                )
                for r in _rows(connection, "person", district)
            ],
            holdings=[
                Holding(
                    post=r.post, person=r.person, since=None if r.since_on == _OPEN else r.since_on, until=r.until_on
                )
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


def _replace(
    connection: Connection, name: str, district: str, key: tuple[str, ...], rows: list[dict[str, Any]]
) -> None:
    """Write rows in place of those with the same key; of two in the list the later one counts."""
    t = table(name)
    written = {tuple(row[k] for k in key): row for row in rows}
    for values in written:
        same = (t.c[k] == value for k, value in zip(key, values, strict=True))
        connection.execute(delete(t).where(t.c.district == district, *same))
    if written:
        connection.execute(insert(t), [{"district": district, **row} for row in written.values()])


def _drop_substitutions(connection: Connection, district: str, dropped: Iterable[Substitution]) -> None:
    t = table("substitution")
    for s in dropped:
        same = (t.c.person == s.person, t.c.deputy == s.deputy, t.c.since_on == s.since)
        connection.execute(delete(t).where(t.c.district == district, *same))


def _refuse_shared_accounts(connection: Connection, district: str, people: list[Person]) -> None:
    """Say of every account that two persons would have who they are; one person only can be behind it."""
    t = table("person")
    new = {p.id for p in people}
    known = connection.execute(select(t.c.id, t.c.name, t.c.account).where(t.c.district == district))
    owners: dict[str, list[str]] = {}
    for name, account in [(r.name, r.account) for r in known if r.id not in new] + [
        (p.name, p.account) for p in people
    ]:
        if account:
            owners.setdefault(account, []).append(name)
    shared = [f"账号“{account}”同时写给了{'、'.join(names)}" for account, names in owners.items() if len(names) > 1]
    if shared:
        raise WorkplaceError("；".join(shared) + "；一个账号只能属于一个人，请改正后重新导入，什么也没有写入。")


def _raise_revision(connection: Connection, district: str) -> int:
    d = table("district")
    changed = connection.execute(
        update(d).where(d.c.code == district).values(revision=d.c.revision + 1).returning(d.c.revision)
    ).scalar()
    if changed is None:
        raise _unknown(district)
    return int(changed)


def _unit_row(u: Unit) -> dict[str, Any]:
    return {
        "id": u.id,
        "name": u.name,
        "kind": u.kind,
        "parent": u.parent,
        "aliases": list(u.aliases),
        "active": u.active,
        "successor": u.successor,
    }


def _post_row(p: Post) -> dict[str, Any]:
    return {"id": p.id, "unit": p.unit, "title": p.title, "roles": sorted(p.roles)}


def _person_row(p: Person) -> dict[str, Any]:
    return {
        "id": p.id,
        "name": p.name,
        "phone": p.phone,
        "email": p.email,
        "account": p.account,
        "grants": sorted(p.grants),
        "channels": ",".join(p.channels) or None,
    }


def _holding_row(h: Holding) -> dict[str, Any]:
    return {"post": h.post, "person": h.person, "since_on": h.since or _OPEN, "until_on": h.until}


def _substitution_row(s: Substitution) -> dict[str, Any]:
    return {"person": s.person, "deputy": s.deputy, "since_on": s.since, "until_on": s.until}


def _unknown(district: str) -> NotFound:
    named = f"没有登记区划代码为“{district}”的区" if district else "数据库里还没有登记任何区"
    return NotFound(f"{named}，请先运行 rectiflow init；已经建立过的，请核对数据库地址。")
