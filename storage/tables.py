"""The schema, declared once in SQLModel: a registry and MetaData of our own, every row of one district.

Primary and unique keys begin with `district` (the administrative division code); the indexes that claims run on are on
the due instant alone and hold only what is armed or waiting.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from .types import Instant, Json

__all__ = ["METADATA", "PREFIX"]

PREFIX = "rectiflow_"
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(SQLModel, registry=registry(metadata=METADATA)):
    """Root of our tables; a host's own metadata never sees them."""

    metadata = METADATA


def _json(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(Json(), nullable=nullable))


def _instant(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Instant(), nullable=nullable))


class DistrictRow(Base, table=True):
    """A district; `revision` rises with every change of its organisation."""

    __tablename__ = "rectiflow_district"
    code: str = Field(primary_key=True, max_length=12)
    prefix: str = Field(unique=True, max_length=12)
    name: str
    revision: int = 0
    rehearsal: bool = False


class UnitRow(Base, table=True):
    """A unit of the organisation tree."""

    __tablename__ = "rectiflow_unit"
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    kind: str
    parent: str | None = None
    aliases: Any = _json()
    active: bool = True
    successor: str | None = None


class PostRow(Base, table=True):
    """A post and the roles it holds."""

    __tablename__ = "rectiflow_post"
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    unit: str
    title: str
    roles: Any = _json()


class PersonRow(Base, table=True):
    """A person."""

    __tablename__ = "rectiflow_person"
    __table_args__ = (UniqueConstraint("district", "account"),)
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    phone: str | None = None
    email: str | None = None
    account: str | None = None
    grants: Any = _json()


class HoldingRow(Base, table=True):
    """A person on a post; `since_on` 0001-01-01 means from the beginning."""

    __tablename__ = "rectiflow_holding"
    district: str = Field(primary_key=True)
    post: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    since_on: date = Field(primary_key=True)
    until_on: date | None = None


class SubstitutionRow(Base, table=True):
    """A deputy for an absent person."""

    __tablename__ = "rectiflow_substitution"
    district: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    deputy: str = Field(primary_key=True)
    since_on: date = Field(primary_key=True)
    until_on: date


class DefinitionRow(Base, table=True):
    """A workflow definition as it was when the first ticket began on it, with the catalogues it is bound to."""

    __tablename__ = "rectiflow_definition"
    district: str = Field(primary_key=True)
    workflow: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    digest: str
    text: str
    catalogues: Any = _json()
    added_at: datetime = _instant()


class CounterRow(Base, table=True):
    """The next number of a series; numbers are never given twice."""

    __tablename__ = "rectiflow_counter"
    district: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int


class TicketRow(Base, table=True):
    """A hazard; the columns after `marks` repeat what lists are searched by."""

    __tablename__ = "rectiflow_ticket"
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
    fields: Any = _json()
    taken: Any = _json()
    marks: Any = _json()
    since_on: date
    opened_at: datetime = _instant()
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

    __tablename__ = "rectiflow_event"
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
    recorded_at: datetime = _instant()
    late: bool
    public: Any = _json()
    private_digest: str
    previous: str
    hash: str


class PrivateRow(Base, table=True):
    """The private part of an event with its salt; the only one that erasure may touch."""

    __tablename__ = "rectiflow_private"
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    salt: str | None = None
    body: Any = _json(nullable=True)


class ClockRow(Base, table=True):
    """One run of a clock."""

    __tablename__ = "rectiflow_clock"
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    clock: str = Field(primary_key=True)
    run: int = Field(primary_key=True)
    status: str
    started_at: datetime = _instant()
    due_on: date | None = None
    due_at: datetime | None = _instant(nullable=True)
    version: int
    original_due_on: date | None = None
    budget: int | None = None
    consumed: int
    running_since: datetime | None = _instant(nullable=True)
    edition: str
    provisional: bool
    handed_in_on: date | None = None
    ended_on: date | None = None
    fired: Any = _json()
    next_step: str | None = None
    next_occurrence: int
    next_at: datetime | None = _instant(nullable=True)


class TimerRow(Base, table=True):
    """One ladder step of one run and version; the row itself is the guard that it fires once.

    status: armed | fired | crossed | failed
    """

    __tablename__ = "rectiflow_timer"
    __table_args__ = (
        Index(
            "ix_rectiflow_timer_armed", "due_at",
            postgresql_where=text("status = 'armed'"), sqlite_where=text("status = 'armed'"),
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
    due_at: datetime = _instant()
    fired_at: datetime | None = _instant(nullable=True)
    owner: str | None = None
    lease_until: datetime | None = _instant(nullable=True)
    attempts: int
    error: str | None = None


class RequestRow(Base, table=True):
    """A request beside the main flow."""

    __tablename__ = "rectiflow_request"
    __table_args__ = (
        Index(
            "ix_rectiflow_request_pending", "district", "kind",
            postgresql_where=text("status = 'pending'"), sqlite_where=text("status = 'pending'"),
        ),
    )
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    kind: str
    status: str
    level: str | None = None
    asked_by: str | None = None
    asked_on: date
    decided_by: str | None = None
    decided_on: date | None = None
    data: Any = _json()
    reason: str


class DocumentRow(Base, table=True):
    """A paper; its tickets are the items."""

    __tablename__ = "rectiflow_document"
    __table_args__ = (UniqueConstraint("district", "number"),)
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    unit: str | None = None
    status: str
    level: str | None = None
    signer: str | None = None
    request: int | None = None
    drafted_on: date
    number: str | None = None
    signed_by: str | None = None
    signed_on: date | None = None


class DocumentItemRow(Base, table=True):
    """One ticket on a paper; `ordinal` counts the papers of that ticket."""

    __tablename__ = "rectiflow_document_item"
    __table_args__ = (UniqueConstraint("district", "document", "number"),)
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    document: str


class TaskRow(Base, table=True):
    """A stored task: a call to make. A state's task, a decision and a draft to sign follow from their own rows."""

    __tablename__ = "rectiflow_task"
    __table_args__ = (
        Index(
            "ix_rectiflow_task_open", "district", "number", "kind", "clock", unique=True,
            postgresql_where=text("status = 'open'"), sqlite_where=text("status = 'open'"),
        ),
    )
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    clock: str
    role: str
    callee: str | None = None
    status: str
    opened_at: datetime = _instant()
    ended_at: datetime | None = _instant(nullable=True)


class MessageRow(Base, table=True):
    """One outbox row. status: waiting | sent | dead | cancelled"""

    __tablename__ = "rectiflow_message"
    __table_args__ = (
        Index(
            "ix_rectiflow_message_waiting", "due_at",
            postgresql_where=text("status = 'waiting'"), sqlite_where=text("status = 'waiting'"),
        ),
        Index("ix_rectiflow_message_number", "district", "number"),
    )
    district: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    number: str | None = None
    seq: int
    recipient: str
    channel: str | None = None
    template: str
    template_version: int
    params: Any = _json()
    urgent: bool
    status: str
    created_at: datetime = _instant()
    due_at: datetime = _instant()
    attempts: int
    owner: str | None = None
    lease_until: datetime | None = _instant(nullable=True)
    rendered_channel: str | None = None
    rendered_to: str | None = None
    rendered_subject: str | None = None
    rendered_id: str | None = None
    rendered_body: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    sent_at: datetime | None = _instant(nullable=True)
    detail: str | None = None


class EvidenceRow(Base, table=True):
    """A file that belongs to a ticket, named by its SHA-256."""

    __tablename__ = "rectiflow_evidence"
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    sha256: str = Field(primary_key=True, max_length=64)
    name: str
    size: int = Field(sa_column=Column(BigInteger(), nullable=False))
    media_type: str


class IncidentRow(Base, table=True):
    """What the machine could not do alone; one open per key."""

    __tablename__ = "rectiflow_incident"
    __table_args__ = (
        Index(
            "ix_rectiflow_incident_open", "district", "key", unique=True,
            postgresql_where=text("status = 'open'"), sqlite_where=text("status = 'open'"),
        ),
    )
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    key: str
    kind: str
    number: str | None = None
    message: str
    status: str
    opened_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)
    closed_by: str | None = None


class ReportRow(Base, table=True):
    """One made report of a period; the row is the claim that it is made once."""

    __tablename__ = "rectiflow_report"
    district: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    edition: int = Field(primary_key=True)
    status: str
    cutoff_at: datetime = _instant()
    made_at: datetime | None = _instant(nullable=True)
    late: bool
    owner: str | None = None
    lease_until: datetime | None = _instant(nullable=True)
    paths: Any = _json()
