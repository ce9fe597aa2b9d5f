"""The digest of a day: what was held for a person becomes one message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rectiflow.engine.decision import MessageDraft

from .connect import reading, writing
from .rows import message_row
from .tables import table
from .types import read_instant

__all__ = ["cancel_held", "held", "merge"]


def held(engine: Engine, district: str) -> dict[str, list[dict[str, Any]]]:
    """Return what is held in a district, for each person in the order it was written."""
    m = table("message")
    query = select(m).where(m.c.district == district, m.c.status == "held").order_by(m.c.created_at, m.c.key)
    found: dict[str, list[dict[str, Any]]] = {}
    with reading(engine) as connection:
        for row in connection.execute(query).mappings():
            found.setdefault(row["recipient"], []).append(dict(row))
    return found


def merge(
    engine: Engine, district: str, digest: MessageDraft, keys: Sequence[str], detail: str, *, now: datetime
) -> bool:
    """Put a digest into the outbox in the place of what was held; False when that digest is there already."""
    m = table("message")
    row = message_row(district, None, 0, digest, now)
    values = {k: read_instant(v) if k in ("created_at", "due_at") else v for k, v in row.items()}
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    with writing(engine) as connection:
        if connection.scalar(insert(m).values(**values).on_conflict_do_nothing().returning(m.c.key)) is None:
            return False
        for some in _chunks(keys):
            mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "held")
            connection.execute(update(m).where(*mine).values(status="merged", detail=detail))
    return True


def cancel_held(engine: Engine, district: str, keys: Sequence[str], detail: str) -> None:
    """Take messages out that were held, with the reason."""
    m = table("message")
    with writing(engine) as connection:
        for some in _chunks(keys):
            mine = (m.c.district == district, m.c.key.in_(some), m.c.status == "held")
            connection.execute(update(m).where(*mine).values(status="cancelled", detail=detail))


def _chunks(keys: Sequence[str], size: int = 400) -> list[Sequence[str]]:
    return [keys[start : start + size] for start in range(0, len(keys), size)]
