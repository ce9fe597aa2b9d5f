"""Turns at receivers that take only so many messages, given out to every process that sends from one database."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Engine, Float, case, extract, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from .connect import reading, writing
from .tables import table

__all__ = ["FURTHEST", "StoreTurns"]

FURTHEST = 300.0  #: seconds; a turn given out further ahead was given out by a clock that has been set back since


class StoreTurns:
    """Gives out turns; implements the `Turns` of `rectiflow.notifiers`.

    Args:
        clock: seconds since 1970. None: PostgreSQL's own clock, so that hosts need not agree; with SQLite, which has one
            host, that host's.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] | None = None) -> None:
        self._engine = engine
        self._clock = clock or (None if engine.dialect.name == "postgresql" else time.time)

    def take(self, name: str, *, spacing: float, ahead: float, patience: float) -> float:
        """Take the next turn at a receiver and return the seconds until it comes; see `Turns.take`.

        Raises:
            WorkplaceError: the database cannot be used; nothing is taken.
        """
        t, now = table("turn"), self._now()
        make = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        free = _free(t.c.free_at, now, ahead)
        taken = (
            make(t)
            .values(name=name, free_at=now + spacing)
            .on_conflict_do_update(
                index_elements=[t.c.name], set_={"free_at": free + spacing}, where=free - now - ahead <= patience
            )
            .returning(t.c.free_at - spacing - ahead - now)
        )
        with writing(self._engine) as connection:
            wait = connection.scalar(taken)
        if wait is None:  # nothing was taken
            with reading(self._engine) as connection:
                wait = connection.scalar(select(free - ahead - now).where(t.c.name == name))
        return max(0.0, float(wait or 0.0))

    def _now(self) -> ColumnElement[float]:
        if self._clock is None:
            return extract("epoch", func.clock_timestamp()).cast(Float)
        return literal(self._clock(), Float)


def _free(told: ColumnElement[float], now: ColumnElement[float], ahead: float) -> ColumnElement[Any]:
    """Return when the turn after the last one is: not in the past, and not where only a wrong clock could have put it."""
    return case((told > now + ahead + FURTHEST, now + ahead), (told < now, now), else_=told)
