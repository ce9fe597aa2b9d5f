"""visits, and papers over several tickets

Revision: 0002
After: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rectiflow.storage.types import Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move the schema forward."""
    for column in (
        sa.Column("drafted_by", sa.String(), nullable=True),
        sa.Column("served_on", sa.Date(), nullable=True),
        sa.Column("served_by", sa.String(), nullable=True),
        sa.Column("served_via", sa.String(), nullable=True),
        sa.Column("acknowledged_on", sa.Date(), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("inspection", sa.String(), nullable=True),
        sa.Column("corrects", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
    ):
        op.add_column("rectiflow_document", column)
    op.add_column("rectiflow_document_item", sa.Column("place", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "rectiflow_document_text",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.PrimaryKeyConstraint("district", "document", name=op.f("pk_rectiflow_document_text")),
    )
    op.create_table(
        "rectiflow_undo",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.PrimaryKeyConstraint("district", "number", name=op.f("pk_rectiflow_undo")),
    )
    _visits()
    _guard()


def _visits() -> None:
    op.create_table(
        "rectiflow_inspection",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("inspectors", Json(), nullable=False),
        sa.Column("partners", Json(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("host_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("district", "number", name=op.f("pk_rectiflow_inspection")),
        sa.UniqueConstraint("district", "host_key", name=op.f("uq_rectiflow_inspection_district_host_key")),
    )
    op.create_index("ix_rectiflow_inspection_unit", "rectiflow_inspection", ["district", "unit", "visited_on"])
    op.create_table(
        "rectiflow_finding",
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("inspection", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("linked_to", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("district", "inspection", "place", name=op.f("pk_rectiflow_finding")),
    )


_GUARDED = ("rectiflow_document_text", "rectiflow_inspection", "rectiflow_finding")


def _guard() -> None:
    """What was signed and what was found stands as it was written."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in _GUARDED:
        for act in ("update", "delete"):
            refuse = (
                "EXECUTE FUNCTION rectiflow_refuse()"
                if postgres
                else f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            each = " FOR EACH ROW" if postgres else ""
            op.execute(f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table}{each} {refuse}")
        if postgres:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION rectiflow_refuse()"
            )
