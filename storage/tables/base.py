"""The root of our tables: a registry and MetaData of their own, and the columns that need a type of ours."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Column, MetaData
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import Field, SQLModel

from ..types import Instant, Json

__all__ = ["METADATA", "PREFIX", "Base", "instant_column", "json_column"]

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

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore[reportIncompatibleVariableOverride] so in SQLModel
        """Name the table after the class: `DocumentItemRow` is `rectiflow_document_item`."""
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removesuffix("Row"))
        return PREFIX + words.lower()


def json_column(*, nullable: bool = False) -> Any:
    """Declare a JSON column."""
    return Field(sa_column=Column(Json(), nullable=nullable))


def instant_column(*, nullable: bool = False) -> Any:
    """Declare a column that holds an instant."""
    return Field(default=None, sa_column=Column(Instant(), nullable=nullable))
