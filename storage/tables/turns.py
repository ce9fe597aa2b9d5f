"""How fast receivers are spoken to: a row for each, whichever district sends there."""

from __future__ import annotations

from sqlmodel import Field

from .base import Base

__all__ = ["TurnRow"]


class TurnRow(Base, table=True):
    """One receiver that takes only so many messages; `free_at` is the turn after the last one given out, in seconds since 1970."""

    name: str = Field(primary_key=True)
    free_at: float
