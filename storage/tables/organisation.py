"""The organisation: districts, units, posts, persons, who sits where and who stands in."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from .base import Base, json_column

__all__ = ["DistrictRow", "HoldingRow", "PersonRow", "PostRow", "SubstitutionRow", "UnitRow"]


class DistrictRow(Base, table=True):
    """A district; `revision` rises with every change of its organisation."""

    code: str = Field(primary_key=True, max_length=12)
    prefix: str = Field(unique=True, max_length=12)
    name: str
    revision: int = 0
    rehearsal: bool = False


class UnitRow(Base, table=True):
    """A unit of the organisation tree."""

    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    kind: str
    parent: str | None = None
    aliases: Any = json_column()
    active: bool = True
    successor: str | None = None


class PostRow(Base, table=True):
    """A post and the roles it holds."""

    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    unit: str
    title: str
    roles: Any = json_column()


class PersonRow(Base, table=True):
    """A person."""

    __table_args__ = (UniqueConstraint("district", "account"),)
    district: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    phone: str | None = None
    email: str | None = None
    account: str | None = None
    grants: Any = json_column()
    channels: str | None = None


class HoldingRow(Base, table=True):
    """A person on a post; `since_on` 0001-01-01 means from the beginning."""

    district: str = Field(primary_key=True)
    post: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    since_on: date = Field(primary_key=True)
    until_on: date | None = None


class SubstitutionRow(Base, table=True):
    """A deputy for an absent person."""

    district: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    deputy: str = Field(primary_key=True)
    since_on: date = Field(primary_key=True)
    until_on: date
