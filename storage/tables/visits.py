"""Visits: what was looked at, by whom, and what was found; append-only, kept so by triggers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from .base import Base, instant_column, json_column

__all__ = ["FindingRow", "InspectionRow"]


class InspectionRow(Base, table=True):
    """One visit (检查记录); `host_key` is what makes the same visit known when it comes again."""

    __table_args__ = (
        UniqueConstraint("district", "host_key"),
        Index("ix_rectiflow_inspection_unit", "district", "unit", "visited_on"),
    )
    district: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    unit: str
    visited_on: date
    method: str
    inspectors: Any = json_column()
    partners: Any = json_column()
    findings: int
    signed_by: str | None = None
    note: str
    entered_by: str
    via: str
    entered_at: datetime = instant_column()
    late: bool
    host_key: str | None = None


class FindingRow(Base, table=True):
    """One finding of a visit; `ticket` is the hazard it opened. outcome: opened | on_spot | self_fix | merged"""

    district: str = Field(primary_key=True)
    inspection: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    ticket: str
    outcome: str
    linked_to: str | None = None
