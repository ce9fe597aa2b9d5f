"""What is asked of papers over several tickets, and of visits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Engine, select

from .connect import reading
from .tables import table

__all__ = [
    "find_papers",
    "findings_of",
    "inspections",
    "paper_items",
    "paper_text",
    "papers",
    "visit_of_key",
]


def papers(
    engine: Engine,
    district: str,
    *,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    units: Sequence[str] = (),
    limit: int | None = None,
) -> list[Any]:
    """Return papers, newest first, each with `items`, the numbers of its tickets in their order."""
    d, i = table("document"), table("document_item")
    query = select(d).where(d.c.district == district)
    for column, wanted in ((d.c.status, statuses), (d.c.kind, kinds), (d.c.unit, units)):
        query = query.where(column.in_(wanted)) if wanted else query
    with reading(engine) as connection:
        found = connection.execute(query.order_by(d.c.drafted_on.desc(), d.c.id.desc()).limit(limit)).mappings().all()
        ids = [row["id"] for row in found]
        rows = connection.execute(
            select(i.c.document, i.c.number)
            .where(i.c.district == district, i.c.document.in_(ids))
            .order_by(i.c.document, i.c.place, i.c.number)
        ).all()
    items: dict[str, list[str]] = {}
    for document, number in rows:
        items.setdefault(document, []).append(number)
    return [{**row, "items": tuple(items.get(row["id"], ()))} for row in found]


def paper_items(engine: Engine, district: str, paper: str) -> list[str]:
    """Return the numbers of the tickets on a paper, in their order on it; none where there is no such paper."""
    i = table("document_item")
    query = select(i.c.number).where(i.c.district == district, i.c.document == paper)
    with reading(engine) as connection:
        return list(connection.scalars(query.order_by(i.c.place, i.c.number)))


def paper_text(engine: Engine, district: str, paper: str) -> Any:
    """Return what a paper said when it was signed; None while it is a draft."""
    t = table("document_text")
    with reading(engine) as connection:
        return connection.scalar(select(t.c.body).where(t.c.district == district, t.c.document == paper))


def find_papers(engine: Engine, district: str, *, ending: str = "", number: str = "") -> list[str]:
    """Return ids of papers whose id ends in `ending`, or that bear a number; the newest year first."""
    d = table("document")
    query = select(d.c.id).where(d.c.district == district)
    query = query.where(d.c.number == number) if number else query.where(d.c.id.like(f"%{ending}"))
    with reading(engine) as connection:
        return list(connection.scalars(query.order_by(d.c.id.desc())))


def inspections(
    engine: Engine,
    district: str,
    *,
    number: str = "",
    ending: str = "",
    units: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    limit: int | None = None,
) -> list[Any]:
    """Return visits, the latest first; by number, by the end of a number, by unit, or between two days."""
    v = table("inspection")
    query = select(v).where(v.c.district == district)
    query = query.where(v.c.number == number) if number else query
    query = query.where(v.c.number.like(f"%{ending}")) if ending else query
    query = query.where(v.c.unit.in_(units)) if units else query
    query = query.where(v.c.visited_on >= since) if since else query
    query = query.where(v.c.visited_on <= until) if until else query
    with reading(engine) as connection:
        return list(
            connection.execute(query.order_by(v.c.visited_on.desc(), v.c.number.desc()).limit(limit)).mappings()
        )


def visit_of_key(engine: Engine, district: str, key: str) -> str | None:
    """Return the number of the visit that was put on record under a key."""
    v = table("inspection")
    with reading(engine) as connection:
        return connection.scalar(select(v.c.number).where(v.c.district == district, v.c.host_key == key))


def visit_of(engine: Engine, district: str, numbers: Sequence[str]) -> str | None:
    """Return the visit that found all of these hazards; None where there is none, or more than one."""
    f = table("finding")
    query = select(f.c.inspection, f.c.ticket).where(f.c.district == district, f.c.ticket.in_(numbers))
    with reading(engine) as connection:
        rows = list(connection.execute(query))
    visits = {visit for visit, _ in rows}
    return visits.pop() if len(visits) == 1 and {ticket for _, ticket in rows} == set(numbers) else None


def findings_of(engine: Engine, district: str, inspection: str) -> list[Any]:
    """Return the findings of a visit in their order."""
    f = table("finding")
    query = select(f).where(f.c.district == district, f.c.inspection == inspection).order_by(f.c.place)
    with reading(engine) as connection:
        return list(connection.execute(query).mappings())
