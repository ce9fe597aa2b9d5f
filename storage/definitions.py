"""Workflow definitions in the database: a ticket stays on the version it began with, also when the file has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from rectiflow.engine.errors import NotFound, WorkplaceError

from .statements import table

__all__ = ["StoredDefinition", "keep_definition", "read_definition", "stored_versions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDefinition:
    """A definition's text as kept, with the catalogues it is bound to (id → YAML text)."""

    workflow: str
    version: int
    digest: str
    text: str
    catalogues: Mapping[str, str]


def keep_definition(engine: Engine, district: str, definition: StoredDefinition, *, now: datetime) -> None:
    """Keep a definition the first time a ticket begins on it.

    Raises:
        WorkplaceError: another text is kept under the same version; the author must raise the version.
    """
    d = table("definition")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        kept = connection.scalar(
            select(d.c.digest).where(
                d.c.district == district, d.c.workflow == definition.workflow, d.c.version == definition.version
            )
        )
        if kept == definition.digest:
            return
        if kept is not None:
            raise WorkplaceError(
                f"流程 {definition.workflow} 第 {definition.version} 版的内容与已在使用的不同；修改流程后请把 version 加 1。"
            )
        connection.execute(
            insert(d).values(
                district=district, workflow=definition.workflow, version=definition.version, digest=definition.digest,
                text=definition.text, catalogues=dict(definition.catalogues), added_at=now,
            )
        )


def read_definition(engine: Engine, district: str, workflow: str, version: int) -> StoredDefinition:
    """Read a kept definition.

    Raises:
        NotFound: no ticket ever began on it here.
    """
    d = table("definition")
    with engine.connect() as connection:
        row = connection.execute(
            select(d).where(d.c.district == district, d.c.workflow == workflow, d.c.version == version)
        ).first()
    if row is None:
        raise NotFound(f"没有流程 {workflow} 第 {version} 版。")
    return StoredDefinition(
        workflow=row.workflow, version=row.version, digest=row.digest, text=row.text, catalogues=row.catalogues
    )


def stored_versions(engine: Engine, district: str) -> list[tuple[str, int]]:
    """Return the workflows and versions tickets began on."""
    d = table("definition")
    with engine.connect() as connection:
        rows = connection.execute(
            select(d.c.workflow, d.c.version).where(d.c.district == district).order_by(d.c.workflow, d.c.version)
        )
        return [(r.workflow, r.version) for r in rows]
