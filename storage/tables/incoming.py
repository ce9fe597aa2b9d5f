"""What comes back: answers by mail and short message, and addresses that do not work."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from .base import Base, instant_column

__all__ = ["AddressFaultRow", "IncomingRow"]


class IncomingRow(Base, table=True):
    """One mail or short message that came in. status: waiting (for a person) | unseen | done | dropped"""

    __table_args__ = (
        Index(
            "ix_rectiflow_incoming_waiting",
            "district",
            "received_at",
            postgresql_where=text("status = 'waiting'"),
            sqlite_where=text("status = 'waiting'"),
        ),
        Index("ix_rectiflow_incoming_received", "district", "received_at"),
    )
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    received_at: datetime = instant_column()
    channel: str
    sender: str
    person: str | None = None
    subject: str
    words: str
    kind: str
    number: str | None = None
    raw: str | None = None
    status: str
    outcome: str


class AddressFaultRow(Base, table=True):
    """An address that messages came back from; `hard`: how often it was said not to exist.

    `dead`: none is sent there any more until somebody corrects it. `messages`: those that came back, a line each.
    """

    district: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    failures: int
    hard: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    dead: bool
    last_at: datetime = instant_column()
    detail: str
    messages: str
