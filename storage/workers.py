"""Workers and their work at a glance: who lives, what is due, what waits. Every figure is of what is armed or waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Engine, delete, func, insert, select, update

from .connect import reading, writing
from .phrases import hidden, status_is
from .tables import table

__all__ = ["FORGOTTEN", "LATE", "Figures", "Worker", "beat", "figures", "leave", "workers"]

FORGOTTEN = timedelta(days=1)  #: after the last beat; then a worker's row is removed
LATE = timedelta(minutes=5)  #: how long something may be due before it is late


class Worker(Struct, frozen=True, kw_only=True):
    """One process of `rectiflow run`, or a host's timed `rectiflow tick`, as it said of itself or is about to."""

    owner: str
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None = None


class Figures(Struct, frozen=True, kw_only=True):
    """What waits to be done in one district."""

    due: int
    late: int
    oldest: datetime | None  #: when the timer that waits longest was due
    waiting: int
    dead: int
    incidents: int


def beat(engine: Engine, worker: Worker) -> None:
    """Say that a worker lives, for the first time or again; rows of the dead are removed after a day."""
    w = table("worker")
    mine = update(w).where(w.c.owner == worker.owner).values(beat_at=worker.beat_at, stopped_at=None)
    with writing(engine) as connection:
        if connection.execute(mine).rowcount == 0:
            connection.execute(insert(w).values(**asdict(worker)))
        connection.execute(delete(w).where(w.c.beat_at < worker.beat_at - FORGOTTEN))


def leave(engine: Engine, owner: str, *, now: datetime) -> None:
    """Say that a worker has stopped in peace."""
    w = table("worker")
    with writing(engine) as connection:
        connection.execute(update(w).where(w.c.owner == owner).values(beat_at=now, stopped_at=now))


def workers(engine: Engine, district: str) -> list[Worker]:
    """Return the workers of a district in the last day, who beat last first. Its code begins their names as owners."""
    w = table("worker")
    with reading(engine) as connection:
        rows = connection.execute(select(w).order_by(w.c.beat_at.desc())).mappings()
        return [Worker(**row) for row in rows if row["owner"].startswith(f"{district}/")]


def figures(engine: Engine, district: str, *, now: datetime) -> Figures:
    """Count what is due, what is late, what waits and what needs a person."""
    t, m, i = table("timer"), table("message"), table("incident")
    armed = (status_is(t.c.status, "armed"), hidden(t.c.district) == district)  # few are due
    due = select(func.count(), func.min(t.c.due_at)).where(*armed, t.c.due_at <= now)
    late = select(func.count()).where(*armed, t.c.due_at < now - LATE)
    home = hidden(m.c.district)  # few wait, and few are dead; a district's messages are many
    waiting = select(func.count(m.c.due_at)).where(status_is(m.c.status, "waiting"), home == district)
    dead = select(func.count(m.c.created_at)).where(status_is(m.c.status, "dead"), home == district)
    needing = select(func.count()).where(status_is(i.c.status, "open"), i.c.district == district)
    with reading(engine) as connection:
        count, oldest = connection.execute(due).one()
        counts = [int(connection.scalar(query) or 0) for query in (late, waiting, dead, needing)]
    return Figures(
        due=int(count), oldest=oldest, late=counts[0], waiting=counts[1], dead=counts[2], incidents=counts[3]
    )
