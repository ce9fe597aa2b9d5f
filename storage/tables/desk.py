"""What waits on somebody: requests, papers, calls, messages, incidents, reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from ..types import Told
from .base import Base, instant_column, json_column

__all__ = [
    "DocumentItemRow",
    "DocumentRow",
    "DocumentTextRow",
    "IncidentRow",
    "MessageRow",
    "ReportRow",
    "RequestRow",
    "TaskRow",
]


class RequestRow(Base, table=True):
    """A request beside the main flow."""

    __table_args__ = (
        Index(
            "ix_rectiflow_request_pending",
            "district",
            "kind",
            postgresql_where=text("status = 'pending'"),
            sqlite_where=text("status = 'pending'"),
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
    data: Any = json_column()
    reason: str


class DocumentRow(Base, table=True):
    """A paper; its tickets are the items."""

    __table_args__ = (
        UniqueConstraint("district", "number"),
        Index(
            "ix_rectiflow_document_draft",
            "district",
            "drafted_on",
            postgresql_where=text("status = 'draft'"),
            sqlite_where=text("status = 'draft'"),
        ),
    )
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
    drafted_by: str | None = None
    served_on: date | None = None
    served_by: str | None = None
    served_via: str | None = None
    acknowledged_on: date | None = None
    acknowledged_by: str | None = None
    inspection: str | None = None
    corrects: str | None = None
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})


class DocumentItemRow(Base, table=True):
    """One ticket on a paper; `ordinal` counts the papers of that ticket, `place` the tickets of that paper."""

    __table_args__ = (UniqueConstraint("district", "document", "number"),)
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    document: str
    place: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class DocumentTextRow(Base, table=True):
    """What a paper said when it was signed, so that it is printed again as it was; append-only."""

    district: str = Field(primary_key=True)
    document: str = Field(primary_key=True)
    body: Any = json_column()


class TaskRow(Base, table=True):
    """A stored task: a call to make. A state's task, a decision and a draft to sign follow from their own rows."""

    __table_args__ = (
        Index(
            "ix_rectiflow_task_open",
            "district",
            "number",
            "kind",
            "clock",
            unique=True,
            postgresql_where=text("status = 'open'"),
            sqlite_where=text("status = 'open'"),
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
    opened_at: datetime = instant_column()
    ended_at: datetime | None = instant_column(nullable=True)


class MessageRow(Base, table=True):
    """One outbox row. status: waiting | held (for the digest) | merged (into one) | sent | dead | cancelled

    `returned_at`: when one that was sent came back; until it is sent again, or a receipt says that it has arrived.
    """

    __table_args__ = (
        Index(
            "ix_rectiflow_message_waiting",
            "due_at",
            postgresql_where=text("status = 'waiting'"),
            sqlite_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_rectiflow_message_dead",
            "district",
            "created_at",
            postgresql_where=text("status = 'dead'"),
            sqlite_where=text("status = 'dead'"),
        ),
        Index(
            "ix_rectiflow_message_held",
            "district",
            "recipient",
            postgresql_where=text("status = 'held'"),
            sqlite_where=text("status = 'held'"),
        ),
        Index("ix_rectiflow_message_number", "district", "number"),
        Index(
            "ix_rectiflow_message_rendered",
            "rendered_id",
            postgresql_where=text("rendered_id IS NOT NULL"),
            sqlite_where=text("rendered_id IS NOT NULL"),
        ),
        Index(
            "ix_rectiflow_message_to",
            "district",
            "rendered_to",
            "sent_at",
            postgresql_where=text("status = 'sent'"),
            sqlite_where=text("status = 'sent'"),
        ),
        Index(
            "ix_rectiflow_message_going",
            "district",
            "rendered_to",
            postgresql_where=text("status = 'waiting' AND rendered_to IS NOT NULL"),
            sqlite_where=text("status = 'waiting' AND rendered_to IS NOT NULL"),
        ),
        Index(
            "ix_rectiflow_message_returned",
            "district",
            "returned_at",
            postgresql_where=text("returned_at IS NOT NULL"),
            sqlite_where=text("returned_at IS NOT NULL"),
        ),
        Index(
            "ix_rectiflow_message_sent",
            "district",
            "recipient",
            "sent_at",
            postgresql_where=text("status = 'sent'"),
            sqlite_where=text("status = 'sent'"),
        ),
    )
    district: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    number: str | None = None
    seq: int
    recipient: str
    channel: str | None = None
    template: str
    template_version: int
    params: Any = Field(sa_column=Column(Told(), nullable=False))
    urgent: bool
    status: str
    created_at: datetime = instant_column()
    due_at: datetime = instant_column()
    attempts: int
    owner: str | None = None
    lease_until: datetime | None = instant_column(nullable=True)
    rendered_channel: str | None = None
    rendered_to: str | None = None
    rendered_subject: str | None = None
    rendered_id: str | None = None
    rendered_body: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    sent_at: datetime | None = instant_column(nullable=True)
    detail: str | None = None
    returned_at: datetime | None = instant_column(nullable=True)


class IncidentRow(Base, table=True):
    """What the machine could not do alone; one open per key."""

    __table_args__ = (
        Index(
            "ix_rectiflow_incident_open",
            "district",
            "key",
            unique=True,
            postgresql_where=text("status = 'open'"),
            sqlite_where=text("status = 'open'"),
        ),
    )
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    key: str
    kind: str
    number: str | None = None
    message: str
    status: str
    opened_at: datetime = instant_column()
    closed_at: datetime | None = instant_column(nullable=True)
    closed_by: str | None = None


class ReportRow(Base, table=True):
    """One made report of a period; the row is the claim that it is made once."""

    district: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    edition: int = Field(primary_key=True)
    status: str
    cutoff_at: datetime = instant_column()
    made_at: datetime | None = instant_column(nullable=True)
    late: bool
    owner: str | None = None
    lease_until: datetime | None = instant_column(nullable=True)
    paths: Any = json_column()
