"""How a ticket stood before the last action of a person, so that it can be taken back within the hour."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field

from .base import Base, json_column

__all__ = ["UndoRow"]


class UndoRow(Base, table=True):
    """One for each ticket: of the last action alone; `rev` is the ticket's revision before it."""

    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    rev: int
    body: Any = json_column()
