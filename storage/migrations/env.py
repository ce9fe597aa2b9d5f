"""Run the migrations on the connection that was handed in."""

from __future__ import annotations

from typing import Any

from alembic import context

from rectiflow.storage.schema import VERSION_TABLE, home_schema
from rectiflow.storage.tables import METADATA, PREFIX


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    return kind != "table" or ((name or "").startswith(PREFIX) and name != VERSION_TABLE)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    version_table_schema=home_schema(connection),
    include_object=_ours,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
