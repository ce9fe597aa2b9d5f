"""A ticket with everything that belongs to it alone: history, clocks, ladder steps, evidence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from .base import Base, instant_column, json_column

__all__ = ["ClockRow", "CounterRow", "DefinitionRow", "EventRow", "EvidenceRow", "PrivateRow", "TicketRow", "TimerRow"]


class DefinitionRow(Base, table=True):
    """A workflow definition as it was when the first ticket began on it, with the catalogues it is bound to."""

    district: str = Field(primary_key=True)
    workflow: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    digest: str
    text: str
    catalogues: Any = json_column()
    added_at: datetime = instant_column()


class CounterRow(Base, table=True):
    """The next number of a series; numbers are never given twice."""

    district: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int


class TicketRow(Base, table=True):
    """A hazard; the columns after `marks` repeat what lists are searched by."""

    __table_args__ = (
        UniqueConstraint("district", "host_key"),
        Index("ix_rectiflow_ticket_number", "number", unique=True),
        Index("ix_rectiflow_ticket_open_due", "district", "is_open", "due_on"),
        Index("ix_rectiflow_ticket_unit", "district", "unit", "is_open"),
    )
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    workflow: str
    version: int
    state: str
    rev: int
    seq: int
    head: str
    fields: Any = json_column()
    taken: Any = json_column()
    marks: Any = json_column()
    since_on: date
    opened_at: datetime = instant_column()
    severity: str
    listed: str | None = None
    restricted: bool
    host_key: str | None = None
    is_open: bool
    unit: str | None = None
    inspecting_unit: str | None = None
    category: str | None = None
    due_on: date | None = None


class EventRow(Base, table=True):
    """One line of the history; append-only, kept so by triggers."""

    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    encoding: int
    kind: str
    trigger: str
    from_state: str | None = None
    to_state: str
    actor: str | None = None
    in_place_of: str | None = None
    entered_by: str | None = None
    via: str
    happened_on: date
    recorded_at: datetime = instant_column()
    late: bool
    public: Any = json_column()
    private_digest: str
    previous: str
    hash: str


class PrivateRow(Base, table=True):
    """The private part of an event with its salt; the only one that erasure may touch."""

    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    salt: str | None = None
    body: Any = json_column(nullable=True)


class ClockRow(Base, table=True):
    """One run of a clock."""

    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    clock: str = Field(primary_key=True)
    run: int = Field(primary_key=True)
    status: str
    started_at: datetime = instant_column()
    due_on: date | None = None
    due_at: datetime | None = instant_column(nullable=True)
    version: int
    original_due_on: date | None = None
    budget: int | None = None
    consumed: int
    running_since: datetime | None = instant_column(nullable=True)
    edition: str
    provisional: bool
    handed_in_on: date | None = None
    ended_on: date | None = None
    fired: Any = json_column()
    next_step: str | None = None
    next_occurrence: int
    next_at: datetime | None = instant_column(nullable=True)


class TimerRow(Base, table=True):
    """One ladder step of one run and version; the row itself is the guard that it fires once.

    status: armed | fired | crossed | failed
    """

    __table_args__ = (
        Index(
            "ix_rectiflow_timer_armed",
            "due_at",
            postgresql_where=text("status = 'armed'"),
            sqlite_where=text("status = 'armed'"),
        ),
    )
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    clock: str = Field(primary_key=True)
    run: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    occurrence: int = Field(primary_key=True)
    status: str
    due_at: datetime = instant_column()
    fired_at: datetime | None = instant_column(nullable=True)
    owner: str | None = None
    lease_until: datetime | None = instant_column(nullable=True)
    attempts: int
    error: str | None = None


class EvidenceRow(Base, table=True):
    """A file that belongs to a ticket, named by its SHA-256."""

    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    sha256: str = Field(primary_key=True, max_length=64)
    name: str
    size: int = Field(sa_column=Column(BigInteger(), nullable=False))
    media_type: str
