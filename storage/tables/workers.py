"""Who keeps the time: a row for each process of `rectiflow run`, whichever district it was started for."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from .base import Base, instant_column

__all__ = ["WorkerRow"]


class WorkerRow(Base, table=True):
    """One worker; its beat says that it lives, `stopped_at` that it went in peace."""

    owner: str = Field(primary_key=True)
    host: str
    pid: int
    version: str
    started_at: datetime = instant_column()
    beat_at: datetime = instant_column()
    stopped_at: datetime | None = instant_column(nullable=True)
