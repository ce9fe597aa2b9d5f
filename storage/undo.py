"""Keeps how a ticket stood before an action, and gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, and_, delete, func, insert, select

from rectiflow.engine.ticket import ClockRun, Document, Request, Snapshot, Ticket

from . import rows as r
from .connect import reading, writing
from .decode import (
    CLOCK_COLUMNS,
    DOCUMENT_COLUMNS,
    REQUEST_COLUMNS,
    TICKET_COLUMNS,
    read_clock,
    read_document,
    read_request,
    read_ticket,
)
from .tables import table

__all__ = ["keep_before", "messages_sent", "read_before"]

Before = tuple[Ticket, dict[str, ClockRun], tuple[Request, ...], tuple[Document, ...]]


def keep_before(engine: Engine, before: Snapshot) -> None:
    """Keep how a ticket stood before an action, in the place of what was kept before."""
    u, ticket = table("undo"), before.case
    body = r.standing_rows(ticket, before.clocks.values(), before.requests, before.documents)
    home = and_(u.c.district == ticket.district, u.c.number == ticket.number)
    row = {"district": ticket.district, "number": ticket.number, "rev": ticket.rev, "body": body}
    with writing(engine) as connection:
        connection.execute(delete(u).where(home))
        connection.execute(insert(u).values(row))


def read_before(engine: Engine, district: str, number: str) -> Before | None:
    """Return how a ticket stood before its last action, with its clocks, requests and papers; None when not kept."""
    u = table("undo")
    with reading(engine) as connection:
        body = connection.scalar(select(u.c.body).where(u.c.district == district, u.c.number == number))
    if body is None:
        return None
    runs = [read_clock([c[n] for n in CLOCK_COLUMNS]) for c in body["clocks"]]
    return (
        read_ticket([body["ticket"][n] for n in TICKET_COLUMNS]),
        {run.clock: run for run in runs},
        tuple(read_request([q[n] for n in REQUEST_COLUMNS]) for q in body["requests"]),
        tuple(_paper(d) for d in body["documents"]),
    )


def messages_sent(engine: Engine, district: str, number: str, seq: int) -> int:
    """Count the messages of a line of history that have left, or are just being sent."""
    m = table("message")
    left = m.c.status.not_in(("waiting", "held")) | m.c.owner.is_not(None)
    query = select(func.count()).select_from(m)
    with reading(engine) as connection:
        found = connection.scalar(
            query.where(m.c.district == district, m.c.number == number, m.c.seq == seq, m.c.status != "cancelled", left)
        )
        return int(found or 0)


def _paper(row: Mapping[str, Any]) -> Document:
    return read_document([row[n] for n in DOCUMENT_COLUMNS])
