"""Workflow definitions in the database: a ticket stays on the version it began with, also when the file has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from rectiflow.engine.errors import NotFound, WorkplaceError

from .connect import reading, writing
from .tables import table

__all__ = ["StoredDefinition", "keep_definition", "lost_versions", "read_definition", "stored_versions"]


class StoredDefinition(Struct, frozen=True, kw_only=True):
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
    row = {
        "district": district,
        "workflow": definition.workflow,
        "version": definition.version,
        "digest": definition.digest,
        "text": definition.text,
        "catalogues": dict(definition.catalogues),
        "added_at": now,
    }
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    with writing(engine) as connection:
        connection.execute(insert(d).values(**row).on_conflict_do_nothing())  # two might begin on it at once
        kept = connection.scalar(select(d.c.digest).where(*_is(district, definition.workflow, definition.version)))
    if kept != definition.digest:
        raise WorkplaceError(
            f"流程 {definition.workflow} 第 {definition.version} 版的内容与已在使用的不同；修改流程后请把 version 加 1。"
        )


def read_definition(engine: Engine, district: str, workflow: str, version: int) -> StoredDefinition:
    """Read a kept definition.

    Raises:
        NotFound: no ticket ever began on it here.
    """
    d = table("definition")
    with reading(engine) as connection:
        row = connection.execute(select(d).where(*_is(district, workflow, version))).first()
    if row is None:
        raise NotFound(f"没有流程 {workflow} 第 {version} 版，数据库不完整；请运行 rectiflow doctor 检查，从备份恢复。")
    return StoredDefinition(
        workflow=row.workflow, version=row.version, digest=row.digest, text=row.text, catalogues=row.catalogues
    )


def stored_versions(engine: Engine, district: str) -> list[tuple[str, int]]:
    """Return the workflows and versions tickets began on."""
    d = table("definition")
    with reading(engine) as connection:
        rows = connection.execute(
            select(d.c.workflow, d.c.version).where(d.c.district == district).order_by(d.c.workflow, d.c.version)
        )
        return [(r.workflow, r.version) for r in rows]


def lost_versions(engine: Engine, district: str) -> list[tuple[str, int, int]]:
    """Return the workflows and versions that tickets are on though no definition is kept, each with how many tickets.

    Only a database that somebody changed by hand, or restored in part, has any.
    """
    t, d = table("ticket"), table("definition")
    kept = select(d.c.workflow).where(
        d.c.district == t.c.district, d.c.workflow == t.c.workflow, d.c.version == t.c.version
    )
    lost = (
        select(t.c.workflow, t.c.version, func.count())
        .where(t.c.district == district, ~kept.exists())
        .group_by(t.c.workflow, t.c.version)
        .order_by(t.c.workflow, t.c.version)
    )
    with reading(engine) as connection:
        return [(workflow, version, count) for workflow, version, count in connection.execute(lost)]


def _is(district: str, workflow: str, version: int) -> tuple[ColumnElement[bool], ...]:
    d = table("definition")
    return d.c.district == district, d.c.workflow == workflow, d.c.version == version
