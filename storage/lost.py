"""Lost timers: what a running clock waits for, and no timer stands for it. A row that went astray is put back by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Select, and_, literal, null, select
from sqlalchemy.dialects import postgresql, sqlite

from rectiflow.engine.ticket import TimerKey

from .connect import reading, writing
from .phrases import status_is
from .tables import table

__all__ = ["lost_timers", "put_back"]

_STANDS = ("armed", "failed")  #: a timer given up has an incident of its own


def lost_timers(engine: Engine, district: str) -> list[tuple[str, TimerKey]]:
    """Return the tickets with a running clock whose next step will never come, and that step."""
    with reading(engine) as connection:
        found = connection.execute(_missing(district)).mappings()
        return sorted((row["number"], TimerKey(*(row[n] for n in TimerKey._fields))) for row in found)


def put_back(engine: Engine, district: str) -> int:
    """Arm every lost timer for the instant it belongs to; return how many.

    The clock says what is behind it, so a row that is there and says that it fired is wrong, and is overwritten. Where
    the ticket moves on meanwhile, the timer comes to nothing when it is due.
    """
    t = table("timer")
    make = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    row = _missing(district)
    first = make(t).from_select([c.name for c in row.selected_columns], row)
    key = [c.name for c in t.primary_key]
    again = first.on_conflict_do_update(
        index_elements=key,
        set_={c.name: first.excluded[c.name] for c in t.c if c.name not in key},
        where=t.c.status.not_in(_STANDS),
    )
    with writing(engine) as connection:
        return int(connection.execute(again).rowcount)


def _missing(district: str) -> Select[Any]:
    """Select the rows of timers that should stand armed and do not."""
    ticket, clock, timer = table("ticket"), table("clock"), table("timer")
    home = and_(clock.c.district == ticket.c.district, clock.c.number == ticket.c.number)
    same = ("district", "number", "clock", "run", "version")
    stands = select(timer.c.number).where(
        *(timer.c[name] == clock.c[name] for name in same),
        timer.c.step == clock.c.next_step,
        timer.c.occurrence == clock.c.next_occurrence,
        timer.c.status.in_(_STANDS),
    )
    return (
        select(
            *(clock.c[name] for name in same),
            clock.c.next_step.label("step"),
            clock.c.next_occurrence.label("occurrence"),
            literal("armed").label("status"),
            clock.c.next_at.label("due_at"),
            null().label("fired_at"),
            null().label("owner"),
            null().label("lease_until"),
            literal(0).label("attempts"),
            null().label("error"),
        )
        .join_from(ticket, clock, home)
        .where(
            ticket.c.district == district,
            ticket.c.is_open.is_(True),
            status_is(clock.c.status, "running"),
            clock.c.next_step.is_not(None),
            clock.c.next_at.is_not(None),
            ~stands.exists(),
        )
    )
